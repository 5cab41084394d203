/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pump: as many commands as the depth allows, all PDUs of a turn in one send, one big receive.
 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { IN_SIZE = 512 * 1024, IOV_COUNT = 1024 };

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        load_die("out of memory");
    return memory;
}

void conn_init(struct conn *conn, const struct load_options *options, struct load_stats *stats,
               unsigned index)
{
    *conn = (struct conn){.fd = -1, .options = options, .stats = stats, .index = index};
}

/* Enough entries for all PDUs that all commands can have queued at once, and for pings. */
static uint32_t ring_size(const struct conn *conn)
{
    uint32_t segment = conn->session.send_segment;
    uint64_t per_command = 2 + (conn->options->transfer + segment - 1) / segment, size = 64;
    while (size < per_command * conn->options->depth + 16)
        size *= 2;
    return (uint32_t)size;
}

void conn_start(struct conn *conn)
{
    unsigned depth = conn->options->depth;
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
    conn->in = allocate(IN_SIZE);
    conn->slots = allocate(depth * sizeof(*conn->slots));
    conn->free_slots = allocate(depth * sizeof(*conn->free_slots));
    for (conn->n_free = 0; conn->n_free < depth; conn->n_free++)
        conn->free_slots[conn->n_free] = conn->n_free;
    conn->out_size = ring_size(conn);
    conn->out = allocate(conn->out_size * sizeof(*conn->out));
    conn->payload = allocate(conn->options->transfer);
    for (unsigned i = 0; i < conn->options->transfer; i++)
        conn->payload[i] = (uint8_t)(i * 131 >> 3);
    workload_init(&conn->workload, conn->options, conn->index, conn->n_blocks, conn->block_size);
}

void conn_free(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    free(conn->in);
    free(conn->slots);
    free(conn->free_slots);
    free(conn->out);
    free(conn->payload);
}

unsigned conn_in_flight(const struct conn *conn)
{
    return conn->options->depth - conn->n_free;
}

/* --- sending --- */

static struct bhs *queue_pdu(struct conn *conn, const uint8_t *data, uint32_t length)
{
    struct out_pdu *pdu = &conn->out[conn->out_tail++ & (conn->out_size - 1)];
    if (conn->out_tail - conn->out_head > conn->out_size)
        load_die("the target asks for more data than the commands have");
    memset(&pdu->bhs, 0, sizeof(pdu->bhs));
    pdu->data = data;
    pdu->length = length;
    pdu->bhs.data_length = be24(length);
    pdu->bhs.word28 = be32(conn->exp_stat_sn);
    return &pdu->bhs;
}

static void queue_data_out(struct conn *conn, uint32_t itt, uint32_t ttt, uint32_t offset,
                           uint32_t length)
{
    if (offset > conn->options->transfer || length > conn->options->transfer - offset)
        load_die("the target asks for data beyond the end of the command");
    for (uint32_t data_sn = 0, part; length; data_sn++, offset += part, length -= part) {
        part = length < conn->session.send_segment ? length : conn->session.send_segment;
        struct bhs *bhs = queue_pdu(conn, conn->payload + offset, part);
        bhs->opcode = OP_DATA_OUT;
        bhs->flags = part == length ? FLAG_FINAL : 0;
        bhs->lun = be64((uint64_t)conn->options->lun << 48);
        bhs->itt = be32(itt);
        bhs->word20 = be32(ttt);
        bhs->word36 = be32(data_sn);
        bhs->word40 = be32(offset);
    }
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

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

static void queue_command(struct conn *conn, uint64_t now)
{
    struct load_io io = workload_next(&conn->workload);
    const struct load_session *session = &conn->session;
    uint32_t itt = conn->free_slots[--conn->n_free], transfer = conn->options->transfer;
    uint32_t burst = io.write ? min_u32(transfer, session->first_burst) : 0;
    uint32_t immediate = session->immediate_data ? min_u32(burst, session->send_segment) : 0;
    uint32_t unsolicited = session->initial_r2t ? 0 : burst - immediate;
    conn->slots[itt] = (struct slot){.start = now, .write = io.write};

    struct bhs *bhs = queue_pdu(conn, conn->payload, immediate);
    bhs->opcode = OP_COMMAND;
    bhs->flags = (uint8_t)((unsolicited ? 0 : FLAG_FINAL) | COMMAND_SIMPLE |
                           (io.write ? COMMAND_WRITE : COMMAND_READ));
    bhs->lun = be64((uint64_t)conn->options->lun << 48);
    bhs->itt = be32(itt);
    bhs->word20 = be32(transfer);
    bhs->word24 = be32(conn->cmd_sn++);
    make_cdb(bhs, &io, conn->workload.blocks);
    if (unsolicited)
        queue_data_out(conn, itt, NO_TAG, immediate, unsolicited);
}

void conn_fill(struct conn *conn, uint64_t now)
{
    while (!conn->draining && conn->n_free && (int32_t)(conn->max_cmd_sn - conn->cmd_sn) >= 0)
        queue_command(conn, now);
}

static size_t pdu_size(const struct out_pdu *pdu)
{
    return sizeof(pdu->bhs) + ((pdu->length + 3) & ~3u);
}

static unsigned append(struct iovec *iov, unsigned n, const void *data, size_t length, size_t *skip)
{
    size_t cut = *skip < length ? *skip : length;
    *skip -= cut;
    if (cut == length)
        return n;
    iov[n] = (struct iovec){.iov_base = (char *)data + cut, .iov_len = length - cut};
    return n + 1;
}

static unsigned gather(const struct conn *conn, struct iovec *iov)
{
    static const uint8_t padding[4];
    size_t skip = conn->out_sent;
    unsigned n = 0;
    for (uint32_t at = conn->out_head; at != conn->out_tail && n + 3 <= IOV_COUNT; at++) {
        const struct out_pdu *pdu = &conn->out[at & (conn->out_size - 1)];
        n = append(iov, n, &pdu->bhs, sizeof(pdu->bhs), &skip);
        n = append(iov, n, pdu->data, pdu->length, &skip);
        n = append(iov, n, padding, -pdu->length & 3, &skip);
    }
    return n;
}

static void consume(struct conn *conn, size_t sent)
{
    conn->out_sent += sent;
    while (conn->out_head != conn->out_tail) {
        size_t size = pdu_size(&conn->out[conn->out_head & (conn->out_size - 1)]);
        if (conn->out_sent < size)
            return;
        conn->out_sent -= size;
        conn->out_head++;
    }
}

bool conn_flush(struct conn *conn)
{
    struct iovec iov[IOV_COUNT];
    while (conn->out_head != conn->out_tail) {
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = gather(conn, iov)};
        ssize_t sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN)
            return false;
        if (sent < 0 && errno != EINTR)
            load_die("sendmsg: %s", strerror(errno));
        if (sent > 0)
            consume(conn, (size_t)sent);
    }
    return true;
}

