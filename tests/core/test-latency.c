/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the time of commands goes: which stage a delay is found in, what is counted and what not. */
#include <string.h>

#include "cmd-pool.h"
#include "latency.h"
#include "lu-share.h"
#include "sbc-scene.h"
#include "thread.h"

#define DELAY_US 3000u
#define DELAY_NS (DELAY_US * 1000u)

static const struct disk_config memory = {.store = "mem", .block_size = 512};
static const struct disk_config slow = {
    .store = "fault",
    .block_size = 512,
    .options = (const char *const[]){"size=1M", "delay_ms=3", NULL},
};

/* Of what the test itself does; the disk's setup has left others. */
static struct latency_sum measured(const struct disk *d, enum latency_class class)
{
    struct latency_sum sum;
    latency_collect(d->lu, class, &sum);
    return sum;
}

static uint64_t count(const struct disk *d, enum latency_class class)
{
    return measured(d, class).stages[LATENCY_TOTAL].count;
}

static uint64_t took(const struct latency_sum *sum, enum latency_stage stage)
{
    return sum->stages[stage].sum;
}

static void measure(void *thread)
{
    ((struct tgt_thread *)thread)->cmds->pace = (struct latency_pace){0};
}

/* Whatever has come together before: the next command is measured. */
static void measure_next(const struct disk *d)
{
    struct tgt_thread *thread = fake_thread(d->f, 0);
    fake_call(thread, measure, thread);
}

/* The command is in order and took its time in this stage, and in no other that did not have to. */
static void expect_stage(const struct latency_sum *sum, enum latency_stage stage)
{
    uint64_t parts = 0;
    g_assert_cmpuint(took(sum, stage), >=, DELAY_NS);
    for (unsigned s = 0; s < LATENCY_TOTAL; s++)
        parts += took(sum, s);
    g_assert_cmpuint(parts, ==, took(sum, LATENCY_TOTAL));
}

/* ---- Stages ---- */

static void a_slow_store(struct disk *d, gconstpointer data)
{
    uint8_t block[512];
    measure_next(d);
    disk_read(d, 0, 1, block);
    struct latency_sum sum = measured(d, LATENCY_READ);
    g_assert_cmpuint(sum.stages[LATENCY_STORE].count, ==, 1);
    expect_stage(&sum, LATENCY_STORE);
}

/* A measured write of one block whose data are held back. */
static struct fake_cmd *write_that_waits(struct disk *d, uint8_t *block, size_t size)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x8a, 0, 0, 1);
    struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
    c->out = block;
    c->out_len = size;
    c->hold_data = true;
    measure_next(d);
    fake_submit(c);
    fake_wait(c, FAKE_DATA_OUT);
    return c;
}

static void data_that_come_late(struct disk *d, gconstpointer data)
{
    uint8_t block[512] = {0};
    struct fake_cmd *c = write_that_waits(d, block, sizeof block);
    g_usleep(DELAY_US);
    fake_data(c, 0);
    fake_wait(c, FAKE_RELEASED);
    disk_good(c);
    struct latency_sum sum = measured(d, LATENCY_WRITE);
    expect_stage(&sum, LATENCY_RECEIVE);
}

static void an_initiator_that_reads_late(struct disk *d, gconstpointer data)
{
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x88, 0, 0, 1);
    struct fake_cmd *c = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
    c->in_len = 512;
    c->hold_respond = true;
    measure_next(d);
    fake_submit(c);
    fake_wait(c, FAKE_RESPOND);
    g_usleep(DELAY_US);
    fake_respond(c);
    fake_wait(c, FAKE_RELEASED);
    disk_good(c);
    struct latency_sum sum = measured(d, LATENCY_READ);
    expect_stage(&sum, LATENCY_SEND);
}

/* ---- What is counted ---- */

