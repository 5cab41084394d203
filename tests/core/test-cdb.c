/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All commands of a device type, cut short everywhere, and CDBs of random bytes: each is answered.
 */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "probe-scene.h"

#define BLOCK   512
#define OUT_LEN 65536

static const struct fake_config two_threads = {.threads = 2};

struct all {
    struct scene s;
    uint8_t *out;
};

static void set_up(struct all *a, gconstpointer type)
{
    a->s.fake = fake_start(&two_threads);
    a->s.lu = fake_lun(a->s.fake, 0, type, "mem", (const char *const[]){"size=4M", NULL});
    lu_state(&a->s.lu->pub, TGT_LU_REMOVABLE, 0);
    a->s.n = scene_nexus(&a->s, 0, "iqn.2026-11.org.example:first");
    a->out = g_malloc0(OUT_LEN);
}

static void tear_down(struct all *a, gconstpointer type)
{
    fake_stop(a->s.fake);
    g_free(a->out);
}

/* What a command may have done that would keep the next ones from being tested. */
static void undo(struct all *a)
{
    lu_state(&a->s.lu->pub, 0,
             TGT_LU_STOPPED | TGT_LU_NO_MEDIUM | TGT_LU_JOB | TGT_LU_SWP | TGT_LU_READ_ONLY);
    fake_clear_attention(a->s.n, 0);
}

static void put_cdb(uint8_t *cdb, const struct tgt_scsi_op *row)
{
    memset(cdb, 0, TGT_CDB_MAX);
    cdb[0] = row->opcode;
    if (row->opcode == 0x7f) {
        cdb[7] = (uint8_t)((row->cdb_len ? row->cdb_len : 260) - 8);
        be_put(cdb + 8, 2, row->service_action);
    } else if (row->service_action != TGT_NO_SA) {
        cdb[1] = (uint8_t)row->service_action;
    }
}

static void check_result(const struct fake_cmd *c, const struct tgt_scsi_op *row)
{
    g_assert_false(c->aborted);
    g_assert_cmpint(c->residual_in, ==, (int64_t)c->in_full - c->in_len);
    g_assert_cmpuint(c->in_got, ==, MIN(c->in_full, c->in_len));
    g_assert_cmpuint(c->out_asked, <=, c->out_len);
    if (row->unit == TGT_LEN_ALLOCATION && c->status == TGT_STATUS_GOOD)
        g_assert_cmpuint(c->in_full, <=, be_get(c->cdb + row->length.at, row->length.bytes));
    if (c->status == TGT_STATUS_CHECK_CONDITION)
        g_assert_cmpuint(c->sense_len, >=, 8);
}

/* To be freed. */
static struct fake_cmd *answer(struct all *a, const struct tgt_scsi_op *row, const uint8_t *cdb,
                               unsigned cdb_len, uint32_t out_len, uint32_t in_len)
{
    struct fake_cmd *c = fake_cmd_new(a->s.n, 0, cdb, TGT_CDB_MAX);
    c->cdb_len = (uint16_t)cdb_len;
    c->out = a->out;
    c->out_len = out_len;
    c->in_len = in_len;
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    check_result(c, row);
    undo(a);
    return c;
}

static void run(struct all *a, const struct tgt_scsi_op *row, const uint8_t *cdb, unsigned cdb_len,
                uint32_t out_len, uint32_t in_len)
{
    fake_cmd_free(answer(a, row, cdb, cdb_len, out_len, in_len));
}

static unsigned cdb_len_of(const struct tgt_scsi_op *row)
{
    return row->cdb_len ? row->cdb_len : 260u;
}

/* The next row from *i on whose command ends by itself; NULL at the end. */
static const struct tgt_scsi_op *next_row(struct all *a, unsigned *i)
{
    while (*i < optable_count(a->s.lu->ops)) {
        const struct tgt_scsi_op *row = optable_row(a->s.lu->ops, (*i)++);
        if (row->opcode != PROBE_STAY)
            return row;
    }
    return NULL;
}

