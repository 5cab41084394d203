/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The datamover over TCP: a connection as the engine knows it, with its socket. */
#ifndef TCP_H
#define TCP_H

#include <tgt/tgt.h>

#include "../iscsi-common/conn.h"

/* One receive: enough for many small PDUs, or for a large data segment that has no buffer yet. */
#define TCP_RECEIVE (256u << 10)
/* When data segments are large: just enough for the header that follows one, so that the segment
 * itself is not copied. */
#define TCP_RECEIVE_BULK (4u << 10)
/* When a thread is short of buffers, or keeps much for paused connections: less to be kept aside.
 */
#define TCP_RECEIVE_TIGHT (16u << 10)
#define TCP_IOV           1024u
/* Data that gets a digest and is sent by one call. Less would stay in a faster cache until the
 * kernel copies it; but a peer on the same machine falls asleep between calls, and to wake it costs
 * more than that. */
#define TCP_DIGESTED (1u << 20)
/* At least so much at a time is prepared for a peer that takes little. */
#define TCP_DIGESTED_MIN (64u << 10)
/* Bytes that were received for connections that are paused; beyond that a thread receives little at
 * a time. */
#define TCP_UNPARSED_EASY (1u << 20)

/* One per I/O thread; its buffers serve all connections. */
struct tcp_thread {
    struct iscsi_thread common; /* first */
    uint8_t *buffer;            /* TCP_RECEIVE bytes */
    uint8_t *bounce;            /* TCP_DIGESTED bytes, used within one call only */
    size_t unparsed;            /* bytes in the stashes of connections */
    struct iovec iov[TCP_IOV];
};

/* What of a PDU comes next. */
enum tcp_phase { TCP_HEADER, TCP_DATA, TCP_TAIL };

struct tcp_conn {
    struct iscsi_conn conn; /* first */
    int fd;
    struct tgt_msg start; /* brings it to its thread */
    struct tgt_op poll_in, poll_out;
    bool in_armed, out_armed;                   /* each one holds the connection */
    struct tgt_defer receive_later, send_later; /* and so do these while pending */
    bool draining;                              /* the end was told: what comes is swallowed */

    /* Receiving. */
    enum tcp_phase phase;
    uint32_t data_len, data_left;
    uint32_t crc;  /* running data digest */
    bool digest;   /* this PDU has a data digest */
    bool bulk;     /* the last data segment was large */
    unsigned pdus; /* that the last receive has brought so far */
    uint8_t tail_len, tail_have;
    uint16_t header_have;
    uint8_t tail[8]; /* padding and data digest */
    uint8_t header[ISCSI_BHS_LEN + ISCSI_AHS_MAX + 4];
    uint8_t *stash; /* bytes that were received while the connection was paused */
    size_t stash_len, stash_used;

    /* Sending. */
    size_t tx_done;  /* bytes of the queue's head that have left */
    uint32_t tx_crc; /* running digest of its data that has left, until all of it has */
    size_t tx_room;  /* how much it seems to take at a time: limits what gets a digest in vain */
};

/* What one system call sends: PDUs from the queue's head on, the last one perhaps in part. */
struct tcp_batch {
    struct iovec *iov; /* the thread's */
    unsigned count;
    size_t len;      /* bytes in all */
    size_t digested; /* of these, data that gets a digest */
    uint32_t crc;    /* running digest of the last PDU that has one, as far as it is in here */
};

static inline struct tcp_conn *tcp_conn(struct iscsi_conn *c)
{
    return (struct tcp_conn *)c;
}

static inline struct tcp_thread *tcp_thread(const struct tcp_conn *t)
{
    return (struct tcp_thread *)t->conn.thread;
}

extern const struct iscsi_datamover tcp_datamover;

/* tcp-conn.c: an accepted and admitted socket becomes a connection on an I/O thread. Owns fd from
 * here on. */
void tcp_conn_new(int fd, struct iscsi_portal_params *portal, uint64_t host);
/* tcp-rx.c */
void tcp_receive(struct tcp_conn *t);
void tcp_receive_stashed(struct tcp_conn *t);
void tcp_stash_drop(struct tcp_conn *t);
/* Wait for input, if it is wanted. */
void tcp_receive_arm(struct tcp_conn *t);
/* tcp-parse.c: PDUs from a piece of the stream; the number of bytes used, less than `len` if the
 * connection paused or closed. */
size_t tcp_parse(struct tcp_conn *t, const uint8_t *data, size_t len);
/* The next `len` bytes of the data segment were put in their place already, which these iovecs
 * describe. */
void tcp_parse_direct(struct tcp_conn *t, const struct iovec *iov, size_t len);
bool tcp_parse_within_pdu(const struct tcp_conn *t);
/* tcp-batch.c */
void tcp_batch_gather(struct tcp_conn *t, struct tcp_batch *batch);
/* So many bytes of it have left. */
void tcp_batch_sent(struct tcp_conn *t, const struct tcp_batch *batch, size_t len);
/* tcp-tx.c */
void tcp_flush(struct tcp_conn *t);
/* The same, once, while there are PDUs to be parsed. */
void tcp_flush_early(struct tcp_conn *t);

/* portal.c: callbacks of the transport's table. */
int tcp_portal_open(const struct tgt_portal_args *args, struct tgt_portal_info *info, void **portal,
                    struct tgt_error *err);
void tcp_portal_close(void *portal);

#endif
