/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes what open sessions see: each one on its own thread, where I_T_Ls that do not fit the maps
 * any more are taken away. */
#include <string.h>

#include "cmd-pool.h"
#include "daemon.h"
#include "itl.h"
#include "lu.h"
#include "nexus.h"
#include "target.h"
#include "thread.h"
#include "view.h"

/* One change; the main thread's. */
struct change {
    struct tgt_target *target; /* one reference */
    void (*done)(void *data);
    void *data;
    unsigned left; /* sessions, and the call itself */
};

/* On its way to a nexus and back. */
struct part {
    struct change *change;
    struct tgt_msg msg;
    uint64_t id;             /* of the nexus */
    struct tgt_nexus *nexus; /* its thread's; counts there as one function more */
    unsigned left;           /* its thread's: I_T_Ls that end, and the work itself */
};

/* An I_T_L that has been taken away and goes with its last command. */
struct retired {
    struct part *part;
    struct itl *itl;
    struct cmd_wait wait;
};

/* ---- The end ---- */

static void settle(struct change *change)
{
    if (--change->left > 0)
        return;
    if (change->done != NULL)
        change->done(change->data);
    target_unref(change->target);
    g_free(change);
    daemon_work_end();
}

static void answered(struct tgt_msg *msg)
{
    struct part *part = (struct part *)((char *)msg - G_STRUCT_OFFSET(struct part, msg));
    settle(part->change);
    g_free(part);
}

static void answer(struct part *part)
{
    part->msg.fn = answered;
    thread_post(NULL, &part->msg);
}

/* ---- On the nexus's thread ---- */

static void part_settle(struct part *part)
{
    struct tgt_nexus *nexus = part->nexus;
    if (--part->left > 0)
        return;
    answer(part);
    nexus->tmf_count--;
    nexus_settle(nexus);
}

static void commands_gone(struct cmd_wait *wait)
{
    struct retired *r = (struct retired *)((char *)wait - G_STRUCT_OFFSET(struct retired, wait));
    struct part *part = r->part;
    itl_free(r->itl);
    g_free(r);
    part_settle(part);
}

/* New commands do not find it. Responses under way are waited for, too: they refer to it. */
static void retire(struct part *part, struct itl *itl)
{
    struct tgt_nexus *nexus = part->nexus;
    struct retired *r = g_new0(struct retired, 1);
    r->part = part;
    r->itl = itl;
    r->wait =
        (struct cmd_wait){.lu = itl->lu, .only = nexus, .responses = true, .done = commands_gone};
    part->left++;
    nexus_itl_detach(itl);
    cmd_abort_all(cmd_pool_of(nexus->thread), &r->wait);
}

/* Takes over whether it may be written to. False: it is to go. */
static bool adapt(struct itl *itl)
{
    bool read_only;
    g_mutex_lock(&itl->nexus->target->lock);
    bool fits = view_find(itl->nexus, itl->number, &read_only) == itl->lu;
    g_mutex_unlock(&itl->nexus->target->lock);
    if (fits)
        itl_set_read_only(itl, read_only);
    return fits;
}

static void apply(struct tgt_msg *msg)
{
    struct part *part = (struct part *)((char *)msg - G_STRUCT_OFFSET(struct part, msg));
    struct tgt_nexus *nexus = part->nexus = nexus_find(part->change->target, part->id);
    if (nexus == NULL) {
        answer(part);
        return;
    }
    nexus->tmf_count++;
    part->left = 1;
    g_autoptr(GList) itls = g_hash_table_get_values(nexus->itls);
    for (GList *l = itls; l != NULL; l = l->next) {
        if (tgt_lu_is(&((struct itl *)l->data)->lu->pub, TGT_LU_DYING))
            continue; /* lu-drain.c ends it */
        if (adapt(l->data))
            itl_attention_add(l->data, TGT_SENSE_REPORTED_LUNS_CHANGED);
        else
            retire(part, l->data);
    }
    part_settle(part);
}

/* ---- On the main thread ---- */

/* Caller holds the target's lock. */
static void send(struct change *change, const struct tgt_nexus *nexus)
{
    struct part *part = g_new0(struct part, 1);
    part->change = change;
    part->id = nexus->id;
    part->msg.fn = apply;
    change->left++;
    thread_post(nexus->thread, &part->msg);
}

void view_change(struct tgt_target *target, const char *initiator, void (*done)(void *data),
                 void *data)
{
    struct change *change = g_new(struct change, 1);
    *change = (struct change){target_ref(target), done, data, 1};
    daemon_work_begin();
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL; l = l->next)
        if (initiator == NULL ||
            strcmp(initiator, ((struct tgt_nexus *)l->data)->initiator_key) == 0)
            send(change, l->data);
    g_mutex_unlock(&target->lock);
    settle(change);
}
