/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets: names and numbers, who finds which, what can be set, and deletion with and without
 * sessions. */
#include <string.h>

#include "acl.h"
#include "error.h"
#include "scene.h"

#define NAME "iqn.2026-01.org.example:disk"

static struct fake *f;

static void expect(GError *error, int code)
{
    g_assert_error(error, CORE_ERROR, code);
    g_error_free(error);
}

/* ---- Creation ---- */

static void test_numbers_are_the_lowest_free(void)
{
    g_assert_cmpuint(scene_target("a")->tid, ==, 2);
    g_assert_nonnull(target_create("b", 7, NULL));
    g_assert_cmpuint(scene_target("c")->tid, ==, 3);
    g_assert_true(scene_target_delete(target_by_tid(2), false, NULL));
    g_assert_cmpuint(scene_target("d")->tid, ==, 2);
}

static void test_names_and_numbers_are_unique(void)
{
    GError *error = NULL;
    scene_target(NAME);
    g_assert_null(target_create("iqn.2026-01.org.Example:DISK", 0, &error));
    expect(g_steal_pointer(&error), CORE_ERROR_EXISTS);
    g_assert_null(target_create("other", 2, &error));
    expect(error, CORE_ERROR_EXISTS);
}

static void test_largest_number(void)
{
    GError *error = NULL;
    g_assert_nonnull(target_create("a", G_MAXINT32, NULL));
    g_assert_null(target_create("b", (uint32_t)G_MAXINT32 + 1, &error));
    expect(error, CORE_ERROR_INVALID);
}

static void test_the_list_is_sorted_by_number(void)
{
    g_assert_nonnull(target_create("z", 3, NULL));
    g_assert_nonnull(target_create("y", 2, NULL));
    g_autoptr(GList) list = targets_list();
    unsigned tid = 1;
    for (GList *l = list; l; l = l->next)
        g_assert_cmpuint(((struct tgt_target *)l->data)->tid, ==, tid++);
    g_assert_cmpuint(tid, ==, 4);
}

static void test_lookup(void)
{
    GError *error = NULL;
    struct tgt_target *target = scene_target(NAME);
    g_assert_true(target_lookup(NAME, NULL) == target);
    g_assert_true(target_lookup("IQN.2026-01.org.example:Disk", NULL) == target);
    g_assert_true(target_lookup("@2", NULL) == target);
    g_assert_null(target_lookup("@3", &error));
    expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND);
    g_assert_null(target_lookup("@", &error));
    expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND);
    g_assert_null(target_lookup("iqn.2026-01.org.example:dissk", &error));
    g_assert_nonnull(strstr(error->message, "did you mean '" NAME "'?"));
    expect(error, CORE_ERROR_NOT_FOUND);
}

/* ---- Who finds what ---- */

static enum tgt_find find(const char *name, const char *peer, const char *initiator)
{
    const struct tgt_access access = {.initiator = initiator, .peer = peer};
    struct tgt_target *target = NULL;
    enum tgt_find result = target_find(name, &access, &target);
    g_assert_true((target != NULL) == (result == TGT_FIND_OK));
    target_unref(target);
    return result;
}

static void test_a_new_target_admits_nobody(void)
{
    scene_target(NAME);
    g_assert_cmpint(find(NAME, "127.0.0.1", "iqn.2026-01.org.example:i"), ==, TGT_FIND_FORBIDDEN);
    g_assert_cmpint(find("iqn.2026-01.org.example:none", "127.0.0.1", NULL), ==, TGT_FIND_NONE);
    g_assert_cmpint(find("not a name", "127.0.0.1", NULL), ==, TGT_FIND_NONE);
}

static void test_access_and_state_are_judged(void)
{
    struct tgt_target *target = scene_target(NAME);
    g_assert_true(acl_add_address(target->acl, "10.0.0.0/8", NULL));
    g_assert_cmpint(find(NAME, "10.0.0.1", NULL), ==, TGT_FIND_OK);
    g_assert_cmpint(find(NAME, "192.0.2.1", NULL), ==, TGT_FIND_FORBIDDEN);
    g_assert_true(target_set(target, "online", "no", NULL));
    g_assert_cmpint(find(NAME, "10.0.0.1", NULL), ==, TGT_FIND_OFFLINE);
    g_assert_cmpint(find(NAME, "192.0.2.1", NULL), ==, TGT_FIND_FORBIDDEN);
    g_assert_true(target_set(target, "online", "yes", NULL));
    g_assert_cmpint(find(NAME, "10.0.0.1", NULL), ==, TGT_FIND_OK);
}

static void collect(const char *name, void *data)
{
    g_string_append_printf(data, "%s ", name);
}

static void test_discovery_shows_what_may_be_used(void)
{
    const struct tgt_access access = {.peer = "10.0.0.1"};
    GString *names = g_string_new(NULL);
    g_assert_true(acl_add_address(scene_target("c")->acl, "10.0.0.1", NULL));
    g_assert_true(acl_add_address(scene_target("b")->acl, "10.0.0.2", NULL));
    g_assert_true(acl_add_address(scene_target("a")->acl, "10.0.0.1", NULL));
    target_each(&access, collect, names);
    g_assert_cmpstr(names->str, ==, "a c iqn.2026-11.org.example:fake ");
    g_assert_true(target_set(target_lookup("b", NULL), "match", "any", NULL));
    g_assert_true(acl_add_initiator(target_lookup("b", NULL)->acl, "alice", NULL));
    g_assert_true(acl_add_initiator(target_lookup("c", NULL)->acl, "bob", NULL));
    g_string_truncate(names, 0);
    target_each(&(struct tgt_access){"alice", "10.0.0.1"}, collect, names);
    g_assert_cmpstr(names->str, ==, "a b iqn.2026-11.org.example:fake ");
    g_string_free(names, TRUE);
}

