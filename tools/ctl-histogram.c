/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl stats histogram: how long commands took, in which stage, and how large they were. */
#include <stdio.h>
#include <string.h>

#include "stats.h"

#define BAR_WIDTH 40

static const char *const stages[] = {"receive", "scsi", "store", "send", "total", NULL};

/* What is asked for. */
struct view {
    const char *stage;
    bool size;
};

static bool one_of(const char *option, const char *word, const char *const *words)
{
    g_autofree char *all = g_strjoinv(", ", (char **)words);
    if (g_strv_contains(words, word))
        return true;
    ctl_wrong("--%s is one of %s, not '%s'", option, all, word);
    return false;
}

static bool get_view(const struct ctl *ctl, struct view *view)
{
    static const char *const kinds[] = {"latency", "size", NULL};
    const char *kind = args_value(&ctl->args, "kind"), *stage = args_value(&ctl->args, "stage");
    *view = (struct view){stage ? stage : "total", g_strcmp0(kind, "size") == 0};
    if (view->size && stage) {
        ctl_wrong("--stage has no meaning for sizes");
        return false;
    }
    return (!kind || one_of("kind", kind, kinds)) && one_of("stage", view->stage, stages);
}

/* ---- One histogram ---- */

static char *bound_text(guint64 bound, bool size)
{
    if (size && bound % 1024 == 0)
        return format_size(bound);
    return size ? g_strdup_printf("%" G_GUINT64_FORMAT " B", bound) : format_ns(bound);
}

/* Buckets are joined to powers of two: four lines for each are too many for eyes. */
static guint64 count_up_to(const struct histogram_sum *sum, guint64 low, guint64 high)
{
    guint64 n = 0;
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
        if (histogram_bound(b) > low && histogram_bound(b) <= high)
            n += sum->buckets[b];
    return n;
}

static void print_line(const char *bound, guint64 n, guint64 all)
{
    char bar[BAR_WIDTH + 1] = {0};
    double part = (double)n / (double)all;
    memset(bar, '#', (size_t)(part * BAR_WIDTH + 0.5));
    printf("%12s  %10" G_GUINT64_FORMAT "  %5.1f%s%s\n", bound, n, 100 * part, *bar ? "  " : "",
           bar);
}

static void print_bound(const struct histogram_sum *sum, guint64 low, guint64 high, bool size)
{
    g_autofree char *text = high == G_MAXUINT64 ? g_strdup("more") : bound_text(high, size);
    print_line(text, count_up_to(sum, low, high), sum->count);
}

/* From the first line that has something to the last. */
static void print_histogram(const struct histogram_sum *sum, bool size)
{
    guint64 left = sum->count, low = 0;
    printf("%12s  %10s  %5s\n", size ? "size up to" : "up to", "count", "%");
    for (unsigned power = HISTOGRAM_LOW; power <= HISTOGRAM_HIGH + 1 && left > 0; power++) {
        guint64 high = power > HISTOGRAM_HIGH ? G_MAXUINT64 : (guint64)1 << power,
                here = count_up_to(sum, low, high);
        if (here > 0 || left < sum->count)
            print_bound(sum, low, high, size);
        left -= here;
        low = high;
    }
}

/* ---- The stages in one line ---- */

static struct histogram_sum sum_of(const json_t *histogram)
{
    struct histogram_sum sum = {0};
    spread_add(&sum, histogram);
    return sum;
}

static void print_stages(const json_t *row)
{
    const char *gap = "p50 of the stages: ";
    for (const char *const *stage = stages; *stage; stage++) {
        struct histogram_sum sum = sum_of(json_object_get(json_object_get(row, "latency"), *stage));
        g_autofree char *p50 = format_ns(spread_quantile(&sum, 500));
        printf("%s%s %s", gap, *stage, sum.count ? p50 : "-");
        gap = ", ";
    }
    putchar('\n');
}

static void print_quantiles(const struct histogram_sum *sum)
{
    g_autofree char *p50 = format_ns(spread_quantile(sum, 500)),
                    *p99 = format_ns(spread_quantile(sum, 990)),
                    *p999 = format_ns(spread_quantile(sum, 999)),
                    *mean = format_ns(sum->count ? sum->sum / sum->count : 0);
    printf("p50 %s, p99 %s, p99.9 %s, mean %s\n", p50, p99, p999, mean);
}

static void print_row(const json_t *row, const struct view *view)
{
    const json_t *latency = json_object_get(row, "latency");
    struct histogram_sum sum =
        sum_of(view->size ? json_object_get(row, "size") : json_object_get(latency, view->stage));
    printf("%s/%" JSON_INTEGER_FORMAT "  %s, %s\n", ctl_text(row, "target"), ctl_int(row, "lun"),
           ctl_text(row, "op"), view->size ? "size" : view->stage);
    if (sum.count == 0) {
        puts("  nothing is measured");
        return;
    }
    print_histogram(&sum, view->size);
    if (!view->size)
        print_quantiles(&sum);
    if (!view->size)
        print_stages(row);
}

enum ctl_exit stats_histogram(struct ctl *ctl)
{
    struct view view;
    json_t *params = get_view(ctl, &view) ? ctl_lun_params(ctl) : NULL, *row;
    size_t i;
    const char *op = args_value(&ctl->args, "op");
    if (!params)
        return CTL_USAGE;
    if (op)
        json_object_set_new(params, "op", json_string(op));
    json_t *rows = ctl_call(ctl, "stats.histogram", params);
    if (!rows)
        return ctl->status;
    if (ctl_json(ctl, rows))
        return CTL_OK;
    json_array_foreach(rows, i, row) {
        fputs(i > 0 ? "\n" : "", stdout);
        print_row(row, &view);
    }
    if (json_array_size(rows) == 0)
        puts("nothing is measured yet");
    json_decref(rows);
    return CTL_OK;
}
