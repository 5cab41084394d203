/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next command of a workload, what was measured, and its report as JSON. */
#include "load.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void workload_init(struct workload *workload, const struct load_options *options,
                   unsigned connection, uint64_t n_blocks, uint32_t block_size)
{
    if (!block_size || options->transfer % block_size)
        load_die("transfers of %u bytes do not fit blocks of %u", options->transfer, block_size);
    unsigned blocks = options->transfer / block_size;
    if (n_blocks < blocks)
        load_die("the logical unit is smaller than one transfer");
    uint64_t count = n_blocks / blocks;
    *workload = (struct workload){
        .seed = 0x9e3779b97f4a7c15u * (connection + 1),
        .count = count,
        .next = count / options->connections * connection % count,
        .blocks = blocks,
        .write_percent = options->write_percent,
        .random = options->random,
    };
}

/* xorshift64*: a cheap generator with the same sequence in each run. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t x = *seed;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *seed = x;
    return x * 0x2545f4914f6cdd1du >> 16;
}

struct load_io workload_next(struct workload *workload)
{
    struct load_io io = {.write = workload->write_percent == 100};
    if (workload->write_percent && !io.write)
        io.write = next_random(&workload->seed) % 100 < workload->write_percent;
    uint64_t index = workload->random ? next_random(&workload->seed) % workload->count
                                      : workload->next++ % workload->count;
    io.lba = index * workload->blocks;
    return io;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t load_now(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t task_cpu(int pid, const char *task)
{
    char path[320];
    uint64_t cpu = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%" SCNu64, &cpu) != 1)
        cpu = 0;
    fclose(file);
    return cpu;
}

/* CPU time of all threads of a process, ns. */
static uint64_t process_cpu(int pid)
{
    char path[64];
    uint64_t cpu = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = pid ? opendir(path) : NULL;
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            cpu += task_cpu(pid, entry->d_name);
    closedir(dir);
    return cpu;
}

void load_stats_start(struct load_stats *stats, const struct load_options *options)
{
    stats->target_begin = process_cpu(options->target_pid);
    stats->cpu_begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    stats->begin = load_now();
    stats->running = true;
}

void load_stats_stop(struct load_stats *stats, const struct load_options *options)
{
    stats->running = false;
    stats->end = load_now();
    stats->cpu_end = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    stats->target_end = process_cpu(options->target_pid);
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

static void report_session(const struct load_session *session)
{
    printf(", \"session\": {\"InitialR2T\": %s, \"ImmediateData\": %s, "
           "\"MaxRecvDataSegmentLength\": %u, \"FirstBurstLength\": %u, \"MaxBurstLength\": %u}",
           session->initial_r2t ? "true" : "false", session->immediate_data ? "true" : "false",
           session->send_segment, session->first_burst, session->max_burst);
}

void load_report(const struct load_stats *stats, const struct load_options *options,
                 const struct load_session *session)
{
    double seconds = (double)(stats->end - stats->begin) / 1e9;
    double ops = stats->ops ? (double)stats->ops : 1;
    printf("{\"ops\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"seconds\": %.3f", stats->ops,
           stats->errors, seconds);
    printf(", \"iops\": %.1f, \"mbps\": %.2f", (double)stats->ops / seconds,
           (double)stats->ops * options->transfer / seconds / 1e6);
    printf(", \"latency_us\": {\"mean\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}",
           (double)stats->latency_sum / ops / 1000, percentile_us(stats, 50),
           percentile_us(stats, 99), percentile_us(stats, 99.9));
    printf(", \"cpu_us_per_op\": %.3f", (double)(stats->cpu_end - stats->cpu_begin) / ops / 1000);
    if (options->target_pid)
        printf(", \"target_cpu_us_per_op\": %.3f",
               (double)(stats->target_end - stats->target_begin) / ops / 1000);
    if (session)
        report_session(session);
    puts("}");
}
