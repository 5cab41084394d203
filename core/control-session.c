/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods session.*: list I_T nexuses and close them. */
#include "control-method.h"

#include <string.h>

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

static void session_kill_(struct control_call *call, const json_t *params)
{
    GError *error = NULL;
    control_about(call, "session");
    nexus_kill(control_uint(params, "sid"), TGT_CLOSE_ADMIN, &error);
    control_end(call, error);
}

const struct control_method control_session_methods[] = {
    {"session.list",
     "List sessions",
     true,
     session_list_,
     {{"target", CONTROL_STRING, false, "only those of this target"}}},
    {"session.kill",
     "Close a session; the initiator may log in again",
     false,
     session_kill_,
     {{"sid", CONTROL_UINT, true, "number of the session", G_MAXINT64}}},
    {0},
};
