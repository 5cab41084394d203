/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One frame of tgtctl stats top: totals, and a line for each logical unit, session, initiator or
 * plugin, the busiest first. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl.h"
#include "top.h"

#define PAST 16u /* looks that a sparkline tells of */

/* What a line has been like: mean time of commands where that is known, else commands per second.
 */
struct past {
    double values[PAST]; /* the newest last */
};

static const char *const sorts[] = {
#define X(name, word) word,
    TOP_SORT_LIST(X)
#undef X
};

const char *top_sort_word(enum top_sort sort)
{
    return sorts[sort];
}

bool top_sort_find(const char *word, enum top_sort *sort)
{
    for (unsigned i = 0; i < TOP_SORTS; i++) {
        *sort = i;
        if (strcmp(sorts[i], word) == 0)
            return true;
    }
    return false;
}

/* ---- The past ---- */

void top_init(struct top *top)
{
    top->past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void top_forget(struct top *top)
{
    g_hash_table_remove_all(top->past);
    figures_free(top->figures);
    top->figures = NULL;
}

void top_clear(struct top *top)
{
    top_forget(top);
    g_hash_table_unref(top->past);
    json_decref(top->system);
    json_decref(top->plugins);
}

static double iops(const struct figure *f, double seconds)
{
    return (double)(f->reads + f->writes) / seconds;
}

static double mean(const struct figure *f)
{
    guint64 count = f->read.count + f->write.count;
    return count ? (double)(f->read.sum + f->write.sum) / (double)count : 0;
}

static struct past *past_of(struct top *top, const char *name)
{
    struct past *past = g_hash_table_lookup(top->past, name);
    if (past)
        return past;
    past = g_new0(struct past, 1);
    g_hash_table_insert(top->past, g_strdup(name), past);
    return past;
}

static void remember(struct top *top, const struct figure *f, double seconds)
{
    struct past *past = past_of(top, f->name);
    memmove(past->values, past->values + 1, (PAST - 1) * sizeof past->values[0]);
    past->values[PAST - 1] = f->timed ? mean(f) : iops(f, seconds);
}

static gboolean is_gone(gpointer name, gpointer past, gpointer figures)
{
    return !figures_find(figures, name);
}

void top_take(struct top *top, struct figures *figures)
{
    figures_free(top->figures);
    top->figures = figures;
    for (guint i = 0; i < figures->figures->len; i++)
        remember(top, figures->figures->pdata[i], figures_seconds(figures));
    g_hash_table_foreach_remove(top->past, is_gone, figures);
}

static void append_sparkline(GString *text, const struct past *past)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double most = 0;
    for (unsigned i = 0; i < PAST; i++)
        most = MAX(most, past->values[i]);
    for (unsigned i = 0; i < PAST; i++) {
        unsigned height = most > 0 ? (unsigned)(past->values[i] / most * 8 + 0.5) : 0;
        g_string_append(text, bars[past->values[i] > 0 ? MAX(height, 1) : 0]);
    }
}

/* ---- In order ---- */

static double key_of(const struct figure *f, enum top_sort sort)
{
    switch (sort) {
    case TOP_BYTES:
        return (double)(f->read_bytes + f->write_bytes);
    case TOP_LATENCY:
        return mean(f);
    case TOP_ERRORS:
        return (double)f->errors;
    default:
        return sort == TOP_IOPS ? iops(f, 1) : 0;
    }
}

