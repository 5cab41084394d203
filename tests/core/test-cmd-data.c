/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data of commands: both directions, truncation, data with CHECK CONDITION, and the residuals of
 * RFC 7143 11.4.5. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "probe-scene.h"

#define BLOCK 512

/* ---- Probe: parameter data ---- */

static void data_with_check_condition(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, PROBE_PARTIAL, 0, 0x01, 0x2c, 0, 300);
    fake_expect_sense(c, TGT_SENSE_FILEMARK_DETECTED);
    g_assert_cmphex(c->sense[0], ==, 0xf0);
    g_assert_cmpuint(be_get(c->sense + 3, 4), ==, 300);
    g_assert_cmpuint(c->in_got, ==, 300);
    for (unsigned i = 0; i < 300; i++)
        g_assert_cmpuint(c->in[i], ==, (uint8_t)i);
    fake_cmd_free(c);
}

static void sense_of_252_bytes(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, PROBE_SENSE, 0, 0, 0, 0, 0);
    g_assert_cmpint(c->status, ==, TGT_STATUS_CHECK_CONDITION);
    g_assert_cmpuint(c->sense_len, ==, 252);
    g_assert_cmpuint(c->sense[251], ==, 251);
    fake_cmd_free(c);
}

/* There is more data than the allocation length says, or less, or more than one small buffer. */
static void allocation_length(struct scene *s, gconstpointer data)
{
    static const struct {
        uint32_t there, allocation, edtl;
    } cases[] = {{0, 0, 0},
                 {10, 0, 0},
                 {10, 4, 4},
                 {10, 10, 10},
                 {10, 252, 252},
                 {10, 252, 4},
                 {10, 4, 252},
                 {5000, 5000, 5000},
                 {5000, 4096, 65535},
                 {60000, 65535, 65535},
                 {70000, 65535, 65535},
                 {65535, 65535, 10}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t cdb[10] = {PROBE_IN};
        uint32_t full = MIN(cases[i].there, cases[i].allocation);
        be_put(cdb + 2, 4, cases[i].there);
        be_put(cdb + 7, 2, cases[i].allocation);
        struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, NULL, 0, cases[i].edtl);
        fake_expect_good(c);
        g_assert_cmpuint(c->in_full, ==, full);
        g_assert_cmpint(c->residual_in, ==, (int64_t)full - cases[i].edtl);
        g_assert_cmpint(c->residual_out, ==, 0);
        for (unsigned k = 0; k < c->in_got; k++)
            g_assert_cmpuint(c->in[k], ==, (uint8_t)k);
        fake_cmd_free(c);
    }
}

static void parameter_list_length(struct scene *s, gconstpointer data)
{
    static const struct {
        uint32_t list, edtl;
    } cases[] = {{0, 0},      {0, 100},     {100, 0},     {100, 50},      {100, 100},
                 {100, 5000}, {4096, 4096}, {4097, 4097}, {65535, 65535}, {65535, 40000}};
    g_autofree uint8_t *out = g_malloc(65536);
    for (unsigned i = 0; i < 65536; i++)
        out[i] = (uint8_t)(i + 9);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t cdb[10] = {PROBE_OUT, [2] = 9};
        be_put(cdb + 7, 2, cases[i].list);
        struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, out, cases[i].edtl, 0);
        fake_expect_good(c);
        g_assert_cmpuint(c->out_asked, ==, MIN(cases[i].list, cases[i].edtl));
        g_assert_cmpint(c->residual_out, ==, (int64_t)cases[i].list - cases[i].edtl);
        fake_cmd_free(c);
    }
}

static void parameter_pointer(struct scene *s, gconstpointer data)
{
    uint8_t cdb[10] = {PROBE_OUT, [2] = 0, [8] = 4}, out[4] = {0, 1, 9, 3};
    struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, out, sizeof out, 0);
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    g_assert_cmphex(c->sense[15], ==, 0x8f);
    g_assert_cmpuint(be_get(c->sense + 16, 2), ==, 2);
    fake_cmd_free(c);
}

static void bidirectional(struct scene *s, gconstpointer data)
{
    static const struct {
        uint32_t out, in, edtl_out, edtl_in;
    } cases[] = {{10, 20, 10, 20},     {10, 20, 5, 7},       {10, 20, 100, 200},
                 {0, 20, 0, 20},       {20, 0, 20, 0},       {9000, 9000, 9000, 9000},
                 {70000, 3, 70000, 3}, {3, 70000, 3, 70000}, {300000, 300000, 300000, 300000}};
    g_autofree uint8_t *out = g_malloc(300000);
    for (unsigned i = 0; i < 300000; i++)
        out[i] = (uint8_t)(i * 7 + i / 256);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t cdb[10] = {PROBE_MIRROR};
        be_put(cdb + 2, 4, cases[i].out);
        be_put(cdb + 6, 3, cases[i].in);
        struct fake_cmd *c =
            fake_run(s->n, 0, cdb, sizeof cdb, out, cases[i].edtl_out, cases[i].edtl_in);
        fake_expect_good(c);
        g_assert_cmpuint(c->in_full, ==, cases[i].in);
        g_assert_cmpint(c->residual_out, ==, (int64_t)cases[i].out - cases[i].edtl_out);
        g_assert_cmpint(c->residual_in, ==, (int64_t)cases[i].in - cases[i].edtl_in);
        for (unsigned k = 0; k < c->in_got; k++)
            g_assert_cmpuint(c->in[k], ==, k < c->out_asked ? out[k] ^ 0xff : 0);
        fake_cmd_free(c);
    }
}

