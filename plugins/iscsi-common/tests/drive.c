/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes taken for the doings of initiators. Most PDUs are nearly right: wrong ones end early. */
#include <string.h>

#include "drive.h"
#include "fake-private.h"

#define CONNECTIONS 3
#define STEPS_MAX   400

struct drive {
    const uint8_t *data;
    size_t left;
    struct fake *fake;
    struct iscsi_conn *conns[CONNECTIONS];
    uint32_t ttt, itt; /* of the last R2T or text response */
    uint32_t offset, length;
};

static uint8_t byte(struct drive *d)
{
    if (d->left == 0)
        return 0;
    d->left--;
    return *d->data++;
}

static void bytes(struct drive *d, void *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = byte(d);
}

/* Note what the engine asks for, so that it can be given. */
static void collect_sent(struct drive *d)
{
    GBytes *sent;
    while ((sent = fake_sent(d->fake))) {
        const union iscsi_bhs *bhs = g_bytes_get_data(sent, NULL);
        uint8_t opcode = iscsi_opcode(bhs);
        g_assert_cmpuint(be24_get(bhs->any.data_len), ==, g_bytes_get_size(sent) - ISCSI_BHS_LEN);
        if (opcode == ISCSI_OP_R2T || opcode == ISCSI_OP_TEXT_RESPONSE) {
            d->ttt = be32_get(bhs->any.ttt);
            d->itt = iscsi_itt(bhs);
        }
        if (opcode == ISCSI_OP_R2T) {
            d->offset = be32_get(bhs->r2t.offset);
            d->length = be32_get(bhs->r2t.length);
        }
        g_bytes_unref(sent);
    }
}

static struct iscsi_conn *pick(struct drive *d, uint8_t which)
{
    struct iscsi_conn **slot = &d->conns[which % CONNECTIONS];
    if (*slot && !fake_is_open(d->fake, *slot))
        *slot = NULL;
    if (!*slot)
        *slot = fake_connect(d->fake);
    return *slot;
}

static void log_in(struct drive *d, struct iscsi_conn *c)
{
#define TEXT(pairs)                                                                                \
    {                                                                                              \
        pairs, sizeof(pairs) - 1                                                                   \
    }
    static const struct {
        const char *pairs;
        size_t len;
    } texts[] = {
        TEXT(""),
        TEXT("InitialR2T=Yes\0ImmediateData=No\0"),
        TEXT("InitialR2T=No\0MaxBurstLength=1024\0FirstBurstLength=512\0"),
        TEXT("InitialR2T=No\0MaxRecvDataSegmentLength=512\0MaxOutstandingR2T=8\0MaxBurstLength="
             "512\0"),
        TEXT("DataDigest=CRC32C\0InitialR2T=No\0"),
    };
#undef TEXT
    unsigned which = byte(d) % G_N_ELEMENTS(texts);
    fake_login(d->fake, c, texts[which].pairs, texts[which].len);
}

static const uint8_t opcodes[] = {
    ISCSI_OP_SCSI_COMMAND, ISCSI_OP_SCSI_COMMAND, ISCSI_OP_DATA_OUT,     ISCSI_OP_DATA_OUT,
    ISCSI_OP_NOP_OUT,      ISCSI_OP_TMF_REQUEST,  ISCSI_OP_TEXT_REQUEST, ISCSI_OP_LOGOUT_REQUEST,
    ISCSI_OP_SNACK,        ISCSI_OP_LOGIN_REQUEST};

/* A CmdSN in or near the window, a small tag, and for commands a CDB that the fake core knows. */
static void make_plausible(struct drive *d, struct iscsi_conn *c, union iscsi_bhs *bhs, uint8_t how)
{
    uint32_t due = c->session ? c->session->exp_cmdsn : 1;
    bhs->any.cmdsn = be32(due + (how & 1 ? byte(d) % 8 : 0) - (how & 2 ? byte(d) % 3 : 0));
    bhs->any.itt = be32(bhs->bytes[19] % 16);
    if (iscsi_opcode(bhs) == ISCSI_OP_SCSI_COMMAND) {
        static const uint8_t cdbs[] = {0x00, 0x28, 0x2a, 0x2a, 0x53, 0x12};
        bhs->scsi_command.cdb[0] = cdbs[bhs->bytes[32] % G_N_ELEMENTS(cdbs)];
        memset(bhs->scsi_command.cdb + 7, 0, 1);
        bhs->scsi_command.expected_length = be32(bhs->bytes[22] * 128u);
    }
    memset(bhs->any.lun, 0, sizeof(bhs->any.lun));
}

