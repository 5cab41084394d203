/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iSCSI protocol data units as they are on the wire (RFC 7143 clause 11). */
#ifndef ISCSI_PDU_H
#define ISCSI_PDU_H

#include <stdbool.h>
#include <stdint.h>
#include <tgt/scsi/be.h>

#define ISCSI_BHS_LEN 48
/* TotalAHSLength counts words in one byte. */
#define ISCSI_AHS_MAX (255 * 4)
#define ISCSI_NO_TAG  0xffffffffu
/* MaxRecvDataSegmentLength of both sides until one is declared, and during all of the login
 * (13.12). */
#define ISCSI_LOGIN_SEGMENT 8192u

/* Opcodes of initiators: X(NAME, value). */
#define ISCSI_OP_LIST(X)                                                                           \
    X(NOP_OUT, 0x00)                                                                               \
    X(SCSI_COMMAND, 0x01)                                                                          \
    X(TMF_REQUEST, 0x02)                                                                           \
    X(LOGIN_REQUEST, 0x03)                                                                         \
    X(TEXT_REQUEST, 0x04)                                                                          \
    X(DATA_OUT, 0x05)                                                                              \
    X(LOGOUT_REQUEST, 0x06)                                                                        \
    X(SNACK, 0x10)                                                                                 \
    X(NOP_IN, 0x20)                                                                                \
    X(SCSI_RESPONSE, 0x21)                                                                         \
    X(TMF_RESPONSE, 0x22)                                                                          \
    X(LOGIN_RESPONSE, 0x23)                                                                        \
    X(TEXT_RESPONSE, 0x24)                                                                         \
    X(DATA_IN, 0x25)                                                                               \
    X(LOGOUT_RESPONSE, 0x26)                                                                       \
    X(R2T, 0x31)                                                                                   \
    X(ASYNC, 0x32)                                                                                 \
    X(REJECT, 0x3f)

enum iscsi_opcode {
#define X(name, value) ISCSI_OP_##name = (value),
    ISCSI_OP_LIST(X)
#undef X
};

#define ISCSI_OP_MASK      0x3f
#define ISCSI_OP_IMMEDIATE 0x40

/* Flags in byte 1; which of them a PDU has is said in its clause. */
enum {
    ISCSI_FINAL = 0x80,
    ISCSI_TRANSIT = 0x80,
    ISCSI_CONTINUE = 0x40,
    ISCSI_READ = 0x40,
    ISCSI_WRITE = 0x20,
    ISCSI_ATTR_MASK = 0x07,
    ISCSI_BIDI_OVERFLOW = 0x10,
    ISCSI_BIDI_UNDERFLOW = 0x08,
    ISCSI_OVERFLOW = 0x04,
    ISCSI_UNDERFLOW = 0x02,
    ISCSI_STATUS = 0x01,
};

/* Reason codes of Reject (11.17.1). */
#define ISCSI_REJECT_LIST(X)                                                                       \
    X(DATA_DIGEST, 0x02)                                                                           \
    X(PROTOCOL_ERROR, 0x04)                                                                        \
    X(NOT_SUPPORTED, 0x05)                                                                         \
    X(IMMEDIATE, 0x06)                                                                             \
    X(TASK_IN_PROGRESS, 0x07)                                                                      \
    X(INVALID_FIELD, 0x09)                                                                         \
    X(OUT_OF_RESOURCES, 0x0a)

enum iscsi_reject {
#define X(name, value) ISCSI_REJECT_##name = (value),
    ISCSI_REJECT_LIST(X)
#undef X
};

/* Status class and detail of Login Responses (11.13.5): X(NAME, value, text). */
#define ISCSI_LOGIN_STATUS_LIST(X)                                                                 \
    X(SUCCESS, 0x0000, "success")                                                                  \
    X(MOVED, 0x0101, "moved temporarily")                                                          \
    X(MOVED_FOR_EVER, 0x0102, "moved permanently")                                                 \
    X(INITIATOR_ERROR, 0x0200, "initiator error")                                                  \
    X(AUTH_FAILED, 0x0201, "authentication failed")                                                \
    X(FORBIDDEN, 0x0202, "access denied")                                                          \
    X(NOT_FOUND, 0x0203, "no such target")                                                         \
    X(VERSION, 0x0205, "unsupported version")                                                      \
    X(TOO_MANY_CONNECTIONS, 0x0206, "too many connections")                                        \
    X(MISSING_PARAMETER, 0x0207, "missing parameter")                                              \
    X(SESSION_TYPE, 0x0209, "session type not supported")                                          \
    X(NO_SESSION, 0x020a, "session does not exist")                                                \
    X(INVALID_DURING_LOGIN, 0x020b, "invalid request during login")                                \
    X(TARGET_ERROR, 0x0300, "target error")                                                        \
    X(UNAVAILABLE, 0x0301, "service unavailable")                                                  \
    X(OUT_OF_RESOURCES, 0x0302, "out of resources")

enum iscsi_login_status {
#define X(name, value, text) ISCSI_LOGIN_##name = (value),
    ISCSI_LOGIN_STATUS_LIST(X)
#undef X
};

/* Login stages (11.12.3). */
enum iscsi_stage { ISCSI_SECURITY = 0, ISCSI_OPERATIONAL = 1, ISCSI_FULL_FEATURE = 3 };

/* What all PDUs have in common; the numbers are those of requests. */
struct iscsi_any {
    uint8_t opcode;
    uint8_t flags;
    uint8_t specific[2];
    uint8_t ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ttt;
    be32_t cmdsn;
    be32_t exp_statsn;
    uint8_t rest[16];
};

