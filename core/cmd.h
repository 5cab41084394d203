/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's side of a command: allocation, states, checks, ending. */
#ifndef CORE_CMD_H
#define CORE_CMD_H

#include <glib.h>
#include <tgt/tgt.h>

#include "bs.h"
#include "buffer.h"
#include "latency.h"

struct claim;
struct itl;
struct lu_share;

/* Most pieces of both directions together: the largest transfer of one command, and one more. */
#define CMD_TRANSFER_MAX BUFFER_MOST
#define CMD_IOV_MAX      (CMD_TRANSFER_MAX / BUFFER_LARGE + 1)

/* What a command in state BLOCKED waits for. */
enum cmd_waits {
    CMD_WAITS_NOTHING,
    CMD_WAITS_BUFFERS, /* the pool's; `wait` is queued */
    CMD_WAITS_GATE,    /* the task set or a claim of the LU (lu-share.h) */
};

/* One allocation: [core_cmd][transport priv][device priv][bs priv], recycled per thread. Fields
 * from `state` to before `bs` are zero in a new command. */
struct core_cmd {
    struct tgt_cmd pub;
    uint8_t state;    /* enum tgt_cmd_state */
    uint8_t waits;    /* enum cmd_waits */
    uint8_t gate;     /* enum gate_phase (lu-share.h) */
    bool in_task_set; /* takes part in the ordering of tasks: has not ended and is not exempt
                         (taskset.c) */
    bool nudged;      /* cmd_abort() has told its owner */
    uint8_t weight;   /* how often its times count; 0: not measured (latency.h) */
    bool stale; /* waited since its checks: the LU's state must be looked at again before exec */
    struct itl *itl;                    /* NULL without a LU */
    struct lu_share *share;             /* of itl->lu on this thread */
    GList node;                         /* in nexus->cmds; data = this */
    GList share_node;                   /* in share->cmds, in the order of arrival; data = this */
    GList park;                         /* in the queue of what it waits for; data = this */
    uint64_t order;                     /* arrival among all commands of the thread */
    uint64_t gate_order;                /* arrival at the claims of the LU (claim.c) */
    uint64_t first_block, end_block;    /* blocks touched, for claims; empty: first == end */
    struct claim *barrier, *claim;      /* its own: as ORDERED task, for exclusive access; NULL */
    uint64_t out_need;                  /* bytes that the SCSI command takes from the initiator */
    void (*resume)(struct core_cmd *c); /* what to do when buffers have come */
    void (*then)(struct tgt_cmd *cmd);  /* of cmd_in_buffers() */
    struct iovec *out_iov, *in_iov;     /* room: `in` stands behind `out` in `iov` */
    uint32_t out_chunks, in_chunks;     /* pieces owned, to be put back */
    uint32_t worked;                    /* for the store without a break (bs.c) */
    struct iovec scratch;               /* tgt_cmd_scratch() */
    struct bs_task bs;                  /* from here on kept from command to command */
    struct cmd_clock clock;             /* with `weight` > 0 */
    struct buffer_wait wait;            /* queue for buffers */
    struct iovec iov[CMD_IOV_MAX];
};

static inline struct core_cmd *core_cmd(const struct tgt_cmd *cmd)
{
    return (struct core_cmd *)((char *)cmd - G_STRUCT_OFFSET(struct core_cmd, pub));
}

/* Pieces that `in` may have. */
static inline unsigned cmd_in_room(const struct core_cmd *c)
{
    return (unsigned)(c->iov + CMD_IOV_MAX - c->in_iov);
}

/* State changes are asserted against the table of allowed transitions and traced by name at debug
 * level. */
void cmd_state(struct tgt_cmd *cmd, enum tgt_cmd_state state);
const char *cmd_state_name(enum tgt_cmd_state state);

/* Services of host.h. */
struct tgt_cmd *cmd_new(struct tgt_nexus *nexus);
void cmd_submit(struct tgt_cmd *cmd);
void cmd_data_ready(struct tgt_cmd *cmd, int result);
void cmd_release(struct tgt_cmd *cmd);
void cmd_good(struct tgt_cmd *cmd);
void cmd_status(struct tgt_cmd *cmd, enum tgt_status status);
void cmd_sense(struct tgt_cmd *cmd, enum tgt_sense sense);
void cmd_sense_field(struct tgt_cmd *cmd, unsigned byte, int bit);
void cmd_sense_param(struct tgt_cmd *cmd, enum tgt_sense sense, unsigned byte, int bit);
void cmd_sense_info(struct tgt_cmd *cmd, enum tgt_sense sense, uint64_t info);
void cmd_sense_raw(struct tgt_cmd *cmd, const void *sense, unsigned len);
void cmd_bs_error(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result);
int cmd_in_put(struct tgt_cmd *cmd, const void *data, size_t len);
void cmd_reply(struct tgt_cmd *cmd, const void *data, size_t len);
size_t cmd_out_get(const struct tgt_cmd *cmd, size_t offset, void *dst, size_t len);
void *cmd_scratch(struct tgt_cmd *cmd, size_t len);

/* Buffers for cmd->in: `then` runs when they are there, at once or later (state BLOCKED meanwhile,
 * then EXEC again). -E2BIG ends the command with INSUFFICIENT RESOURCES; an abort while waiting
 * ends it, `then` is not called. */
void cmd_in_buffers(struct tgt_cmd *cmd, uint32_t len, void (*then)(struct tgt_cmd *cmd));

/* cmd-abort.c. Abort (TMF, nexus loss, LU deletion): sets pub.aborted and nudges the present owner.
 * A command that is responding already goes on undisturbed. The command may be gone afterwards. */
void cmd_abort(struct core_cmd *c);

/* tmf.c */
void tmf_submit(struct tgt_tmf *tmf);

/* sense.c: build sense data in the LU's format. */
void sense_build(struct tgt_cmd *cmd, enum tgt_sense sense);
const char *sense_name(enum tgt_sense sense);

/* optable.c: merged rows of SPC (spc_ops) and a device type, with lookup by opcode and service
 * action. */
struct optable;
const struct optable *optable_for(
    const struct tgt_device_ops *device); /* main thread; cached per device table in the daemon */
const struct tgt_scsi_op *optable_find(const struct optable *table, const uint8_t *cdb,
                                       unsigned cdb_len, bool *opcode_known);
/* Rows in order of opcode and service action. */
unsigned optable_count(const struct optable *table);
const struct tgt_scsi_op *optable_row(const struct optable *table, unsigned index);

#endif
