/* SPDX-License-Identifier: MIT */
/* One SCSI command: what the transport fills in, what the core decodes, what comes back.
 *
 * A command has one owner at a time (see enum tgt_cmd_state). The owner works on it and hands it
 * on; nobody else touches it. All callbacks for a command run on its thread (`thread`).
 */
#ifndef TGT_CMD_H
#define TGT_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tgt_thread;
struct tgt_nexus;
struct tgt_lu;
struct tgt_scsi_op;

/** Longest CDB (SPC-5 4.2.3: variable length CDBs end at 260 bytes). */
#define TGT_CDB_MAX 260
/** Longest sense data (SPC-5 4.5.1). */
#define TGT_SENSE_MAX 252
/** Room for a transport's, a device type's and a store's own data in each command; larger wishes
 * are refused at load. */
#define TGT_TRANSPORT_CMD_PRIV_MAX 512
/** See TGT_TRANSPORT_CMD_PRIV_MAX. */
#define TGT_DEVICE_CMD_PRIV_MAX 256
/** See TGT_TRANSPORT_CMD_PRIV_MAX. */
#define TGT_BS_IO_PRIV_MAX 384

/** States of a command and who owns it in each: X(NAME, owner). */
#define TGT_CMD_STATE_LIST(X)                                                                      \
    X(NEW, "transport")      /* being filled in; leaves by tgt_cmd_submit() */                     \
    X(CHECK, "core")         /* row, mask, attention, reservation, range, task set */              \
    X(BLOCKED, "core")       /* waits for the task set, a claim or buffers */                      \
    X(DATA_OUT, "transport") /* fills cmd->out; leaves by tgt_cmd_data_ready() */                  \
    X(EXEC, "device")        /* the handler; leaves by tgt_cmd_good() and its sisters */           \
    X(BS, "store")           /* the store works on it; leaves by tgt_bs_io_done() */               \
    X(RESPOND, "transport")  /* sends; leaves by tgt_cmd_release() */

/** States, TGT_CMD_NEW and so on. */
enum tgt_cmd_state {
#define X(name, owner) TGT_CMD_##name,
    TGT_CMD_STATE_LIST(X)
#undef X
};

/** Task attributes (SAM-5 8.6). */
enum tgt_task_attr {
    TGT_TASK_SIMPLE = 0,        /**< may be reordered */
    TGT_TASK_ORDERED = 1,       /**< after all older, before all newer tasks */
    TGT_TASK_HEAD_OF_QUEUE = 2, /**< at once */
    TGT_TASK_ACA = 3,           /**< not supported: ends in ILLEGAL REQUEST */
};

/** Bytes in pieces. */
struct tgt_data {
    struct iovec *iov; /**< the pieces; memory owned by the host (or lent by the store) */
    uint32_t iovcnt;   /**< number of pieces */
    uint32_t len;      /**< bytes to be moved in this direction; the pieces hold at least as many */
};

/** One SCSI command (task). Made by tgt_cmd_new(); one allocation, recycled per thread. */
struct tgt_cmd {
    /* Filled in by the transport between tgt_cmd_new() and tgt_cmd_submit(). */
    struct tgt_nexus *nexus;   /**< the I_T nexus; set by tgt_cmd_new() */
    struct tgt_thread *thread; /**< the nexus's thread; set by tgt_cmd_new() */
    uint64_t tag;              /**< command identifier (SAM-5 4.8), unique in its nexus */
    uint8_t lun[8];            /**< LUN as on the wire (SAM-5 4.7) */
    uint8_t attr;              /**< enum tgt_task_attr */
    uint8_t priority;          /**< command priority (SAM-5 8.7), 0: none */
    uint16_t cdb_len;         /**< bytes in `cdb`; the transport may pass 16 for all shorter CDBs */
    uint8_t cdb[TGT_CDB_MAX]; /**< the CDB; bytes behind cdb_len are 0 */
    uint32_t expected_out;    /**< bytes that the initiator is ready to send, 0: none */
    uint32_t expected_in;     /**< bytes that the initiator is ready to receive, 0: none */

