/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of all sizes from several nexuses, few buffers, and initiators that send their data and
 * take their answers late and in any order: all end, and none waits while too many newer ones are
 * served. GLib prints the seed; `--seed` repeats a run. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "buffer.h"
#include "probe-scene.h"
#include "thread.h"

#define NEXUSES 6
#define DEPTH   12 /* commands of each nexus at one time */
#define LIVE    (NEXUSES * DEPTH)
#define TOTAL   4000
#define SIZE    (32u << 20)
/* The most that a pool of 2 MiB gives at once. */
#define LARGEST (256u << 10)
/* Newer commands that may get their buffers before an older one does: there are as many as that at
 * one time, for each of those that stand before it in its own nexus. */
#define OVERTAKEN_MAX (DEPTH * LIVE)

static const struct fake_config uring = {.threads = 1, .buffer_memory = 2 << 20};
static const struct fake_config poll_ring = {
    .threads = 1, .buffer_memory = 2 << 20, .ring = "poll"};

struct item {
    struct fake_cmd *c;
    uint32_t offset;
    unsigned nexus;
    unsigned overtaken; /* by newer ones, while it had no buffers */
    bool served;        /* it has all buffers that it needs */
    bool sent;          /* its data */
};

struct mix {
    struct scene s;
    struct fake_nexus *n[NEXUSES];
    unsigned live[NEXUSES];
    GQueue items; /* struct item, the oldest first */
    unsigned begun, most_overtaken;
    uint8_t *data; /* what the disk holds; writes do not change it */
};

static struct item *begin(struct mix *m, unsigned nexus, bool write, uint32_t offset, uint32_t len)
{
    struct item *item = g_new0(struct item, 1);
    uint8_t cdb[10] = {write ? 0x2a : 0x28};
    be_put(cdb + 2, 4, offset / 512);
    be_put(cdb + 7, 2, len / 512);
    *item = (struct item){.offset = offset, .nexus = nexus};
    item->c = fake_cmd_new(m->n[nexus], 0, cdb, sizeof cdb);
    item->c->out = m->data + offset;
    item->c->out_len = write ? len : 0;
    item->c->in_len = write ? 0 : len;
    item->c->hold_data = item->c->hold_respond = true;
    g_queue_push_tail(&m->items, item);
    m->live[nexus]++;
    fake_submit(item->c);
    return item;
}

static void end(struct mix *m, struct item *item)
{
    struct fake_cmd *c = item->c;
    fake_respond(c);
    fake_wait(c, FAKE_RELEASED);
    fake_expect_good(c);
    if (c->in_len > 0)
        g_assert_cmpmem(c->in, c->in_got, m->data + item->offset, c->in_len);
    m->live[item->nexus]--;
    g_queue_remove(&m->items, item);
    fake_cmd_free(c);
    g_free(item);
}

/* Old data on the disk: what is read is known from then on. */
static void write_all(struct mix *m)
{
    for (uint32_t at = 0; at < SIZE; at += LARGEST) {
        struct item *item = begin(m, 0, true, at, LARGEST);
        fake_data(item->c, 0);
        end(m, item);
    }
}

static void set_up(struct mix *m, gconstpointer config)
{
    m->s.fake = fake_start(config);
    m->s.lu =
        fake_lun(m->s.fake, 0, "disk", "mem-blocking", (const char *const[]){"size=32M", NULL});
    for (unsigned i = 0; i < NEXUSES; i++) {
        g_autofree char *name = g_strdup_printf("iqn.2026-11.org.example:%u", i);
        m->n[i] = scene_nexus(&m->s, 0, name);
    }
    m->data = g_malloc(SIZE);
    for (size_t i = 0; i < SIZE; i += 8)
        memcpy(m->data + i, &(uint64_t){i * UINT64_C(0x9e3779b97f4a7c15)}, 8);
    write_all(m);
}

static void look_at_buffers(void *data)
{
    buffer_pool_stats(thread_self()->buffers, data);
}

static void tear_down(struct mix *m, gconstpointer config)
{
    struct buffer_stats stats;
    fake_call(fake_thread(m->s.fake, 0), look_at_buffers, &stats);
    g_assert_cmpuint(stats.used, ==, 0);
    g_assert_cmpuint(stats.waits, >, TOTAL / 10); /* else nothing was tested */
    fake_stop(m->s.fake);
    g_free(m->data);
}

/* The first nexus sends the largest ones only, the second of all sizes, the others small ones. */
static uint32_t random_len(unsigned nexus)
{
    if (nexus == 0)
        return LARGEST;
    uint32_t most = nexus == 1 ? LARGEST : g_test_rand_int_range(0, 4) == 0 ? 65536 : 4096;
    return (uint32_t)g_test_rand_int_range(1, (gint32)(most / 512) + 1) * 512;
}

static void arrive(struct mix *m)
{
    unsigned nexus = (unsigned)g_test_rand_int_range(0, NEXUSES);
    if (m->begun == TOTAL || m->live[nexus] == DEPTH)
        return;
    uint32_t len = random_len(nexus);
    uint32_t at = (uint32_t)g_test_rand_int_range(0, (gint32)((SIZE - len) / 512) + 1) * 512;
    begin(m, nexus, g_test_rand_bit(), at, len);
    m->begun++;
}

/* It overtook the older ones of its direction that still wait. */
static void note_served(struct mix *m, const GList *link)
{
    struct item *item = link->data;
    item->served = true;
    for (const GList *l = link->prev; l != NULL; l = l->prev) {
        struct item *older = l->data;
        if (!older->served && (older->c->in_len > 0) == (item->c->in_len > 0))
            m->most_overtaken = MAX(m->most_overtaken, ++older->overtaken);
    }
    g_assert_cmpuint(m->most_overtaken, <=, OVERTAKEN_MAX);
}

static void look(struct mix *m)
{
    for (GList *l = m->items.head; l != NULL; l = l->next) {
        struct item *item = l->data;
        unsigned event = item->c->in_len > 0 ? FAKE_RESPOND : FAKE_DATA_OUT;
        if (!item->served && fake_happened(item->c, event))
            note_served(m, l);
    }
}

/* One of them, if there is something to do: its data is sent or its answer taken. */
static bool serve_one(struct mix *m)
{
    if (m->items.length == 0)
        return false;
    struct item *item =
        g_queue_peek_nth(&m->items, (guint)g_test_rand_int_range(0, (gint32)m->items.length));
    if (fake_happened(item->c, FAKE_RESPOND)) {
        look(m);
        end(m, item);
        return true;
    }
    if (item->sent || item->c->out_len == 0 || !fake_happened(item->c, FAKE_DATA_OUT))
        return false;
    item->sent = true;
    fake_data(item->c, 0);
    return true;
}

static void run(struct mix *m, gconstpointer config)
{
    gint64 deadline = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    while (m->begun < TOTAL || m->items.length > 0) {
        for (int i = g_test_rand_int_range(0, 6); i > 0; i--)
            arrive(m);
        look(m);
        if (!serve_one(m))
            g_usleep(10);
        if (g_get_monotonic_time() > deadline)
            g_error("%u commands do not end", m->items.length);
    }
    g_test_message("at most %u newer commands got their buffers before an older one",
                   m->most_overtaken);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/cmd-fairness/mixed-sizes", struct mix, &uring, set_up, run, tear_down);
    g_test_add("/cmd-fairness/mixed-sizes/poll", struct mix, &poll_ring, set_up, run, tear_down);
    return g_test_run();
}
