/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nexuses: opening, listings, being asked to close, closing with commands under way. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "probe-scene.h"
#include "target.h"
#include "thread.h"

static const struct fake_config two_threads = {.threads = 2};

static struct fake_nexus *other_nexus(struct scene *s)
{
    return scene_nexus(s, 1, "iqn.2026-11.org.example:other");
}

static void expect_good(struct fake_nexus *n, uint8_t opcode, uint8_t b4)
{
    uint8_t cdb[6] = {opcode, [4] = b4};
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
}

static enum tgt_status status_of(struct fake_nexus *n, uint8_t opcode)
{
    uint8_t cdb[6] = {opcode};
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0);
    enum tgt_status status = (enum tgt_status)c->status;
    fake_cmd_free(c);
    return status;
}

/* ---- Listings ---- */

static void listing(struct scene *s, gconstpointer data)
{
    fake_nexus_close(other_nexus(s));
    struct fake_nexus *other = other_nexus(s);
    g_autoptr(GPtrArray) all = nexus_list(NULL);
    g_assert_cmpuint(all->len, ==, 2);
    const struct nexus_info *first = all->pdata[0], *second = all->pdata[1];
    g_assert_cmpuint(first->id, ==, 1);
    g_assert_cmpuint(second->id, ==, 3); /* no number is used twice */
    g_assert_cmpstr(second->initiator, ==, "iqn.2026-11.org.example:other");
    g_assert_cmpstr(second->transport, ==, "fake");
    g_assert_cmpstr(second->peer, ==, "fake");
    g_assert_null(second->alias);
    g_assert_cmpstr(second->target, ==, fake_target(s->fake)->name);
    g_assert_cmpuint(second->thread, ==, 1);
    g_assert_cmpint(second->opened, >, 0);
    fake_nexus_close(other);
    g_assert_cmpstr(second->initiator, ==, "iqn.2026-11.org.example:other"); /* a copy */
}

static void listing_of_one_target(struct scene *s, gconstpointer data)
{
    struct tgt_target *empty = target_create("iqn.2026-11.org.example:empty", 0, NULL);
    g_autoptr(GPtrArray) none = nexus_list(empty), some = nexus_list(fake_target(s->fake));
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(some->len, ==, 1);
}

/* ---- Access ---- */

static void access_is_judged_when_it_begins(struct scene *s, gconstpointer data)
{
    struct tgt_target *target = target_create("iqn.2026-11.org.example:empty", 0, NULL);
    struct tgt_error err = {0};
    struct tgt_nexus_args args = {.target = target,
                                  .thread = fake_thread(s->fake, 0),
                                  .initiator = "iqn.2026-11.org.example:late",
                                  .peer = "10.0.0.5:51234"};
    g_assert_null(nexus_new(NULL, &args, &err));
    g_assert_cmpint(err.code, ==, EACCES);
    g_assert_null(target->nexuses);
}

/* ---- Being asked to close ---- */

static void kill_asks_the_transport(struct scene *s, gconstpointer data)
{
    enum tgt_close_reason reason;
    struct fake_nexus *other = other_nexus(s);
    g_assert_true(nexus_kill(2, TGT_CLOSE_ADMIN, NULL));
    fake_nexus_close_start(other); /* after the message */
    g_assert_cmpuint(fake_nexus_close_asked(other, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_ADMIN);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, NULL), ==, 0);
    fake_nexus_wait(other);
}

