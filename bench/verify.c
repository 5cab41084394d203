/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was written where, one entry for each transfer of a connection's part of the logical unit.
 */
#include "verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    uint32_t generation; /* of its contents; 0: not known */
    uint16_t readers;
    bool writing;
};

struct verify {
    unsigned blocks; /* per unit */
    uint32_t last;   /* generation that was given out last */
    unsigned n_wrong;
    struct unit units[];
};

struct verify *verify_new(const struct workload *workload)
{
    struct verify *verify =
        load_allocate(sizeof(*verify) + workload->count * sizeof(*verify->units));
    verify->blocks = workload->blocks;
    return verify;
}

void verify_free(struct verify *verify)
{
    free(verify);
}

bool verify_claim(struct verify *verify, const struct load_io *io)
{
    struct unit *unit = &verify->units[io->unit];
    if (unit->writing || (io->write && unit->readers))
        return false;
    unit->writing = io->write;
    unit->readers += !io->write;
    return true;
}

/* Of splitmix64: each bit of the result depends on all bits of the argument. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t word_of(uint64_t lba, uint32_t generation, uint32_t at)
{
    return mix(mix(lba << 32 ^ generation) + at);
}

static void fill_block(uint8_t *data, uint32_t size, uint64_t lba, uint32_t generation)
{
    for (uint32_t at = 0; at < size; at += 8) {
        uint64_t word = word_of(lba, generation, at);
        memcpy(data + at, &word, sizeof(word));
    }
}

void verify_fill(struct verify *verify, struct slot *slot, uint32_t block_size)
{
    verify->last += verify->last == UINT32_MAX ? 2 : 1;
    slot->generation = verify->last;
    for (unsigned i = 0; i < verify->blocks; i++)
        fill_block(slot->data + (size_t)i * block_size, block_size, slot->io.lba + i,
                   slot->generation);
}

static bool block_is(const uint8_t *data, uint32_t size, uint64_t lba, uint32_t generation)
{
    for (uint32_t at = 0; at < size; at += 8) {
        uint64_t word = word_of(lba, generation, at);
        if (memcmp(data + at, &word, sizeof(word)))
            return false;
    }
    return true;
}

/* Where one block is wrong, many may be. */
static void say_wrong(struct verify *verify, uint64_t lba)
{
    if (verify->n_wrong++ < 10)
        fprintf(stderr, "load: block %" PRIu64 " differs from what was written\n", lba);
}

static bool data_is(struct verify *verify, const struct slot *slot, uint32_t block_size,
                    uint32_t generation)
{
    for (unsigned i = 0; i < verify->blocks; i++) {
        uint64_t lba = slot->io.lba + i;
        if (!block_is(slot->data + (size_t)i * block_size, block_size, lba, generation)) {
            say_wrong(verify, lba);
            return false;
        }
    }
    return true;
}

bool verify_end(struct verify *verify, const struct slot *slot, uint32_t block_size, bool good)
{
    struct unit *unit = &verify->units[slot->io.unit];
    if (slot->io.write) {
        unit->writing = false;
        unit->generation = good ? slot->generation : 0;
        return true;
    }
    unit->readers--;
    return !good || !unit->generation || data_is(verify, slot, block_size, unit->generation);
}
