/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection receives: one big receive, then all PDUs in it. */
#include "verify.h"

#include <errno.h>
#include <string.h>

static struct slot *slot_of(struct conn *conn, const struct bhs *bhs)
{
    uint32_t itt = be32_get(bhs->itt);
    if (itt >= conn->options->depth || !conn->slots[itt].start)
        load_die("opcode %#x with the unknown task tag %#x", bhs->opcode, itt);
    return &conn->slots[itt];
}

/* --- PDUs that are whole --- */

static bool verify(struct conn *conn, const struct slot *slot, bool good)
{
    if (!conn->verify)
        return true;
    conn->stats->verified += good && !slot->io.write;
    return verify_end(conn->verify, slot, conn->block_size, good);
}

static void complete(struct conn *conn, const struct bhs *bhs, bool good, uint64_t now)
{
    struct slot *slot = slot_of(conn, bhs);
    good = good && slot->received == (slot->io.write ? 0 : conn->options->transfer);
    if (!verify(conn, slot, good) || !good)
        conn->stats->errors++;
    load_stats_add(conn->stats, now - slot->start);
    slot->start = 0;
    conn->free_slots[conn->n_free++] = be32_get(bhs->itt);
}

static void on_data_in(struct conn *conn, const struct bhs *bhs, uint64_t now)
{
    slot_of(conn, bhs)->received += be24_get(bhs->data_length);
    if (!(bhs->flags & DATA_IN_STATUS))
        return;
    conn->exp_stat_sn = be32_get(bhs->word24) + 1;
    /* byte 2 is reserved here, and there are no bidirectional residuals */
    complete(conn, bhs, !bhs->byte3 && !(bhs->flags & DATA_IN_RESIDUAL_MASK), now);
}

static void on_response(struct conn *conn, const struct bhs *bhs, uint64_t now)
{
    conn->exp_stat_sn = be32_get(bhs->word24) + 1;
    complete(conn, bhs, !bhs->byte2 && !bhs->byte3 && !(bhs->flags & RESIDUAL_MASK), now);
}

static void on_r2t(struct conn *conn, const struct bhs *bhs)
{
    slot_of(conn, bhs);
    conn_queue_data_out(conn, be32_get(bhs->itt), be32_get(bhs->word20), be32_get(bhs->word40),
                        be32_get(bhs->word44));
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
        if (be32_get(bhs->word20) != NO_TAG)
            conn_queue_pong(conn, bhs);
        return;
    case OP_RESPONSE:
        on_response(conn, bhs, now);
        return;
    default:
        load_die("unexpected opcode %#x", bhs->opcode);
    }
}

/* --- PDUs that are arriving --- */

/* To verify, read data goes where a real initiator would put it, without its padding. */
static void keep(struct conn *conn, const uint8_t *data, uint32_t length)
{
    const struct in_pdu *pdu = &conn->arriving;
    uint32_t all = be24_get(pdu->bhs.data_length), padded = (all + PADDING_MAX) & ~3u;
    uint32_t at = padded - pdu->data_left, offset = be32_get(pdu->bhs.word40);
    if ((pdu->bhs.opcode & OP_MASK) != OP_DATA_IN || at >= all)
        return;
    const struct slot *slot = slot_of(conn, &pdu->bhs);
    if (offset > conn->options->transfer || all > conn->options->transfer - offset)
        load_die("the target sends data beyond the end of the command");
    memcpy(slot->data + offset + at, data, length < all - at ? length : all - at);
}

static size_t take_data(struct conn *conn, const uint8_t *data, size_t length)
{
    struct in_pdu *pdu = &conn->arriving;
    uint32_t n = length < pdu->data_left ? (uint32_t)length : pdu->data_left;
    if (conn->digests)
        pdu->crc = iscsi_crc32c(pdu->crc, data, n);
    if (conn->verify)
        keep(conn, data, n);
    pdu->data_left -= n;
    return n;
}

static size_t take_digest(struct conn *conn, const uint8_t *data, size_t length)
{
    struct in_pdu *pdu = &conn->arriving;
    uint32_t n = length < pdu->digest_left ? (uint32_t)length : pdu->digest_left;
    memcpy(pdu->digest + DIGEST_SIZE - pdu->digest_left, data, n);
    pdu->digest_left -= n;
    return n;
}

static void check_data_digest(const struct conn *conn)
{
    uint8_t digest[DIGEST_SIZE];
    iscsi_crc32c_end(conn->arriving.crc, digest);
    if (memcmp(digest, conn->arriving.digest, sizeof(digest)))
        load_die("a data digest is wrong");
}

static void check_header_digest(const uint8_t *header)
{
    uint8_t digest[DIGEST_SIZE];
    digest_make(header, sizeof(struct bhs), digest);
    if (memcmp(digest, header + sizeof(struct bhs), sizeof(digest)))
        load_die("a header digest is wrong");
}

/* The bytes of a header; 0: it is not whole. */
static size_t take_header(struct conn *conn, const uint8_t *data, size_t length)
{
    struct in_pdu *pdu = &conn->arriving;
    size_t size = sizeof(pdu->bhs) + (conn->digests ? DIGEST_SIZE : 0);
    if (length < size)
        return 0;
    if (conn->digests)
        check_header_digest(data);
    memcpy(&pdu->bhs, data, sizeof(pdu->bhs));
    if (pdu->bhs.ahs_length)
        load_die("opcode %#x has an additional header", pdu->bhs.opcode);
    pdu->data_left = (be24_get(pdu->bhs.data_length) + PADDING_MAX) & ~3u;
    pdu->digest_left = conn->digests && pdu->data_left ? DIGEST_SIZE : 0;
    pdu->crc = ISCSI_CRC_START;
    pdu->open = true;
    return size;
}

static void end_pdu(struct conn *conn, uint64_t now)
{
    struct in_pdu *pdu = &conn->arriving;
    pdu->open = false;
    if (conn->digests && be24_get(pdu->bhs.data_length))
        check_data_digest(conn);
    on_pdu(conn, &pdu->bhs, now);
}

/* The bytes that were used up: all but those of a header that is not whole. */
static size_t parse(struct conn *conn, size_t length, uint64_t now)
{
    struct in_pdu *pdu = &conn->arriving;
    size_t at = 0;
    for (;;) {
        if (!pdu->open)
            at += take_header(conn, conn->in + at, length - at);
        if (!pdu->open)
            return at;
        at += take_data(conn, conn->in + at, length - at);
        at += take_digest(conn, conn->in + at, length - at);
        if (pdu->data_left || pdu->digest_left)
            return at;
        end_pdu(conn, now);
    }
}

struct iovec conn_room(struct conn *conn)
{
    return (struct iovec){conn->in + conn->in_have, IN_SIZE - conn->in_have};
}

void conn_received(struct conn *conn, ssize_t received)
{
    if (received == -EAGAIN || received == -EINTR)
        return;
    if (received < 0)
        load_die("recv: %s", strerror((int)-received));
    if (received == 0)
        load_die("the target closed the connection");
    size_t length = conn->in_have + (size_t)received, used = parse(conn, length, load_now());
    conn->in_have = length - used;
    memmove(conn->in, conn->in + used, conn->in_have);
}
