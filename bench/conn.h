/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection of the load generator: login and the pump of the full feature phase. */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include "digest.h"
#include "load.h"
#include "pdu.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { IN_SIZE = 512 * 1024, IOV_COUNT = 1024, PADDING_MAX = 3 };

/* A command in flight; its index is the initiator task tag. */
struct slot {
    uint64_t start; /* ns; 0: free */
    struct load_io io;
    uint8_t *data;       /* what it writes, or, to verify, has read */
    uint32_t generation; /* of what it writes; see verify.h */
    uint32_t received;
};

/* A PDU to be sent. */
struct out_pdu {
    struct bhs bhs;
    uint8_t header_digest[DIGEST_SIZE]; /* right behind the header, as on the wire */
    uint8_t tail[PADDING_MAX + DIGEST_SIZE];
    uint8_t tail_length;
    const uint8_t *data;
    uint32_t length;
};

/* The PDU that is arriving. */
struct in_pdu {
    bool open; /* its header is there */
    struct bhs bhs;
    uint32_t data_left;   /* with padding */
    uint32_t digest_left; /* bytes of the data digest */
    uint32_t crc;
    uint8_t digest[DIGEST_SIZE];
};

struct conn {
    int fd;
    const struct load_options *options;
    struct load_stats *stats;
    struct load_session session;
    struct workload workload;
    struct verify *verify; /* NULL: data that is read is dropped */
    unsigned index;
    uint64_t n_blocks;
    uint32_t block_size;
    uint64_t login_time; /* ns, from connecting to the end of the login */
    bool digests;        /* of all PDUs from now on */

    uint32_t cmd_sn, exp_stat_sn, max_cmd_sn;
    struct slot *slots;
    uint32_t *free_slots;
    unsigned n_free;
    unsigned left; /* commands that may still be begun */

    struct out_pdu *out; /* ring of out_size entries, a power of two */
    uint32_t out_size, out_head, out_tail;
    size_t out_sent; /* bytes of the entry at out_head that have left */
    struct msghdr message;
    struct iovec *iov;
    uint8_t *payload; /* one transfer for all, or, to verify, one for each slot */

    uint8_t *in;
    size_t in_have; /* bytes of a header that is not whole */
    struct in_pdu arriving;

    bool sending, full; /* engines: a send is under way; the socket takes no more */
};

/* login.c: connects, logs in, learns the capacity; ends the program on failure. */
void conn_login(struct conn *conn);

/* conn.c */
void conn_init(struct conn *conn, const struct load_options *options, struct load_stats *stats,
               unsigned index);
void conn_start(struct conn *conn);
unsigned conn_in_flight(const struct conn *conn);
void conn_free(struct conn *conn);

/* tx.c: queues as many commands as may be in flight. */
void conn_fill(struct conn *conn, uint64_t now);
void conn_queue_data_out(struct conn *conn, uint32_t itt, uint32_t ttt, uint32_t offset,
                         uint32_t length);
void conn_queue_pong(struct conn *conn, const struct bhs *ping);
/* What is to be sent next, valid until conn_sent(); NULL: nothing. */
struct msghdr *conn_outgoing(struct conn *conn);
void conn_sent(struct conn *conn, size_t length);

/* rx.c: room for the next receive; what came of it, with all PDUs in it. Lengths below 0 are
 * negative errnos; 0 is the end of the connection. */
struct iovec conn_room(struct conn *conn);
void conn_received(struct conn *conn, ssize_t length);

#endif
