/* SPDX-License-Identifier: MIT */
/* Device types: tables of commands, pages and parameters. A handler holds semantics only; whatever
 * a row can say is done by the core: dispatch, INVALID FIELD IN CDB with its pointer, residuals,
 * reservations, write protection, range checks, ordering, REPORT SUPPORTED OPERATION CODES,
 * counters.
 *
 * This ABI needs the very same minor until 2.0.
 */
#ifndef TGT_DEVICE_H
#define TGT_DEVICE_H

#include <tgt/bs.h>
#include <tgt/cmd.h>
#include <tgt/plugin.h>
#include <tgt/sense.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Direction of the data of a command. */
enum tgt_dir {
    TGT_DIR_NONE = 0, /**< no data */
    TGT_DIR_IN = 1,   /**< to the initiator */
    TGT_DIR_OUT = 2,  /**< from the initiator */
    TGT_DIR_BIDI = 3, /**< both */
};

/** What the length field of a CDB counts. */
enum tgt_len_unit {
    TGT_LEN_NONE =
        0, /**< the row has no length field; Data-Out length comes from data_len() or is 0 */
    TGT_LEN_ALLOCATION =
        1,                 /**< ALLOCATION LENGTH: upper bound of parameter data to the initiator */
    TGT_LEN_PARAMETER = 2, /**< PARAMETER LIST LENGTH: bytes from the initiator */
    TGT_LEN_BLOCKS = 3,    /**< logical blocks, all transferred */
    TGT_LEN_BLOCKS_ONE = 4,   /**< logical blocks affected; one block is transferred (WRITE SAME) */
    TGT_LEN_BLOCKS_TWICE = 5, /**< twice as many blocks are transferred (COMPARE AND WRITE) */
    TGT_LEN_BLOCKS_NO_DATA =
        6, /**< logical blocks affected; none is transferred (SYNCHRONIZE CACHE) */
};

/** How a command stands to others of its logical unit. */
enum tgt_order {
    TGT_ORDER_FREE = 0,      /**< no access to the medium */
    TGT_ORDER_READ = 1,      /**< reads blocks [lba, lba + count) */
    TGT_ORDER_WRITE = 2,     /**< writes them */
    TGT_ORDER_RANGE = 3,     /**< alone on these blocks: COMPARE AND WRITE, ORWRITE */
    TGT_ORDER_EXCLUSIVE = 4, /**< alone on the logical unit: FORMAT UNIT */
};

/** Who may send the command while another nexus holds a reservation (SPC-5 5.14.1 table; SBC-4
 * table of reservations). */
enum tgt_reserve_class {
    TGT_RESERVE_CONFLICT =
        0, /**< conflicts with every reservation of another: commands that change state */
    TGT_RESERVE_READ = 1, /**< allowed under write exclusive kinds: commands that read the medium */
    TGT_RESERVE_ALLOW = 2,    /**< always allowed: INQUIRY, REPORT LUNS, REQUEST SENSE, … */
    TGT_RESERVE_ALLOW_PR = 3, /**< allowed under persistent, not under SPC-2 reservations: MODE
                                 SENSE, TEST UNIT READY, … */
};

/** Flags of a row. */
enum tgt_scsi_op_flags {
    TGT_OP_NO_LU = 1 << 0,     /**< answered even where no logical unit is (INQUIRY, REPORT LUNS) */
    TGT_OP_NO_MEDIUM = 1 << 1, /**< allowed without a medium */
    TGT_OP_STOPPED = 1 << 2,   /**< allowed while stopped or in standby */
    TGT_OP_WRITES = 1 << 3,    /**< refused when write-protected */
    TGT_OP_KEEPS_UA = 1 << 4,  /**< runs with a unit attention pending and leaves it (SAM-5 5.14) */
    TGT_OP_RANGE = 1 << 5,     /**< lba + count must lie within the capacity */
    TGT_OP_DURING_JOB = 1 << 6,  /**< allowed while a long job runs (FORMAT UNIT) */
    TGT_OP_ZERO_IS_256 = 1 << 7, /**< length 0 means 256 (READ(6), WRITE(6)) */
    TGT_OP_VENDOR_USAGE =
        1 << 8, /**< no check of the usage mask: bytes are judged by the handler */
    TGT_OP_SCRATCH =
        1 << 9, /**< needs tgt_cmd_scratch(), or operations of the store that the host may emulate
                   (WRITE_ZEROES, COMPARE_AND_WRITE): the memory is there before `exec` */
};

/** No service action. */
#define TGT_NO_SA 0xffffu

/** Where a field stands in the CDB; bytes 0: there is none. */
struct tgt_cdb_field {
    uint8_t at;    /**< first byte */
    uint8_t bytes; /**< number of bytes, big-endian; bits outside the usage mask do not count */
};

