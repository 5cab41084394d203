/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I_T nexuses from open to the last release of a command after close. */
#include "nexus.h"

#include <errno.h>

#include "cache-line.h"
#include "cmd.h"
#include "daemon.h"
#include "error.h"
#include "itl.h"
#include "log.h"
#include "lu.h"
#include "name.h"
#include "plugin.h"
#include "target.h"
#include "thread.h"

/* What one initiator can make the daemon keep, and how many sessions one thread serves. */
#define NEXUS_CMDS_MAX     4096
#define THREAD_NEXUSES_MAX 8192

static void nexus_free(struct tgt_nexus *nexus)
{
    g_hash_table_unref(nexus->itls);
    g_free(nexus->initiator_key);
    g_free(nexus->initiator);
    g_free(nexus->initiator_port);
    g_free(nexus->target_port);
    g_free(nexus->alias);
    g_free(nexus->peer);
    g_free(nexus->session);
    g_free(nexus->detail);
    g_aligned_free(nexus);
}

static void copy_names(struct tgt_nexus *nexus, const struct tgt_nexus_args *args)
{
    nexus->initiator = g_strdup(args->initiator);
    nexus->initiator_key = name_prepare_initiator(args->initiator, NULL);
    if (nexus->initiator_key == NULL)
        nexus->initiator_key = g_strdup(args->initiator);
    nexus->initiator_port = g_strdup(args->initiator_port);
    nexus->target_port = g_strdup(args->target_port);
    nexus->alias = text_printable(args->alias);
    nexus->peer = g_strdup(args->peer);
    nexus->session = g_strdup(args->session);
    nexus->detail = g_strdup(args->detail);
}

static struct tgt_nexus *nexus_alloc(const struct plugin *transport,
                                     const struct tgt_nexus_args *args)
{
    struct tgt_nexus *nexus = cache_line_alloc0(sizeof(struct tgt_nexus));
    nexus->target = args->target;
    nexus->thread = args->thread;
    nexus->transport = transport;
    nexus->relative_port = args->relative_port;
    nexus->tpgt = args->tpgt;
    nexus->protocol = args->protocol;
    nexus->priv = args->priv;
    nexus->lost_before = args->lost_before;
    nexus->stable_data = args->stable_data;
    nexus->opened = g_get_real_time();
    nexus->itls = g_hash_table_new(NULL, NULL);
    nexus->cmd_max = NEXUS_CMDS_MAX;
    copy_names(nexus, args);
    return nexus;
}

struct tgt_nexus *nexus_new(const struct plugin *transport, const struct tgt_nexus_args *args,
                            struct tgt_error *err)
{
    if (g_atomic_int_get(&args->thread->nexuses) >= THREAD_NEXUSES_MAX) {
        core_error_set(err, EBUSY, "there are %d sessions on this I/O thread already",
                       THREAD_NEXUSES_MAX);
        return NULL;
    }
    struct tgt_nexus *nexus = nexus_alloc(transport, args);
    nexus->id = __atomic_add_fetch(&daemon_get()->last_session, 1, __ATOMIC_RELAXED);
    if (!target_nexus_add(args->target, nexus, err)) {
        nexus_free(nexus);
        return NULL;
    }
    g_atomic_int_inc(&nexus->thread->nexuses);
    log_info("session %" G_GUINT64_FORMAT ": %s from %s to %s", nexus->id, nexus->initiator,
             nexus->peer ? nexus->peer : "?", nexus->target->name);
    return nexus;
}

struct tgt_nexus *nexus_open(const struct tgt_plugin *self, const struct tgt_nexus_args *args,
                             struct tgt_error *err)
{
    const struct plugin *transport = plugin_of(self);
    if (transport != NULL)
        return nexus_new(transport, args, err);
    core_error_set(err, EINVAL, "a session was opened by a plugin that is not loaded");
    return NULL;
}

void *nexus_priv(const struct tgt_nexus *nexus)
{
    return nexus->priv;
}

bool nexus_hinders(struct tgt_nexus *nexus, enum tgt_dir dir)
{
    const struct buffer_pool *pool = nexus->thread->buffers;
    return ((dir & TGT_DIR_OUT) && buffer_hinders(pool, &nexus->buffers, BUFFER_OUT)) ||
           ((dir & TGT_DIR_IN) && buffer_hinders(pool, &nexus->buffers, BUFFER_IN));
}

/* ---- The end ---- */

static void drop_itls(struct tgt_nexus *nexus)
{
    GHashTableIter iter;
    gpointer itl;
    g_hash_table_iter_init(&iter, nexus->itls);
    while (g_hash_table_iter_next(&iter, NULL, &itl)) {
        g_hash_table_iter_remove(&iter);
        itl_free(itl);
    }
}

void nexus_settle(struct tgt_nexus *nexus)
{
    if (!nexus->closing || nexus->cmd_count > 0 || nexus->tmf_count > 0)
        return;
    void (*done)(void *priv) = nexus->close_done;
    void *priv = nexus->priv;
    drop_itls(nexus);
    g_atomic_int_add(&nexus->thread->nexuses, -1);
    log_info("session %" G_GUINT64_FORMAT ": closed", nexus->id);
    target_nexus_remove(nexus->target, nexus);
    nexus_free(nexus);
    if (done != NULL)
        done(priv);
}

static struct core_cmd *next_to_abort(const struct tgt_nexus *nexus)
{
    for (GList *l = nexus->cmds.head; l != NULL; l = l->next) {
        struct core_cmd *c = l->data;
        if (!c->nudged && c->state != TGT_CMD_RESPOND)
            return c;
    }
    return NULL;
}

/* Until all are told, the nexus counts as one function more, so that it is not freed by the release
 * of the last one. */
void nexus_close(struct tgt_nexus *nexus, void (*done)(void *priv))
{
    struct core_cmd *c;
    nexus->closing = true;
    nexus->close_done = done;
    nexus->tmf_count++;
    while ((c = next_to_abort(nexus)) != NULL)
        cmd_abort(c);
    nexus->tmf_count--;
    nexus_settle(nexus);
}
