/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Task management functions: what they end, what they change, whom they tell, and when they answer.
 */
#include <string.h>
#include <tgt/scsi/be.h>

#include "probe-scene.h"

static const struct fake_config two_threads = {.threads = 2};

static struct fake_cmd *hold(struct fake_nexus *n, uint16_t lun)
{
    uint8_t cdb[6] = {PROBE_HOLD, 1};
    struct fake_cmd *c = fake_cmd_new(n, lun, cdb, sizeof cdb);
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_EXEC);
    return c;
}

static void resume(struct fake_nexus *n, uint16_t lun)
{
    uint8_t cdb[6] = {PROBE_RESUME};
    fake_cmd_free(fake_run(n, lun, cdb, sizeof cdb, NULL, 0, 0));
}

static void end_aborted(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    g_assert_true(c->aborted);
    fake_cmd_free(c);
}

static void end_good(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* The unit attentions of a nexus for a LUN, in order; TGT_SENSE_NONE ends the list. */
static void expect_attentions(struct fake_nexus *n, uint16_t lun, const enum tgt_sense *senses)
{
    uint8_t cdb[6] = {0};
    for (;; senses++) {
        struct fake_cmd *c = fake_run(n, lun, cdb, sizeof cdb, NULL, 0, 0);
        if (*senses == TGT_SENSE_NONE) {
            end_good(c);
            return;
        }
        fake_expect_sense(c, *senses);
        fake_cmd_free(c);
    }
}

#define ATTENTIONS(n, lun, ...) expect_attentions(n, lun, (const enum tgt_sense[]){__VA_ARGS__})

static struct fake_nexus *other_nexus(struct scene *s)
{
    return scene_nexus(s, 1, "iqn.2026-11.org.example:other");
}

/* ---- What a nexus can do to its own tasks ---- */

static void abort_task_set(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    struct fake_cmd *mine = hold(s->n, 0), *also = hold(s->n, 0), *theirs = hold(other, 0);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK_SET, 0, 0);
    ATTENTIONS(s->n, 0, TGT_SENSE_NONE);
    g_assert_false(fake_tmf_done(t));
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(mine);
    end_aborted(also);
    end_good(theirs);
    ATTENTIONS(other, 0, TGT_SENSE_NONE);
}

static void abort_task_set_of_one_lun(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=128K", NULL});
    fake_clear_attention(s->n, 0);
    fake_clear_attention(s->n, 1);
    struct fake_cmd *zero = hold(s->n, 0), *one = hold(s->n, 1);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK_SET, 1, 0);
    resume(s->n, 1);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(one);
    g_assert_false(fake_happened(zero, FAKE_RESPOND));
    resume(s->n, 0);
    end_good(zero);
}

/* Tasks that come after the function are not its business. */
static void newer_tasks_are_not_aborted(struct scene *s, gconstpointer data)
{
    struct fake_cmd *old = hold(s->n, 0);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK_SET, 0, 0);
    struct fake_cmd *new = hold(s->n, 0);
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(old);
    end_good(new);
}

static void query_task(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = hold(s->n, 0);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_TASK, 0, c->tag), ==, TGT_TMF_SUCCEEDED);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_TASK, 0, c->tag + 99), ==, TGT_TMF_COMPLETE);
    resume(s->n, 0);
    fake_wait(c, FAKE_RELEASED);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_TASK, 0, c->tag), ==, TGT_TMF_COMPLETE);
    end_good(c);
}

static void query_task_set(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_TASK_SET, 0, 0), ==, TGT_TMF_COMPLETE);
    struct fake_cmd *c = hold(s->n, 0);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_TASK_SET, 0, 0), ==, TGT_TMF_SUCCEEDED);
    g_assert_cmpint(fake_tmf(other, TGT_TMF_QUERY_TASK_SET, 0, 0), ==, TGT_TMF_COMPLETE);
    resume(s->n, 0);
    end_good(c);
}

static void query_async_event(struct scene *s, gconstpointer data)
{
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_ASYNC_EVENT, 0, 0), ==, TGT_TMF_COMPLETE);
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_QUERY_ASYNC_EVENT, 0, 0), ==, TGT_TMF_SUCCEEDED);
    ATTENTIONS(s->n, 0, TGT_SENSE_CAPACITY_CHANGED, TGT_SENSE_NONE);
}

static void i_t_nexus_reset(struct scene *s, gconstpointer data)
{
    enum tgt_close_reason reason;
    struct fake_cmd *c = hold(s->n, 0);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_I_T_NEXUS_RESET, 0, 0);
    ATTENTIONS(s->n, 0, TGT_SENSE_NONE);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, NULL), ==, 0);
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(c);
    ATTENTIONS(s->n, 0, TGT_SENSE_NONE); /* the thread has gone on */
    g_assert_cmpuint(fake_nexus_close_asked(s->n, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_RESET);
}

/* ---- What concerns all nexuses ---- */

