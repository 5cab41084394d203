/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps of LUNs: what an initiator sees by which number, and what may not be said. */
#include <string.h>

#include "error.h"
#include "lun-map.h"
#include "scene.h"

#define ALICE "iqn.2026-01.org.example:alice"
#define BOB   "iqn.2026-01.org.example:bob"

static struct lun_maps *maps;

static bool set(const char *initiator, uint16_t lun, uint16_t as, GError **error)
{
    return lun_maps_set(maps, initiator, &(struct lun_map_entry){as, lun, false}, error);
}

static void map(const char *initiator, uint16_t lun, uint16_t as)
{
    GError *error = NULL;
    set(initiator, lun, as, &error);
    g_assert_no_error(error);
}

/* -1: it sees nothing there. */
static int find(const char *initiator, uint16_t number)
{
    struct lun_map_entry entry;
    return lun_maps_find(maps, initiator, number, &entry) ? entry.lun : -1;
}

static void describe(const char *initiator, const struct lun_map_entry *entry, void *data)
{
    g_string_append_printf(data, "%s:%u:%u%s ", strrchr(initiator, ':') + 1, entry->as, entry->lun,
                           entry->read_only ? "ro" : "");
}

static void expect(const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    lun_maps_each(maps, describe, text);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_without_entries_all_is_seen(void)
{
    g_assert_cmpint(find(ALICE, 7), ==, 7);
    g_assert_true(lun_maps_sees(maps, ALICE, 7));
    g_assert_null(lun_maps_of(maps, ALICE));
}

static void test_or_nothing_if_that_is_the_default(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpstr(lun_maps_default(maps), ==, "all");
    g_assert_true(lun_maps_set_default(maps, "none", NULL));
    g_assert_cmpstr(lun_maps_default(maps), ==, "none");
    g_assert_cmpint(find(ALICE, 7), ==, -1);
    g_assert_false(lun_maps_sees(maps, ALICE, 7));
    g_assert_false(lun_maps_set_default(maps, "some", &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    g_assert_cmpstr(lun_maps_default(maps), ==, "none");
}

static void test_with_entries_only_they_are_seen(void)
{
    map(ALICE, 7, 0);
    map(ALICE, 3, 16383);
    g_assert_cmpint(find(ALICE, 0), ==, 7);
    g_assert_cmpint(find(ALICE, 16383), ==, 3);
    g_assert_cmpint(find(ALICE, 7), ==, -1);
    g_assert_cmpint(find(ALICE, 1), ==, -1);
    g_assert_true(lun_maps_sees(maps, ALICE, 3));
    g_assert_false(lun_maps_sees(maps, ALICE, 1));
    g_assert_cmpint(find(BOB, 7), ==, 7);
    g_assert_true(lun_maps_sees(maps, BOB, 1));
}

static void test_entries_are_sorted_by_number(void)
{
    map(BOB, 1, 9);
    map(ALICE, 1, 20);
    map(ALICE, 2, 10);
    map(ALICE, 3, 15);
    expect("alice:10:2 alice:15:3 alice:20:1 bob:9:1 ");
    g_assert_cmpuint(lun_maps_of(maps, ALICE)->len, ==, 3);
}

static void test_an_entry_can_be_changed(void)
{
    map(ALICE, 1, 5);
    map(ALICE, 2, 6);
    g_assert_true(lun_maps_set(maps, ALICE, &(struct lun_map_entry){8, 1, true}, NULL));
    expect("alice:6:2 alice:8:1ro ");
    g_assert_true(lun_maps_set(maps, ALICE, &(struct lun_map_entry){8, 1, false}, NULL));
    expect("alice:6:2 alice:8:1 ");
}

static void test_a_number_stands_for_one(void)
{
    g_autoptr(GError) error = NULL;
    map(ALICE, 1, 5);
    g_assert_false(set(ALICE, 2, 5, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_EXISTS);
    expect("alice:5:1 ");
    map(BOB, 2, 5);
}

static void test_removing_one(void)
{
    GError *error = NULL;
    map(ALICE, 1, 5);
    map(ALICE, 2, 6);
    g_assert_false(lun_maps_remove(maps, ALICE, 3, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "alice");
    g_assert_true(lun_maps_remove(maps, ALICE, 1, NULL));
    expect("alice:6:2 ");
}

static void test_the_last_one_does_not_open_all(void)
{
    GError *error = NULL;
    map(ALICE, 1, 5);
    g_assert_false(lun_maps_remove(maps, ALICE, 1, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_BUSY, "see all LUNs");
    g_assert_cmpint(find(ALICE, 1), ==, -1);
    g_assert_true(lun_maps_set_default(maps, "none", NULL));
    g_assert_true(lun_maps_remove(maps, ALICE, 1, NULL));
    expect("");
}

static void test_giving_up_a_map(void)
{
    GError *error = NULL;
    g_assert_false(lun_maps_remove(maps, ALICE, -1, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_NOT_FOUND, "no map");
    map(ALICE, 1, 5);
    map(ALICE, 2, 6);
    g_assert_true(lun_maps_remove(maps, ALICE, -1, NULL));
    g_assert_cmpint(find(ALICE, 9), ==, 9);
}

static void test_names_are_compared_as_iscsi_does(void)
{
    GError *error = NULL;
    map("IQN.2026-01.org.Example:Alice", 1, 5);
    g_assert_cmpint(find(ALICE, 5), ==, 1);
    g_assert_false(set("a b", 1, 1, &error));
    scene_expect(g_steal_pointer(&error), CORE_ERROR_INVALID, "0x20");
    g_assert_true(lun_maps_remove(maps, "iqn.2026-01.ORG.example:alice", -1, NULL));
}

/* Each on maps of its own. */
static void run(gconstpointer data)
{
    const struct scene_test *test = data;
    maps = lun_maps_new();
    test->fn();
    g_clear_pointer(&maps, lun_maps_free);
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"without-entries-all-is-seen", test_without_entries_all_is_seen},
        {"or-nothing-if-that-is-the-default", test_or_nothing_if_that_is_the_default},
        {"with-entries-only-they-are-seen", test_with_entries_only_they_are_seen},
        {"entries-are-sorted-by-number", test_entries_are_sorted_by_number},
        {"an-entry-can-be-changed", test_an_entry_can_be_changed},
        {"a-number-stands-for-one", test_a_number_stands_for_one},
        {"removing-one", test_removing_one},
        {"the-last-one-does-not-open-all", test_the_last_one_does_not_open_all},
        {"giving-up-a-map", test_giving_up_a_map},
        {"names-are-compared-as-iscsi-does", test_names_are_compared_as_iscsi_does},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/lun-map/%s", tests[i].name);
        g_test_add_data_func(path, &tests[i], run);
    }
    return g_test_run();
}