/* Of a CDB that is cut short nothing is done. */
static void each_cdb_length(struct all *a, gconstpointer type)
{
    const struct tgt_scsi_op *row;
    uint8_t cdb[TGT_CDB_MAX];
    for (unsigned i = 0; (row = next_row(a, &i)) != NULL;) {
        put_cdb(cdb, row);
        for (unsigned len = 1; len < cdb_len_of(row); len++) {
            struct fake_cmd *c = answer(a, row, cdb, len, OUT_LEN, OUT_LEN);
            g_assert_cmpint(c->status, ==, TGT_STATUS_CHECK_CONDITION);
            g_assert_cmpuint(c->out_asked, ==, 0);
            g_assert_cmpuint(c->in_full, ==, 0);
            fake_cmd_free(c);
        }
        run(a, row, cdb, cdb_len_of(row), OUT_LEN, OUT_LEN);
    }
}

static struct fake_cmd *allocated(struct all *a, const struct tgt_scsi_op *row, uint64_t len,
                                  uint32_t in_len)
{
    uint8_t cdb[TGT_CDB_MAX];
    put_cdb(cdb, row);
    be_put(cdb + row->length.at, row->length.bytes, len);
    return answer(a, row, cdb, cdb_len_of(row), 0, in_len);
}

static void expect_part(struct fake_cmd *c, const struct fake_cmd *full, uint32_t len)
{
    if (c->status != TGT_STATUS_GOOD)
        g_error("opcode %02xh, allocation length %u: status %02xh", c->cdb[0], len, c->status);
    g_assert_cmpuint(c->in_full, ==, MIN(len, full->in_full));
    g_assert_cmpmem(c->in, c->in_got, full->in, c->in_got);
    fake_cmd_free(c);
}

/* REPORT LUNS and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS refuse less (SPC-4 6.33, 6.36). */
static uint32_t least_of(const struct tgt_scsi_op *row)
{
    if (row->opcode == 0xa0)
        return 16;
    return row->opcode == 0xa3 && row->service_action == 0x0d ? 4 : 0;
}

/* Parameter data is cut at the allocation length, and at what the initiator takes, and nowhere else
 * (SPC-5 4.2.5.6): what comes are the first bytes of the whole. */
static void each_allocation_length(struct all *a, gconstpointer type)
{
    const struct tgt_scsi_op *row;
    unsigned rows = 0;
    for (unsigned i = 0; (row = next_row(a, &i)) != NULL;) {
        if (row->unit != TGT_LEN_ALLOCATION || row->length.bytes == 0)
            continue;
        uint64_t most = row->length.bytes == 1 ? 255 : 65535;
        struct fake_cmd *full = allocated(a, row, most, OUT_LEN);
        for (uint32_t len = least_of(row);
             full->status == TGT_STATUS_GOOD && len <= MIN(full->in_full + 8, most); len++) {
            expect_part(allocated(a, row, len, OUT_LEN), full, len);
            expect_part(allocated(a, row, len, len / 2), full, len);
        }
        rows += full->status == TGT_STATUS_GOOD && full->in_full > 0;
        fake_cmd_free(full);
    }
    g_assert_cmpuint(rows, >=, 5);
}

/* The length field of the CDB goes from 0 to beyond what a command has, and so does what the
 * initiator offers. */
static void each_length(struct all *a, gconstpointer type)
{
    const struct tgt_scsi_op *row;
    uint8_t cdb[TGT_CDB_MAX];
    for (unsigned i = 0; (row = next_row(a, &i)) != NULL;) {
        if (row->length.bytes == 0)
            continue;
        uint64_t max = row->length.bytes == 1 ? 255 : 600;
        for (uint64_t len = 0; len <= max; len += len < 40 ? 1 : 37) {
            put_cdb(cdb, row);
            be_put(cdb + row->length.at, row->length.bytes, len);
            run(a, row, cdb, cdb_len_of(row), OUT_LEN, OUT_LEN);
            run(a, row, cdb, cdb_len_of(row), (uint32_t)len, (uint32_t)len);
            run(a, row, cdb, cdb_len_of(row), (uint32_t)len / 2, (uint32_t)len / 2);
            run(a, row, cdb, cdb_len_of(row), 0, 0);
        }
        put_cdb(cdb, row);
        be_put(cdb + row->length.at, row->length.bytes, UINT64_MAX);
        run(a, row, cdb, cdb_len_of(row), OUT_LEN, OUT_LEN);
    }
}

/* The list is as long as the CDB says, but full of something. */
static void each_length_of_noise(struct all *a, gconstpointer type)
{
    for (unsigned i = 0; i < OUT_LEN; i++)
        a->out[i] = (uint8_t)g_test_rand_int();
    each_length(a, type);
}

