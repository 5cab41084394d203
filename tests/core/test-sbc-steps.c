/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of many steps, stores with narrow limits or none of what is native elsewhere, memory
 * that is lent, and sessions that go while a slow store is at work. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "ring.h"
#include "sbc-scene.h"
#include "thread.h"

/* ---- Many steps that each end at once ---- */

/* The stack does not grow with them. */
static void many_steps(struct disk *d, gconstpointer data)
{
    const uint8_t format[6] = {0x04};
    disk_good(fake_run(d->n, 1, format, sizeof format, NULL, 0, 0));
    disk_good(disk_run16(d, 0x8f, 0, 0, 2u << 21, NULL, 0, 0));
}

/* Nor do they keep the thread from hearing of an abort. */
static void many_steps_leave_room(struct disk *d, gconstpointer data)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x8f, 0, 0, UINT32_MAX);
    struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
    fake_submit(c);
    g_assert_cmpint(fake_tmf(d->n, TGT_TMF_ABORT_TASK, 1, c->tag), ==, TGT_TMF_COMPLETE);
    fake_wait(c, FAKE_RELEASED);
    g_assert_true(c->aborted);
    fake_cmd_free(c);
}

/* Something of the thread that wants to be looked at in each turn, as a socket does. */
struct ticker {
    struct tgt_op op;
    struct tgt_thread *thread;
    unsigned ticks;
    bool stop, stopped;
};

static void tick_start(void *ticker)
{
    struct ticker *t = ticker;
    t->thread->ops->timeout(t->thread->ring, &t->op, 1);
}

static void tick(struct tgt_op *op, int64_t res)
{
    struct ticker *t = (struct ticker *)op;
    t->ticks++;
    if (t->stop)
        __atomic_store_n(&t->stopped, true, __ATOMIC_RELEASE);
    else
        tick_start(t);
}

static void tick_stop(void *ticker)
{
    ((struct ticker *)ticker)->stop = true;
}

/* Ticks while the command runs. */
static unsigned ticks_during(struct disk *d, struct fake_cmd *c)
{
    struct ticker t = {.op.done = tick, .thread = fake_thread(d->f, 0)};
    fake_call(t.thread, tick_start, &t);
    fake_submit(c);
    fake_wait(c, FAKE_RELEASED);
    fake_call(t.thread, tick_stop, &t);
    while (!__atomic_load_n(&t.stopped, __ATOMIC_ACQUIRE))
        g_usleep(100);
    disk_good(c);
    return t.ticks;
}

/* A store that does all within submit() does not keep the thread from others: neither in the pieces
 * of one request, nor in the requests of one handler. */
static void long_work_leaves_turns(struct disk *d, gconstpointer data)
{
    enum { MIB = 64 };
    static const struct {
        uint8_t opcode, byte1, out;
    } cases[] = {{0x93, 0, 0}, {0x93, 0, 0x5a}, {0x8f, 0, 0}};
    g_autofree uint8_t *block = g_malloc(d->block_size);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t cdb[16];
        memset(block, cases[i].out, d->block_size);
        disk_cdb16(cdb, cases[i].opcode, cases[i].byte1, 0, (MIB << 20) / d->block_size);
        struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
        c->out = block;
        c->out_len = cases[i].opcode == 0x93 ? d->block_size : 0;
        g_assert_cmpuint(ticks_during(d, c), >=, MIB / 2);
    }
    const uint8_t format[6] = {0x04};
    g_assert_cmpuint(ticks_during(d, fake_cmd_new(d->n, 1, format, sizeof format)), >=, MIB / 2);
}

/* ---- Emulation ---- */

/* The store zeroes the first pieces and then finds that it cannot: the host goes on with zeroes,
 * not with what stood in its memory before. */
static void zeroing_that_fails_on_the_way(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *block = g_malloc0(d->block_size);
    disk_fill(d, 0, 2048, 0xee);
    disk_good(disk_run16(d, 0x93, 0, 0, 1000, block, d->block_size, 0));
    disk_expect_fill(d, 0, 1000, 0);
    disk_expect_fill(d, 1000, 1048, 0xee);
}

/* An emulated COMPARE AND WRITE keeps to the largest transfer of the store. */
static void compare_write_in_pieces(struct disk *d, gconstpointer data)
{
    enum { BLOCKS = 100 };
    uint32_t len = BLOCKS * d->block_size;
    g_autofree uint8_t *halves = disk_pattern(d, 2 * BLOCKS, 1), *in = g_malloc(len);
    uint8_t cdb[16] = {0x89, [9] = 3, [13] = BLOCKS};
    disk_write(d, 3, BLOCKS, halves);
    disk_good(fake_run(d->n, 1, cdb, sizeof cdb, halves, 2 * len, 0));
    disk_read(d, 3, BLOCKS, in);
    g_assert_cmpmem(in, len, halves + len, len);
    memcpy(halves, in, len);
    halves[len - 7] ^= 1;
    struct fake_cmd *c = fake_run(d->n, 1, cdb, sizeof cdb, halves, 2 * len, 0);
    fake_expect_sense(c, TGT_SENSE_MISCOMPARE);
    g_assert_cmpuint(be_get(c->sense + 3, 4), ==, len - 7);
    fake_cmd_free(c);
}

/* ---- Memory that is lent ---- */

