/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CHAP without a login: known answers, the choice of an algorithm, binary values, challenges. */
#include <glib.h>
#include <string.h>

#include "../chap.h"

/* ---- Digests ---- */

/* Of 2a, "secret12byte", and 00 to 0f, by another implementation. */
static const struct answer {
    enum iscsi_chap_algorithm algorithm;
    const char *digest;
} answers[] = {
    {ISCSI_CHAP_MD5, "0xea86c8d458d6f7313e99133b373c3b48"},
    {ISCSI_CHAP_SHA1, "0x575a7ec31742a92a22600aa8b6e5315fced0e79a"},
    {ISCSI_CHAP_SHA256, "0x3d7c4f4bd195a99ea7c3566862f900d3dc0e8dfdca40c46e57e4e0923c335d0a"},
    {ISCSI_CHAP_SHA3_256, "0x25e30651288be613169a1278d97650634189fa62fbf80f4b4add533c6e8d0b7c"},
};

static void test_known_answers(void)
{
    uint8_t challenge[16], digest[ISCSI_CHAP_DIGEST_MAX];
    for (uint8_t i = 0; i < sizeof(challenge); i++)
        challenge[i] = i;
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        enum iscsi_chap_algorithm algorithm = answers[i].algorithm;
        iscsi_chap_digest(algorithm, 0x2a, "secret12byte", challenge, sizeof(challenge), digest);
        g_autofree char *text = iscsi_binary_text(digest, iscsi_chap_digest_size(algorithm));
        g_assert_cmpstr(text, ==, answers[i].digest);
    }
}

/* Two more of MD5, as it is what everybody has: RFC 1321 A.5 without a secret ("a" is the id). */
static void test_md5_of_the_standard(void)
{
    uint8_t digest[ISCSI_CHAP_DIGEST_MAX];
    iscsi_chap_digest(ISCSI_CHAP_MD5, 'a', "", NULL, 0, digest);
    g_autofree char *one = iscsi_binary_text(digest, 16);
    g_assert_cmpstr(one, ==, "0x0cc175b9c0f1b6a831c399e269772661");
    iscsi_chap_digest(ISCSI_CHAP_MD5, 'a', "b", (const uint8_t *)"c", 1, digest);
    g_autofree char *three = iscsi_binary_text(digest, 16);
    g_assert_cmpstr(three, ==, "0x900150983cd24fb0d6963f7d28e17f72");
}

static void test_equal(void)
{
    g_assert_true(iscsi_chap_equal((const uint8_t *)"abcd", (const uint8_t *)"abcd", 4));
    g_assert_false(iscsi_chap_equal((const uint8_t *)"abcd", (const uint8_t *)"abce", 4));
}

/* ---- Algorithms ---- */

static void test_numbers_are_those_of_iana(void)
{
    g_assert_cmpint(iscsi_chap_find("MD5"), ==, 5);
    g_assert_cmpint(iscsi_chap_find("SHA1"), ==, 6);
    g_assert_cmpint(iscsi_chap_find("SHA256"), ==, 7);
    g_assert_cmpint(iscsi_chap_find("SHA3-256"), ==, 8);
    g_assert_cmpint(iscsi_chap_find("md5"), ==, ISCSI_CHAP_NONE);
    g_assert_cmpstr(iscsi_chap_name(ISCSI_CHAP_SHA3_256), ==, "SHA3-256");
}

static void test_choice(void)
{
    static const struct {
        const char *list;
        enum iscsi_chap_algorithm weakest;
        int chosen; /* -1: no list of numbers */
    } cases[] = {
        {"5", ISCSI_CHAP_MD5, 5},       {"5,6,7,8", ISCSI_CHAP_MD5, 8},
        {"8,7,6,5", ISCSI_CHAP_MD5, 8}, {"7,5", ISCSI_CHAP_MD5, 7},
        {"0x5", ISCSI_CHAP_MD5, 5},     {"6", ISCSI_CHAP_MD5, 6},
        {"5", ISCSI_CHAP_SHA1, 0},      {"5,6", ISCSI_CHAP_SHA256, 0},
        {"5,7", ISCSI_CHAP_SHA256, 7},  {"7,8", ISCSI_CHAP_SHA3_256, 8},
        {"56", ISCSI_CHAP_MD5, 0},      {"9,4,0,128", ISCSI_CHAP_MD5, 0},
        {"128,5", ISCSI_CHAP_MD5, 5},   {"", ISCSI_CHAP_MD5, -1},
        {"5,", ISCSI_CHAP_MD5, -1},     {",5", ISCSI_CHAP_MD5, -1},
        {"5 ", ISCSI_CHAP_MD5, -1},     {"5;6", ISCSI_CHAP_MD5, -1},
        {"MD5", ISCSI_CHAP_MD5, -1},    {"-5", ISCSI_CHAP_MD5, -1},
        {"5,x", ISCSI_CHAP_MD5, -1},    {"4294967301", ISCSI_CHAP_MD5, -1},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        enum iscsi_chap_algorithm chosen;
        bool ok = iscsi_chap_choose(cases[i].list, cases[i].weakest, &chosen);
        if ((ok ? (int)chosen : -1) != cases[i].chosen)
            g_error("'%s' gives %d", cases[i].list, ok ? (int)chosen : -1);
    }
}