    /* Decoded by the core before the handler runs; read-only for plugins. */
    struct tgt_lu *lu; /**< the addressed logical unit; NULL where there is none (INQUIRY, REPORT
                          LUNS to a missing LUN) */
    const struct tgt_scsi_op *row; /**< the row that matched */
    uint64_t lba;                  /**< LBA, if the row says where it stands */
    uint64_t count;                /**< the CDB's length field: blocks or bytes, as the row says */

    /* Data. `out`: filled by the transport in DATA_OUT. `in`: filled by the handler; `in.len` is
     * what the SCSI command returns (it may exceed expected_in: the transport sends the smaller of
     * both). */
    struct tgt_data
        out; /**< data from the initiator; out.len = what was asked of it, at most expected_out */
    struct tgt_data in; /**< data for the initiator */

    /* Result; valid in RESPOND. */
    uint8_t status;    /**< enum tgt_status */
    uint8_t sense_len; /**< bytes in `sense`; with CHECK CONDITION, may come with data in `in` */
    uint16_t status_qualifier;    /**< SAM-5 5.3.2, 0: none */
    uint8_t sense[TGT_SENSE_MAX]; /**< sense data as on the wire, fixed or descriptor format */
    int64_t residual_out; /**< SCSI length minus expected_out: > 0 overflow, < 0 underflow (RFC
                             7143 11.4.5) */
    int64_t residual_in;  /**< the same for expected_in */
    bool aborted; /**< set by the core, read-only: the present owner ends its step, no response is
                     sent */
    bool in_lent; /**< set by the core, read-only: `in` is memory lent by the store, whose contents
                     may change at any time (others write to it) */

    void *transport_priv; /**< cmd_priv_size bytes of the transport, zeroed by tgt_cmd_new() */
    void *device_priv;    /**< cmd_priv_size bytes of the device type, zeroed before exec */
};

/** Task management functions (SAM-5 clause 7; values are those of RFC 7143 11.5.1 where it has
 * them). */
#define TGT_TMF_LIST(X)                                                                            \
    X(ABORT_TASK, 1)                                                                               \
    X(ABORT_TASK_SET, 2)                                                                           \
    X(CLEAR_ACA, 3)                                                                                \
    X(CLEAR_TASK_SET, 4)                                                                           \
    X(LOGICAL_UNIT_RESET, 5)                                                                       \
    X(TARGET_WARM_RESET, 6)                                                                        \
    X(TARGET_COLD_RESET, 7)                                                                        \
    X(TASK_REASSIGN, 8)                                                                            \
    X(QUERY_TASK, 9)                                                                               \
    X(QUERY_TASK_SET, 10)                                                                          \
    X(I_T_NEXUS_RESET, 11)                                                                         \
    X(QUERY_ASYNC_EVENT, 12)

/** Functions, TGT_TMF_ABORT_TASK and so on. */
enum tgt_tmf_function {
#define X(name, value) TGT_TMF_##name = (value),
    TGT_TMF_LIST(X)
#undef X
};

/** Outcome of a task management function (values of RFC 7143 11.6.1; SAM-5 7.1 says FUNCTION
 * COMPLETE and so on). */
enum tgt_tmf_response {
    TGT_TMF_COMPLETE = 0,      /**< done */
    TGT_TMF_NO_TASK = 1,       /**< the task does not exist */
    TGT_TMF_NO_LUN = 2,        /**< the LUN does not exist */
    TGT_TMF_NOT_SUPPORTED = 5, /**< this function is not supported */
    TGT_TMF_SUCCEEDED = 7,     /**< a query found something */
    TGT_TMF_REJECTED = 255,    /**< refused */
};

/** A task management request. Belongs to the transport; between tgt_tmf_submit() and `done` to the
 * core. */
struct tgt_tmf {
    struct tgt_nexus *nexus; /**< the nexus that asks */
    uint8_t function;        /**< enum tgt_tmf_function */
    uint8_t response;        /**< out: enum tgt_tmf_response */
    uint8_t lun[8];          /**< LUN as on the wire, for functions that need one */
    uint64_t ref_tag;        /**< tag of the task for ABORT TASK and QUERY TASK */
    /** Called once on the nexus's thread, after every affected task has ended: no response to any
     * of them follows. The queries affect none: before tgt_tmf_submit() returns. */
    void (*done)(struct tgt_tmf *tmf);
    uint64_t host_priv[8]; /**< the host's; opaque */
};

#ifdef __cplusplus
}
#endif
#endif
