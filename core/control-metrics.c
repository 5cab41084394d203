/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method stats.metrics: all figures in the text format that Prometheus reads (version 0.0.4): one
 * family after the other, each with its HELP and TYPE. */
#include "control-stats.h"

#include "buffer.h"
#include "config.h"
#include "daemon.h"
#include "lu.h"
#include "metrics.h"
#include "nexus.h"
#include "plugin.h"
#include "target.h"
#include "thread.h"

/* ---- Lines ---- */

/* In a label's value a backslash, a quote and a line feed are escaped. */
static void put_escaped(GString *text, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            g_string_append(text, "\\n");
        else if (*value == '\\' || *value == '"')
            g_string_append_printf(text, "\\%c", *value);
        else
            g_string_append_c(text, *value);
    }
}

/* One more label; NULL: an empty value. */
void metrics_label(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "%s%s=\"", text->str[text->len - 1] == '{' ? "" : ",", name);
    put_escaped(text, value ? value : "");
    g_string_append_c(text, '"');
}

void metrics_number(GString *text, const char *name, uint64_t value)
{
    g_string_append_printf(text, "%s%s=\"%" G_GUINT64_FORMAT "\"",
                           text->str[text->len - 1] == '{' ? "" : ",", name, value);
}

void metrics_begin(GString *text, const struct metric *metric, const char *suffix)
{
    g_string_append_printf(text, "%s%s{", metric->name, suffix);
}

void metrics_end(GString *text, uint64_t value)
{
    g_string_append_printf(text, "} %" G_GUINT64_FORMAT "\n", value);
}

static void plain(GString *text, const struct metric *metric, uint64_t value)
{
    g_string_append_printf(text, "%s %" G_GUINT64_FORMAT "\n", metric->name, value);
}

/* ---- The daemon ---- */

static void write_up(GString *text, const struct metric *metric)
{
    plain(text, metric, 1);
}

static void write_build(GString *text, const struct metric *metric)
{
    metrics_begin(text, metric, "");
    metrics_label(text, "version", PACKAGE_VERSION);
    metrics_end(text, 1);
}

static void write_uptime(GString *text, const struct metric *metric)
{
    gint64 us = g_get_monotonic_time() - daemon_get()->started;
    plain(text, metric, (uint64_t)us / G_USEC_PER_SEC);
}

static void write_plugins(GString *text, const struct metric *metric)
{
    const GPtrArray *list = plugins_list(daemon_get()->plugins);
    for (guint i = 0; i < list->len; i++) {
        const struct plugin *p = list->pdata[i];
        metrics_begin(text, metric, "");
        metrics_label(text, "name", p->name);
        metrics_label(text, "kind", p->kind ? plugin_kind_name(p->kind) : NULL);
        metrics_label(text, "version", p->version);
        metrics_label(text, "abi", p->abi);
        metrics_label(text, "state", plugin_state_name(p->state));
        metrics_label(text, "file", p->file);
        metrics_end(text, 1);
    }
}

/* ---- What is written for each of many ---- */

struct writer {
    GString *text;
    const struct metric *metric;
};

static void write_thread(struct tgt_thread *thread, void *data)
{
    const struct writer *w = data;
    struct buffer_stats stats;
    buffer_pool_stats(thread->buffers, &stats);
    metrics_begin(w->text, w->metric, "");
    metrics_number(w->text, "thread", thread->index);
    metrics_end(w->text, w->metric->what ? stats.waits : stats.used);
}

/* `what`: 0 what is in use, 1 waits. */
static void write_buffers(GString *text, const struct metric *metric)
{
    struct writer w = {text, metric};
    threads_each(daemon_get()->threads, write_thread, &w);
}

static uint64_t count_of(struct tgt_target *target, bool sessions)
{
    if (!sessions)
        return (uint64_t)g_tree_nnodes(target->luns);
    g_autoptr(GPtrArray) list = nexus_list(target);
    return list->len;
}

/* `what`: 0 logical units, 1 sessions. */
static void write_targets(GString *text, const struct metric *metric)
{
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next) {
        struct tgt_target *target = t->data;
        metrics_begin(text, metric, "");
        metrics_label(text, "target", target->name);
        metrics_end(text, count_of(target, metric->what));
    }
}

/* ---- Logical units ---- */

void metrics_lun(GString *text, const struct core_lu *lu)
{
    metrics_label(text, "target", lu->target->name);
    metrics_number(text, "lun", lu->lun);
}

static uint64_t capacity(const struct core_lu *lu)
{
    return lu_blocks(&lu->pub) * lu->pub.block_size;
}

