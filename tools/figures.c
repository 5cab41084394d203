/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has been done in a stretch of time, by logical unit, session, initiator or plugin. */
#include "figures.h"

#include <string.h>

#include "ctl.h"

static const struct {
    const char *word, *title;
} kinds[] = {
#define X(name, word, title) {word, title},
    FIGURES_BY_LIST(X)
#undef X
};

bool figures_by_word(const char *word, enum figures_by *by)
{
    for (unsigned i = 0; i < FIGURES_BYS; i++) {
        *by = i;
        if (strcmp(kinds[i].word, word) == 0)
            return true;
    }
    return false;
}

const char *figures_title(enum figures_by by)
{
    return kinds[by].title;
}

/* ---- Lines ---- */

static void figure_free(gpointer figure)
{
    g_free(((struct figure *)figure)->name);
    g_free(figure);
}

struct figure *figures_find(const struct figures *f, const char *name)
{
    return g_hash_table_lookup(f->index, name);
}

static void add(struct figures *f, struct figure *figure)
{
    g_ptr_array_add(f->figures, figure);
    g_hash_table_insert(f->index, figure->name, figure);
}

static struct figure *find_or_add(struct figures *f, const char *name)
{
    struct figure *figure = figures_find(f, name);
    if (figure)
        return figure;
    figure = g_new0(struct figure, 1);
    figure->name = g_strdup(name);
    add(f, figure);
    return figure;
}

static void add_counters(struct figure *f, const json_t *row)
{
#define X(member) f->member += (guint64)ctl_int(row, #member);
    FIGURES_COUNTER_LIST(X)
#undef X
}

/* ---- By what ---- */

static char *place_of(const json_t *row)
{
    return g_strdup_printf("%s/%" JSON_INTEGER_FORMAT, ctl_text(row, "target"),
                           ctl_int(row, "lun"));
}

static char *name_of(const json_t *row, enum figures_by by)
{
    switch (by) {
    case FIGURES_SESSION:
        return g_strdup_printf("%" JSON_INTEGER_FORMAT " %s", ctl_int(row, "sid"),
                               ctl_text(row, "initiator"));
    case FIGURES_INITIATOR:
        return g_strdup(ctl_text(row, "initiator"));
    case FIGURES_PLUGIN: /* sessions have a transport, logical units a store or none */
        return g_strdup(ctl_text(row, json_object_get(row, "sid") ? "transport" : "bs"));
    default:
        return place_of(row);
    }
}

static void add_rows(struct figures *f, const json_t *rows, enum figures_by by)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        g_autofree char *name = name_of(row, by);
        if (name)
            add_counters(find_or_add(f, name), row);
    }
}

static void add_times(const struct figures *f, const json_t *h, enum figures_by by)
{
    const char *op = ctl_text(h, "op");
    g_autofree char *name = name_of(h, by);
    struct figure *line = name ? figures_find(f, name) : NULL;
    bool read = line && strcmp(op, "read") == 0;
    if (!line || (!read && strcmp(op, "write") != 0))
        return;
    line->timed = true;
    spread_add(read ? &line->read : &line->write,
               json_object_get(json_object_get(h, "latency"), "total"));
}

static struct figures *empty(gint64 from, gint64 to)
{
    struct figures *f = g_new0(struct figures, 1);
    f->from = from;
    f->to = to;
    f->figures = g_ptr_array_new_with_free_func(figure_free);
    f->index = g_hash_table_new(g_str_hash, g_str_equal);
    return f;
}

struct figures *figures_new(const json_t *stats, const json_t *histograms, enum figures_by by)
{
    size_t i;
    json_t *h;
    struct figures *f = empty(0, g_get_monotonic_time());
    if (by == FIGURES_LUN || by == FIGURES_PLUGIN)
        add_rows(f, json_object_get(stats, "luns"), by);
    if (by != FIGURES_LUN)
        add_rows(f, json_object_get(stats, "sessions"), by);
    if (by == FIGURES_LUN || by == FIGURES_PLUGIN)
        json_array_foreach(histograms, i, h)
            add_times(f, h, by);
    return f;
}

