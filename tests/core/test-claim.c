/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims: commands that are alone on their blocks or on the LU, against commands of all threads. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "probe-scene.h"

static const struct fake_config two_threads = {.threads = 2};
static const struct fake_config four_threads = {.threads = 4};
static const struct fake_config four_threads_poll = {.threads = 4, .ring = "poll"};

static struct fake_cmd *send(struct fake_nexus *n, uint8_t opcode, uint32_t lba, uint16_t count)
{
    struct fake_cmd *c = scene_block(n, opcode, lba, count, 0);
    fake_submit(c);
    return c;
}

static struct fake_cmd *stay(struct fake_nexus *n, uint32_t lba, uint16_t count)
{
    struct fake_cmd *c = send(n, PROBE_STAY, lba, count);
    fake_wait_state(c, TGT_CMD_EXEC);
    return c;
}

static void end_good(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    fake_cmd_free(c);
}

static void resume(struct scene *s)
{
    scene_do(s->n, PROBE_RESUME, 0, 0);
}

static void nothing(void *data)
{
}

static void settle(struct scene *s, unsigned threads)
{
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < threads; i++)
            fake_call(fake_thread(s->fake, i), nothing, NULL);
}

/* ---- One thread ---- */

static void without_others(struct scene *s, gconstpointer data)
{
    for (unsigned i = 0; i < 3; i++) {
        end_good(send(s->n, PROBE_RANGE, 0, 8));
        end_good(send(s->n, PROBE_ALONE, 0, 0));
    }
}

static void waits_for_those_on_its_blocks(struct scene *s, gconstpointer data)
{
    struct fake_cmd *there = stay(s->n, 10, 5), *claim = send(s->n, PROBE_RANGE, 14, 1);
    fake_wait_state(claim, TGT_CMD_BLOCKED);
    end_good(send(s->n, PROBE_RANGE, 15, 5));
    end_good(send(s->n, PROBE_RANGE, 5, 5));
    end_good(send(s->n, PROBE_WRITE, 0, 14));
    resume(s);
    end_good(there);
    end_good(claim);
}

static void those_behind_a_claim_wait(struct scene *s, gconstpointer data)
{
    struct fake_cmd *c[4];
    c[0] = stay(s->n, 0, 10);
    c[1] = send(s->n, PROBE_RANGE, 5, 10);
    c[2] = send(s->n, PROBE_WRITE, 14, 1);
    c[3] = send(s->n, PROBE_RANGE, 14, 1);
    for (unsigned i = 1; i < 4; i++)
        fake_wait_state(c[i], TGT_CMD_BLOCKED);
    end_good(send(s->n, PROBE_WRITE, 15, 10));
    end_good(send(s->n, PROBE_NOP, 0, 0));
    resume(s);
    for (unsigned i = 0; i < 4; i++)
        fake_wait(c[i], FAKE_RELEASED);
    for (unsigned i = 1; i < 4; i++)
        g_assert_cmpuint(c[i - 1]->number, <, c[i]->number);
    for (unsigned i = 0; i < 4; i++)
        end_good(c[i]);
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
}

static void alone_on_the_lu(struct scene *s, gconstpointer data)
{
    struct fake_cmd *there = stay(s->n, 200, 1), *alone = send(s->n, PROBE_ALONE, 0, 1);
    fake_wait_state(alone, TGT_CMD_BLOCKED);
    struct fake_cmd *behind = send(s->n, PROBE_READ, 100, 1);
    fake_wait_state(behind, TGT_CMD_BLOCKED);
    resume(s);
    end_good(there);
    end_good(alone);
    end_good(behind);
}

/* A slow initiator that owes data must not keep others from their claims. */
static void does_not_wait_for_data(struct scene *s, gconstpointer data)
{
    static const uint8_t out[512];
    uint8_t write[10] = {0x2a, [8] = 1}, compare_write[16] = {0x89, [13] = 1};
    static const uint8_t both[1024];
    fake_lun(s->fake, 1, "disk", "mem", (const char *const[]){"size=1M", NULL});
    fake_clear_attention(s->n, 1);
    struct fake_cmd *slow = fake_cmd_new(s->n, 1, write, sizeof write);
    slow->out = out;
    slow->out_len = sizeof out;
    slow->hold_data = true;
    fake_submit(slow);
    fake_wait(slow, FAKE_DATA_OUT);
    struct fake_cmd *c =
        fake_run(s->n, 1, compare_write, sizeof compare_write, both, sizeof both, 0);
    fake_expect_good(c);
    fake_cmd_free(c);
    fake_data(slow, 0);
    end_good(slow);
}