static void data_that_does_not_come(struct scene *s, gconstpointer data)
{
    uint8_t cdb[10] = {PROBE_OUT, [8] = 4}, out[4] = {0};
    struct fake_cmd *c = fake_cmd_new(s->n, 0, cdb, sizeof cdb);
    c->out = out;
    c->out_len = sizeof out;
    c->hold_data = true;
    fake_submit(c);
    fake_data(c, -EIO);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_DATA_PHASE_ERROR);
    fake_cmd_free(c);
}

static void more_than_the_largest_transfer(struct scene *s, gconstpointer data)
{
    uint8_t cdb[10] = {PROBE_MIRROR, [2] = 0xff};
    struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, NULL, 0, 0);
    scene_expect_field(c, 2, 7);
    fake_cmd_free(c);
}

/* ---- Disk: residuals of block commands ---- */

struct disk {
    struct scene s;
    uint8_t data[64 * BLOCK];
};

static void disk_set_up(struct disk *d, gconstpointer config)
{
    d->s.fake = fake_start(NULL);
    d->s.lu = fake_lun(d->s.fake, 0, "disk", "mem", (const char *const[]){"size=1M", NULL});
    d->s.n = scene_nexus(&d->s, 0, "iqn.2026-11.org.example:first");
    for (unsigned i = 0; i < sizeof d->data; i++)
        d->data[i] = (uint8_t)(i / 3 + i / BLOCK);
}

static void disk_tear_down(struct disk *d, gconstpointer config)
{
    fake_stop(d->s.fake);
}

static struct fake_cmd *rw(struct disk *d, uint8_t opcode, uint32_t lba, uint16_t blocks,
                           uint32_t out_len, uint32_t in_len)
{
    uint8_t cdb[10] = {opcode};
    be_put(cdb + 2, 4, lba);
    be_put(cdb + 7, 2, blocks);
    return fake_run(d->s.n, 0, cdb, sizeof cdb, d->data, out_len, in_len);
}

static void expect_bytes(struct disk *d, uint32_t lba, const uint8_t *bytes, uint16_t blocks)
{
    struct fake_cmd *c = rw(d, 0x28, lba, blocks, 0, blocks * BLOCK);
    fake_expect_good(c);
    g_assert_cmpmem(c->in, c->in_got, bytes, blocks * (size_t)BLOCK);
    fake_cmd_free(c);
}

/* The lengths that libiscsi's iSCSIResiduals suite uses, and more. */
static void read_residuals(struct disk *d, gconstpointer data)
{
    static const uint32_t edtl[] = {0, 1, 200, 511, 512, 513, 1024, 10000};
    fake_cmd_free(rw(d, 0x2a, 0, 64, sizeof d->data, 0));
    for (uint16_t blocks = 0; blocks <= 3; blocks++)
        for (unsigned i = 0; i < G_N_ELEMENTS(edtl); i++) {
            struct fake_cmd *c = rw(d, 0x28, 0, blocks, 0, edtl[i]);
            fake_expect_good(c);
            g_assert_cmpint(c->residual_in, ==, blocks * BLOCK - (int64_t)edtl[i]);
            g_assert_cmpint(c->residual_out, ==, 0);
            g_assert_cmpmem(c->in, c->in_got, d->data, MIN(edtl[i], blocks * (uint32_t)BLOCK));
            fake_cmd_free(c);
        }
}

/* Only whole blocks that the initiator offers are written, and no more than the CDB says. */
static void write_residuals(struct disk *d, gconstpointer data)
{
    static const uint32_t edtl[] = {0, 1, 200, 511, 512, 513, 1024, 1536, 10000};
    static const uint8_t opcodes[] = {0x2a, 0x2e}; /* WRITE(10), WRITE AND VERIFY(10) */
    for (unsigned o = 0; o < G_N_ELEMENTS(opcodes); o++)
        for (uint16_t blocks = 0; blocks <= 3; blocks++)
            for (unsigned i = 0; i < G_N_ELEMENTS(edtl); i++) {
                uint8_t want[4 * BLOCK] = {0};
                uint32_t take = MIN(edtl[i] / BLOCK, blocks) * BLOCK;
                memcpy(want, d->data, take);
                uint8_t cdb[10] = {0x41, [8] = 4}; /* WRITE SAME of zeroes */
                uint8_t zeroes[BLOCK] = {0};
                fake_cmd_free(fake_run(d->s.n, 0, cdb, sizeof cdb, zeroes, BLOCK, 0));
                struct fake_cmd *c = rw(d, opcodes[o], 0, blocks, edtl[i], 0);
                fake_expect_good(c);
                g_assert_cmpint(c->residual_out, ==, blocks * BLOCK - (int64_t)edtl[i]);
                g_assert_cmpint(c->residual_in, ==, 0);
                g_assert_cmpuint(c->out_asked, ==, take);
                fake_cmd_free(c);
                expect_bytes(d, 0, want, 4);
            }
}

