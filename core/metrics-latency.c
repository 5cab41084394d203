/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Latency for Prometheus: a histogram for each class and stage, of each logical unit, or of all of
 * them together where there are very many. */
#include <string.h>

#include "control-stats.h"
#include "latency.h"
#include "lu.h"
#include "metrics.h"
#include "target.h"

/* Bounds of the buckets: powers of two from 16 us to 1.07 s. */
#define BOUND_FIRST 14u
#define BOUND_LAST  30u

/* A logical unit has up to 300 lines: with more of them, one text would become too long. */
#define LUNS_MAX 256u

/* The same figure in every locale. */
static const char *seconds(char buffer[G_ASCII_DTOSTR_BUF_SIZE], uint64_t ns)
{
    return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.10g", (double)ns / 1e9);
}

/* One histogram of one logical unit. */
struct series {
    GString *text;
    const struct metric *metric;
    const struct core_lu *lu; /* NULL: all */
    enum latency_class class;
    enum latency_stage stage;
};

static GString *series_begin(const struct series *s, const char *suffix)
{
    GString *text = s->text;
    metrics_begin(text, s->metric, suffix);
    if (s->lu != NULL)
        metrics_lun(text, s->lu);
    metrics_label(text, "op", latency_class_name(s->class));
    metrics_label(text, "stage", latency_stage_name(s->stage));
    return text;
}

static void write_bucket(const struct series *s, const char *bound, uint64_t up_to)
{
    GString *text = series_begin(s, "_bucket");
    metrics_label(text, "le", bound);
    metrics_end(text, up_to);
}

/* Count is that of the buckets, whatever comes in meanwhile. */
static void write_series(const struct series *s, const struct histogram_sum *h)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    uint64_t up_to = 0;
    unsigned b = 0;
    for (unsigned power = BOUND_FIRST; power <= BOUND_LAST; power++) {
        uint64_t bound = (uint64_t)1 << power;
        for (; histogram_bound(b) <= bound; b++)
            up_to += h->buckets[b];
        write_bucket(s, seconds(number, bound), up_to);
    }
    write_bucket(s, "+Inf", h->count);
    g_string_append_printf(series_begin(s, "_sum"), "} %s\n", seconds(number, h->sum));
    metrics_end(series_begin(s, "_count"), h->count);
}

static void write_class(struct series *s, const struct latency_sum *sum)
{
    for (unsigned stage = 0; stage < LATENCY_STAGES; stage++) {
        s->stage = stage;
        write_series(s, &sum->stages[stage]);
    }
}

static gboolean write_lun(gpointer key, gpointer lu, gpointer data)
{
    struct latency_sum sum;
    struct series *s = data;
    s->lu = lu;
    for (unsigned class = 0; class < LATENCY_CLASSES; class ++) {
        s->class = class;
        if (latency_collect(lu, class, &sum))
            write_class(s, &sum);
    }
    return FALSE;
}

/* ---- Of all ---- */

static void add(struct histogram_sum *sum, const struct histogram_sum *more)
{
    sum->count += more->count;
    sum->sum += more->sum;
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
        sum->buckets[b] += more->buckets[b];
}

static gboolean add_one(gpointer key, gpointer lu, gpointer data)
{
    struct latency_sum *all = data, one;
    for (unsigned class = 0; class < LATENCY_CLASSES; class ++)
        if (latency_collect(lu, class, &one))
            for (unsigned stage = 0; stage < LATENCY_STAGES; stage++)
                add(&all[class].stages[stage], &one.stages[stage]);
    return FALSE;
}

static void write_all(struct series *s)
{
    g_autofree struct latency_sum *all = g_new0(struct latency_sum, LATENCY_CLASSES);
    stats_each_lun(NULL, add_one, all);
    for (unsigned class = 0; class < LATENCY_CLASSES; class ++) {
        s->class = class;
        if (all[class].stages[LATENCY_TOTAL].count > 0)
            write_class(s, &all[class]);
    }
}

void metrics_write_latency(GString *text, const struct metric *metric)
{
    struct series s = {.text = text, .metric = metric};
    if (stats_count_luns(NULL) <= LUNS_MAX)
        stats_each_lun(NULL, write_lun, &s);
    else
        write_all(&s);
}
