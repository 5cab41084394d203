/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Histograms with buckets as wide as their values are large: four to each power of two. */
#ifndef CORE_HISTOGRAM_H
#define CORE_HISTOGRAM_H

#include <stdint.h>

/* The first bucket ends at 256, the last but one at 2^33: nanoseconds up to 8.6 seconds, bytes from
 * half a block on. Buckets come in groups of one cache line; those that are empty are not there. */
#define HISTOGRAM_LOW     8u
#define HISTOGRAM_HIGH    33u
#define HISTOGRAM_GROUP   8u
#define HISTOGRAM_BUCKETS ((HISTOGRAM_HIGH - HISTOGRAM_LOW) * 4 + 2)
#define HISTOGRAM_GROUPS  ((HISTOGRAM_BUCKETS + HISTOGRAM_GROUP - 1) / HISTOGRAM_GROUP)

/* Zeroed at first. Written by one thread, read by others at any time. */
struct histogram {
    uint64_t sum; /* of the values */
    uint64_t *groups[HISTOGRAM_GROUPS];
};

/* Of several histograms. Zeroed at first. */
struct histogram_sum {
    uint64_t count, sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* The bucket of a value: the first whose bound is not below it. */
unsigned histogram_bucket(uint64_t value);
/* The largest value of a bucket; UINT64_MAX for the last. */
uint64_t histogram_bound(unsigned bucket);

/* Count `value` `times` times. Allocates one cache line when the first value falls into a group. On
 * the thread that owns it, as histogram_clear(). */
void histogram_add(struct histogram *h, uint64_t value, unsigned times);
void histogram_clear(struct histogram *h);
/* Nobody looks any more. */
void histogram_free(struct histogram *h);
/* Any thread; a value that is one command old does no harm. */
void histogram_collect(const struct histogram *h, struct histogram_sum *sum);

#endif