/* ---- Setting ---- */

static void test_alias(void)
{
    GError *error = NULL;
    struct tgt_target *target = scene_target(NAME);
    g_autofree char *long_alias = g_strnfill(256, 'x');
    g_assert_true(target_set(target, "alias", "R\xc3\xa4um", NULL));
    g_assert_cmpstr(target->alias, ==, "R\xc3\xa4um");
    g_assert_false(target_set(target, "alias", "\xff", &error));
    expect(g_steal_pointer(&error), CORE_ERROR_INVALID);
    g_assert_false(target_set(target, "alias", "a\nTarget 9: b", NULL));
    g_assert_false(target_set(target, "alias", long_alias, &error));
    expect(error, CORE_ERROR_INVALID);
    g_assert_true(target_set(target, "alias", "", NULL));
    g_assert_null(target->alias);
}

static void test_bad_settings(void)
{
    GError *error = NULL;
    struct tgt_target *target = scene_target(NAME);
    g_assert_false(target_set(target, "online", "perhaps", &error));
    expect(g_steal_pointer(&error), CORE_ERROR_INVALID);
    g_assert_false(target_set(target, "onlin", "yes", &error));
    g_assert_nonnull(strstr(error->message, "did you mean 'online'?"));
    expect(error, CORE_ERROR_INVALID);
}

/* ---- Deletion ---- */

static void test_deletion_takes_the_luns_along(void)
{
    struct tgt_target *target = scene_target(NAME);
    scene_lu(target, 0);
    scene_lu(target, 5);
    g_assert_true(scene_target_delete(target, false, NULL));
    g_assert_null(target_by_tid(2));
    g_assert_null(target_lookup(NAME, NULL));
}

static void test_deletion_waits_for_sessions_to_go(void)
{
    GError *error = NULL;
    struct fake_nexus *n = fake_nexus_open(f, 0, "iqn.2026-01.org.example:i");
    g_assert_false(scene_target_delete(fake_target(f), false, &error));
    expect(error, CORE_ERROR_BUSY);
    g_assert_nonnull(target_by_tid(1));
    fake_nexus_close(n);
    g_assert_true(scene_target_delete(fake_target(f), false, NULL));
    g_assert_null(target_by_tid(1));
}

static void test_forced_deletion_closes_sessions(void)
{
    enum tgt_close_reason reason;
    struct fake_nexus *a = fake_nexus_open(f, 0, "iqn.2026-01.org.example:a");
    struct fake_nexus *b = fake_nexus_open(f, 1, "iqn.2026-01.org.example:b");
    scene_lu(fake_target(f), 1);
    fake_clear_attention(a, 1);
    fake_clear_attention(b, 1);
    g_assert_true(scene_target_delete(fake_target(f), true, NULL));
    g_assert_null(target_by_tid(1));
    g_assert_cmpuint(fake_nexus_close_asked(a, &reason), ==, 1);
    g_assert_cmpint(reason, ==, TGT_CLOSE_TARGET);
    fake_nexus_wait(a);
    fake_nexus_wait(b);
}

static void count_down(GError *error, void *data)
{
    g_clear_error(&error);
    --*(unsigned *)data;
}

static void refused(GError *error, void *data)
{
    expect(error, CORE_ERROR_BUSY);
    *(bool *)data = true;
}

static void test_deletion_happens_once(void)
{
    unsigned left = 1;
    bool second = false;
    struct tgt_target *target = scene_target(NAME);
    scene_lu(target, 1);
    target_delete(target, false, count_down, &left);
    target_delete(target, true, refused, &second);
    fake_until(&second);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(target_by_tid(2));
}

static void failed(struct core_lu *lu, GError *error, void *data)
{
    g_assert_null(lu);
    expect(error, CORE_ERROR_BUSY);
    *(bool *)data = true;
}

/* The store opens in a worker meanwhile. */
static void test_no_lun_comes_up_in_a_target_that_goes(void)
{
    bool over = false;
    struct tgt_target *target = scene_target(NAME);
    struct lu_request request = scene_request(target, 1);
    lu_create(&request, failed, &over);
    g_assert_true(scene_target_delete(target, false, NULL));
    fake_until(&over);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"numbers-are-the-lowest-free", test_numbers_are_the_lowest_free},
        {"names-and-numbers-are-unique", test_names_and_numbers_are_unique},
        {"largest-number", test_largest_number},
        {"the-list-is-sorted-by-number", test_the_list_is_sorted_by_number},
        {"lookup", test_lookup},
        {"a-new-target-admits-nobody", test_a_new_target_admits_nobody},
        {"access-and-state-are-judged", test_access_and_state_are_judged},
        {"discovery-shows-what-may-be-used", test_discovery_shows_what_may_be_used},
        {"alias", test_alias},
        {"bad-settings", test_bad_settings},
        {"deletion-takes-the-luns-along", test_deletion_takes_the_luns_along},
        {"deletion-waits-for-sessions-to-go", test_deletion_waits_for_sessions_to_go},
        {"forced-deletion-closes-sessions", test_forced_deletion_closes_sessions},
        {"deletion-happens-once", test_deletion_happens_once},
        {"no-lun-comes-up-in-a-target-that-goes", test_no_lun_comes_up_in_a_target_that_goes},
    };
    return scene_main(argc, argv, "target", &f, tests, G_N_ELEMENTS(tests));
}
