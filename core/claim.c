/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gate 2 of a LU: commands that must be alone on their blocks, or on the LU, against all others
 * that touch the medium. */
#include "claim.h"

#include "cmd.h"
#include "lu-share.h"

static bool overlaps(const struct core_cmd *c, const struct claim *claim)
{
    return c->first_block < claim->end && claim->first < c->end_block;
}

/* Claims that were there before it came to the gate. Stamps ascend along the list. */
static bool must_wait(const struct core_cmd *c)
{
    for (const GList *l = c->share->claims.head; l != NULL; l = l->next) {
        const struct claim_slot *slot = l->data;
        if (slot->stamp > c->gate_order)
            return false;
        if (overlaps(c, slot->claim))
            return true;
    }
    return false;
}

static bool is_claimant(const struct core_cmd *c)
{
    return c->pub.row->order == TGT_ORDER_RANGE || c->pub.row->order == TGT_ORDER_EXCLUSIVE;
}

/* The grant may have come within the request. */
static bool pass_claimant(struct core_cmd *c)
{
    c->gate = GATE_CLAIMING;
    claim_request(c, CLAIM_BLOCKS);
    if (c->gate != GATE_READY)
        return false;
    g_queue_unlink(&c->share->ready, &c->park);
    c->gate = GATE_RUNNING;
    return true;
}

bool claim_pass(struct core_cmd *c)
{
    if (is_claimant(c))
        return pass_claimant(c);
    c->gate_order = ++c->share->gate_seq;
    if (c->share->claims.head != NULL && must_wait(c)) {
        c->gate = GATE_CLAIMS;
        g_queue_push_tail_link(&c->share->parked, &c->park);
        return false;
    }
    c->gate = GATE_RUNNING;
    return true;
}

void claim_granted(struct core_cmd *c)
{
    lu_share_ready(c, GATE_READY);
}

/* Between the gate and its end, with no claim of its own: those stand in line at home. */
static bool is_counted(const struct core_cmd *c, unsigned phase)
{
    return c->claim == NULL &&
           (phase == GATE_CLAIMS || (phase >= GATE_READY && phase <= GATE_LENT));
}

void claim_publish(struct lu_share *share, struct claim_slot *slot)
{
    slot->stamp = ++share->gate_seq;
    slot->listed = true;
    g_queue_push_tail_link(&share->claims, &slot->node);
    for (const GList *l = share->cmds.head; l != NULL; l = l->next) {
        const struct core_cmd *c = l->data;
        slot->waits += is_counted(c, c->gate) && overlaps(c, slot->claim);
    }
}

void claim_wake(struct lu_share *share)
{
    for (GList *l = share->parked.head; l != NULL;) {
        struct core_cmd *c = l->data;
        l = l->next;
        if (must_wait(c))
            continue;
        g_queue_unlink(&share->parked, &c->park);
        lu_share_ready(c, GATE_READY);
    }
}

static void tell_claims(const struct core_cmd *c)
{
    for (GList *l = c->share->claims.head; l != NULL;) {
        struct claim_slot *slot = l->data;
        l = l->next;
        if (c->gate_order < slot->stamp && overlaps(c, slot->claim))
            claim_slot_ended_one(slot);
    }
}

void claim_end(struct core_cmd *c, unsigned phase)
{
    if (c->claim != NULL)
        claim_release(c->claim);
    else if (c->share->claims.head != NULL && is_counted(c, phase))
        tell_claims(c);
    c->claim = NULL;
}
