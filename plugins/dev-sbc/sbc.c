/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of direct access block devices: a row per command (SBC-4 clause 5). */
#include "sbc.h"

/* Where LBA and length stand in the CDBs of 6, 10, 12 and 16 bytes, and the usage masks of their
 * bytes. */
#define F6  .cdb_len = 6, .lba = {1, 3}, .length = {4, 1}
#define F10 .cdb_len = 10, .lba = {2, 4}, .length = {7, 2}
#define F12 .cdb_len = 12, .lba = {2, 4}, .length = {6, 4}
#define F16 .cdb_len = 16, .lba = {2, 8}, .length = {10, 4}
#define U6(op)                                                                                     \
    {                                                                                              \
        op, 0x1f, 0xff, 0xff, 0xff, 0                                                              \
    }
#define U10(op, b1)                                                                                \
    {                                                                                              \
        op, b1, 0xff, 0xff, 0xff, 0xff, GROUP, 0xff, 0xff, 0                                       \
    }
#define U12(op, b1)                                                                                \
    {                                                                                              \
        op, b1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, GROUP, 0                           \
    }
#define U16(op, b1)                                                                                \
    {                                                                                              \
        op, b1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, GROUP, 0   \
    }

/* GROUP NUMBER asks that attributes be collected per group: any number is taken and none are
 * collected. */
#define GROUP 0x3f

/* Bits of byte 1. */
#define DPO_FUA    0x18 /* DPO, FUA */
#define DPO_BYTCHK 0x16
#define IMMED      0x02
#define IMMED_SYNC_NV                                                                              \
    0x06 /* SYNC_NV (SBC-3): there is no non-volatile cache that it could mean                     \
          */
#define UNMAP_BIT  0x08
#define UNMAP_NDOB 0x09

/* Families: what is the same for all lengths of CDB. */
#define READS                                                                                      \
    .dir = TGT_DIR_IN, .unit = TGT_LEN_BLOCKS, .order = TGT_ORDER_READ,                            \
    .reserve = TGT_RESERVE_READ, .exec = sbc_read
#define WRITES                                                                                     \
    .dir = TGT_DIR_OUT, .unit = TGT_LEN_BLOCKS, .order = TGT_ORDER_WRITE,                          \
    .reserve = TGT_RESERVE_CONFLICT, .exec = sbc_write
#define WRITES_VERIFY                                                                              \
    .dir = TGT_DIR_OUT, .unit = TGT_LEN_BLOCKS, .order = TGT_ORDER_WRITE,                          \
    .reserve = TGT_RESERVE_CONFLICT, .data_len = sbc_write_verify_data_len,                        \
    .exec = sbc_write_verify
#define VERIFIES                                                                                   \
    .dir = TGT_DIR_OUT, .unit = TGT_LEN_BLOCKS_NO_DATA, .order = TGT_ORDER_READ,                   \
    .reserve = TGT_RESERVE_READ, .flags = TGT_OP_RANGE | TGT_OP_SCRATCH,                           \
    .data_len = sbc_verify_data_len, .exec = sbc_verify
/* A flush may take long and concerns what has completed: nothing waits for it, not even a claim. */
#define NO_DATA(ordering, more, fn)                                                                \
    .dir = TGT_DIR_NONE, .unit = TGT_LEN_BLOCKS_NO_DATA, .order = ordering,                        \
    .flags = TGT_OP_RANGE | (more), .exec = fn
#define SAMES                                                                                      \
    .dir = TGT_DIR_OUT, .unit = TGT_LEN_BLOCKS_ONE, .order = TGT_ORDER_WRITE,                      \
    .reserve = TGT_RESERVE_CONFLICT, .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,       \
    .data_len = sbc_write_same_data_len, .exec = sbc_write_same

