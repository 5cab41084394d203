/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I_T nexuses: one per session, on one I/O thread, with the LUs that it has used and the commands
 * under way. */
#ifndef CORE_NEXUS_H
#define CORE_NEXUS_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

#include "buffer.h"

struct core_lu;
struct itl;
struct plugin;

/* The nexus's thread owns all but the strings, which are constant, and the counters, which are read
 * racily. */
struct tgt_nexus {
    struct tgt_target *target; /* one reference */
    struct tgt_thread *thread;
    const struct plugin *transport;
    uint64_t id; /* number of the session for tgtctl and tgtadm, from 1, never used twice */
    char *initiator_key; /* the initiator's name as maps of LUNs know it */
    char *initiator, *initiator_port, *target_port, *alias, *peer, *session, *detail;
    uint16_t relative_port, tpgt;
    uint8_t protocol;
    void *priv;       /* the transport's */
    bool lost_before; /* new I_T_Ls start with NEXUS LOSS instead of POWER ON */
    bool stable_data; /* as the transport said */
    bool closing;
    gint64 opened;            /* wall clock, g_get_real_time() */
    GHashTable *itls;         /* GUINT_TO_POINTER(itl->number) -> struct itl */
    struct itl *low_itls[16]; /* the same for LUNs below 16, without hashing */
    GQueue cmds; /* struct core_cmd of the nexus from cmd_new() to release, by their node */
    unsigned cmd_count, cmd_max; /* limit of commands at one time */
    unsigned tmf_count;          /* task management functions under way */
    struct buffer_user buffers;
    void (*close_done)(void *priv);
};

/* Services of host.h. nexus_open(): refused while the target is offline or dying. */
struct tgt_nexus *nexus_open(const struct tgt_plugin *self, const struct tgt_nexus_args *args,
                             struct tgt_error *err);
void nexus_close(struct tgt_nexus *nexus, void (*done)(void *priv));
/* nexus_open() behind the question who asks. */
struct tgt_nexus *nexus_new(const struct plugin *transport, const struct tgt_nexus_args *args,
                            struct tgt_error *err);
void *nexus_priv(const struct tgt_nexus *nexus);
bool nexus_hinders(struct tgt_nexus *nexus, enum tgt_dir dir);

/* For cmd.c and tmf.c: a command or a task management function has ended: a closing nexus goes with
 * the last one. */
void nexus_settle(struct tgt_nexus *nexus);

/* The I_T_L of a LUN, made on first use. NULL: no such LU. On the nexus's thread. */
struct itl *nexus_itl(struct tgt_nexus *nexus, uint16_t lun);
/* Commands that begin do not find the I_T_L any more. On the nexus's thread. */
void nexus_itl_detach(struct itl *itl);
/* Forget the I_T_L of a LU that is going (no command runs on it). On the nexus's thread. */
void nexus_itl_drop(struct itl *itl);
/* Decode 8 bytes of LUN (SAM-5 4.7: peripheral device and flat space, single level). False: a form
 * that names nothing here. */
bool lun_decode(const uint8_t lun[8], uint16_t *value);
/* Encode for REPORT LUNS: peripheral below 256, flat above. */
void lun_encode(uint16_t value, uint8_t lun[8]);

/* A snapshot of one session, for listings; texts are copied. */
struct nexus_info {
    uint64_t id;
    char *target, *initiator, *alias, *peer, *session, *detail, *transport;
    uint32_t tid;
    unsigned thread;
    gint64 opened;
};
/* All sessions, or those of one target, sorted by id: GPtrArray of struct nexus_info that frees
 * them. Main thread. */
GPtrArray *nexus_list(const struct tgt_target *target);
/* The numbers of all sessions (uint64_t). Main thread. */
GArray *nexus_ids(void);
/* Commands of a session that are under way; 0 also if it is gone. Racy. Main thread. */
unsigned nexus_commands(uint64_t id);
/* Ask the initiator to log out within so many seconds; a transport that cannot ask closes the
 * session. Nothing happens if it is gone. Main thread. */
void nexus_ask_logout(uint64_t id, unsigned seconds);
/* Ask the transport to close the session. Main thread. False: no such session. The closing ends
 * later. */
bool nexus_kill(uint64_t id, enum tgt_close_reason reason, GError **error);

/* The nexus with this number, NULL: none. On the thread of the nexus, which lives until it returns
 * to the loop. */
struct tgt_nexus *nexus_find(struct tgt_target *target, uint64_t id);

/* The same for all sessions of a target. Any thread. */
void target_close_nexuses(struct tgt_target *target, enum tgt_close_reason reason);
/* The same for those that would not be let in now: access list, iSNS, portal groups. */
void target_close_forbidden(struct tgt_target *target);

#endif
