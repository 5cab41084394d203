/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block commands on every model of store and both rings: all bytes right, errors exact. */
#include <string.h>
#include <tgt/scsi/sbc.h>

#include "sbc-scene.h"

/* ---- READ and WRITE ---- */

static void round_trip(struct disk *d, gconstpointer data)
{
    static const uint32_t counts[] = {1, 7, 8, 9, 128, 129, 1000, 2048};
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        uint32_t count = MIN(counts[i], (1u << 20) / d->block_size);
        g_autofree uint8_t *out = disk_pattern(d, count, i), *in = g_malloc(count * d->block_size);
        uint64_t lba = (1u << 20) / d->block_size - count;
        disk_write(d, lba, count, out);
        disk_read(d, lba, count, in);
        g_assert_cmpmem(in, count * d->block_size, out, count * d->block_size);
    }
}

static void fua(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *out = disk_pattern(d, 3, 1), *in = g_malloc(3 * d->block_size);
    disk_good(disk_run16(d, 0x8a, 0x18, 5, 3, out, 3 * d->block_size, 0));
    struct fake_cmd *c = disk_run10(d, 0x28, 0x18, 5, 3, NULL, 0, 3 * d->block_size);
    fake_expect_good(c);
    g_assert_cmpmem(c->in, c->in_got, out, 3 * d->block_size);
    fake_cmd_free(c);
}

static void every_cdb_length(struct disk *d, gconstpointer data)
{
    static const uint8_t reads[] = {0x08, 0x28, 0xa8, 0x88}, writes[] = {0x0a, 0x2a, 0xaa, 0x8a};
    for (unsigned i = 0; i < 4; i++) {
        g_autofree uint8_t *out = disk_pattern(d, 2, i);
        uint8_t cdb[4][16] = {{0, 0, 0, 9, 2},
                              {0, 0, 0, 0, 0, 9, 0, 0, 2},
                              {0, 0, 0, 0, 0, 9, 0, 0, 0, 2},
                              {0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2}};
        static const unsigned len[] = {6, 10, 12, 16};
        cdb[i][0] = writes[i];
        disk_good(fake_run(d->n, 1, cdb[i], len[i], out, 2 * d->block_size, 0));
        cdb[i][0] = reads[i];
        struct fake_cmd *c = fake_run(d->n, 1, cdb[i], len[i], NULL, 0, 2 * d->block_size);
        fake_expect_good(c);
        g_assert_cmpmem(c->in, c->in_got, out, 2 * d->block_size);
        fake_cmd_free(c);
    }
}

static void zero_is_256(struct disk *d, gconstpointer data)
{
    const uint8_t cdb[6] = {0x08, 0, 0, 0, 0, 0};
    uint32_t len = 256 * d->block_size;
    struct fake_cmd *c = fake_run(d->n, 1, cdb, sizeof cdb, NULL, 0, len);
    fake_expect_good(c);
    g_assert_cmpuint(c->in_got, ==, len);
    fake_cmd_free(c);
}

static void zero_blocks(struct disk *d, gconstpointer data)
{
    uint64_t blocks = (1u << 20) / d->block_size;
    static const uint8_t opcodes[] = {0x88, 0x8a, 0x8b, 0x8e, 0x8f, 0x91, 0x90};
    for (unsigned i = 0; i < G_N_ELEMENTS(opcodes); i++)
        fake_cmd_free(disk_run16(d, opcodes[i], 0, blocks, 0, NULL, 0, 0));
    disk_good(disk_run16(d, 0x88, 0, 0, 0, NULL, 0, 0));
    disk_good(disk_run16(d, 0x8a, 0, 0, 0, NULL, 0, 0));
}

static void beyond_the_end(struct disk *d, gconstpointer data)
{
    uint64_t blocks = (1u << 20) / d->block_size;
    g_autofree uint8_t *out = disk_pattern(d, 2, 1);
    uint32_t len = 2 * d->block_size;
    disk_sense(disk_run16(d, 0x88, 0, blocks - 1, 2, NULL, 0, len), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x8a, 0, blocks - 1, 2, out, len, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x88, 0, UINT64_MAX, 2, NULL, 0, len), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x8a, 0, UINT64_MAX - 1, 2, out, len, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x8f, 0, blocks, 1, NULL, 0, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x91, 0, blocks, 1, NULL, 0, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x93, 0, blocks, 1, out, d->block_size, 0),
               TGT_SENSE_LBA_OUT_OF_RANGE);
}