/* What all responses have in common. */
struct iscsi_answer {
    uint8_t opcode;
    uint8_t flags;
    uint8_t response;
    uint8_t status;
    uint8_t ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ttt;
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    uint8_t rest[12];
};

struct iscsi_scsi_command {
    uint8_t opcode, flags, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t expected_length;
    be32_t cmdsn;
    be32_t exp_statsn;
    uint8_t cdb[16];
};

struct iscsi_scsi_response {
    uint8_t opcode, flags, response, status, ahs_words;
    be24_t data_len;
    uint8_t reserved[8];
    be32_t itt;
    be32_t snack_tag;
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    be32_t exp_datasn;
    be32_t bidi_residual;
    be32_t residual;
};

struct iscsi_tmf_request {
    uint8_t opcode, function, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ref_itt;
    be32_t cmdsn;
    be32_t exp_statsn;
    be32_t ref_cmdsn;
    be32_t exp_datasn;
    uint8_t reserved2[8];
};

struct iscsi_data_out {
    uint8_t opcode, flags, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ttt;
    uint8_t reserved2[4];
    be32_t exp_statsn;
    uint8_t reserved3[4];
    be32_t datasn;
    be32_t offset;
    uint8_t reserved4[4];
};

struct iscsi_data_in {
    uint8_t opcode, flags, reserved, status, ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ttt;
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    be32_t datasn;
    be32_t offset;
    be32_t residual;
};

struct iscsi_r2t {
    uint8_t opcode, flags, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    be32_t ttt;
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    be32_t r2tsn;
    be32_t offset;
    be32_t length;
};

struct iscsi_async {
    uint8_t opcode, flags, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t lun[8];
    be32_t itt;
    uint8_t reserved2[4];
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    uint8_t event, vendor_code;
    be16_t parameter1;
    be16_t parameter2;
    be16_t parameter3;
    uint8_t reserved3[4];
};

struct iscsi_login_request {
    uint8_t opcode, flags, version_max, version_min, ahs_words;
    be24_t data_len;
    uint8_t isid[6];
    be16_t tsih;
    be32_t itt;
    be16_t cid;
    uint8_t reserved[2];
    be32_t cmdsn;
    be32_t exp_statsn;
    uint8_t reserved2[16];
};

struct iscsi_login_response {
    uint8_t opcode, flags, version_max, version_active, ahs_words;
    be24_t data_len;
    uint8_t isid[6];
    be16_t tsih;
    be32_t itt;
    uint8_t reserved[4];
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    be16_t status;
    uint8_t reserved2[10];
};

struct iscsi_logout_request {
    uint8_t opcode, reason, reserved[2], ahs_words;
    be24_t data_len;
    uint8_t reserved2[8];
    be32_t itt;
    be16_t cid;
    uint8_t reserved3[2];
    be32_t cmdsn;
    be32_t exp_statsn;
    uint8_t reserved4[16];
};

struct iscsi_logout_response {
    uint8_t opcode, flags, response, reserved, ahs_words;
    be24_t data_len;
    uint8_t reserved2[8];
    be32_t itt;
    uint8_t reserved3[4];
    be32_t statsn;
    be32_t exp_cmdsn;
    be32_t max_cmdsn;
    uint8_t reserved4[4];
    be16_t time2wait;
    be16_t time2retain;
    uint8_t reserved5[4];
};

/* A basic header segment, whatever it is. */
union iscsi_bhs {
    uint8_t bytes[ISCSI_BHS_LEN];
    struct iscsi_any any;
    struct iscsi_answer answer;
    struct iscsi_scsi_command scsi_command;
    struct iscsi_scsi_response scsi_response;
    struct iscsi_tmf_request tmf_request;
    struct iscsi_data_out data_out;
    struct iscsi_data_in data_in;
    struct iscsi_r2t r2t;
    struct iscsi_async async;
    struct iscsi_login_request login_request;
    struct iscsi_login_response login_response;
    struct iscsi_logout_request logout_request;
    struct iscsi_logout_response logout_response;
};

#define ISCSI_CHECK(type) _Static_assert(sizeof(struct type) == ISCSI_BHS_LEN, #type)
ISCSI_CHECK(iscsi_any);
ISCSI_CHECK(iscsi_answer);
ISCSI_CHECK(iscsi_scsi_command);
ISCSI_CHECK(iscsi_scsi_response);
ISCSI_CHECK(iscsi_tmf_request);
ISCSI_CHECK(iscsi_data_out);
ISCSI_CHECK(iscsi_data_in);
ISCSI_CHECK(iscsi_r2t);
ISCSI_CHECK(iscsi_async);
ISCSI_CHECK(iscsi_login_request);
ISCSI_CHECK(iscsi_login_response);
ISCSI_CHECK(iscsi_logout_request);
ISCSI_CHECK(iscsi_logout_response);
#undef ISCSI_CHECK

static inline uint8_t iscsi_opcode(const union iscsi_bhs *bhs)
{
    return bhs->any.opcode & ISCSI_OP_MASK;
}

static inline bool iscsi_is_immediate(const union iscsi_bhs *bhs)
{
    return bhs->any.opcode & ISCSI_OP_IMMEDIATE;
}

static inline uint32_t iscsi_itt(const union iscsi_bhs *bhs)
{
    return be32_get(bhs->any.itt);
}

/* Bytes that fill a segment up to a multiple of four. */
static inline unsigned iscsi_pad(uint32_t len)
{
    return -len & 3;
}

/* Serial number arithmetic (RFC 1982): a comes before b. */
static inline bool iscsi_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

#endif
