/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aborts of a command in each of its states, each by ABORT TASK and by the loss of its nexus. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd-pool.h"
#include "probe-scene.h"
#include "thread.h"

static const struct fake_config small = {.threads = 1, .buffer_memory = 512 * 1024};

/* How the command is to be ended. */
static void abort_it(struct scene *s, struct fake_cmd *c, bool by_loss)
{
    if (by_loss) {
        fake_nexus_close_start(c->nexus);
        return;
    }
    g_assert_cmpint(fake_tmf(c->nexus, TGT_TMF_ABORT_TASK, 0, c->tag), ==, TGT_TMF_COMPLETE);
    g_assert_true(fake_happened(c, FAKE_RELEASED));
}

static void finish(struct fake_cmd *c, bool by_loss)
{
    fake_wait(c, FAKE_RELEASED);
    g_assert_true(c->aborted);
    if (by_loss)
        fake_nexus_wait(c->nexus);
    fake_cmd_free(c);
}

/* The LU works as before, and all buffers are back. */
static void expect_works(struct scene *s)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:later");
    uint8_t cdb[10] = {PROBE_OUT, [7] = 0xff, [8] = 0xff};
    static uint8_t out[65535];
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)i;
    for (unsigned i = 0; i < 16; i++) {
        struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, out, sizeof out, 0);
        fake_expect_good(c);
        fake_cmd_free(c);
    }
    scene_do(n, PROBE_RANGE, 0, 0);
    scene_do(n, PROBE_RESUME, 0, 0);
}

static struct fake_cmd *hold(struct fake_nexus *n, enum tgt_task_attr attr)
{
    struct fake_cmd *c = scene_cmd(n, PROBE_HOLD, 1, attr);
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_EXEC);
    return c;
}

/* ---- DATA_OUT ---- */

static struct fake_cmd *data_out_cmd(struct fake_nexus *n, uint16_t len, const uint8_t *out)
{
    uint8_t cdb[10] = {PROBE_OUT};
    be_put(cdb + 7, 2, len);
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->out = out;
    c->out_len = len;
    c->hold_data = true;
    return c;
}

static void in_data_out(struct scene *s, bool by_loss)
{
    static const uint8_t out[8];
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    struct fake_cmd *c = data_out_cmd(n, sizeof out, out);
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_DATA_OUT);
    abort_it(s, c, by_loss);
    fake_wait(c, FAKE_ABORT);
    finish(c, by_loss);
    expect_works(s);
}

/* The initiator still owes its data: the function is complete when the transport has swallowed
 * them, and not before. */
static void in_data_out_that_must_be_swallowed(struct scene *s, gconstpointer data)
{
    static const uint8_t out[8];
    struct fake_cmd *c = data_out_cmd(s->n, sizeof out, out);
    c->ignore_abort = true;
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_DATA_OUT);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK, 0, c->tag);
    fake_wait(c, FAKE_ABORT);
    scene_do(s->n, PROBE_NOP, 0, 0);
    g_assert_false(fake_tmf_done(t));
    fake_data(c, -ECANCELED);
    g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    finish(c, false);
}

/* ---- EXEC ---- */

static void in_exec(struct scene *s, bool by_loss)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    struct fake_cmd *c = hold(n, TGT_TASK_SIMPLE);
    struct fake_tmf *t = by_loss ? NULL : fake_tmf_start(n, TGT_TMF_ABORT_TASK, 0, c->tag);
    if (by_loss)
        fake_nexus_close_start(n);
    scene_do(s->n, PROBE_NOP, 0, 0);
    g_assert_false(fake_happened(c, FAKE_RESPOND));
    g_assert_false(t != NULL && fake_tmf_done(t));
    scene_do(s->n, PROBE_RESUME, 0, 0);
    if (t != NULL)
        g_assert_cmpint(fake_tmf_finish(t, NULL), ==, TGT_TMF_COMPLETE);
    finish(c, by_loss);
    expect_works(s);
}

/* ---- BLOCKED: buffers, the task set, a claim ---- */

static struct fake_cmd *whole_block_out(struct fake_nexus *n)
{
    static uint8_t out[65535];
    return data_out_cmd(n, sizeof out, out);
}

/* Its response holds its buffers. */
static struct fake_cmd *whole_block_in(struct fake_nexus *n)
{
    uint8_t cdb[10] = {PROBE_IN, [3] = 1, [7] = 0xff, [8] = 0xff};
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->in_len = 65535;
    c->hold_respond = true;
    return c;
}

