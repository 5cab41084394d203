/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl stats: counters and rates, histograms, all figures for Prometheus, and a new beginning. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "stats.h"

/* ---- Counters since the beginning ---- */

static void add_number(struct table *table, const json_t *row, const char *name)
{
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(row, name));
}

static void add_size(struct table *table, const json_t *row, const char *name)
{
    g_autofree char *size = format_size((guint64)ctl_int(row, name));
    table_cell(table, size);
}

static void add_counters(struct table *table, const json_t *row)
{
    add_number(table, row, "reads");
    add_size(table, row, "read_bytes");
    add_number(table, row, "writes");
    add_size(table, row, "write_bytes");
    add_number(table, row, "errors");
}

static void add_lun(struct table *table, const json_t *l)
{
    table_cellf(table, "%s/%" JSON_INTEGER_FORMAT, ctl_text(l, "target"), ctl_int(l, "lun"));
    add_counters(table, l);
}

static void add_session(struct table *table, const json_t *s)
{
    add_number(table, s, "sid");
    table_cellf(table, "@%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, ctl_int(s, "tid"),
                ctl_int(s, "lun"));
    add_counters(table, s);
    table_cell(table, ctl_text(s, "initiator"));
}

static void add_thread(struct table *table, const json_t *t)
{
    add_number(table, t, "thread");
    add_number(table, t, "sessions");
    add_size(table, t, "buffers_used");
    add_size(table, t, "buffers_limit");
    add_number(table, t, "buffer_waits");
}

static void print(const struct ctl *ctl, const char *titles, const json_t *rows,
                  void (*add)(struct table *table, const json_t *row))
{
    size_t i;
    json_t *row;
    struct table *table = table_new(titles);
    json_array_foreach(rows, i, row)
        add(table, row);
    ctl_print(ctl, table);
}

static enum ctl_exit show_all(struct ctl *ctl)
{
    json_t *params = stats_params(ctl);
    json_t *stats = params ? ctl_call(ctl, "stats.show", params) : NULL;
    if (!stats)
        return params ? ctl->status : CTL_USAGE;
    if (ctl_json(ctl, stats))
        return CTL_OK;
    print(ctl, "LUN >READS >READ >WRITES >WRITTEN >ERRORS", json_object_get(stats, "luns"),
          add_lun);
    putchar('\n');
    print(ctl, ">SID LUN >READS >READ >WRITES >WRITTEN >ERRORS INITIATOR",
          json_object_get(stats, "sessions"), add_session);
    putchar('\n');
    print(ctl, ">THREAD >SESSIONS >BUFFERS >LIMIT >WAITS", json_object_get(stats, "threads"),
          add_thread);
    json_decref(stats);
    return CTL_OK;
}

/* ---- Rates ---- */

/* "44us / 180us": half of all took no longer, and 99 of 100. */
static void add_quantiles(struct table *table, const struct histogram_sum *sum)
{
    g_autofree char *p50 = format_ns(spread_quantile(sum, 500)),
                    *p99 = format_ns(spread_quantile(sum, 990));
    if (sum->count > 0)
        table_cellf(table, "%s / %s", p50, p99);
    else
        table_cell(table, NULL);
}

static void add_figure(struct table *table, const struct figure *f, double seconds)
{
    table_cell(table, f->name);
    table_cellf(table, "%.0f", (double)f->reads / seconds);
    table_cellf(table, "%.0f", (double)f->writes / seconds);
    table_cellf(table, "%.1f", (double)f->read_bytes / seconds / 1e6);
    table_cellf(table, "%.1f", (double)f->write_bytes / seconds / 1e6);
    add_quantiles(table, &f->read);
    add_quantiles(table, &f->write);
    if (f->timed)
        table_cellf(table, "%.1f", figure_depth(f, seconds));
    else
        table_cell(table, NULL);
    table_cellf(table, "%" G_GUINT64_FORMAT, f->errors);
}

static enum ctl_exit print_rates(struct ctl *ctl, const struct figures *f, enum figures_by by)
{
    double seconds = figures_seconds(f);
    if (ctl->json && ctl_json(ctl, figures_json(f)))
        return CTL_OK;
    g_autofree char *titles = g_strdup_printf(
        "%s >r/s >w/s >rMB/s >wMB/s >r-p50/p99 >w-p50/p99 >DEPTH >ERRORS", figures_title(by));
    struct table *table = table_new(titles);
    for (guint i = 0; i < f->figures->len; i++)
        add_figure(table, f->figures->pdata[i], seconds);
    ctl_print(ctl, table);
    return CTL_OK;
}

