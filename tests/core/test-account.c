/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts: names, secrets, bindings of both directions, and that nothing opens what was closed. */
#include <string.h>

#include "account.h"
#include "error.h"
#include "scene.h"

#define SECRET "a secret of enough bytes"
#define OTHER  "another secret, as long"

static struct fake *f;

static void make(const char *name, const char *secret)
{
    g_autoptr(GError) error = NULL;
    account_create(name, secret, &error);
    g_assert_no_error(error);
}

static void bind_to(const struct tgt_target *target, const char *name, bool outgoing)
{
    g_autoptr(GError) error = NULL;
    account_bind(target, name, outgoing, &error);
    g_assert_no_error(error);
}

static void unbind_from(const struct tgt_target *target, const char *name, bool outgoing)
{
    g_autoptr(GError) error = NULL;
    account_unbind(target, name, outgoing, &error);
    g_assert_no_error(error);
}

/* "" if there is none. */
static const char *secret_of(const struct tgt_target *target, const char *user)
{
    static struct tgt_account account;
    memset(&account, 'x', sizeof(account));
    bool found = auth_find(target, user, &account);
    g_assert_true(found == (*account.secret != '\0'));
    if (user)
        g_assert_cmpstr(account.name, ==, found ? user : "");
    return account.secret;
}

/* ---- Names and secrets ---- */

static void test_names_are_unique(void)
{
    GError *error = NULL;
    make("joe", SECRET);
    g_assert_false(account_create("joe", OTHER, &error));
    scene_expect(error, CORE_ERROR_EXISTS, "'joe'");
    make("Joe", OTHER);
    g_assert_cmpuint(accounts_list()->len, ==, 2);
}

