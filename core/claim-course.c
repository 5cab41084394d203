/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The course of a claim between its owner, the LU's home thread and all threads; claim.h tells the
 * steps. */
#include "claim.h"
#include "cmd.h"
#include "lu-share.h"
#include "lu.h"
#include "taskset.h"
#include "thread.h"

#define SLOT_OF(ptr, member)                                                                       \
    ((struct claim_slot *)((char *)(ptr)-G_STRUCT_OFFSET(struct claim_slot, member)))
#define CLAIM_OF(ptr, member)                                                                      \
    ((struct claim *)((char *)(ptr)-G_STRUCT_OFFSET(struct claim, member)))

void claim_send(struct tgt_thread *thread, struct tgt_msg *msg)
{
    if (thread == thread_self())
        msg->fn(msg);
    else
        thread_post(thread, msg);
}

static void slot_send_home(struct claim_slot *slot, void (*fn)(struct tgt_msg *msg))
{
    slot->msg.fn = fn;
    claim_send(slot->claim->lu->home, &slot->msg);
}

/* The last call may free the claim. */
static void send_to_all(struct claim *claim, void (*fn)(struct tgt_msg *msg))
{
    struct threads *threads = claim->lu->home->all;
    unsigned n = claim->count;
    for (unsigned i = 0; i < n; i++) {
        struct claim_slot *slot = &claim->slots[i];
        slot->msg.fn = fn;
        claim_send(threads_get(threads, i), &slot->msg);
    }
}

static GQueue *line_of(const struct claim *claim)
{
    return &claim->lu->gate->lines[claim->kind];
}

/* ---- Home: the end ---- */

static void gone(struct tgt_msg *msg)
{
    struct claim *claim = SLOT_OF(msg, msg)->claim;
    struct lu_gate *gate = claim->lu->gate;
    if (++claim->gone < claim->count)
        return;
    g_free(claim);
    gate->live--;
    lu_drain_look(gate);
}

/* On each thread. */
static void withdraw(struct tgt_msg *msg)
{
    struct claim_slot *slot = SLOT_OF(msg, msg);
    struct lu_share *share = lu_share_find(thread_self(), slot->claim->lu);
    bool barrier = slot->claim->kind == CLAIM_BARRIER;
    g_queue_unlink(barrier ? &share->barriers : &share->claims, &slot->node);
    if (barrier)
        taskset_wake(share);
    else
        claim_wake(share);
    slot_send_home(slot, gone);
}

/* ---- Home: the line ---- */

static bool overlap(const struct claim *a, const struct claim *b)
{
    return a->kind == CLAIM_BARRIER || (a->first < b->end && b->first < a->end);
}

static bool is_behind(const struct claim *claim)
{
    for (const GList *l = line_of(claim)->head; l->data != claim; l = l->next)
        if (overlap(l->data, claim))
            return true;
    return false;
}

static void grant(struct tgt_msg *msg);

static void look_at_line(GQueue *line)
{
    for (GList *l = line->head; l != NULL; l = l->next) {
        struct claim *claim = l->data;
        if (claim->promised || claim->acks < claim->count || is_behind(claim))
            continue;
        claim->promised = true;
        claim->grant.fn = grant;
        claim_send(claim->owner, &claim->grant);
    }
}

static void ack(struct tgt_msg *msg)
{
    struct claim *claim = SLOT_OF(msg, msg)->claim;
    if (++claim->acks < claim->count)
        return;
    if (claim->released)
        send_to_all(claim, withdraw);
    else
        look_at_line(line_of(claim));
}

/* A claim that was given up before all have acknowledged is withdrawn by the last of them. */
static void release(struct tgt_msg *msg)
{
    struct claim *claim = CLAIM_OF(msg, release);
    GQueue *line = line_of(claim);
    claim->released = true;
    g_queue_unlink(line, &claim->node);
    if (claim->acks == claim->count)
        send_to_all(claim, withdraw);
    look_at_line(line);
}

/* ---- All threads ---- */

static void acknowledge(struct claim_slot *slot)
{
    slot->acked = true;
    slot_send_home(slot, ack);
}

void claim_slot_ended_one(struct claim_slot *slot)
{
    if (--slot->waits == 0)
        acknowledge(slot);
}

static void publish(struct tgt_msg *msg)
{
    struct claim_slot *slot = SLOT_OF(msg, msg);
    struct lu_share *share = lu_share_get(thread_self(), slot->claim->lu);
    if (slot->claim->kind == CLAIM_BARRIER)
        taskset_publish(share, slot);
    else
        claim_publish(share, slot);
    slot->published = true;
    if (slot->waits == 0)
        acknowledge(slot);
}

static void request(struct tgt_msg *msg)
{
    struct claim *claim = CLAIM_OF(msg, request);
    claim->lu->gate->live++;
    g_queue_push_tail_link(line_of(claim), &claim->node);
    send_to_all(claim, publish);
}

/* ---- The owner ---- */

static void grant(struct tgt_msg *msg)
{
    struct claim *claim = CLAIM_OF(msg, grant);
    claim->granted = true;
    if (claim->cmd == NULL)
        return;
    if (claim->kind == CLAIM_BARRIER)
        taskset_granted(claim->cmd);
    else
        claim_granted(claim->cmd);
}

static struct claim *claim_alloc(struct core_cmd *c, enum claim_kind kind)
{
    unsigned count = threads_count(c->pub.thread->all);
    struct claim *claim = g_malloc0(sizeof *claim + count * sizeof claim->slots[0]);
    claim->lu = c->itl->lu;
    claim->kind = kind;
    claim->first = c->first_block;
    claim->end = c->end_block;
    claim->owner = c->pub.thread;
    claim->cmd = c;
    claim->count = count;
    claim->node.data = claim;
    for (unsigned i = 0; i < count; i++) {
        claim->slots[i].claim = claim;
        claim->slots[i].node.data = &claim->slots[i];
    }
    return claim;
}

void claim_request(struct core_cmd *c, enum claim_kind kind)
{
    struct claim *claim = claim_alloc(c, kind);
    if (kind == CLAIM_BARRIER) {
        c->barrier = claim;
        taskset_announce(c->share, &claim->slots[c->pub.thread->index], c->order);
    } else {
        c->claim = claim;
    }
    claim->request.fn = request;
    claim_send(claim->lu->home, &claim->request);
}

void claim_release(struct claim *claim)
{
    claim->cmd = NULL;
    claim->release.fn = release;
    claim_send(claim->lu->home, &claim->release);
}