static void classes_and_sizes(struct disk *d, gconstpointer data)
{
    uint64_t others = count(d, LATENCY_OTHER);
    uint8_t blocks[4096] = {0};
    measure_next(d);
    disk_write(d, 0, 8, blocks);
    measure_next(d);
    disk_read(d, 0, 1, blocks);
    measure_next(d);
    fake_clear_attention(d->n, 1);
    g_assert_cmpuint(count(d, LATENCY_OTHER), ==, others + 1);
    struct latency_sum sum = measured(d, LATENCY_WRITE);
    g_assert_cmpuint(sum.size.buckets[histogram_bucket(4096)], ==, 1);
    sum = measured(d, LATENCY_READ);
    g_assert_cmpuint(sum.size.buckets[histogram_bucket(512)], ==, 1);
    g_assert_cmpuint(sum.size.count, ==, 1);
}

static void an_aborted_command_is_not_counted(struct disk *d, gconstpointer data)
{
    uint8_t block[512] = {0};
    struct fake_cmd *c = write_that_waits(d, block, sizeof block);
    g_assert_cmpint(fake_tmf(d->n, TGT_TMF_ABORT_TASK, 1, c->tag), ==, TGT_TMF_COMPLETE);
    fake_wait(c, FAKE_RELEASED);
    fake_cmd_free(c);
    g_assert_cmpuint(count(d, LATENCY_WRITE), ==, 0);
}

/* Of many at a time some are measured, and stand for the others. */
static void many_at_a_time(struct disk *d, gconstpointer data)
{
    enum { ROUNDS = 200, BATCH = 64 };
    struct fake_cmd *batch[BATCH];
    uint8_t cdb[16];
    disk_cdb16(cdb, 0x88, 0, 0, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BATCH; i++) {
            batch[i] = fake_cmd_new(d->n, 1, cdb, sizeof cdb);
            batch[i]->in_len = 512;
            fake_submit(batch[i]);
        }
        for (unsigned i = 0; i < BATCH; i++) {
            fake_wait(batch[i], FAKE_RELEASED);
            disk_good(batch[i]);
        }
    }
    g_assert_cmpuint(count(d, LATENCY_READ), >, ROUNDS * BATCH * 2 / 3);
    g_assert_cmpuint(count(d, LATENCY_READ), <, ROUNDS * BATCH * 4 / 3);
}

static void each_thread_counts_for_itself(struct disk *d, gconstpointer data)
{
    struct fake_nexus *other = fake_nexus_open(d->f, 1, "iqn.2026-11.org.example:other");
    uint64_t others = count(d, LATENCY_OTHER);
    fake_clear_attention(other, 1); /* the attention, and GOOD */
    g_assert_cmpuint(count(d, LATENCY_OTHER), ==, others + 2);
    g_assert_nonnull(d->lu->latency[LATENCY_OTHER]->next);
    fake_nexus_close(other);
    g_assert_cmpuint(count(d, LATENCY_OTHER), ==, others + 2);
}

static void clear(void *data)
{
    latency_clear(lu_share_find(thread_self(), data));
}

static void a_new_beginning(struct disk *d, gconstpointer data)
{
    measure_next(d);
    disk_fill(d, 0, 1, 1);
    g_assert_cmpuint(count(d, LATENCY_WRITE), ==, 1);
    fake_call(fake_thread(d->f, 0), clear, d->lu);
    for (unsigned class = 0; class < LATENCY_CLASSES; class++)
        g_assert_cmpuint(count(d, class), ==, 0);
    measure_next(d);
    disk_fill(d, 0, 1, 1);
    g_assert_cmpuint(count(d, LATENCY_WRITE), ==, 1);
}

int main(int argc, char **argv)
{
    static const struct disk_config two = {.store = "mem", .block_size = 512, .threads = 2};
    g_test_init(&argc, &argv, NULL);
#define T(name, config, fn)                                                                        \
    g_test_add("/latency/" name, struct disk, &(config), disk_setup, fn, disk_teardown)
    T("a slow store", slow, a_slow_store);
    T("data that come late", memory, data_that_come_late);
    T("an initiator that reads late", memory, an_initiator_that_reads_late);
    T("classes and sizes", memory, classes_and_sizes);
    T("an aborted command is not counted", memory, an_aborted_command_is_not_counted);
    T("many at a time", memory, many_at_a_time);
    T("each thread counts for itself", two, each_thread_counts_for_itself);
    T("a new beginning", memory, a_new_beginning);
    return g_test_run();
}
