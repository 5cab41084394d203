/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key=value text: pairs, limits, pieces, and names. */
#include <string.h>

#include "../text.h"

/* The pairs of a literal with its zero bytes, as "key=value;"; "!" at the end if malformed. */
static char *walk(const void *data, size_t len)
{
    g_autofree char *copy = g_memdup2(data, len);
    GString *out = g_string_new(NULL);
    struct iscsi_pair pair;
    enum iscsi_walk step;
    char *at = copy;
    while ((step = iscsi_text_next(&at, copy + len, &pair)) == ISCSI_WALK_PAIR) {
        g_assert_cmpuint(strlen(pair.value), ==, pair.value_len);
        g_string_append_printf(out, "%s=%s;", pair.key, pair.value);
    }
    if (step == ISCSI_WALK_BAD)
        g_string_append_c(out, '!');
    return g_string_free(out, FALSE);
}

#define assert_walk(text, wanted)                                                                  \
    do {                                                                                           \
        g_autofree char *got = walk(text, sizeof(text) - 1);                                       \
        g_assert_cmpstr(got, ==, wanted);                                                          \
    } while (0)

static void test_pairs(void)
{
    assert_walk("A=1\0B=2,3\0C=\0D=x=y\0", "A=1;B=2,3;C=;D=x=y;");
}

static void test_nothing(void)
{
    assert_walk("", "");
    assert_walk("\0\0\0\0", "");
}

static void test_padding_is_no_pair(void)
{
    assert_walk("A=1\0\0\0", "A=1;");
    assert_walk("\0A=1\0", "A=1;");
}

static void test_malformed(void)
{
    assert_walk("A\0", "!");
    assert_walk("=1\0", "!");
    assert_walk("A=1", "!");
    assert_walk("A=1\0B", "A=1;!");
    assert_walk("A B=1\0", "!");
    assert_walk("A\x01=1\0", "!");
    assert_walk("\xff=1\0", "!");
}

/* 6.1: at most 63 bytes. */
static void test_key_length(void)
{
    char text[80];
    memset(text, 'k', sizeof(text));
    memcpy(text + 63, "=1", 3);
    g_autofree char *longest = walk(text, 66);
    g_assert_cmpstr(longest + 63, ==, "=1;");
    memset(text, 'k', sizeof(text));
    memcpy(text + 64, "=1", 3);
    g_autofree char *longer = walk(text, 67);
    g_assert_cmpstr(longer, ==, "!");
}

/* Cut anywhere: what the C bit does. */
static void test_collected_in_pieces(void)
{
    static const char whole[] = "InitiatorName=iqn.x\0SessionType=Normal\0";
    for (size_t cut = 0; cut < sizeof(whole); cut++) {
        struct iscsi_text text = {0};
        g_assert_true(iscsi_text_add(&text, whole, cut));
        g_assert_true(iscsi_text_add(&text, whole + cut, sizeof(whole) - 1 - cut));
        g_autofree char *got = walk(text.in->data, text.in->len);
        g_assert_cmpstr(got, ==, "InitiatorName=iqn.x;SessionType=Normal;");
        iscsi_text_clear(&text);
    }
}

static void test_limit(void)
{
    struct iscsi_text text = {0};
    g_autofree char *piece = g_malloc0(ISCSI_TEXT_MAX);
    g_assert_true(iscsi_text_add(&text, piece, ISCSI_TEXT_MAX - 10));
    g_assert_false(iscsi_text_add(&text, piece, 11));
    g_assert_true(iscsi_text_add(&text, piece, 10));
    g_assert_false(iscsi_text_add(&text, piece, 1));
    iscsi_text_clear(&text);
}

