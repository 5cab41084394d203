/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of keys, and how the value of one is judged, combined with ours and answered. */
#ifndef ISCSI_KEYS_H
#define ISCSI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum iscsi_key_id {
#define KEY(name, kind, phase, discovery, def, least, most)           ISCSI_KEY_##name,
#define KEY_NAMED(id, name, kind, phase, discovery, def, least, most) ISCSI_KEY_##id,
#include "keys.def"
#undef KEY
#undef KEY_NAMED
    ISCSI_KEY_COUNT
};

enum iscsi_key_kind {
    ISCSI_KIND_LIST,         /* the first value of theirs that ours allow */
    ISCSI_KIND_AND,          /* Yes if both say Yes */
    ISCSI_KIND_OR,           /* Yes if one says Yes */
    ISCSI_KIND_LEAST,        /* the smaller number */
    ISCSI_KIND_MOST,         /* the larger number */
    ISCSI_KIND_SEGMENT,      /* declared: each side's own number, no answer */
    ISCSI_KIND_DECLARED,     /* declared: text that is not used here */
    ISCSI_KIND_NAME,         /* declared: judged by the login */
    ISCSI_KIND_MARKER,       /* obsolete (13.25): No */
    ISCSI_KIND_OBSOLETE,     /* obsolete (13.25): Reject */
    ISCSI_KIND_TARGET_ONLY,  /* nothing that an initiator sends: Reject */
    ISCSI_KIND_SEND_TARGETS, /* judged by the text phase; Reject elsewhere */
    ISCSI_KIND_AUTH_METHOD,  /* judged by the security stage */
    ISCSI_KIND_AUTH,         /* belongs to a method that was not chosen */
};

enum iscsi_key_phase { ISCSI_PHASE_LOGIN = 1, ISCSI_PHASE_FULL = 2, ISCSI_PHASE_ANY = 3 };

struct iscsi_key {
    const char *name;
    uint8_t kind, phase;
    bool irrelevant; /* in discovery sessions */
    uint32_t def, least, most;
};

/* Values by key; lists hold the index of the value, booleans 0 or 1. */
struct iscsi_params {
    uint32_t value[ISCSI_KEY_COUNT];
};

/* Values of the digest lists; in what is offered they are a set of bits, 1 << value. */
enum { ISCSI_DIGEST_NONE = 0, ISCSI_DIGEST_CRC32C = 1 };

/* A negotiation under way. */
struct iscsi_negotiation {
    const struct iscsi_params *ours; /* what we want; lists: bits of what is allowed */
    struct iscsi_params *agreed;     /* in: what is in force; out: what will be */
    struct iscsi_text *text;         /* answers go to text->out */
    uint64_t seen;                   /* keys that came, 1 << id: none may come twice (6.3) */
    bool discovery;
};
_Static_assert(ISCSI_KEY_COUNT <= 64, "the bits of seen");

const struct iscsi_key *iscsi_key_get(enum iscsi_key_id id);
/* NULL: no key of this name. Names are case-sensitive. */
const struct iscsi_key *iscsi_key_find(const char *name);
enum iscsi_key_id iscsi_key_id(const struct iscsi_key *key);
void iscsi_params_default(struct iscsi_params *params);
/* Decimal or 0x number (6.1). False: something else, or more than 32 bits. */
bool iscsi_number_parse(const char *text, uint32_t *value);
/* "CRC32C,None" to the bits of its values; unknown ones are left out. */
uint32_t iscsi_list_bits(const struct iscsi_key *key, const char *list);
/* Combine and answer a value of the kinds LIST to OBSOLETE; false: an error of the initiator that
 * has no answer. */
bool iscsi_key_negotiate(struct iscsi_negotiation *n, const struct iscsi_key *key,
                         const char *value);
/* Negotiated values as "Key=value Key=value" for listings; free with g_free(). */
char *iscsi_params_describe(const struct iscsi_params *params);

#endif