static struct fake_cmd *disk_read(struct fake_nexus *n)
{
    uint8_t read[10] = {0x28, [8] = 1};
    struct fake_cmd *c = fake_cmd_new(n, 1, read, sizeof read);
    c->in_len = 512;
    c->hold_respond = true;
    fake_submit(c);
    fake_wait(c, FAKE_RESPOND);
    return c;
}

static struct fake_cmd *disk_compare_write(struct fake_nexus *n)
{
    static const uint8_t both[1024];
    uint8_t cdb[16] = {0x89, [13] = 1};
    struct fake_cmd *c = fake_cmd_new(n, 1, cdb, sizeof cdb);
    c->out = both;
    c->out_len = sizeof both;
    fake_submit(c);
    return c;
}

/* A response that is sent from the store's own memory is a read that is still under way. */
static void waits_for_lent_memory(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "disk", "mem", (const char *const[]){"size=1M", NULL});
    fake_clear_attention(s->n, 1);
    struct fake_cmd *read = disk_read(s->n), *write = disk_compare_write(s->n);
    fake_wait_state(write, TGT_CMD_BLOCKED);
    fake_respond(read);
    end_good(write);
    end_good(read);
}

static void does_not_wait_for_a_slow_reader(struct scene *s, gconstpointer data)
{
    fake_lun(s->fake, 1, "disk", "mem-blocking", (const char *const[]){"size=1M", NULL});
    fake_clear_attention(s->n, 1);
    struct fake_cmd *read = disk_read(s->n);
    end_good(disk_compare_write(s->n));
    fake_respond(read);
    end_good(read);
}

/* ---- Threads ---- */

static void over_threads(struct scene *s, unsigned from)
{
    struct fake_nexus *a = scene_nexus(s, from, "iqn.2026-11.org.example:a");
    struct fake_nexus *b = scene_nexus(s, 1 - from, "iqn.2026-11.org.example:b");
    struct fake_cmd *there = stay(b, 0, 8), *claim = send(a, PROBE_RANGE, 0, 8);
    fake_wait_state(claim, TGT_CMD_BLOCKED);
    settle(s, 2);
    struct fake_cmd *behind = send(b, PROBE_WRITE, 7, 1);
    fake_wait_state(behind, TGT_CMD_BLOCKED);
    end_good(send(b, PROBE_WRITE, 8, 1));
    resume(s);
    end_good(there);
    end_good(claim);
    end_good(behind);
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
}

static void over_threads_from_0(struct scene *s, gconstpointer data)
{
    over_threads(s, 0);
}

static void over_threads_from_1(struct scene *s, gconstpointer data)
{
    over_threads(s, 1);
}

/* ---- Stress ---- */

#define NEXUSES 8
#define STREAM  600

static struct fake_cmd *random_cmd(struct fake_nexus *n)
{
    static const uint8_t opcodes[] = {PROBE_READ,  PROBE_READ,  PROBE_WRITE, PROBE_WRITE,
                                      PROBE_RANGE, PROBE_RANGE, PROBE_RANGE};
    uint8_t opcode = opcodes[g_test_rand_int_range(0, G_N_ELEMENTS(opcodes))];
    if (g_test_rand_int_range(0, 50) == 0)
        opcode = PROBE_ALONE;
    return scene_block(n, opcode, (uint32_t)g_test_rand_int_range(0, 32),
                       (uint16_t)g_test_rand_int_range(0, 8), (uint8_t)g_test_rand_int_range(0, 4));
}

static void random_blocks(struct scene *s, bool with_aborts)
{
    struct fake_nexus *n[NEXUSES];
    g_autofree struct fake_cmd **c = g_new0(struct fake_cmd *, NEXUSES * STREAM);
    for (unsigned i = 0; i < NEXUSES; i++)
        n[i] = scene_nexus(s, i % 4, "iqn.2026-11.org.example:stream");
    for (unsigned k = 0; k < NEXUSES * STREAM; k++) {
        c[k] = random_cmd(n[k % NEXUSES]);
        fake_submit(c[k]);
        if (with_aborts && g_test_rand_int_range(0, 8) == 0) {
            struct fake_cmd *victim =
                c[(unsigned)g_test_rand_int_range((gint32)MAX(k, 64) - 64, (gint32)k + 1)];
            fake_tmf(victim->nexus, TGT_TMF_ABORT_TASK, 0, victim->tag);
        }
    }
    for (unsigned k = 0; k < NEXUSES * STREAM; k++) {
        fake_wait(c[k], FAKE_RELEASED);
        g_assert_true(c[k]->aborted || c[k]->status == TGT_STATUS_GOOD);
        g_assert_true(with_aborts || !c[k]->aborted);
        fake_cmd_free(c[k]);
    }
    g_assert_cmpuint(scene_violations(s->n), ==, 0);
}

