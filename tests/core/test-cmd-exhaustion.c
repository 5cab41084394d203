/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thousand commands and few buffers: they wait, nothing is lost, all bytes are right, and all
 * buffers come back. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "buffer.h"
#include "probe-scene.h"
#include "thread.h"

#define COUNT  1000
#define BLOCKS 128 /* of 512 bytes: one large chunk */

static const struct fake_config few_buffers = {.threads = 1, .buffer_memory = 1024 * 1024};
static const struct fake_config few_buffers_poll = {
    .threads = 1, .buffer_memory = 1024 * 1024, .ring = "poll"};
static const struct fake_config two_threads = {.threads = 2, .buffer_memory = 1024 * 1024};

struct disk {
    struct scene s;
    struct fake_cmd *c[COUNT];
    uint8_t *data; /* of command i: at i * BLOCKS * 512 */
};

static void set_up(struct disk *d, gconstpointer config)
{
    d->s.fake = fake_start(config);
    d->s.lu =
        fake_lun(d->s.fake, 0, "disk", "mem-blocking", (const char *const[]){"size=128M", NULL});
    d->s.n = scene_nexus(&d->s, 0, "iqn.2026-11.org.example:first");
    d->data = g_malloc(COUNT * (gsize)BLOCKS * 512);
    for (size_t i = 0; i < COUNT * (size_t)BLOCKS * 512 / 8; i++)
        ((uint64_t *)(void *)d->data)[i] = i * UINT64_C(0x9e3779b97f4a7c15);
}

static void look_at_buffers(void *data)
{
    struct buffer_stats *stats = data;
    buffer_pool_stats(thread_self()->buffers, stats);
}

static void expect_all_buffers_back(struct disk *d)
{
    struct buffer_stats stats;
    fake_call(fake_thread(d->s.fake, 0), look_at_buffers, &stats);
    g_assert_cmpuint(stats.used, ==, 0);
}

static void tear_down(struct disk *d, gconstpointer config)
{
    expect_all_buffers_back(d);
    fake_stop(d->s.fake);
    g_free(d->data);
}

static struct fake_cmd *rw(struct fake_nexus *n, uint8_t opcode, unsigned i, uint8_t *out)
{
    uint8_t cdb[10] = {opcode};
    be_put(cdb + 2, 4, i * BLOCKS);
    be_put(cdb + 7, 2, BLOCKS);
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->out = out;
    c->out_len = out ? BLOCKS * 512 : 0;
    c->in_len = out ? 0 : BLOCKS * 512;
    return c;
}

static void write_all(struct disk *d)
{
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] = rw(d->s.n, 0x2a, i, d->data + (size_t)i * BLOCKS * 512);
        fake_submit(d->c[i]);
    }
}

static void end_all(struct disk *d)
{
    for (unsigned i = 0; i < COUNT; i++) {
        fake_wait(d->c[i], FAKE_RELEASED);
        fake_expect_good(d->c[i]);
        fake_cmd_free(d->c[i]);
    }
}

static void read_all(struct disk *d)
{
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] = rw(d->s.n, 0x28, i, NULL);
        fake_submit(d->c[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        fake_wait(d->c[i], FAKE_RELEASED);
        g_assert_cmpmem(d->c[i]->in, d->c[i]->in_got, d->data + (size_t)i * BLOCKS * 512,
                        BLOCKS * 512);
    }
    end_all(d);
}

static void writes_then_reads(struct disk *d, gconstpointer config)
{
    write_all(d);
    end_all(d);
    read_all(d);
}

/* Reads and writes together: neither starves the other. */
static void both_at_once(struct disk *d, gconstpointer config)
{
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] =
            rw(d->s.n, i % 2 ? 0x28 : 0x2a, i, i % 2 ? NULL : d->data + (size_t)i * BLOCKS * 512);
        fake_submit(d->c[i]);
    }
    end_all(d);
}

