/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers of a command: getting them at once or later, parameter data in and out, scratch memory,
 * giving all back. */
#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "cmd-pool.h"
#include "cmd.h"
#include "nexus.h"
#include "thread.h"

static struct core_cmd *cmd_of_wait(struct buffer_wait *wait)
{
    return (struct core_cmd *)((char *)wait - G_STRUCT_OFFSET(struct core_cmd, wait));
}

static struct buffer_pool *buffers_of(const struct core_cmd *c)
{
    return c->pub.thread->buffers;
}

static int take(struct core_cmd *c, enum buffer_use use, size_t len, struct iovec *iov,
                unsigned max, struct buffer_wait *wait)
{
    return buffer_get(buffers_of(c), &c->pub.nexus->buffers, use, len, iov, max, wait);
}

static void put(struct core_cmd *c, const struct iovec *iov, unsigned count)
{
    buffer_put(buffers_of(c), &c->pub.nexus->buffers, iov, count);
}

static void block(struct core_cmd *c)
{
    c->waits = CMD_WAITS_BUFFERS;
    c->stale = true;
    if (c->state != TGT_CMD_BLOCKED)
        cmd_state(&c->pub, TGT_CMD_BLOCKED);
}

/* ---- Getting ---- */

static void keep(struct core_cmd *c, enum buffer_use use, unsigned count)
{
    if (use == BUFFER_OUT) {
        c->out_chunks = count;
        c->in_iov = c->out_iov + count;
        c->pub.out.iov = c->out_iov;
        c->pub.out.iovcnt = count;
    } else if (use == BUFFER_IN) {
        c->in_chunks = count;
        c->pub.in = (struct tgt_data){c->in_iov, count, 0};
    }
}

static void ready(struct buffer_wait *wait, unsigned count)
{
    struct core_cmd *c = cmd_of_wait(wait);
    c->waits = CMD_WAITS_NOTHING;
    keep(c, wait->use, count);
    c->resume(c);
}

/* True: they are there. False: c->resume will be called, or the command has ended. */
static bool get(struct core_cmd *c, enum buffer_use use, size_t len, struct iovec *iov,
                unsigned max)
{
    c->wait.ready = ready;
    int n = take(c, use, len, iov, max, &c->wait);
    if (n >= 0)
        keep(c, use, (unsigned)n);
    else if (n == -EAGAIN)
        block(c);
    else
        cmd_sense(&c->pub, TGT_SENSE_INSUFFICIENT_RESOURCES);
    return n >= 0;
}

bool cmd_out_buffers(struct core_cmd *c, void (*resume)(struct core_cmd *c))
{
    c->resume = resume;
    return get(c, BUFFER_OUT, c->pub.out.len, c->out_iov, CMD_IOV_MAX);
}

static void in_put_back(struct core_cmd *c)
{
    put(c, c->in_iov, c->in_chunks);
    c->in_chunks = 0;
    c->pub.in = (struct tgt_data){0};
}

/* Whole chunks: what is put there later may be more than `len`. */
bool cmd_in_reserve(struct core_cmd *c, uint32_t len, void (*resume)(struct core_cmd *c))
{
    size_t size = len <= BUFFER_SMALL ? BUFFER_SMALL
                                      : ((size_t)len + BUFFER_LARGE - 1) & ~(BUFFER_LARGE - 1ul);
    c->resume = resume;
    return get(c, BUFFER_IN, MIN(size, buffer_pool_most(buffers_of(c))), c->in_iov, cmd_in_room(c));
}

bool cmd_scratch_reserve(struct core_cmd *c, void (*resume)(struct core_cmd *c))
{
    c->resume = resume;
    return get(c, BUFFER_SCRATCH, BUFFER_LARGE, &c->scratch, 1);
}

/* The handler goes on with its buffers. */
static void in_resume(struct core_cmd *c)
{
    cmd_state(&c->pub, TGT_CMD_EXEC);
    c->then(&c->pub);
}

void cmd_in_buffers(struct tgt_cmd *cmd, uint32_t len, void (*then)(struct tgt_cmd *cmd))
{
    struct core_cmd *c = core_cmd(cmd);
    if (c->in_chunks > 0)
        in_put_back(c);
    if (cmd->aborted) {
        cmd_finish_aborted(c);
        return;
    }
    c->resume = in_resume;
    c->then = then;
    if (get(c, BUFFER_IN, len, c->in_iov, cmd_in_room(c)))
        then(cmd);
}

/* ---- Parameter data ---- */

