/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C by the best way that the processor has, at least by slicing tables. */
#include <string.h>

#include "crc32c-ways.h"
#include "crc32c.h"

/* Entry i of a table is the exclusive or of the entries of its bits, since a CRC is linear. */
#define BIT(i, n, k) ((i)&1u << (n) ? (k) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                           \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^     \
     BIT(i, 6, g) ^ BIT(i, 7, h))
#define FOUR(i, ...)                                                                               \
    ENTRY(i, __VA_ARGS__), ENTRY((i) + 1u, __VA_ARGS__), ENTRY((i) + 2u, __VA_ARGS__),             \
        ENTRY((i) + 3u, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                                            \
    FOUR(i, __VA_ARGS__), FOUR((i) + 4u, __VA_ARGS__), FOUR((i) + 8u, __VA_ARGS__),                \
        FOUR((i) + 12u, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                                         \
    SIXTEEN(i, __VA_ARGS__), SIXTEEN((i) + 16u, __VA_ARGS__), SIXTEEN((i) + 32u, __VA_ARGS__),     \
        SIXTEEN((i) + 48u, __VA_ARGS__)
#define TABLE(...)                                                                                 \
    {                                                                                              \
        SIXTY_FOUR(0u, __VA_ARGS__), SIXTY_FOUR(64u, __VA_ARGS__), SIXTY_FOUR(128u, __VA_ARGS__),  \
            SIXTY_FOUR(192u, __VA_ARGS__)                                                          \
    }

/* table[n]: a byte followed by n bytes of zero; polynomial 1EDC6F41h, reflected. */
static const uint32_t table[8][256] = {
    TABLE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc,
          0x82f63b78),
    TABLE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604,
          0xfbc3faf9),
    TABLE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9,
          0x8b277743),
    TABLE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7,
          0x52a0c93f),
    TABLE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae,
          0x6ea2d55c),
    TABLE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb,
          0x1c08b7d6),
    TABLE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a,
          0xf56e0ef4),
    TABLE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32,
          0x34019664),
};

static uint32_t by_bytes(uint32_t crc, const uint8_t *p, size_t len)
{
    for (; len > 0; len--)
        crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
    return crc;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t iscsi_crc32c_table(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (; len >= 8; len -= 8, p += 8) {
        uint32_t low = crc ^ le32(p), high = le32(p + 4);
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
              table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    return by_bytes(crc, p, len);
}

/* A piece that is still in the first cache when it is read again. */
#define COPY_PIECE 4096u

uint32_t iscsi_crc32c_copy_by(iscsi_crc32c_fn *crc_of, uint32_t crc, void *to, const void *from,
                              size_t len)
{
    for (size_t at = 0, now; at < len; at += now) {
        uint8_t *piece = (uint8_t *)to + at;
        now = len - at < COPY_PIECE ? len - at : COPY_PIECE;
        memcpy(piece, (const uint8_t *)from + at, now);
        __asm__ volatile("" ::: "memory"); /* the copy counts: `from` may have changed since */
        crc = crc_of(crc, piece, now);
    }
    return crc;
}

static uint32_t copy_by_table(uint32_t crc, void *to, const void *from, size_t len)
{
    return iscsi_crc32c_copy_by(iscsi_crc32c_table, crc, to, from, len);
}

const struct iscsi_crc32c_way iscsi_crc32c_tables = {"tables", iscsi_crc32c_table, copy_by_table};

/* The processor was asked when the program was loaded, what it said is looked up here. */
static const struct iscsi_crc32c_way *best(void)
{
#if defined(__x86_64__)
    if (iscsi_crc32c_has_vectors())
        return &iscsi_crc32c_vectors;
    if (iscsi_crc32c_has_streams())
        return &iscsi_crc32c_streams;
    if (iscsi_crc32c_has_words())
        return &iscsi_crc32c_words;
#endif
    return &iscsi_crc32c_tables;
}

uint32_t iscsi_crc32c(uint32_t crc, const void *data, size_t len)
{
    return best()->crc(crc, data, len);
}

uint32_t iscsi_crc32c_copy(uint32_t crc, void *to, const void *from, size_t len)
{
    return best()->copy(crc, to, from, len);
}

void iscsi_crc32c_end(uint32_t crc, uint8_t digest[4])
{
    crc = ~crc;
    for (unsigned i = 0; i < 4; i++)
        digest[i] = (uint8_t)(crc >> 8 * i);
}

/* Enough for whole blocks, and for all the shorter ways behind them. */
#define LONG (3 * 4096 + 512 + 128 + 15)

/* By table and by the best way, which copies it as well. */
static bool digest_is(const void *data, size_t len, uint32_t wanted)
{
    uint8_t copy[LONG];
    return ~iscsi_crc32c_table(ISCSI_CRC_START, data, len) == wanted &&
           ~iscsi_crc32c(ISCSI_CRC_START, data, len) == wanted &&
           ~iscsi_crc32c_copy(ISCSI_CRC_START, copy, data, len) == wanted &&
           memcmp(copy, data, len) == 0;
}

static bool long_digest_is_right(void)
{
    uint8_t data[LONG];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    return digest_is(data, sizeof(data), ~iscsi_crc32c_table(ISCSI_CRC_START, data, sizeof(data)));
}

bool iscsi_crc32c_works(void)
{
    uint8_t zeros[32] = {0}, ones[32], up[32], down[32];
    static const uint8_t read10[48] = {0x01, 0xc0, 0, 0,    0,    0, 0, 0,    0,    0, 0,    0,
                                       0,    0,    0, 0,    0x14, 0, 0, 0,    0,    0, 0x04, 0,
                                       0,    0,    0, 0x14, 0,    0, 0, 0x18, 0x28, 0, 0,    0,
                                       0,    0,    0, 0,    0x02, 0, 0, 0,    0,    0, 0,    0};
    memset(ones, 0xff, sizeof(ones));
    for (unsigned i = 0; i < 32; i++) {
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    return digest_is(zeros, 32, 0x8a9136aa) && digest_is(ones, 32, 0x62a8ab43) &&
           digest_is(up, 32, 0x46dd794e) && digest_is(down, 32, 0x113fdb5c) &&
           digest_is(read10, 48, 0xd9963a56) && long_digest_is_right();
}
