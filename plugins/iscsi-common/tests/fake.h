/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection without a socket and a host without a daemon: the engine runs turn by turn. */
#ifndef FAKE_H
#define FAKE_H

#include "../conn.h"

struct fake;

/* A world of its own: one I/O thread, one target, no time passing by itself. */
struct fake *fake_new(void);
/* Everything must come to its end here; what does not is a leak. */
void fake_free(struct fake *fake);

/* A fresh connection; it belongs to the fake. */
struct iscsi_conn *fake_connect(struct fake *fake);
bool fake_is_open(const struct fake *fake, const struct iscsi_conn *c);
/* Give the connection one PDU; lengths in the header are set right. False: it takes none now. */
bool fake_pdu(struct fake *fake, struct iscsi_conn *c, const union iscsi_bhs *bhs, const void *ahs,
              size_t ahs_len, const void *data, size_t len, bool data_ok);
/* Messages, timers, commands that complete, and sending, until nothing is left to be done. */
void fake_run(struct fake *fake);
/* Time passes: timers come due. */
void fake_pass(struct fake *fake, uint64_t ns);
/* Peers take no more than the beginning of a PDU, or again all that is sent. */
void fake_choke(struct fake *fake, bool choking);
/* Commands wait for a buffer from now on, or no longer. */
void fake_starve(struct fake *fake, bool starving);
/* From now on others wait for the buffers that any connection holds: enum tgt_dir. */
void fake_hinder(struct fake *fake, unsigned dirs);

/* A PDU that was sent, oldest first; free with g_bytes_unref(). NULL: there is none. Header and
 * data without digests. */
GBytes *fake_sent(struct fake *fake);

/* A login that goes straight to full feature phase; text are pairs besides the names, each with its
 * zero byte. */
void fake_login(struct fake *fake, struct iscsi_conn *c, const char *text, size_t len);
/* The same, but nothing else happens yet. */
void fake_login_begin(struct fake *fake, struct iscsi_conn *c, const char *text, size_t len);
/* From now on what was posted last comes first, as it may where threads are many. */
void fake_reverse(struct fake *fake);

#endif
