/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portals and the transports behind them: opening, closing, wildcards; parameters that a transport
 * declares for targets. */
#include <string.h>

#include "daemon.h"
#include "error.h"
#include "plugin.h"
#include "portal.h"
#include "scene.h"

static struct fake *f;

static struct portal *add(const char *where)
{
    g_autoptr(GError) error = NULL;
    struct portal *portal = portal_add("listen", where, NULL, &error);
    g_assert_no_error(error);
    return portal;
}

static void expect_refusal(const char *transport, const char *where, int code, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(portal_add(transport, where, NULL, &error));
    g_assert_error(error, CORE_ERROR, code);
    if (strstr(error->message, text) == NULL)
        g_error("'%s' does not say '%s'", error->message, text);
}

static const struct portal *at(guint i)
{
    g_assert_cmpuint(i, <, portals_list()->len);
    return g_ptr_array_index(portals_list(), i);
}

static const struct tgt_plugin *transport(void)
{
    return plugins_find(daemon_get()->plugins, TGT_PLUGIN_TRANSPORT, "listen")->desc;
}

/* ---- Portals ---- */

static void test_a_portal(void)
{
    struct portal *portal = add("127.0.0.1:3261");
    g_assert_cmpuint(portals_list()->len, ==, 1);
    g_assert_cmpstr(portal->asked, ==, "127.0.0.1:3261");
    g_assert_cmpstr(portal->info.address, ==, "127.0.0.1");
    g_assert_cmpuint(portal->info.port, ==, 3261);
    g_assert_cmpuint(portal->tpgt, ==, 1);
    g_assert_true(portal_delete("listen", "127.0.0.1:3261", NULL));
    g_assert_cmpuint(portals_list()->len, ==, 0);
}

static void test_groups_and_announced_addresses(void)
{
    char *const options[] = {(char *)"tpgt=3", NULL};
    struct portal *a = portal_add("listen", "127.0.0.1:3261", options, NULL);
    struct portal *b =
        portal_add("listen", "127.0.0.1:3262,tpgt=9,announce=san.example.org", options, NULL);
    struct portal *c = portal_add("listen", "127.0.0.1:0,announce=[2001:db8::1]", NULL, NULL);
    g_assert_cmpuint(a->tpgt, ==, 3);
    g_assert_cmpstr(a->info.announce, ==, "");
    g_assert_cmpuint(b->tpgt, ==, 9);
    g_assert_cmpstr(b->info.announce, ==, "san.example.org:3262");
    g_assert_cmpuint(c->tpgt, ==, 1);
    g_assert_cmpstr(c->info.announce, ==, "[2001:db8::1]:50001");
    expect_refusal("listen", "127.0.0.1:3263,tpgt=x", CORE_ERROR_INVALID, "tpgt=x");
    expect_refusal("listen", "127.0.0.1:3263,nonsense=1", CORE_ERROR_INVALID, "nonsense");
    g_assert_cmpuint(portals_list()->len, ==, 3);
    g_assert_true(portal_delete("listen", "127.0.0.1:3261", NULL));
    g_assert_true(portal_delete("listen", "127.0.0.1:3262", NULL));
    g_assert_true(portal_delete("listen", "127.0.0.1:50001", NULL));
}

static void test_the_kernel_chooses_a_port(void)
{
    g_assert_cmpuint(add("127.0.0.1:0")->info.port, ==, 50001);
    g_assert_true(portal_delete("listen", "127.0.0.1:50001", NULL));
}

static void test_deleting_by_what_was_asked(void)
{
    add("127.0.0.1:0");
    g_assert_true(portal_delete("listen", "127.0.0.1:0", NULL));
}

static void test_a_wildcard_is_both_families_on_one_port(void)
{
    add("*:0");
    g_assert_cmpuint(portals_list()->len, ==, 2);
    g_assert_cmpstr(at(0)->info.address, ==, "0.0.0.0");
    g_assert_cmpstr(at(1)->info.address, ==, "::");
    g_assert_cmpuint(at(0)->info.port, ==, 50001);
    g_assert_cmpuint(at(1)->info.port, ==, 50001);
    g_assert_true(portal_delete("listen", "*:50001", NULL));
    g_assert_cmpuint(portals_list()->len, ==, 0);
}

static void test_a_wildcard_without_ipv6(void)
{
    char *options[] = {(char *)"ipv6=off", NULL};
    g_assert_nonnull(portal_add("listen", ":3261", options, NULL));
    g_assert_cmpuint(portals_list()->len, ==, 1);
}

static void test_the_same_place_twice(void)
{
    add("[::1]:3261");
    expect_refusal("listen", "[::1]:3261", CORE_ERROR_EXISTS, "[::1]:3261");
}

static void test_what_cannot_be_opened(void)
{
    expect_refusal("listen", "192.0.2.1", CORE_ERROR_FAILED,
                   "portal 192.0.2.1:3260: 192.0.2.1 is not an address");
    expect_refusal("listen", "nowhere:1", CORE_ERROR_INVALID, "nowhere");
    expect_refusal("lissen", "127.0.0.1", CORE_ERROR_NOT_FOUND, "lissen");
    g_assert_cmpuint(portals_list()->len, ==, 0);
}

