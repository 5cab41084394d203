/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The task set: SIMPLE, ORDERED and HEAD OF QUEUE on one nexus, and over nexuses and threads. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "probe-scene.h"

static const struct fake_config two_threads = {.threads = 2};
static const struct fake_config four_threads = {.threads = 4};

static struct fake_cmd *send(struct fake_nexus *n, uint8_t opcode, uint8_t b1,
                             enum tgt_task_attr attr)
{
    struct fake_cmd *c = scene_cmd(n, opcode, b1, attr);
    fake_submit(c);
    return c;
}

static struct fake_cmd *hold(struct fake_nexus *n, enum tgt_task_attr attr)
{
    struct fake_cmd *c = send(n, PROBE_HOLD, 1, attr);
    fake_wait_state(c, TGT_CMD_EXEC);
    return c;
}

static void nothing(void *data)
{
}

/* All messages that were on their way between threads have been handled. */
static void settle(struct scene *s, unsigned threads)
{
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < threads; i++)
            fake_call(fake_thread(s->fake, i), nothing, NULL);
}

static void end_good(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

static void expect_blocked(struct fake_cmd *c)
{
    fake_wait_state(c, TGT_CMD_BLOCKED);
}

static void let_all_go(struct scene *s)
{
    struct fake_cmd *c = send(s->n, PROBE_RESUME, 0, TGT_TASK_HEAD_OF_QUEUE);
    end_good(c);
}

/* The tags in the log are those of `cmds`, in this order. */
static void expect_log(struct scene *s, struct fake_cmd *const *cmds, unsigned count)
{
    GArray *log = scene_log(s->n);
    g_assert_cmpuint(log->len, ==, count);
    for (unsigned i = 0; i < count; i++)
        g_assert_cmpuint(g_array_index(log, uint64_t, i), ==, cmds[i]->tag);
    g_array_unref(log);
}

static void end_all(struct fake_cmd *const *cmds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fake_wait(cmds[i], FAKE_RELEASED);
}

static void free_all(struct fake_cmd *const *cmds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fake_expect_good(cmds[i]);
        fake_cmd_free(cmds[i]);
    }
}

/* ---- One nexus ---- */

static void simple_tasks_overtake(struct scene *s, gconstpointer data)
{
    struct fake_cmd *held = hold(s->n, TGT_TASK_SIMPLE);
    end_good(send(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE));
    let_all_go(s);
    end_good(held);
}

