/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of one I/O thread: recycled memory, the sequence of arrival, and who waits for ends. */
#ifndef CORE_CMD_POOL_H
#define CORE_CMD_POOL_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

#include "cmd.h"

struct core_lu;

struct cmd_pool {
    struct tgt_thread *thread;
    GList *idle;       /* core_cmd by node, last in first out */
    unsigned used;     /* commands that are not idle */
    uint64_t sequence; /* of arrival: core_cmd.order */
    GQueue waits;      /* struct cmd_wait */
    struct latency_pace pace;
};

/* The thread's pool; made on first use. On the thread. */
struct cmd_pool *cmd_pool_of(struct tgt_thread *thread);
/* All commands are back. NULL is fine. On the thread, or when it has ended. */
void cmd_pool_free(struct cmd_pool *pool);

/* NULL with `modest` when the thread has more than enough under way. */
struct core_cmd *cmd_pool_get(struct tgt_thread *thread, struct tgt_nexus *nexus, bool modest);
void cmd_pool_put(struct core_cmd *c);

/* cmd-abort.c. Waits for the release of commands that are there now: those that are aborted, and
 * those of `nexus`, whose responses must be out before the answer to its task management request.
 */
struct cmd_wait {
    const struct core_lu *lu;       /* commands of this LU, NULL: of all */
    const struct tgt_nexus *only;   /* commands of this nexus, NULL: of all */
    const struct tgt_nexus *issuer; /* see above; may be NULL */
    bool responses;                 /* wait for all that are responding */
    uint64_t first, end;            /* their orders */
    unsigned count;                 /* how many are left */
    void (*done)(struct cmd_wait *wait);
    GList node; /* cmd_pool.waits */
};

/* Abort the commands that `wait` describes and call wait->done when they are gone, at the earliest
 * from within the call. `lu` or `only` must be set. `end` 0: all that are there. Returns nothing to
 * hold on to: `wait` may be freed by `done`. */
void cmd_abort_all(struct cmd_pool *pool, struct cmd_wait *wait);
/* What is left of a released command. */
struct cmd_key {
    const struct core_lu *lu;
    const struct tgt_nexus *nexus; /* for comparison only: it may be gone */
    uint64_t order;
    bool aborted;
};
/* cmd.c, at each release. */
void cmd_wait_released(struct cmd_pool *pool, const struct cmd_key *key);

/* cmd-buffers.c. Data-Out buffers for c->pub.out.len bytes: true: they are there. False: c->resume
 * will be called, or it has ended. */
bool cmd_out_buffers(struct core_cmd *c, void (*resume)(struct core_cmd *c));
/* The same for parameter data of `len` bytes, and for 64 KiB of scratch memory. */
bool cmd_in_reserve(struct core_cmd *c, uint32_t len, void (*resume)(struct core_cmd *c));
bool cmd_scratch_reserve(struct core_cmd *c, void (*resume)(struct core_cmd *c));
void cmd_buffers_cancel(struct core_cmd *c); /* leave the queue */
void cmd_scratch_put(struct core_cmd *c);    /* there is some */
void cmd_buffers_put(struct core_cmd *c);    /* all but scratch back */

/* cmd.c: the handler's turn, from BLOCKED, CHECK or DATA_OUT. */
void cmd_run(struct core_cmd *c);
/* cmd-end.c: the status is set: into RESPOND. The command may be gone afterwards. */
void cmd_finish(struct core_cmd *c);
/* An aborted command: nothing will be sent. */
void cmd_finish_aborted(struct core_cmd *c);

/* cmd-check.c. True: go on. False: the command has ended. */
bool cmd_check(struct core_cmd *c);
bool cmd_check_again(struct core_cmd *c);
/* cmd-length.c: LBA, count and Data-Out length from the row; ranges. */
bool cmd_decode(struct core_cmd *c);
bool cmd_check_range(struct core_cmd *c);

#endif
