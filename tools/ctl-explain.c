/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl explain: what tgtadm's command lines are in tgtctl's words. Nothing is done: the commands
 * are rehearsed, and the calls that tgtadm would make are told as commands that make them. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "explain.h"
#include "legacy.h"

/* ---- Which of the calls ---- */

static bool is(const json_t *call, const char *method)
{
    return strcmp(ctl_text(call, "method"), method) == 0;
}

static bool changes(const json_t *calls)
{
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
        if (!explain_asks(call))
            return true;
    return false;
}

/* Statistics come last; what was asked before says of what they are. */
static json_t *stats_of(const json_t *calls)
{
    json_t *place = NULL, *call, *last = json_array_get(calls, json_array_size(calls) - 1);
    size_t i;
    if (!last || !is(last, "stats.show"))
        return NULL;
    json_array_foreach(calls, i, call)
        if (is(call, "lun.show") || (is(call, "target.show") && !place))
            place = json_object_get(call, "params");
    return json_pack("{s:s, s:O?}", "method", "stats.show", "params", place);
}

/* That something is there is asked by way of LUN 0. */
static bool is_probe(const json_t *call)
{
    return is(call, "lun.show") && ctl_int(json_object_get(call, "params"), "lun") == 0;
}

static void append_line(GPtrArray *lines, const json_t *call, const char *port)
{
    char *line = explain_line(call, port);
    if (g_ptr_array_find_with_equal_func(lines, line, g_str_equal, NULL))
        g_free(line);
    else
        g_ptr_array_add(lines, line);
}

static GPtrArray *lines_of(const json_t *calls, const char *port)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    json_t *call, *stats = stats_of(calls);
    bool changing = changes(calls);
    size_t i;
    if (stats)
        append_line(lines, stats, port);
    else
        json_array_foreach(calls, i, call)
            if (changing ? !explain_asks(call) : !is_probe(call))
                append_line(lines, call, port);
    json_decref(stats);
    return lines;
}

/* ---- Telling ---- */

static enum ctl_exit tell(const struct ctl *ctl, const GPtrArray *lines)
{
    json_t *list = json_array();
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(list, json_string(lines->pdata[i]));
    if (ctl_json(ctl, list))
        return CTL_OK;
    json_decref(list);
    for (guint i = 0; i < lines->len; i++)
        puts(lines->pdata[i]);
    if (lines->len == 0)
        puts("# nothing: it changes nothing that this daemon has");
    return CTL_OK;
}

static bool has_secret(const json_t *calls)
{
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
        if (is(call, "account.create"))
            return true;
    return false;
}

static enum ctl_exit explain(struct ctl *ctl)
{
    g_autoptr(GString) err = g_string_new(NULL);
    g_autofree char *port = NULL;
    const GPtrArray *words = ctl->args.words;
    if (strcmp(ctl_word(ctl, 0), "tgtadm") != 0)
        return ctl_wrong("explain what? 'tgtctl explain -- tgtadm --lld iscsi ...' is wanted");
    /* getopt puts them in another order */
    g_autofree char **argv = g_new0(char *, words->len);
    memcpy(argv, words->pdata + 1, (words->len - 1) * sizeof(char *));
    json_t *calls = legacy_rehearse((int)words->len - 1, argv, &port, err);
    if (!calls) {
        fputs(err->str, stderr);
        return CTL_USAGE;
    }
    g_autoptr(GPtrArray) lines = lines_of(calls, port);
    if (has_secret(calls))
        fputs("tgtctl: the secret is read from standard input: it is not put on a command line\n",
              stderr);
    json_decref(calls);
    return tell(ctl, lines);
}

const struct command ctl_explain_commands[] = {
    {"explain",
     NULL,
     "-- tgtadm ARGUMENT...",
     "Say what a command of tgtadm is in tgtctl's words; nothing is done",
     1,
     0,
     explain,
     {NULL}},
    {0},
};