void figures_free(struct figures *f)
{
    if (!f)
        return;
    g_hash_table_unref(f->index);
    g_ptr_array_unref(f->figures);
    g_free(f);
}

/* ---- Between two looks ---- */

static void subtract_spread(struct histogram_sum *sum, const struct histogram_sum *before)
{
    sum->count -= before->count;
    sum->sum -= before->sum;
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
        sum->buckets[b] -= before->buckets[b];
}

static bool has_grown(const struct histogram_sum *sum, const struct histogram_sum *before)
{
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
        if (sum->buckets[b] < before->buckets[b])
            return false;
    return sum->sum >= before->sum;
}

static void subtract(struct figure *f, const struct figure *before)
{
#define X(member) f->member -= f->member >= before->member ? before->member : 0;
    FIGURES_COUNTER_LIST(X)
#undef X
    if (has_grown(&f->read, &before->read))
        subtract_spread(&f->read, &before->read);
    if (has_grown(&f->write, &before->write))
        subtract_spread(&f->write, &before->write);
}

static struct figure *copy(const struct figure *figure)
{
    struct figure *f = g_new(struct figure, 1);
    *f = *figure;
    f->name = g_strdup(f->name);
    return f;
}

struct figures *figures_since(const struct figures *f, const struct figures *before)
{
    struct figures *since = empty(before->to, f->to);
    for (guint i = 0; i < f->figures->len; i++) {
        struct figure *line = copy(f->figures->pdata[i]);
        const struct figure *old = figures_find(before, line->name);
        add(since, line);
        if (old)
            subtract(line, old);
    }
    return since;
}

double figures_seconds(const struct figures *f)
{
    return MAX(f->to - f->from, 1) / (double)G_USEC_PER_SEC;
}

/* Little: what is under way is what comes per second times how long it stays. */
double figure_depth(const struct figure *figure, double seconds)
{
    return figure->timed ? (double)(figure->read.sum + figure->write.sum) / 1e9 / seconds : -1;
}

/* ---- JSON ---- */

static void put_quantiles(json_t *o, const char *name, const struct histogram_sum *sum)
{
    if (sum->count == 0)
        return;
    json_object_set_new(o, name,
                        json_pack("{s:I, s:I, s:I, s:I}", "mean",
                                  (json_int_t)(sum->sum / sum->count), "p50",
                                  (json_int_t)spread_quantile(sum, 500), "p99",
                                  (json_int_t)spread_quantile(sum, 990), "p999",
                                  (json_int_t)spread_quantile(sum, 999)));
}

/* Neither of them where nothing is known. */
static void put_times(json_t *o, const struct figure *f)
{
    put_quantiles(o, "read_ns", &f->read);
    put_quantiles(o, "write_ns", &f->write);
}

static json_t *rate_json(const struct figure *f, double seconds)
{
    json_t *o = json_pack("{s:s}", "name", f->name);
#define X(member) json_object_set_new(o, #member, json_real((double)f->member / seconds));
    FIGURES_COUNTER_LIST(X)
#undef X
    if (f->timed)
        json_object_set_new(o, "depth", json_real(figure_depth(f, seconds)));
    put_times(o, f);
    return o;
}

json_t *figures_json(const struct figures *f)
{
    json_t *rows = json_array();
    for (guint i = 0; i < f->figures->len; i++)
        json_array_append_new(rows, rate_json(f->figures->pdata[i], figures_seconds(f)));
    return json_pack("{s:f, s:o}", "seconds", figures_seconds(f), "rows", rows);
}

static json_t *total_json(const struct figure *f)
{
    json_t *o = json_pack("{s:s}", "name", f->name);
#define X(member) json_object_set_new(o, #member, json_integer((json_int_t)f->member));
    FIGURES_COUNTER_LIST(X)
#undef X
    put_times(o, f);
    return o;
}

json_t *figures_totals_json(const struct figures *f)
{
    json_t *rows = json_array();
    for (guint i = 0; i < f->figures->len; i++)
        json_array_append_new(rows, total_json(f->figures->pdata[i]));
    return rows;
}
