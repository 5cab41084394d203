/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method stats.show: counters by logical unit and session, and the I/O threads' buffers. */
#include "control-method.h"

#include "buffer.h"
#include "daemon.h"
#include "lu.h"
#include "nexus.h"
#include "target.h"
#include "thread.h"

/* Counters belong to the nexus's thread; a value that is one command old does no harm. */
static json_int_t counter(const uint64_t *value)
{
    return (json_int_t)__atomic_load_n(value, __ATOMIC_RELAXED);
}

static json_t *describe_itl(const struct core_lu *lu, const struct itl *itl)
{
    json_t *o = json_pack("{s:s, s:i, s:i, s:I}", "target", lu->target->name, "tid", (int)lu->target->tid, "lun",
                          (int)lu->lun, "sid", (json_int_t)itl->nexus->id);
    control_put(o, "initiator", itl->nexus->initiator);
    json_object_set_new(o, "reads", json_integer(counter(&itl->reads)));
    json_object_set_new(o, "read_bytes", json_integer(counter(&itl->read_bytes)));
    json_object_set_new(o, "writes", json_integer(counter(&itl->writes)));
    json_object_set_new(o, "write_bytes", json_integer(counter(&itl->write_bytes)));
    json_object_set_new(o, "errors", json_integer(counter(&itl->errors)));
    return o;
}

static gboolean append_lun(gpointer key, gpointer value, gpointer list)
{
    struct core_lu *lu = value;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len; i++)
        json_array_append_new(list, describe_itl(lu, lu->itls->pdata[i]));
    g_mutex_unlock(&lu->lock);
    return FALSE;
}

static json_t *describe_luns(const struct tgt_target *only)
{
    json_t *list = json_array();
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next)
        if (!only || only == t->data)
            g_tree_foreach(((struct tgt_target *)t->data)->luns, append_lun, list);
    return list;
}

static void append_thread(struct tgt_thread *thread, void *list)
{
    struct buffer_stats b;
    buffer_pool_stats(thread->buffers, &b);
    json_array_append_new(list, json_pack("{s:i, s:i, s:I, s:I, s:I}", "thread", (int)thread->index, "sessions",
                                          g_atomic_int_get(&thread->nexuses), "buffers_used", (json_int_t)b.used,
                                          "buffers_limit", (json_int_t)b.limit, "buffer_waits", (json_int_t)b.waits));
}

static void stats_show_(struct control_call *call, const json_t *params)
{
    const struct tgt_target *target = NULL;
    if (control_text(params, "target") && !(target = control_target(call, params)))
        return;
    json_t *io = json_array();
    threads_each(daemon_get()->threads, append_thread, io);
    control_reply(call, json_pack("{s:o, s:o}", "luns", describe_luns(target), "threads", io));
}

const struct control_method control_stats_methods[] = {
    {"stats.show",
     "Show counters of logical units by session, and of I/O threads",
     true,
     stats_show_,
     {{"target", CONTROL_STRING, false, "only logical units of this target"}}},
    {0},
};