static void print_gap(const struct ctl *ctl, bool first)
{
    if (!first && !ctl->json)
        putchar('\n');
}

static enum ctl_exit show_rates(struct ctl *ctl, enum figures_by by, const struct pace *pace)
{
    struct figures *before = stats_look(ctl, by);
    for (unsigned n = 0; before && (pace->count == 0 || n < pace->count); n++) {
        g_usleep(pace->interval_us);
        struct figures *now = stats_look(ctl, by), *since = now ? figures_since(now, before) : NULL;
        print_gap(ctl, n == 0);
        if (since)
            print_rates(ctl, since, by);
        fflush(stdout);
        figures_free(since);
        figures_free(before);
        before = now;
    }
    bool there = before;
    figures_free(before);
    return there ? CTL_OK : ctl->status;
}

/* ---- Totals by something ---- */

static void add_total(struct table *table, const struct figure *f)
{
    g_autofree char *read = format_size(f->read_bytes), *written = format_size(f->write_bytes);
    table_cell(table, f->name);
    table_cellf(table, "%" G_GUINT64_FORMAT, f->reads);
    table_cell(table, read);
    table_cellf(table, "%" G_GUINT64_FORMAT, f->writes);
    table_cell(table, written);
    table_cellf(table, "%" G_GUINT64_FORMAT, f->errors);
    add_quantiles(table, &f->read);
    add_quantiles(table, &f->write);
}

static enum ctl_exit show_totals(struct ctl *ctl, enum figures_by by)
{
    struct figures *f = stats_look(ctl, by);
    if (!f)
        return ctl->status;
    if (!ctl->json || !ctl_json(ctl, figures_totals_json(f))) {
        g_autofree char *titles = g_strdup_printf(
            "%s >READS >READ >WRITES >WRITTEN >ERRORS >r-p50/p99 >w-p50/p99", figures_title(by));
        struct table *table = table_new(titles);
        for (guint i = 0; i < f->figures->len; i++)
            add_total(table, f->figures->pdata[i]);
        ctl_print(ctl, table);
    }
    figures_free(f);
    return CTL_OK;
}

static enum ctl_exit stats_show(struct ctl *ctl)
{
    enum figures_by by = FIGURES_LUN;
    struct pace pace;
    const char *word = args_value(&ctl->args, "by");
    json_t *params = stats_params(ctl);
    json_decref(params);
    if (!params || !stats_by(ctl, &by) || !stats_pace(ctl, &pace))
        return CTL_USAGE;
    if (pace.given)
        return show_rates(ctl, by, &pace);
    return word ? show_totals(ctl, by) : show_all(ctl);
}

/* ---- The rest ---- */

static enum ctl_exit stats_metrics(struct ctl *ctl)
{
    json_t *text = ctl_call(ctl, "stats.metrics", NULL);
    if (!text)
        return ctl->status;
    if (ctl_json(ctl, text))
        return CTL_OK;
    fputs(json_string_value(text), stdout);
    json_decref(text);
    return CTL_OK;
}

static enum ctl_exit stats_reset(struct ctl *ctl)
{
    json_t *params = stats_params(ctl);
    return params ? ctl_do(ctl, "stats.reset", params) : CTL_USAGE;
}

const struct command ctl_stats_commands[] = {
    {"stats",
     "show",
     "[T[/N]]",
     "Show what has been done, or is being done per second",
     0,
     1,
     stats_show,
     {"by", "interval", "count"}},
    {"stats",
     "histogram",
     "T/N",
     "Show how long commands took, and in which stage",
     1,
     1,
     stats_histogram,
     {"op", "kind", "stage"}},
    {"stats",
     "top",
     "[T[/N]]",
     "Watch what is being done; q ends it",
     0,
     1,
     stats_top,
     {"by", "interval", "count", "sort", "once"}},
    {"stats",
     "metrics",
     "",
     "Print all figures as text for Prometheus",
     0,
     0,
     stats_metrics,
     {NULL}},
    {"stats", "reset", "[T[/N]]", "Begin anew to count and to measure", 0, 1, stats_reset, {NULL}},
    {0},
};
