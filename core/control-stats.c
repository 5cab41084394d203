/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method stats.show: counters by logical unit and session, and the I/O threads' buffers. */
#include "control-stats.h"

#include "buffer.h"
#include "daemon.h"
#include "lu.h"
#include "medium.h"
#include "nexus.h"
#include "plugin.h"
#include "target.h"
#include "thread.h"

static void put_counters(json_t *o, const struct lu_counters *c)
{
    json_object_set_new(o, "reads", json_integer((json_int_t)c->reads));
    json_object_set_new(o, "read_bytes", json_integer((json_int_t)c->read_bytes));
    json_object_set_new(o, "writes", json_integer((json_int_t)c->writes));
    json_object_set_new(o, "write_bytes", json_integer((json_int_t)c->write_bytes));
    json_object_set_new(o, "errors", json_integer((json_int_t)c->errors));
}

static const char *store_of(const struct core_lu *lu)
{
    return lu->pub.medium ? core_medium(lu->pub.medium)->bs->plugin->name : NULL;
}

json_t *stats_place(const struct core_lu *lu)
{
    return json_pack("{s:s, s:i, s:i, s:s*}", "target", lu->target->name, "tid",
                     (int)lu->target->tid, "lun", (int)lu->lun, "bs", store_of(lu));
}

/* With the sessions that are gone. */
static gboolean append_lun(gpointer key, gpointer lu, gpointer list)
{
    struct lu_counters sum;
    json_t *o = stats_place(lu);
    lu_counters(lu, &sum);
    put_counters(o, &sum);
    json_array_append_new(list, o);
    return FALSE;
}

static json_t *describe_session(const struct core_lu *lu, const struct itl *itl)
{
    struct lu_counters counters = {0};
    json_t *o = stats_place(lu);
    json_object_set_new(o, "sid", json_integer((json_int_t)itl->nexus->id));
    control_put(o, "initiator", itl->nexus->initiator);
    control_put(o, "transport", itl->nexus->transport->name);
    itl_count(itl, &counters);
    put_counters(o, &counters);
    return o;
}

static gboolean append_sessions(gpointer key, gpointer value, gpointer list)
{
    struct core_lu *lu = value;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len; i++)
        json_array_append_new(list, describe_session(lu, lu->itls->pdata[i]));
    g_mutex_unlock(&lu->lock);
    return FALSE;
}

void stats_each_lun(const struct tgt_target *only, GTraverseFunc fn, void *data)
{
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next)
        if (!only || only == t->data)
            g_tree_foreach(((struct tgt_target *)t->data)->luns, fn, data);
}

unsigned stats_count_luns(const struct tgt_target *only)
{
    unsigned luns = 0;
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next)
        if (!only || only == t->data)
            luns += (unsigned)g_tree_nnodes(((struct tgt_target *)t->data)->luns);
    return luns;
}

/* ---- Which ones ---- */

bool stats_find_scope(struct control_call *call, const json_t *params, struct stats_scope *scope)
{
    bool target = json_object_get(params, "target"), lun = json_object_get(params, "lun");
    *scope = (struct stats_scope){0};
    if (lun && !target) {
        control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                                       "a logical unit needs its target, too"));
        return false;
    }
    if (lun && !(scope->lu = control_lun(call, params)))
        return false;
    return !target || (scope->target = control_target(call, params));
}

bool stats_concerns(const struct stats_scope *scope, const struct core_lu *lu)
{
    return scope->lu ? scope->lu == lu : !scope->target || scope->target == lu->target;
}

static json_t *each_lun(const struct stats_scope *scope, GTraverseFunc append)
{
    json_t *list = json_array();
    if (scope->lu)
        append(NULL, (gpointer)scope->lu, list);
    else
        stats_each_lun(scope->target, append, list);
    return list;
}

static void append_thread(struct tgt_thread *thread, void *list)
{
    struct buffer_stats b;
    buffer_pool_stats(thread->buffers, &b);
    json_array_append_new(
        list, json_pack("{s:i, s:i, s:I, s:I, s:I}", "thread", (int)thread->index, "sessions",
                        g_atomic_int_get(&thread->nexuses), "buffers_used", (json_int_t)b.used,
                        "buffers_limit", (json_int_t)b.limit, "buffer_waits", (json_int_t)b.waits));
}

static void stats_show_(struct control_call *call, const json_t *params)
{
    struct stats_scope scope;
    if (!stats_find_scope(call, params, &scope))
        return;
    json_t *io = json_array();
    threads_each(daemon_get()->threads, append_thread, io);
    control_reply(call, json_pack("{s:o, s:o, s:o}", "luns", each_lun(&scope, append_lun),
                                  "sessions", each_lun(&scope, append_sessions), "threads", io));
}

#define TARGET "target", CONTROL_STRING, false, "only logical units of this target"
#define LUN    "lun", CONTROL_UINT, false, "only this one", UINT16_MAX

const struct control_method control_stats_methods[] = {
    {"stats.show",
     "Show counters of logical units, of their sessions, and of I/O threads",
     true,
     stats_show_,
     {{TARGET}, {LUN}}},
    {"stats.histogram",
     "Show how long commands took, by stage in nanoseconds, and how large they were",
     true,
     stats_histogram_,
     {{TARGET},
      {LUN},
      {"op", CONTROL_STRING, false, "only this class: read, write or other"},
      {"stage", CONTROL_STRING, false, "only this stage, and no sizes"}}},
    {"stats.metrics", "Show all figures as text for Prometheus", true, stats_metrics_, {{0}}},
    {"stats.reset", "Begin anew to count and to measure", false, stats_reset_, {{TARGET}, {LUN}}},
    {0},
};