/* Each bit that a row may have set, alone. */
static void each_usage_bit(struct all *a, gconstpointer type)
{
    const struct tgt_scsi_op *row;
    uint8_t cdb[TGT_CDB_MAX];
    for (unsigned i = 0; (row = next_row(a, &i)) != NULL;)
        for (unsigned byte = 1; byte < MIN(cdb_len_of(row), 32u); byte++)
            for (unsigned bit = 0; bit < 8; bit++) {
                put_cdb(cdb, row);
                if (row->opcode == PROBE_HOLD || !(row->usage[byte] & 1u << bit))
                    continue;
                cdb[byte] ^= (uint8_t)(1u << bit);
                run(a, row, cdb, cdb_len_of(row), BLOCK, BLOCK);
            }
}

/* A bit that a row does not know is refused with a pointer at it. */
static void each_reserved_bit(struct all *a, gconstpointer type)
{
    const struct tgt_scsi_op *row;
    uint8_t cdb[TGT_CDB_MAX];
    for (unsigned i = 0; (row = next_row(a, &i)) != NULL;)
        for (unsigned byte = 1; byte < MIN(cdb_len_of(row), 32u); byte++)
            for (unsigned bit = 0; bit < 8; bit++) {
                put_cdb(cdb, row);
                bool action = byte == 1 && row->service_action != TGT_NO_SA && bit < 5;
                if (action || row->flags & TGT_OP_VENDOR_USAGE || row->usage[byte] & 1u << bit ||
                    (row->opcode == 0x7f && byte >= 7 && byte < 10))
                    continue;
                if (row->supported != NULL && !row->supported(&a->s.lu->pub))
                    continue;
                cdb[byte] |= (uint8_t)(1u << bit);
                struct fake_cmd *c = fake_run(a->s.n, 0, cdb, cdb_len_of(row), NULL, 0, 0);
                scene_expect_field(c, byte, (int)bit);
                fake_cmd_free(c);
            }
}

/* ---- Noise ---- */

static struct fake_cmd *random_cmd(struct all *a)
{
    uint8_t cdb[TGT_CDB_MAX];
    unsigned rows = optable_count(a->s.lu->ops);
    for (unsigned i = 0; i < sizeof cdb; i++)
        cdb[i] = (uint8_t)g_test_rand_int_range(0, 256) & (uint8_t)g_test_rand_int_range(0, 256);
    if (g_test_rand_bit())
        cdb[0] =
            optable_row(a->s.lu->ops, (unsigned)g_test_rand_int_range(0, (gint32)rows))->opcode;
    if (cdb[0] == PROBE_HOLD || cdb[0] == PROBE_STAY)
        cdb[0] = PROBE_NOP;
    struct fake_cmd *c =
        fake_cmd_new(a->s.n, (uint16_t)(g_test_rand_int_range(0, 20) == 0), cdb, sizeof cdb);
    c->cdb_len = (uint16_t)(g_test_rand_bit() ? 16 : g_test_rand_int_range(6, 261));
    c->attr = (uint8_t)g_test_rand_int_range(0, 4);
    c->out = a->out;
    c->out_len = (uint32_t)g_test_rand_int_range(0, OUT_LEN);
    c->in_len = (uint32_t)g_test_rand_int_range(0, OUT_LEN);
    return c;
}

static void random_cdbs(struct all *a, gconstpointer type)
{
    struct fake_cmd *c[100];
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(c); i++)
            fake_submit(c[i] = random_cmd(a));
        for (unsigned i = 0; i < G_N_ELEMENTS(c); i++) {
            fake_wait(c[i], FAKE_RELEASED);
            g_assert_false(c[i]->aborted);
            fake_cmd_free(c[i]);
        }
        undo(a);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn)                                                                                \
    g_test_add("/cdb/probe/" path, struct all, "probe", set_up, fn, tear_down);                    \
    g_test_add("/cdb/disk/" path, struct all, "disk", set_up, fn, tear_down)
    T("each-cdb-length", each_cdb_length);
    T("each-allocation-length", each_allocation_length);
    T("each-length", each_length);
    T("each-length-of-noise", each_length_of_noise);
    T("each-usage-bit", each_usage_bit);
    T("each-reserved-bit", each_reserved_bit);
    T("random-cdbs", random_cdbs);
    return g_test_run();
}
