/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transport's callbacks and the commands of the test; fake-daemon.c has daemon, target, LUs and
 * nexuses. */
#include "fake-transport.h"

#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "fake-private.h"
#include "thread.h"

#define DEADLINE_US (20 * G_USEC_PER_SEC * fake_slowness())

/* ---- Waiting of the test's thread ---- */

gint64 fake_slowness(void)
{
    const char *slow = g_getenv("TGT_TEST_SLOW");
    return slow ? MAX(1, g_ascii_strtoll(slow, NULL, 10)) : 1;
}

static void mark(struct fake *f, unsigned *events, unsigned event)
{
    g_mutex_lock(&f->lock);
    *events |= event;
    g_cond_broadcast(&f->cond);
    g_mutex_unlock(&f->lock);
}

/* Caller holds the lock. */
static void wait_for(struct fake *f, const unsigned *events, unsigned wanted, const char *what,
                     unsigned number)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
    while ((*events & wanted) != wanted)
        if (!g_cond_wait_until(&f->cond, &f->lock, deadline))
            g_error("%s %#x: waited too long for events %#x, there are %#x", what, number, wanted,
                    *events);
}

void fake_wait(struct fake_cmd *c, unsigned events)
{
    struct fake *f = c->nexus->fake;
    g_mutex_lock(&f->lock);
    wait_for(f, &c->events, events, "command", c->cdb[0]);
    g_mutex_unlock(&f->lock);
}

bool fake_happened(struct fake_cmd *c, unsigned events)
{
    struct fake *f = c->nexus->fake;
    g_mutex_lock(&f->lock);
    bool yes = (c->events & events) == events;
    g_mutex_unlock(&f->lock);
    return yes;
}

struct call {
    struct tgt_msg msg;
    void (*fn)(void *data);
    void *data;
    GMutex lock;
    GCond cond;
    bool over;
};

static void call_run(struct tgt_msg *msg)
{
    struct call *call = (struct call *)msg;
    call->fn(call->data);
    g_mutex_lock(&call->lock);
    call->over = true;
    g_cond_signal(&call->cond);
    g_mutex_unlock(&call->lock);
}

void fake_call(struct tgt_thread *thread, void (*fn)(void *data), void *data)
{
    struct call call = {.msg.fn = call_run, .fn = fn, .data = data};
    g_mutex_init(&call.lock);
    g_cond_init(&call.cond);
    thread_post(thread, &call.msg);
    g_mutex_lock(&call.lock);
    while (!call.over)
        g_cond_wait(&call.cond, &call.lock);
    g_mutex_unlock(&call.lock);
    g_mutex_clear(&call.lock);
    g_cond_clear(&call.cond);
}

/* ---- The transport's side, on the I/O thread ---- */

static struct fake_cmd *fake_of(const struct tgt_cmd *cmd)
{
    return *(struct fake_cmd *const *)cmd->transport_priv;
}

static void fill_out(struct fake_cmd *c)
{
    struct tgt_data *out = &c->cmd->out;
    size_t done = 0, len = MIN(out->len, c->out_len);
    for (uint32_t i = 0; i < out->iovcnt && done < len; i++) {
        size_t n = MIN(out->iov[i].iov_len, len - done);
        memcpy(out->iov[i].iov_base, (const char *)c->out + done, n);
        done += n;
    }
    g_assert_cmpuint(done, ==, len);
}

static void data_out(struct tgt_cmd *cmd)
{
    struct fake_cmd *c = fake_of(cmd);
    g_assert_cmpuint(cmd->out.len, >, 0);
    g_assert_cmpuint(cmd->out.len, <=, c->out_len);
    g_assert(thread_self() == cmd->thread);
    mark(c->nexus->fake, &c->events, FAKE_DATA_OUT);
    if (c->hold_data)
        return;
    fill_out(c);
    cmd_data_ready(cmd, 0);
}

