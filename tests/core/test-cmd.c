/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checks of one command at a time: LUNs, CDB, attribute, attention, states of the LU. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "probe-scene.h"

static void expect(struct scene *s, enum tgt_sense sense)
{
    struct fake_cmd *c = scene_block(s->n, PROBE_READ, 0, 1, 0);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    if (sense == TGT_SENSE_NONE)
        fake_expect_good(c);
    else
        fake_expect_sense(c, sense);
    fake_cmd_free(c);
}

/* ---- CDB ---- */

static void good(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, PROBE_NOP, 0, 0, 0, 0, 0);
    fake_expect_good(c);
    g_assert_cmpint(c->residual_in, ==, 0);
    g_assert_cmpint(c->residual_out, ==, 0);
    fake_cmd_free(c);
}

static void unknown_opcode(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, 0xef, 0, 0, 0, 0, 0);
    fake_expect_sense(c, TGT_SENSE_INVALID_OPCODE);
    fake_cmd_free(c);
}

static void unknown_service_action(struct scene *s, gconstpointer data)
{
    uint8_t in[12] = {0xa3, 0x1e}, variable[32] = {0x7f, [7] = 24, [8] = 0x12, [9] = 0x34};
    struct fake_cmd *c = fake_run(s->n, 0, in, sizeof in, NULL, 0, 0);
    scene_expect_field(c, 1, 4);
    fake_cmd_free(c);
    c = fake_run(s->n, 0, variable, sizeof variable, NULL, 0, 0);
    scene_expect_field(c, 8, 7);
    fake_cmd_free(c);
}

static void usage_mask(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, PROBE_NOP, 0, 0, 0x24, 0, 0);
    scene_expect_field(c, 3, 5);
    fake_cmd_free(c);
    c = scene_run6(s, PROBE_HOLD, 0x02, 0, 0, 0, 0);
    scene_expect_field(c, 1, 1);
    fake_cmd_free(c);
}

/* Bytes behind the CDB of the command do not count, even where the transport hands over 16. */
static void bytes_behind_the_cdb(struct scene *s, gconstpointer data)
{
    uint8_t cdb[16] = {PROBE_NOP, [6] = 0xff, [15] = 0xff};
    struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, NULL, 0, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
}

static void naca_is_refused(struct scene *s, gconstpointer data)
{
    uint8_t six[6] = {PROBE_NOP, [5] = 0x04}, ten[10] = {PROBE_IN, [9] = 0x04},
            variable[32] = {0x7f, 0x04, [7] = 24, [9] = 2};
    struct fake_cmd *c = fake_run(s->n, 0, six, sizeof six, NULL, 0, 0);
    scene_expect_field(c, 5, 2);
    fake_cmd_free(c);
    c = fake_run(s->n, 0, ten, sizeof ten, NULL, 0, 0);
    scene_expect_field(c, 9, 2);
    fake_cmd_free(c);
    c = fake_run(s->n, 0, variable, sizeof variable, NULL, 0, 0);
    scene_expect_field(c, 1, 2);
    fake_cmd_free(c);
}

static void aca_attribute_is_refused(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_cmd(s->n, PROBE_NOP, 0, TGT_TASK_ACA);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_INVALID_MESSAGE);
    fake_cmd_free(c);
}

static void short_cdb(struct scene *s, gconstpointer data)
{
    uint8_t cdb[10] = {PROBE_IN};
    struct fake_cmd *c = fake_cmd_new(s->n, 0, cdb, sizeof cdb);
    c->cdb_len = 6;
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_CDB);
    fake_cmd_free(c);
}

