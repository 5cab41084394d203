/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Farewells: sessions are asked, waited for, dropped; and drains, which are farewells to all. */
#include <errno.h>

#include "error.h"
#include "nexus.h"
#include "plugin.h"
#include "probe-scene.h"
#include "system.h"
#include "target.h"
#include "thread.h"

static const struct fake_config two_threads = {.threads = 2};

/* What becomes of a farewell. */
struct end {
    struct farewell_count count;
    unsigned times;
};

static void ended(const struct farewell_count *count, void *data)
{
    struct end *end = data;
    end->count = *count;
    end->times++;
}

static void wait_for(const struct end *end)
{
    while (end->times == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(end->times, ==, 1);
}

static gint asked_for; /* atomic: seconds */

static void take_request(struct tgt_nexus *nexus, unsigned seconds)
{
    g_atomic_int_set(&asked_for, (gint)seconds);
}

/* The transport of the scene asks for logouts from now on; nobody does as he is asked. */
static void can_ask(struct fake_nexus *n)
{
    struct plugin *fake = (struct plugin *)fake_nexus_core(n)->transport;
    fake->transport.nexus_logout = take_request;
    g_atomic_int_set(&asked_for, 0);
}

static struct farewell *say(const char *how, unsigned seconds, struct end *end)
{
    g_autoptr(GArray) ids = nexus_ids();
    g_test_message("%s: %u sessions", how, ids->len);
    return farewell_new(ids, seconds, TGT_CLOSE_ADMIN, ended, end);
}

static void transport_that_cannot_ask(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    enum tgt_close_reason reason;
    say("cannot ask", 1000, &end);
    wait_for(&end);
    g_assert_cmpuint(end.count.asked, ==, 1);
    g_assert_cmpuint(end.count.left, ==, 0);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_ADMIN);
}

/* 86400 are the most that can be asked for. */
static void deadline_may_be_far(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    can_ask(s->n);
    struct farewell *f = say("a day", 86400, &end);
    g_assert_cmpuint(farewell_seconds(f), ==, 86400);
    farewell_hasten(f);
    wait_for(&end);
}

static void dropped_after_the_deadline(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    can_ask(s->n);
    struct farewell *f = say("deaf", 1, &end);
    g_assert_cmpuint(farewell_count(f).left, ==, 1);
    g_assert_cmpuint(farewell_seconds(f), ==, 1);
    g_assert_cmpuint(end.times, ==, 0);
    wait_for(&end);
    g_assert_cmpint(g_atomic_int_get(&asked_for), ==, 1);
    g_assert_cmpuint(end.count.dropped, ==, 1);
    g_assert_cmpuint(end.count.left, ==, 0);
}

static void hastened(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    can_ask(s->n);
    farewell_hasten(say("hastened", 1000, &end));
    wait_for(&end);
    g_assert_cmpuint(end.count.dropped, ==, 1);
}

static void called_off(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    can_ask(s->n);
    farewell_end(say("called off", 1000, &end));
    wait_for(&end);
    g_assert_cmpuint(end.count.dropped, ==, 0);
    g_assert_cmpuint(end.count.left, ==, 1);
    g_assert_cmpuint(fake_nexus_close_asked(s->n, NULL), ==, 0);
}

static void nobody_to_be_asked(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    farewell_new(none, 1000, TGT_CLOSE_ADMIN, ended, &end);
    g_assert_cmpuint(end.times, ==, 0); /* not from within the call */
    wait_for(&end);
    g_assert_cmpuint(end.count.asked, ==, 0);
}

/* A command that a store does not end keeps its session; that is said in the end. */
static void store_that_does_not_end(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    struct fake_cmd *held = scene_cmd(s->n, PROBE_HOLD, 1, TGT_TASK_SIMPLE);
    struct fake_nexus *other = scene_nexus(s, 1, "iqn.2026-11.org.example:other");
    fake_submit(held);
    fake_wait_state(held, TGT_CMD_EXEC);
    say("held", 0, &end);
    wait_for(&end);
    g_assert_cmpuint(end.count.asked, ==, 2);
    g_assert_cmpuint(end.count.dropped, ==, 2);
    g_assert_cmpuint(end.count.left, ==, 1);
    fake_nexus_wait(other);
    struct fake_nexus *third = scene_nexus(s, 1, "iqn.2026-11.org.example:third");
    scene_do(third, PROBE_RESUME, 0, 0);
    fake_wait(held, FAKE_RELEASED);
    fake_cmd_free(held);
    fake_nexus_wait(s->n);
}

/* ---- Drains ---- */

static struct tgt_nexus *try_nexus(struct scene *s, struct tgt_error *err)
{
    const struct tgt_nexus_args args = {.target = fake_target(s->fake),
                                        .thread = fake_thread(s->fake, 0),
                                        .initiator = "iqn.2026-11.org.example:late",
                                        .peer = "10.0.0.5:51234"};
    return nexus_new(NULL, &args, err);
}

static enum tgt_find find(struct scene *s, const char *name)
{
    const struct tgt_access access = {"iqn.2026-11.org.example:late", "10.0.0.5"};
    struct tgt_target *target = NULL;
    enum tgt_find result = target_find(name, &access, &target);
    target_unref(target);
    return result;
}

static void drain(struct scene *s, gconstpointer data)
{
    struct end end = {0};
    struct tgt_error err = {0};
    g_autoptr(GError) busy = NULL;
    can_ask(s->n);
    g_assert_true(system_drain(1000, ended, &end, NULL));
    g_assert_cmpint(system_state(), ==, SYSTEM_DRAINING);
    g_assert_null(try_nexus(s, &err));
    g_assert_cmpint(err.code, ==, EBUSY);
    g_assert_false(system_drain(1000, ended, &end, &busy));
    g_assert_error(busy, CORE_ERROR, CORE_ERROR_BUSY);
    system_drain_hasten();
    wait_for(&end);
    g_assert_cmpuint(end.count.left, ==, 0);
    g_assert_null(system_draining());
    g_assert_cmpint(find(s, NULL), ==, TGT_FIND_OFFLINE);
    system_undrain();
    g_assert_cmpint(find(s, NULL), ==, TGT_FIND_OK);
}

static void offline_answers_for_every_name(struct scene *s, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(system_set_state("offline", NULL));
    g_assert_cmpint(find(s, fake_target(s->fake)->name), ==, TGT_FIND_OFFLINE);
    g_assert_cmpint(find(s, "iqn.2026-11.org.example:none"), ==, TGT_FIND_OFFLINE);
    g_assert_false(system_set_state("draining", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    g_assert_true(system_set_state("ready", NULL));
    g_assert_cmpint(find(s, "iqn.2026-11.org.example:none"), ==, TGT_FIND_NONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn) SCENE_TEST_WITH("/farewell/" path, &two_threads, fn)
    T("a-transport-that-cannot-ask", transport_that_cannot_ask);
    T("deadline-may-be-far", deadline_may_be_far);
    T("dropped-after-the-deadline", dropped_after_the_deadline);
    T("hastened", hastened);
    T("called-off", called_off);
    T("nobody-to-be-asked", nobody_to_be_asked);
    T("a-store-that-does-not-end", store_that_does_not_end);
    T("drain", drain);
    T("offline-answers-for-every-name", offline_answers_for_every_name);
    return g_test_run();
}
