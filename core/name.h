/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of iSCSI nodes: which are taken, and the one form in which they are kept and compared. */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include <glib.h>
#include <stdbool.h>

/* Longest name in bytes (RFC 7143 4.2.7.1). */
#define NAME_MAX_BYTES 223

/* The form in which a name is kept: lower case for iSCSI names (RFC 3722), unchanged for the other
 * names [A-Za-z0-9:.-] that tgt takes. NULL with INVALID, one sentence that says what is wrong.
 * Free with g_free(). */
char *name_prepare(const char *name, GError **error);
/* The same for the name of an initiator, which we do not choose: any printable ASCII without blanks
 * is let through. */
char *name_prepare_initiator(const char *name, GError **error);
/* Text from a peer or an admin, fit for logs, listings and terminals: valid UTF-8 in which control
 * characters have become '?'. NULL stays NULL. Free with g_free(). */
char *text_printable(const char *text);
/* Is it a name in one of the formats of RFC 7143 4.2.7.4 to 4.2.7.6, that every initiator takes? */
bool name_is_iscsi(const char *prepared);

#endif
