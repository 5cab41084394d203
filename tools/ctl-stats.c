/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl stats: counters. */
#include <stdio.h>

#include "ctl.h"

static void add_lun(struct table *table, const json_t *l)
{
    g_autofree char *read = format_size(ctl_int(l, "read_bytes")), *written = format_size(ctl_int(l, "write_bytes"));
    table_cellf(table, "%s/%" JSON_INTEGER_FORMAT, ctl_text(l, "target"), ctl_int(l, "lun"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(l, "sid"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(l, "reads"));
    table_cell(table, read);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(l, "writes"));
    table_cell(table, written);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(l, "errors"));
    table_cell(table, ctl_text(l, "initiator"));
}

static void add_thread(struct table *table, const json_t *t)
{
    g_autofree char *used = format_size(ctl_int(t, "buffers_used")), *limit = format_size(ctl_int(t, "buffers_limit"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "thread"));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "sessions"));
    table_cell(table, used);
    table_cell(table, limit);
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(t, "buffer_waits"));
}

static void print(const char *titles, const json_t *rows, void (*add)(struct table *table, const json_t *row))
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
    print("LUN >SID >READS >READ >WRITES >WRITTEN >ERRORS INITIATOR", json_object_get(stats, "luns"), add_lun);
    putchar('\n');
    print(">THREAD >SESSIONS >BUFFERS >LIMIT >WAITS", json_object_get(stats, "threads"), add_thread);
    json_decref(stats);
    return CTL_OK;
}

const struct command ctl_stats_commands[] = {
    {"stats", "show", "[T]", "Show what logical units and I/O threads have done", 0, 1, stats_show, {NULL}},
    {0},
};
