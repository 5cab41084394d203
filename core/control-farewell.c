/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for sessions to go, and tell meanwhile how far that is. */
#include "control-method.h"

#include "control-farewell.h"
#include "nexus.h"
#include "system.h"

/* How often it is looked whether there is progress to be told. */
#define PROGRESS_MS 200

struct wait {
    struct control_call *call;
    const struct farewell *farewell;
    unsigned left, seconds; /* as told last */
    guint tick;
};

unsigned control_deadline(const json_t *params)
{
    return json_object_get(params, "deadline") ? (unsigned)control_uint(params, "deadline")
                                               : CONTROL_DEADLINE_S;
}

static json_t *describe(const struct farewell_count *count)
{
    return json_pack("{s:i, s:i, s:i}", "asked", (int)count->asked, "dropped", (int)count->dropped,
                     "left", (int)count->left);
}

static GError *what_is_left(const struct farewell_count *count)
{
    if (count->dropped == 0)
        return g_error_new(CORE_ERROR, CORE_ERROR_BUSY, "called off: %u of %u sessions stay",
                           count->left, count->asked);
    return g_error_new(CORE_ERROR, CORE_ERROR_BUSY,
                       "%u of %u sessions have been closed, but backing stores still work on their "
                       "commands: they go when those end",
                       count->left, count->asked);
}

static void ended(const struct farewell_count *count, void *data)
{
    struct wait *w = data;
    g_source_remove(w->tick);
    if (count->left > 0)
        control_fail(w->call, what_is_left(count));
    else
        control_reply(w->call, describe(count));
    g_free(w);
}

/* {"method": "progress", "params": {asked, dropped, left, seconds}}, on each change. */
static gboolean tell(gpointer data)
{
    struct wait *w = data;
    struct farewell_count count = farewell_count(w->farewell);
    unsigned seconds = farewell_seconds(w->farewell);
    if (count.left == w->left && seconds == w->seconds)
        return G_SOURCE_CONTINUE;
    w->left = count.left;
    w->seconds = seconds;
    json_t *params = describe(&count);
    json_object_set_new(params, "seconds", json_integer(seconds));
    control_notify(w->call, "progress", params);
    return G_SOURCE_CONTINUE;
}

static struct wait *wait_new(struct control_call *call)
{
    struct wait *w = g_new0(struct wait, 1);
    w->call = call;
    return w;
}

static void wait_begin(struct wait *w, const struct farewell *farewell)
{
    w->farewell = farewell;
    w->left = G_MAXUINT;
    w->tick = g_timeout_add(PROGRESS_MS, tell, w);
    tell(w);
}

void control_say_farewell(struct control_call *call, const GArray *ids, unsigned seconds)
{
    struct wait *w = wait_new(call);
    wait_begin(w, farewell_new(ids, seconds, TGT_CLOSE_ADMIN, ended, w));
}

void control_drain(struct control_call *call, unsigned seconds)
{
    GError *error = NULL;
    struct wait *w = wait_new(call);
    control_about(call, "system");
    if (system_drain(seconds, ended, w, &error)) {
        wait_begin(w, system_draining());
        return;
    }
    g_free(w);
    control_fail(call, error);
}