static void test_lengths(void)
{
    GError *error = NULL;
    g_autofree char *most = g_strnfill(TGT_ACCOUNT_MAX, 'x');
    g_autofree char *more = g_strnfill(TGT_ACCOUNT_MAX + 1, 'x');
    make(most, most);
    bind_to(NULL, most, false);
    g_assert_cmpstr(secret_of(NULL, most), ==, most);
    g_assert_false(account_create(more, SECRET, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "255 bytes");
    g_assert_false(account_create("joe", more, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "255 bytes");
    g_assert_false(account_create("", SECRET, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "1 to 255");
    g_assert_false(account_create("joe", "", &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "1 to 255");
    g_assert_false(account_create("a\nTarget 9: b", SECRET, &error));
    scene_expect(error, CORE_ERROR_INVALID, "control characters");
    g_assert_cmpuint(accounts_list()->len, ==, 1);
}

static void test_errors_do_not_tell_secrets(void)
{
    GError *error = NULL;
    make("joe", SECRET);
    make("ann", SECRET);
    bind_to(NULL, "joe", false);
    g_assert_false(account_bind(NULL, "ann", true, &error));
    g_assert_null(strstr(error->message, SECRET));
    scene_expect(error, CORE_ERROR_INVALID, "same secret");
}

static void test_unknown_accounts(void)
{
    GError *error = NULL;
    make("joseph", SECRET);
    g_assert_false(account_delete("josef", false, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "did you mean 'joseph'?");
    g_assert_false(account_set_secret("x", SECRET, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "'x'");
    g_assert_false(account_bind(NULL, "x", false, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "'x'");
    g_assert_false(account_unbind(NULL, "x", false, &error));
    scene_expect(error, CORE_ERROR_NOT_FOUND, "'x'");
}

static void test_a_new_secret_counts_at_once(void)
{
    make("joe", SECRET);
    bind_to(fake_target(f), "joe", false);
    g_assert_true(account_set_secret("joe", OTHER, NULL));
    g_assert_cmpstr(secret_of(fake_target(f), "joe"), ==, OTHER);
}

/* ---- Binding ---- */

static void test_places_are_apart(void)
{
    struct tgt_target *other = scene_target("other");
    make("joe", SECRET);
    bind_to(fake_target(f), "joe", false);
    g_assert_cmpstr(secret_of(fake_target(f), "joe"), ==, SECRET);
    g_assert_cmpstr(secret_of(other, "joe"), ==, "");
    g_assert_cmpstr(secret_of(NULL, "joe"), ==, "");
    g_assert_true(auth_required(fake_target(f)));
    g_assert_false(auth_required(other));
    g_assert_false(auth_required(NULL));
}

static void test_directions_are_apart(void)
{
    make("in", SECRET);
    make("out", OTHER);
    bind_to(fake_target(f), "in", false);
    bind_to(fake_target(f), "out", true);
    g_assert_cmpstr(secret_of(fake_target(f), "out"), ==, "");
    g_assert_cmpstr(secret_of(fake_target(f), NULL), ==, OTHER);
    unbind_from(fake_target(f), "out", true);
    g_assert_cmpstr(secret_of(fake_target(f), NULL), ==, "");
    g_assert_cmpstr(secret_of(fake_target(f), "in"), ==, SECRET);
}

static void test_an_outgoing_account_asks_nobody(void)
{
    make("out", OTHER);
    bind_to(fake_target(f), "out", true);
    g_assert_false(auth_required(fake_target(f)));
}

static void test_bound_once(void)
{
    GError *error = NULL;
    make("joe", SECRET);
    bind_to(fake_target(f), "joe", false);
    g_assert_false(account_bind(fake_target(f), "joe", false, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_EXISTS, "already bound");
    g_assert_false(account_unbind(NULL, "joe", false, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "discovery");
    g_assert_false(account_unbind(fake_target(f), "joe", true, &error));
    scene_expect(error, CORE_ERROR_NOT_FOUND, "outgoing");
}

static void test_one_outgoing_account(void)
{
    GError *error = NULL;
    make("one", SECRET);
    make("two", OTHER);
    bind_to(fake_target(f), "one", true);
    g_assert_false(account_bind(fake_target(f), "two", true, &error));
    scene_expect(error, CORE_ERROR_EXISTS, "already has an outgoing account, 'one'");
    bind_to(NULL, "two", true);
}

/* tgt leaves a hole, behind which nobody is found any more. */
static void test_unbinding_leaves_no_hole(void)
{
    make("a", SECRET);
    make("b", OTHER);
    make("c", "a third secret, long");
    bind_to(fake_target(f), "a", false);
    bind_to(fake_target(f), "b", false);
    bind_to(fake_target(f), "c", false);
    unbind_from(fake_target(f), "a", false);
    g_assert_cmpstr(secret_of(fake_target(f), "a"), ==, "");
    g_assert_cmpstr(secret_of(fake_target(f), "b"), ==, OTHER);
    g_assert_cmpstr(secret_of(fake_target(f), "c"), ==, "a third secret, long");
}

static void test_one_secret_serves_one_direction(void)
{
    GError *error = NULL;
    make("in", SECRET);
    make("out", SECRET);
    bind_to(fake_target(f), "in", false);
    g_assert_false(account_bind(fake_target(f), "out", true, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "same secret");
    g_assert_cmpstr(secret_of(fake_target(f), NULL), ==, "");
    g_assert_false(account_bind(fake_target(f), "in", true, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "same secret");
    g_assert_true(account_set_secret("out", OTHER, NULL));
    bind_to(fake_target(f), "out", true);
    g_assert_false(account_set_secret("out", SECRET, &error));
    scene_expect(error, CORE_ERROR_INVALID, "same secret");
    g_assert_cmpstr(secret_of(fake_target(f), NULL), ==, OTHER);
    bind_to(NULL, "in", true);
}

static void test_a_refused_incoming_account_changes_nothing(void)
{
    make("in", SECRET);
    make("out", SECRET);
    bind_to(fake_target(f), "out", true);
    g_assert_false(account_bind(fake_target(f), "in", false, NULL));
    g_assert_false(auth_required(fake_target(f)));
    g_assert_cmpstr(secret_of(fake_target(f), "in"), ==, "");
}

/* ---- Failing closed ---- */

static void test_the_last_unbind_does_not_open(void)
{
    make("joe", SECRET);
    bind_to(fake_target(f), "joe", false);
    unbind_from(fake_target(f), "joe", false);
    g_assert_true(auth_required(fake_target(f)));
    g_assert_true(target_set(fake_target(f), "auth", "none", NULL));
    g_assert_false(auth_required(fake_target(f)));
}

static void test_discovery_stays_closed(void)
{
    make("joe", SECRET);
    bind_to(NULL, "joe", false);
    unbind_from(NULL, "joe", false);
    g_assert_true(auth_required(NULL));
    g_assert_true(auth_set(NULL, "none", NULL));
    g_assert_false(auth_required(NULL));
}

static void test_auth_is_set(void)
{
    GError *error = NULL;
    g_assert_true(target_set(fake_target(f), "auth", "chap", NULL));
    g_assert_true(auth_required(fake_target(f)));
    g_assert_false(target_set(fake_target(f), "auth", "kerberos", &error));
    scene_expect(error, CORE_ERROR_INVALID, "'none' or 'chap'");
    g_assert_true(auth_required(fake_target(f)));
}

/* ---- Deletion ---- */

static void test_deletion_of_what_is_bound(void)
{
    GError *error = NULL;
    make("joe", SECRET);
    make("ann", OTHER);
    bind_to(fake_target(f), "joe", false);
    bind_to(fake_target(f), "ann", true);
    bind_to(NULL, "joe", true);
    g_assert_false(account_delete("joe", false, &error));
    scene_expect(error, CORE_ERROR_BUSY, "bound 2 times");
    g_assert_true(account_delete("joe", true, NULL));
    g_assert_cmpstr(secret_of(fake_target(f), "joe"), ==, "");
    g_assert_cmpstr(secret_of(NULL, NULL), ==, "");
    g_assert_cmpstr(secret_of(fake_target(f), NULL), ==, OTHER);
    g_assert_true(auth_required(fake_target(f)));
}

static void test_unbind_then_delete(void)
{
    make("joe", SECRET);
    bind_to(fake_target(f), "joe", false);
    unbind_from(fake_target(f), "joe", false);
    g_assert_true(account_delete("joe", false, NULL));
    g_assert_cmpuint(accounts_list()->len, ==, 0);
}

/* A login may still know the target, while its accounts go, too. */
static void test_a_target_that_went_knows_no_account(void)
{
    struct tgt_target *target = target_ref(scene_target("gone"));
    make("joe", SECRET);
    bind_to(target, "joe", false);
    g_assert_true(scene_target_delete(target, false, NULL));
    g_assert_true(account_delete("joe", false, NULL));
    g_assert_cmpstr(secret_of(target, "joe"), ==, "");
    g_assert_true(auth_required(target));
    target_unref(target);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"names-are-unique", test_names_are_unique},
        {"lengths", test_lengths},
        {"errors-do-not-tell-secrets", test_errors_do_not_tell_secrets},
        {"unknown-accounts", test_unknown_accounts},
        {"a-new-secret-counts-at-once", test_a_new_secret_counts_at_once},
        {"places-are-apart", test_places_are_apart},
        {"directions-are-apart", test_directions_are_apart},
        {"an-outgoing-account-asks-nobody", test_an_outgoing_account_asks_nobody},
        {"bound-once", test_bound_once},
        {"one-outgoing-account", test_one_outgoing_account},
        {"unbinding-leaves-no-hole", test_unbinding_leaves_no_hole},
        {"one-secret-serves-one-direction", test_one_secret_serves_one_direction},
        {"a-refused-incoming-account-changes-nothing",
         test_a_refused_incoming_account_changes_nothing},
        {"the-last-unbind-does-not-open", test_the_last_unbind_does_not_open},
        {"discovery-stays-closed", test_discovery_stays_closed},
        {"auth-is-set", test_auth_is_set},
        {"deletion-of-what-is-bound", test_deletion_of_what_is_bound},
        {"unbind-then-delete", test_unbind_then_delete},
        {"a-target-that-went-knows-no-account", test_a_target_that_went_knows_no_account},
    };
    return scene_main(argc, argv, "account", &f, tests, G_N_ELEMENTS(tests));
}