static void let_go(struct fake_cmd *c)
{
    if (c->hold_data)
        fake_data(c, 0);
    else
        fake_respond(c);
    fake_wait(c, FAKE_RELEASED);
    fake_cmd_free(c);
}

/* Nexuses take a block each until one of them has to wait: that is the victim. */
static void in_blocked_by_buffers(struct scene *s, bool by_loss,
                                  struct fake_cmd *(*make)(struct fake_nexus *n))
{
    struct fake_cmd *c[8];
    unsigned n = 0;
    do {
        g_autofree char *name = g_strdup_printf("iqn.2026-11.org.example:%u", n);
        c[n] = make(scene_nexus(s, 0, name));
        fake_submit(c[n]);
    } while (fake_state(c[n]) != TGT_CMD_BLOCKED && ++n < G_N_ELEMENTS(c));
    g_assert_cmpuint(n, <, G_N_ELEMENTS(c));
    struct fake_cmd *behind = make(s->n);
    fake_submit(behind);
    fake_wait_state(behind, TGT_CMD_BLOCKED);
    c[n]->hold_respond = false;
    abort_it(s, c[n], by_loss);
    finish(c[n], by_loss);
    for (unsigned i = 0; i < n; i++)
        let_go(c[i]);
    let_go(behind);
    expect_works(s);
}

static void in_blocked_by_out_buffers(struct scene *s, bool by_loss)
{
    in_blocked_by_buffers(s, by_loss, whole_block_out);
}

static void in_blocked_by_in_buffers(struct scene *s, bool by_loss)
{
    in_blocked_by_buffers(s, by_loss, whole_block_in);
}

static void in_blocked_by_task_set(struct scene *s, bool by_loss)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    struct fake_cmd *first = hold(s->n, TGT_TASK_SIMPLE),
                    *ordered = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    struct fake_cmd *c = scene_cmd(n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    fake_submit(ordered);
    fake_wait_state(ordered, TGT_CMD_BLOCKED);
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_BLOCKED);
    abort_it(s, c, by_loss);
    finish(c, by_loss);
    g_assert_false(fake_happened(ordered, FAKE_RESPOND));
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(first, FAKE_RELEASED);
    fake_wait(ordered, FAKE_RELEASED);
    fake_cmd_free(first);
    fake_cmd_free(ordered);
    expect_works(s);
}

/* The ORDERED task itself goes: those behind it run. */
static void ordered_in_blocked(struct scene *s, bool by_loss)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    struct fake_cmd *first = hold(s->n, TGT_TASK_SIMPLE),
                    *c = scene_cmd(n, PROBE_NOP, 0, TGT_TASK_ORDERED);
    struct fake_cmd *behind = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_BLOCKED);
    fake_submit(behind);
    fake_wait_state(behind, TGT_CMD_BLOCKED);
    abort_it(s, c, by_loss);
    finish(c, by_loss);
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(first, FAKE_RELEASED);
    fake_wait(behind, FAKE_RELEASED);
    g_assert_false(behind->aborted);
    fake_cmd_free(first);
    fake_cmd_free(behind);
    expect_works(s);
}

/* A command that holds its blocks; it answers when `fake` is told. */
static struct fake_cmd *block(struct fake_nexus *n, uint8_t opcode)
{
    struct fake_cmd *c = scene_block(n, opcode, 0, 8, 0);
    fake_submit(c);
    return c;
}

/* It waits for a read that is under way, and a write waits for it; the claim goes with the abort.
 */
static void claimant_in_blocked(struct scene *s, bool by_loss)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    uint8_t cdb[10] = {PROBE_STAY, [8] = 8};
    struct fake_cmd *first = fake_cmd_new(s->n, 0, cdb, sizeof cdb);
    fake_submit(first);
    fake_wait_state(first, TGT_CMD_EXEC);
    struct fake_cmd *c = block(n, PROBE_RANGE);
    fake_wait_state(c, TGT_CMD_BLOCKED);
    struct fake_cmd *behind = block(s->n, PROBE_WRITE);
    fake_wait_state(behind, TGT_CMD_BLOCKED);
    abort_it(s, c, by_loss);
    finish(c, by_loss);
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(first, FAKE_RELEASED);
    fake_wait(behind, FAKE_RELEASED);
    g_assert_false(behind->aborted);
    fake_cmd_free(first);
    fake_cmd_free(behind);
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
    expect_works(s);
}

