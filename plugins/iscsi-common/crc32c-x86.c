/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C by what x86 processors have for it: the crc32 instruction, carry-less multiplication, and
 * both side by side. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "crc32c-ways.h"

/* Bits are reflected: the first bit of the data is the lowest bit of a register and the highest
 * power of x. A carry-less product comes out one place lower than its factors stand for, and a
 * constant of 32 bits stands 32 places lower in a register of 64; so the constant that multiplies
 * by x^n modulo the polynomial is x^(n - 33) modulo the polynomial. Appending a zero byte
 * multiplies by x^8. */

#define WORDS   __attribute__((target("sse4.2")))
#define STREAMS __attribute__((target("sse4.2,pclmul")))
#define VECTORS __attribute__((target("sse4.2,pclmul,avx2,vpclmulqdq")))

/* ---- The instruction alone ---- */

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

WORDS static uint32_t by_words(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t value = crc;
    for (; len >= 8; len -= 8, p += 8)
        value = _mm_crc32_u64(value, load64(p));
    for (; len > 0; len--)
        value = _mm_crc32_u8((uint32_t)value, *p++);
    return (uint32_t)value;
}

static uint32_t copy_by_words(uint32_t crc, void *to, const void *from, size_t len)
{
    return iscsi_crc32c_copy_by(by_words, crc, to, from, len);
}

const struct iscsi_crc32c_way iscsi_crc32c_words = {"words", by_words, copy_by_words};

/* ---- Three streams, which hide the latency of the instruction ---- */

/* Three of them and 16 bytes make 4096. */
#define STREAM 1360u
/* As many zero bytes as follow the first and the second stream: x^(8n - 33). */
#define OVER_TWO 0x5aa1f3cf
#define OVER_ONE 0x3f70cc6f

STREAMS static inline uint64_t append_zeros(uint64_t crc, int factor)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128(factor), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

STREAMS static uint64_t three_streams(uint64_t crc, const uint8_t *p)
{
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < STREAM; i += 8) {
        crc = _mm_crc32_u64(crc, load64(p + i));
        second = _mm_crc32_u64(second, load64(p + STREAM + i));
        third = _mm_crc32_u64(third, load64(p + 2 * STREAM + i));
    }
    return append_zeros(crc, OVER_TWO) ^ append_zeros(second, OVER_ONE) ^ third;
}

STREAMS static uint32_t by_streams(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t value = crc;
    for (; len >= 3 * STREAM; len -= 3 * STREAM, p += 3 * STREAM)
        value = three_streams(value, p);
    return by_words((uint32_t)value, p, len);
}

static uint32_t copy_by_streams(uint32_t crc, void *to, const void *from, size_t len)
{
    return iscsi_crc32c_copy_by(by_streams, crc, to, from, len);
}

const struct iscsi_crc32c_way iscsi_crc32c_streams = {"streams", by_streams, copy_by_streams};

/* ---- Vectors: data is multiplied over to where other data lies, until little is left ---- */

/* 128 bytes of data, or what has the same remainder as all data up to there. */
struct group {
    __m256i v[4];
};

#define GROUP ((size_t)sizeof(struct group))
/* Shorter data is not worth being divided into groups. */
#define GROUPS_MIN (2 * GROUP)

/* By n bytes: x^(8n + 64 - 33) for the first half of 16 bytes, x^(8n - 33) for the other. */
#define FOLD_16  0x493c7d27, 0xf20c0dfe
#define FOLD_32  0xba4fc28e, 0x3da6d0cb
#define FOLD_64  0x9e4addf8, 0x740eef02
#define FOLD_128 0x0d3b6092, 0x6992cea2

VECTORS static inline __m256i factors(long long second, long long first)
{
    return _mm256_set_epi64x(second, first, second, first);
}

/* Both halves of each 16 bytes of `v` move to where `there` is. */
VECTORS static inline __m256i fold(__m256i v, __m256i by, __m256i there)
{
    __m256i first = _mm256_clmulepi64_epi128(v, by, 0x00);
    __m256i second = _mm256_clmulepi64_epi128(v, by, 0x11);
    return _mm256_xor_si256(_mm256_xor_si256(first, second), there);
}

/* Memory is read once: what is computed is what is copied, even if it changes. */
VECTORS static inline struct group load_group(const uint8_t *p)
{
    struct group g;
    for (unsigned i = 0; i < 4; i++) {
        g.v[i] = _mm256_loadu_si256((const __m256i_u *)p + i);
        __asm__("" : "+x"(g.v[i]));
    }
    return g;
}

VECTORS static inline void store_group(uint8_t *p, const struct group *g)
{
    for (unsigned i = 0; i < 4; i++)
        _mm256_storeu_si256((__m256i_u *)p + i, g->v[i]);
}

