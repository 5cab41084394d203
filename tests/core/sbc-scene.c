/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk on a store of choice, and block commands as plain calls. */
#include "sbc-scene.h"

#include <string.h>
#include <tgt/scsi/be.h>

#define DISK_LUN  1
#define DISK_SIZE "size=1M"

void disk_setup(struct disk *d, gconstpointer data)
{
    const struct disk_config *config = data;
    const char *const plain[] = {DISK_SIZE, NULL};
    const struct fake_config fake = {.threads = config->threads, .ring = config->ring};
    d->block_size = config->block_size ? config->block_size : 512;
    d->f = fake_start(&fake);
    struct lu_request request = {
        .target = fake_target(d->f),
        .lun = DISK_LUN,
        .type = "disk",
        .store = {.type = config->store,
                  .options = (char *const *)(config->options ? config->options : plain)},
        .block_size = d->block_size,
        .physical_exponent = -1,
        .thin = config->thin,
        .read_only = config->read_only,
    };
    d->lu = fake_lun_request(d->f, &request);
    d->n = fake_nexus_open(d->f, 0, "iqn.2026-01.org.example:initiator");
    fake_clear_attention(d->n, DISK_LUN);
}

void disk_teardown(struct disk *d, gconstpointer data)
{
    fake_nexus_close(d->n);
    fake_stop(d->f);
}

void disk_cdb10(uint8_t cdb[10], uint8_t opcode, uint8_t byte1, uint32_t lba, uint16_t count)
{
    memset(cdb, 0, 10);
    cdb[0] = opcode;
    cdb[1] = byte1;
    be_put(cdb + 2, 4, lba);
    be_put(cdb + 7, 2, count);
}

void disk_cdb16(uint8_t cdb[16], uint8_t opcode, uint8_t byte1, uint64_t lba, uint32_t count)
{
    memset(cdb, 0, 16);
    cdb[0] = opcode;
    cdb[1] = byte1;
    be_put(cdb + 2, 8, lba);
    be_put(cdb + 10, 4, count);
}

struct fake_cmd *disk_run10(struct disk *d, uint8_t opcode, uint8_t byte1, uint32_t lba,
                            uint16_t count, const void *out, uint32_t out_len, uint32_t in_len)
{
    uint8_t cdb[10];
    disk_cdb10(cdb, opcode, byte1, lba, count);
    return fake_run(d->n, DISK_LUN, cdb, sizeof cdb, out, out_len, in_len);
}

struct fake_cmd *disk_run16(struct disk *d, uint8_t opcode, uint8_t byte1, uint64_t lba,
                            uint32_t count, const void *out, uint32_t out_len, uint32_t in_len)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, opcode, byte1, lba, count);
    return fake_run(d->n, DISK_LUN, cdb, sizeof cdb, out, out_len, in_len);
}

void disk_good(struct fake_cmd *c)
{
    fake_expect_good(c);
    fake_cmd_free(c);
}

void disk_sense(struct fake_cmd *c, enum tgt_sense sense)
{
    fake_expect_sense(c, sense);
    fake_cmd_free(c);
}

void disk_write(struct disk *d, uint64_t lba, uint32_t count, const void *data)
{
    disk_good(disk_run16(d, 0x8a, 0, lba, count, data, count * d->block_size, 0));
}

void disk_read(struct disk *d, uint64_t lba, uint32_t count, void *data)
{
    uint32_t len = count * d->block_size;
    struct fake_cmd *c = disk_run16(d, 0x88, 0, lba, count, NULL, 0, len);
    fake_expect_good(c);
    g_assert_cmpuint(c->in_got, ==, len);
    memcpy(data, c->in, len);
    fake_cmd_free(c);
}

void disk_expect_fill(struct disk *d, uint64_t lba, uint32_t count, uint8_t value)
{
    g_autofree uint8_t *have = g_malloc(count * d->block_size),
                       *want = g_malloc(count * d->block_size);
    memset(want, value, count * d->block_size);
    disk_read(d, lba, count, have);
    g_assert_cmpmem(have, count * d->block_size, want, count * d->block_size);
}

void disk_fill(struct disk *d, uint64_t lba, uint32_t count, uint8_t value)
{
    g_autofree uint8_t *data = g_malloc(count * d->block_size);
    memset(data, value, count * d->block_size);
    disk_write(d, lba, count, data);
}

uint8_t *disk_pattern(const struct disk *d, uint32_t count, uint32_t seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    uint8_t *data = g_malloc(count * d->block_size);
    for (uint32_t i = 0; i < count * d->block_size; i++)
        data[i] = (uint8_t)g_rand_int(rand);
    return data;
}
