/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection of the load generator: login and the pump of the full feature phase. */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include "load.h"
#include "pdu.h"

#include <stddef.h>

/* A command in flight; its index is the initiator task tag. */
struct slot {
    uint64_t start;
    uint32_t received;
    bool write;
};

/* A PDU to be sent; the data is the payload that all writes share. */
struct out_pdu {
    struct bhs bhs;
    const uint8_t *data;
    uint32_t length;
};

struct conn {
    int fd;
    const struct load_options *options;
    struct load_stats *stats;
    struct load_session session;
    struct workload workload;
    unsigned index;
    uint64_t n_blocks;
    uint32_t block_size;

    uint32_t cmd_sn, exp_stat_sn, max_cmd_sn;
    struct slot *slots;
    uint32_t *free_slots;
    unsigned n_free;
    bool draining; /* no new commands */

    struct out_pdu *out; /* ring of out_size entries, a power of two */
    uint32_t out_size, out_head, out_tail;
    size_t out_sent; /* bytes of the entry at out_head that have left */
    uint8_t *payload;

    uint8_t *in;
    size_t in_have;
    bool in_pdu;       /* in_bhs is the header of the PDU that is arriving */
    struct bhs in_bhs; /* its data segment is dropped */
    size_t in_skip;    /* bytes of it that are still to come */
};

/* login.c: connects, logs in, learns the capacity; ends the program on failure. */
void conn_login(struct conn *conn);

/* conn.c */
void conn_init(struct conn *conn, const struct load_options *options, struct load_stats *stats,
               unsigned index);
void conn_start(struct conn *conn);
void conn_fill(struct conn *conn, uint64_t now);
/* Sends what is queued; false: the socket is full. */
bool conn_flush(struct conn *conn);
/* One receive and all PDUs in it. */
void conn_receive(struct conn *conn);
unsigned conn_in_flight(const struct conn *conn);
void conn_free(struct conn *conn);

#endif