VECTORS static inline void fold_group(struct group *g, __m256i by, const struct group *next)
{
    for (unsigned i = 0; i < 4; i++)
        g->v[i] = fold(g->v[i], by, next->v[i]);
}

VECTORS static inline uint64_t end_of_group(const struct group *g)
{
    __m256i by_64 = factors(FOLD_64), by_16 = factors(FOLD_16);
    __m256i v =
        fold(fold(g->v[0], by_64, g->v[2]), factors(FOLD_32), fold(g->v[1], by_64, g->v[3]));
    __m256i other = _mm256_permute2x128_si256(v, v, 0x11);
    __m128i last = _mm256_castsi256_si128(fold(v, by_16, other));
    uint64_t crc = _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(last));
    return _mm_crc32_u64(crc, (uint64_t)_mm_extract_epi64(last, 1));
}

/* Whole groups, also copied to `to` unless that is NULL. */
VECTORS static inline __attribute__((always_inline)) uint64_t by_groups(uint64_t crc, uint8_t *to,
                                                                        const uint8_t *p,
                                                                        size_t len)
{
    __m256i by = factors(FOLD_128);
    struct group g = load_group(p);
    if (to)
        store_group(to, &g);
    g.v[0] = _mm256_xor_si256(g.v[0], _mm256_set_epi64x(0, 0, 0, (long long)crc));
    for (size_t at = GROUP; at < len; at += GROUP) {
        struct group next = load_group(p + at);
        if (to)
            store_group(to + at, &next);
        fold_group(&g, by, &next);
    }
    return end_of_group(&g);
}

/* The multiplier and the instruction are separate units of the processor, and each is busy with
 * about half of a block: 17 groups, and three streams that advance by five words with each group
 * but the first. */
#define STEPS      16u
#define STEP_WORDS 5u
#define FRONT      ((STEPS + 1) * GROUP)
#define BACK       ((size_t)STEPS * STEP_WORDS * 8)
#define BLOCK      (FRONT + 3 * BACK)
_Static_assert(BLOCK == 4096, "the constants below");
/* As many zero bytes as one, two and three of the streams, and as a block: x^(8n - 33). */
#define OVER_BACK_1 0x6b749fb2
#define OVER_BACK_2 (int)0xdd66cbbb
#define OVER_BACK_3 (int)0xf48642e9
#define OVER_BLOCK  (int)0x82f89c77

/* The processor foresees one stream, but not that four go on in the next block. */
VECTORS static inline void prefetch(const uint8_t *p)
{
    for (unsigned i = 0; i < BLOCK / STEPS; i += 64)
        _mm_prefetch(p + i, _MM_HINT_T0);
}

/* Does not wait for the value before it, but at the very end: blocks overlap. */
VECTORS static uint64_t one_block(uint64_t crc, const uint8_t *p, const uint8_t *ahead)
{
    __m256i by = factors(FOLD_128);
    struct group g = load_group(p);
    const uint8_t *back = p + FRONT;
    uint64_t a = 0, b = 0, c = 0;
    for (unsigned step = 1; step <= STEPS; step++, ahead += BLOCK / STEPS) {
        struct group next = load_group(p + step * GROUP);
        fold_group(&g, by, &next);
        prefetch(ahead);
        for (unsigned i = 0; i < STEP_WORDS; i++, back += 8) {
            a = _mm_crc32_u64(a, load64(back));
            b = _mm_crc32_u64(b, load64(back + BACK));
            c = _mm_crc32_u64(c, load64(back + 2 * BACK));
        }
    }
    return append_zeros(crc, OVER_BLOCK) ^ append_zeros(end_of_group(&g), OVER_BACK_3) ^
           append_zeros(a, OVER_BACK_2) ^ append_zeros(b, OVER_BACK_1) ^ c;
}

VECTORS static uint32_t by_vectors(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t value = crc;
    for (; len >= BLOCK; len -= BLOCK, p += BLOCK)
        value = one_block(value, p, len >= 3 * BLOCK ? p + 2 * BLOCK : p);
    size_t groups = len >= GROUPS_MIN ? len - len % GROUP : 0;
    if (groups > 0)
        value = by_groups(value, NULL, p, groups);
    return by_words((uint32_t)value, p + groups, len - groups);
}

/* Without the instruction: data that is not in the caches comes faster as one stream. */
VECTORS static uint32_t copy_by_vectors(uint32_t crc, void *to, const void *from, size_t len)
{
    size_t groups = len >= GROUPS_MIN ? len - len % GROUP : 0;
    if (groups > 0)
        crc = (uint32_t)by_groups(crc, to, from, groups);
    return copy_by_words(crc, (uint8_t *)to + groups, (const uint8_t *)from + groups, len - groups);
}

const struct iscsi_crc32c_way iscsi_crc32c_vectors = {"vectors", by_vectors, copy_by_vectors};
#endif
