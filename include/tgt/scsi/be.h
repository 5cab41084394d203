/* SPDX-License-Identifier: MIT */
/* Big-endian integers as structs of bytes, so that a wire field can be neither misaligned nor read
 * by mistake. */
#ifndef TGT_SCSI_BE_H
#define TGT_SCSI_BE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 16 bits, most significant byte first. */
typedef struct {
    uint8_t b[2]; /**< the bytes as on the wire */
} be16_t;
/** 24 bits, most significant byte first. */
typedef struct {
    uint8_t b[3]; /**< the bytes as on the wire */
} be24_t;
/** 32 bits, most significant byte first. */
typedef struct {
    uint8_t b[4]; /**< the bytes as on the wire */
} be32_t;
/** 64 bits, most significant byte first. */
typedef struct {
    uint8_t b[8]; /**< the bytes as on the wire */
} be64_t;

/** The value of the `n` (0 to 8) big-endian bytes at `p`. */
static inline uint64_t be_get(const void *p, unsigned n)
{
    const uint8_t *b = (const uint8_t *)p;
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | b[i];
    return v;
}

/** Write the low `n` bytes of `v` big-endian at `p`. */
static inline void be_put(void *p, unsigned n, uint64_t v)
{
    uint8_t *b = (uint8_t *)p;
    for (unsigned i = n; i > 0; i--, v >>= 8)
        b[i - 1] = (uint8_t)v;
}

/** Values of the fields; the compiler turns these into one load and a swap. */
static inline uint16_t be16_get(be16_t v)
{
    return (uint16_t)be_get(v.b, 2);
}
/** See be16_get(). */
static inline uint32_t be24_get(be24_t v)
{
    return (uint32_t)be_get(v.b, 3);
}
/** See be16_get(). */
static inline uint32_t be32_get(be32_t v)
{
    return (uint32_t)be_get(v.b, 4);
}
/** See be16_get(). */
static inline uint64_t be64_get(be64_t v)
{
    return be_get(v.b, 8);
}

/** A field from a value; higher bits are cut off. */
static inline be16_t be16(uint16_t v)
{
    be16_t r;
    be_put(r.b, 2, v);
    return r;
}
/** See be16(). */
static inline be24_t be24(uint32_t v)
{
    be24_t r;
    be_put(r.b, 3, v);
    return r;
}
/** See be16(). */
static inline be32_t be32(uint32_t v)
{
    be32_t r;
    be_put(r.b, 4, v);
    return r;
}
/** See be16(). */
static inline be64_t be64(uint64_t v)
{
    be64_t r;
    be_put(r.b, 8, v);
    return r;
}

/** A wire struct has the size that the standard gives it. */
#ifdef __cplusplus
#define TGT_WIRE_SIZE(type, n) static_assert(sizeof(struct type) == (n), #type)
#else
#define TGT_WIRE_SIZE(type, n) _Static_assert(sizeof(struct type) == (n), #type)
#endif

#ifdef __cplusplus
}
#endif
#endif
