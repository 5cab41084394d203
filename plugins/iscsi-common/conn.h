/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection: states, receiving, sending, timers, its one end; the border to the datamover. */
#ifndef ISCSI_CONN_H
#define ISCSI_CONN_H

#include <glib.h>
#include <tgt/tgt.h>

#include "keys.h"
#include "params.h"
#include "pdu.h"
#include "tx.h"

/* Time for the peer to take the last answers, and then to close, too. */
#define ISCSI_END_NS (2ull * 1000000000)

/* Bytes of data that is being collected, of replies, and of what lasts (text sequences, and PDUs
 * before their turn), per thread; beyond that the peers that cause them wait. Timers limit how long
 * a peer may keep all but the last kind, which therefore never takes all. */
#define ISCSI_KEPT_THREAD_MAX  (16u << 20)
#define ISCSI_KEPT_LASTING_MAX (ISCSI_KEPT_THREAD_MAX / 2)
/* Each connection gets as much all the same: none waits for another to do the usual. */
#define ISCSI_KEPT_CONN_FREE (16u << 10)

struct iscsi_conn;
struct iscsi_engine;
struct iscsi_login;
struct iscsi_op;
struct iscsi_session;
struct iscsi_task;

/* What the engine wants of the transport (the cut of RFC 5047). All on the connection's thread. */
struct iscsi_datamover {
    /* The queue of c->tx was empty and has something now: send it at the end of this turn, call
     * iscsi_tx_pop() for each PDU that left and iscsi_tx_drained() after the last. */
    void (*send)(struct iscsi_conn *c);
    /* c->pause has become 0: go on receiving, but not from within this call. */
    void (*resume)(struct iscsi_conn *c);
    /* All has been sent and nothing more will be: tell the peer, swallow what still comes, and call
     * iscsi_conn_close() at its end. */
    void (*finish)(struct iscsi_conn *c);
    /* Cancel everything. The datamover holds the connection (iscsi_conn_hold) for each operation
     * under way. */
    void (*close)(struct iscsi_conn *c);
    /* Nothing refers to the connection any more. */
    void (*free)(struct iscsi_conn *c);
};

/* What a connection does with PDUs; one row per state, see the files that define them. */
struct iscsi_state {
    const char *name;
    void (*enter)(struct iscsi_conn *c); /* optional */
    /* A header came: judge it and say where its data goes (c->rx). The AHS is valid during the
     * call. */
    void (*on_header)(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len);
    /* The PDU is complete. */
    void (*on_pdu)(struct iscsi_conn *c, bool data_ok);
};

/* Where the data segment of the PDU that is being received goes. */
enum iscsi_sink {
    ISCSI_SINK_NONE,  /* discarded */
    ISCSI_SINK_BYTES, /* collected in c->rx.bytes */
    ISCSI_SINK_TASK,  /* Data-Out or immediate data of c->rx.task */
};

/* What becomes of a PDU when it is complete. */
enum iscsi_verdict {
    ISCSI_RUN,    /* it is its turn */
    ISCSI_IGNORE, /* out of the window, a duplicate, or data that nobody wants */
    ISCSI_HOLD,   /* it comes too early, or must be intact first: kept whole until it is due */
    ISCSI_REFUSE, /* Reject with c->rx.reason */
};

/* Why nothing is read. */
enum {
    ISCSI_PAUSE_DATA = 1,  /* the command has no buffer yet for the data that comes now */
    ISCSI_PAUSE_SEND = 2,  /* the peer does not take its answers */
    ISCSI_PAUSE_LOGIN = 4, /* an older session must end first */
    ISCSI_PAUSE_END = 8,   /* nothing is wanted any more */
    ISCSI_PAUSE_KEPT = 16, /* the thread keeps too much to collect the data that comes now */
};

struct iscsi_rx {
    union iscsi_bhs bhs;
    const struct iscsi_op *op;
    struct iscsi_task *task;
    GByteArray *bytes; /* grows by what was received; made when needed, gone with the PDU */
    GByteArray *ahs;   /* copy for a held command */
    uint32_t come;     /* bytes of data of the PDU, all told */
    uint32_t timed;    /* of these, those that had come when the PDU timer was set */
    uint32_t reserved; /* bytes that are counted for `bytes` */
    uint8_t sink, verdict, reason;
    bool under_way; /* between header and end of a PDU */
};