static struct fake_cmd *send_read(struct disk *d, bool hold)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x88, 0, 0, 1);
    struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
    c->in_len = d->block_size;
    c->hold_respond = hold;
    fake_submit(c);
    return c;
}

static struct fake_cmd *send_write(struct disk *d, const uint8_t *block, enum tgt_task_attr attr)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x8a, 0, 0, 1);
    struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
    c->out = block;
    c->out_len = d->block_size;
    c->attr = attr;
    fake_submit(c);
    return c;
}

static void end_good(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* What is still to be sent for an older READ must not be what an ORDERED task has written. */
static void ordered_waits_for_lent_memory(struct disk *d, gconstpointer data)
{
    g_autofree uint8_t *block = disk_pattern(d, 1, 2);
    struct fake_cmd *read = send_read(d, true);
    fake_wait(read, FAKE_RESPOND);
    struct fake_cmd *write = send_write(d, block, TGT_TASK_ORDERED);
    fake_wait_state(write, TGT_CMD_BLOCKED);
    fake_respond(read);
    end_good(write);
    end_good(read);
}

/* Nothing is lent to a nexus whose data are checksummed. */
static void nothing_is_lent_if_data_must_be_stable(struct disk *d, gconstpointer data)
{
    struct fake_cmd *c = send_read(d, true);
    fake_wait(c, FAKE_RESPOND);
    g_assert_cmpuint(core_cmd(c->cmd)->in_chunks, ==, 0);
    fake_respond(c);
    end_good(c);
    fake_nexus_core(d->n)->stable_data = true;
    c = send_read(d, true);
    fake_wait(c, FAKE_RESPOND);
    g_assert_cmpuint(core_cmd(c->cmd)->in_chunks, ==, 1);
    fake_respond(c);
    end_good(c);
}

/* ---- The write cache ---- */

/* MODE SELECT turns the cache off only after what is in it has become durable. */
static void write_cache_off_flushes(struct disk *d, gconstpointer data)
{
    const uint8_t cdb[6] = {0x15, 0x10, [4] = 24};
    static const uint8_t list[24] = {[4] = 0x08, [5] = 0x12};
    for (unsigned i = 0; i < 2; i++) {
        disk_sense(fake_run(d->n, 1, cdb, sizeof cdb, list, sizeof list, 0), TGT_SENSE_WRITE_ERROR);
        g_assert_true(tgt_lu_is(&d->lu->pub, TGT_LU_WCE));
    }
}

/* ---- A slow store ---- */

#define IN_FLIGHT 128

/* What no worker has begun is given up: the session is gone after one delay of a second, not after
 * four. */
static void session_that_goes(struct disk *d, gconstpointer data)
{
    struct fake_cmd *c[IN_FLIGHT];
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        c[i] = send_read(d, false);
        fake_wait_state(c[i], TGT_CMD_BS);
    }
    gint64 start = g_get_monotonic_time();
    fake_nexus_close_start(d->n);
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        fake_wait(c[i], FAKE_RELEASED);
    fake_nexus_wait(d->n);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 2500000);
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        fake_cmd_free(c[i]);
    d->n = fake_nexus_open(d->f, 0, "iqn.2026-01.org.example:later");
    fake_clear_attention(d->n, 1);
    end_good(send_read(d, false));
}

static const struct disk_config
    huge = {.store = "null", .options = (const char *const[]){"size=16T", NULL}},
    no_zeroes = {.store = "fault",
                 .options = (const char *const[]){"size=1M", "max_discard=64K", "zeroes=EOPNOTSUPP",
                                                  "from=128K", NULL}},
    large = {.store = "fault",
             .options = (const char *const[]){"size=64M", "zeroes=EOPNOTSUPP", NULL}},
    large_poll = {.store = "fault",
                  .ring = "poll",
                  .options = (const char *const[]){"size=64M", "zeroes=EOPNOTSUPP", NULL}},
    narrow = {.store = "fault",
              .options = (const char *const[]){"size=1M", "max_transfer=4K", NULL}},
    no_flush = {.store = "fault", .options = (const char *const[]){"size=1M", "flush=EIO", NULL}},
    lending = {.store = "mem"},
    slow = {.store = "mem-blocking",
            .options = (const char *const[]){"size=1M", "delay_ms=1000", NULL}};

static const struct {
    const char *name;
    const struct disk_config *config;
    void (*fn)(struct disk *d, gconstpointer data);
} tests[] = {
    {"many steps", &huge, many_steps},
    {"many steps leave room", &huge, many_steps_leave_room},
    {"long work leaves turns", &large, long_work_leaves_turns},
    {"long work leaves turns (poll)", &large_poll, long_work_leaves_turns},
    {"zeroing that fails on the way", &no_zeroes, zeroing_that_fails_on_the_way},
    {"compare and write in pieces", &narrow, compare_write_in_pieces},
    {"ordered waits for lent memory", &lending, ordered_waits_for_lent_memory},
    {"nothing is lent if data must be stable", &lending, nothing_is_lent_if_data_must_be_stable},
    {"write cache off flushes", &no_flush, write_cache_off_flushes},
    {"session that goes", &slow, session_that_goes},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/sbc-steps/%s", tests[i].name);
        g_test_add(path, struct disk, tests[i].config, disk_setup, tests[i].fn, disk_teardown);
    }
    return g_test_run();
}