static void expect_served(struct disk *d, struct fake_nexus *n)
{
    struct fake_cmd *c[] = {rw(n, 0x2a, 0, d->data), rw(n, 0x28, 0, NULL)};
    for (unsigned i = 0; i < G_N_ELEMENTS(c); i++) {
        fake_submit(c[i]);
        fake_wait(c[i], FAKE_RELEASED);
        fake_expect_good(c[i]);
        fake_cmd_free(c[i]);
    }
}

/* One nexus neither sends data nor takes any, and has more commands than there are buffers. */
static void greedy_nexus(struct disk *d, gconstpointer config)
{
    struct fake_nexus *other = scene_nexus(&d->s, 0, "iqn.2026-11.org.example:other");
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] = rw(d->s.n, i % 2 ? 0x28 : 0x2a, i, i % 2 ? NULL : d->data);
        d->c[i]->hold_data = d->c[i]->hold_respond = true;
        fake_submit(d->c[i]);
    }
    for (unsigned i = 0; i < 10; i++)
        expect_served(d, other);
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % 2 == 0)
            fake_data(d->c[i], 0);
        fake_respond(d->c[i]);
    }
    end_all(d);
}

struct hinders {
    struct fake_nexus *n;
    bool in, out, either;
};

static void look_who_hinders(void *data)
{
    struct hinders *h = data;
    h->in = nexus_hinders(fake_nexus_core(h->n), TGT_DIR_IN);
    h->out = nexus_hinders(fake_nexus_core(h->n), TGT_DIR_OUT);
    h->either = nexus_hinders(fake_nexus_core(h->n), TGT_DIR_BIDI);
}

static void expect_hinders(struct disk *d, struct fake_nexus *n, bool in, bool out)
{
    struct hinders h = {.n = n};
    fake_call(fake_thread(d->s.fake, 0), look_who_hinders, &h);
    g_assert_true(h.in == in && h.out == out && h.either == (in || out));
}

/* One nexus holds buffers that another one waits for, in one direction. */
static void who_hinders(struct disk *d, gconstpointer config)
{
    struct fake_nexus *other = scene_nexus(&d->s, 0, "iqn.2026-11.org.example:other");
    struct fake_cmd *c[32];
    for (unsigned i = 0; i < G_N_ELEMENTS(c); i++) {
        c[i] = rw(i % 2 ? d->s.n : other, 0x2a, i, d->data);
        c[i]->hold_data = true;
    }
    for (unsigned i = 1; i < G_N_ELEMENTS(c); i += 2)
        fake_submit(c[i]);
    fake_wait(c[1], FAKE_DATA_OUT);
    expect_hinders(d, d->s.n, false, false);
    for (unsigned i = 0; i < G_N_ELEMENTS(c); i += 2)
        fake_submit(c[i]);
    fake_wait(c[G_N_ELEMENTS(c) - 2], FAKE_SUBMITTED);
    expect_hinders(d, d->s.n, false, true);
    for (unsigned i = 0; i < G_N_ELEMENTS(c); i++) {
        fake_data(c[i], 0);
        fake_wait(c[i], FAKE_RELEASED);
        fake_cmd_free(c[i]);
    }
    expect_hinders(d, d->s.n, false, false);
}

/* Writes hold their data while they wait for an ORDERED read, which needs buffers itself. */
static void waiting_writes_leave_room(struct disk *d, gconstpointer config)
{
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] = rw(d->s.n, i % 10 == 0 ? 0x28 : 0x2a, i, i % 10 == 0 ? NULL : d->data);
        d->c[i]->attr = i % 10 == 0 ? TGT_TASK_ORDERED : TGT_TASK_SIMPLE;
        fake_submit(d->c[i]);
    }
    end_all(d);
}

