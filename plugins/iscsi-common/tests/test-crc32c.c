/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C: the vectors of the standard, and each fast way against the plain one. */
#include <string.h>
#include <glib.h>

#include "../crc32c-ways.h"
#include "../crc32c.h"

static void test_vectors(void)
{
    g_assert_true(iscsi_crc32c_works());
}

/* RFC 7143 B.4 shows the bytes as they are on the wire. */
static void test_wire_order(void)
{
    static const uint8_t zeros[32], wanted[4] = {0xaa, 0x36, 0x91, 0x8a};
    uint8_t digest[4];
    iscsi_crc32c_end(iscsi_crc32c(ISCSI_CRC_START, zeros, sizeof(zeros)), digest);
    g_assert_cmpmem(digest, 4, wanted, 4);
}

static void test_nothing(void)
{
    g_assert_cmphex(iscsi_crc32c(0x1234, "", 0), ==, 0x1234);
}

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)g_random_int();
}

/* Where copies are written to; what lies behind one must stay. */
#define GUARD 0xa5

static void check_way(const struct iscsi_crc32c_way *way, const uint8_t *data, size_t len,
                      uint8_t *copy)
{
    uint32_t wanted = iscsi_crc32c_table(7, data, len);
    copy[len] = GUARD;
    g_assert_cmphex(way->crc(7, data, len), ==, wanted);
    g_assert_cmphex(way->copy(7, copy, data, len), ==, wanted);
    g_assert_cmpmem(copy, len, data, len);
    g_assert_cmphex(copy[len], ==, GUARD);
}

/* All lengths up to some thousand, those around whole blocks beyond, at alignments that change. */
static void check_lengths(const struct iscsi_crc32c_way *way)
{
    static const size_t around[] = {8160, 8192, 12240, 12288, 16384, 65536};
    g_autofree uint8_t *data = g_malloc(65536 + 128), *copy = g_malloc(65536 + 256);
    fill(data, 65536 + 128);
    for (size_t len = 0; len < 4096 + 600; len++)
        for (size_t at = 0; at < 3; at++)
            check_way(way, data + (len * 5 + at) % 67, len, copy + (len + at * 11) % 37);
    for (unsigned i = 0; i < G_N_ELEMENTS(around); i++)
        for (size_t more = 0; more < 40; more++)
            check_way(way, data + more, around[i] + more, copy + more * 7 % 33);
    for (size_t at = 0; at < 64; at++)
        check_way(way, data + at, 4096 + 128 + 9, copy + 63 - at);
}

static void test_tables(void)
{
    check_lengths(&iscsi_crc32c_tables);
}

#if defined(__x86_64__)
static void test_words(void)
{
    if (iscsi_crc32c_has_words())
        check_lengths(&iscsi_crc32c_words);
    else
        g_test_skip("no SSE4.2");
}

static void test_streams(void)
{
    if (iscsi_crc32c_has_streams())
        check_lengths(&iscsi_crc32c_streams);
    else
        g_test_skip("no PCLMULQDQ");
}

static void test_vectors_of_32(void)
{
    if (iscsi_crc32c_has_vectors())
        check_lengths(&iscsi_crc32c_vectors);
    else
        g_test_skip("no VPCLMULQDQ");
}
#endif

static void test_in_pieces(void)
{
    g_autofree uint8_t *data = g_malloc(30000), *copy = g_malloc(30000);
    fill(data, 30000);
    for (unsigned round = 0; round < 100; round++) {
        uint32_t crc = ISCSI_CRC_START, copied = ISCSI_CRC_START;
        for (size_t at = 0, now; at < 30000; at += now) {
            size_t wanted = (size_t)g_random_int_range(1, 9000);
            now = MIN(wanted, 30000 - at);
            crc = iscsi_crc32c(crc, data + at, now);
            copied = iscsi_crc32c_copy(copied, copy + at, data + at, now);
        }
        g_assert_cmphex(crc, ==, iscsi_crc32c_table(ISCSI_CRC_START, data, 30000));
        g_assert_cmphex(copied, ==, crc);
        g_assert_cmpmem(copy, 30000, data, 30000);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crc32c/vectors", test_vectors);
    g_test_add_func("/crc32c/wire-order", test_wire_order);
    g_test_add_func("/crc32c/nothing", test_nothing);
    g_test_add_func("/crc32c/lengths/tables", test_tables);
#if defined(__x86_64__)
    g_test_add_func("/crc32c/lengths/words", test_words);
    g_test_add_func("/crc32c/lengths/streams", test_streams);
    g_test_add_func("/crc32c/lengths/vectors", test_vectors_of_32);
#endif
    g_test_add_func("/crc32c/in-pieces", test_in_pieces);
    return g_test_run();
}
