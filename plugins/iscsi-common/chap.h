/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CHAP without a login: algorithms, digests, challenges, and binary values as text (RFC 7143 6.1,
 * 12.1.3; RFC 1994). */
#ifndef ISCSI_CHAP_H
#define ISCSI_CHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Algorithms with their numbers at IANA ("PPP Authentication Algorithms"), the weakest first:
 * X(NAME, number, name as the admin writes it, its functions in nettle). */
#define ISCSI_CHAP_ALGORITHM_LIST(X)                                                               \
    X(MD5, 5, "MD5", nettle_md5)                                                                   \
    X(SHA1, 6, "SHA1", nettle_sha1)                                                                \
    X(SHA256, 7, "SHA256", nettle_sha256)                                                          \
    X(SHA3_256, 8, "SHA3-256", nettle_sha3_256)

enum iscsi_chap_algorithm {
    ISCSI_CHAP_NONE = 0,
#define X(name, number, text, hash) ISCSI_CHAP_##name = (number),
    ISCSI_CHAP_ALGORITHM_LIST(X)
#undef X
};

#define ISCSI_CHAP_DIGEST_MAX 32u
/* Of the challenges that we make: a random half, and a half that says that it is ours. */
#define ISCSI_CHAP_CHALLENGE 32u
#define ISCSI_CHAP_KEY       32u
/* Longest binary value, and its longest text with prefix (6.1). */
#define ISCSI_BINARY_MAX      1024u
#define ISCSI_BINARY_TEXT_MAX (2 + 2 * ISCSI_BINARY_MAX)

/* By the name that the admin writes; NONE: there is none. */
enum iscsi_chap_algorithm iscsi_chap_find(const char *name);
const char *iscsi_chap_name(enum iscsi_chap_algorithm algorithm);
size_t iscsi_chap_digest_size(enum iscsi_chap_algorithm algorithm);
/* The strongest of those in an initiator's list that are not weaker than `weakest`; NONE: there is
 * none. False: it is no list of numbers. */
bool iscsi_chap_choose(const char *list, enum iscsi_chap_algorithm weakest,
                       enum iscsi_chap_algorithm *chosen);
/* The response to a challenge (RFC 1994 4.1): iscsi_chap_digest_size() bytes. */
void iscsi_chap_digest(enum iscsi_chap_algorithm algorithm, uint8_t id, const char *secret,
                       const uint8_t *challenge, size_t len, uint8_t *digest);
/* In a time that does not depend on what is in them. */
bool iscsi_chap_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* Bytes from the system's generator; false: it has none. */
bool iscsi_random(void *bytes, size_t len);
/* A challenge that nobody can foresee; `key` is secret and the same for all of them. */
bool iscsi_chap_challenge(const uint8_t key[ISCSI_CHAP_KEY],
                          uint8_t challenge[ISCSI_CHAP_CHALLENGE]);
/* Was this challenge made with `key`, for whichever login? */
bool iscsi_chap_is_ours(const uint8_t key[ISCSI_CHAP_KEY], const uint8_t *challenge, size_t len);

/* "0x…" or "0b…" to at most ISCSI_BINARY_MAX bytes; false: something else, or more of them. */
bool iscsi_binary_parse(const char *text, uint8_t bytes[ISCSI_BINARY_MAX], size_t *len);
/* "0x…" with two digits per byte; free with g_free(). */
char *iscsi_binary_text(const uint8_t *bytes, size_t len);

#endif