/* A CDB of 32 bytes must be there as a whole, and say its length. */
static void variable_length_cdb(struct scene *s, gconstpointer data)
{
    uint8_t cdb[32] = {0x7f, [7] = 24, [9] = 2, [31] = 0x05};
    struct fake_cmd *c = fake_run(s->n, 0, cdb, 32, NULL, 0, 32);
    fake_expect_good(c);
    g_assert_cmpmem(c->in, c->in_got, cdb, sizeof cdb);
    fake_cmd_free(c);
    c = fake_run(s->n, 0, cdb, 16, NULL, 0, 32);
    scene_expect_field(c, 7, 7);
    fake_cmd_free(c);
    cdb[7] = 20;
    c = fake_run(s->n, 0, cdb, 32, NULL, 0, 32);
    scene_expect_field(c, 7, 7);
    fake_cmd_free(c);
    cdb[7] = 24;
    cdb[31] = 0x10;
    c = fake_run(s->n, 0, cdb, 32, NULL, 0, 32);
    scene_expect_field(c, 31, 4);
    fake_cmd_free(c);
}

static void cdb_of_260_bytes(struct scene *s, gconstpointer data)
{
    for (unsigned len = 12; len <= 260; len += 4) {
        uint8_t cdb[260] = {0x7f};
        for (unsigned i = 10; i < len; i++)
            cdb[i] = (uint8_t)(i * 3);
        cdb[7] = (uint8_t)(len - 8);
        cdb[9] = 1;
        struct fake_cmd *c = fake_run(s->n, 0, cdb, len, NULL, 0, 260);
        fake_expect_good(c);
        g_assert_cmpmem(c->in, c->in_got, cdb, len);
        fake_cmd_free(c);
    }
}

/* Without an additional length that fits into 260 bytes. */
static void cdb_longer_than_all(struct scene *s, gconstpointer data)
{
    uint8_t cdb[260] = {0x7f, [7] = 253, [9] = 1};
    struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, NULL, 0, 0);
    scene_expect_field(c, 7, 7);
    fake_cmd_free(c);
}

