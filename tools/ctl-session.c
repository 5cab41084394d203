/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl session: who is logged in, and closing sessions. */
#include <stdio.h>
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
    ctl_print(ctl, table);
    json_decref(list);
    return CTL_OK;
}

/* ---- One session ---- */

static bool put_sid(const struct ctl *ctl, json_t *params)
{
    guint64 sid;
    const char *word = ctl_word(ctl, 0);
    if (!word)
        return true;
    if (!g_ascii_string_to_unsigned(word, 10, 1, G_MAXINT64, &sid, NULL)) {
        ctl_wrong("'%s' is not the number of a session", word);
        return false;
    }
    json_object_set_new(params, "sid", json_integer((json_int_t)sid));
    return true;
}

static void print_one(const json_t *s)
{
    static const char *const members[] = {"target", "initiator", "alias",
                                          "peer",   "session",   "transport"};
    const char *name;
    json_t *value;
    printf("%-12s %" JSON_INTEGER_FORMAT "\n", "sid", ctl_int(s, "sid"));
    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++)
        if (ctl_text(s, members[i]))
            printf("%-12s %s\n", members[i], ctl_text(s, members[i]));
    printf("%-12s %" JSON_INTEGER_FORMAT "\n", "thread", ctl_int(s, "thread"));
    json_object_foreach(json_object_get(s, "detail"), name, value)
        printf("%-12s %s=%s\n", "", name, json_string_value(value));
}

static json_t *find_sid(json_t *list, json_int_t sid)
{
    size_t i;
    json_t *s;
    json_array_foreach(list, i, s)
        if (ctl_int(s, "sid") == sid)
            return s;
    return NULL;
}

static enum ctl_exit show(struct ctl *ctl, json_t *list, json_int_t sid)
{
    json_t *s = find_sid(list, sid);
    if (!s) {
        fprintf(stderr, "tgtctl: there is no session %" JSON_INTEGER_FORMAT "\n", sid);
        return CTL_NOT_FOUND;
    }
    if (!ctl_json(ctl, json_incref(s))) {
        print_one(s);
        json_decref(s);
    }
    return CTL_OK;
}

static enum ctl_exit session_show(struct ctl *ctl)
{
    json_t *which = json_object();
    json_t *list = put_sid(ctl, which) ? ctl_call(ctl, "session.list", NULL) : NULL;
    enum ctl_exit status = CTL_USAGE;
    if (list)
        status = show(ctl, list, ctl_int(which, "sid"));
    else if (json_object_size(which) > 0)
        status = ctl->status;
    json_decref(which);
    json_decref(list);
    return status;
}

/* ---- Sessions that are to go ---- */

static bool put_who(const struct ctl *ctl, json_t *params)
{
    if (!put_sid(ctl, params) || !ctl_put_number(ctl, params, "deadline"))
        return false;
    if (args_has(&ctl->args, "initiator"))
        json_object_set_new(params, "initiator", json_string(args_value(&ctl->args, "initiator")));
    if (json_object_get(params, "sid") || json_object_get(params, "initiator"))
        return true;
    ctl_wrong("which session? Give its number (tgtctl session list), or --initiator");
    return false;
}

static enum ctl_exit farewell(struct ctl *ctl, const char *method,
                              void (*tell)(const char *method, const json_t *params, void *data))
{
    json_t *params = json_object();
    if (!put_who(ctl, params)) {
        json_decref(params);
        return CTL_USAGE;
    }
    json_t *result = ctl_call_telling(ctl, method, params, tell, NULL);
    if (!result)
        return ctl->status;
    if (!ctl_json(ctl, result))
        json_decref(result);
    return CTL_OK;
}

static enum ctl_exit session_logout(struct ctl *ctl)
{
    return farewell(ctl, "session.logout", ctl_print_progress);
}

static enum ctl_exit session_kill(struct ctl *ctl)
{
    return farewell(ctl, "session.kill", NULL);
}

const struct command ctl_session_commands[] = {
    {"session", "list", "[T]", "List sessions", 0, 1, session_list, {NULL}},
    {"session", "show", "SID", "Describe a session", 1, 1, session_show, {NULL}},
    {"session",
     "logout",
     "[SID]",
     "Ask an initiator to log out; drop the session if it does not",
     0,
     1,
     session_logout,
     {"initiator", "deadline"}},
    {"session",
     "kill",
     "[SID]",
     "Close a session; the initiator may log in again",
     0,
     1,
     session_kill,
     {"initiator"}},
    {0},
};