/* Points in time at which something is to be done; 0: none. */
enum iscsi_timer {
    ISCSI_TIMER_LOGIN, /* full feature phase is not reached */
    ISCSI_TIMER_NOP,   /* nothing heard: ping, or end a discovery session */
    ISCSI_TIMER_PDU,   /* stands still within a PDU */
    ISCSI_TIMER_SEND,  /* takes no answers */
    ISCSI_TIMER_OWED,  /* look after tasks whose data does not come */
    ISCSI_TIMER_END,   /* the polite end takes too long */
    ISCSI_TIMER_KEPT,  /* look whether the thread keeps less by now */
    ISCSI_TIMER_SLOW,  /* look whether it is too slow while others wait */
    ISCSI_TIMER_COUNT
};

/* Counts of kept.c. */
struct iscsi_kept {
    size_t bytes;
    size_t lasting; /* of these */
};

/* Embedded by the datamover in its own. */
struct iscsi_conn {
    const struct iscsi_datamover *dm;
    struct iscsi_thread *thread;
    struct iscsi_portal_params *portal; /* one reference */
    const struct iscsi_state *state;
    GList node;     /* in thread->conns */
    unsigned holds; /* reasons to stay in memory */
    bool closed;    /* iscsi_conn_close() has been called */
    bool finishing; /* iscsi_conn_finish() has been called */
    uint64_t host;  /* as portal->admission knows it */
    bool in_login;  /* counted there as a login */
    bool counted;   /* and as a connection */
    unsigned pause; /* ISCSI_PAUSE_… */
    struct iscsi_kept kept;
    struct iscsi_rx rx;

    struct iscsi_tx *tx_head, **tx_tail;
    size_t tx_bytes;
    unsigned tx_replies;
    size_t tx_kept; /* bytes of these */
    uint32_t statsn;
    uint32_t login_cmdsn; /* ExpCmdSN and MaxCmdSN as long as there is no session */

    uint64_t timers[ISCSI_TIMER_COUNT];
    uint64_t heard;     /* when the last PDU was complete, or stuck answers moved on */
    uint64_t paused_at; /* when PAUSE_DATA began */
    uint64_t fed;       /* when the last Data-Out with data was complete */
    uint8_t hinders[2]; /* looks in a row that found others waiting for its buffers; slow.c */
    unsigned pings;     /* without an answer */
    uint32_t ping_ttt;

    bool header_digest, data_digest;
    uint32_t segment_in, segment_out; /* MaxRecvDataSegmentLength of ours and theirs */
    struct iscsi_params agreed;
    uint16_t cid;
    struct iscsi_session *session; /* from the end of the login */
    struct iscsi_login *login;     /* until then */
    uint64_t ticket;               /* the engine's: counts logins; 0: has no session to claim yet */
    struct iscsi_text *text;       /* a text sequence under way, or NULL */
    size_t text_kept;              /* bytes that are counted for it */
    uint32_t text_itt, text_ttt;
    struct iscsi_tx *logout_answer; /* waits for the end of the nexus */

    char peer[80];      /* address for access control */
    char peer_port[96]; /* "10.0.0.5:51234" for listings */
    char local[80];     /* our numeric address, for SendTargets */
    uint16_t local_port;
};

/* One per I/O thread; embedded by the datamover. */
struct iscsi_thread {
    struct tgt_thread *thread;
    struct iscsi_engine *engine; /* one reference */
    GQueue conns;
    struct tgt_op timer;
    uint64_t timer_at; /* when `timer` ends; 0: it does not run */
    bool timer_cancelled;
    bool detached; /* free when the last connection and the timer are gone */
    void (*free)(struct iscsi_thread *thread);
    struct iscsi_tx *pool;
    unsigned pool_count;
    size_t stashed; /* bytes that wait for buffers of their commands */
    struct iscsi_kept kept;
    unsigned programs;    /* that run (redirect.c) */
    GQueue program_queue; /* struct iscsi_redirect_call: they wait until fewer do */
};

void iscsi_thread_init(struct iscsi_thread *thread, struct tgt_thread *t,
                       struct iscsi_engine *engine);