static void stress(struct scene *s, gconstpointer data)
{
    random_blocks(s, false);
}

static void stress_with_aborts(struct scene *s, gconstpointer data)
{
    random_blocks(s, true);
}

/* ---- COMPARE AND WRITE as a counter ---- */

#define WRITERS    4
#define INCREMENTS 50

struct writer {
    struct fake_nexus *n;
    struct fake_cmd *c;
    uint8_t data[1024];
    unsigned done;
};

static void writer_start(struct writer *w)
{
    uint8_t cdb[16] = {0x89, [13] = 1};
    memcpy(w->data + 512, w->data, 512);
    be_put(w->data + 512, 8, be_get(w->data, 8) + 1);
    w->c = fake_cmd_new(w->n, 1, cdb, sizeof cdb);
    w->c->out = w->data;
    w->c->out_len = sizeof w->data;
    fake_submit(w->c);
}

static void read_counter(struct writer *w)
{
    uint8_t cdb[10] = {0x28, [8] = 1};
    struct fake_cmd *c = fake_run(w->n, 1, cdb, sizeof cdb, NULL, 0, 512);
    fake_expect_good(c);
    memcpy(w->data, c->in, 512);
    fake_cmd_free(c);
}

static void writer_end(struct writer *w)
{
    fake_wait(w->c, FAKE_RELEASED);
    if (w->c->status == TGT_STATUS_GOOD)
        w->done++;
    else
        fake_expect_sense(w->c, TGT_SENSE_MISCOMPARE);
    fake_cmd_free(w->c);
    read_counter(w);
}

/* Every success has added one: no increment is lost, none is counted twice. */
static void compare_and_write(struct scene *s, gconstpointer store)
{
    struct writer w[WRITERS] = {0};
    unsigned total = 0;
    fake_lun(s->fake, 1, "disk", store, (const char *const[]){"size=1M", NULL});
    for (unsigned i = 0; i < WRITERS; i++) {
        w[i].n = scene_nexus(s, i, "iqn.2026-11.org.example:writer");
        fake_clear_attention(w[i].n, 1);
        read_counter(&w[i]);
    }
    for (unsigned round = 0; round < INCREMENTS; round++) {
        for (unsigned i = 0; i < WRITERS; i++)
            writer_start(&w[i]);
        for (unsigned i = 0; i < WRITERS; i++)
            writer_end(&w[i]);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        total += w[i].done;
    g_assert_cmpuint(total, >=, INCREMENTS);
    read_counter(&w[0]);
    g_assert_cmpuint(be_get(w[0].data, 8), ==, total);
}

static void compare_and_write_mem(struct scene *s, gconstpointer data)
{
    compare_and_write(s, "mem");
}

static void compare_and_write_blocking(struct scene *s, gconstpointer data)
{
    compare_and_write(s, "mem-blocking");
}

static void compare_and_write_threads(struct scene *s, gconstpointer data)
{
    compare_and_write(s, "mem-threads");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SCENE_TEST("/claim/without-others", without_others);
    SCENE_TEST("/claim/waits-for-those-on-its-blocks", waits_for_those_on_its_blocks);
    SCENE_TEST("/claim/those-behind-a-claim-wait", those_behind_a_claim_wait);
    SCENE_TEST("/claim/alone-on-the-lu", alone_on_the_lu);
    SCENE_TEST("/claim/does-not-wait-for-data", does_not_wait_for_data);
    SCENE_TEST("/claim/waits-for-lent-memory", waits_for_lent_memory);
    SCENE_TEST("/claim/does-not-wait-for-a-slow-reader", does_not_wait_for_a_slow_reader);
    SCENE_TEST_WITH("/claim/over-threads/from-0", &two_threads, over_threads_from_0);
    SCENE_TEST_WITH("/claim/over-threads/from-1", &two_threads, over_threads_from_1);
    SCENE_TEST("/claim/stress/one-thread", stress);
    SCENE_TEST_WITH("/claim/stress/four-threads", &four_threads, stress);
    SCENE_TEST_WITH("/claim/stress/four-threads-poll", &four_threads_poll, stress);
    SCENE_TEST_WITH("/claim/stress-with-aborts/four-threads", &four_threads, stress_with_aborts);
    SCENE_TEST_WITH("/claim/compare-and-write/mem", &four_threads, compare_and_write_mem);
    SCENE_TEST_WITH("/claim/compare-and-write/blocking", &four_threads, compare_and_write_blocking);
    SCENE_TEST_WITH("/claim/compare-and-write/own-threads", &four_threads,
                    compare_and_write_threads);
    return g_test_run();
}
