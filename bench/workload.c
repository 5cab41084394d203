/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which command a workload sends next. */
#include "load.h"

/* All connections share the logical unit; to verify, each needs a part that nobody else writes. */
void workload_init(struct workload *workload, const struct load_options *options,
                   unsigned connection, uint64_t n_blocks, uint32_t block_size)
{
    if (!block_size || options->transfer % block_size)
        load_die("transfers of %u bytes do not fit blocks of %u", options->transfer, block_size);
    unsigned blocks = options->transfer / block_size;
    uint64_t count = n_blocks / blocks, part = count / options->connections;
    if (!(options->verify ? part : count))
        load_die("the logical unit is too small");
    *workload = (struct workload){
        .seed = 0x9e3779b97f4a7c15u * (connection + 1),
        .first = options->verify ? part * connection : 0,
        .count = options->verify ? part : count,
        .next = options->verify ? 0 : part * connection % count,
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
    io.unit = (uint32_t)index;
    io.lba = (workload->first + index) * workload->blocks;
    return io;
}
