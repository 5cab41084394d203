/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The course of a command: from the transport through checks, buffers, Data-Out and the gates of
 * its LU to the handler, and its release. */
#include "cmd.h"

#include <string.h>

#include "cmd-pool.h"
#include "log.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "plugin.h"
#include "taskset.h"
#include "thread.h"

static const char *const state_names[] = {
#define X(name, owner) #name,
    TGT_CMD_STATE_LIST(X)
#undef X
};

/* A nexus gets as many commands even when its thread has very many: the end of one is what makes a
 * transport try again. */
#define NEXUS_CMDS_FEW 8

#define TO(name) (1u << TGT_CMD_##name)

/* Where each state may lead. RESPOND, and NEW that is not submitted, end in cmd_release(). */
static const uint8_t transitions[] = {
    [TGT_CMD_NEW] = TO(CHECK),
    [TGT_CMD_CHECK] = TO(BLOCKED) | TO(DATA_OUT) | TO(EXEC) | TO(RESPOND),
    [TGT_CMD_BLOCKED] = TO(DATA_OUT) | TO(EXEC) | TO(RESPOND),
    [TGT_CMD_DATA_OUT] = TO(BLOCKED) | TO(EXEC) | TO(RESPOND),
    [TGT_CMD_EXEC] = TO(BLOCKED) | TO(BS) | TO(RESPOND),
    [TGT_CMD_BS] = TO(EXEC),
    [TGT_CMD_RESPOND] = 0,
};

const char *cmd_state_name(enum tgt_cmd_state state)
{
    return (unsigned)state < G_N_ELEMENTS(state_names) ? state_names[state] : "?";
}

void cmd_state(struct tgt_cmd *cmd, enum tgt_cmd_state state)
{
    struct core_cmd *c = core_cmd(cmd);
    if (G_UNLIKELY(!(transitions[c->state] & 1u << state)))
        g_error("command in state %s cannot go to %s", cmd_state_name(c->state),
                cmd_state_name(state));
    if (G_UNLIKELY(log_get_level() >= TGT_LOG_DEBUG))
        log_debug("session %" G_GUINT64_FORMAT " tag %" G_GUINT64_FORMAT " %s: %s -> %s",
                  cmd->nexus->id, cmd->tag, cmd->row ? cmd->row->name : "?",
                  cmd_state_name(c->state), cmd_state_name(state));
    c->state = state;
}

struct tgt_cmd *cmd_new(struct tgt_nexus *nexus)
{
    bool some = nexus->cmd_count >= NEXUS_CMDS_FEW;
    struct core_cmd *c = NULL;
    if (!nexus->closing && nexus->cmd_count < nexus->cmd_max)
        c = cmd_pool_get(nexus->thread, nexus, some);
    if (c == NULL)
        return NULL;
    g_queue_push_tail_link(&nexus->cmds, &c->node);
    nexus->cmd_count++;
    latency_start(c);
    return &c->pub;
}

/* ---- From the checks to the handler ---- */

static void gates(struct core_cmd *c)
{
    if (c->share == NULL || lu_share_enter(c)) {
        cmd_run(c);
        return;
    }
    c->waits = CMD_WAITS_GATE;
    c->stale = true;
    if (c->state != TGT_CMD_BLOCKED)
        cmd_state(&c->pub, TGT_CMD_BLOCKED);
}

static void ask_for_data(struct core_cmd *c)
{
    cmd_state(&c->pub, TGT_CMD_DATA_OUT);
    c->stale = true;
    c->pub.nexus->transport->transport.data_out(&c->pub);
}

void cmd_submit(struct tgt_cmd *cmd)
{
    struct core_cmd *c = core_cmd(cmd);
    c->order = ++cmd->thread->cmds->sequence;
    latency_ready(c);
    cmd_state(cmd, TGT_CMD_CHECK);
    if (cmd->aborted)
        cmd_finish_aborted(c);
    else if (!cmd_check(c))
        return;
    else if (cmd->out.len == 0)
        gates(c);
    else if (cmd_out_buffers(c, ask_for_data))
        ask_for_data(c);
}

void cmd_data_ready(struct tgt_cmd *cmd, int result)
{
    struct core_cmd *c = core_cmd(cmd);
    g_assert(c->state == TGT_CMD_DATA_OUT);
    latency_ready(c);
    if (cmd->aborted)
        cmd_finish_aborted(c);
    else if (result < 0)
        cmd_sense(cmd, TGT_SENSE_DATA_PHASE_ERROR);
    else
        gates(c);
}

static void exec(struct core_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    cmd_state(cmd, TGT_CMD_EXEC);
    if (c->itl != NULL)
        memset(cmd->device_priv, 0, c->itl->lu->device->cmd_priv_size);
    cmd->row->exec(cmd);
}

/* More than all that the core has to say: 16384 LUNs of 8 bytes. */
#define PARAMETER_DATA_MAX (3 * BUFFER_LARGE)

/* Room for parameter data is there before the handler runs. */
static uint32_t reserve_len(const struct tgt_cmd *cmd)
{
    if (!(cmd->row->dir & TGT_DIR_IN))
        return 0;
    switch (cmd->row->unit) {
    case TGT_LEN_ALLOCATION:
        return (uint32_t)MIN(cmd->count, PARAMETER_DATA_MAX);
    case TGT_LEN_NONE:
    case TGT_LEN_PARAMETER:
        return BUFFER_SMALL;
    default:
        return 0;
    }
}

/* True: the handler has what memory it needs. False: cmd_run() will be called, or the command has
 * ended. */
static bool reserve(struct core_cmd *c)
{
    uint32_t len = reserve_len(&c->pub);
    if ((c->pub.row->flags & TGT_OP_SCRATCH) && c->scratch.iov_base == NULL &&
        !cmd_scratch_reserve(c, cmd_run))
        return false;
    return len == 0 || c->in_chunks > 0 || cmd_in_reserve(c, len, cmd_run);
}

void cmd_run(struct core_cmd *c)
{
    c->waits = CMD_WAITS_NOTHING;
    if (c->pub.aborted)
        cmd_finish_aborted(c);
    else if (reserve(c) && (!c->stale || c->itl == NULL || cmd_check_again(c)))
        exec(c);
}

/* ---- The end ---- */

void cmd_release(struct tgt_cmd *cmd)
{
    struct core_cmd *c = core_cmd(cmd);
    struct tgt_nexus *nexus = cmd->nexus;
    struct cmd_pool *pool = cmd->thread->cmds;
    struct cmd_key key = {c->itl ? c->itl->lu : NULL, nexus, c->order, cmd->aborted};
    g_assert(c->state == TGT_CMD_RESPOND || c->state == TGT_CMD_NEW);
    latency_end(c);
    cmd_buffers_put(c);
    lu_share_remove(c);
    bs_release(cmd);
    g_queue_unlink(&nexus->cmds, &c->node);
    nexus->cmd_count--;
    cmd_pool_put(c);
    if (G_UNLIKELY(nexus->closing))
        nexus_settle(nexus); /* may be gone now */
    if (G_UNLIKELY(pool->waits.head != NULL))
        cmd_wait_released(pool, &key);
}