static void test_answers_in_pieces(void)
{
    struct iscsi_text text = {0};
    g_autoptr(GByteArray) all = g_byte_array_new();
    size_t len;
    for (unsigned i = 0; i < 100; i++)
        iscsi_text_put_number(&text, "Key", i);
    while (iscsi_text_pending(&text)) {
        const uint8_t *piece = iscsi_text_take(&text, 33, &len);
        g_assert_cmpuint(len, >, 0);
        g_assert_cmpuint(len, <=, 33);
        g_byte_array_append(all, piece, (guint)len);
    }
    g_assert_null(iscsi_text_take(&text, 33, &len));
    g_assert_cmpuint(len, ==, 0);
    g_assert_cmpmem(all->data, all->len, text.out->data, text.out->len);
    g_assert_cmpstr((char *)all->data, ==, "Key=0");
    iscsi_text_clear(&text);
}

static void test_names(void)
{
    g_assert_true(iscsi_name_valid("iqn.2001-04.com.example:storage.disk1"));
    g_assert_true(iscsi_name_valid("iqn.2001-04.c"));
    g_assert_true(iscsi_name_valid("eui.02004567a425678d"));
    g_assert_true(iscsi_name_valid("naa.52004567ba64678d"));
    g_assert_true(iscsi_name_valid("naa.62004567ba64678d0123456789abcdef"));
    g_assert_true(iscsi_name_valid("iqn.2001-04.com.example:under_score"));
    g_assert_true(iscsi_name_valid("iqn.2001-04.com.example:\xc3\xbc"));
    g_assert_false(iscsi_name_valid(""));
    g_assert_false(iscsi_name_valid("disk"));
    g_assert_false(iscsi_name_valid("iqn."));
    g_assert_false(iscsi_name_valid("iqn.2001-04."));
    g_assert_false(iscsi_name_valid("iqn.2001-4.com"));
    g_assert_false(iscsi_name_valid("iqn.2001-04.com example"));
    g_assert_false(iscsi_name_valid("iqn.2001-04.com.example:a,b"));
    g_assert_false(iscsi_name_valid("iqn.2001-04.com.example:a/b"));
    g_assert_false(iscsi_name_valid("iqn.2001-04.com.example:\x7f"));
    g_assert_false(iscsi_name_valid("iqn.2001-04.com.example:\xc3"));
    g_assert_false(iscsi_name_valid("eui.02004567A425678"));
    g_assert_false(iscsi_name_valid("eui.02004567A425678DD"));
    g_assert_false(iscsi_name_valid("naa.52004567BA64678D0"));
}

static void test_folded_names(void)
{
    g_autofree char *iqn = iscsi_name_fold("IQN.2001-04.com.Example:DISK");
    g_autofree char *eui = iscsi_name_fold("eui.02004567A425678D");
    g_autofree char *other = iscsi_name_fold("Disk");
    g_assert_cmpstr(iqn, ==, "iqn.2001-04.com.example:disk");
    g_assert_cmpstr(eui, ==, "eui.02004567a425678d");
    g_assert_cmpstr(other, ==, "Disk");
}

static void test_name_length(void)
{
    g_autofree char *name = g_strnfill(ISCSI_NAME_MAX + 1, 'n');
    memcpy(name, "iqn.2001-04.", 12);
    g_assert_false(iscsi_name_valid(name));
    name[ISCSI_NAME_MAX] = '\0';
    g_assert_true(iscsi_name_valid(name));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/pairs", test_pairs);
    g_test_add_func("/text/nothing", test_nothing);
    g_test_add_func("/text/padding-is-no-pair", test_padding_is_no_pair);
    g_test_add_func("/text/malformed", test_malformed);
    g_test_add_func("/text/key-length", test_key_length);
    g_test_add_func("/text/collected-in-pieces", test_collected_in_pieces);
    g_test_add_func("/text/limit", test_limit);
    g_test_add_func("/text/answers-in-pieces", test_answers_in_pieces);
    g_test_add_func("/text/names", test_names);
    g_test_add_func("/text/folded-names", test_folded_names);
    g_test_add_func("/text/name-length", test_name_length);
    return g_test_run();
}
