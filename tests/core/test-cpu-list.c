/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of CPUs, and batteries as the kernel shows them. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cpu-list.h"
#include "error.h"

static void test_a_list_of_this_machine(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) cpus = cpu_list_parse("0,0-0", &error);
    g_assert_no_error(error);
    g_autofree char *text = cpu_list_text(cpus);
    g_assert_cmpstr(text, ==, "0");
}

static void test_ranges_as_text(void)
{
    static const unsigned numbers[] = {0, 1, 2, 3, 8, 5, 6};
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_vals(cpus, numbers, G_N_ELEMENTS(numbers));
    g_autofree char *text = cpu_list_text(cpus), *none = cpu_list_text(NULL);
    g_assert_cmpstr(text, ==, "0-3,8,5-6");
    g_assert_cmpstr(none, ==, "");
}

static void test_no_lists(void)
{
    static const char *const bad[] = {"",   ",",   "0,",      "x",   "1-",
                                      "-1", "2-1", "0-99999", "0x1", " 0"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(cpu_list_parse(bad[i], &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
}

static void test_a_cpu_that_is_not_there(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cpu_list_parse("1023", &error));
    g_assert_nonnull(strstr(error->message, "CPU 1023 is not there"));
}

static void supply(const char *folder, const char *name, const char *type, const char *scope)
{
    g_autofree char *dir = g_build_filename(folder, name, NULL);
    g_autofree char *type_file = g_build_filename(dir, "type", NULL);
    g_autofree char *scope_file = g_build_filename(dir, "scope", NULL);
    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(type_file, type, -1, NULL));
    if (scope)
        g_assert_true(g_file_set_contents(scope_file, scope, -1, NULL));
}

static void forget(const char *folder, const char *const *names)
{
    for (; *names; names++) {
        g_autofree char *dir = g_build_filename(folder, *names, NULL);
        g_autofree char *type = g_build_filename(dir, "type", NULL),
                        *scope = g_build_filename(dir, "scope", NULL);
        g_unlink(type);
        g_unlink(scope);
        g_rmdir(dir);
    }
    g_rmdir(folder);
}

static void test_batteries(void)
{
    g_autofree char *folder = g_dir_make_tmp("tgt-power-XXXXXX", NULL);
    supply(folder, "AC", "Mains\n", NULL);
    supply(folder, "mouse", "Battery\n", "Device\n");
    g_assert_false(cpu_on_battery(folder));
    supply(folder, "BAT0", "Battery\n", NULL);
    g_assert_true(cpu_on_battery(folder));
    g_assert_false(cpu_on_battery("/nonexistent"));
    forget(folder, (const char *const[]){"AC", "mouse", "BAT0", NULL});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu-list/a-list-of-this-machine", test_a_list_of_this_machine);
    g_test_add_func("/cpu-list/ranges-as-text", test_ranges_as_text);
    g_test_add_func("/cpu-list/no-lists", test_no_lists);
    g_test_add_func("/cpu-list/a-cpu-that-is-not-there", test_a_cpu_that_is_not_there);
    g_test_add_func("/cpu-list/batteries", test_batteries);
    return g_test_run();
}
