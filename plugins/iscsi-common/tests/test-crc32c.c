/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C: the vectors of the standard, and the fast way against the plain one. */
#include <string.h>
#include <glib.h>

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

/* All lengths around those where the way of computing changes, at all alignments. */
static void test_lengths(void)
{
    static const size_t around[] = {0, 8, 64, 4080, 4096, 8160, 12240, 65536};
    g_autofree uint8_t *data = g_malloc(65536 + 64);
    fill(data, 65536 + 64);
    for (unsigned i = 0; i < G_N_ELEMENTS(around); i++)
        for (size_t more = 0; more < 20; more++)
            for (size_t at = 0; at < 9; at++)
                g_assert_cmphex(iscsi_crc32c(7, data + at, around[i] + more), ==,
                                iscsi_crc32c_table(7, data + at, around[i] + more));
}

static void test_in_pieces(void)
{
    g_autofree uint8_t *data = g_malloc(30000);
    fill(data, 30000);
    for (unsigned round = 0; round < 100; round++) {
        uint32_t crc = ISCSI_CRC_START;
        for (size_t at = 0, now; at < 30000; at += now) {
            size_t wanted = (size_t)g_random_int_range(1, 9000);
            now = MIN(wanted, 30000 - at);
            crc = iscsi_crc32c(crc, data + at, now);
        }
        g_assert_cmphex(crc, ==, iscsi_crc32c_table(ISCSI_CRC_START, data, 30000));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crc32c/vectors", test_vectors);
    g_test_add_func("/crc32c/wire-order", test_wire_order);
    g_test_add_func("/crc32c/nothing", test_nothing);
    g_test_add_func("/crc32c/lengths", test_lengths);
    g_test_add_func("/crc32c/in-pieces", test_in_pieces);
    return g_test_run();
}