static void parked_by_claim(struct scene *s, bool by_loss)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    uint8_t cdb[10] = {PROBE_STAY, [8] = 8};
    struct fake_cmd *first = fake_cmd_new(s->n, 0, cdb, sizeof cdb);
    fake_submit(first);
    fake_wait_state(first, TGT_CMD_EXEC);
    struct fake_cmd *claimant = block(s->n, PROBE_RANGE);
    fake_wait_state(claimant, TGT_CMD_BLOCKED);
    struct fake_cmd *c = block(n, PROBE_WRITE);
    fake_wait_state(c, TGT_CMD_BLOCKED);
    abort_it(s, c, by_loss);
    finish(c, by_loss);
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(first, FAKE_RELEASED);
    fake_wait(claimant, FAKE_RELEASED);
    fake_cmd_free(first);
    fake_cmd_free(claimant);
    expect_works(s);
}

/* ---- BS ---- */

static void in_bs_of(struct scene *s, const char *option, bool by_loss)
{
    uint8_t read[10] = {0x28, [8] = 1};
    fake_lun(s->fake, 1, "disk", "fault", (const char *const[]){"size=1M", option, NULL});
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    fake_clear_attention(n, 1);
    struct fake_cmd *c = fake_cmd_new(n, 1, read, sizeof read);
    c->in_len = 512;
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_BS);
    if (by_loss)
        fake_nexus_close_start(n);
    else
        g_assert_cmpint(fake_tmf(n, TGT_TMF_ABORT_TASK, 1, c->tag), ==, TGT_TMF_COMPLETE);
    finish(c, by_loss);
    expect_works(s);
}

/* The store is slow: the abort is complete when it has answered. */
static void in_bs(struct scene *s, bool by_loss)
{
    in_bs_of(s, "delay_ms=100", by_loss);
}

/* The store wants to be asked again, for ever. */
static void parked_in_bs(struct scene *s, bool by_loss)
{
    in_bs_of(s, "again=1000000000", by_loss);
}

/* ---- RESPOND and unknown ---- */

/* Too late to abort: the response goes out, and the answer to the function comes after it. */
static void in_respond(struct scene *s, gconstpointer data)
{
    unsigned number;
    struct fake_cmd *c = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    c->hold_respond = true;
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_RESPOND);
    struct fake_tmf *t = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK, 0, c->tag);
    scene_do(s->n, PROBE_NOP, 0, 0);
    g_assert_false(fake_tmf_done(t));
    fake_respond(c);
    g_assert_cmpint(fake_tmf_finish(t, &number), ==, TGT_TMF_NO_TASK);
    g_assert_cmpuint(number, >, c->number);
    g_assert_false(c->aborted);
    fake_expect_good(c);
    fake_cmd_free(c);
}

static void in_respond_with_loss(struct scene *s, gconstpointer data)
{
    struct fake_nexus *n = scene_nexus(s, 0, "iqn.2026-11.org.example:victim");
    struct fake_cmd *c = scene_cmd(n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
    c->hold_respond = true;
    fake_submit(c);
    fake_wait_state(c, TGT_CMD_RESPOND);
    fake_nexus_close_start(n);
    fake_respond(c);
    fake_wait(c, FAKE_RELEASED);
    fake_nexus_wait(n);
    fake_cmd_free(c);
}

static void unknown_task(struct scene *s, gconstpointer data)
{
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_ABORT_TASK, 0, 0xdead), ==, TGT_TMF_NO_TASK);
}

static void task_of_another_lun(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=128K", NULL});
    fake_clear_attention(s->n, 0);
    struct fake_cmd *c = hold(s->n, TGT_TASK_SIMPLE);
    g_assert_cmpint(fake_tmf(s->n, TGT_TMF_ABORT_TASK, 1, c->tag), ==, TGT_TMF_NO_TASK);
    scene_do(s->n, PROBE_RESUME, 0, 0);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* Twice, while it cannot end: both answers come when it has. */
static void twice(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = hold(s->n, TGT_TASK_SIMPLE);
    struct fake_tmf *a = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK, 0, c->tag);
    struct fake_tmf *b = fake_tmf_start(s->n, TGT_TMF_ABORT_TASK, 0, c->tag);
    scene_do(s->n, PROBE_NOP, 0, 0);
    g_assert_false(fake_tmf_done(a) || fake_tmf_done(b));
    scene_do(s->n, PROBE_RESUME, 0, 0);
    g_assert_cmpint(fake_tmf_finish(a, NULL), ==, TGT_TMF_COMPLETE);
    g_assert_cmpint(fake_tmf_finish(b, NULL), ==, TGT_TMF_COMPLETE);
    fake_wait(c, FAKE_RELEASED);
    fake_cmd_free(c);
}