static void ordered_is_after_older_and_before_newer(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c[4];
    c[0] = hold(s->n, TGT_TASK_SIMPLE);
    c[1] = send(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    c[2] = send(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    c[3] = send(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    for (unsigned i = 1; i < 4; i++)
        expect_blocked(c[i]);
    let_all_go(s);
    end_all(c, 4);
    expect_log(s, c, 4);
    free_all(c, 4);
}

static void ordered_tasks_in_a_row(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c[64];
    c[0] = hold(s->n, TGT_TASK_ORDERED);
    for (unsigned i = 1; i < G_N_ELEMENTS(c); i++)
        c[i] = send(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    let_all_go(s);
    end_all(c, G_N_ELEMENTS(c));
    expect_log(s, c, G_N_ELEMENTS(c));
    free_all(c, G_N_ELEMENTS(c));
}

static void head_of_queue_runs_at_once(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c[3], *order[3];
    c[0] = hold(s->n, TGT_TASK_SIMPLE);
    c[1] = send(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    expect_blocked(c[1]);
    c[2] = send(s->n, PROBE_NOP, 0, TGT_TASK_HEAD_OF_QUEUE);
    fake_wait(c[2], FAKE_RELEASED);
    let_all_go(s);
    end_all(c, 3);
    order[0] = c[0];
    order[1] = c[2];
    order[2] = c[1];
    expect_log(s, order, 3);
    free_all(c, 3);
}

static void newer_tasks_wait_for_head_of_queue(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c[3];
    c[0] = hold(s->n, TGT_TASK_HEAD_OF_QUEUE);
    c[1] = send(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    c[2] = send(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    expect_blocked(c[1]);
    expect_blocked(c[2]);
    let_all_go(s);
    end_all(c, 3);
    expect_log(s, c, 3);
    free_all(c, 3);
}

static void inquiry_is_answered_at_once(struct scene *s, gconstpointer data)
{
    uint8_t inquiry[6] = {0x12, [4] = 36};
    struct fake_cmd *held = hold(s->n, TGT_TASK_ORDERED);
    struct fake_cmd *c = fake_run(s->n, 0, inquiry, sizeof inquiry, NULL, 0, 36);
    fake_expect_good(c);
    fake_cmd_free(c);
    let_all_go(s);
    end_good(held);
}

/* ---- Data-Out comes before the gate ---- */

static struct fake_cmd *write_cmd(struct fake_nexus *n, enum tgt_task_attr attr, bool hold_data)
{
    static const uint8_t out[4] = {0, 1, 2, 3};
    uint8_t cdb[10] = {PROBE_OUT, [8] = sizeof out};
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->out = out;
    c->out_len = sizeof out;
    c->attr = (uint8_t)attr;
    c->hold_data = hold_data;
    fake_submit(c);
    return c;
}

static void ordered_waits_for_older_data(struct scene *s, gconstpointer data)
{
    struct fake_cmd *older = write_cmd(s->n, TGT_TASK_SIMPLE, true);
    struct fake_cmd *ordered = send(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    expect_blocked(ordered);
    fake_data(older, 0);
    fake_wait(ordered, FAKE_RELEASED);
    fake_wait(older, FAKE_RELEASED);
    g_assert_cmpuint(older->number, <, ordered->number);
    end_good(older);
    end_good(ordered);
}

static void data_is_asked_for_before_the_turn(struct scene *s, gconstpointer data)
{
    struct fake_cmd *held = hold(s->n, TGT_TASK_SIMPLE);
    struct fake_cmd *ordered = write_cmd(s->n, TGT_TASK_ORDERED, false);
    struct fake_cmd *newer = write_cmd(s->n, TGT_TASK_SIMPLE, false);
    fake_wait(ordered, FAKE_DATA_OUT);
    fake_wait(newer, FAKE_DATA_OUT);
    expect_blocked(ordered);
    expect_blocked(newer);
    let_all_go(s);
    end_good(held);
    end_good(ordered);
    end_good(newer);
}

/* Its turn comes first, its data after. */
static void granted_before_its_data(struct scene *s, gconstpointer data)
{
    struct fake_cmd *ordered = write_cmd(s->n, TGT_TASK_ORDERED, true);
    struct fake_cmd *newer = send(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    expect_blocked(newer);
    fake_data(ordered, 0);
    end_good(ordered);
    end_good(newer);
}

/* What has waited is checked again: the LU may have changed meanwhile. */
static void checks_after_waiting(struct scene *s, gconstpointer data)
{
    struct fake_cmd *held = hold(s->n, TGT_TASK_ORDERED),
                    *c = scene_block(s->n, PROBE_READ, 0, 1, 0);
    fake_submit(c);
    expect_blocked(c);
    lu_state(&s->lu->pub, TGT_LU_NO_MEDIUM, 0);
    let_all_go(s);
    end_good(held);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_NO_MEDIUM);
    fake_cmd_free(c);
}

/* ---- Threads ---- */

/* The older task is on another thread, and so is the newer one. `from`: the thread of the ORDERED
 * task. */
static void over_threads(struct scene *s, unsigned from)
{
    struct fake_nexus *a = scene_nexus(s, from, "iqn.2026-11.org.example:a");
    struct fake_nexus *b = scene_nexus(s, 1 - from, "iqn.2026-11.org.example:b");
    struct fake_cmd *c[3];
    c[0] = hold(b, TGT_TASK_SIMPLE);
    c[1] = send(a, PROBE_NOP, 0, TGT_TASK_ORDERED);
    expect_blocked(c[1]);
    settle(s, 2);
    c[2] = send(b, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    expect_blocked(c[2]);
    let_all_go(s);
    end_all(c, 3);
    expect_log(s, c, 3);
    free_all(c, 3);
}

static void over_threads_from_0(struct scene *s, gconstpointer data)
{
    over_threads(s, 0);
}

static void over_threads_from_1(struct scene *s, gconstpointer data)
{
    over_threads(s, 1);
}

static void another_lu_is_not_concerned(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=128K", NULL});
    fake_clear_attention(s->n, 0);
    fake_clear_attention(s->n, 1);
    struct fake_cmd *held = hold(s->n, TGT_TASK_ORDERED);
    uint8_t nop[6] = {PROBE_NOP};
    struct fake_cmd *c = fake_run(s->n, 1, nop, sizeof nop, NULL, 0, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
    let_all_go(s);
    end_good(held);
}

/* ---- Stress: the order on each nexus is kept, and nothing stands still ---- */

#define STREAM 400

static void check_stream(struct fake_cmd *const *c)
{
    unsigned barrier = 0;
    for (unsigned i = 0; i < STREAM; i++) {
        if (c[i]->attr == TGT_TASK_HEAD_OF_QUEUE)
            continue;
        g_assert_cmpuint(c[i]->number, >, barrier);
        if (c[i]->attr != TGT_TASK_ORDERED)
            continue;
        for (unsigned k = 0; k < i; k++)
            g_assert_cmpuint(c[k]->number, <, c[i]->number);
        barrier = c[i]->number;
    }
}

static void mixed_streams(struct scene *s, gconstpointer data)
{
    static const uint8_t attrs[] = {TGT_TASK_SIMPLE, TGT_TASK_SIMPLE,  TGT_TASK_SIMPLE,
                                    TGT_TASK_SIMPLE, TGT_TASK_ORDERED, TGT_TASK_HEAD_OF_QUEUE};
    static const uint8_t opcodes[] = {PROBE_READ, PROBE_WRITE, PROBE_WRITE, PROBE_RANGE,
                                      PROBE_ALONE};
    struct fake_nexus *n[6];
    struct fake_cmd *c[6][STREAM];
    for (unsigned i = 0; i < 6; i++)
        n[i] = scene_nexus(s, i % 4, "iqn.2026-11.org.example:stream");
    for (unsigned k = 0; k < STREAM; k++)
        for (unsigned i = 0; i < 6; i++) {
            uint8_t opcode = opcodes[g_test_rand_int_range(0, G_N_ELEMENTS(opcodes))];
            c[i][k] = scene_block(n[i], opcode, (uint32_t)g_test_rand_int_range(0, 200), 40,
                                  (uint8_t)g_test_rand_int_range(0, 3));
            c[i][k]->attr = attrs[g_test_rand_int_range(0, G_N_ELEMENTS(attrs))];
            fake_submit(c[i][k]);
        }
    for (unsigned i = 0; i < 6; i++) {
        end_all(c[i], STREAM);
        check_stream(c[i]);
        free_all(c[i], STREAM);
    }
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SCENE_TEST("/taskset/simple-tasks-overtake", simple_tasks_overtake);
    SCENE_TEST("/taskset/ordered-is-after-older-and-before-newer",
               ordered_is_after_older_and_before_newer);
    SCENE_TEST("/taskset/ordered-tasks-in-a-row", ordered_tasks_in_a_row);
    SCENE_TEST("/taskset/head-of-queue-runs-at-once", head_of_queue_runs_at_once);
    SCENE_TEST("/taskset/newer-tasks-wait-for-head-of-queue", newer_tasks_wait_for_head_of_queue);
    SCENE_TEST("/taskset/inquiry-is-answered-at-once", inquiry_is_answered_at_once);
    SCENE_TEST("/taskset/ordered-waits-for-older-data", ordered_waits_for_older_data);
    SCENE_TEST("/taskset/data-is-asked-for-before-the-turn", data_is_asked_for_before_the_turn);
    SCENE_TEST("/taskset/granted-before-its-data", granted_before_its_data);
    SCENE_TEST("/taskset/checks-after-waiting", checks_after_waiting);
    SCENE_TEST("/taskset/another-lu-is-not-concerned", another_lu_is_not_concerned);
    SCENE_TEST_WITH("/taskset/over-threads/from-0", &two_threads, over_threads_from_0);
    SCENE_TEST_WITH("/taskset/over-threads/from-1", &two_threads, over_threads_from_1);
    SCENE_TEST_WITH("/taskset/mixed-streams/four-threads", &four_threads, mixed_streams);
    return g_test_run();
}
