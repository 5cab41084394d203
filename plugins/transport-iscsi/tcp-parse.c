/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Framing: cuts the byte stream into headers, data segments and digests (RFC 7143 11.2). */
#include <string.h>

#include "../iscsi-common/crc32c.h"
#include "tcp.h"

/* Data segments from this length on are worth being received without a copy. */
#define BULK 16384u
/* After so many PDUs the peer is given what answers there are: else it would wait while we work,
 * and then we while it does. */
#define PDUS_AT_ONCE 16u

static bool stopped(const struct tcp_conn *t)
{
    return t->conn.closed || t->conn.pause;
}

bool tcp_parse_within_pdu(const struct tcp_conn *t)
{
    return t->phase != TCP_HEADER || t->header_have > 0;
}

static size_t header_len(const struct tcp_conn *t, const uint8_t *header)
{
    const struct iscsi_any *any = (const struct iscsi_any *)header;
    return ISCSI_BHS_LEN + any->ahs_words * 4u + (t->conn.header_digest ? 4 : 0);
}

static bool digest_matches(uint32_t crc, const uint8_t digest[4])
{
    uint8_t computed[4];
    iscsi_crc32c_end(crc, computed);
    return memcmp(computed, digest, 4) == 0;
}

static bool header_intact(const struct tcp_conn *t, const uint8_t *header, size_t len)
{
    if (!t->conn.header_digest)
        return true;
    return digest_matches(iscsi_crc32c(ISCSI_CRC_START, header, len - 4), header + len - 4);
}

static void pdu_done(struct tcp_conn *t, bool data_ok)
{
    t->phase = TCP_HEADER;
    t->bulk = t->data_len >= BULK;
    iscsi_rx_done(&t->conn, data_ok);
    if (++t->pdus % PDUS_AT_ONCE == 0)
        tcp_flush_early(t);
}

static void expect_data(struct tcp_conn *t, uint32_t len)
{
    t->data_len = t->data_left = len;
    t->digest = t->conn.data_digest && len > 0;
    t->tail_len = (uint8_t)(iscsi_pad(len) + (t->digest ? 4 : 0));
    t->tail_have = 0;
    t->crc = ISCSI_CRC_START;
    t->phase = TCP_DATA;
}

/* A header that is complete, wherever it lies. */
static void header_done(struct tcp_conn *t, const uint8_t *header, size_t len)
{
    const union iscsi_bhs *bhs = (const union iscsi_bhs *)header;
    size_t ahs_len = bhs->any.ahs_words * 4u;
    t->header_have = 0;
    if (!header_intact(t, header, len)) {
        iscsi_conn_close(&t->conn,
                         "header digest error"); /* 7.8: where the next PDU begins is not known */
        return;
    }
    expect_data(t, be24_get(bhs->any.data_len));
    iscsi_rx_header(&t->conn, bhs, header + ISCSI_BHS_LEN, ahs_len);
    if (t->data_len == 0 && !t->conn.closed)
        pdu_done(t, true);
}

/* Bytes up to a total of `wanted` in t->header. */
static size_t gather(struct tcp_conn *t, const uint8_t *data, size_t len, size_t wanted)
{
    size_t now = MIN(len, wanted - t->header_have);
    memcpy(t->header + t->header_have, data, now);
    t->header_have = (uint16_t)(t->header_have + now);
    return now;
}

static size_t parse_split_header(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    size_t used = 0;
    if (t->header_have < ISCSI_BHS_LEN)
        used = gather(t, data, len, ISCSI_BHS_LEN);
    if (t->header_have < ISCSI_BHS_LEN)
        return used;
    size_t whole = header_len(t, t->header);
    used += gather(t, data + used, len - used, whole);
    if (t->header_have == whole)
        header_done(t, t->header, whole);
    else if (!t->conn.header_digest)
        iscsi_rx_foresee(&t->conn, (const union iscsi_bhs *)t->header);
    return used;
}

static size_t parse_header(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    if (t->header_have > 0 || len < ISCSI_BHS_LEN || len < header_len(t, data))
        return parse_split_header(t, data, len);
    size_t whole = header_len(t, data);
    header_done(t, data, whole);
    return whole;
}

static void data_taken(struct tcp_conn *t, size_t len)
{
    t->data_left -= (uint32_t)len;
    if (t->data_left > 0)
        return;
    t->phase = TCP_TAIL;
    if (t->tail_len == 0)
        pdu_done(t, true);
}

static size_t parse_data(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    size_t now = MIN(len, t->data_left);
    iscsi_rx_data(&t->conn, data, now);
    if (t->digest)
        t->crc = iscsi_crc32c(t->crc, data, now);
    data_taken(t, now);
    return now;
}

void tcp_parse_direct(struct tcp_conn *t, const struct iovec *iov, size_t len)
{
    for (size_t left = t->digest ? len : 0; left > 0; iov++) {
        size_t now = MIN(left, iov->iov_len);
        t->crc = iscsi_crc32c(t->crc, iov->iov_base, now);
        left -= now;
    }
    iscsi_rx_direct_done(&t->conn, len);
    data_taken(t, len);
}

/* The digest covers the padding, too. */
static bool tail_intact(struct tcp_conn *t)
{
    unsigned pad = iscsi_pad(t->data_len);
    if (!t->digest)
        return true;
    return digest_matches(iscsi_crc32c(t->crc, t->tail, pad), t->tail + pad);
}

static size_t parse_tail(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    size_t now = MIN(len, (size_t)(t->tail_len - t->tail_have));
    memcpy(t->tail + t->tail_have, data, now);
    t->tail_have = (uint8_t)(t->tail_have + now);
    if (t->tail_have == t->tail_len)
        pdu_done(t, tail_intact(t));
    return now;
}

size_t tcp_parse(struct tcp_conn *t, const uint8_t *data, size_t len)
{
    size_t used = 0;
    while (used < len && !stopped(t)) {
        switch (t->phase) {
        case TCP_HEADER:
            used += parse_header(t, data + used, len - used);
            break;
        case TCP_DATA:
            used += parse_data(t, data + used, len - used);
            break;
        case TCP_TAIL:
            used += parse_tail(t, data + used, len - used);
            break;
        }
    }
    return used;
}
