/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims of a logical unit: a command says to all I/O threads "wait for me", and waits until they
 * have nothing under way before it.
 *
 * One mechanism for two kinds. A BARRIER is an ORDERED task (gate 1, taskset.c), BLOCKS is a
 * command that must be alone on its blocks (gate 2, claim.c). The course of a claim, each step a
 * message where the threads differ:
 *  - request (owner to home): home puts it in line
 *  - publish (home to all): what is there now goes first and is counted, what comes later waits
 *  - ack (all to home): as soon as what went first has ended
 *  - grant (home to owner): all have acknowledged, no older claim of the kind is in the way
 *  - release (owner to home): at the end of the command; also without a grant, after an abort
 *  - withdraw (home to all): what waits looks again
 *  - gone (all to home): the claim is freed
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/op.h>

struct core_cmd;
struct core_lu;
struct lu_drain;
struct lu_share;

enum claim_kind { CLAIM_BARRIER, CLAIM_BLOCKS };

/* One thread's side of a claim; that thread's from publish to gone, but for `msg`. */
struct claim_slot {
    struct claim *claim;
    struct tgt_msg msg; /* publish, ack, withdraw and gone, one after the other */
    GList node;         /* in share->barriers or share->claims */
    uint64_t stamp;     /* what has a lower order (BARRIER: order, BLOCKS: gate_order) goes first */
    unsigned waits;     /* how many of these are left */
    bool listed, published, acked;
};

struct claim {
    struct core_lu *lu;
    enum claim_kind kind;
    uint64_t first, end; /* BLOCKS */
    /* The owner's. */
    struct tgt_thread *owner;
    struct core_cmd *cmd; /* NULL after release */
    bool granted;
    /* Messages between owner and home. */
    struct tgt_msg request, grant, release;
    /* The home's. */
    GList node; /* in lu_gate */
    unsigned acks, gone;
    bool promised; /* the grant is on its way */
    bool released;
    unsigned count; /* threads; constant */
    struct claim_slot slots[];
};

/* The home thread's side of a LU. */
struct lu_gate {
    struct core_lu *lu;
    GQueue lines[2];        /* struct claim by kind, in the order of their requests */
    unsigned live;          /* claims that are not freed */
    unsigned resets;        /* resets under way (lu-reset.c) */
    struct lu_drain *drain; /* wants to know when both are 0; NULL */
};

/* Run msg->fn on a thread: at once if it is the one that calls. */
void claim_send(struct tgt_thread *thread, struct tgt_msg *msg);

/* The owner's thread. Sets c->barrier or c->claim and sends the request; the grant may come before
 * it returns. */
void claim_request(struct core_cmd *c, enum claim_kind kind);
/* The claim is home's from here on. */
void claim_release(struct claim *claim);

/* One of those that go first has ended. `slot` may be gone afterwards. */
void claim_slot_ended_one(struct claim_slot *slot);

/* claim.c, gate 2. */
bool claim_pass(struct core_cmd *c); /* false: it waits */
void claim_end(struct core_cmd *c, unsigned phase);

/* Called by claim-course.c on each thread. */
void claim_publish(struct lu_share *share, struct claim_slot *slot);
void claim_wake(struct lu_share *share);
void claim_granted(struct core_cmd *c);
/* lu-drain.c: a claim or a reset of the LU is over. Home thread. */
void lu_drain_look(struct lu_gate *gate);

#endif