/* The data that was asked for, if how says so. */
static void answer_request(struct drive *d, union iscsi_bhs *bhs, uint8_t how, size_t *len)
{
    if (how & 4 || d->ttt == 0)
        return;
    bhs->any.ttt = be32(d->ttt);
    bhs->any.itt = be32(d->itt);
    if (iscsi_opcode(bhs) != ISCSI_OP_DATA_OUT)
        return;
    bhs->data_out.datasn = be32(0);
    bhs->data_out.offset = be32(d->offset);
    *len = MIN(d->length, 65536);
    bhs->data_out.flags |= how & 8 ? 0 : ISCSI_FINAL;
}

/* Pairs that mean something in full feature phase, or do not belong there. */
static size_t make_text(struct drive *d, char *text, size_t size)
{
    static const char *const pairs[] = {
        "SendTargets=All",  "SendTargets=", "SendTargets=iqn.t",
        "SendTargets=x",    "X-a=1",        "MaxBurstLength=65536",
        "InitiatorAlias=a", "nothing",      "MaxRecvDataSegmentLength=512"};
    size_t len = 0;
    for (unsigned count = byte(d) % 4; count > 0; count--) {
        const char *pair = pairs[byte(d) % G_N_ELEMENTS(pairs)];
        len += g_strlcpy(text + len, pair, size - len) + 1;
    }
    return len;
}

static void send_pdu(struct drive *d, struct iscsi_conn *c, uint8_t how)
{
    static uint8_t const zeros[65536];
    union iscsi_bhs bhs;
    uint8_t ahs[16], text[256];
    size_t len = byte(d) * (how & 16 ? 64u : 1u), ahs_len = how & 32 ? 4u * (byte(d) % 5) : 0;
    bytes(d, &bhs, sizeof(bhs));
    bhs.any.opcode =
        opcodes[bhs.any.opcode % G_N_ELEMENTS(opcodes)] | (bhs.any.opcode & ISCSI_OP_IMMEDIATE);
    make_plausible(d, c, &bhs, how);
    if (iscsi_opcode(&bhs) == ISCSI_OP_DATA_OUT || iscsi_opcode(&bhs) == ISCSI_OP_TEXT_REQUEST)
        answer_request(d, &bhs, how, &len);
    bytes(d, ahs, ahs_len);
    bool is_text = len <= sizeof(text) && iscsi_opcode(&bhs) == ISCSI_OP_TEXT_REQUEST;
    if (is_text && (how & 128))
        len = make_text(d, (char *)text, sizeof(text));
    else if (is_text)
        bytes(d, text, len);
    fake_pdu(d->fake, c, &bhs, ahs, ahs_len, is_text ? text : zeros, len, !(how & 64));
}

/* A Login Request as the bytes say, text and all. */
static void send_login(struct drive *d, struct iscsi_conn *c)
{
    uint8_t text[256];
    size_t len = byte(d);
    union iscsi_bhs bhs = {.login_request = {.opcode = ISCSI_OP_LOGIN_REQUEST | ISCSI_OP_IMMEDIATE,
                                             .flags = byte(d),
                                             .tsih = be16(byte(d) & 3)}};
    bytes(d, text, len);
    fake_pdu(d->fake, c, &bhs, NULL, 0, text, len, true);
}

static void step(struct drive *d)
{
    uint8_t what = byte(d), how = byte(d);
    struct iscsi_conn *c = pick(d, how >> 6);
    switch (what % 16) {
    case 0:
        fake_pass(d->fake, (uint64_t)how * 100000000);
        break;
    case 1:
        fake_starve(d->fake, how & 1);
        d->fake->attention = how & 2;
        fake_choke(d->fake, (how & 12) == 4);
        fake_hinder(d->fake, how >> 4 & 3);
        break;
    case 2:
        iscsi_conn_close(c, "the peer is gone");
        break;
    case 3:
        log_in(d, c);
        break;
    case 4:
        send_login(d, c);
        break;
    case 5:
        if (c->session && c->session->nexus && how & 64)
            iscsi_nexus_logout(c->session->nexus, how);
        else if (c->session && c->session->nexus)
            iscsi_nexus_close(c->session->nexus, 1 + how % 4);
        break;
    default:
        if (!c->session && !c->login)
            log_in(d, c);
        else
            send_pdu(d, c, how);
        break;
    }
    if (what & 128)
        fake_run(d->fake);
    collect_sent(d);
}

void drive(const uint8_t *data, size_t size)
{
    struct drive d = {.data = data, .left = size, .fake = fake_new()};
    for (unsigned i = 0; i < STEPS_MAX && d.left > 0; i++)
        step(&d);
    fake_free(d.fake);
}