static gboolean write_state(gpointer key, gpointer value, gpointer data)
{
    const struct core_lu *lu = value;
    const struct writer *w = data;
    metrics_begin(w->text, w->metric, "");
    metrics_lun(w->text, lu);
    metrics_end(w->text, w->metric->what ? !tgt_lu_is(&lu->pub, TGT_LU_OFFLINE) : capacity(lu));
    return FALSE;
}

/* `what`: 0 the capacity, 1 whether it is online. */
static void write_states(GString *text, const struct metric *metric)
{
    struct writer w = {text, metric};
    stats_each_lun(NULL, write_state, &w);
}

static uint64_t counter_at(const struct lu_counters *counters, size_t offset)
{
    return *(const uint64_t *)((const char *)counters + offset);
}

static gboolean write_counter(gpointer key, gpointer lu, gpointer data)
{
    const struct writer *w = data;
    struct lu_counters counters;
    lu_counters(lu, &counters);
    metrics_begin(w->text, w->metric, "");
    metrics_lun(w->text, lu);
    metrics_end(w->text, counter_at(&counters, w->metric->what));
    return FALSE;
}

/* `what`: offset in struct lu_counters. */
static void write_lun_counters(GString *text, const struct metric *metric)
{
    struct writer w = {text, metric};
    stats_each_lun(NULL, write_counter, &w);
}

static void write_itl(const struct writer *w, const struct core_lu *lu, const struct itl *itl)
{
    struct lu_counters counters = {0};
    itl_count(itl, &counters);
    metrics_begin(w->text, w->metric, "");
    metrics_lun(w->text, lu);
    metrics_label(w->text, "initiator", itl->nexus->initiator);
    metrics_number(w->text, "sid", itl->nexus->id);
    metrics_end(w->text, counter_at(&counters, w->metric->what));
}

static gboolean write_itls(gpointer key, gpointer value, gpointer data)
{
    struct core_lu *lu = value;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len; i++)
        write_itl(data, lu, lu->itls->pdata[i]);
    g_mutex_unlock(&lu->lock);
    return FALSE;
}

/* `what`: offset in struct lu_counters. */
static void write_session_counters(GString *text, const struct metric *metric)
{
    struct writer w = {text, metric};
    stats_each_lun(NULL, write_itls, &w);
}

/* ---- All of them ---- */

/* Of logical units, and of the sessions that use them: X(name, member, help). */
#define COUNTER_LIST(X)                                                                            \
    X(read_ops, reads, "Commands that have read from the medium")                                  \
    X(read_bytes, read_bytes, "Bytes read from the medium")                                        \
    X(write_ops, writes, "Commands that have written to the medium")                               \
    X(write_bytes, write_bytes, "Bytes written to the medium")                                     \
    X(errors, errors, "Commands that ended with a medium or hardware error, or were given up")

static const struct metric metrics[] = {
    {"tgt_up", "gauge", "The daemon answers.", write_up, 0},
    {"tgt_build_info", "gauge", "Version of the daemon.", write_build, 0},
    {"tgt_uptime_seconds", "gauge", "Seconds since the daemon began.", write_uptime, 0},
    {"tgt_plugin_info", "gauge", "Plugins that were found, and their state.", write_plugins, 0},
    {"tgt_buffers_used_bytes", "gauge", "Buffers of an I/O thread in use.", write_buffers, 0},
    {"tgt_buffer_waits_total", "counter", "How often commands waited for buffers.", write_buffers,
     1},
    {"tgt_luns", "gauge", "Logical units of a target.", write_targets, 0},
    {"tgt_sessions", "gauge", "Sessions of a target.", write_targets, 1},
    {"tgt_lun_size_bytes", "gauge", "Capacity of a logical unit; 0 without medium.", write_states,
     0},
    {"tgt_lun_online", "gauge", "1: the logical unit is online.", write_states, 1},
#define X(name, member, help)                                                                      \
    {"tgt_lun_" #name "_total", "counter", help ".", write_lun_counters,                           \
     G_STRUCT_OFFSET(struct lu_counters, member)},                                                 \
        {"tgt_session_" #name "_total", "counter", help ", by session.", write_session_counters,   \
         G_STRUCT_OFFSET(struct lu_counters, member)},
    COUNTER_LIST(X)
#undef X
        {"tgt_lun_latency_seconds", "histogram",
         "Time of commands by stage; busy threads measure one of 16, which counts as 16.",
         metrics_write_latency, 0},
};

void stats_metrics_(struct control_call *call, const json_t *params)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(metrics); i++) {
        const struct metric *m = &metrics[i];
        g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
                               m->type);
        m->write(text, m);
    }
    g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
    control_reply(call, json_string(valid));
}
