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
    const char *op, *stage; /* NULL: all of them */
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

static bool is_meant(const char *asked, const char *name)
{
    return !asked || strcmp(asked, name) == 0;
}

static json_t *describe_stages(const struct listing *l, const struct latency_sum *sum)
{
    json_t *o = json_object();
    for (unsigned s = 0; s < LATENCY_STAGES; s++)
        if (is_meant(l->stage, latency_stage_name(s)))
            json_object_set_new(o, latency_stage_name(s), describe_histogram(&sum->stages[s]));
    return o;
}

static json_t *describe(const struct listing *l, const struct core_lu *lu, enum latency_class class,
                        const struct latency_sum *sum)
{
    json_t *o = stats_place(lu);
    control_put(o, "op", latency_class_name(class));
    json_object_set_new(o, "latency", describe_stages(l, sum));
    if (sum->size.count > 0 && !l->stage)
        json_object_set_new(o, "size", describe_histogram(&sum->size));
    return o;
}

static gboolean append_lun(gpointer key, gpointer value, gpointer data)
{
    const struct core_lu *lu = value;
    const struct listing *l = data;
    struct latency_sum sum;
    for (unsigned class = 0; class < LATENCY_CLASSES && stats_concerns(&l->scope, lu); class ++)
        if (is_meant(l->op, latency_class_name(class)) && latency_collect(lu, class, &sum))
            json_array_append_new(l->list, describe(l, lu, class, &sum));
    return FALSE;
}

/* True: all that is asked for is there to be asked for. */
static bool check_words(const struct listing *l, GError **error)
{
    bool class = !l->op, stage = !l->stage;
    for (unsigned i = 0; i < LATENCY_CLASSES; i++)
        class = class || strcmp(l->op, latency_class_name(i)) == 0;
    for (unsigned i = 0; i < LATENCY_STAGES; i++)
        stage = stage || strcmp(l->stage, latency_stage_name(i)) == 0;
    if (!class)
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "'%s' is no class of commands: read, write or other", l->op);
    else if (!stage)
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "'%s' is no stage: receive, scsi, store, send or total", l->stage);
    return class && stage;
}

/* All histograms of a logical unit are some 10 kB. */
#define LUNS_MAX 256u

static bool check_number(const struct listing *l, GError **error)
{
    unsigned luns = l->scope.lu ? 1 : stats_count_luns(l->scope.target);
    if (l->stage || luns <= LUNS_MAX)
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "these are %u logical units: ask for one stage, or for one of them", luns);
    return false;
}

void stats_histogram_(struct control_call *call, const json_t *params)
{
    struct listing l = {.op = control_text(params, "op"), .stage = control_text(params, "stage")};
    GError *error = NULL;
    if (!stats_find_scope(call, params, &l.scope))
        return;
    if (!check_words(&l, &error) || !check_number(&l, &error)) {
        control_fail(call, error);
        return;
    }
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