/* The initiator says "write" for a read: nothing is taken, nothing can be sent, both are said. */
static void read_flagged_as_write(struct disk *d, gconstpointer data)
{
    struct fake_cmd *c = rw(d, 0x28, 0, 1, BLOCK, 0);
    fake_expect_good(c);
    g_assert_cmpuint(c->out_asked, ==, 0);
    g_assert_cmpint(c->residual_out, ==, -BLOCK);
    g_assert_cmpint(c->residual_in, ==, BLOCK);
    fake_cmd_free(c);
}

static void write_flagged_as_read(struct disk *d, gconstpointer data)
{
    struct fake_cmd *c = rw(d, 0x2a, 0, 1, 0, BLOCK);
    fake_expect_good(c);
    g_assert_cmpint(c->residual_out, ==, BLOCK);
    g_assert_cmpint(c->residual_in, ==, -BLOCK);
    fake_cmd_free(c);
}

/* A command that fails in its checks has moved nothing. */
static void failed_command(struct disk *d, gconstpointer data)
{
    struct fake_cmd *c = rw(d, 0x2a, 0xffffff00, 1, BLOCK, 0);
    fake_expect_sense(c, TGT_SENSE_LBA_OUT_OF_RANGE);
    g_assert_cmpint(c->residual_out, ==, -BLOCK);
    g_assert_cmpuint(c->out_asked, ==, 0);
    fake_cmd_free(c);
    c = rw(d, 0x28, 0xffffff00, 1, 0, BLOCK);
    fake_expect_sense(c, TGT_SENSE_LBA_OUT_OF_RANGE);
    g_assert_cmpint(c->residual_in, ==, -BLOCK);
    fake_cmd_free(c);
}

static void more_than_max_transfer(struct disk *d, gconstpointer data)
{
    d->s.lu->pub.max_transfer = 16 * BLOCK;
    struct fake_cmd *c = rw(d, 0x28, 0, 16, 0, 16 * BLOCK);
    fake_expect_good(c);
    fake_cmd_free(c);
    c = rw(d, 0x28, 0, 17, 0, 17 * BLOCK);
    scene_expect_field(c, 7, 7);
    fake_cmd_free(c);
    c = rw(d, 0x2a, 0, 17, 17 * BLOCK, 0);
    scene_expect_field(c, 7, 7);
    fake_cmd_free(c);
}

static void counters(struct disk *d, gconstpointer data)
{
    struct lu_counters sum;
    fake_cmd_free(rw(d, 0x28, 0, 4, 0, 4 * BLOCK));
    fake_cmd_free(rw(d, 0x2a, 0, 2, 2 * BLOCK, 0));
    fake_cmd_free(rw(d, 0x28, 0xffffff00, 4, 0, 4 * BLOCK));
    lu_counters(d->s.lu, &sum);
    g_assert_cmpuint(sum.reads, ==, 1);
    g_assert_cmpuint(sum.read_bytes, ==, 4 * BLOCK);
    g_assert_cmpuint(sum.writes, ==, 1);
    g_assert_cmpuint(sum.write_bytes, ==, 2 * BLOCK);
    g_assert_cmpuint(sum.errors, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SCENE_TEST("/cmd-data/data-with-check-condition", data_with_check_condition);
    SCENE_TEST("/cmd-data/sense-of-252-bytes", sense_of_252_bytes);
    SCENE_TEST("/cmd-data/allocation-length", allocation_length);
    SCENE_TEST("/cmd-data/parameter-list-length", parameter_list_length);
    SCENE_TEST("/cmd-data/parameter-pointer", parameter_pointer);
    SCENE_TEST("/cmd-data/bidirectional", bidirectional);
    SCENE_TEST("/cmd-data/data-that-does-not-come", data_that_does_not_come);
    SCENE_TEST("/cmd-data/more-than-the-largest-transfer", more_than_the_largest_transfer);
#define DISK_TEST(path, fn) g_test_add(path, struct disk, NULL, disk_set_up, fn, disk_tear_down)
    DISK_TEST("/cmd-data/read-residuals", read_residuals);
    DISK_TEST("/cmd-data/write-residuals", write_residuals);
    DISK_TEST("/cmd-data/read-flagged-as-write", read_flagged_as_write);
    DISK_TEST("/cmd-data/write-flagged-as-read", write_flagged_as_read);
    DISK_TEST("/cmd-data/failed-command", failed_command);
    DISK_TEST("/cmd-data/more-than-max-transfer", more_than_max_transfer);
    DISK_TEST("/cmd-data/counters", counters);
    return g_test_run();
}