/* Close all connections, then thread->free. */
void iscsi_thread_detach(struct iscsi_thread *thread);

/* A zeroed connection that is admitted, with dm, portal, host, in_login, counted, peer and local
 * filled in, begins to live on `thread`. */
void iscsi_conn_start(struct iscsi_conn *c, struct iscsi_thread *thread);
void iscsi_conn_hold(struct iscsi_conn *c);
void iscsi_conn_put(struct iscsi_conn *c);
/* The only end: all of the connection and its session is taken down. `why` is for the log. */
void iscsi_conn_close(struct iscsi_conn *c, const char *why);
/* The polite way there: send what is queued, then close. */
void iscsi_conn_finish(struct iscsi_conn *c, const char *why);
void iscsi_conn_enter(struct iscsi_conn *c, const struct iscsi_state *state);
/* No longer one of those that log in, or no longer counted at all. */
void iscsi_conn_logged_in(struct iscsi_conn *c);
void iscsi_conn_uncount(struct iscsi_conn *c);
void iscsi_conn_pause(struct iscsi_conn *c, unsigned why);
void iscsi_conn_unpause(struct iscsi_conn *c, unsigned why);

/* kept.c. `lasting`: no timer limits for how long. */
void iscsi_kept_add(struct iscsi_conn *c, size_t len, bool lasting);
void iscsi_kept_drop(struct iscsi_conn *c, size_t len, bool lasting);
/* May so much be added? */
bool iscsi_kept_room(const struct iscsi_conn *c, size_t len);
bool iscsi_kept_room_to_last(const struct iscsi_conn *c, size_t len);

/* timer.c; the peer may take that long for the SEND timer each time that something has left. */
void iscsi_timer_set(struct iscsi_conn *c, enum iscsi_timer which, uint64_t ns_from_now);
static inline void iscsi_timer_clear(struct iscsi_conn *c, enum iscsi_timer which)
{
    c->timers[which] = 0;
}
uint64_t iscsi_now(const struct iscsi_conn *c);

/* rx.c. What can be judged by the basic header alone, while its AHS has not come: closes the
 * connection. */
void iscsi_rx_foresee(struct iscsi_conn *c, const union iscsi_bhs *bhs);
/* For the datamover, in this order for each PDU; after each call look at c->closed and c->pause. */
void iscsi_rx_header(struct iscsi_conn *c, const union iscsi_bhs *bhs, const uint8_t *ahs,
                     size_t ahs_len);
void iscsi_rx_data(struct iscsi_conn *c, const void *data, size_t len);
/* Where the next of the `left` bytes of data may be put directly; 0: nowhere, use iscsi_rx_data().
 * `room`: bytes in the pieces. */
unsigned iscsi_rx_direct(struct iscsi_conn *c, uint32_t left, struct iovec *iov, unsigned max,
                         size_t *room);
void iscsi_rx_direct_done(struct iscsi_conn *c, size_t len);
void iscsi_rx_done(struct iscsi_conn *c, bool data_ok);
/* A PDU is not complete, and that is the peer's affair: it has limited time for it. */
void iscsi_rx_partial(struct iscsi_conn *c);
/* For states. */
void iscsi_rx_refuse(struct iscsi_conn *c, enum iscsi_reject reason);
/* Collect the data in c->rx.bytes; may pause the connection. */
void iscsi_rx_collect(struct iscsi_conn *c);
/* For the KEPT timer. */
void iscsi_rx_try_again(struct iscsi_conn *c);
/* The task is not interested in the PDU that is being received any more. */
void iscsi_rx_forget(struct iscsi_conn *c, const struct iscsi_task *task);
/* Forget what belongs to the PDU. */
void iscsi_rx_clear(struct iscsi_conn *c);

/* reject.c */
void iscsi_reject(struct iscsi_conn *c, enum iscsi_reject reason, const union iscsi_bhs *bhs);

/* The states. */
extern const struct iscsi_state iscsi_state_start; /* login.c: nothing came yet */
extern const struct iscsi_state iscsi_state_login; /* login.c */
extern const struct iscsi_state iscsi_state_full;  /* full.c */
/* conn.c: the nexus ends, or the last answers leave */
extern const struct iscsi_state iscsi_state_ending;

#endif