static void take_in(struct fake_cmd *c)
{
    const struct tgt_data *in = &c->cmd->in;
    size_t len = MIN(in->len, c->in_len), done = 0;
    c->in_full = in->len;
    c->in_got = (uint32_t)len;
    c->in = g_malloc(len + 1);
    for (uint32_t i = 0; i < in->iovcnt && done < len; i++) {
        size_t n = MIN(in->iov[i].iov_len, len - done);
        memcpy(c->in + done, in->iov[i].iov_base, n);
        done += n;
    }
    g_assert_cmpuint(done, ==, len);
}

static void take_result(struct fake_cmd *c)
{
    const struct tgt_cmd *cmd = c->cmd;
    c->aborted = cmd->aborted;
    c->status = cmd->status;
    c->sense_len = cmd->status == TGT_STATUS_CHECK_CONDITION ? cmd->sense_len : 0;
    memcpy(c->sense, cmd->sense, c->sense_len);
    c->residual_out = cmd->residual_out;
    c->residual_in = cmd->residual_in;
    c->out_asked = cmd->out.len;
    if (!cmd->aborted)
        take_in(c);
}

static void release(struct fake_cmd *c)
{
    struct fake *f = c->nexus->fake;
    struct tgt_cmd *cmd = c->cmd;
    c->cmd = NULL;
    cmd_release(cmd);
    mark(f, &c->events, FAKE_RELEASED);
}

static void respond(struct tgt_cmd *cmd)
{
    struct fake_cmd *c = fake_of(cmd);
    struct fake *f = c->nexus->fake;
    g_assert(thread_self() == cmd->thread);
    g_assert(!(c->events & FAKE_RESPOND));
    take_result(c);
    bool hold = c->hold_respond;
    g_mutex_lock(&f->lock);
    c->number = ++f->responses;
    g_mutex_unlock(&f->lock);
    mark(f, &c->events, FAKE_RESPOND);
    if (!hold)
        release(c);
}

static void abort_data(struct tgt_cmd *cmd)
{
    struct fake_cmd *c = fake_of(cmd);
    g_assert(cmd->aborted);
    bool ignore = c->ignore_abort;
    mark(c->nexus->fake, &c->events, FAKE_ABORT);
    if (!ignore)
        cmd_data_ready(cmd, -ECANCELED);
}

static void nexus_close_asked(struct tgt_nexus *nexus, enum tgt_close_reason reason)
{
    struct fake_nexus *n = nexus->priv;
    g_mutex_lock(&n->fake->lock);
    n->close_asked++;
    n->reason = reason;
    g_cond_broadcast(&n->fake->cond);
    g_mutex_unlock(&n->fake->lock);
    if (reason != TGT_CLOSE_RESET)
        fake_nexus_close_here(n);
}

void fake_transport_ops(struct tgt_transport_ops *ops)
{
    *ops = (struct tgt_transport_ops){
        .struct_size = sizeof *ops,
        .cmd_priv_size = sizeof(struct fake_cmd *),
        .data_out = data_out,
        .respond = respond,
        .abort = abort_data,
        .nexus_close = nexus_close_asked,
    };
}

/* ---- Commands ---- */

struct fake_cmd *fake_cmd_new(struct fake_nexus *n, uint16_t lun, const void *cdb, unsigned cdb_len)
{
    struct fake_cmd *c = g_new0(struct fake_cmd, 1);
    c->nexus = n;
    lun_encode(lun, c->lun);
    memcpy(c->cdb, cdb, cdb_len);
    c->cdb_len = (uint16_t)MAX(cdb_len, 16u);
    return c;
}

void fake_cmd_free(struct fake_cmd *c)
{
    if (c == NULL)
        return;
    g_assert(c->events == 0 || c->events & FAKE_RELEASED);
    g_free(c->in);
    g_free(c);
}