static void short_write_touches_less(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *out = disk_pattern(d, 2, 3);
    disk_fill(d, 0, 2, 0xee);
    struct fake_cmd *c = disk_run16(d, 0x8a, 0, 0, 2, out, d->block_size, 0);
    g_assert_cmpint(c->residual_out, ==, d->block_size);
    fake_cmd_free(c);
    disk_expect_fill(d, 1, 1, 0xee);
}

/* ---- VERIFY ---- */

static void verify(struct disk *d, gconstpointer data)
{
    uint32_t count = 300, len = count * d->block_size;
    count = MIN(count, (1u << 20) / d->block_size);
    len = count * d->block_size;
    g_autofree uint8_t *out = disk_pattern(d, count, 4);
    disk_write(d, 0, count, out);
    disk_good(disk_run16(d, 0x8f, 0, 0, count, NULL, 0, 0));
    disk_good(disk_run16(d, 0x8f, 0x02, 0, count, out, len, 0));
    out[len - 1] ^= 1;
    disk_sense(disk_run16(d, 0x8f, 0x02, 0, count, out, len, 0), TGT_SENSE_MISCOMPARE);
    disk_sense(disk_run16(d, 0x8f, 0x04, 0, count, out, len, 0), TGT_SENSE_INVALID_FIELD_IN_CDB);
}

