/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection sends: as many commands as the depth allows, all PDUs of a turn in one message.
 */
#include "verify.h"

#include <string.h>

static struct out_pdu *queue_pdu(struct conn *conn, const uint8_t *data, uint32_t length)
{
    struct out_pdu *pdu = &conn->out[conn->out_tail++ & (conn->out_size - 1)];
    if (conn->out_tail - conn->out_head > conn->out_size)
        load_die("the target asks for more data than the commands have");
    memset(&pdu->bhs, 0, sizeof(pdu->bhs));
    pdu->data = data;
    pdu->length = length;
    pdu->bhs.data_length = be24(length);
    pdu->bhs.word28 = be32(conn->exp_stat_sn);
    return pdu;
}

/* Padding is zero, and part of what the data digest covers. */
static void seal_data(struct out_pdu *pdu, uint8_t padding)
{
    uint32_t crc = iscsi_crc32c(ISCSI_CRC_START, pdu->data, pdu->length);
    iscsi_crc32c_end(iscsi_crc32c(crc, pdu->tail, padding), pdu->tail + padding);
    pdu->tail_length += DIGEST_SIZE;
}

/* The header is complete. */
static void seal_pdu(const struct conn *conn, struct out_pdu *pdu)
{
    uint8_t padding = (uint8_t)(-pdu->length & PADDING_MAX);
    pdu->tail_length = padding;
    memset(pdu->tail, 0, padding);
    if (!conn->digests)
        return;
    digest_make(&pdu->bhs, sizeof(pdu->bhs), pdu->header_digest);
    if (pdu->length)
        seal_data(pdu, padding);
}

