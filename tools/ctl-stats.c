/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl stats: counters. */
#include <stdio.h>

#include "ctl.h"

static void add_counters(struct table *table, const json_t *row)
{
    g_autofree char *read = format_size(ctl_int(row, "read_bytes")),
                    *written = format_size(ctl_int(row, "write_bytes"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(row, "reads"));
    table_cell(table, read);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(row, "writes"));
    table_cell(table, written);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(row, "errors"));
}

static void add_lun(struct table *table, const json_t *l)
{
    table_cellf(table, "%s/%" JSON_INTEGER_FORMAT, ctl_text(l, "target"), ctl_int(l, "lun"));
    add_counters(table, l);
}

static void add_session(struct table *table, const json_t *s)
{
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(s, "sid"));
    table_cellf(table, "@%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, ctl_int(s, "tid"),
                ctl_int(s, "lun"));
    add_counters(table, s);
    table_cell(table, ctl_text(s, "initiator"));
}

static void add_thread(struct table *table, const json_t *t)
{
    g_autofree char *used = format_size(ctl_int(t, "buffers_used")),
                    *limit = format_size(ctl_int(t, "buffers_limit"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "thread"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "sessions"));
    table_cell(table, used);
    table_cell(table, limit);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "buffer_waits"));
}

static void print(const char *titles, const json_t *rows,
                  void (*add)(struct table *table, const json_t *row))
{
    size_t i;
    json_t *row;
    struct table *table = table_new(titles);
    json_array_foreach(rows, i, row)
        add(table, row);
    table_print(table);
}

static enum ctl_exit stats_show(struct ctl *ctl)
{
    json_t *stats = ctl_call(ctl, "stats.show", ctl_target_params(ctl));
    if (!stats)
        return ctl->status;
    if (ctl_json(ctl, stats))
        return CTL_OK;
    print("LUN >READS >READ >WRITES >WRITTEN >ERRORS", json_object_get(stats, "luns"), add_lun);
    putchar('\n');
    print(">SID LUN >READS >READ >WRITES >WRITTEN >ERRORS INITIATOR",
          json_object_get(stats, "sessions"), add_session);
    putchar('\n');
    print(">THREAD >SESSIONS >BUFFERS >LIMIT >WAITS", json_object_get(stats, "threads"),
          add_thread);
    json_decref(stats);
    return CTL_OK;
}

const struct command ctl_stats_commands[] = {
    {"stats",
     "show",
     "[T]",
     "Show what logical units and I/O threads have done",
     0,
     1,
     stats_show,
     {NULL}},
    {0},
};
