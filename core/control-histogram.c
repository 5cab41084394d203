/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods stats.histogram and stats.reset: where the time of commands goes. */
#include "control-stats.h"

#include <string.h>

#include "daemon.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "target.h"
#include "thread.h"

struct listing {
    struct stats_scope scope;
    const char *op; /* NULL: all classes */
    json_t *list;
};

/* ---- Histograms ---- */

/* The bound of the last bucket is null. */
static json_t *describe_bucket(unsigned bucket, uint64_t count)
{
    uint64_t bound = histogram_bound(bucket);
    json_t *end = bound == UINT64_MAX ? json_null() : json_integer((json_int_t)bound);
    return json_pack("[o, I]", end, (json_int_t)count);
}

static json_t *describe_histogram(const struct histogram_sum *h)
{
    json_t *buckets = json_array();
    for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
        if (h->buckets[b] > 0)
            json_array_append_new(buckets, describe_bucket(b, h->buckets[b]));
    return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)h->count, "sum", (json_int_t)h->sum,
                     "buckets", buckets);
}

static json_t *describe_stages(const struct latency_sum *sum)
{
    json_t *o = json_object();
    for (unsigned s = 0; s < LATENCY_STAGES; s++)
        json_object_set_new(o, latency_stage_name(s), describe_histogram(&sum->stages[s]));
    return o;
}

static json_t *describe(const struct core_lu *lu, enum latency_class class,
                        const struct latency_sum *sum)
{
    json_t *o = stats_place(lu);
    control_put(o, "op", latency_class_name(class));
    json_object_set_new(o, "latency", describe_stages(sum));
    if (sum->size.count > 0)
        json_object_set_new(o, "size", describe_histogram(&sum->size));
    return o;
}

static gboolean append_lun(gpointer key, gpointer value, gpointer data)
{
    const struct core_lu *lu = value;
    const struct listing *l = data;
    struct latency_sum sum;
    for (unsigned class = 0; class < LATENCY_CLASSES && stats_concerns(&l->scope, lu); class ++)
        if ((!l->op || strcmp(l->op, latency_class_name(class)) == 0) &&
            latency_collect(lu, class, &sum))
            json_array_append_new(l->list, describe(lu, class, &sum));
    return FALSE;
}

static bool is_class(const char *op)
{
    for (unsigned class = 0; class < LATENCY_CLASSES; class++)
        if (strcmp(op, latency_class_name(class)) == 0)
            return true;
    return false;
}

void stats_histogram_(struct control_call *call, const json_t *params)
{
    struct listing l = {.op = control_text(params, "op")};
    if (l.op && !is_class(l.op)) {
        control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                                       "'%s' is no class of commands: read, write or other", l.op));
        return;
    }
    if (!stats_find_scope(call, params, &l.scope))
        return;
    l.list = json_array();
    stats_each_lun(l.scope.target, append_lun, &l);
    control_reply(call, l.list);
}

/* ---- A new beginning ---- */

/* What a thread counts, only it sets back. */
static void clear_thread(struct tgt_thread *thread, void *data)
{
    GHashTableIter i;
    gpointer lu, share;
    if (thread->lus == NULL)
        return;
    g_hash_table_iter_init(&i, thread->lus);
    while (g_hash_table_iter_next(&i, &lu, &share))
        if (stats_concerns(data, lu)) {
            lu_counters_clear(lu, thread);
            latency_clear(share);
        }
}

static gboolean clear_gone(gpointer key, gpointer lu, gpointer scope)
{
    if (stats_concerns(scope, lu))
        lu_counters_clear(lu, NULL);
    return FALSE;
}

void stats_reset_(struct control_call *call, const json_t *params)
{
    struct stats_scope scope;
    if (!stats_find_scope(call, params, &scope))
        return;
    threads_each(daemon_get()->threads, clear_thread, &scope);
    stats_each_lun(scope.target, clear_gone, &scope);
    control_end(call, NULL);
}
