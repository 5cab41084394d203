/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aborts: telling the owner of a command in each state, and waiting for the release of many. */
#include "cmd-pool.h"
#include "cmd.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "plugin.h"

static void abort_blocked(struct core_cmd *c)
{
    cmd_buffers_cancel(c);
    cmd_finish_aborted(c);
}

/* A command that its transport has not submitted yet, or whose handler runs, ends by itself: they
 * see `aborted`. */
void cmd_abort(struct core_cmd *c)
{
    if (c->nudged || c->state == TGT_CMD_RESPOND)
        return;
    c->pub.aborted = c->nudged = true;
    if (c->state == TGT_CMD_BLOCKED)
        abort_blocked(c);
    else if (c->state == TGT_CMD_DATA_OUT)
        c->pub.nexus->transport->transport.abort(&c->pub);
    else if (c->state == TGT_CMD_BS)
        bs_cancel(&c->pub);
}

/* ---- Many commands ---- */

static bool matches(const struct cmd_wait *wait, const struct cmd_key *key)
{
    return key->order >= wait->first && key->order < wait->end &&
           (wait->lu == NULL || key->lu == wait->lu) &&
           (wait->only == NULL || key->nexus == wait->only);
}

static bool is_counted(const struct cmd_wait *wait, const struct cmd_key *key)
{
    return matches(wait, key) && (key->aborted || key->nexus == wait->issuer || wait->responses);
}

static struct cmd_key key_of(const struct core_cmd *c)
{
    return (struct cmd_key){c->itl ? c->itl->lu : NULL, c->pub.nexus, c->order, c->pub.aborted};
}

static const GQueue *list_of(const struct cmd_pool *pool, const struct cmd_wait *wait)
{
    if (wait->only != NULL)
        return &wait->only->cmds;
    const struct lu_share *share = lu_share_find(pool->thread, wait->lu);
    return share ? &share->cmds : NULL;
}

static void finish(struct cmd_pool *pool, struct cmd_wait *wait)
{
    g_queue_unlink(&pool->waits, &wait->node);
    wait->done(wait);
}

static struct cmd_wait *next_finished(const struct cmd_pool *pool)
{
    for (GList *l = pool->waits.head; l != NULL; l = l->next)
        if (((struct cmd_wait *)l->data)->count == 0)
            return l->data;
    return NULL;
}

/* All are counted before the first is told, because that may end other waits. */
void cmd_wait_released(struct cmd_pool *pool, const struct cmd_key *key)
{
    struct cmd_wait *wait;
    for (GList *l = pool->waits.head; l != NULL; l = l->next) {
        wait = l->data;
        wait->count -= is_counted(wait, key);
    }
    while ((wait = next_finished(pool)) != NULL)
        finish(pool, wait);
}

/* All are marked before the first owner is told, because that may release commands and start
 * others. */
static void mark(const GQueue *list, struct cmd_wait *wait)
{
    for (GList *l = list ? list->head : NULL; l != NULL; l = l->next) {
        struct core_cmd *c = l->data;
        struct cmd_key key = key_of(c);
        if (c->state == TGT_CMD_NEW || !matches(wait, &key))
            continue;
        if (c->state != TGT_CMD_RESPOND)
            c->pub.aborted = key.aborted = true;
        wait->count += is_counted(wait, &key);
    }
}

static struct core_cmd *next_to_nudge(const GQueue *list, const struct cmd_wait *wait)
{
    for (GList *l = list ? list->head : NULL; l != NULL; l = l->next) {
        struct core_cmd *c = l->data;
        struct cmd_key key = key_of(c);
        if (c->pub.aborted && !c->nudged && c->state != TGT_CMD_RESPOND && matches(wait, &key))
            return c;
    }
    return NULL;
}

void cmd_abort_all(struct cmd_pool *pool, struct cmd_wait *wait)
{
    const GQueue *list = list_of(pool, wait);
    struct core_cmd *c;
    if (wait->end == 0)
        wait->end = pool->sequence + 1;
    if (wait->first == 0)
        wait->first = 1; /* 0: not submitted */
    wait->count = 1;     /* until all have been told */
    wait->node = (GList){.data = wait};
    mark(list, wait);
    g_queue_push_tail_link(&pool->waits, &wait->node);
    while ((c = next_to_nudge(list, wait)) != NULL)
        cmd_abort(c);
    if (--wait->count == 0)
        finish(pool, wait);
}
