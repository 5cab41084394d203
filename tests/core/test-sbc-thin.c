/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thin provisioning, write cache, store errors and what disks say of themselves. */
#include <string.h>
#include <tgt/scsi/sbc.h>

#include "sbc-scene.h"

/* ---- UNMAP and GET LBA STATUS ---- */

static struct fake_cmd *unmap(struct disk *d, const uint64_t (*ranges)[2], unsigned count,
                              unsigned cut)
{
    uint8_t list[8 + 300 * 16] = {0}, cdb[10] = {0x42};
    uint32_t len = 8 + count * 16;
    be_put(list, 2, len - 2);
    be_put(list + 2, 2, count * 16);
    for (unsigned i = 0; i < count; i++) {
        be_put(list + 8 + i * 16, 8, ranges[i][0]);
        be_put(list + 16 + i * 16, 4, ranges[i][1]);
    }
    be_put(cdb + 7, 2, len - cut);
    return fake_run(d->n, 1, cdb, sizeof cdb, list, len - cut, 0);
}

static void unmap_gives_back(struct disk *d, gconstpointer data)
{
    static const uint64_t ranges[][2] = {{8, 16}, {100, 0}, {40, 8}};
    disk_fill(d, 0, 64, 0x33);
    disk_good(unmap(d, ranges, 3, 0));
    disk_expect_fill(d, 8, 16, 0);
    disk_expect_fill(d, 40, 8, 0);
    disk_expect_fill(d, 24, 16, 0x33);
    disk_good(unmap(d, ranges, 0, 8)); /* PARAMETER LIST LENGTH 0 */
    disk_good(unmap(d, ranges, 0, 0));
}

/* The flush fails, so it can be told. */
static void unmap_without_a_cache_is_durable(struct disk *d, gconstpointer data)
{
    static const uint64_t ranges[][2] = {{8, 16}, {40, 8}};
    disk_good(unmap(d, ranges, 2, 0));
    lu_state(&d->lu->pub, 0, TGT_LU_WCE);
    disk_sense(unmap(d, ranges, 2, 0), TGT_SENSE_WRITE_ERROR);
    disk_good(unmap(d, ranges, 0, 0));
}

static void unmap_truncated_at_every_byte(struct disk *d, gconstpointer data)
{
    static const uint64_t ranges[][2] = {{8, 8}, {16, 8}};
    disk_fill(d, 0, 64, 0x33);
    for (unsigned cut = 1; cut < 40; cut++)
        disk_sense(unmap(d, ranges, 2, cut), TGT_SENSE_PARAMETER_LIST_LENGTH);
    disk_expect_fill(d, 0, 64, 0x33);
}