static void test_bad_options(void)
{
    g_autoptr(GError) error = NULL;
    char *options[] = {(char *)"ipv5=off", NULL};
    g_assert_null(portal_add("listen", "127.0.0.1", options, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
}

static void test_nothing_to_delete(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(portal_delete("listen", "127.0.0.1:1", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND);
}

static void count_portal(const struct tgt_portal_info *info, uint16_t tpgt, void *data)
{
    ++*(unsigned *)data;
}

static void test_a_transport_sees_its_portals(void)
{
    unsigned count = 0;
    add("127.0.0.1:1");
    add("127.0.0.1:2");
    portal_each(transport(), count_portal, &count);
    g_assert_cmpuint(count, ==, 2);
}

/* ---- Threads ---- */

struct look {
    struct tgt_thread *thread;
    void *data;
};

static void look(void *data)
{
    struct look *l = data;
    l->data = thread_data(l->thread, transport());
}

static void *data_of(unsigned thread)
{
    struct look l = {.thread = fake_thread(f, thread)};
    fake_call(l.thread, look, &l);
    return l.data;
}

static void test_every_thread_is_attached_once(void)
{
    add("127.0.0.1:1");
    void *first = data_of(0), *second = data_of(1);
    g_assert_nonnull(first);
    g_assert_nonnull(second);
    g_assert_true(first != second);
    add("127.0.0.1:2");
    g_assert_true(data_of(0) == first);
    g_assert_true(portal_delete("listen", "127.0.0.1:1", NULL));
    g_assert_true(portal_delete("listen", "127.0.0.1:2", NULL));
    g_assert_true(data_of(0) == first); /* sessions may live on */
}

static void test_a_thread_that_cannot_attach(void)
{
    g_setenv("TGT_TEST_REFUSE_THREADS", "1", TRUE);
    expect_refusal("listen", "127.0.0.1:1", CORE_ERROR_FAILED, "I/O threads");
    g_unsetenv("TGT_TEST_REFUSE_THREADS");
    add("127.0.0.1:1");
    g_assert_nonnull(data_of(1));
}

static void expect_to_stay(void)
{
    g_autoptr(GError) error = NULL;
    struct plugin *plugin = plugins_find(daemon_get()->plugins, TGT_PLUGIN_TRANSPORT, "listen");
    g_assert_false(plugin_unload(plugin, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==,
                    "the transport listen has been used: it stays loaded until tgtd ends");
}

/* The threads stay attached: there is nothing that could be deleted first. */
static void test_a_transport_that_was_used_stays(void)
{
    add("127.0.0.1:1");
    expect_to_stay();
    g_assert_true(portal_delete("listen", "127.0.0.1:1", NULL));
    expect_to_stay();
}

/* ---- Parameters of targets ---- */

static void expect_text(const char *name, const char *expected)
{
    char text[16];
    size_t len = target_param_str(fake_target(f), transport(), name, text, sizeof text);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(len, ==, strlen(expected));
}

static void test_defaults(void)
{
    add("127.0.0.1:1");
    g_assert_cmpuint(target_param_uint(fake_target(f), transport(), "Depth"), ==, 32);
    g_assert_cmpuint(target_param_uint(fake_target(f), transport(), "Shout"), ==, 0);
    expect_text("Digest", "None");
}

static void test_setting(void)
{
    add("127.0.0.1:1");
    g_assert_true(target_set(fake_target(f), "Depth", "7", NULL));
    g_assert_true(target_set(fake_target(f), "Shout", "on", NULL));
    g_assert_true(target_set(fake_target(f), "Digest", "CRC32C", NULL));
    g_assert_cmpuint(target_param_uint(fake_target(f), transport(), "Depth"), ==, 7);
    g_assert_cmpuint(target_param_uint(fake_target(f), transport(), "Shout"), ==, 1);
    expect_text("Digest", "CRC32C");
    struct tgt_target *other = scene_target("other");
    g_assert_cmpuint(target_param_uint(other, transport(), "Depth"), ==, 32);
}

static void test_bad_values(void)
{
    static const char *const bad[][2] = {
        {"Depth", "0"}, {"Depth", "101"}, {"Depth", "x"}, {"Digest", "MD5"}, {"Depht", "7"}};
    add("127.0.0.1:1");
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(target_set(fake_target(f), bad[i][0], bad[i][1], &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
    g_assert_cmpuint(target_param_uint(fake_target(f), transport(), "Depth"), ==, 32);
}

static void test_a_text_is_cut_to_its_room(void)
{
    char text[3];
    add("127.0.0.1:1");
    g_assert_cmpuint(target_param_str(fake_target(f), transport(), "Digest", text, sizeof text), ==,
                     4);
    g_assert_cmpstr(text, ==, "No");
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"a-portal", test_a_portal},
        {"groups-and-announced-addresses", test_groups_and_announced_addresses},
        {"the-kernel-chooses-a-port", test_the_kernel_chooses_a_port},
        {"deleting-by-what-was-asked", test_deleting_by_what_was_asked},
        {"a-wildcard-is-both-families-on-one-port", test_a_wildcard_is_both_families_on_one_port},
        {"a-wildcard-without-ipv6", test_a_wildcard_without_ipv6},
        {"the-same-place-twice", test_the_same_place_twice},
        {"what-cannot-be-opened", test_what_cannot_be_opened},
        {"bad-options", test_bad_options},
        {"nothing-to-delete", test_nothing_to_delete},
        {"a-transport-sees-its-portals", test_a_transport_sees_its_portals},
        {"every-thread-is-attached-once", test_every_thread_is_attached_once},
        {"a-thread-that-cannot-attach", test_a_thread_that_cannot_attach},
        {"a-transport-that-was-used-stays", test_a_transport_that_was_used_stays},
        {"target-defaults", test_defaults},
        {"target-setting", test_setting},
        {"target-bad-values", test_bad_values},
        {"a-text-is-cut-to-its-room", test_a_text_is_cut_to_its_room},
    };
    return scene_main(argc, argv, "portal", &f, tests, G_N_ELEMENTS(tests));
}