static const struct tgt_scsi_op ops[] = {
    {.name = "FORMAT UNIT",
     .opcode = 0x04,
     .cdb_len = 6,
     .service_action = TGT_NO_SA,
     .dir = TGT_DIR_OUT,
     .order = TGT_ORDER_EXCLUSIVE,
     .reserve = TGT_RESERVE_CONFLICT,
     .flags = TGT_OP_WRITES | TGT_OP_SCRATCH,
     .usage = {0x04, 0x3f, 0, 0, 0, 0},
     .data_len = sbc_format_data_len,
     .exec = sbc_format_unit},
    {.name = "READ(6)",
     .opcode = 0x08,
     .service_action = TGT_NO_SA,
     F6,
     READS,
     .flags = TGT_OP_RANGE | TGT_OP_ZERO_IS_256,
     .usage = U6(0x08)},
    {.name = "WRITE(6)",
     .opcode = 0x0a,
     .service_action = TGT_NO_SA,
     F6,
     WRITES,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_ZERO_IS_256,
     .usage = U6(0x0a)},
    {.name = "READ CAPACITY(10)",
     .opcode = 0x25,
     .cdb_len = 10,
     .service_action = TGT_NO_SA,
     .dir = TGT_DIR_IN,
     .reserve = TGT_RESERVE_ALLOW_PR,
     .usage = {0x25},
     .exec = sbc_read_capacity10},
    {.name = "READ(10)",
     .opcode = 0x28,
     .service_action = TGT_NO_SA,
     F10,
     READS,
     .flags = TGT_OP_RANGE,
     .usage = U10(0x28, DPO_FUA)},
    {.name = "WRITE(10)",
     .opcode = 0x2a,
     .service_action = TGT_NO_SA,
     F10,
     WRITES,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE,
     .usage = U10(0x2a, DPO_FUA)},
    {.name = "WRITE AND VERIFY(10)",
     .opcode = 0x2e,
     .service_action = TGT_NO_SA,
     F10,
     WRITES_VERIFY,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,
     .usage = U10(0x2e, DPO_BYTCHK)},
    {.name = "VERIFY(10)",
     .opcode = 0x2f,
     .service_action = TGT_NO_SA,
     F10,
     VERIFIES,
     .usage = U10(0x2f, DPO_BYTCHK)},
    {.name = "PRE-FETCH(10)",
     .opcode = 0x34,
     .service_action = TGT_NO_SA,
     F10,
     NO_DATA(TGT_ORDER_READ, TGT_OP_SCRATCH, sbc_prefetch),
     .reserve = TGT_RESERVE_READ,
     .usage = U10(0x34, IMMED)},
    {.name = "SYNCHRONIZE CACHE(10)",
     .opcode = 0x35,
     .service_action = TGT_NO_SA,
     F10,
     NO_DATA(TGT_ORDER_FREE, 0, sbc_synchronize_cache),
     .reserve = TGT_RESERVE_CONFLICT,
     .usage = U10(0x35, IMMED_SYNC_NV)},
    {.name = "WRITE SAME(10)",
     .opcode = 0x41,
     .service_action = TGT_NO_SA,
     F10,
     SAMES,
     .usage = U10(0x41, UNMAP_BIT)},
    {.name = "UNMAP",
     .opcode = 0x42,
     .cdb_len = 10,
     .service_action = TGT_NO_SA,
     .dir = TGT_DIR_OUT,
     .unit = TGT_LEN_PARAMETER,
     .order = TGT_ORDER_WRITE,
     .reserve = TGT_RESERVE_CONFLICT,
     .flags = TGT_OP_WRITES,
     .length = {7, 2},
     .usage = {0x42, 0, 0, 0, 0, 0, GROUP, 0xff, 0xff, 0},
     .supported = sbc_can_unmap,
     .exec = sbc_unmap},
    {.name = "READ(16)",
     .opcode = 0x88,
     .service_action = TGT_NO_SA,
     F16,
     READS,
     .flags = TGT_OP_RANGE,
     .usage = U16(0x88, DPO_FUA)},
    {.name = "COMPARE AND WRITE",
     .opcode = 0x89,
     .cdb_len = 16,
     .service_action = TGT_NO_SA,
     .dir = TGT_DIR_OUT,
     .unit = TGT_LEN_BLOCKS_TWICE,
     .order = TGT_ORDER_RANGE,
     .reserve = TGT_RESERVE_CONFLICT,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,
     .lba = {2, 8},
     .length = {13, 1},
     .usage = {0x89, DPO_FUA, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, GROUP,
               0},
     .data_len = sbc_compare_write_data_len,
     .exec = sbc_compare_write},
    {.name = "WRITE(16)",
     .opcode = 0x8a,
     .service_action = TGT_NO_SA,
     F16,
     WRITES,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE,
     .usage = U16(0x8a, DPO_FUA)},
    {.name = "ORWRITE(16)",
     .opcode = 0x8b,
     .service_action = TGT_NO_SA,
     F16,
     .dir = TGT_DIR_OUT,
     .unit = TGT_LEN_BLOCKS,
     .order = TGT_ORDER_RANGE,
     .reserve = TGT_RESERVE_CONFLICT,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,
     .usage = U16(0x8b, DPO_FUA),
     .exec = sbc_orwrite},
    {.name = "WRITE AND VERIFY(16)",
     .opcode = 0x8e,
     .service_action = TGT_NO_SA,
     F16,
     WRITES_VERIFY,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,
     .usage = U16(0x8e, DPO_BYTCHK)},
    {.name = "VERIFY(16)",
     .opcode = 0x8f,
     .service_action = TGT_NO_SA,
     F16,
     VERIFIES,
     .usage = U16(0x8f, DPO_BYTCHK)},
    {.name = "PRE-FETCH(16)",
     .opcode = 0x90,
     .service_action = TGT_NO_SA,
     F16,
     NO_DATA(TGT_ORDER_READ, TGT_OP_SCRATCH, sbc_prefetch),
     .reserve = TGT_RESERVE_READ,
     .usage = U16(0x90, IMMED)},
    {.name = "SYNCHRONIZE CACHE(16)",
     .opcode = 0x91,
     .service_action = TGT_NO_SA,
     F16,
     NO_DATA(TGT_ORDER_FREE, 0, sbc_synchronize_cache),
     .reserve = TGT_RESERVE_CONFLICT,
     .usage = U16(0x91, IMMED_SYNC_NV)},
    {.name = "WRITE SAME(16)",
     .opcode = 0x93,
     .service_action = TGT_NO_SA,
     F16,
     SAMES,
     .usage = U16(0x93, UNMAP_NDOB)},
    {.name = "READ CAPACITY(16)",
     .opcode = 0x9e,
     .cdb_len = 16,
     .service_action = 0x10,
     .dir = TGT_DIR_IN,
     .unit = TGT_LEN_ALLOCATION,
     .reserve = TGT_RESERVE_ALLOW_PR,
     .length = {10, 4},
     .usage = {0x9e, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0},
     .exec = sbc_read_capacity16},
    {.name = "GET LBA STATUS",
     .opcode = 0x9e,
     .cdb_len = 16,
     .service_action = 0x12,
     .dir = TGT_DIR_IN,
     .unit = TGT_LEN_ALLOCATION,
     .order = TGT_ORDER_FREE,
     .reserve = TGT_RESERVE_READ,
     .flags = TGT_OP_SCRATCH,
     .lba = {2, 8},
     .length = {10, 4},
     .usage = {0x9e, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, 0},
     .exec = sbc_get_lba_status},
    {.name = "READ(12)",
     .opcode = 0xa8,
     .service_action = TGT_NO_SA,
     F12,
     READS,
     .flags = TGT_OP_RANGE,
     .usage = U12(0xa8, DPO_FUA)},
    {.name = "WRITE(12)",
     .opcode = 0xaa,
     .service_action = TGT_NO_SA,
     F12,
     WRITES,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE,
     .usage = U12(0xaa, DPO_FUA)},
    {.name = "WRITE AND VERIFY(12)",
     .opcode = 0xae,
     .service_action = TGT_NO_SA,
     F12,
     WRITES_VERIFY,
     .flags = TGT_OP_WRITES | TGT_OP_RANGE | TGT_OP_SCRATCH,
     .usage = U12(0xae, DPO_BYTCHK)},
    {.name = "VERIFY(12)",
     .opcode = 0xaf,
     .service_action = TGT_NO_SA,
     F12,
     VERIFIES,
     .usage = U12(0xaf, DPO_BYTCHK)},
};