static void verify_one_block(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *block = g_malloc(d->block_size);
    memset(block, 0x5a, d->block_size);
    disk_fill(d, 0, 200, 0x5a);
    disk_good(disk_run16(d, 0x8f, 0x06, 0, 200, block, d->block_size, 0));
    disk_sense(disk_run16(d, 0x8f, 0x06, 0, 200, NULL, 0, 0), TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_sense(disk_run16(d, 0x8f, 0x06, 0, 200, block, d->block_size / 2, 0),
               TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_fill(d, 199, 1, 0x5b);
    disk_sense(disk_run16(d, 0x8f, 0x06, 0, 200, block, d->block_size, 0), TGT_SENSE_MISCOMPARE);
}

static void write_and_verify(struct disk *d, gconstpointer data)
{
    uint32_t len = 130 * d->block_size;
    g_autofree uint8_t *out = disk_pattern(d, 130, 5), *in = g_malloc(len);
    disk_good(disk_run16(d, 0x8e, 0, 1, 130, out, len, 0));
    disk_good(disk_run16(d, 0x8e, 0x02, 1, 130, out, len, 0));
    disk_read(d, 1, 130, in);
    g_assert_cmpmem(in, len, out, len);
    disk_sense(disk_run16(d, 0x8e, 0x06, 1, 1, out, d->block_size, 0),
               TGT_SENSE_INVALID_FIELD_IN_CDB);
}

/* ---- COMPARE AND WRITE, ORWRITE ---- */

static struct fake_cmd *compare_write(struct disk *d, uint64_t lba, uint8_t count,
                                      const uint8_t *halves, uint32_t len)
{
    uint8_t cdb[16] = {0x89};
    be_put(cdb + 2, 8, lba);
    cdb[13] = count;
    return fake_run(d->n, 1, cdb, sizeof cdb, halves, len, 0);
}

static void compare_and_write(struct disk *d, gconstpointer data)
{
    uint32_t len = 4 * d->block_size;
    g_autofree uint8_t *halves = disk_pattern(d, 8, 6), *in = g_malloc(len);
    disk_write(d, 10, 4, halves);
    disk_good(compare_write(d, 10, 4, halves, 2 * len));
    disk_read(d, 10, 4, in);
    g_assert_cmpmem(in, len, halves + len, len);
    memcpy(halves, in, len);
    halves[len - 5] ^= 0x10;
    struct fake_cmd *c = compare_write(d, 10, 4, halves, 2 * len);
    fake_expect_sense(c, TGT_SENSE_MISCOMPARE);
    g_assert_cmpuint(c->sense[0], ==, 0xf0); /* VALID */
    g_assert_cmpuint(be_get(c->sense + 3, 4), ==, len - 5);
    fake_cmd_free(c);
    disk_read(d, 10, 4, halves + len);
    g_assert_cmpmem(in, len, halves + len, len);
}

static void compare_and_write_refusals(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *halves = disk_pattern(d, 600, 7);
    uint8_t too_many = (uint8_t)(65536 / d->block_size + 1);
    disk_good(compare_write(d, 0, 0, NULL, 0));
    disk_sense(compare_write(d, 0, too_many, halves, 2u * too_many * d->block_size),
               TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_sense(compare_write(d, 0, 2, halves, 2 * d->block_size), TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_sense(compare_write(d, (1u << 20) / d->block_size, 1, halves, 2 * d->block_size),
               TGT_SENSE_LBA_OUT_OF_RANGE);
}

static void orwrite(struct disk *d, gconstpointer data)
{
    disk_fill(d, 3, 200, 0x0f);
    g_autofree uint8_t *out = g_malloc(200 * d->block_size);
    memset(out, 0x50, 200 * d->block_size);
    disk_good(disk_run16(d, 0x8b, 0, 3, 200, out, 200 * d->block_size, 0));
    disk_expect_fill(d, 3, 200, 0x5f);
}

/* ---- WRITE SAME, FORMAT UNIT ---- */

static void write_same(struct disk *d, gconstpointer data)
{
    uint32_t all = (1u << 20) / d->block_size;
    g_autofree uint8_t *block = g_malloc0(d->block_size);
    disk_fill(d, 0, all, 0x11);
    disk_good(disk_run16(d, 0x93, 0, 5, 100, block, d->block_size, 0));
    disk_expect_fill(d, 5, 100, 0);
    disk_expect_fill(d, 105, 1, 0x11);
    memset(block, 0x77, d->block_size);
    disk_good(disk_run10(d, 0x41, 0, 1, (uint16_t)(all - 2), block, d->block_size, 0));
    disk_expect_fill(d, 1, all - 2, 0x77);
    disk_expect_fill(d, 0, 1, 0x11);
    disk_expect_fill(d, all - 1, 1, 0x11);
    disk_good(disk_run16(d, 0x93, 0x01, 0, 9, NULL, 0, 0));
    disk_expect_fill(d, 0, 9, 0);
}

/* NUMBER OF LOGICAL BLOCKS 0: all up to the end. Data that are not one block: nothing is written.
 */
static void write_same_lengths(struct disk *d, gconstpointer data)
{
    uint32_t all = (1u << 20) / d->block_size;
    g_autofree uint8_t *blocks = g_malloc(2 * d->block_size);
    memset(blocks, 0x77, 2 * d->block_size);
    disk_fill(d, 0, all, 0x11);
    disk_good(disk_run16(d, 0x93, 0, all - 3, 0, blocks, d->block_size, 0));
    disk_expect_fill(d, all - 4, 1, 0x11);
    disk_expect_fill(d, all - 3, 3, 0x77);
    disk_sense(disk_run10(d, 0x41, 0, (uint32_t)all, 0, blocks, d->block_size, 0),
               TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x93, 0, all + 1, 0, blocks, d->block_size, 0),
               TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(disk_run16(d, 0x93, 0, 0, 1, blocks, 2 * d->block_size, 0),
               TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_sense(disk_run10(d, 0x41, 0, 0, 1, blocks, d->block_size / 2, 0),
               TGT_SENSE_INVALID_FIELD_IN_CDB);
    disk_expect_fill(d, 0, all - 3, 0x11);
}

static void format_unit(struct disk *d, gconstpointer data)
{
    const uint8_t plain[6] = {0x04}, with_list[6] = {0x04, 0x10};
    static const uint8_t list[4] = {0, 0x02, 0, 0}, defects[4] = {0, 0, 0, 8},
                         protection[4] = {1, 0, 0, 0};
    disk_fill(d, 0, 20, 0x11);
    disk_good(fake_run(d->n, 1, plain, 6, NULL, 0, 0));
    disk_expect_fill(d, 0, 20, 0);
    disk_good(fake_run(d->n, 1, with_list, 6, list, 4, 0));
    disk_sense(fake_run(d->n, 1, with_list, 6, defects, 4, 0),
               TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    disk_sense(fake_run(d->n, 1, with_list, 6, protection, 4, 0),
               TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    disk_sense(fake_run(d->n, 1, with_list, 6, list, 3, 0), TGT_SENSE_PARAMETER_LIST_LENGTH);
}

/* ---- Cache, capacity ---- */

static void cache(struct disk *d, gconstpointer data)
{
    disk_good(disk_run10(d, 0x35, 0, 0, 0, NULL, 0, 0));
    disk_good(disk_run16(d, 0x91, 0x02, 0, 8, NULL, 0, 0));
    struct fake_cmd *c = disk_run16(d, 0x90, 0, 0, 8, NULL, 0, 0);
    g_assert_cmpuint(c->status, ==, TGT_STATUS_CONDITION_MET);
    fake_cmd_free(c);
}

static void capacity(struct disk *d, gconstpointer data)
{
    uint8_t cdb16[16] = {0x9e, 0x10, [13] = 32};
    struct fake_cmd *c = disk_run10(d, 0x25, 0, 0, 0, NULL, 0, 8);
    fake_expect_good(c);
    g_assert_cmpuint(be_get(c->in, 4), ==, (1u << 20) / d->block_size - 1);
    g_assert_cmpuint(be_get(c->in + 4, 4), ==, d->block_size);
    fake_cmd_free(c);
    for (unsigned len = 0; len <= 32; len++) {
        cdb16[13] = (uint8_t)len;
        c = fake_run(d->n, 1, cdb16, 16, NULL, 0, 32);
        fake_expect_good(c);
        g_assert_cmpuint(c->in_got, ==, len);
        g_assert_cmpint(c->residual_in, ==, (int64_t)len - 32);
        fake_cmd_free(c);
    }
}

/* ---- Every command on every kind of store ---- */

static const struct {
    const char *name;
    void (*fn)(struct disk *d, gconstpointer data);
} tests[] = {
    {"round trip", round_trip},
    {"fua", fua},
    {"every cdb length", every_cdb_length},
    {"length 0 of the 6-byte cdb is 256", zero_is_256},
    {"zero blocks", zero_blocks},
    {"beyond the end", beyond_the_end},
    {"short write touches less", short_write_touches_less},
    {"verify", verify},
    {"verify one block", verify_one_block},
    {"write and verify", write_and_verify},
    {"compare and write", compare_and_write},
    {"compare and write refusals", compare_and_write_refusals},
    {"orwrite", orwrite},
    {"write same", write_same},
    {"write same lengths", write_same_lengths},
    {"format unit", format_unit},
    {"cache", cache},
    {"capacity", capacity},
};

static const struct disk_config configs[] = {
    {.store = "mem", .ring = "poll"},          {.store = "mem", .ring = "auto", .block_size = 4096},
    {.store = "mem-blocking", .ring = "poll"}, {.store = "mem-blocking", .ring = "auto"},
    {.store = "mem-threads", .ring = "poll"},  {.store = "mem-threads", .ring = "auto"},
    {.store = "check", .ring = "poll"},        {.store = "check", .ring = "auto", .threads = 2},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(configs); i++) {
        const struct disk_config *c = &configs[i];
        for (unsigned k = 0; k < G_N_ELEMENTS(tests); k++) {
            g_autofree char *path =
                g_strdup_printf("/sbc/%s-%s-%u/%s", c->store, c->ring,
                                c->block_size ? c->block_size : 512, tests[k].name);
            g_test_add(path, struct disk, c, disk_setup, tests[k].fn, disk_teardown);
        }
    }
    return g_test_run();
}