/* ---- Binary values ---- */

static void parses(const char *text, const char *expected)
{
    uint8_t bytes[ISCSI_BINARY_MAX];
    size_t len;
    if (!iscsi_binary_parse(text, bytes, &len))
        g_error("'%s' is not taken", text);
    g_autofree char *again = iscsi_binary_text(bytes, len);
    g_assert_cmpstr(again, ==, expected);
}

static void test_hexadecimal(void)
{
    parses("0x00", "0x00");
    parses("0X0aF9", "0x0af9");
    parses("0xabc", "0x0abc"); /* 6.1: (n + 1) / 2 bytes */
    parses("0x1", "0x01");
}

static void test_base64(void)
{
    parses("0bAA==", "0x00");
    parses("0BZm9vYmFy", "0x666f6f626172");
    parses("0bZm9vYmE=", "0x666f6f6261");
    parses("0bZm9vYg==", "0x666f6f62");
    parses("0b+/+/", "0xfbffbf");
}

static void test_what_is_no_binary_value(void)
{
    static const char *const bad[] = {
        "",       "0",      "0x",     "0b",     "12",         "x00",          "0z00",     "0x0g",
        "0x 00",  "0x00 ",  "0b====", "0b=AAA", "0bAA=A",     "0bA===",       "0bAAA",    "0bAAAAA",
        "0bAB==", "0bAAB=", "0bAA!A", "0bAAA_", "0bAA==AAAA", "0bZZ\xc3\xa4", "0bAAAA\n",
    };
    uint8_t bytes[ISCSI_BINARY_MAX];
    size_t len;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        if (iscsi_binary_parse(bad[i], bytes, &len))
            g_error("'%s' is taken", bad[i]);
}

/* The bytes lie at the end of a block, so that a sanitizer sees one too many. */
static bool parses_at_the_edge(const char *prefix, char digit, size_t count, const char *padding,
                               size_t expected)
{
    size_t len = 0;
    g_autofree uint8_t *bytes = g_malloc(ISCSI_BINARY_MAX);
    g_autofree char *digits = g_strnfill(count, digit);
    g_autofree char *text = g_strconcat(prefix, digits, padding, NULL);
    bool ok = iscsi_binary_parse(text, bytes, &len);
    g_assert_true(!ok || len == expected);
    return ok;
}

static void test_longest(void)
{
    g_assert_true(parses_at_the_edge("0x", 'f', 2048, "", 1024));
    g_assert_true(parses_at_the_edge("0x", 'f', 2047, "", 1024));
    g_assert_false(parses_at_the_edge("0x", 'f', 2049, "", 0));
    g_assert_true(parses_at_the_edge("0b", 'A', 1366, "==", 1024));
    g_assert_false(parses_at_the_edge("0b", 'A', 1367, "=", 0));
    g_assert_false(parses_at_the_edge("0b", 'A', 1368, "", 0));
    g_assert_false(parses_at_the_edge("0b", 'A', 65536, "", 0));
}

/* ---- Challenges ---- */

static void test_challenges(void)
{
    uint8_t key[ISCSI_CHAP_KEY] = {1}, other_key[ISCSI_CHAP_KEY] = {2};
    uint8_t a[ISCSI_CHAP_CHALLENGE], b[ISCSI_CHAP_CHALLENGE];
    g_assert_true(iscsi_chap_challenge(key, a));
    g_assert_true(iscsi_chap_challenge(key, b));
    g_assert_cmpint(memcmp(a, b, sizeof(a) / 2), !=, 0);
    g_assert_cmpint(memcmp(a + sizeof(a) / 2, b + sizeof(b) / 2, sizeof(a) / 2), !=, 0);
    g_assert_true(iscsi_chap_is_ours(key, a, sizeof(a)));
    g_assert_false(iscsi_chap_is_ours(other_key, a, sizeof(a)));
    g_assert_false(iscsi_chap_is_ours(key, a, sizeof(a) - 1));
    a[0] ^= 1;
    g_assert_false(iscsi_chap_is_ours(key, a, sizeof(a)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chap/known-answers", test_known_answers);
    g_test_add_func("/chap/md5-of-the-standard", test_md5_of_the_standard);
    g_test_add_func("/chap/equal", test_equal);
    g_test_add_func("/chap/numbers-are-those-of-iana", test_numbers_are_those_of_iana);
    g_test_add_func("/chap/choice", test_choice);
    g_test_add_func("/chap/hexadecimal", test_hexadecimal);
    g_test_add_func("/chap/base64", test_base64);
    g_test_add_func("/chap/what-is-no-binary-value", test_what_is_no_binary_value);
    g_test_add_func("/chap/longest", test_longest);
    g_test_add_func("/chap/challenges", test_challenges);
    return g_test_run();
}
