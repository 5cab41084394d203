/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CHAP without a login: which algorithm, digests, and challenges that are known again. */
#include "chap.h"

#include <glib.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>
#include <sys/random.h>

#include "keys.h"

#define CHALLENGE_RANDOM (ISCSI_CHAP_CHALLENGE / 2)

static const struct {
    enum iscsi_chap_algorithm number;
    const char *name;
    const struct nettle_hash *hash;
} algorithms[] = {
#define X(name, number, text, hash) {ISCSI_CHAP_##name, text, &hash},
    ISCSI_CHAP_ALGORITHM_LIST(X)
#undef X
};

/* The state of any of them. */
union context {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha3_256_ctx sha3_256;
};

enum iscsi_chap_algorithm iscsi_chap_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return algorithms[i].number;
    return ISCSI_CHAP_NONE;
}

const char *iscsi_chap_name(enum iscsi_chap_algorithm algorithm)
{
    return algorithms[algorithm - ISCSI_CHAP_MD5].name;
}

static const struct nettle_hash *hash_of(enum iscsi_chap_algorithm algorithm)
{
    return algorithms[algorithm - ISCSI_CHAP_MD5].hash;
}

size_t iscsi_chap_digest_size(enum iscsi_chap_algorithm algorithm)
{
    return hash_of(algorithm)->digest_size;
}

/* Numbers that we do not know are of others' algorithms. */
bool iscsi_chap_choose(const char *list, enum iscsi_chap_algorithm weakest,
                       enum iscsi_chap_algorithm *chosen)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1);
    *chosen = ISCSI_CHAP_NONE;
    for (unsigned i = 0; words[i]; i++) {
        uint32_t number;
        if (!iscsi_number_parse(words[i], &number))
            return false;
        if (number >= weakest && number <= ISCSI_CHAP_SHA3_256 && number > *chosen)
            *chosen = number;
    }
    return words[0] != NULL;
}

void iscsi_chap_digest(enum iscsi_chap_algorithm algorithm, uint8_t id, const char *secret,
                       const uint8_t *challenge, size_t len, uint8_t *digest)
{
    const struct nettle_hash *hash = hash_of(algorithm);
    union context context;
    hash->init(&context);
    hash->update(&context, 1, &id);
    hash->update(&context, strlen(secret), (const uint8_t *)secret);
    hash->update(&context, len, challenge);
    hash->digest(&context, hash->digest_size, digest);
    explicit_bzero(&context, sizeof(context));
}

bool iscsi_chap_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return memeql_sec(a, b, len);
}

bool iscsi_random(void *bytes, size_t len)
{
    return getrandom(bytes, len, 0) == (ssize_t)len;
}

/* The second half of a challenge. */
static void sign(const uint8_t key[ISCSI_CHAP_KEY], const uint8_t *random, uint8_t *signature)
{
    struct hmac_sha256_ctx hmac;
    hmac_sha256_set_key(&hmac, ISCSI_CHAP_KEY, key);
    hmac_sha256_update(&hmac, CHALLENGE_RANDOM, random);
    hmac_sha256_digest(&hmac, ISCSI_CHAP_CHALLENGE - CHALLENGE_RANDOM, signature);
    explicit_bzero(&hmac, sizeof(hmac));
}

bool iscsi_chap_challenge(const uint8_t key[ISCSI_CHAP_KEY],
                          uint8_t challenge[ISCSI_CHAP_CHALLENGE])
{
    if (!iscsi_random(challenge, CHALLENGE_RANDOM))
        return false;
    sign(key, challenge, challenge + CHALLENGE_RANDOM);
    return true;
}

bool iscsi_chap_is_ours(const uint8_t key[ISCSI_CHAP_KEY], const uint8_t *challenge, size_t len)
{
    uint8_t signature[ISCSI_CHAP_CHALLENGE - CHALLENGE_RANDOM];
    if (len != ISCSI_CHAP_CHALLENGE)
        return false;
    sign(key, challenge, signature);
    return memeql_sec(signature, challenge + CHALLENGE_RANDOM, sizeof(signature));
}
