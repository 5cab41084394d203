/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods session.*: list I_T nexuses and close them. */
#include "control-method.h"

#include <string.h>

#include "control-farewell.h"
#include "nexus.h"
#include "target.h"

/* "Key=value Key=value", as the transport gave it. */
static json_t *describe_detail(const char *detail)
{
    json_t *o = json_object();
    g_auto(GStrv) words = g_strsplit(detail ? detail : "", " ", -1);
    for (char **w = words; *w; w++) {
        char *value = strchr(*w, '=');
        if (!value)
            continue;
        *value++ = '\0';
        control_put(o, *w, value);
    }
    return o;
}

static json_t *describe(const struct nexus_info *n)
{
    json_t *o =
        json_pack("{s:I, s:i, s:i, s:I}", "sid", (json_int_t)n->id, "tid", (int)n->tid, "thread",
                  (int)n->thread, "opened", (json_int_t)(n->opened / G_USEC_PER_SEC));
    control_put(o, "target", n->target);
    control_put(o, "initiator", n->initiator);
    control_put(o, "alias", n->alias);
    control_put(o, "peer", n->peer);
    control_put(o, "session", n->session);
    control_put(o, "transport", n->transport);
    json_object_set_new(o, "detail", describe_detail(n->detail));
    return o;
}

json_t *control_describe_sessions(const struct tgt_target *target)
{
    json_t *list = json_array();
    g_autoptr(GPtrArray) sessions = nexus_list(target);
    for (guint i = 0; i < sessions->len; i++)
        json_array_append_new(list, describe(sessions->pdata[i]));
    return list;
}

static void session_list_(struct control_call *call, const json_t *params)
{
    const struct tgt_target *target = NULL;
    if (control_text(params, "target") && !(target = control_target(call, params)))
        return;
    control_reply(call, control_describe_sessions(target));
}

/* ---- Sessions that are to go ---- */

static bool is_meant(const struct nexus_info *n, const json_t *params)
{
    const char *initiator = control_text(params, "initiator");
    bool by_number = json_object_get(params, "sid");
    return (!by_number || n->id == control_uint(params, "sid")) &&
           (!initiator || strcmp(n->initiator, initiator) == 0);
}

static GArray *find_all(const json_t *params)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GPtrArray) sessions = nexus_list(NULL);
    for (guint i = 0; i < sessions->len; i++) {
        const struct nexus_info *n = sessions->pdata[i];
        if (is_meant(n, params))
            g_array_append_val(ids, n->id);
    }
    return ids;
}

static GError *none_found(const json_t *params)
{
    const char *initiator = control_text(params, "initiator");
    if (!json_object_get(params, "sid"))
        return g_error_new(CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no session of '%s'",
                           initiator);
    return g_error_new(CORE_ERROR, CORE_ERROR_NOT_FOUND,
                       "there is no session %" G_GUINT64_FORMAT "%s%s", control_uint(params, "sid"),
                       initiator ? " of " : "", initiator ? initiator : "");
}

static bool has_other_connection(struct control_call *call, const json_t *params)
{
    if (control_uint(params, "cid") == 0)
        return false;
    control_about(call, "connection");
    control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_NOT_FOUND,
                                   "the session has one connection only, and that is number 0"));
    return true;
}

static void say_farewell(struct control_call *call, const json_t *params, unsigned seconds)
{
    control_about(call, "session");
    if (!json_object_get(params, "sid") && !json_object_get(params, "initiator")) {
        control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                                       "say which session: sid, initiator, or both"));
        return;
    }
    g_autoptr(GArray) ids = find_all(params);
    if (ids->len == 0)
        control_fail(call, none_found(params));
    else if (!has_other_connection(call, params))
        control_say_farewell(call, ids, seconds);
}

static void session_logout_(struct control_call *call, const json_t *params)
{
    say_farewell(call, params, control_deadline(params));
}

static void session_kill_(struct control_call *call, const json_t *params)
{
    say_farewell(call, params, 0);
}

#define SID       "sid", CONTROL_UINT, false, "number of the session", G_MAXINT64
#define INITIATOR "initiator", CONTROL_STRING, false, "all sessions of this initiator"

const struct control_method control_session_methods[] = {
    {"session.list",
     "List sessions",
     true,
     session_list_,
     {{"target", CONTROL_STRING, false, "only those of this target"}}},
    {"session.logout",
     "Ask initiators to log out; answered when they have, or were dropped after the deadline",
     false,
     session_logout_,
     {{SID}, {INITIATOR}, {CONTROL_DEADLINE}}},
    {"session.kill",
     "Close sessions; answered when they are gone. The initiators may log in again",
     false,
     session_kill_,
     {{SID}, {INITIATOR}, {"cid", CONTROL_UINT, false, "the connection: 0, there are no others"}}},
    {0},
};
