/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl session: who is logged in, and closing sessions. */
#include <time.h>

#include "ctl.h"

static void add_row(struct table *table, const json_t *s)
{
    gint64 open_for = (gint64)time(NULL) - ctl_int(s, "opened");
    g_autofree char *duration = format_duration(MAX(open_for, 0));
    table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(s, "sid"));
    table_cell(table, ctl_text(s, "target"));
    table_cell(table, ctl_text(s, "initiator"));
    table_cell(table, ctl_text(s, "peer"));
    table_cell(table, ctl_text(s, "transport"));
    table_cell(table, duration);
}

static enum ctl_exit session_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "session.list", ctl_target_params(ctl)), *s;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new(">SID TARGET INITIATOR PEER TRANSPORT UP");
    json_array_foreach(list, i, s)
        add_row(table, s);
    table_print(table);
    json_decref(list);
    return CTL_OK;
}

static enum ctl_exit session_kill(struct ctl *ctl)
{
    guint64 sid;
    if (!g_ascii_string_to_unsigned(ctl_word(ctl, 0), 10, 1, G_MAXINT64, &sid, NULL))
        return ctl_wrong("'%s' is not the number of a session", ctl_word(ctl, 0));
    return ctl_do(ctl, "session.kill", json_pack("{s:I}", "sid", (json_int_t)sid));
}

const struct command ctl_session_commands[] = {
    {"session", "list", "[T]", "List sessions", 0, 1, session_list, {NULL}},
    {"session",
     "kill",
     "SID",
     "Close a session; the initiator may log in again",
     1,
     1,
     session_kill,
     {NULL}},
    {0},
};
