/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Additional header segments, right and wrong. */
#include <string.h>
#include <glib.h>

#include "../ahs.h"

static enum iscsi_ahs_result parse(const void *data, size_t len, struct iscsi_ahs *ahs)
{
    g_autofree uint8_t *copy = g_memdup2(data, len); /* so that a read behind the end is seen */
    enum iscsi_ahs_result result = iscsi_ahs_parse(copy, len, ahs);
    if (ahs->cdb)
        g_assert_true(ahs->cdb > copy && ahs->cdb + ahs->cdb_len <= copy + len);
    return result;
}

#define PARSE(text, ahs) parse(text, sizeof(text) - 1, ahs)

static void test_none(void)
{
    struct iscsi_ahs ahs;
    g_assert_cmpint(parse(NULL, 0, &ahs), ==, ISCSI_AHS_OK);
    g_assert_null(ahs.cdb);
    g_assert_false(ahs.has_bidi);
}

static void test_both(void)
{
    struct iscsi_ahs ahs;
    /* 17 bytes: a reserved one and 16 of the CDB; then the length of a read. */
    g_assert_cmpint(PARSE("\0\x11\x01\0"
                          "0123456789abcdef"
                          "\0\x05\x02\0\0\0\x02\0",
                          &ahs),
                    ==, ISCSI_AHS_OK);
    g_assert_cmpuint(ahs.cdb_len, ==, 16);
    g_assert_cmpuint(ahs.bidi_length, ==, 512);
    g_assert_true(ahs.has_bidi);
}

static void test_longest_cdb(void)
{
    struct iscsi_ahs ahs;
    uint8_t data[252] = {0, 245, 1};
    g_assert_cmpint(parse(data, 248, &ahs), ==, ISCSI_AHS_OK);
    g_assert_cmpuint(ahs.cdb_len, ==, 244);
    data[1] = 246;
    g_assert_cmpint(parse(data, 252, &ahs), ==, ISCSI_AHS_MALFORMED);
}

static void test_malformed(void)
{
    struct iscsi_ahs ahs;
    g_assert_cmpint(PARSE("\0\0\x01\0", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\0\x01\x01\0", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\0\xc8\x01\0abcd", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\xff\xff\x01\0abcd", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\0\x04\x02\0\0\0\x02\0", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\0\x09\x02\0\0\0\x02\0\0\0\0\0", &ahs), ==, ISCSI_AHS_MALFORMED);
    g_assert_cmpint(PARSE("\0\x05\x02\0\0\0\x02\0\0\x05\x02\0\0\0\x02\0", &ahs), ==,
                    ISCSI_AHS_MALFORMED);
}

static void test_unknown(void)
{
    struct iscsi_ahs ahs;
    g_assert_cmpint(PARSE("\0\x05\x3f\0abcd", &ahs), ==, ISCSI_AHS_UNKNOWN);
    g_assert_cmpint(PARSE("\0\x05\0\0abcd", &ahs), ==, ISCSI_AHS_UNKNOWN);
}

/* Nothing is read outside, whatever is there. */
static void test_random(void)
{
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t data[64];
        struct iscsi_ahs ahs;
        for (unsigned i = 0; i < sizeof(data); i++)
            data[i] = (uint8_t)(g_random_int() & (i % 4 == 0 ? 0 : i % 4 == 2 ? 3 : 31));
        parse(data, 4u * (unsigned)g_random_int_range(1, 17), &ahs);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ahs/none", test_none);
    g_test_add_func("/ahs/both", test_both);
    g_test_add_func("/ahs/longest-cdb", test_longest_cdb);
    g_test_add_func("/ahs/malformed", test_malformed);
    g_test_add_func("/ahs/unknown", test_unknown);
    g_test_add_func("/ahs/random", test_random);
    return g_test_run();
}
