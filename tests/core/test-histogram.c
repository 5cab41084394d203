/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Histograms: bounds of buckets, sums, and what is forgotten. */
#include <glib.h>

#include "histogram.h"

static void bounds_rise_by_a_quarter_at_most(void)
{
    for (unsigned b = 1; b < HISTOGRAM_BUCKETS - 1; b++) {
        uint64_t below = histogram_bound(b - 1), bound = histogram_bound(b);
        g_assert_cmpuint(bound, >, below);
        g_assert_cmpuint((bound - below) * 4, <=, below);
    }
    g_assert_cmpuint(histogram_bound(0), ==, 256);
    g_assert_cmpuint(histogram_bound(HISTOGRAM_BUCKETS - 2), ==, (uint64_t)1 << 33);
    g_assert_cmpuint(histogram_bound(HISTOGRAM_BUCKETS - 1), ==, UINT64_MAX);
}

static void a_value_is_in_its_bucket(void)
{
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++) {
        g_assert_cmpuint(histogram_bucket(histogram_bound(b)), ==, b);
        if (b > 0)
            g_assert_cmpuint(histogram_bucket(histogram_bound(b - 1) + 1), ==, b);
    }
    g_assert_cmpuint(histogram_bucket(0), ==, 0);
}

/* What monitoring asks for: powers of two are bounds. */
static void powers_of_two_are_bounds(void)
{
    for (unsigned power = HISTOGRAM_LOW; power <= HISTOGRAM_HIGH; power++) {
        uint64_t value = (uint64_t)1 << power;
        g_assert_cmpuint(histogram_bound(histogram_bucket(value)), ==, value);
    }
}

static void values_are_summed_up(void)
{
    struct histogram h = {0}, other = {0};
    struct histogram_sum sum = {0};
    histogram_add(&h, 1000, 1);
    histogram_add(&h, 1000, 8);
    histogram_add(&other, 1000, 1);
    histogram_add(&other, UINT64_MAX >> 8, 1);
    histogram_collect(&h, &sum);
    histogram_collect(&other, &sum);
    g_assert_cmpuint(sum.count, ==, 11);
    g_assert_cmpuint(sum.sum, ==, 10 * 1000 + (UINT64_MAX >> 8));
    g_assert_cmpuint(sum.buckets[histogram_bucket(1000)], ==, 10);
    g_assert_cmpuint(sum.buckets[HISTOGRAM_BUCKETS - 1], ==, 1);
    histogram_free(&h);
    histogram_free(&other);
}

static void empty_groups_take_no_memory(void)
{
    struct histogram h = {0};
    unsigned groups = 0;
    histogram_add(&h, 1000, 1);
    histogram_add(&h, 1001, 1);
    for (unsigned g = 0; g < HISTOGRAM_GROUPS; g++)
        groups += h.groups[g] != NULL;
    g_assert_cmpuint(groups, ==, 1);
    histogram_free(&h);
}

static void cleared_it_is_empty(void)
{
    struct histogram h = {0};
    struct histogram_sum sum = {0};
    histogram_add(&h, 5, 3);
    histogram_add(&h, 5000000, 3);
    histogram_clear(&h);
    histogram_collect(&h, &sum);
    g_assert_cmpuint(sum.count, ==, 0);
    g_assert_cmpuint(sum.sum, ==, 0);
    histogram_free(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/histogram/bounds rise by a quarter at most",
                    bounds_rise_by_a_quarter_at_most);
    g_test_add_func("/histogram/a value is in its bucket", a_value_is_in_its_bucket);
    g_test_add_func("/histogram/powers of two are bounds", powers_of_two_are_bounds);
    g_test_add_func("/histogram/values are summed up", values_are_summed_up);
    g_test_add_func("/histogram/empty groups take no memory", empty_groups_take_no_memory);
    g_test_add_func("/histogram/cleared it is empty", cleared_it_is_empty);
    return g_test_run();
}