static void lba_out_of_range(struct scene *s, gconstpointer data)
{
    static const struct {
        uint32_t lba;
        uint16_t count;
        bool good;
    } cases[] = {{0, 256, true},  {255, 1, true},         {256, 0, true},
                 {255, 2, false}, {256, 1, false},        {257, 0, false},
                 {0, 257, false}, {0xffffffff, 0, false}, {0xffffffff, 0xffff, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fake_cmd *c = scene_block(s->n, PROBE_READ, cases[i].lba, cases[i].count, 0);
        fake_submit(c);
        fake_wait(c, FAKE_RELEASED);
        if (cases[i].good)
            fake_expect_good(c);
        else
            fake_expect_sense(c, TGT_SENSE_LBA_OUT_OF_RANGE);
        fake_cmd_free(c);
    }
}

static void device_priv_is_zero(struct scene *s, gconstpointer data)
{
    for (unsigned i = 0; i < 3; i++) {
        struct fake_cmd *c = scene_run6(s, PROBE_PRIV, 0, 0, 0, 0, 0);
        fake_expect_good(c);
        fake_cmd_free(c);
    }
}

static void scratch_memory(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c = scene_run6(s, PROBE_SCRATCH, 0, 0, 0, 0, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* ---- LUNs ---- */

static void missing_lun(struct scene *s, gconstpointer data)
{
    uint8_t inquiry[6] = {0x12, [4] = 96}, sense[6] = {0x03, [4] = 252},
            luns[12] = {0xa0, [9] = 64}, tur[6] = {0};
    struct fake_cmd *c = fake_run(s->n, 7, inquiry, sizeof inquiry, NULL, 0, 96);
    fake_expect_good(c);
    g_assert_cmphex(c->in[0], ==, 0x7f);
    fake_cmd_free(c);
    c = fake_run(s->n, 7, sense, sizeof sense, NULL, 0, 252);
    fake_expect_good(c);
    g_assert_cmphex(c->in[2], ==, TGT_KEY_ILLEGAL_REQUEST);
    g_assert_cmphex(c->in[12], ==, 0x25);
    fake_cmd_free(c);
    c = fake_run(s->n, 7, luns, sizeof luns, NULL, 0, 64);
    fake_expect_good(c);
    fake_cmd_free(c);
    c = fake_run(s->n, 7, tur, sizeof tur, NULL, 0, 0);
    fake_expect_sense(c, TGT_SENSE_LUN_NOT_SUPPORTED);
    fake_cmd_free(c);
}

static void lun_formats(void)
{
    static const struct {
        uint8_t lun[8];
        int value; /* -1: none */
    } cases[] = {{{0, 0}, 0},
                 {{0, 5}, 5},
                 {{0, 255}, 255},
                 {{0x40, 5}, 5},
                 {{0x7f, 0xff}, 16383},
                 {{1, 5}, -1},
                 {{0x80, 5}, -1},
                 {{0xc1, 0x01}, -1},
                 {{0xd2, 0, 0, 5}, -1},
                 {{0, 5, 0, 1}, -1},
                 {{0x40, 5, 0, 0, 0, 0, 0, 1}, -1},
                 {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint16_t value = 0xaaaa;
        bool ok = lun_decode(cases[i].lun, &value);
        g_assert_cmpint(ok ? value : -1, ==, cases[i].value);
    }
}

static void lun_encoding_comes_back(void)
{
    for (unsigned lun = 0; lun < 16384; lun++) {
        uint8_t bytes[8];
        uint16_t value;
        lun_encode((uint16_t)lun, bytes);
        g_assert_true(lun_decode(bytes, &value));
        g_assert_cmpuint(value, ==, lun);
        g_assert_cmpuint(bytes[0] >> 6, ==, lun < 256 ? 0 : 1);
    }
}

/* ---- States of the LU ---- */

static void not_ready(struct scene *s, gconstpointer data)
{
    lu_state(&s->lu->pub, TGT_LU_STOPPED, 0);
    expect(s, TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
    lu_state(&s->lu->pub, TGT_LU_NO_MEDIUM, TGT_LU_STOPPED);
    expect(s, TGT_SENSE_NO_MEDIUM);
    lu_state(&s->lu->pub, TGT_LU_OFFLINE, 0);
    expect(s, TGT_SENSE_NOT_READY);
    lu_state(&s->lu->pub, 0, TGT_LU_OFFLINE | TGT_LU_NO_MEDIUM);
    expect(s, TGT_SENSE_NONE);
}

static void offline_still_answers_inquiry(struct scene *s, gconstpointer data)
{
    lu_state(&s->lu->pub, TGT_LU_OFFLINE, 0);
    struct fake_cmd *c = scene_run6(s, 0x12, 0, 0, 0, 96, 96);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* Eject and load through the LU, as an optical drive does; the other nexus learns of it. */
static void medium_apart_from_lu(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = scene_nexus(s, 0, "iqn.2026-11.org.example:other");
    struct fake_cmd *c = scene_block(other, PROBE_READ, 0, 1, 0);
    scene_do(s->n, PROBE_EJECT, 0, 0);
    expect(s, TGT_SENSE_NO_MEDIUM);
    scene_do(s->n, PROBE_LOAD, 0, 0);
    expect(s, TGT_SENSE_NONE);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_MEDIUM_CHANGED);
    fake_cmd_free(c);
}

static void write_protected(struct scene *s, gconstpointer data)
{
    lu_state(&s->lu->pub, TGT_LU_READ_ONLY, 0);
    expect(s, TGT_SENSE_NONE); /* reads */
    struct fake_cmd *c = scene_block(s->n, PROBE_WRITE, 0, 1, 0);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_WRITE_PROTECTED);
    fake_cmd_free(c);
    lu_state(&s->lu->pub, TGT_LU_SWP, TGT_LU_READ_ONLY);
    c = scene_block(s->n, PROBE_WRITE, 0, 1, 0);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_sense(c, TGT_SENSE_SOFTWARE_WRITE_PROTECTED);
    fake_cmd_free(c);
}

/* ---- Long jobs ---- */

static unsigned progress(struct fake_cmd *c)
{
    fake_expect_sense(c, TGT_SENSE_LONG_OPERATION_IN_PROGRESS);
    g_assert_cmphex(c->sense[15], ==, 0x80);
    unsigned value = (unsigned)be_get(c->sense + 16, 2);
    fake_cmd_free(c);
    return value;
}

static void long_job_with_progress(struct scene *s, gconstpointer data)
{
    scene_do(s->n, PROBE_JOB, 0, 0);
    struct fake_cmd *c = scene_run6(s, PROBE_JOB, 0, 0, 0, 0, 0);
    fake_expect_sense(c, TGT_SENSE_COMMAND_SEQUENCE_ERROR);
    fake_cmd_free(c);
    g_assert_cmpuint(progress(scene_run6(s, PROBE_NOP, 0, 0, 0, 0, 0)), ==, 0);
    fake_cmd_free(scene_run6(s, PROBE_JOB, 1, 1, 4, 0, 0));
    g_assert_cmpuint(progress(scene_run6(s, PROBE_NOP, 0, 0, 0, 0, 0)), ==, 16384);
    c = scene_run6(s, 0x03, 0, 0, 0, 252, 252);
    fake_expect_good(c);
    g_assert_cmpuint(be_get(c->in + 16, 2), ==, 16384);
    fake_cmd_free(c);
    scene_do(s->n, PROBE_JOB, 2, 0);
    expect(s, TGT_SENSE_NONE);
}

static void progress_never_says_done(struct scene *s, gconstpointer data)
{
    scene_do(s->n, PROBE_JOB, 0, 0);
    lu_job_progress(&s->lu->pub, UINT64_MAX, UINT64_MAX);
    g_assert_cmpuint(progress(scene_run6(s, PROBE_NOP, 0, 0, 0, 0, 0)), ==, 65535);
    lu_job_end(&s->lu->pub);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/lun-formats", lun_formats);
    g_test_add_func("/cmd/lun-encoding-comes-back", lun_encoding_comes_back);
    SCENE_TEST("/cmd/good", good);
    SCENE_TEST("/cmd/unknown-opcode", unknown_opcode);
    SCENE_TEST("/cmd/unknown-service-action", unknown_service_action);
    SCENE_TEST("/cmd/usage-mask", usage_mask);
    SCENE_TEST("/cmd/bytes-behind-the-cdb", bytes_behind_the_cdb);
    SCENE_TEST("/cmd/naca-is-refused", naca_is_refused);
    SCENE_TEST("/cmd/aca-attribute-is-refused", aca_attribute_is_refused);
    SCENE_TEST("/cmd/short-cdb", short_cdb);
    SCENE_TEST("/cmd/variable-length-cdb", variable_length_cdb);
    SCENE_TEST("/cmd/cdb-of-260-bytes", cdb_of_260_bytes);
    SCENE_TEST("/cmd/cdb-longer-than-all", cdb_longer_than_all);
    SCENE_TEST("/cmd/lba-out-of-range", lba_out_of_range);
    SCENE_TEST("/cmd/device-priv-is-zero", device_priv_is_zero);
    SCENE_TEST("/cmd/scratch-memory", scratch_memory);
    SCENE_TEST("/cmd/missing-lun", missing_lun);
    SCENE_TEST("/cmd/not-ready", not_ready);
    SCENE_TEST("/cmd/offline-still-answers-inquiry", offline_still_answers_inquiry);
    SCENE_TEST("/cmd/medium-apart-from-lu", medium_apart_from_lu);
    SCENE_TEST("/cmd/write-protected", write_protected);
    SCENE_TEST("/cmd/long-job-with-progress", long_job_with_progress);
    SCENE_TEST("/cmd/progress-never-says-done", progress_never_says_done);
    return g_test_run();
}
