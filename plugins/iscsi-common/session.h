/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: the table that finds them again, their numbering, and what they have under way. */
#ifndef ISCSI_SESSION_H
#define ISCSI_SESSION_H

#include <glib.h>
#include <pthread.h>
#include <tgt/tgt.h>

#include "chap.h"
#include "conn.h"

#define ISCSI_TASK_BUCKETS 64u
/* Immediate commands and task management functions that a session may have under way at one time
 * (4.2.2.1 asks for one each). */
#define ISCSI_IMMEDIATE_MAX 16u
#define ISCSI_TMF_MAX       16u
/* Bytes of commands that came before their turn. */
#define ISCSI_HELD_MAX (1u << 20)

/* The last tags of gone.c. */
struct iscsi_gone {
    uint32_t *itts; /* NULL: none yet */
    unsigned room, next;
};

/* What makes two logins the same session (6.3.1): strings are the session's. */
struct iscsi_session_key {
    const char *initiator;
    const char *target; /* discovery sessions: the portal's address */
    uint8_t isid[6];
    uint16_t tpgt;
};

/* Belongs to its connection's thread, but for what is the engine's, which its lock guards. */
struct iscsi_session {
    struct iscsi_session_key key; /* constant */
    uint16_t tsih;                /* constant; never 0 */
    struct iscsi_engine *engine;
    struct iscsi_conn *conn;
    struct tgt_nexus *nexus; /* NULL in discovery sessions */
    bool discovery;
    uint64_t nop_interval; /* ns; 0: no pings */
    unsigned nop_count;
    bool ending; /* the nexus is being closed: data still owed is not waited for */

    uint32_t exp_cmdsn, max_cmdsn, window;
    uint32_t numbered;  /* commands under way that used a CmdSN */
    uint32_t immediate; /* and that did not */
    uint32_t next_ttt;
    struct iscsi_task *tasks[ISCSI_TASK_BUCKETS]; /* by ITT */
    GQueue tmfs;                                  /* struct iscsi_tmf */
    GQueue held;                                  /* struct held_pdu (hold.c), by CmdSN */
    size_t held_bytes;
    bool replaying; /* hold.c is at work */
    struct iscsi_gone gone;

    GSList *waiters;      /* the engine's: struct iscsi_waiter */
    struct tgt_msg evict; /* the engine's: tells the connection that a newer login takes over */
    bool evicting;        /* the engine's: `evict` is on its way */
    bool removed;         /* the engine's: not in the table any more */
    bool orphan;          /* the engine's: to be freed when `evict` has come */
};

/* A login that waits for the end of an older session. Allocated by who waits; `msg` frees it. */
struct iscsi_waiter {
    struct tgt_msg msg; /* sent when it has ended */
    struct iscsi_conn *conn;
    struct iscsi_session *on; /* the engine's: where it is queued; NULL: `msg` is under way */
};

/* Warnings of a kind that peers can cause; some are enough. */
struct iscsi_warnings {
    uint64_t since; /* when the first of `count` was given */
    unsigned count;
    unsigned withheld; /* of them */
};

/* One per plugin. */
struct iscsi_engine {
    pthread_mutex_t lock; /* not a GMutex: ThreadSanitizer does not know those */
    GHashTable *sessions; /* by key */
    GHashTable *tsihs;    /* GUINT_TO_POINTER(tsih) -> session */
    uint16_t last_tsih;
    uint64_t last_ticket;
    uint8_t chap_key[ISCSI_CHAP_KEY]; /* constant: challenges that it made are known again */
    struct iscsi_warnings warnings;
};

/* NULL: the digests do not work on this machine, or it has no random numbers. */
struct iscsi_engine *iscsi_engine_new(void);
/* The plugin has one reference, each I/O thread another (g_atomic_rc_box). NULL is fine. */
void iscsi_engine_unref(struct iscsi_engine *engine);

enum iscsi_claim {
    ISCSI_CLAIM_NEW,  /* the session is in the table */
    ISCSI_CLAIM_WAIT, /* an older one is being closed: `waiter` gets its message */
    ISCSI_CLAIM_LATE, /* a login that came later has its place by now */
    ISCSI_CLAIM_FULL, /* no TSIH is left */
};
/* Make a session for connection `c`, or wait for the end of the one that has its place (session
 * reinstatement, 6.3.5). */
