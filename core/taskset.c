/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gate 1 of a LU: task attributes.
 *
 * On its own thread an ORDERED task is a barrier from its arrival on; the other threads learn of it
 * by its claim. What arrived before a barrier must have ended before the ORDERED task runs, what
 * arrives after waits. HEAD OF QUEUE passes everything here and holds up what arrives after it on
 * its thread: tasks that other threads receive at the same time have no order with it. Data-Out is
 * asked for before the gate: a transport that could not take the data of a waiting command would
 * have to stop its connection, and with it the data of those that are waited for.
 */
#include "taskset.h"

#include "claim.h"
#include "cmd-pool.h"
#include "lu-share.h"
#include "lu.h"
#include "thread.h"

/* Commands that report are always answered at once, unless they want an order themselves. */
static bool is_exempt(const struct core_cmd *c)
{
    return (c->pub.row->flags & TGT_OP_KEEPS_UA) && c->pub.attr == TGT_TASK_SIMPLE;
}

static bool is_head(const struct core_cmd *c)
{
    return c->in_task_set && c->pub.attr == TGT_TASK_HEAD_OF_QUEUE;
}

void taskset_admit(struct core_cmd *c)
{
    if (is_exempt(c))
        return;
    c->in_task_set = true;
    if (c->pub.attr == TGT_TASK_HEAD_OF_QUEUE)
        c->share->heads++;
    else if (c->pub.attr == TGT_TASK_ORDERED)
        claim_request(c, CLAIM_BARRIER);
}

/* ---- The gate ---- */

static bool is_behind_head(const struct core_cmd *c)
{
    if (c->share->heads == 0)
        return false;
    for (const GList *l = c->share->cmds.head; l != NULL; l = l->next) {
        const struct core_cmd *other = l->data;
        if (other->order >= c->order)
            return false;
        if (is_head(other))
            return true;
    }
    return false;
}

/* Stamps ascend along the list. */
static bool is_behind_barrier(const struct core_cmd *c)
{
    const GList *first = c->share->barriers.head;
    return first != NULL && ((const struct claim_slot *)first->data)->stamp <= c->order;
}

static bool must_wait(const struct core_cmd *c)
{
    return is_behind_barrier(c) || is_behind_head(c);
}

bool taskset_pass(struct core_cmd *c)
{
    if (c->barrier != NULL) {
        c->gate = GATE_TASKS;
        return c->barrier->granted;
    }
    if (!c->in_task_set || is_head(c) || !must_wait(c))
        return true;
    c->gate = GATE_TASKS;
    g_queue_push_tail_link(&c->share->waiting, &c->park);
    return false;
}

void taskset_wake(struct lu_share *share)
{
    for (GList *l = share->waiting.head; l != NULL;) {
        struct core_cmd *c = l->data;
        l = l->next;
        if (must_wait(c))
            continue;
        g_queue_unlink(&share->waiting, &c->park);
        lu_share_ready(c, GATE_PASSED);
    }
}

/* Before its data has come it is not at the gate yet. */
void taskset_granted(struct core_cmd *c)
{
    if (c->gate == GATE_TASKS)
        lu_share_ready(c, GATE_PASSED);
}

/* ---- Barriers ---- */

static unsigned count_older(const struct lu_share *share, uint64_t stamp)
{
    unsigned n = 0;
    for (const GList *l = share->cmds.head; l != NULL; l = l->next) {
        const struct core_cmd *c = l->data;
        if (c->order >= stamp)
            break;
        n += c->in_task_set;
    }
    return n;
}

static GList *first_unpublished(const struct lu_share *share)
{
    GList *l = share->barriers.head;
    while (l != NULL && ((struct claim_slot *)l->data)->published)
        l = l->next;
    return l;
}

/* A foreign barrier stands before own ones that are not published yet: it was first in line at
 * home. It shares their stamp, so that what is behind them on this thread is behind it, too. */
static void insert_foreign(struct lu_share *share, struct claim_slot *slot)
{
    GList *own = first_unpublished(share);
    slot->stamp =
        own ? ((struct claim_slot *)own->data)->stamp : cmd_pool_of(share->thread)->sequence + 1;
    if (own != NULL)
        g_queue_insert_before_link(&share->barriers, own, &slot->node);
    else
        g_queue_push_tail_link(&share->barriers, &slot->node);
}

void taskset_announce(struct lu_share *share, struct claim_slot *slot, uint64_t order)
{
    slot->stamp = order;
    slot->listed = true;
    g_queue_push_tail_link(&share->barriers, &slot->node);
}

void taskset_publish(struct lu_share *share, struct claim_slot *slot)
{
    if (!slot->listed)
        insert_foreign(share, slot);
    slot->listed = true;
    slot->waits = count_older(share, slot->stamp);
}

static void tell_barriers(const struct core_cmd *c)
{
    for (GList *l = c->share->barriers.head; l != NULL;) {
        struct claim_slot *slot = l->data;
        l = l->next;
        if (slot->published && c->order < slot->stamp)
            claim_slot_ended_one(slot);
    }
}

void taskset_end(struct core_cmd *c)
{
    if (!c->in_task_set)
        return;
    bool head = is_head(c);
    c->in_task_set = false;
    tell_barriers(c);
    if (head) {
        c->share->heads--;
        taskset_wake(c->share);
    }
    if (c->barrier != NULL)
        claim_release(c->barrier);
    c->barrier = NULL;
}
