/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two load generators share: options, the choice of the next command, and the report. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_options {
    const char *initiator;
    const char *url; /* iscsi://HOST[:PORT]/TARGET/LUN */
    char host[256];
    char port[16];
    char target[256];
    unsigned lun;
    unsigned transfer; /* bytes per command */
    unsigned depth;    /* commands in flight per connection */
    unsigned connections;
    double warmup; /* seconds before the measurement */
    double seconds;
    unsigned ops; /* so many commands instead of a time, and no warmup; 0: a time */
    unsigned write_percent;
    bool random;
    bool spin;    /* poll the sockets without sleeping */
    bool idle;    /* log in, then only answer pings until stdin ends */
    bool digests; /* CRC32C of headers and data, made and checked */
    bool verify;  /* what is written is checked when it is read again */
    bool initial_r2t;
    bool immediate_data;
    uint32_t max_recv_segment;
    uint32_t first_burst;
    uint32_t max_burst;
    int target_pid;     /* its CPU time is measured too; 0: none */
    const char *engine; /* how sockets are waited for; NULL: the default */
};

/* Fills *options from argv; on a usage error says it and exits with status 1. */
void load_options_parse(struct load_options *options, int argc, char **argv);

/* --- workload.c: the next command --- */

struct load_io {
    bool write;
    uint32_t unit; /* which of the transfers that are this connection's */
    uint64_t lba;
};

struct workload {
    uint64_t seed;
    uint64_t first; /* transfer, where this connection's part of the logical unit begins */
    uint64_t count; /* transfers that fit it */
    uint64_t next;
    unsigned blocks; /* logical blocks per transfer */
    unsigned write_percent;
    bool random;
};

void workload_init(struct workload *workload, const struct load_options *options,
                   unsigned connection, uint64_t n_blocks, uint32_t block_size);
struct load_io workload_next(struct workload *workload);

/* --- usage.c: what a process has used --- */

struct usage {
    uint64_t cpu;         /* ns, of all threads that live */
    uint64_t voluntary;   /* context switches: it waited */
    uint64_t involuntary; /* it was made to wait */
};

/* All zero if there is no such process. */
struct usage usage_of(int pid);

/* --- report.c --- */

/* Latencies: 32 linear steps per power of two of nanoseconds. */
enum { HISTOGRAM_STEPS = 32, HISTOGRAM_SIZE = 64 * HISTOGRAM_STEPS };

struct load_stats {
    bool running; /* between load_stats_start and load_stats_stop: completions count */
    uint64_t ops;
    uint64_t errors;
    uint64_t verified; /* commands whose data was compared */
    uint64_t latency_sum;
    uint64_t histogram[HISTOGRAM_SIZE];
    uint64_t begin, end; /* clock, ns */
    struct usage own_begin, own_end;
    struct usage target_begin, target_end;
};

/* What the login agreed on, for the report. */
struct load_session {
    bool initial_r2t;
    bool immediate_data;
    bool header_digest;
    bool data_digest;
    uint32_t send_segment; /* the target's MaxRecvDataSegmentLength */
    uint32_t first_burst;
    uint32_t max_burst;
};

uint64_t load_now(void);
void load_stats_start(struct load_stats *stats, const struct load_options *options);
void load_stats_add(struct load_stats *stats, uint64_t latency);
void load_stats_stop(struct load_stats *stats, const struct load_options *options);
/* One JSON object on stdout; session may be NULL. */
void load_report(const struct load_stats *stats, const struct load_options *options,
                 const struct load_session *session);

void *load_allocate(size_t size); /* zeroed; ends the program if there is no memory */
_Noreturn void load_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