#define BOTH_WAYS(fn)                                                                              \
    static void fn##_abort_task(struct scene *s, gconstpointer data)                               \
    {                                                                                              \
        fn(s, false);                                                                              \
    }                                                                                              \
    static void fn##_nexus_loss(struct scene *s, gconstpointer data)                               \
    {                                                                                              \
        fn(s, true);                                                                               \
    }

BOTH_WAYS(in_data_out)
BOTH_WAYS(in_exec)
BOTH_WAYS(in_blocked_by_out_buffers)
BOTH_WAYS(in_blocked_by_in_buffers)
BOTH_WAYS(in_blocked_by_task_set)
BOTH_WAYS(ordered_in_blocked)
BOTH_WAYS(claimant_in_blocked)
BOTH_WAYS(parked_by_claim)
BOTH_WAYS(in_bs)
BOTH_WAYS(parked_in_bs)

/* ---- Waits ---- */

/* The end of one wait ends the one behind it. */
struct two_waits {
    struct cmd_wait wait; /* first; for commands[0] */
    struct cmd_wait *behind;
    struct fake_cmd *commands[2];
    struct cmd_pool *pool;
    unsigned ended;
};

static struct cmd_wait wait_for(const struct fake_cmd *c, void (*done)(struct cmd_wait *wait))
{
    const struct core_cmd *core = core_cmd(c->cmd);
    return (struct cmd_wait){.only = c->cmd->nexus,
                             .issuer = c->cmd->nexus,
                             .first = core->order,
                             .end = core->order + 1,
                             .done = done};
}

static void behind_ended(struct cmd_wait *wait)
{
    memset(wait, 0, sizeof *wait);
    g_free(wait);
}

static void first_ended(struct cmd_wait *wait)
{
    struct two_waits *w = (struct two_waits *)wait;
    const struct core_cmd *c = core_cmd(w->commands[1]->cmd);
    struct cmd_key key = {c->itl->lu, c->pub.nexus, c->order, false};
    w->ended++;
    cmd_wait_released(w->pool, &key);
}

static void begin_waits(void *data)
{
    struct two_waits *w = data;
    w->pool = thread_self()->cmds;
    w->wait = wait_for(w->commands[0], first_ended);
    w->behind = g_new(struct cmd_wait, 1);
    *w->behind = wait_for(w->commands[1], behind_ended);
    cmd_abort_all(w->pool, &w->wait);
    cmd_abort_all(w->pool, w->behind);
}

static void wait_that_ends_another(struct scene *s, gconstpointer data)
{
    struct two_waits w = {.ended = 0};
    for (unsigned i = 0; i < 2; i++) {
        w.commands[i] = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_SIMPLE);
        w.commands[i]->hold_respond = true;
        fake_submit(w.commands[i]);
        fake_wait(w.commands[i], FAKE_RESPOND);
    }
    fake_call(fake_thread(s->fake, 0), begin_waits, &w);
    for (unsigned i = 0; i < 2; i++) {
        fake_respond(w.commands[i]);
        fake_wait(w.commands[i], FAKE_RELEASED);
        fake_cmd_free(w.commands[i]);
    }
    g_assert_cmpuint(w.ended, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn)                                                                                \
    SCENE_TEST_WITH("/cmd-abort/" path "/abort-task", &small, fn##_abort_task);                    \
    SCENE_TEST_WITH("/cmd-abort/" path "/nexus-loss", &small, fn##_nexus_loss)
    T("data-out", in_data_out);
    T("exec", in_exec);
    T("blocked-by-out-buffers", in_blocked_by_out_buffers);
    T("blocked-by-in-buffers", in_blocked_by_in_buffers);
    T("blocked-by-task-set", in_blocked_by_task_set);
    T("ordered-in-blocked", ordered_in_blocked);
    T("claimant-in-blocked", claimant_in_blocked);
    T("parked-by-claim", parked_by_claim);
    T("bs", in_bs);
    T("bs-parked", parked_in_bs);
    SCENE_TEST("/cmd-abort/data-out/must-be-swallowed", in_data_out_that_must_be_swallowed);
    SCENE_TEST("/cmd-abort/respond/abort-task", in_respond);
    SCENE_TEST("/cmd-abort/respond/nexus-loss", in_respond_with_loss);
    SCENE_TEST("/cmd-abort/unknown-task", unknown_task);
    SCENE_TEST("/cmd-abort/task-of-another-lun", task_of_another_lun);
    SCENE_TEST("/cmd-abort/twice", twice);
    SCENE_TEST("/cmd-abort/wait-that-ends-another", wait_that_ends_another);
    return g_test_run();
}