static void kill_of_none(struct scene *s, gconstpointer data)
{
    static const uint64_t ids[] = {0, 2, UINT64_MAX};
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(nexus_kill(ids[i], TGT_CLOSE_ADMIN, &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    }
}

/* ---- Closing ---- */

static void close_takes_reservation_and_prevention(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    lu_state(&s->lu->pub, TGT_LU_REMOVABLE, 0);
    expect_good(other, 0x16, 0); /* RESERVE(6) */
    expect_good(other, 0x1e, 1); /* PREVENT */
    g_assert_cmpint(status_of(s->n, PROBE_NOP), ==, TGT_STATUS_RESERVATION_CONFLICT);
    fake_nexus_close(other);
    g_assert_cmpint(status_of(s->n, PROBE_NOP), ==, TGT_STATUS_GOOD);
    expect_good(s->n, 0x1b, 2); /* eject */
}

/* It ends with the release of the last command, wherever that was. */
static void close_waits_for_all(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    struct fake_cmd *held = scene_cmd(other, PROBE_HOLD, 1, TGT_TASK_SIMPLE);
    struct fake_cmd *responding = scene_cmd(other, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    responding->hold_respond = true;
    fake_submit(held);
    fake_submit(responding);
    fake_wait(responding, FAKE_RESPOND);
    fake_wait_state(held, TGT_CMD_EXEC);
    fake_nexus_close_start(other);
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(held, FAKE_RELEASED);
    g_autoptr(GPtrArray) list = nexus_list(NULL);
    g_assert_cmpuint(list->len, ==, 2);
    fake_respond(responding);
    fake_nexus_wait(other);
    g_assert_true(held->aborted);
    g_assert_false(responding->aborted);
    fake_cmd_free(held);
    fake_cmd_free(responding);
}

static void nexuses_are_counted_by_thread(struct scene *s, gconstpointer data)
{
    g_assert_cmpint(g_atomic_int_get(&fake_thread(s->fake, 1)->nexuses), ==, 0);
    struct fake_nexus *other = other_nexus(s);
    g_assert_cmpint(g_atomic_int_get(&fake_thread(s->fake, 1)->nexuses), ==, 1);
    fake_nexus_close(other);
    g_assert_cmpint(g_atomic_int_get(&fake_thread(s->fake, 1)->nexuses), ==, 0);
}

/* ---- New nexuses ---- */

static void attention_of_a_new_nexus(struct scene *s, gconstpointer data)
{
    uint8_t cdb[6] = {0};
    fake_lost_before(s->fake, true);
    struct fake_nexus *n = fake_nexus_open(s->fake, 1, "iqn.2026-11.org.example:again");
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0);
    fake_expect_sense(c, TGT_SENSE_NEXUS_LOSS);
    fake_cmd_free(c);
}

/* A reservation that is there already is seen by a nexus that comes later. */
static void new_nexus_sees_reservation(struct scene *s, gconstpointer data)
{
    expect_good(s->n, 0x16, 0);
    struct fake_nexus *n = fake_nexus_open(s->fake, 1, "iqn.2026-11.org.example:later");
    enum tgt_status status;
    while ((status = status_of(n, PROBE_NOP)) == TGT_STATUS_CHECK_CONDITION) {
    }
    g_assert_cmpint(status, ==, TGT_STATUS_RESERVATION_CONFLICT);
}

struct attempt {
    struct scene *s;
    struct tgt_nexus *nexus;
    struct tgt_error err;
};

static void try_here(void *data)
{
    struct attempt *a = data;
    struct tgt_nexus_args args = {.struct_size = sizeof args,
                                  .target = fake_target(a->s->fake),
                                  .thread = thread_self(),
                                  .initiator = "iqn.2026-11.org.example:late",
                                  .initiator_port = "p",
                                  .target_port = "t"};
    a->nexus = nexus_new(fake_nexus_core(a->s->n)->transport, &args, &a->err);
}

static void refused_while_offline(struct scene *s, gconstpointer data)
{
    struct attempt a = {.s = s};
    g_assert_true(target_set(fake_target(s->fake), "online", "no", NULL));
    fake_call(fake_thread(s->fake, 0), try_here, &a);
    g_assert_null(a.nexus);
    g_assert_cmpint(a.err.code, >, 0);
    g_assert_nonnull(strstr(a.err.text, "offline"));
}

/* ---- Deletion of a LU under its nexuses ---- */

struct deletion {
    bool over;
};

static void deleted(GError *error, void *data)
{
    g_assert_no_error(error);
    ((struct deletion *)data)->over = true;
}

/* One command's data is still owed by the initiator: the LU stays until the transport has swallowed
 * it. */
static void delete_with_commands(struct scene *s, gconstpointer data)
{
    static const uint8_t out[4];
    uint8_t write[10] = {PROBE_OUT, [8] = sizeof out};
    struct fake_nexus *other = other_nexus(s);
    struct deletion d = {false};
    struct fake_cmd *c[5];
    c[0] = fake_cmd_new(other, 0, write, sizeof write);
    c[0]->out = out;
    c[0]->out_len = sizeof out;
    c[0]->hold_data = c[0]->ignore_abort = true;
    c[1] = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    c[2] = scene_cmd(other, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    c[3] = scene_block(s->n, PROBE_ALONE, 0, 8, 0);
    c[4] = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    fake_submit(c[0]);
    fake_wait(c[0], FAKE_DATA_OUT);
    for (unsigned i = 1; i < 4; i++)
        fake_submit(c[i]);
    fake_wait_state(c[1], TGT_CMD_BLOCKED);
    lu_delete(s->lu, deleted, &d);
    fake_wait(c[0], FAKE_ABORT);
    fake_wait(c[1], FAKE_RELEASED);
    fake_wait(c[3], FAKE_RELEASED);
    fake_submit(c[4]); /* there is no such LUN any more */
    fake_wait(c[4], FAKE_RELEASED);
    fake_expect_sense(c[4], TGT_SENSE_LUN_NOT_SUPPORTED);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_false(d.over);
    fake_data(c[0], -ECANCELED);
    fake_until(&d.over);
    for (unsigned i = 0; i < 5; i++) {
        fake_wait(c[i], FAKE_RELEASED);
        fake_cmd_free(c[i]);
    }
}

static void lun_is_made_anew(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    for (unsigned i = 0; i < 5; i++) {
        fake_lun_delete(s->lu);
        g_assert_cmpint(status_of(other, PROBE_NOP), ==, TGT_STATUS_CHECK_CONDITION);
        s->lu = fake_lun(s->fake, 0, "probe", "mem", (const char *const[]){"size=128K", NULL});
        fake_clear_attention(other, 0);
        fake_clear_attention(s->n, 0);
        expect_good(other, PROBE_NOP, 0);
        expect_good(s->n, PROBE_NOP, 0);
    }
}

/* Commands, resets and claims go on from both threads while the LU goes. */
static void delete_under_load(struct scene *s, gconstpointer data)
{
    struct fake_nexus *n[2] = {s->n, other_nexus(s)};
    struct fake_cmd *c[400];
    struct fake_tmf *t[40];
    struct deletion d = {false};
    for (unsigned i = 0; i < 400; i++) {
        c[i] = scene_block(n[i % 2], i % 3 ? PROBE_WRITE : PROBE_RANGE, 0, 8, 3);
        c[i]->attr = i % 11 ? TGT_TASK_SIMPLE : TGT_TASK_ORDERED;
        fake_submit(c[i]);
        if (i % 10 == 0)
            t[i / 10] = fake_tmf_start(n[i / 10 % 2], TGT_TMF_LOGICAL_UNIT_RESET, 0, 0);
        if (i == 200)
            lu_delete(s->lu, deleted, &d);
    }
    fake_until(&d.over);
    for (unsigned i = 0; i < 400; i++) {
        fake_wait(c[i], FAKE_RELEASED);
        fake_cmd_free(c[i]);
    }
    for (unsigned i = 0; i < 40; i++) {
        enum tgt_tmf_response response = fake_tmf_finish(t[i], NULL);
        g_assert_true(response == TGT_TMF_COMPLETE || response == TGT_TMF_NO_LUN);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn) SCENE_TEST_WITH("/nexus/" path, &two_threads, fn)
    T("listing", listing);
    T("listing-of-one-target", listing_of_one_target);
    T("access-is-judged-when-it-begins", access_is_judged_when_it_begins);
    T("kill-asks-the-transport", kill_asks_the_transport);
    T("kill-of-none", kill_of_none);
    T("close-takes-reservation-and-prevention", close_takes_reservation_and_prevention);
    T("close-waits-for-all", close_waits_for_all);
    T("nexuses-are-counted-by-thread", nexuses_are_counted_by_thread);
    T("attention-of-a-new-nexus", attention_of_a_new_nexus);
    T("new-nexus-sees-reservation", new_nexus_sees_reservation);
    T("refused-while-offline", refused_while_offline);
    T("delete-with-commands", delete_with_commands);
    T("lun-is-made-anew", lun_is_made_anew);
    T("delete-under-load", delete_under_load);
    return g_test_run();
}