/** One command of a device type. Service actions have one row each. */
struct tgt_scsi_op {
    const char *name; /**< as in the standard, "READ(10)" */
    uint8_t opcode;   /**< byte 0 of the CDB */
    uint8_t cdb_len;  /**< bytes of the CDB; for 7Fh: total with the additional length, 260 at most
                         by `cdb_len` 0 */
    uint16_t service_action;     /**< byte 1 bits 4:0 (7Fh: bytes 8-9), or TGT_NO_SA */
    uint8_t dir;                 /**< enum tgt_dir */
    uint8_t unit;                /**< enum tgt_len_unit */
    uint8_t order;               /**< enum tgt_order */
    uint8_t reserve;             /**< enum tgt_reserve_class */
    uint32_t flags;              /**< enum tgt_scsi_op_flags, ored */
    struct tgt_cdb_field lba;    /**< LOGICAL BLOCK ADDRESS */
    struct tgt_cdb_field length; /**< TRANSFER, ALLOCATION or PARAMETER LIST LENGTH */
    uint8_t usage[32]; /**< CDB usage data (SPC-5 6.34.3): bits that are judged; byte 0 = opcode. A
                          bit that is set in the CDB and not here is INVALID FIELD IN CDB. The
                          service action has its bits set here */
    /** Optional: bytes of Data-Out when the row's fields do not say (VERIFY, FORMAT UNIT), judged
     * from the CDB alone. Negative: the CDB is invalid and tgt_cmd_sense…() has been called. */
    int64_t (*data_len)(struct tgt_cmd *cmd);
    /** Optional: does this LU have the command? False: INVALID COMMAND OPERATION CODE, and it is
     * not reported. Any thread. */
    bool (*supported)(const struct tgt_lu *lu);
    /** The handler, on the command's thread, with all Data-Out there. Ends the command by
     * tgt_cmd_good() or a sister, now or later. */
    void (*exec)(struct tgt_cmd *cmd);
};

/** One VPD page (SPC-5 7.7). */
struct tgt_vpd_page {
    uint8_t code; /**< page code */
    /** Write the page's bytes behind the 4-byte header into `buf` (at most `size`), return their
     * number, or -1: this LU has no such page. Any I/O thread; must not block. */
    int (*fill)(struct tgt_lu *lu, struct tgt_nexus *nexus, uint8_t *buf, size_t size);
};

/** One mode page (SPC-5 7.5). The core keeps current and saved values per LU and does all of MODE
 * SENSE and MODE SELECT. */
struct tgt_mode_page {
    uint8_t code;              /**< page code */
    uint8_t subcode;           /**< subpage code, 0: page_0 format */
    uint8_t length;            /**< bytes behind the page header (2 bytes, or 4 with a subpage) */
    const uint8_t *defaults;   /**< `length` bytes */
    const uint8_t *changeable; /**< `length` bytes: 1 = changeable by MODE SELECT */
    /** Optional: called once when the LU is made, to set bits of the defaults that depend on the LU
     * (WCE, …). `page` has `length` bytes. */
    void (*init)(struct tgt_lu *lu, uint8_t *page);
    /** Optional: take over new current values; the unchangeable bits have been checked. Negative
     * errno: refused with INVALID FIELD IN PARAMETER LIST. Called under the LU's lock on any I/O
     * thread; must not block. */
    int (*apply)(struct tgt_lu *lu, const uint8_t *page);
};

/** One log page (SPC-5 7.3). */
struct tgt_log_page {
    uint8_t code;    /**< page code */
    uint8_t subcode; /**< subpage code */
    /** Write log parameters (behind the page header) into `buf`, return bytes, or -1: this LU has
     * no such page. Must not block. */
    int (*fill)(struct tgt_lu *lu, uint8_t *buf, size_t size);
};

/** Conditions of a logical unit, ored in lu->state; changed atomically by the core. */
enum tgt_lu_state {
    TGT_LU_OFFLINE = 1 << 0,   /**< taken offline by the admin: NOT READY */
    TGT_LU_READ_ONLY = 1 << 1, /**< write-protected by configuration or store: DATA PROTECT 27/00 */
    TGT_LU_SWP = 1 << 2,       /**< software write protect in the Control mode page: 27/02 */
    TGT_LU_D_SENSE = 1 << 3,   /**< descriptor format sense data */
    TGT_LU_WCE = 1 << 4,       /**< write cache enabled: completed writes may be volatile */
    TGT_LU_STOPPED = 1 << 5,   /**< START STOP UNIT with START=0: NOT READY 04/02 */
    TGT_LU_NO_MEDIUM = 1 << 6, /**< no medium is loaded: NOT READY 3A/00 */
    TGT_LU_JOB = 1 << 7,       /**< a long job runs: NOT READY with progress */
    TGT_LU_REMOVABLE = 1 << 8, /**< RMB: the medium can be ejected */
    TGT_LU_THIN = 1 << 9,      /**< thin provisioned: LBPME */
    TGT_LU_DYING = 1 << 10,    /**< being deleted: LOGICAL UNIT NOT SUPPORTED */
};