static const struct tgt_device_ops sbc_ops = {
    .struct_size = sizeof(struct tgt_device_ops),
    .peripheral_type = 0x00,
    .needs_store = true,
    .cmd_priv_size = sizeof(struct sbc_walk),
    .op_count = sizeof ops / sizeof ops[0],
    .op_size = sizeof ops[0],
    .ops = ops,
    .vpd_count = SBC_VPD_COUNT,
    .vpd_size = sizeof(struct tgt_vpd_page),
    .vpd = sbc_vpd,
    .mode_count = SBC_MODE_COUNT,
    .mode_size = sizeof(struct tgt_mode_page),
    .mode = sbc_modes,
    .log_count = SBC_LOG_COUNT,
    .log_size = sizeof(struct tgt_log_page),
    .log = sbc_logs,
    .version_descriptors =
        {0x04c0}, /* SBC-3, no version claimed: the one that initiators look for */
    .mode_header = sbc_mode_header,
    .block_descriptor = sbc_block_descriptor,
};

_Static_assert(sizeof(struct sbc_walk) <= TGT_DEVICE_CMD_PRIV_MAX, "sbc_walk");

TGT_PLUGIN_DEFINE(DEVICE_TYPE, "sbc", "1.0.0", "LGPL-2.1-or-later",
                  "Disks: direct access block devices (SBC-4)", "type:disk", &sbc_ops, NULL, NULL,
                  TGT_NO_PARAMS);