static void queue_data_out(struct conn *conn, uint32_t itt, uint32_t ttt, uint32_t data_sn,
                           uint32_t offset, uint32_t length, bool final)
{
    struct out_pdu *pdu = queue_pdu(conn, conn->slots[itt].data + offset, length);
    pdu->bhs.opcode = OP_DATA_OUT;
    pdu->bhs.flags = final ? FLAG_FINAL : 0;
    pdu->bhs.lun = bhs_lun(conn->options->lun);
    pdu->bhs.itt = be32(itt);
    pdu->bhs.word20 = be32(ttt);
    pdu->bhs.word36 = be32(data_sn);
    pdu->bhs.word40 = be32(offset);
    seal_pdu(conn, pdu);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void conn_queue_data_out(struct conn *conn, uint32_t itt, uint32_t ttt, uint32_t offset,
                         uint32_t length)
{
    if (offset > conn->options->transfer || length > conn->options->transfer - offset)
        load_die("the target asks for data beyond the end of the command");
    for (uint32_t data_sn = 0, part; length; data_sn++, offset += part, length -= part) {
        part = min_u32(length, conn->session.send_segment);
        queue_data_out(conn, itt, ttt, data_sn, offset, part, part == length);
    }
}

void conn_queue_pong(struct conn *conn, const struct bhs *ping)
{
    struct out_pdu *pdu = queue_pdu(conn, NULL, 0);
    pdu->bhs.opcode = OP_NOP_OUT | OP_IMMEDIATE;
    pdu->bhs.flags = FLAG_FINAL;
    pdu->bhs.lun = ping->lun;
    pdu->bhs.itt = be32(NO_TAG);
    pdu->bhs.word20 = ping->word20;
    pdu->bhs.word24 = be32(conn->cmd_sn);
    seal_pdu(conn, pdu);
}

/* --- commands --- */

static void make_cdb(struct bhs *bhs, const struct load_io *io, unsigned blocks)
{
    bool small = io->lba <= UINT32_MAX && blocks <= UINT16_MAX;
    bhs->cdb[0] = (uint8_t)((small ? 0x28 : 0x88) + (io->write ? 2 : 0));
    if (small) {
        be_put(bhs->cdb + 2, 4, io->lba);
        be_put(bhs->cdb + 7, 2, blocks);
    } else {
        be_put(bhs->cdb + 2, 8, io->lba);
        be_put(bhs->cdb + 10, 4, blocks);
    }
}

static void queue_command(struct conn *conn, uint32_t itt)
{
    const struct load_session *session = &conn->session;
    struct slot *slot = &conn->slots[itt];
    bool write = slot->io.write;
    uint32_t transfer = conn->options->transfer;
    uint32_t burst = write ? min_u32(transfer, session->first_burst) : 0;
    uint32_t immediate = session->immediate_data ? min_u32(burst, session->send_segment) : 0;
    uint32_t unsolicited = session->initial_r2t ? 0 : burst - immediate;

    struct out_pdu *pdu = queue_pdu(conn, slot->data, immediate);
    pdu->bhs.opcode = OP_COMMAND;
    pdu->bhs.flags = (uint8_t)((unsolicited ? 0 : FLAG_FINAL) | COMMAND_SIMPLE |
                               (write ? COMMAND_WRITE : COMMAND_READ));
    pdu->bhs.lun = bhs_lun(conn->options->lun);
    pdu->bhs.itt = be32(itt);
    pdu->bhs.word20 = be32(transfer);
    pdu->bhs.word24 = be32(conn->cmd_sn++);
    make_cdb(&pdu->bhs, &slot->io, conn->workload.blocks);
    seal_pdu(conn, pdu);
    if (unsolicited)
        conn_queue_data_out(conn, itt, NO_TAG, immediate, unsolicited);
}

/* A few attempts find one that races with none, unless the logical unit is tiny; then later. */
static bool next_io(struct conn *conn, struct load_io *io)
{
    for (unsigned attempt = 0; attempt < 16; attempt++) {
        *io = workload_next(&conn->workload);
        if (!conn->verify || verify_claim(conn->verify, io))
            return true;
    }
    return false;
}

static void begin_command(struct conn *conn, const struct load_io *io, uint64_t now)
{
    uint32_t itt = conn->free_slots[--conn->n_free];
    struct slot *slot = &conn->slots[itt];
    slot->start = now;
    slot->io = *io;
    slot->received = 0;
    if (conn->verify && io->write)
        verify_fill(conn->verify, slot, conn->block_size);
    conn->left--;
    queue_command(conn, itt);
}

void conn_fill(struct conn *conn, uint64_t now)
{
    struct load_io io;
    while (conn->left && conn->n_free && (int32_t)(conn->max_cmd_sn - conn->cmd_sn) >= 0 &&
           next_io(conn, &io))
        begin_command(conn, &io, now);
}

/* --- the message --- */

static size_t header_size(const struct conn *conn)
{
    return sizeof(struct bhs) + (conn->digests ? DIGEST_SIZE : 0);
}

static size_t append(struct iovec *iov, size_t n, const void *data, size_t length, size_t *skip)
{
    size_t cut = *skip < length ? *skip : length;
    *skip -= cut;
    if (cut == length)
        return n;
    iov[n] = (struct iovec){.iov_base = (char *)data + cut, .iov_len = length - cut};
    return n + 1;
}

static size_t gather(const struct conn *conn, struct iovec *iov)
{
    size_t skip = conn->out_sent, n = 0;
    for (uint32_t at = conn->out_head; at != conn->out_tail && n + 3 <= IOV_COUNT; at++) {
        const struct out_pdu *pdu = &conn->out[at & (conn->out_size - 1)];
        n = append(iov, n, &pdu->bhs, header_size(conn), &skip);
        n = append(iov, n, pdu->data, pdu->length, &skip);
        n = append(iov, n, pdu->tail, pdu->tail_length, &skip);
    }
    return n;
}

struct msghdr *conn_outgoing(struct conn *conn)
{
    if (conn->out_head == conn->out_tail)
        return NULL;
    conn->message = (struct msghdr){.msg_iov = conn->iov, .msg_iovlen = gather(conn, conn->iov)};
    return &conn->message;
}

void conn_sent(struct conn *conn, size_t length)
{
    conn->out_sent += length;
    while (conn->out_head != conn->out_tail) {
        const struct out_pdu *pdu = &conn->out[conn->out_head & (conn->out_size - 1)];
        size_t size = header_size(conn) + pdu->length + pdu->tail_length;
        if (conn->out_sent < size)
            return;
        conn->out_sent -= size;
        conn->out_head++;
    }
}
