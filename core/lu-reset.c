/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LOGICAL UNIT RESET and CLEAR TASK SET: from the issuer's thread to the LU's home, from there to
 * all threads, and back. */
#include "claim.h"
#include "cmd-pool.h"
#include "log.h"
#include "lu-cache.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "thread.h"
#include "tmf.h"

struct lu_clear_slot {
    struct lu_clear *clear;
    struct tgt_msg msg;
    struct cmd_wait wait;
};

struct lu_clear {
    struct core_lu *lu;
    struct tgt_nexus *issuer; /* lives until `done`: it has a function under way */
    bool reset;
    void (*done)(void *data);
    void *data;
    struct tgt_msg msg;
    unsigned left; /* threads; home's */
    struct lu_clear_slot slots[];
};

static struct lu_clear *clear_of(struct tgt_msg *msg)
{
    return (struct lu_clear *)((char *)msg - G_STRUCT_OFFSET(struct lu_clear, msg));
}

static struct lu_clear_slot *slot_of(struct tgt_msg *msg)
{
    return (struct lu_clear_slot *)((char *)msg - G_STRUCT_OFFSET(struct lu_clear_slot, msg));
}

/* ---- Back on the issuer's thread ---- */

static void finish(struct tgt_msg *msg)
{
    struct lu_clear *clear = clear_of(msg);
    void (*done)(void *data) = clear->done;
    void *data = clear->data;
    g_free(clear);
    done(data);
}

/* ---- Home: all threads have done their part ---- */

static void reset(struct core_lu *lu)
{
    if (lu->device->reset != NULL)
        lu->device->reset(&lu->pub);
    lu_reset_state(lu);
    lu_attention(&lu->pub, TGT_SENSE_LU_RESET, NULL);
}

static void end(struct lu_clear *clear)
{
    struct lu_gate *gate = clear->lu->gate;
    if (clear->reset)
        reset(clear->lu);
    clear->msg.fn = finish;
    thread_post(clear->issuer->thread, &clear->msg);
    gate->resets--;
    lu_drain_look(gate);
}

static void flushed(struct core_lu *lu, int result, void *data)
{
    if (result < 0)
        log_warning("LUN %u: the reset leaves the write cache on, because it cannot be written: %s",
                    lu->lun, g_strerror(-result));
    end(data);
}

static bool turns_cache_off(const struct lu_clear *clear)
{
    struct core_lu *lu = clear->lu;
    g_mutex_lock(&lu->lock);
    bool goes = clear->reset && lu_cache_goes_saved(lu);
    g_mutex_unlock(&lu->lock);
    return goes;
}

static void collect(struct tgt_msg *msg)
{
    struct lu_clear *clear = slot_of(msg)->clear;
    if (--clear->left > 0)
        return;
    if (turns_cache_off(clear))
        lu_cache_flush(clear->lu, flushed, clear);
    else
        end(clear);
}

/* ---- Each thread ---- */

static void thread_done(struct cmd_wait *wait)
{
    struct lu_clear_slot *slot =
        (struct lu_clear_slot *)((char *)wait - G_STRUCT_OFFSET(struct lu_clear_slot, wait));
    slot->msg.fn = collect;
    thread_post(slot->clear->lu->home, &slot->msg);
}

static void tell_others(const struct lu_share *share, const struct tgt_nexus *issuer)
{
    for (GList *l = share ? share->cmds.head : NULL; l != NULL; l = l->next) {
        struct core_cmd *c = l->data;
        if (c->pub.nexus != issuer && c->state != TGT_CMD_RESPOND)
            itl_attention_add(c->itl, TGT_SENSE_COMMANDS_CLEARED);
    }
}

static void on_thread(struct tgt_msg *msg)
{
    struct lu_clear_slot *slot = slot_of(msg);
    struct lu_clear *clear = slot->clear;
    struct tgt_thread *self = thread_self();
    if (!clear->reset)
        tell_others(lu_share_find(self, clear->lu), clear->issuer);
    slot->wait = (struct cmd_wait){.lu = clear->lu, .issuer = clear->issuer, .done = thread_done};
    cmd_abort_all(cmd_pool_of(self), &slot->wait);
}

/* ---- Home: the start ---- */

static void start(struct tgt_msg *msg)
{
    struct lu_clear *clear = clear_of(msg);
    struct threads *threads = clear->lu->home->all;
    unsigned n = clear->left;
    clear->lu->gate->resets++;
    for (unsigned i = 0; i < n; i++) {
        clear->slots[i].msg.fn = on_thread;
        thread_post(threads_get(threads, i), &clear->slots[i].msg);
    }
}

void lu_clear(struct core_lu *lu, struct tgt_nexus *issuer, bool reset, void (*done)(void *data),
              void *data)
{
    unsigned n = threads_count(lu->home->all);
    struct lu_clear *clear = g_malloc0(sizeof *clear + n * sizeof clear->slots[0]);
    clear->lu = lu;
    clear->issuer = issuer;
    clear->reset = reset;
    clear->done = done;
    clear->data = data;
    clear->left = n;
    clear->msg.fn = start;
    for (unsigned i = 0; i < n; i++)
        clear->slots[i].clear = clear;
    claim_send(lu->home, &clear->msg);
}