/* Parameter data waits for buffers, too, and is answered in full. */
static void inquiries_between(struct disk *d, gconstpointer config)
{
    uint8_t inquiry[6] = {0x12, [4] = 96};
    for (unsigned i = 0; i < COUNT; i++) {
        d->c[i] =
            i % 3 ? rw(d->s.n, 0x2a, i, d->data) : fake_cmd_new(d->s.n, 0, inquiry, sizeof inquiry);
        d->c[i]->in_len = i % 3 ? 0 : 96;
        fake_submit(d->c[i]);
    }
    for (unsigned i = 0; i < COUNT; i += 3) {
        fake_wait(d->c[i], FAKE_RELEASED);
        g_assert_cmpuint(d->c[i]->in_got, >=, 36);
    }
    end_all(d);
}

/* Commands that need memory to work with: opcode and byte 1, how long the CDB is, where and in how
 * many bytes the length stands, its value, bytes of Data-Out and of Data-In. */
static const struct worker {
    uint8_t opcode, b1, cdb_len, at, bytes;
    uint32_t length, out, in;
} workers[] = {
    {0x89, 0, 16, 13, 1, 4, 4096, 0},     /* COMPARE AND WRITE */
    {0x8b, 0, 16, 10, 4, 8, 4096, 0},     /* ORWRITE(16) */
    {0x41, 0, 10, 7, 2, 128, 512, 0},     /* WRITE SAME(10) */
    {0x93, 1, 16, 10, 4, 128, 0, 0},      /* WRITE SAME(16) without data */
    {0x2f, 0, 10, 7, 2, 128, 0, 0},       /* VERIFY(10) */
    {0x2e, 2, 10, 7, 2, 8, 4096, 0},      /* WRITE AND VERIFY(10) */
    {0x34, 0, 10, 7, 2, 128, 0, 0},       /* PRE-FETCH(10) */
    {0x9e, 0x12, 16, 10, 4, 512, 0, 512}, /* GET LBA STATUS */
    {0xa0, 0, 12, 6, 4, 0x30000, 0, 16},  /* REPORT LUNS */
};

/* On the same 64 KiB as the i-th rw(). */
static struct fake_cmd *work(struct disk *d, const struct worker *w, unsigned i)
{
    static const uint8_t zeroes[4096];
    uint8_t cdb[16] = {w->opcode, w->b1};
    if (w->cdb_len != 12)
        be_put(cdb + 2, w->cdb_len == 10 ? 4 : 8, i * 128u);
    be_put(cdb + w->at, w->bytes, w->length);
    struct fake_cmd *c = fake_cmd_new(d->s.n, 0, cdb, w->cdb_len);
    c->out = w->opcode == 0x41 ? d->data : zeroes;
    c->out_len = w->out;
    c->in_len = w->in;
    return c;
}

/* Their memory is waited for as well: none of them is told to come again, although many wait for
 * buffers. Those that compare find others than they expect. */
