/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an admin types: names of iSCSI nodes and places of portals. */
#include <glib.h>
#include <string.h>

#include "error.h"
#include "name.h"
#include "portal-where.h"

/* ---- Names ---- */

static void check_name(const char *given, const char *kept, bool iscsi)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = name_prepare(given, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(name, ==, kept);
    if (name_is_iscsi(name) != iscsi)
        g_error("%s: iSCSI name is not %d", name, iscsi);
}

static void test_iscsi_names_become_lower_case(void)
{
    check_name("iqn.2001-04.com.Example:Storage.Disk1", "iqn.2001-04.com.example:storage.disk1",
               true);
    check_name("EUI.02004567A425678D", "eui.02004567a425678d", true);
    check_name("NAA.52004567BA64678D", "naa.52004567ba64678d", true);
    check_name("naa.62004567ba64678d0123456789abcdef", "naa.62004567ba64678d0123456789abcdef",
               true);
}

static void test_names_of_tgt_stay_as_they_are(void)
{
    check_name("rbd", "rbd", false);
    check_name("Disk-1.A:b", "Disk-1.A:b", false);
    check_name("iqn.test:x", "iqn.test:x", false);
    check_name("iqn.2001-4.com.example", "iqn.2001-4.com.example", false);
    check_name("iqn.2001-04.", "iqn.2001-04.", false);
    check_name("eui.02004567a425678", "eui.02004567a425678", false);
    check_name("naa.52004567ba64678dg", "naa.52004567ba64678dg", false);
    check_name("naa.520045", "naa.520045", false);
}

static void check_bad_name(const char *name, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(name_prepare(name, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    if (strstr(error->message, reason) == NULL)
        g_error("'%s' does not say '%s'", error->message, reason);
}

static void test_refusals_say_why(void)
{
    g_autofree char *longer = g_strnfill(224, 'a');
    check_bad_name("", "1 to 223");
    check_bad_name(longer, "224");
    check_bad_name("a_b", "'_'");
    check_bad_name("a b", "' '");
    check_bad_name("../x", "'/'");
    check_bad_name("a\nb", "0x0a");
    check_bad_name("a\xc3\xa4", "0xc3");
}

static void test_longest_name(void)
{
    g_autofree char *longest = g_strnfill(223, 'a');
    check_name(longest, longest, false);
}

/* ---- Places ---- */

static void check_place(const char *text, const char *address, unsigned port)
{
    g_autoptr(GError) error = NULL;
    struct where places[WHERE_MAX];
    g_assert_cmpuint(where_parse(text, places, &error), ==, 1);
    g_assert_no_error(error);
    g_assert_cmpstr(places[0].address, ==, address);
    g_assert_cmpuint(places[0].port, ==, port);
}

static void test_places(void)
{
    check_place("10.0.0.1", "10.0.0.1", 3260);
    check_place("10.0.0.1:3261", "10.0.0.1", 3261);
    check_place("10.0.0.1:0", "10.0.0.1", 0);
    check_place("[2001:db8::1]:65535", "2001:db8::1", 65535);
    check_place("[::1]", "::1", 3260);
    check_place("::1", "::1", 3260);
    check_place("[fe80::1%lo]:1", "fe80::1%lo", 1);
}

static void test_wildcards_are_two_places(void)
{
    static const char *const texts[] = {"*:3261", ":3261"};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct where places[WHERE_MAX];
        g_assert_cmpuint(where_parse(texts[i], places, NULL), ==, 2);
        g_assert_cmpstr(places[0].address, ==, "0.0.0.0");
        g_assert_cmpstr(places[1].address, ==, "::");
        g_assert_cmpuint(places[0].port, ==, 3261);
        g_assert_cmpuint(places[1].port, ==, 3261);
    }
}

static void test_no_places(void)
{
    static const char *const bad[] = {"host:3260",   "10.0.0.1:65536", "10.0.0.1:", "10.0.0.1:x",
                                      "10.0.0.1:-1", "[::1",           "[::1]3260", "10.0.0",
                                      "[host]:1",    "10.0.0.1:+1"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        struct where places[WHERE_MAX];
        if (where_parse(bad[i], places, &error) != 0)
            g_error("%s was taken", bad[i]);
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
}

static void test_places_as_text(void)
{
    static const char *const texts[] = {"10.0.0.1:3260", "[::1]:3261"};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct where places[WHERE_MAX];
        g_assert_cmpuint(where_parse(texts[i], places, NULL), ==, 1);
        g_autofree char *text = where_text(&places[0]);
        g_assert_cmpstr(text, ==, texts[i]);
    }
}

static void test_text_of_peers_becomes_printable(void)
{
    static const char *const texts[][2] = {
        {"R\xc3\xa4um 1", "R\xc3\xa4um 1"},
        {"x\nTarget 9: y\r", "x?Target 9: y?"},
        {"\033]0;title\007", "?]0;title?"},
        {"a\xc2\x9b"
         "b\x7f",
         "a?b?"},
        {"\xff", "\xef\xbf\xbd"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = text_printable(texts[i][0]);
        g_assert_cmpstr(text, ==, texts[i][1]);
    }
    g_assert_null(text_printable(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/iscsi-names-become-lower-case", test_iscsi_names_become_lower_case);
    g_test_add_func("/names/names-of-tgt-stay-as-they-are", test_names_of_tgt_stay_as_they_are);
    g_test_add_func("/names/refusals-say-why", test_refusals_say_why);
    g_test_add_func("/names/longest-name", test_longest_name);
    g_test_add_func("/names/text-of-peers-becomes-printable", test_text_of_peers_becomes_printable);
    g_test_add_func("/places/places", test_places);
    g_test_add_func("/places/wildcards-are-two-places", test_wildcards_are_two_places);
    g_test_add_func("/places/no-places", test_no_places);
    g_test_add_func("/places/as-text", test_places_as_text);
    return g_test_run();
}