static void submit(struct tgt_msg *msg)
{
    struct fake_cmd *c = (struct fake_cmd *)((char *)msg - G_STRUCT_OFFSET(struct fake_cmd, msg));
    struct fake *f = c->nexus->fake;
    struct tgt_cmd *cmd = c->nexus->core ? cmd_new(c->nexus->core) : NULL;
    if (cmd == NULL) {
        c->refused = true;
        mark(f, &c->events, FAKE_SUBMITTED | FAKE_RESPOND | FAKE_RELEASED);
        return;
    }
    c->cmd = cmd;
    *(struct fake_cmd **)cmd->transport_priv = c;
    cmd->tag = c->tag;
    memcpy(cmd->lun, c->lun, sizeof cmd->lun);
    cmd->attr = c->attr;
    cmd->cdb_len = c->cdb_len;
    memcpy(cmd->cdb, c->cdb, c->cdb_len);
    cmd->expected_out = c->out_len;
    cmd->expected_in = c->in_len;
    mark(f, &c->events, FAKE_SUBMITTED);
    cmd_submit(cmd); /* the test may have freed `c` after this */
}

void fake_submit(struct fake_cmd *c)
{
    if (c->tag == 0)
        c->tag = ++c->nexus->fake->tags;
    c->msg.fn = submit;
    thread_post(c->nexus->thread, &c->msg);
}

struct data {
    struct fake_cmd *c;
    int result;
};

static void data_here(void *arg)
{
    struct data *data = arg;
    if (data->result == 0)
        fill_out(data->c);
    cmd_data_ready(data->c->cmd, data->result);
}

void fake_data(struct fake_cmd *c, int result)
{
    struct data data = {c, result};
    fake_wait(c, FAKE_DATA_OUT);
    fake_call(c->nexus->thread, data_here, &data);
}

static void release_here(void *arg)
{
    release(arg);
}

void fake_respond(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RESPOND);
    fake_call(c->nexus->thread, release_here, c);
}

struct look {
    struct fake_cmd *c;
    int state;
    bool aborted;
};

static void look_here(void *arg)
{
    struct look *look = arg;
    look->state = look->c->cmd ? core_cmd(look->c->cmd)->state : -1;
    look->aborted = look->c->cmd && look->c->cmd->aborted;
}

static int state_of(struct fake_cmd *c)
{
    struct look look = {.c = c};
    fake_call(c->nexus->thread, look_here, &look);
    return look.state;
}

enum tgt_cmd_state fake_state(struct fake_cmd *c)
{
    int state = state_of(c);
    g_assert_cmpint(state, >=, 0);
    return (enum tgt_cmd_state)state;
}

void fake_wait_state(struct fake_cmd *c, enum tgt_cmd_state state)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
    int now;
    while ((now = state_of(c)) != (int)state) {
        if (now < 0 || g_get_monotonic_time() > deadline)
            g_error("command does not reach state %s but is %s", cmd_state_name(state),
                    now < 0 ? "released" : cmd_state_name((enum tgt_cmd_state)now));
        g_usleep(200);
    }
}

void fake_wait_aborted(struct fake_cmd *c)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
    struct look look = {.c = c};
    for (fake_call(c->nexus->thread, look_here, &look); !look.aborted;
         fake_call(c->nexus->thread, look_here, &look)) {
        if (look.state < 0 || g_get_monotonic_time() > deadline)
            g_error("command is not aborted but %s", look.state < 0 ? "released" : "stays");
        g_usleep(200);
    }
}

struct fake_cmd *fake_run(struct fake_nexus *n, uint16_t lun, const void *cdb, unsigned cdb_len,
                          const void *out, uint32_t out_len, uint32_t in_len)
{
    struct fake_cmd *c = fake_cmd_new(n, lun, cdb, cdb_len);
    c->out = out;
    c->out_len = out_len;
    c->in_len = in_len;
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    return c;
}

