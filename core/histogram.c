/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Histograms with buckets as wide as their values are large: four to each power of two. */
#include "histogram.h"

#include "cache-line.h"

unsigned histogram_bucket(uint64_t value)
{
    if (value <= 1u << HISTOGRAM_LOW)
        return 0;
    if (value > (uint64_t)1 << HISTOGRAM_HIGH)
        return HISTOGRAM_BUCKETS - 1;
    uint64_t below = value - 1;
    unsigned power = 63u - (unsigned)__builtin_clzll(below);
    return 1 + (power - HISTOGRAM_LOW) * 4 + (unsigned)(below >> (power - 2) & 3);
}

uint64_t histogram_bound(unsigned bucket)
{
    if (bucket == 0)
        return 1u << HISTOGRAM_LOW;
    if (bucket >= HISTOGRAM_BUCKETS - 1)
        return UINT64_MAX;
    unsigned power = HISTOGRAM_LOW + (bucket - 1) / 4, quarter = (bucket - 1) % 4;
    return (uint64_t)(5 + quarter) << (power - 2);
}

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint64_t *group_of(struct histogram *h, unsigned bucket)
{
    uint64_t **group = &h->groups[bucket / HISTOGRAM_GROUP];
    if (G_UNLIKELY(*group == NULL)) {
        uint64_t *fresh = cache_line_alloc0(HISTOGRAM_GROUP * sizeof(uint64_t));
        __atomic_store_n(group, fresh, __ATOMIC_RELEASE);
    }
    return *group;
}

void histogram_add(struct histogram *h, uint64_t value, unsigned times)
{
    unsigned bucket = histogram_bucket(value);
    add(&group_of(h, bucket)[bucket % HISTOGRAM_GROUP], times);
    add(&h->sum, value * times);
}

void histogram_clear(struct histogram *h)
{
    __atomic_store_n(&h->sum, 0, __ATOMIC_RELAXED);
    for (unsigned g = 0; g < HISTOGRAM_GROUPS; g++)
        for (unsigned i = 0; h->groups[g] != NULL && i < HISTOGRAM_GROUP; i++)
            __atomic_store_n(&h->groups[g][i], 0, __ATOMIC_RELAXED);
}

void histogram_free(struct histogram *h)
{
    for (unsigned g = 0; g < HISTOGRAM_GROUPS; g++)
        g_aligned_free(h->groups[g]);
}

void histogram_collect(const struct histogram *h, struct histogram_sum *sum)
{
    sum->sum += __atomic_load_n(&h->sum, __ATOMIC_RELAXED);
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++) {
        const uint64_t *group = __atomic_load_n(&h->groups[b / HISTOGRAM_GROUP], __ATOMIC_ACQUIRE);
        uint64_t n =
            group ? __atomic_load_n(&group[b % HISTOGRAM_GROUP], __ATOMIC_RELAXED) : 0;
        sum->buckets[b] += n;
        sum->count += n;
    }
}
