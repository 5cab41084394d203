/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread's share of a LU: the course of a command through its gates, and the list of those that
 * may go on. */
#include "lu-share.h"

#include "cache-line.h"
#include "claim.h"
#include "cmd-pool.h"
#include "lu.h"
#include "taskset.h"
#include "thread.h"

/* ---- Shares ---- */

static void run_ready(struct tgt_defer *defer);

struct lu_share *lu_share_find(struct tgt_thread *thread, const struct core_lu *lu)
{
    return thread->lus ? g_hash_table_lookup(thread->lus, lu) : NULL;
}

struct lu_share *lu_share_get(struct tgt_thread *thread, struct core_lu *lu)
{
    struct lu_share *share = lu_share_find(thread, lu);
    if (share != NULL)
        return share;
    if (thread->lus == NULL)
        thread->lus = g_hash_table_new(NULL, NULL);
    share = cache_line_alloc0(sizeof(struct lu_share));
    share->lu = lu;
    share->thread = thread;
    share->defer.fn = run_ready;
    g_hash_table_insert(thread->lus, lu, share);
    return share;
}

void lu_share_free(struct lu_share *share)
{
    g_hash_table_remove(share->thread->lus, share->lu);
    share->dead = true;
    if (!share->defer.pending)
        g_aligned_free(share);
}

/* ---- Commands that may go on ---- */

static void go_on(struct core_cmd *c)
{
    if (c->gate == GATE_PASSED && !claim_pass(c))
        return;
    c->gate = GATE_RUNNING;
    cmd_run(c);
}

static void run_ready(struct tgt_defer *defer)
{
    struct lu_share *share =
        (struct lu_share *)((char *)defer - G_STRUCT_OFFSET(struct lu_share, defer));
    GList *link;
    while ((link = g_queue_pop_head_link(&share->ready)) != NULL)
        go_on(link->data);
    if (share->dead)
        g_aligned_free(share);
}

void lu_share_ready(struct core_cmd *c, enum gate_phase phase)
{
    c->gate = (uint8_t)phase;
    g_queue_push_tail_link(&c->share->ready, &c->park);
    thread_defer(c->share->thread, &c->share->defer);
}

/* ---- The course of a command ---- */

void lu_share_add(struct core_cmd *c)
{
    c->share = c->itl->share;
    g_queue_push_tail_link(&c->share->cmds, &c->share_node);
}

bool lu_share_enter(struct core_cmd *c)
{
    return taskset_pass(c) && claim_pass(c);
}

/* A barrier's own command waits in no queue. */
static void leave_queue(struct core_cmd *c)
{
    if (c->gate == GATE_TASKS && c->barrier == NULL)
        g_queue_unlink(&c->share->waiting, &c->park);
    else if (c->gate == GATE_CLAIMS)
        g_queue_unlink(&c->share->parked, &c->park);
    else if (c->gate == GATE_PASSED || c->gate == GATE_READY)
        g_queue_unlink(&c->share->ready, &c->park);
}

static void leave_claims(struct core_cmd *c, enum gate_phase next)
{
    unsigned phase = c->gate;
    c->gate = (uint8_t)next;
    if (next == GATE_ENDED)
        claim_end(c, phase);
}

void lu_share_end(struct core_cmd *c)
{
    if (c->share == NULL || c->gate >= GATE_LENT)
        return;
    bool lent = c->bs.state == BS_LENT;
    leave_queue(c);
    leave_claims(c, lent ? GATE_LENT : GATE_ENDED);
    if (!lent)
        taskset_end(c);
}

void lu_share_remove(struct core_cmd *c)
{
    if (c->share == NULL)
        return;
    if (c->gate == GATE_LENT) {
        leave_claims(c, GATE_ENDED);
        taskset_end(c);
    }
    g_queue_unlink(&c->share->cmds, &c->share_node);
}

/* ---- The home's side ---- */

struct lu_gate *gate_new(struct core_lu *lu)
{
    struct lu_gate *gate = g_new0(struct lu_gate, 1);
    gate->lu = lu;
    return gate;
}

void gate_free(struct lu_gate *gate)
{
    g_free(gate);
}
