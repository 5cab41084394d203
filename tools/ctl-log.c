/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl log: what the daemon logs, has logged, and logs now. */
#include <stdio.h>

#include "ctl.h"

static enum ctl_exit log_level(struct ctl *ctl)
{
    const char *level = ctl_word(ctl, 0);
    json_t *result =
        ctl_call(ctl, "log.level", level ? json_pack("{s:s}", "level", level) : json_object());
    if (!result)
        return ctl->status;
    if (ctl_json(ctl, result))
        return CTL_OK;
    puts(ctl_text(result, "level"));
    json_decref(result);
    return CTL_OK;
}

/* "2026-11-28 03:55:01.123456 notice: …" */
static void print_line(const json_t *line)
{
    gint64 us = ctl_int(line, "time_us");
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
    printf("%s.%06d %s: %s\n", text, (int)(us % G_USEC_PER_SEC), ctl_text(line, "level"),
           ctl_text(line, "text"));
}

static json_t *which(const struct ctl *ctl)
{
    json_t *params = json_object();
    ctl_put_options(ctl, params);
    return params;
}

static enum ctl_exit log_dump(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "log.dump", which(ctl)), *line;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    json_array_foreach(list, i, line)
        print_line(line);
    json_decref(list);
    return CTL_OK;
}

/* Who reads a pipe gets each line at once. */
static void told(const char *method, const json_t *params, void *data)
{
    const struct ctl *ctl = data;
    if (ctl->json)
        json_dumpf(params, stdout, JSON_COMPACT);
    else
        print_line(params);
    if (ctl->json)
        putchar('\n');
    fflush(stdout);
}

static enum ctl_exit log_follow(struct ctl *ctl)
{
    json_decref(ctl_call_telling(ctl, "log.follow", which(ctl), told, ctl));
    return ctl->status;
}

const struct command ctl_log_commands[] = {
    {"log",
     "level",
     "[LEVEL]",
     "Say what is logged, or change it until the daemon ends",
     0,
     1,
     log_level,
     {NULL}},
    {"log", "dump", "", "List the last lines of each level", 0, 0, log_dump, {"level"}},
    {"log",
     "follow",
     "",
     "Print lines as they come, until Ctrl-C",
     0,
     0,
     log_follow,
     {"level", "recorded"}},
    {0},
};