enum iscsi_claim iscsi_session_claim(struct iscsi_engine *engine,
                                     const struct iscsi_session_key *key, struct iscsi_conn *c,
                                     struct iscsi_waiter *waiter, struct iscsi_session **session);
/* True if it waited still and does not any more; false if its message is under way. */
bool iscsi_waiter_cancel(struct iscsi_engine *engine, struct iscsi_waiter *waiter);
/* Out of the table: the nexus is closed and no task left. Who waits is told. Done already: nothing
 * happens. */
void iscsi_session_remove(struct iscsi_session *session);
/* Removed and freed. NULL is fine. */
void iscsi_session_release(struct iscsi_session *session);
/* Is there a session of this initiator port with this handle? */
bool iscsi_session_exists(struct iscsi_engine *engine, const struct iscsi_session_key *key,
                          uint16_t tsih);

/* ending.c: close the nexus, send c->logout_answer if there is one, and finish. */
void iscsi_session_end(struct iscsi_conn *c, const char *why);
/* Close the nexus of a connection that is closed already. */
void iscsi_session_drop(struct iscsi_conn *c);
/* The core wants it gone. */
void iscsi_nexus_close(struct tgt_nexus *nexus, enum tgt_close_reason reason);
/* The core wants the initiator to log out. */
void iscsi_nexus_logout(struct tgt_nexus *nexus, unsigned seconds);

/* cmdsn.c */
enum iscsi_verdict iscsi_cmdsn_judge(const struct iscsi_session *s, const union iscsi_bhs *bhs);
/* The numbered request that is complete now was the one that was due. */
void iscsi_cmdsn_advance(struct iscsi_session *s);
/* MaxCmdSN as it is now; never decreases. */
uint32_t iscsi_cmdsn_window(struct iscsi_session *s);
/* A numbered command ended without an answer: tell the initiator if it could not go on else
 * (11.19). */
void iscsi_cmdsn_ended_silently(struct iscsi_session *s);

/* hold.c */
bool iscsi_held_has(const struct iscsi_session *s, uint32_t cmdsn);
bool iscsi_held_has_itt(const struct iscsi_session *s, uint32_t itt);
/* Keep the PDU of c->rx. */
void iscsi_hold(struct iscsi_conn *c);
/* This CmdSN counts as received (11.6.1), and `itt` as gone. */
void iscsi_hold_plug(struct iscsi_session *s, uint32_t cmdsn, uint32_t itt);
/* Drop a held command; its CmdSN counts as received. False: none has this ITT. */
bool iscsi_hold_abort(struct iscsi_session *s, uint32_t itt);
/* The same for all held commands before `cmdsn` (of this LUN, NULL: of all). */
void iscsi_hold_abort_before(struct iscsi_session *s, uint32_t cmdsn, const uint8_t *lun);
/* Run what has become due. */
void iscsi_hold_replay(struct iscsi_conn *c);
void iscsi_hold_clear(struct iscsi_session *s);

/* gone.c */
/* Data may come still for a task with this tag, which has ended. */
void iscsi_gone_add(struct iscsi_session *s, uint32_t itt);
bool iscsi_gone_has(const struct iscsi_session *s, uint32_t itt);
void iscsi_gone_clear(struct iscsi_session *s);

/* async.c */
enum iscsi_async_event {
    ISCSI_ASYNC_LOGOUT = 1,
    ISCSI_ASYNC_DROP_SESSION = 3,
};
void iscsi_async_send(struct iscsi_conn *c, enum iscsi_async_event event, uint16_t p1, uint16_t p2,
                      uint16_t p3);

/* nop.c */
void iscsi_ping(struct iscsi_conn *c);
void iscsi_window_notice(struct iscsi_conn *c);

/* tmf.c */
bool iscsi_tmf_has_itt(const struct iscsi_session *s, uint32_t itt);
/* Would a command to this LUN be told of a unit attention? */
bool iscsi_attention_pends(struct iscsi_session *s, const uint8_t *lun);
/* Have the core end this task soon, as far as it has it; nobody is told. */
void iscsi_task_withdraw(const struct iscsi_task *task);

#endif
