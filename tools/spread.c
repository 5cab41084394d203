/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Histograms of the daemon's answers: sums, quantiles, and times for eyes. */
#include "figures.h"

#include "ctl.h"

/* A bucket is [bound, count]; the bound of the last is null. */
void spread_add(struct histogram_sum *sum, const json_t *histogram)
{
    size_t i;
    json_t *pair;
    sum->count += (guint64)ctl_int(histogram, "count");
    sum->sum += (guint64)ctl_int(histogram, "sum");
    json_array_foreach(json_object_get(histogram, "buckets"), i, pair) {
        const json_t *bound = json_array_get(pair, 0);
        unsigned bucket = json_is_null(bound)
                              ? HISTOGRAM_BUCKETS - 1
                              : histogram_bucket((guint64)json_integer_value(bound));
        sum->buckets[bucket] += (guint64)json_integer_value(json_array_get(pair, 1));
    }
}

/* Within a bucket, values are taken to lie evenly; in the last they are as large as where it
 * begins. */
static guint64 within(unsigned bucket, double part)
{
    guint64 low = bucket ? histogram_bound(bucket - 1) : 0,
            high = bucket < HISTOGRAM_BUCKETS - 1 ? histogram_bound(bucket) : low;
    return low + (guint64)(part * (double)(high - low));
}

guint64 spread_quantile(const struct histogram_sum *sum, unsigned permille)
{
    double wanted = (double)sum->count * permille / 1000, below = 0;
    if (sum->count == 0)
        return 0;
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++) {
        double here = (double)sum->buckets[b];
        if (here > 0 && below + here >= wanted)
            return within(b, (wanted - below) / here);
        below += here;
    }
    return histogram_bound(HISTOGRAM_BUCKETS - 2);
}

char *format_ns(guint64 ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = (double)ns;
    unsigned unit = 0;
    for (; value >= 999.5 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1000;
    int digits = unit > 0 && value < 9.95 ? 1 : 0;
    return g_strdup_printf("%.*f%s", digits, value, units[unit]);
}