static void clear_task_set(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s),
                      *idle = scene_nexus(s, 1, "iqn.2026-11.org.example:idle");
    struct fake_cmd *mine = hold(s->n, 0), *theirs = hold(other, 0);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_CLEAR_TASK_SET, 0, 0);
    fake_wait_aborted(mine);
    fake_wait_aborted(theirs);
    g_assert_false(fake_tmf_done(t));
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    g_assert_true(fake_happened(mine, FAKE_RELEASED));
    g_assert_true(fake_happened(theirs, FAKE_RELEASED));
    end_aborted(mine);
    end_aborted(theirs);
    ATTENTIONS(s->n, 0, TGT_SENSE_NONE);
    ATTENTIONS(other, 0, TGT_SENSE_COMMANDS_CLEARED, TGT_SENSE_NONE);
    ATTENTIONS(idle, 0, TGT_SENSE_NONE); /* it had no task there */
}

static void lu_reset_of(struct scene *s, enum tgt_tmf_function function)
{
    struct fake_nexus *other = other_nexus(s);
    struct fake_cmd *mine = hold(s->n, 0), *theirs = hold(other, 0);
    struct fake_tmf *t = fake_tmf_start(s->n, function, 0, 0);
    fake_wait_aborted(mine);
    fake_wait_aborted(theirs);
    g_assert_false(fake_tmf_done(t));
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    g_assert_true(fake_happened(mine, FAKE_RELEASED));
    g_assert_true(fake_happened(theirs, FAKE_RELEASED));
    end_aborted(mine);
    end_aborted(theirs);
    ATTENTIONS(s->n, 0, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
    ATTENTIONS(other, 0, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
}

static void lu_reset(struct scene *s, gconstpointer data)
{
    lu_reset_of(s, TGT_TMF_LOGICAL_UNIT_RESET);
}

static void lu_reset_of_one_lun(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=128K", NULL});
    fake_clear_attention(s->n, 0);
    fake_clear_attention(s->n, 1);
    struct fake_cmd *one = hold(s->n, 1);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    ATTENTIONS(s->n, 1, TGT_SENSE_NONE);
    ATTENTIONS(s->n, 0, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
    resume(s->n, 1);
    end_good(one);
}

/* Commands that wait at the gates go, with what they held. */
static void lu_reset_with_waiting_commands(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    struct fake_cmd *c[6];
    c[0] = hold(other, 0);
    for (unsigned i = 1; i < 6; i++) {
        c[i] = scene_cmd(i % 2 ? s->n : other, PROBE_NOP, 0,
                         i == 1 || i == 4 ? TGT_TASK_ORDERED : TGT_TASK_SIMPLE);
        fake_submit(c[i]);
        fake_wait(c[i], FAKE_SUBMITTED);
    }
    fake_wait_state(c[1], TGT_CMD_BLOCKED);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0);
    fake_wait(c[1], FAKE_RELEASED);
    fake_wait_aborted(c[0]);
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    for (unsigned i = 0; i < 6; i++) {
        fake_wait(c[i], FAKE_RELEASED);
        fake_cmd_free(c[i]);
    }
    fake_clear_attention(s->n, 0);
    struct fake_cmd *after = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    fake_submit(after);
    end_good(after);
}

static struct fake_cmd *six(struct fake_nexus *n, uint8_t opcode, uint8_t b4)
{
    uint8_t cdb[6] = {opcode, [4] = b4};
    return fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0);
}

static void lu_reset_ends_reservation(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    end_good(six(other, 0x16, 0)); /* RESERVE(6) */
    struct fake_cmd *c = six(s->n, PROBE_NOP, 0);
    g_assert_cmpint(c->status, ==, TGT_STATUS_RESERVATION_CONFLICT);
    fake_cmd_free(c);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    fake_clear_attention(s->n, 0);
    end_good(six(s->n, PROBE_NOP, 0));
}

static void lu_reset_ends_prevention(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    lu_state(&s->lu->pub, TGT_LU_REMOVABLE, 0);
    end_good(six(other, 0x1e, 1));           /* PREVENT */
    struct fake_cmd *c = six(s->n, 0x1b, 2); /* eject */
    fake_expect_sense(c, TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    fake_cmd_free(c);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    fake_clear_attention(s->n, 0);
    end_good(six(s->n, 0x1b, 2));
}

static void lu_reset_keeps_a_job(struct scene *s, gconstpointer data)
{
    scene_do(s->n, PROBE_JOB, 0, 0);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    g_assert_true(tgt_lu_is(&s->lu->pub, TGT_LU_JOB));
    lu_job_end(&s->lu->pub);
}

static void target_warm_reset(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 300, "probe", "mem", (const char *const[]){"size=128K", NULL});
    fake_clear_attention(s->n, 0);
    fake_clear_attention(s->n, 300);
    struct fake_cmd *c = hold(s->n, 300);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_TARGET_WARM_RESET, 0, 0);
    fake_wait_aborted(c);
    g_assert_false(fake_tmf_done(t));
    resume(s->n, 300);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(c);
    ATTENTIONS(s->n, 0, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
    ATTENTIONS(s->n, 300, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, NULL), ==, 0);
}

static void nothing(void *data)
{
}