/* --- receiving --- */

static struct slot *slot_of(struct conn *conn, const struct bhs *bhs)
{
    uint32_t itt = be32_get(bhs->itt);
    if (itt >= conn->options->depth || !conn->slots[itt].start)
        load_die("opcode %#x with the unknown task tag %#x", bhs->opcode, itt);
    return &conn->slots[itt];
}

static void complete(struct conn *conn, struct slot *slot, const struct bhs *bhs, uint64_t now)
{
    uint32_t expected = slot->write ? 0 : conn->options->transfer;
    if (bhs->byte2 || bhs->byte3 || bhs->flags & RESIDUAL_MASK || slot->received != expected)
        conn->stats->errors++;
    load_stats_add(conn->stats, now - slot->start);
    slot->start = 0;
    conn->free_slots[conn->n_free++] = be32_get(bhs->itt);
}

static void on_data_in(struct conn *conn, const struct bhs *bhs, uint64_t now)
{
    struct slot *slot = slot_of(conn, bhs);
    slot->received += be24_get(bhs->data_length);
    if (!(bhs->flags & DATA_IN_STATUS))
        return;
    conn->exp_stat_sn = be32_get(bhs->word24) + 1;
    struct bhs status = *bhs;
    status.byte2 = 0; /* reserved in a Data-In */
    status.flags &= 0x06;
    complete(conn, slot, &status, now);
}

static void on_r2t(struct conn *conn, const struct bhs *bhs)
{
    slot_of(conn, bhs);
    queue_data_out(conn, be32_get(bhs->itt), be32_get(bhs->word20), be32_get(bhs->word40),
                   be32_get(bhs->word44));
}

static void on_nop_in(struct conn *conn, const struct bhs *bhs)
{
    if (be32_get(bhs->word20) == NO_TAG)
        return;
    struct bhs *answer = queue_pdu(conn, NULL, 0);
    answer->opcode = OP_NOP_OUT | OP_IMMEDIATE;
    answer->flags = FLAG_FINAL;
    answer->lun = bhs->lun;
    answer->itt = be32(NO_TAG);
    answer->word20 = bhs->word20;
    answer->word24 = be32(conn->cmd_sn);
}

static void on_pdu(struct conn *conn, const struct bhs *bhs, uint64_t now)
{
    uint32_t max_cmd_sn = be32_get(bhs->word32);
    if ((int32_t)(max_cmd_sn - conn->max_cmd_sn) > 0)
        conn->max_cmd_sn = max_cmd_sn;
    switch (bhs->opcode & OP_MASK) {
    case OP_DATA_IN:
        on_data_in(conn, bhs, now);
        return;
    case OP_R2T:
        on_r2t(conn, bhs);
        return;
    case OP_NOP_IN:
        on_nop_in(conn, bhs);
        return;
    case OP_RESPONSE:
        conn->exp_stat_sn = be32_get(bhs->word24) + 1;
        complete(conn, slot_of(conn, bhs), bhs, now);
        return;
    default:
        load_die("unexpected opcode %#x", bhs->opcode);
    }
}

/* Data segments are dropped: what arrives is counted, not looked at; a PDU counts once it is whole.
 */
static size_t parse(struct conn *conn, size_t length, uint64_t now)
{
    size_t at = 0;
    for (;;) {
        size_t drop = conn->in_skip < length - at ? conn->in_skip : length - at;
        conn->in_skip -= drop;
        at += drop;
        if (conn->in_skip)
            return at;
        if (conn->in_pdu)
            on_pdu(conn, &conn->in_bhs, now);
        conn->in_pdu = length - at >= sizeof(conn->in_bhs);
        if (!conn->in_pdu)
            return at;
        memcpy(&conn->in_bhs, conn->in + at, sizeof(conn->in_bhs));
        at += sizeof(conn->in_bhs);
        conn->in_skip =
            conn->in_bhs.ahs_length * 4u + ((be24_get(conn->in_bhs.data_length) + 3) & ~3u);
    }
}

void conn_receive(struct conn *conn)
{
    ssize_t n = recv(conn->fd, conn->in + conn->in_have, IN_SIZE - conn->in_have, MSG_DONTWAIT);
    if (n == 0)
        load_die("the target closed the connection");
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            load_die("recv: %s", strerror(errno));
        return;
    }
    size_t length = conn->in_have + (size_t)n, used = parse(conn, length, load_now());
    conn->in_have = length - used;
    memmove(conn->in, conn->in + used, conn->in_have);
}
