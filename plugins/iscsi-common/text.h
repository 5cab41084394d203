/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key=value text of Login and Text PDUs: collecting, walking, building and cutting it (RFC
 * 7143 6.1). */
#ifndef ISCSI_TEXT_H
#define ISCSI_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Most text that one sequence of requests may hold, and most pairs in it. */
#define ISCSI_TEXT_MAX       65536u
#define ISCSI_TEXT_PAIRS_MAX 1024u
/* Longest key name, and longest value of a key that has no limit of its own (6.1). */
#define ISCSI_KEY_NAME_MAX 63u
#define ISCSI_VALUE_MAX    255u
#define ISCSI_NAME_MAX     223u

/* One negotiation: what came so far and what is to be answered. Zero it first. */
struct iscsi_text {
    GByteArray *in;  /* grows by what was received, never by what was announced */
    GByteArray *out; /* NUL-terminated pairs */
    guint sent;      /* bytes of `out` that have left */
};

struct iscsi_pair {
    const char *key;
    const char *value;
    size_t value_len;
};

enum iscsi_walk { ISCSI_WALK_END, ISCSI_WALK_PAIR, ISCSI_WALK_BAD };

void iscsi_text_clear(struct iscsi_text *text);
/* Collect a data segment; false: over the limit. */
bool iscsi_text_add(struct iscsi_text *text, const void *data, size_t len);
/* Where the collected text begins and ends; both NULL if there is none. */
void iscsi_text_bounds(const struct iscsi_text *text, char **at, char **end);
/* Take the next pair from [*at, end); cuts it in place. BAD: not key=value, or a name that no key
 * has. */
enum iscsi_walk iscsi_text_next(char **at, const char *end, struct iscsi_pair *pair);
void iscsi_text_put(struct iscsi_text *text, const char *key, const char *value);
void iscsi_text_put_number(struct iscsi_text *text, const char *key, uint32_t value);
/* Bytes that it takes. */
size_t iscsi_text_size(const struct iscsi_text *text);
bool iscsi_text_pending(const struct iscsi_text *text);
/* The next piece of at most `limit` bytes; it counts as sent. Empty if nothing is left. */
const uint8_t *iscsi_text_take(struct iscsi_text *text, size_t limit, size_t *len);
/* The form in which names are compared: lower case (RFC 3722; ASCII, as the daemon keeps them).
 * Free with g_free(). */
char *iscsi_name_fold(const char *name);
/* Is this, folded, a well-formed iSCSI name (4.2.7)? */
bool iscsi_name_valid(const char *name);

#endif
