/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Access lists: who gets in by address, by name, by both; what is no rule at all. */
#include <glib.h>

#include "acl.h"
#include "error.h"

#define ALICE "iqn.2026-01.org.example:alice"
#define BOB   "iqn.2026-01.org.example:bob"

static struct acl *with_addresses(const char *const *rules)
{
    struct acl *acl = acl_new();
    for (; *rules; rules++) {
        GError *error = NULL;
        acl_add_address(acl, *rules, &error);
        g_assert_no_error(error);
    }
    return acl;
}

static void check(const char *rule, const char *peer, bool expected)
{
    const char *const rules[] = {rule, NULL};
    struct acl *acl = with_addresses(rules);
    if (acl_allows(acl, peer, ALICE) != expected)
        g_error("rule %s, peer %s: not %d", rule, peer, expected);
    acl_free(acl);
}

static void test_empty_admits_nobody(void)
{
    struct acl *acl = acl_new();
    g_assert_false(acl_allows(acl, "127.0.0.1", ALICE));
    g_assert_false(acl_allows(acl, "127.0.0.1", NULL));
    acl_free(acl);
}

static void test_all_admits_everybody(void)
{
    check("ALL", "10.1.2.3", true);
    check("all", "fe80::1%eth0", true);
    check("ALL", "what is this?", true);
}

static void test_single_addresses(void)
{
    check("10.1.2.3", "10.1.2.3", true);
    check("10.1.2.3", "10.1.2.4", false);
    check("10.1.2.3/32", "10.1.2.3", true);
    check("10.1.2.3/32", "10.1.2.2", false);
    check("2001:db8::1", "2001:db8::1", true);
    check("2001:db8::1", "2001:DB8:0::1", true);
    check("2001:db8::1/128", "2001:db8::2", false);
    check("fe80::1", "fe80::1%eth0", true);
}

static void test_networks(void)
{
    check("10.1.0.0/16", "10.1.255.255", true);
    check("10.1.0.0/16", "10.2.0.0", false);
    check("10.1.2.128/25", "10.1.2.127", false);
    check("10.1.2.128/25", "10.1.2.255", true);
    check("0.0.0.0/0", "203.0.113.9", true);
    check("0.0.0.0/0", "2001:db8::1", false);
    check("2001:db8::/33", "2001:db8:7fff::1", true);
    check("2001:db8::/33", "2001:db8:8000::1", false);
    check("::/0", "2001:db8::1", true);
    check("::/0", "10.0.0.1", false);
}

static void test_mapped_ipv4_is_ipv4(void)
{
    check("10.1.0.0/16", "::ffff:10.1.2.3", true);
    check("10.1.0.0/16", "::ffff:10.2.2.3", false);
    check("::ffff:10.1.0.0/112", "10.1.2.3", true);
    check("::ffff:10.1.0.0/112", "10.2.2.3", false);
}

static void test_names_need_no_address_rule(void)
{
    struct acl *acl = acl_new();
    g_assert_true(acl_add_initiator(acl, ALICE, NULL));
    g_assert_true(acl_allows(acl, "10.0.0.1", ALICE));
    g_assert_false(acl_allows(acl, "10.0.0.1", BOB));
    g_assert_true(acl_allows(acl, "10.0.0.1", "IQN.2026-01.org.Example:Alice"));
    acl_free(acl);
}

static void test_rules_of_both_kinds_must_both_match(void)
{
    struct acl *acl = acl_new();
    g_assert_true(acl_add_initiator(acl, ALICE, NULL));
    g_assert_true(acl_add_address(acl, "10.0.0.0/8", NULL));
    g_assert_true(acl_allows(acl, "10.0.0.1", ALICE));
    g_assert_false(acl_allows(acl, "10.0.0.1", BOB));
    g_assert_false(acl_allows(acl, "192.0.2.1", ALICE));
    g_assert_false(acl_allows(acl, NULL, ALICE));
    acl_free(acl);
}

static void test_all_does_not_open_a_list_of_names(void)
{
    struct acl *acl = acl_new();
    g_assert_true(acl_add_initiator(acl, ALICE, NULL));
    g_assert_true(acl_add_address(acl, "ALL", NULL));
    g_assert_true(acl_allows(acl, "192.0.2.1", ALICE));
    g_assert_false(acl_allows(acl, "192.0.2.1", BOB));
    acl_free(acl);
}