/** A medium: an opened store, apart from the LU that it is loaded in. Made and owned by the core.
 */
struct tgt_medium {
    struct tgt_bs_info info; /**< what the store said */
    uint64_t blocks;         /**< capacity in logical blocks; read with tgt_lu_blocks() */
    void *priv; /**< the device type's data of this medium (tape position, …); NULL at first */
};

/** A logical unit as device types see it. Made and owned by the core; fields are constant while the
 * LU lives unless said. */
struct tgt_lu {
    uint8_t uuid[16];          /**< identity, persisted; all designators derive from it */
    char vendor[9];            /**< T10 vendor identification, blank padded */
    char product[17];          /**< product identification, blank padded */
    char revision[5];          /**< product revision level, blank padded */
    char serial[65];           /**< unit serial number */
    uint32_t block_size;       /**< logical block length in bytes, a power of two */
    uint8_t block_shift;       /**< log2 of it */
    uint8_t physical_exponent; /**< LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT */
    uint32_t max_transfer;     /**< bytes that one command may move; enforced by the core for BLOCKS
                                  rows and advertised */
    uint32_t state;            /**< enum tgt_lu_state, ored; atomic; read with tgt_lu_is() */
    struct tgt_medium *medium; /**< the loaded medium, or NULL; atomic, changes only while no
                                  command runs on the LU */
    void *priv;                /**< the device type's own data */
    /* What follows is atomic, changes while commands run, and is 0 where the store decides. */
    uint16_t lowest_aligned;      /**< LOWEST ALIGNED LOGICAL BLOCK ADDRESS (SBC-4 5.21.2) */
    uint16_t optimal_granularity; /**< OPTIMAL TRANSFER LENGTH GRANULARITY in blocks (SBC-4 6.6.4)
                                   */
    uint32_t optimal_transfer;    /**< OPTIMAL TRANSFER LENGTH in blocks (SBC-4 6.6.4) */
    uint16_t rotation_rate;       /**< MEDIUM ROTATION RATE (SBC-4 6.6.2): 1: none, else rpm */
};

/** The table of a device type. Const and static in the plugin. */
struct tgt_device_ops {
    uint32_t struct_size;       /**< sizeof(struct tgt_device_ops) */
    uint8_t peripheral_type;    /**< PERIPHERAL DEVICE TYPE (SPC-5 6.7.2) */
    bool needs_store;           /**< a LU cannot be made without a store, unless removable */
    uint32_t cmd_priv_size;     /**< bytes of cmd->device_priv, at most TGT_DEVICE_CMD_PRIV_MAX */
    uint32_t op_count, op_size; /**< elements of `ops`, sizeof one */
    const struct tgt_scsi_op
        *ops; /**< the commands; one of the same opcode and service action as the core's wins */
    uint32_t vpd_count, vpd_size;     /**< elements of `vpd`, sizeof one */
    const struct tgt_vpd_page *vpd;   /**< VPD pages */
    uint32_t mode_count, mode_size;   /**< elements of `mode`, sizeof one */
    const struct tgt_mode_page *mode; /**< mode pages; one of the same code as the core's wins */
    uint32_t log_count, log_size;     /**< elements of `log`, sizeof one */
    const struct tgt_log_page *log;   /**< log pages */
    uint16_t version_descriptors[4];  /**< for standard INQUIRY data (SPC-5 6.7.2), 0: none */

    /** A LU was made; set lu->priv. Main thread. Returns 0, or a negative errno with `err` filled.
     * Optional. */
    int (*attach)(struct tgt_lu *lu, struct tgt_error *err);
    /** A LU goes; no command runs. Main thread. Optional. */
    void (*detach)(struct tgt_lu *lu);
    /** Logical unit reset (SAM-5 6.3.3): after all tasks are aborted; on an I/O thread. Optional.
     */
    void (*reset)(struct tgt_lu *lu);
    /** Bytes 2 and 3 of the mode parameter header: device-specific parameter (bits WP and DPOFUA
     * for disks). Optional: 0. */
    uint8_t (*mode_header)(struct tgt_lu *lu);
    /** Write the mode block descriptor (8 bytes, or 16 with long_lba), return its length. Optional:
     * none. */
    unsigned (*block_descriptor)(struct tgt_lu *lu, bool long_lba, uint8_t *buf);
};

#ifdef __cplusplus
}
#endif
#endif
