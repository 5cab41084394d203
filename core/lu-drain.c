/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes a logical unit away from all I/O threads: its commands end, then nothing refers to it any
 * more. */
#include "claim.h"
#include "cmd-pool.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "thread.h"

struct drain_slot {
    struct lu_drain *drain;
    struct tgt_msg msg;
    struct cmd_wait wait;
};

/* Steps: commands are aborted and released on all threads; claims and resets under way end; I_T_Ls
 * and shares are dropped on all threads; done on the main thread. What threads had sent home about
 * the LU before they learned of the drain has arrived there before their part of the first step. */
struct lu_drain {
    struct core_lu *lu;
    void (*done)(struct core_lu *lu, void *data);
    void *data;
    struct tgt_msg msg;
    unsigned left; /* threads */
    bool emptied;  /* the first step is over */
    bool dropping; /* the last step has begun */
    struct drain_slot slots[];
};

static struct lu_drain *drain_of(struct tgt_msg *msg)
{
    return (struct lu_drain *)((char *)msg - G_STRUCT_OFFSET(struct lu_drain, msg));
}

static struct drain_slot *slot_of(struct tgt_msg *msg)
{
    return (struct drain_slot *)((char *)msg - G_STRUCT_OFFSET(struct drain_slot, msg));
}

static void send_to_all(struct lu_drain *drain, void (*fn)(struct tgt_msg *msg))
{
    struct threads *threads = drain->lu->home->all;
    unsigned n = drain->left = threads_count(threads);
    for (unsigned i = 0; i < n; i++) {
        drain->slots[i].msg.fn = fn;
        thread_post(threads_get(threads, i), &drain->slots[i].msg);
    }
}

static void send_home(struct drain_slot *slot, void (*fn)(struct tgt_msg *msg))
{
    slot->msg.fn = fn;
    thread_post(slot->drain->lu->home, &slot->msg);
}

/* ---- The last step ---- */

static void finish(struct tgt_msg *msg)
{
    struct lu_drain *drain = drain_of(msg);
    drain->done(drain->lu, drain->data);
    g_free(drain);
}

static void dropped(struct tgt_msg *msg)
{
    struct lu_drain *drain = slot_of(msg)->drain;
    if (--drain->left > 0)
        return;
    drain->msg.fn = finish;
    thread_post(NULL, &drain->msg);
}

static struct itl *itl_of_thread(struct core_lu *lu, const struct tgt_thread *thread)
{
    struct itl *found = NULL;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len && found == NULL; i++) {
        struct itl *itl = g_ptr_array_index(lu->itls, i);
        if (itl->nexus->thread == thread)
            found = itl;
    }
    g_mutex_unlock(&lu->lock);
    return found;
}

/* Those that view-change.c has taken away have gone with their last command, which is no more. */
static void drop(struct tgt_msg *msg)
{
    struct drain_slot *slot = slot_of(msg);
    struct core_lu *lu = slot->drain->lu;
    struct tgt_thread *self = thread_self();
    struct lu_share *share = lu_share_find(self, lu);
    struct itl *itl;
    while ((itl = itl_of_thread(lu, self)) != NULL)
        nexus_itl_drop(itl);
    if (share != NULL)
        lu_share_free(share);
    send_home(slot, dropped);
}

/* ---- Home ---- */

void lu_drain_look(struct lu_gate *gate)
{
    struct lu_drain *drain = gate->drain;
    if (drain == NULL || !drain->emptied || drain->dropping || gate->live > 0 || gate->resets > 0)
        return;
    drain->dropping = true;
    send_to_all(drain, drop);
}

static void emptied(struct tgt_msg *msg)
{
    struct lu_drain *drain = slot_of(msg)->drain;
    if (--drain->left > 0)
        return;
    drain->emptied = true;
    lu_drain_look(drain->lu->gate);
}

/* ---- The first step ---- */

static void thread_empty(struct cmd_wait *wait)
{
    send_home((struct drain_slot *)((char *)wait - G_STRUCT_OFFSET(struct drain_slot, wait)),
              emptied);
}

/* Commands that are responding are waited for, too: they may hold memory of the store. */
static void empty(struct tgt_msg *msg)
{
    struct drain_slot *slot = slot_of(msg);
    slot->wait = (struct cmd_wait){.lu = slot->drain->lu, .responses = true, .done = thread_empty};
    cmd_abort_all(cmd_pool_of(thread_self()), &slot->wait);
}

static void start(struct tgt_msg *msg)
{
    struct lu_drain *drain = drain_of(msg);
    drain->lu->gate->drain = drain;
    send_to_all(drain, empty);
}

void lu_drain(struct core_lu *lu, void (*done)(struct core_lu *lu, void *data), void *data)
{
    unsigned n = threads_count(lu->home->all);
    struct lu_drain *drain = g_malloc0(sizeof *drain + n * sizeof drain->slots[0]);
    drain->lu = lu;
    drain->done = done;
    drain->data = data;
    drain->msg.fn = start;
    for (unsigned i = 0; i < n; i++)
        drain->slots[i].drain = drain;
    lu_state(&lu->pub, TGT_LU_DYING, 0);
    thread_post(lu->home, &drain->msg);
}