static void unmap_is_judged_as_a_whole(struct disk *d, gconstpointer data)
{
    static const uint64_t beyond[][2] = {{8, 8}, {2047, 2}}, wrap[][2] = {{8, 8}, {UINT64_MAX, 2}};
    static const uint64_t many[257][2];
    disk_fill(d, 0, 64, 0x33);
    disk_sense(unmap(d, beyond, 2, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(unmap(d, wrap, 2, 0), TGT_SENSE_LBA_OUT_OF_RANGE);
    disk_sense(unmap(d, many, 257, 0), TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    disk_good(unmap(d, many, 256, 0));
    disk_expect_fill(d, 0, 64, 0x33);
}

static struct fake_cmd *lba_status(struct disk *d, uint64_t lba, uint32_t len)
{
    uint8_t cdb[16] = {0x9e, 0x12};
    be_put(cdb + 2, 8, lba);
    be_put(cdb + 10, 4, len);
    return fake_run(d->n, 1, cdb, sizeof cdb, NULL, 0, len);
}

static void expect_status(const struct fake_cmd *c, unsigned index, uint64_t lba, uint32_t blocks,
                          uint8_t status)
{
    const uint8_t *p = c->in + 8 + 16 * index;
    g_assert_cmpuint(be_get(p, 8), ==, lba);
    g_assert_cmpuint(be_get(p + 8, 4), ==, blocks);
    g_assert_cmpuint(p[12], ==, status);
}

static void status_of_blocks(struct disk *d, gconstpointer data)
{
    disk_fill(d, 16, 8, 1);
    struct fake_cmd *c = lba_status(d, 3, 1000);
    fake_expect_good(c);
    g_assert_cmpuint(be_get(c->in, 4), ==, 4 + 3 * 16);
    expect_status(c, 0, 3, 13, 1);
    expect_status(c, 1, 16, 8, 0);
    expect_status(c, 2, 24, 2048 - 24, 1);
    fake_cmd_free(c);
    c = lba_status(d, 17, 24);
    fake_expect_good(c);
    expect_status(c, 0, 17, 7, 0);
    fake_cmd_free(c);
    disk_sense(lba_status(d, 2048, 24), TGT_SENSE_LBA_OUT_OF_RANGE);
}

static void write_same_unmap(struct disk *d, gconstpointer data)
{
    disk_fill(d, 0, 32, 0x33);
    disk_good(disk_run16(d, 0x93, 0x09, 8, 8, NULL, 0, 0));
    disk_expect_fill(d, 8, 8, 0);
    struct fake_cmd *c = lba_status(d, 8, 24);
    expect_status(c, 0, 8, 8, 1);
    fake_cmd_free(c);
    g_autofree uint8_t *block = disk_pattern(d, 1, 1);
    disk_good(disk_run16(d, 0x93, 0x08, 8, 1, block, 512, 0));
    c = disk_run16(d, 0x88, 0, 8, 1, NULL, 0, 512);
    g_assert_cmpmem(c->in, c->in_got, block, 512);
    fake_cmd_free(c);
}

/* What the LU is said to be: VPD pages, log page, capacity agree. */
static void thin_is_told(struct disk *d, gconstpointer data)
{
    uint8_t cdb16[16] = {0x9e, 0x10, [13] = 32}, b2[6] = {0x12, 1, 0xb2, 0, 255},
            b0[6] = {0x12, 1, 0xb0, 0, 255};
    uint8_t log[10] = {0x4d, 0, 0x4c, [8] = 255};
    struct fake_cmd *c = fake_run(d->n, 1, cdb16, 16, NULL, 0, 32);
    g_assert_cmpuint(c->in[14], ==, 0xc0);
    fake_cmd_free(c);
    c = fake_run(d->n, 1, b2, 6, NULL, 0, 255);
    g_assert_cmpuint(c->in[5], ==, 0xe4);
    g_assert_cmpuint(c->in[6] & 7, ==, 2);
    fake_cmd_free(c);
    c = fake_run(d->n, 1, b0, 6, NULL, 0, 255);
    g_assert_cmpuint(be_get(c->in + 2, 2), ==, 0x3c);
    g_assert_cmpuint(be_get(c->in + 20, 4), ==, 1u << 20);
    g_assert_cmpuint(be_get(c->in + 24, 4), ==, 256);
    fake_cmd_free(c);
    disk_fill(d, 0, 2048, 1);
    c = fake_run(d->n, 1, log, 10, NULL, 0, 255);
    fake_expect_good(c);
    g_assert_cmpuint(c->in[4 + 3], ==, 8);
    g_assert_cmpuint(be_get(c->in + 4 + 12 + 4, 4), ==, 1); /* used: 1 MiB */
    fake_cmd_free(c);
}

/* The store refuses the first 8 blocks: those are written, and others are still left to it. */
static void zeroes_are_refused_once(struct disk *d, gconstpointer data)
{
    disk_fill(d, 0, 32, 0x33);
    for (unsigned byte1 = 0x01; byte1 <= 0x09; byte1 += 0x08)
        disk_good(disk_run16(d, 0x93, (uint8_t)byte1, 0, 8, NULL, 0, 0));
    disk_good(disk_run16(d, 0x93, 0x09, 8, 8, NULL, 0, 0));
    disk_expect_fill(d, 0, 16, 0);
    struct fake_cmd *c = lba_status(d, 0, 100);
    fake_expect_good(c);
    expect_status(c, 0, 0, 8, 0);
    expect_status(c, 1, 8, 8, 1);
    fake_cmd_free(c);
}

/* ---- Without thin provisioning there is no UNMAP ---- */

static void thick_has_no_unmap(struct disk *d, gconstpointer data)
{
    static const uint64_t ranges[][2] = {{0, 1}};
    uint8_t rsoc[12] = {0xa3, 0x0c, 0x01, 0x42, [9] = 64};
    g_autofree uint8_t *block = g_malloc0(512);
    lu_state(&d->lu->pub, 0, TGT_LU_THIN);
    disk_sense(unmap(d, ranges, 1, 0), TGT_SENSE_INVALID_OPCODE);
    disk_sense(disk_run16(d, 0x93, 0x08, 0, 1, block, 512, 0), TGT_SENSE_INVALID_FIELD_IN_CDB);
    struct fake_cmd *c = fake_run(d->n, 1, rsoc, 12, NULL, 0, 64);
    fake_expect_good(c);
    g_assert_cmpuint(c->in[1] & 7, ==, 1); /* not supported */
    fake_cmd_free(c);
}

/* ---- Errors of the store ---- */

static void errors(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *out = disk_pattern(d, 8, 1);
    disk_sense(disk_run16(d, 0x88, 0, 8, 8, NULL, 0, 4096), TGT_SENSE_READ_ERROR);
    disk_sense(disk_run16(d, 0x8a, 0, 8, 8, out, 4096, 0), TGT_SENSE_SPACE_ALLOCATION_FAILED);
    disk_sense(disk_run16(d, 0x8f, 0, 8, 8, NULL, 0, 0), TGT_SENSE_READ_ERROR);
    disk_sense(disk_run16(d, 0x91, 0, 0, 0, NULL, 0, 0), TGT_SENSE_WRITE_ERROR);
    disk_write(d, 2040, 8, out); /* behind the bad part */
}

static void parked_and_tried_again(struct disk *d, gconstpointer data)
{
    disk_fill(d, 0, 8, 0x44);
    disk_expect_fill(d, 0, 8, 0x44);
}

static void read_only(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *out = g_malloc0(8192);
    static const uint8_t writes[] = {0x8a, 0x8b, 0x8e, 0x93};
    for (unsigned i = 0; i < G_N_ELEMENTS(writes); i++)
        disk_sense(disk_run16(d, writes[i], 0, 0, 1, out, 512, 0), TGT_SENSE_WRITE_PROTECTED);
    disk_expect_fill(d, 0, 8, 0);
}

static const char *const errors_options[] = {"size=1M",   "read=EIO", "write=ENOSPC",
                                             "flush=EIO", "to=512K",  NULL};
static const char *const no_flush_options[] = {"size=1M", "flush=EIO", NULL};
static const char *const refusing_options[] = {"size=1M", "zeroes=EOPNOTSUPP", "to=4096", NULL};
static const char *const again_options[] = {"size=1M", "again=5", NULL};
static const struct disk_config mem = {.store = "mem", .ring = "auto", .thin = true},
                                faulty = {.store = "fault", .options = errors_options},
                                no_flush = {.store = "fault",
                                            .options = no_flush_options,
                                            .thin = true},
                                refusing = {.store = "fault",
                                            .options = refusing_options,
                                            .thin = true},
                                again = {.store = "fault", .options = again_options},
                                protected = {.store = "mem", .read_only = true};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, config, fn)                                                                        \
    g_test_add("/sbc/" name, struct disk, &config, disk_setup, fn, disk_teardown)
    T("unmap gives back", mem, unmap_gives_back);
    T("unmap without a cache is durable", no_flush, unmap_without_a_cache_is_durable);
    T("unmap truncated at every byte", mem, unmap_truncated_at_every_byte);
    T("unmap is judged as a whole", mem, unmap_is_judged_as_a_whole);
    T("lba status", mem, status_of_blocks);
    T("write same with unmap", mem, write_same_unmap);
    T("zeroes are refused once", refusing, zeroes_are_refused_once);
    T("thin is told", mem, thin_is_told);
    T("thick has no unmap", mem, thick_has_no_unmap);
    T("errors of the store", faulty, errors);
    T("a store that says try again", again, parked_and_tried_again);
    T("read-only", protected, read_only);
    return g_test_run();
}