static void test_match_any_is_content_with_one_kind(void)
{
    struct acl *acl = acl_new();
    g_assert_cmpstr(acl_match(acl), ==, "all");
    g_assert_true(acl_set_match(acl, "any", NULL));
    g_assert_cmpstr(acl_match(acl), ==, "any");
    g_assert_false(acl_allows(acl, "10.0.0.1", ALICE)); /* no rule still admits nobody */
    g_assert_true(acl_add_initiator(acl, ALICE, NULL));
    g_assert_false(acl_allows(acl, "10.0.0.1", BOB));
    g_assert_true(acl_add_address(acl, "10.0.0.0/8", NULL));
    g_assert_true(acl_allows(acl, "10.0.0.1", BOB));
    g_assert_true(acl_allows(acl, "192.0.2.1", ALICE));
    g_assert_false(acl_allows(acl, "192.0.2.1", BOB));
    g_assert_false(acl_allows(acl, NULL, BOB));
    g_assert_true(acl_set_match(acl, "all", NULL));
    g_assert_false(acl_allows(acl, "192.0.2.1", ALICE));
    acl_free(acl);
}

static void test_match_is_all_or_any(void)
{
    g_autoptr(GError) error = NULL;
    struct acl *acl = acl_new();
    g_assert_false(acl_set_match(acl, "Any", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    g_assert_cmpstr(acl_match(acl), ==, "all");
    acl_free(acl);
}

static void test_ports_of_peers_do_not_count(void)
{
    static const struct {
        const char *rule, *peer;
        bool allowed;
    } cases[] = {{"10.0.0.5", "10.0.0.5:51234", true}, {"10.0.0.5", "10.0.0.6:51234", false},
                 {"10.0.0.5", "10.0.0.5", true},       {"2001:db8::1", "[2001:db8::1]:1", true},
                 {"2001:db8::1", "[2001:db8::2]:1", false},
                 {"10.0.0.5", "[::ffff:10.0.0.5]:9", true}, {"10.0.0.5", NULL, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const rules[] = {cases[i].rule, NULL};
        struct acl *acl = with_addresses(rules);
        g_assert_cmpint(acl_allows_port(acl, cases[i].peer, ALICE), ==, cases[i].allowed);
        acl_free(acl);
    }
}

static void test_without_a_name_addresses_are_judged(void)
{
    struct acl *acl = acl_new();
    g_assert_true(acl_add_initiator(acl, ALICE, NULL));
    g_assert_true(acl_allows(acl, "192.0.2.1", NULL));
    g_assert_true(acl_add_address(acl, "10.0.0.1", NULL));
    g_assert_false(acl_allows(acl, "192.0.2.1", NULL));
    acl_free(acl);
}

static void test_bad_rules(void)
{
    static const char *const bad[] = {
        "",        "10.0.0",       "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/8/8",
        "::1/129", "host.example", "10.0.0.1 ",   "ALLL"};
    struct acl *acl = acl_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(acl_add_address(acl, bad[i], &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
    g_assert_null(acl_addresses(acl));
    acl_free(acl);
}

static void test_bad_names(void)
{
    g_autofree char *longest = g_strnfill(223, 'a'), *longer = g_strnfill(224, 'a');
    const char *const bad[] = {"", "iqn.2026-01.org.example:a b", "a\nb", "a\x80", longer};
    struct acl *acl = acl_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(acl_add_initiator(acl, bad[i], &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
    g_assert_true(acl_add_initiator(acl, longest, NULL));
    acl_free(acl);
}

static void test_double_rules(void)
{
    static const char *const same[][2] = {{"ALL", "all"},
                                          {"10.1.0.0/16", "10.1.2.3/16"},
                                          {"10.0.0.1", "10.0.0.1/32"},
                                          {"2001:db8::1", "2001:0db8::1"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(GError) error = NULL;
        const char *const rules[] = {same[i][0], NULL};
        struct acl *acl = with_addresses(rules);
        g_assert_false(acl_add_address(acl, same[i][1], &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_EXISTS);
        g_assert_true(acl_remove_address(acl, same[i][1], NULL));
        g_assert_null(acl_addresses(acl));
        acl_free(acl);
    }
}

static void test_all_is_not_the_widest_network(void)
{
    static const char *const rules[] = {"ALL", "0.0.0.0/0", "::/0", "10.0.0.0/8", NULL};
    struct acl *acl = with_addresses(rules);
    g_autoptr(GList) list = acl_addresses(acl);
    g_assert_cmpuint(g_list_length(list), ==, 4);
    acl_free(acl);
}

static void test_removing_what_is_not_there(void)
{
    g_autoptr(GError) error = NULL;
    struct acl *acl = acl_new();
    g_assert_false(acl_remove_address(acl, "10.0.0.1", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(acl_remove_initiator(acl, ALICE, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
    acl_free(acl);
}

static void test_lists_keep_their_order(void)
{
    static const char *const rules[] = {"10.0.0.2", "ALL", "10.0.0.1", NULL};
    struct acl *acl = with_addresses(rules);
    g_autoptr(GList) list = acl_addresses(acl);
    for (unsigned i = 0; rules[i]; i++)
        g_assert_cmpstr(g_list_nth_data(list, i), ==, rules[i]);
    acl_add_initiator(acl, BOB, NULL);
    acl_add_initiator(acl, ALICE, NULL);
    g_autoptr(GList) names = acl_initiators(acl);
    g_assert_cmpstr(g_list_nth_data(names, 0), ==, BOB);
    g_assert_cmpstr(g_list_nth_data(names, 1), ==, ALICE);
    acl_free(acl);
}

static void test_prefixes_within_a_byte_are_rules_of_their_own(void)
{
    static const char *const pairs[][2] = {{"192.168.1.0/25", "192.168.1.128/25"},
                                           {"10.0.0.0/9", "10.128.0.0/9"},
                                           {"10.0.0.0/12", "10.16.0.0/12"},
                                           {"2001:db8::/33", "2001:db8:8000::/33"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        const char *const rules[] = {pairs[i][0], pairs[i][1], NULL};
        struct acl *acl = with_addresses(rules);
        g_assert_true(acl_remove_address(acl, pairs[i][1], NULL));
        g_assert_false(acl_remove_address(acl, pairs[i][1], NULL));
        g_autoptr(GList) left = acl_addresses(acl);
        g_assert_cmpstr(left->data, ==, pairs[i][0]);
        acl_free(acl);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acl/empty-admits-nobody", test_empty_admits_nobody);
    g_test_add_func("/acl/all-admits-everybody", test_all_admits_everybody);
    g_test_add_func("/acl/single-addresses", test_single_addresses);
    g_test_add_func("/acl/networks", test_networks);
    g_test_add_func("/acl/mapped-ipv4-is-ipv4", test_mapped_ipv4_is_ipv4);
    g_test_add_func("/acl/names-need-no-address-rule", test_names_need_no_address_rule);
    g_test_add_func("/acl/rules-of-both-kinds-must-both-match",
                    test_rules_of_both_kinds_must_both_match);
    g_test_add_func("/acl/all-does-not-open-a-list-of-names",
                    test_all_does_not_open_a_list_of_names);
    g_test_add_func("/acl/match-any-is-content-with-one-kind",
                    test_match_any_is_content_with_one_kind);
    g_test_add_func("/acl/match-is-all-or-any", test_match_is_all_or_any);
    g_test_add_func("/acl/ports-of-peers-do-not-count", test_ports_of_peers_do_not_count);
    g_test_add_func("/acl/without-a-name-addresses-are-judged",
                    test_without_a_name_addresses_are_judged);
    g_test_add_func("/acl/bad-rules", test_bad_rules);
    g_test_add_func("/acl/bad-names", test_bad_names);
    g_test_add_func("/acl/double-rules", test_double_rules);
    g_test_add_func("/acl/prefixes-within-a-byte-are-rules-of-their-own",
                    test_prefixes_within_a_byte_are_rules_of_their_own);
    g_test_add_func("/acl/all-is-not-the-widest-network", test_all_is_not_the_widest_network);
    g_test_add_func("/acl/removing-what-is-not-there", test_removing_what_is_not_there);
    g_test_add_func("/acl/lists-keep-their-order", test_lists_keep_their_order);
    return g_test_run();
}
