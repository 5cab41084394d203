/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk on a store of choice, and block commands as plain calls. */
#ifndef TESTS_CORE_SBC_SCENE_H
#define TESTS_CORE_SBC_SCENE_H

#include "fake-transport.h"

/* Which store, which ring; blocks are of `block_size` bytes. LUN 1 is 1 MiB. */
struct disk_config {
    const char *store, *ring;
    const char *const *options;
    uint32_t block_size;
    unsigned threads;
    bool read_only, thin;
};

struct disk {
    struct fake *f;
    struct fake_nexus *n;
    struct core_lu *lu;
    uint32_t block_size;
};

void disk_setup(struct disk *d, gconstpointer config);
void disk_teardown(struct disk *d, gconstpointer config);

/* Build a 10- or 16-byte CDB. */
void disk_cdb10(uint8_t cdb[10], uint8_t opcode, uint8_t byte1, uint32_t lba, uint16_t count);
void disk_cdb16(uint8_t cdb[16], uint8_t opcode, uint8_t byte1, uint64_t lba, uint32_t count);
/* Send a command with exactly the given data; the caller frees. */
struct fake_cmd *disk_run10(struct disk *d, uint8_t opcode, uint8_t byte1, uint32_t lba,
                            uint16_t count, const void *out, uint32_t out_len, uint32_t in_len);
struct fake_cmd *disk_run16(struct disk *d, uint8_t opcode, uint8_t byte1, uint64_t lba,
                            uint32_t count, const void *out, uint32_t out_len, uint32_t in_len);
/* The command ends GOOD, or with this sense; frees it. */
void disk_good(struct fake_cmd *c);
void disk_sense(struct fake_cmd *c, enum tgt_sense sense);
/* WRITE(16) and READ(16) of whole blocks; GOOD is expected. */
void disk_write(struct disk *d, uint64_t lba, uint32_t count, const void *data);
void disk_read(struct disk *d, uint64_t lba, uint32_t count, void *data);
/* All bytes of the blocks are `value`. */
void disk_expect_fill(struct disk *d, uint64_t lba, uint32_t count, uint8_t value);
void disk_fill(struct disk *d, uint64_t lba, uint32_t count, uint8_t value);
/* Bytes that differ from block to block and from `seed` to seed; free with g_free(). */
uint8_t *disk_pattern(const struct disk *d, uint32_t count, uint32_t seed);

#endif
