/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of the commands that every device type has: a row per command (SPC-5 clause 6, SPC-2 for RESERVE and RELEASE). */
#include "spc.h"

/* Works whatever state the logical unit is in. */
#define ANY_STATE (TGT_OP_NO_MEDIUM | TGT_OP_STOPPED | TGT_OP_DURING_JOB)
#define NO_MEDIUM (TGT_OP_NO_MEDIUM | TGT_OP_STOPPED)

#define IN_ALLOCATION(at, bytes) .dir = TGT_DIR_IN, .unit = TGT_LEN_ALLOCATION, .length = {at, bytes}
#define OUT_PARAMETERS(at, bytes) .dir = TGT_DIR_OUT, .unit = TGT_LEN_PARAMETER, .length = {at, bytes}
#define CDB6(op) .opcode = op, .cdb_len = 6, .service_action = TGT_NO_SA
#define CDB10(op) .opcode = op, .cdb_len = 10, .service_action = TGT_NO_SA
#define CDB12(op) .opcode = op, .cdb_len = 12, .service_action = TGT_NO_SA
#define MAINTENANCE_IN(sa) .opcode = 0xa3, .cdb_len = 12, .service_action = sa

const struct tgt_scsi_op spc_ops[] = {
    {.name = "TEST UNIT READY", CDB6(0x00), .reserve = TGT_RESERVE_ALLOW_PR, .flags = TGT_OP_NO_LU,
     .usage = {0x00}, .exec = spc_test_unit_ready},
    {.name = "REQUEST SENSE", CDB6(0x03), IN_ALLOCATION(4, 1), .reserve = TGT_RESERVE_ALLOW,
     .flags = TGT_OP_NO_LU | TGT_OP_KEEPS_UA | ANY_STATE, .usage = {0x03, 0x01, 0, 0, 0xff, 0},
     .exec = spc_request_sense},
    {.name = "INQUIRY", CDB6(0x12), IN_ALLOCATION(3, 2), .reserve = TGT_RESERVE_ALLOW,
     .flags = TGT_OP_NO_LU | TGT_OP_KEEPS_UA | ANY_STATE, .usage = {0x12, 0x01, 0xff, 0xff, 0xff, 0},
     .exec = spc_inquiry},
    {.name = "MODE SELECT(6)", CDB6(0x15), OUT_PARAMETERS(4, 1), .reserve = TGT_RESERVE_CONFLICT,
     .flags = NO_MEDIUM, .usage = {0x15, 0x11, 0, 0, 0xff, 0}, .exec = spc_mode_select6},
    {.name = "RESERVE(6)", CDB6(0x16), .reserve = TGT_RESERVE_CONFLICT, .flags = NO_MEDIUM, .usage = {0x16},
     .exec = spc_reserve},
    {.name = "RELEASE(6)", CDB6(0x17), .reserve = TGT_RESERVE_ALLOW, .flags = NO_MEDIUM, .usage = {0x17},
     .exec = spc_release},
    {.name = "MODE SENSE(6)", CDB6(0x1a), IN_ALLOCATION(4, 1), .reserve = TGT_RESERVE_CONFLICT,
     .flags = NO_MEDIUM, .usage = {0x1a, 0x08, 0xff, 0xff, 0xff, 0}, .exec = spc_mode_sense6},
    {.name = "START STOP UNIT", CDB6(0x1b), .reserve = TGT_RESERVE_CONFLICT, .flags = NO_MEDIUM,
     .usage = {0x1b, 0x01, 0, 0x0f, 0xf7, 0}, .exec = spc_start_stop},
    {.name = "SEND DIAGNOSTIC", CDB6(0x1d), .reserve = TGT_RESERVE_CONFLICT, .flags = NO_MEDIUM,
     .usage = {0x1d, 0x04, 0, 0, 0, 0}, .exec = spc_self_test},
    {.name = "PREVENT ALLOW MEDIUM REMOVAL", CDB6(0x1e), .reserve = TGT_RESERVE_CONFLICT, .flags = NO_MEDIUM,
     .usage = {0x1e, 0, 0, 0, 0x01, 0}, .exec = spc_prevent_allow},
    {.name = "LOG SENSE", CDB10(0x4d), IN_ALLOCATION(7, 2), .reserve = TGT_RESERVE_ALLOW, .flags = NO_MEDIUM,
     .usage = {0x4d, 0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0}, .exec = spc_log_sense},
    {.name = "MODE SELECT(10)", CDB10(0x55), OUT_PARAMETERS(7, 2), .reserve = TGT_RESERVE_CONFLICT,
     .flags = NO_MEDIUM, .usage = {0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0}, .exec = spc_mode_select10},
    {.name = "RESERVE(10)", CDB10(0x56), .reserve = TGT_RESERVE_CONFLICT, .flags = NO_MEDIUM, .usage = {0x56},
     .exec = spc_reserve},
    {.name = "RELEASE(10)", CDB10(0x57), .reserve = TGT_RESERVE_ALLOW, .flags = NO_MEDIUM, .usage = {0x57},
     .exec = spc_release},
    {.name = "MODE SENSE(10)", CDB10(0x5a), IN_ALLOCATION(7, 2), .reserve = TGT_RESERVE_CONFLICT,
     .flags = NO_MEDIUM, .usage = {0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0}, .exec = spc_mode_sense10},
    {.name = "REPORT LUNS", CDB12(0xa0), IN_ALLOCATION(6, 4), .reserve = TGT_RESERVE_ALLOW,
     .flags = TGT_OP_NO_LU | TGT_OP_KEEPS_UA | ANY_STATE,
     .usage = {0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}, .exec = spc_report_luns},
    {.name = "REPORT SUPPORTED OPERATION CODES", MAINTENANCE_IN(0x0c), IN_ALLOCATION(6, 4),
     .reserve = TGT_RESERVE_ALLOW, .flags = NO_MEDIUM,
     .usage = {0xa3, 0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}, .exec = spc_report_opcodes},
    {.name = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", MAINTENANCE_IN(0x0d), IN_ALLOCATION(6, 4),
     .reserve = TGT_RESERVE_ALLOW, .flags = NO_MEDIUM,
     .usage = {0xa3, 0x1f, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}, .exec = spc_report_tmfs},
};
const unsigned spc_op_count = sizeof spc_ops / sizeof spc_ops[0];
