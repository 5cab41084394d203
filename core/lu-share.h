/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one I/O thread knows of one logical unit: its commands there, and what they have to wait
 * for.
 *
 * A command passes two gates before its handler runs, after all of its Data-Out has come:
 *  - gate 1, the task set (taskset.c): ORDERED and HEAD OF QUEUE, by the order of arrival;
 *  - gate 2, claims (claim.c): commands that must be alone on their blocks or on the LU, by the
 *    order at this gate.
 *
 * Nothing at gate 2 waits for something at gate 1, claims of a LU are granted in one order by its
 * home thread, and a command waits only for claims that were there before it: so there are no
 * circles. On the fast path both gates are two empty queues.
 */
#ifndef CORE_LU_SHARE_H
#define CORE_LU_SHARE_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

#include "latency.h"

struct core_cmd;
struct core_lu;
struct lu_gate;

/* Where a command stands. */
enum gate_phase {
    GATE_OUTSIDE,  /* not there yet: being checked, waits for buffers or Data-Out */
    GATE_TASKS,    /* waits at gate 1: in `waiting`, or for the grant of its own barrier */
    GATE_PASSED,   /* through gate 1, on the list `ready` for gate 2 */
    GATE_CLAIMS,   /* waits at gate 2: in `parked` */
    GATE_CLAIMING, /* waits for the grant of its own claim */
    GATE_READY,    /* through both, on the list `ready` */
    GATE_RUNNING,  /* its handler runs */
    GATE_LENT,     /* its response is on the way and is read from memory that the store lent: claims
                      and tasks behind it still wait for it */
    GATE_ENDED,    /* its response is on the way */
};

/* The I/O thread's; made with its first I_T_L of the LU or its first claim, freed when the LU is
 * deleted. */
struct lu_share {
    struct core_lu *lu;
    struct tgt_thread *thread;
    GQueue cmds; /* by share_node: all commands of the LU on this thread, in the order of arrival,
                    until release */
    GQueue waiting;    /* gate 1, by park */
    GQueue parked;     /* gate 2, by park */
    GQueue ready;      /* to go on at the end of the turn, by park */
    GQueue barriers;   /* struct claim_slot: ORDERED tasks of all threads; own ones that are not
                          published yet come last */
    GQueue claims;     /* struct claim_slot: published claims of all threads */
    unsigned heads;    /* HEAD OF QUEUE tasks that have not ended */
    uint64_t gate_seq; /* of arrivals and claims at gate 2 */
    struct tgt_defer defer; /* runs `ready` */
    bool dead;              /* free it when `defer` has run */
    struct latency *latency[LATENCY_CLASSES]; /* made on first use, freed with the LU */
};

/* This thread's share of a LU; made if missing. */
struct lu_share *lu_share_get(struct tgt_thread *thread, struct core_lu *lu);
/* The same, NULL if missing. */
struct lu_share *lu_share_find(struct tgt_thread *thread, const struct core_lu *lu);
/* Free it; no command is there and no claim is published. */
void lu_share_free(struct lu_share *share);

/* The course of a command. */
void lu_share_add(struct core_cmd *c);   /* it has a LU: c->itl */
bool lu_share_enter(struct core_cmd *c); /* true: through both gates, run it now. False: it waits,
                                            cmd_run() will be called */
void lu_share_end(
    struct core_cmd *c); /* its work is done or given up; nothing happens the second time */
void lu_share_remove(struct core_cmd *c);

/* For taskset.c and claim.c: let a waiting command (in no queue) go on at the end of the turn. */
void lu_share_ready(struct core_cmd *c, enum gate_phase phase);

/* The LU's side, kept by its home thread; made with the LU on the main thread, freed after
 * lu_drain(). */
struct lu_gate *gate_new(struct core_lu *lu);
void gate_free(struct lu_gate *gate); /* NULL is fine */

/* lu-drain.c. For deletion: the LU is out of its target's map. Sets TGT_LU_DYING, aborts its
 * commands on all threads, waits until they are released and nothing else refers to the LU, drops
 * its I_T_Ls and shares; then `done` on the main thread. Main thread. */
void lu_drain(struct core_lu *lu, void (*done)(struct core_lu *lu, void *data), void *data);

#endif