static void target_cold_reset(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = other_nexus(s);
    enum tgt_close_reason reason;
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_TARGET_COLD_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    for (unsigned i = 0; i < 6; i++)
        fake_call(fake_thread(s->fake, i % 2), nothing, NULL);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_RESET);
    g_assert_cmpuint(fake_nexus_close_asked(other, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_RESET);
    ATTENTIONS(other, 0, TGT_SENSE_LU_RESET, TGT_SENSE_NONE);
}

/* ---- Refusals ---- */

static void not_supported(struct scene *s, gconstpointer data)
{
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_CLEAR_ACA, 0, 0), ==, TGT_TMF_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_TASK_REASSIGN, 0, 0), ==, TGT_TMF_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(s->n, (enum tgt_tmf_function)0, 0, 0), ==, TGT_TMF_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(s->n, (enum tgt_tmf_function)13, 0, 0), ==, TGT_TMF_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(s->n, (enum tgt_tmf_function)255, 0, 0), ==, TGT_TMF_NOT_SUPPORTED);
}

static void missing_lun(struct scene *s, gconstpointer data)
{
    static const enum tgt_tmf_function functions[] = {
        TGT_TMF_ABORT_TASK,         TGT_TMF_ABORT_TASK_SET, TGT_TMF_CLEAR_TASK_SET,
        TGT_TMF_LOGICAL_UNIT_RESET, TGT_TMF_QUERY_TASK,     TGT_TMF_QUERY_TASK_SET,
        TGT_TMF_QUERY_ASYNC_EVENT};
    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++)
        g_assert_cmpint(fake_tmf(s->n, functions[i], 77, 1), ==, TGT_TMF_NO_LUN);
}

/* ---- Storms ---- */

#define STORM 200

/* Resets from both threads, all at once, while commands come and go: each is answered, and none of
 * its commands after it. */
static void storm(struct scene *s, gconstpointer data)
{
    struct fake_nexus *n[2] = {s->n, other_nexus(s)};
    struct fake_tmf *t[STORM];
    struct fake_cmd *c[STORM];
    unsigned number[STORM];
    for (unsigned i = 0; i < STORM; i++) {
        c[i] = scene_block(n[i % 2], i % 7 ? PROBE_WRITE : PROBE_RANGE, 0, 8, 2);
        c[i]->attr = i % 5 ? TGT_TASK_SIMPLE : TGT_TASK_ORDERED;
        fake_submit(c[i]);
        t[i] = fake_tmf_start(n[i / 3 % 2],
                              i % 3 ? TGT_TMF_LOGICAL_UNIT_RESET : TGT_TMF_CLEAR_TASK_SET, 0, 0);
    }
    for (unsigned i = 0; i < STORM; i++) {
        g_assert_cmpint(fake_tmf_finish(t[i], &number[i]), ==, TGT_TMF_COMPLETE);
        fake_wait(c[i], FAKE_RELEASED);
        for (unsigned k = 0; k <= i; k++)
            g_assert_true(i / 3 % 2 != k % 2 || c[k]->number < number[i]);
    }
    for (unsigned i = 0; i < STORM; i++)
        fake_cmd_free(c[i]);
    fake_clear_attention(s->n, 0);
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
}

static void reset_while_the_nexus_closes(struct scene *s, gconstpointer data)
{
    struct fake_nexus *victim = other_nexus(s);
    struct fake_cmd *c = hold(victim, 0);
    struct fake_tmf *mine = fake_tmf_start(s->n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0);
    struct fake_tmf *theirs = fake_tmf_start(victim, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0);
    fake_nexus_close_start(victim);
    resume(s->n, 0);
    g_assert_cmpint(fake_tmf_finish(mine, NULL), ==, TGT_TMF_COMPLETE);
    g_assert_cmpint(fake_tmf_finish(theirs, NULL), ==, TGT_TMF_COMPLETE);
    end_aborted(c);
    fake_nexus_wait(victim);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn) SCENE_TEST_WITH("/tmf/" path, &two_threads, fn)
    T("abort-task-set", abort_task_set);
    T("abort-task-set-of-one-lun", abort_task_set_of_one_lun);
    T("newer-tasks-are-not-aborted", newer_tasks_are_not_aborted);
    T("query-task", query_task);
    T("query-task-set", query_task_set);
    T("query-async-event", query_async_event);
    T("i-t-nexus-reset", i_t_nexus_reset);
    T("clear-task-set", clear_task_set);
    T("lu-reset", lu_reset);
    T("lu-reset-of-one-lun", lu_reset_of_one_lun);
    T("lu-reset-with-waiting-commands", lu_reset_with_waiting_commands);
    T("lu-reset-ends-reservation", lu_reset_ends_reservation);
    T("lu-reset-ends-prevention", lu_reset_ends_prevention);
    T("lu-reset-keeps-a-job", lu_reset_keeps_a_job);
    T("target-warm-reset", target_warm_reset);
    T("target-cold-reset", target_cold_reset);
    T("not-supported", not_supported);
    T("missing-lun", missing_lun);
    T("storm", storm);
    T("reset-while-the-nexus-closes", reset_while_the_nexus_closes);
    return g_test_run();
}
