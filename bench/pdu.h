/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The basic header segments that the load generator sends and reads (RFC 7143 section 11). */
#ifndef BENCH_PDU_H
#define BENCH_PDU_H

#include <tgt/scsi/be.h>

enum {
    OP_NOP_OUT = 0x00,
    OP_COMMAND = 0x01,
    OP_LOGIN = 0x03,
    OP_DATA_OUT = 0x05,
    OP_NOP_IN = 0x20,
    OP_RESPONSE = 0x21,
    OP_LOGIN_RESPONSE = 0x23,
    OP_DATA_IN = 0x25,
    OP_R2T = 0x31,
    OP_MASK = 0x3f,
    OP_IMMEDIATE = 0x40,
};

enum {
    FLAG_FINAL = 0x80,
    COMMAND_READ = 0x40,
    COMMAND_WRITE = 0x20,
    COMMAND_SIMPLE = 0x01,
    DATA_IN_STATUS = 0x01,
    RESIDUAL_MASK = 0x1e,
    DATA_IN_RESIDUAL_MASK = 0x06,
    LOGIN_TRANSIT = 0x80,
    LOGIN_CONTINUE = 0x40,
};

#define NO_TAG 0xffffffffu

/* All PDUs share these places; the rest of a header depends on the opcode. */
struct bhs {
    uint8_t opcode;
    uint8_t flags;
    uint8_t byte2; /* response or login version */
    uint8_t byte3; /* SCSI status or login version */
    uint8_t ahs_length;
    be24_t data_length;
    be64_t lun; /* in a login: ISID and TSIH */
    be32_t itt;
    be32_t word20; /* expected length, target transfer tag, or a login's CID */
    be32_t word24; /* CmdSN or StatSN */
    be32_t word28; /* ExpStatSN or ExpCmdSN */
    union {
        uint8_t cdb[16];
        struct {
            be32_t word32; /* MaxCmdSN */
            be32_t word36; /* DataSN, R2TSN, or a login's status class and detail */
            be32_t word40; /* buffer offset */
            be32_t word44; /* desired length or residual count */
        };
    };
};
_Static_assert(sizeof(struct bhs) == 48, "a basic header segment has 48 bytes");

/* Peripheral device addressing as far as it goes, then flat space addressing (SAM-5 4.7.7). */
static inline be64_t bhs_lun(unsigned lun)
{
    return be64((uint64_t)(lun < 256 ? lun : 0x4000u | lun) << 48);
}

#endif
