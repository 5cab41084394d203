/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unit attentions: order, duplicates, who sees them, what clears them. */
#include <string.h>

#include "probe-scene.h"

static const struct fake_config two_threads = {.threads = 2};

static enum tgt_sense next(struct fake_nexus *n)
{
    uint8_t cdb[6] = {0};
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0);
    enum tgt_sense sense = c->status == TGT_STATUS_GOOD ? TGT_SENSE_NONE : fake_sense(c);
    fake_cmd_free(c);
    return sense;
}

static void expect(struct fake_nexus *n, const enum tgt_sense *senses)
{
    do
        g_assert_cmphex(next(n), ==, *senses);
    while (*senses++ != TGT_SENSE_NONE);
}

#define EXPECT(n, ...) expect(n, (const enum tgt_sense[]){__VA_ARGS__, TGT_SENSE_NONE})

static void power_on_comes_first(struct scene *s, gconstpointer data)
{
    struct fake_nexus *n = fake_nexus_open(s->fake, 1, "iqn.2026-11.org.example:new");
    EXPECT(n, TGT_SENSE_POWER_ON);
}

static void once_each(struct scene *s, gconstpointer data)
{
    for (unsigned i = 0; i < 3; i++)
        lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    EXPECT(s->n, TGT_SENSE_CAPACITY_CHANGED);
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    EXPECT(s->n, TGT_SENSE_CAPACITY_CHANGED);
}

static void resets_before_others(struct scene *s, gconstpointer data)
{
    lu_attention(&s->lu->pub, TGT_SENSE_MODE_PARAMETERS_CHANGED, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_REPORTED_LUNS_CHANGED, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_LU_RESET, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_NEXUS_LOSS, NULL);
    EXPECT(s->n, TGT_SENSE_LU_RESET, TGT_SENSE_NEXUS_LOSS, TGT_SENSE_MODE_PARAMETERS_CHANGED,
           TGT_SENSE_REPORTED_LUNS_CHANGED, TGT_SENSE_CAPACITY_CHANGED);
}

static void power_on_covers_resets(struct scene *s, gconstpointer data)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_LU_RESET, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_POWER_ON, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_BUS_RESET, NULL);
    EXPECT(s->n, TGT_SENSE_POWER_ON, TGT_SENSE_CAPACITY_CHANGED);
}

static void all_but_one(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = scene_nexus(s, 1, "iqn.2026-11.org.example:other");
    lu_attention(&s->lu->pub, TGT_SENSE_INQUIRY_DATA_CHANGED, fake_nexus_core(s->n));
    g_assert_cmphex(next(s->n), ==, TGT_SENSE_NONE);
    EXPECT(other, TGT_SENSE_INQUIRY_DATA_CHANGED);
}

/* A device type's handler tells all nexuses. */
static void from_a_handler(struct scene *s, gconstpointer data)
{
    struct fake_nexus *other = scene_nexus(s, 1, "iqn.2026-11.org.example:other");
    fake_cmd_free(scene_run6(s, PROBE_ATTENTION, 0, 0x06, 0x5a, 0x01, 0));
    EXPECT(s->n, TGT_SENSE_OPERATOR_EJECT_REQUEST);
    EXPECT(other, TGT_SENSE_OPERATOR_EJECT_REQUEST);
}

static void inquiry_leaves_it(struct scene *s, gconstpointer data)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    struct fake_cmd *c = scene_run6(s, 0x12, 0, 0, 0, 36, 36);
    fake_expect_good(c);
    fake_cmd_free(c);
    EXPECT(s->n, TGT_SENSE_CAPACITY_CHANGED);
}

static void request_sense_takes_it(struct scene *s, gconstpointer data)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    struct fake_cmd *c = scene_run6(s, 0x03, 0, 0, 0, 252, 252);
    fake_expect_good(c);
    g_assert_cmphex(c->in[2], ==, TGT_KEY_UNIT_ATTENTION);
    g_assert_cmphex(c->in[12], ==, 0x2a);
    g_assert_cmphex(c->in[13], ==, 0x09);
    fake_cmd_free(c);
    g_assert_cmphex(next(s->n), ==, TGT_SENSE_NONE);
}

/* On all LUs of the nexus, and there only. */
static void report_luns_clears_its_own(struct scene *s, gconstpointer data)
{
    uint8_t luns[12] = {0xa0, [9] = 64};
    struct fake_nexus *other = scene_nexus(s, 1, "iqn.2026-11.org.example:other");
    fake_lun(s->fake, 1, "probe", "mem", (const char *const[]){"size=128K", NULL});
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    struct fake_cmd *c = fake_run(s->n, 0, luns, sizeof luns, NULL, 0, 64);
    fake_expect_good(c);
    fake_cmd_free(c);
    EXPECT(s->n, TGT_SENSE_CAPACITY_CHANGED);
    EXPECT(other, TGT_SENSE_REPORTED_LUNS_CHANGED, TGT_SENSE_CAPACITY_CHANGED);
}

/* A command that is wrong in itself is refused without using up the attention. */
static void survives_an_invalid_cdb(struct scene *s, gconstpointer data)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    struct fake_cmd *c = scene_run6(s, PROBE_NOP, 0xff, 0, 0, 0, 0);
    scene_expect_field(c, 1, 7);
    fake_cmd_free(c);
    EXPECT(s->n, TGT_SENSE_CAPACITY_CHANGED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(path, fn) SCENE_TEST_WITH("/attention/" path, &two_threads, fn)
    T("power-on-comes-first", power_on_comes_first);
    T("once-each", once_each);
    T("resets-before-others", resets_before_others);
    T("power-on-covers-resets", power_on_covers_resets);
    T("all-but-one", all_but_one);
    T("from-a-handler", from_a_handler);
    T("inquiry-leaves-it", inquiry_leaves_it);
    T("request-sense-takes-it", request_sense_takes_it);
    T("report-luns-clears-its-own", report_luns_clears_its_own);
    T("survives-an-invalid-cdb", survives_an_invalid_cdb);
    return g_test_run();
}