static uint64_t in_limit(const struct tgt_cmd *cmd)
{
    bool allocation = cmd->row != NULL && cmd->row->unit == TGT_LEN_ALLOCATION;
    return allocation && cmd->count < CMD_TRANSFER_MAX ? cmd->count : CMD_TRANSFER_MAX;
}

static uint64_t in_capacity(const struct core_cmd *c)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < c->in_chunks; i++)
        sum += c->in_iov[i].iov_len;
    return sum;
}

/* Room for `len` bytes; beyond what was reserved, only what is free right now. */
static bool in_grow(struct core_cmd *c, uint64_t len)
{
    uint64_t have = in_capacity(c);
    if (len <= have)
        return true;
    uint64_t more = (len - have + BUFFER_SMALL - 1) / BUFFER_SMALL * BUFFER_SMALL;
    int n = take(c, BUFFER_IN, more, c->in_iov + c->in_chunks, cmd_in_room(c) - c->in_chunks, NULL);
    if (n < 0)
        return false;
    c->in_chunks += (uint32_t)n;
    c->pub.in.iov = c->in_iov;
    c->pub.in.iovcnt = c->in_chunks;
    return true;
}

static void scatter(const struct core_cmd *c, size_t at, const uint8_t *src, size_t len)
{
    for (uint32_t i = 0; i < c->in_chunks && len > 0; i++) {
        const struct iovec *v = &c->in_iov[i];
        if (at >= v->iov_len) {
            at -= v->iov_len;
            continue;
        }
        size_t n = MIN(v->iov_len - at, len);
        memcpy((uint8_t *)v->iov_base + at, src, n);
        src += n;
        len -= n;
        at = 0;
    }
}

int cmd_in_put(struct tgt_cmd *cmd, const void *data, size_t len)
{
    struct core_cmd *c = core_cmd(cmd);
    uint64_t room = in_limit(cmd) - MIN(cmd->in.len, in_limit(cmd)), n = MIN(len, room);
    if (n == 0)
        return 0;
    if (!in_grow(c, cmd->in.len + n))
        return -ENOMEM;
    scatter(c, cmd->in.len, data, n);
    cmd->in.len += (uint32_t)n;
    return 0;
}

void cmd_reply(struct tgt_cmd *cmd, const void *data, size_t len)
{
    if (cmd_in_put(cmd, data, len) == 0) {
        cmd_good(cmd);
        return;
    }
    cmd->in.len = 0;
    cmd_status(cmd, TGT_STATUS_BUSY);
}

size_t cmd_out_get(const struct tgt_cmd *cmd, size_t offset, void *dst, size_t len)
{
    size_t done = 0;
    len = offset < cmd->out.len ? MIN(len, cmd->out.len - offset) : 0;
    for (uint32_t i = 0; i < cmd->out.iovcnt && done < len; i++) {
        const struct iovec *v = &cmd->out.iov[i];
        if (offset >= v->iov_len) {
            offset -= v->iov_len;
            continue;
        }
        size_t n = MIN(v->iov_len - offset, len - done);
        memcpy((uint8_t *)dst + done, (const uint8_t *)v->iov_base + offset, n);
        done += n;
        offset = 0;
    }
    return done;
}

/* ---- Scratch ---- */

/* Where the row did not ask for it, only what is free right now. */
void *cmd_scratch(struct tgt_cmd *cmd, size_t len)
{
    struct core_cmd *c = core_cmd(cmd);
    if (c->scratch.iov_base != NULL)
        return len <= c->scratch.iov_len ? c->scratch.iov_base : NULL;
    size_t size = len <= BUFFER_SMALL ? BUFFER_SMALL : BUFFER_LARGE;
    if (len > size || take(c, BUFFER_SCRATCH, size, &c->scratch, 1, NULL) != 1)
        return NULL;
    return c->scratch.iov_base;
}

void cmd_scratch_put(struct core_cmd *c)
{
    put(c, &c->scratch, 1);
    c->scratch = (struct iovec){0};
}

/* ---- The end ---- */

void cmd_buffers_cancel(struct core_cmd *c)
{
    if (c->waits == CMD_WAITS_BUFFERS)
        buffer_wait_cancel(buffers_of(c), &c->wait);
    c->waits = CMD_WAITS_NOTHING;
}

void cmd_buffers_put(struct core_cmd *c)
{
    if (c->out_chunks > 0)
        put(c, c->out_iov, c->out_chunks);
    c->out_chunks = 0;
    if (c->in_chunks > 0)
        in_put_back(c);
}