enum tgt_sense fake_sense(const struct fake_cmd *c)
{
    g_assert_cmpint(c->status, ==, TGT_STATUS_CHECK_CONDITION);
    bool descriptor = (c->sense[0] & 0x7f) >= 0x72;
    unsigned key = c->sense[descriptor ? 1 : 2] & 0xf, at = descriptor ? 2 : 12;
    return (enum tgt_sense)(key << 16 | (unsigned)c->sense[at] << 8 | c->sense[at + 1]);
}

void fake_expect_sense(struct fake_cmd *c, enum tgt_sense sense)
{
    if (c->status != TGT_STATUS_CHECK_CONDITION)
        g_error("status %#x where %s was expected", c->status, sense_name(sense));
    g_assert_cmpstr(sense_name(fake_sense(c)), ==, sense_name(sense));
}

void fake_expect_good(struct fake_cmd *c)
{
    if (c->status == TGT_STATUS_CHECK_CONDITION)
        g_error("%s where GOOD was expected", sense_name(fake_sense(c)));
    g_assert_cmpint(c->status, ==, TGT_STATUS_GOOD);
    g_assert(!c->aborted && !c->refused);
}

void fake_clear_attention(struct fake_nexus *n, uint16_t lun)
{
    static const uint8_t test_unit_ready[6];
    bool pending = true;
    while (pending) {
        struct fake_cmd *c = fake_run(n, lun, test_unit_ready, sizeof test_unit_ready, NULL, 0, 0);
        pending = c->status == TGT_STATUS_CHECK_CONDITION &&
                  TGT_SENSE_GET_KEY(fake_sense(c)) == TGT_KEY_UNIT_ATTENTION;
        fake_cmd_free(c);
    }
}

/* ---- Task management ---- */

struct fake_tmf {
    struct tgt_tmf tmf;
    struct fake_nexus *nexus;
    struct tgt_msg msg;
    unsigned events;
    unsigned number;
};

static void tmf_done(struct tgt_tmf *tmf)
{
    struct fake_tmf *t = (struct fake_tmf *)tmf;
    struct fake *f = t->nexus->fake;
    g_mutex_lock(&f->lock);
    t->number = ++f->responses;
    g_mutex_unlock(&f->lock);
    mark(f, &t->events, FAKE_RESPOND);
}

static void tmf_send(struct tgt_msg *msg)
{
    struct fake_tmf *t = (struct fake_tmf *)((char *)msg - G_STRUCT_OFFSET(struct fake_tmf, msg));
    t->tmf.nexus = t->nexus->core;
    tmf_submit(&t->tmf);
}

struct fake_tmf *fake_tmf_start(struct fake_nexus *n, enum tgt_tmf_function function, uint16_t lun,
                                uint64_t ref_tag)
{
    struct fake_tmf *t = g_new0(struct fake_tmf, 1);
    t->nexus = n;
    t->tmf.function = (uint8_t)function;
    t->tmf.ref_tag = ref_tag;
    t->tmf.done = tmf_done;
    lun_encode(lun, t->tmf.lun);
    t->msg.fn = tmf_send;
    thread_post(n->thread, &t->msg);
    return t;
}

bool fake_tmf_done(struct fake_tmf *t)
{
    struct fake *f = t->nexus->fake;
    g_mutex_lock(&f->lock);
    bool done = t->events != 0;
    g_mutex_unlock(&f->lock);
    return done;
}

enum tgt_tmf_response fake_tmf_finish(struct fake_tmf *t, unsigned *number)
{
    struct fake *f = t->nexus->fake;
    g_mutex_lock(&f->lock);
    wait_for(f, &t->events, FAKE_RESPOND, "task management function", t->tmf.function);
    g_mutex_unlock(&f->lock);
    enum tgt_tmf_response response = (enum tgt_tmf_response)t->tmf.response;
    if (number != NULL)
        *number = t->number;
    g_free(t);
    return response;
}

enum tgt_tmf_response fake_tmf(struct fake_nexus *n, enum tgt_tmf_function function, uint16_t lun,
                               uint64_t ref_tag)
{
    return fake_tmf_finish(fake_tmf_start(n, function, lun, ref_tag), NULL);
}
