/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was measured, and its report as JSON. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

uint64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void load_stats_start(struct load_stats *stats, const struct load_options *options)
{
    stats->target_begin = usage_of(options->target_pid);
    stats->own_begin = usage_of(getpid());
    stats->begin = load_now();
    stats->running = true;
}

void load_stats_stop(struct load_stats *stats, const struct load_options *options)
{
    stats->running = false;
    stats->end = load_now();
    stats->own_end = usage_of(getpid());
    stats->target_end = usage_of(options->target_pid);
}

static unsigned bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_STEPS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - 5;
    return (shift + 1) * HISTOGRAM_STEPS + (unsigned)(value >> shift) - HISTOGRAM_STEPS;
}

static uint64_t bucket_value(unsigned bucket)
{
    if (bucket < HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    return (uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
}

void load_stats_add(struct load_stats *stats, uint64_t latency)
{
    if (!stats->running)
        return;
    stats->ops++;
    stats->latency_sum += latency;
    stats->histogram[bucket_of(latency)]++;
}

static double percentile_us(const struct load_stats *stats, double percent)
{
    uint64_t wanted = (uint64_t)((double)stats->ops * percent / 100), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += stats->histogram[i];
        if (seen > wanted)
            return (double)bucket_value(i) / 1000;
    }
    return 0;
}

static void report_usage(const char *prefix, const struct usage *begin, const struct usage *end,
                         double ops)
{
    printf(", \"%scpu_us_per_op\": %.3f", prefix, (double)(end->cpu - begin->cpu) / ops / 1000);
    printf(", \"%svoluntary_per_op\": %.4f", prefix,
           (double)(end->voluntary - begin->voluntary) / ops);
    printf(", \"%sinvoluntary_per_op\": %.4f", prefix,
           (double)(end->involuntary - begin->involuntary) / ops);
}

static void report_session(const struct load_session *session)
{
    printf(", \"session\": {\"InitialR2T\": %s, \"ImmediateData\": %s, \"digests\": %s, "
           "\"MaxRecvDataSegmentLength\": %u, \"FirstBurstLength\": %u, \"MaxBurstLength\": %u}",
           session->initial_r2t ? "true" : "false", session->immediate_data ? "true" : "false",
           session->header_digest && session->data_digest ? "true" : "false", session->send_segment,
           session->first_burst, session->max_burst);
}

void load_report(const struct load_stats *stats, const struct load_options *options,
                 const struct load_session *session)
{
    double seconds = (double)(stats->end - stats->begin) / 1e9;
    double ops = stats->ops ? (double)stats->ops : 1;
    printf("{\"ops\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"verified\": %" PRIu64
           ", \"seconds\": %.3f",
           stats->ops, stats->errors, stats->verified, seconds);
    printf(", \"iops\": %.1f, \"mbps\": %.2f", (double)stats->ops / seconds,
           (double)stats->ops * options->transfer / seconds / 1e6);
    printf(", \"latency_us\": {\"mean\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}",
           (double)stats->latency_sum / ops / 1000, percentile_us(stats, 50),
           percentile_us(stats, 99), percentile_us(stats, 99.9));
    report_usage("", &stats->own_begin, &stats->own_end, ops);
    if (options->target_pid)
        report_usage("target_", &stats->target_begin, &stats->target_end, ops);
    if (session)
        report_session(session);
    puts("}");
}
