/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways to compute CRC32C, of which crc32c.c takes the best; its test tries all. */
#ifndef ISCSI_CRC32C_WAYS_H
#define ISCSI_CRC32C_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t iscsi_crc32c_fn(uint32_t crc, const void *data, size_t len);

struct iscsi_crc32c_way {
    const char *name;
    iscsi_crc32c_fn *crc;
    uint32_t (*copy)(uint32_t crc, void *to, const void *from, size_t len);
};

/* Copies piece by piece, so that each is read while it is hot. */
uint32_t iscsi_crc32c_copy_by(iscsi_crc32c_fn *crc_of, uint32_t crc, void *to, const void *from,
                              size_t len);

extern const struct iscsi_crc32c_way iscsi_crc32c_tables;

#if defined(__x86_64__)
/* crc32c-x86.c, from the slowest to the fastest; each needs what those before it need. */
extern const struct iscsi_crc32c_way iscsi_crc32c_words, iscsi_crc32c_streams, iscsi_crc32c_vectors;

static inline bool iscsi_crc32c_has_words(void)
{
    return __builtin_cpu_supports("sse4.2");
}

static inline bool iscsi_crc32c_has_streams(void)
{
    return iscsi_crc32c_has_words() && __builtin_cpu_supports("pclmul");
}

static inline bool iscsi_crc32c_has_vectors(void)
{
    return iscsi_crc32c_has_streams() && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("vpclmulqdq");
}
#endif

#endif