static void work_between(struct disk *d, gconstpointer config)
{
    for (unsigned i = 0; i < COUNT; i++) {
        bool is_read = i % 4 == 0;
        d->c[i] =
            is_read ? rw(d->s.n, 0x28, i, NULL) : work(d, &workers[i % G_N_ELEMENTS(workers)], i);
        fake_submit(d->c[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        fake_wait(d->c[i], FAKE_RELEASED);
        if (d->c[i]->status == TGT_STATUS_CHECK_CONDITION)
            fake_expect_sense(d->c[i], TGT_SENSE_MISCOMPARE);
        else
            g_assert_true(d->c[i]->status == TGT_STATUS_GOOD ||
                          d->c[i]->status == TGT_STATUS_CONDITION_MET);
        fake_cmd_free(d->c[i]);
    }
}

/* The nexus goes while most wait: all are released. */
static void lost_nexus(struct disk *d, gconstpointer config)
{
    write_all(d);
    fake_nexus_close_start(d->s.n);
    for (unsigned i = 0; i < COUNT; i++) {
        fake_wait(d->c[i], FAKE_RELEASED);
        fake_cmd_free(d->c[i]);
    }
    fake_nexus_wait(d->s.n);
}

static void lu_reset(struct disk *d, gconstpointer config)
{
    write_all(d);
    g_assert_cmpint(fake_tmf(d->s.n, TGT_TMF_LOGICAL_UNIT_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    for (unsigned i = 0; i < COUNT; i++) {
        g_assert_true(fake_happened(d->c[i], FAKE_RELEASED));
        fake_cmd_free(d->c[i]);
    }
    fake_clear_attention(d->s.n, 0);
    write_all(d);
    end_all(d);
    read_all(d);
}

static struct fake_cmd *large(struct disk *d, uint8_t opcode, unsigned blocks)
{
    uint8_t cdb[10] = {opcode};
    be_put(cdb + 7, 2, blocks);
    bool out = opcode == 0x2a;
    return fake_run(d->s.n, 0, cdb, sizeof cdb, d->data, out ? blocks * 512 : 0,
                    out ? 0 : blocks * 512);
}

/* What would never get its buffers is refused, not waited for: initiators have been told. */
static void larger_than_the_pool(struct disk *d, gconstpointer config)
{
    static const uint8_t opcodes[] = {0x28, 0x2a};
    static const unsigned blocks[] = {257, 2049, 4096};
    for (unsigned o = 0; o < G_N_ELEMENTS(opcodes); o++)
        for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++) {
            struct fake_cmd *c = large(d, opcodes[o], blocks[i]);
            scene_expect_field(c, 7, 7);
            fake_cmd_free(c);
        }
}

/* An eighth of a small pool. */
static void as_large_as_possible(struct disk *d, gconstpointer config)
{
    struct fake_cmd *c = large(d, 0x2a, 256);
    fake_expect_good(c);
    fake_cmd_free(c);
    c = large(d, 0x28, 256);
    fake_expect_good(c);
    g_assert_cmpmem(c->in, c->in_got, d->data, 256 * 512);
    fake_cmd_free(c);
}

/* Block Limits says how long that is. */
static void block_limits(struct disk *d, gconstpointer config)
{
    static const uint8_t inquiry[6] = {0x12, 1, 0xb0, 0, 64};
    struct fake_cmd *c = fake_run(d->s.n, 0, inquiry, sizeof inquiry, NULL, 0, 64);
    fake_expect_good(c);
    uint64_t most = be_get(c->in + 8, 4), optimal = be_get(c->in + 12, 4);
    g_assert_cmpuint(most, ==, 256);
    g_assert_cmpuint(optimal, <=, most);
    g_assert_cmpuint(c->in[5], ==, 128); /* MAXIMUM COMPARE AND WRITE LENGTH */
    fake_cmd_free(c);
}

static void more_commands_than_allowed(struct disk *d, gconstpointer config)
{
    struct fake_cmd *c[3];
    fake_nexus_core(d->s.n)->cmd_max = 2;
    for (unsigned i = 0; i < 3; i++) {
        c[i] = rw(d->s.n, 0x28, i, NULL);
        c[i]->hold_respond = true;
        fake_submit(c[i]);
    }
    fake_wait(c[2], FAKE_RELEASED);
    g_assert_true(c[2]->refused);
    for (unsigned i = 0; i < 2; i++) {
        fake_respond(c[i]);
        fake_wait(c[i], FAKE_RELEASED);
        fake_expect_good(c[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        fake_cmd_free(c[i]);
}

/* ---- Fragments ---- */

enum { WRITES = 16, READS = WRITES * 15 };

static struct fake_cmd *probe_out(struct fake_nexus *n)
{
    static const uint8_t cdb[10] = {PROBE_OUT, [7] = 0x10};
    static uint8_t out[4096];
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)i;
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->out = out;
    c->out_len = sizeof out;
    return c;
}

static struct fake_cmd *probe_in(struct fake_nexus *n, uint16_t lun, uint16_t len)
{
    uint8_t cdb[10] = {PROBE_IN, [3] = 1};
    be_put(cdb + 7, 2, len);
    struct fake_cmd *c = fake_cmd_new(n, lun, cdb, sizeof cdb);
    c->in_len = len;
    return c;
}

static void end(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* Small writes wait for an ORDERED read, and came between small reads of another LU, so that none
 * stands beside another one in memory: the read finds a large chunk nevertheless. */
static void fragments(struct scene *s, gconstpointer config)
{
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=1M", NULL});
    fake_clear_attention(s->n, 0);
    fake_clear_attention(s->n, 1);
    struct fake_cmd *first = scene_cmd(s->n, PROBE_HOLD, 1, TGT_TASK_SIMPLE),
                    *ordered = probe_in(s->n, 0, 65535), *writes[WRITES], *reads[READS];
    ordered->attr = TGT_TASK_ORDERED;
    fake_submit(first);
    fake_submit(ordered);
    for (unsigned i = 0; i < READS; i++) {
        reads[i] = probe_in(s->n, 1, 4096);
        reads[i]->hold_respond = true;
        fake_submit(reads[i]);
        if (i % 15 == 14)
            fake_submit(writes[i / 15] = probe_out(s->n));
    }
    for (unsigned i = 0; i < READS; i++) {
        fake_respond(reads[i]);
        end(reads[i]);
    }
    scene_do(s->n, PROBE_RESUME, 0, 0);
    end(first);
    end(ordered);
    for (unsigned i = 0; i < WRITES; i++)
        end(writes[i]);
}

/* A parameter list that is longer: its length is right, but there is no room for it. */
static void parameters_larger_than_the_pool(struct scene *s, gconstpointer config)
{
    uint8_t cdb[10] = {PROBE_MIRROR};
    g_autofree uint8_t *out = g_malloc0(131073);
    be_put(cdb + 2, 4, 131072);
    struct fake_cmd *c = fake_run(s->n, 0, cdb, sizeof cdb, out, 131072, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
    be_put(cdb + 2, 4, 131073);
    c = fake_run(s->n, 0, cdb, sizeof cdb, out, 131073, 0);
    fake_expect_sense(c, TGT_SENSE_INSUFFICIENT_RESOURCES);
    fake_cmd_free(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, config, fn)                                                                        \
    g_test_add("/cmd-exhaustion/" path, struct disk, config, set_up, fn, tear_down)
    T("writes-then-reads", &few_buffers, writes_then_reads);
    T("writes-then-reads/poll", &few_buffers_poll, writes_then_reads);
    T("both-at-once", &few_buffers, both_at_once);
    T("greedy-nexus", &few_buffers, greedy_nexus);
    T("greedy-nexus/poll", &few_buffers_poll, greedy_nexus);
    T("who-hinders", &few_buffers, who_hinders);
    T("waiting-writes-leave-room", &few_buffers, waiting_writes_leave_room);
    T("waiting-writes-leave-room/two-threads", &two_threads, waiting_writes_leave_room);
    T("inquiries-between", &few_buffers, inquiries_between);
    T("work-between", &few_buffers, work_between);
    T("lost-nexus", &few_buffers, lost_nexus);
    T("lu-reset", &few_buffers, lu_reset);
    T("larger-than-the-pool", &few_buffers, larger_than_the_pool);
    T("as-large-as-possible", &few_buffers, as_large_as_possible);
    T("block-limits", &few_buffers, block_limits);
    T("more-commands-than-allowed", &few_buffers, more_commands_than_allowed);
    SCENE_TEST_WITH("/cmd-exhaustion/fragments", &few_buffers, fragments);
    SCENE_TEST_WITH("/cmd-exhaustion/parameters-larger-than-the-pool", &few_buffers,
                    parameters_larger_than_the_pool);
    return g_test_run();
}