static gint compare(gconstpointer a, gconstpointer b, gpointer sort)
{
    const struct figure *x = *(struct figure *const *)a, *y = *(struct figure *const *)b;
    double left = key_of(x, *(const enum top_sort *)sort),
           right = key_of(y, *(const enum top_sort *)sort);
    if (left != right)
        return left < right ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* ---- Lines ---- */

/* Nothing that an initiator calls itself steers the terminal. What distinguishes long names is
 * their end. */
static void append_name(GString *text, const char *name, gint width)
{
    g_autofree char *plain = g_strdup(name);
    for (char *c = plain; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    glong len = g_utf8_strlen(plain, -1);
    g_autofree char *end = len > width ? g_utf8_substring(plain, len - width + 1, len) : NULL;
    g_string_append_printf(text, "%s%s", end ? "…" : "", end ? end : plain);
    for (; len < width; len++)
        g_string_append_c(text, ' ');
}

static void append_time(GString *text, const struct histogram_sum *sum, unsigned permille)
{
    g_autofree char *time = format_ns(spread_quantile(sum, permille));
    g_string_append_printf(text, " %6s", sum->count ? time : "-");
}

static void append_figure(GString *text, struct top *top, const struct figure *f, gint width)
{
    double seconds = figures_seconds(top->figures), depth = figure_depth(f, seconds);
    append_name(text, f->name, width);
    g_string_append_printf(text, " %8.0f %8.0f %8.1f %8.1f", (double)f->reads / seconds,
                           (double)f->writes / seconds, (double)f->read_bytes / seconds / 1e6,
                           (double)f->write_bytes / seconds / 1e6);
    append_time(text, &f->read, 500);
    append_time(text, &f->read, 990);
    append_time(text, &f->write, 500);
    append_time(text, &f->write, 990);
    if (depth < 0)
        g_string_append_printf(text, " %6s", "-");
    else
        g_string_append_printf(text, " %6.1f", depth);
    g_string_append_printf(text, " %6" G_GUINT64_FORMAT "  ", f->errors);
    append_sparkline(text, past_of(top, f->name));
    g_string_append_c(text, '\n');
}

/* What stands behind the name, and what of the name is shown in any case. */
#define FIGURES_WIDTH 96
#define NAME_LEAST    16

static gint name_width(const struct top *top, gint columns)
{
    glong width = (glong)strlen(figures_title(top->by));
    for (guint i = 0; i < top->figures->figures->len; i++)
        width =
            MAX(width,
                g_utf8_strlen(((const struct figure *)top->figures->figures->pdata[i])->name, -1));
    return (gint)MIN(width, MAX(columns - FIGURES_WIDTH, NAME_LEAST));
}

/* ---- The head ---- */

static guint unusable(const json_t *plugins)
{
    static const char *const fine[] = {"available", "idle", "active", "disabled", NULL};
    size_t i;
    json_t *p;
    guint n = 0;
    json_array_foreach(plugins, i, p)
        n += ctl_text(p, "state") && !g_strv_contains(fine, ctl_text(p, "state"));
    return n;
}

static void append_totals(GString *text, const struct figures *figures)
{
    double seconds = figures_seconds(figures), reads = 0, writes = 0, in = 0, out = 0;
    for (guint i = 0; i < figures->figures->len; i++) {
        const struct figure *f = figures->figures->pdata[i];
        reads += (double)f->reads;
        writes += (double)f->writes;
        in += (double)f->read_bytes;
        out += (double)f->write_bytes;
    }
    g_string_append_printf(text, "all    %.0f r/s  %.0f w/s  %.1f rMB/s  %.1f wMB/s\n",
                           reads / seconds, writes / seconds, in / seconds / 1e6,
                           out / seconds / 1e6);
}

static void append_head(GString *text, const struct top *top)
{
    g_autofree char *up = format_duration((guint64)ctl_int(top->system, "uptime"));
    guint bad = unusable(top->plugins);
    const char *version = ctl_text(top->system, "version");
    g_string_append_printf(text,
                           "tgtd %s  up %s  targets %" JSON_INTEGER_FORMAT
                           "  LUNs %" JSON_INTEGER_FORMAT "  sessions %" JSON_INTEGER_FORMAT,
                           version ? version : "?", up, ctl_int(top->system, "targets"),
                           ctl_int(top->system, "luns"), ctl_int(top->system, "sessions"));
    if (bad > 0)
        g_string_append_printf(text, "  plugins not usable: %u", bad);
    g_string_append_c(text, '\n');
}

static void append_titles(GString *text, const struct top *top, gint width)
{
    append_name(text, figures_title(top->by), width);
    g_string_append_printf(text, " %8s %8s %8s %8s %6s %6s %6s %6s %6s %6s  %s\n", "r/s", "w/s",
                           "rMB/s", "wMB/s", "r-p50", "r-p99", "w-p50", "w-p99", "depth", "errors",
                           top->by == FIGURES_LUN || top->by == FIGURES_PLUGIN ? "latency"
                                                                               : "iops");
}

static void append_help(GString *text, const struct top *top)
{
    g_string_append_printf(text, "q end  s sort by %s  b by %s  space %s  up to date%s",
                           top_sort_word(top->sort), figures_title(top->by),
                           top->paused ? "go on" : "pause", top->paused ? ": no" : "");
}

/* Head, totals, an empty line, titles; and the line of help. */
#define FRAME_LINES 5u

char *top_frame(struct top *top, gint lines, gint columns, bool keys)
{
    GString *text = g_string_new(NULL);
    append_head(text, top);
    if (!top->figures)
        return g_string_free(text, FALSE);
    append_totals(text, top->figures);
    GPtrArray *list = top->figures->figures;
    gint width = name_width(top, columns);
    g_ptr_array_sort_with_data(list, compare, &top->sort);
    g_string_append_c(text, '\n');
    append_titles(text, top, width);
    for (guint i = 0; i < list->len && (gint)(i + FRAME_LINES) < lines; i++)
        append_figure(text, top, list->pdata[i], width);
    if (keys)
        append_help(text, top);
    return g_string_free(text, FALSE);
}
