/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nexuses of a target, and its deletion: sessions go first, then logical units, then the
 * target. */
#include "target.h"

#include <errno.h>

#include "account.h"
#include "acl.h"
#include "error.h"
#include "isns.h"
#include "later.h"
#include "lu.h"
#include "nexus.h"
#include "system.h"
#include "thread.h"

/* A deletion under way. The main thread's; freed by its last step. */
struct target_deletion {
    struct tgt_target *target; /* one reference */
    void (*done)(GError *error, void *data);
    void *data;
    struct tgt_msg msg; /* from the thread of the last nexus */
};

static void delete_next_lun(struct target_deletion *d);

static void finish(struct target_deletion *d)
{
    target_unregister(d->target);
    auth_forget(d->target->auth);
    d->target->deletion = NULL;
    target_unref(d->target); /* that of the map */
    target_unref(d->target);
    d->done(NULL, d->data);
    g_free(d);
}

static void lun_deleted(GError *error, void *data)
{
    g_clear_error(&error); /* a store that fails to close is closed all the same */
    delete_next_lun(data);
}

static gboolean first(gpointer key, gpointer value, gpointer data)
{
    *(struct core_lu **)data = value;
    return TRUE;
}

static void delete_next_lun(struct target_deletion *d)
{
    struct core_lu *lu = NULL;
    g_tree_foreach(d->target->luns, first, &lu);
    if (lu != NULL)
        lu_delete(lu, lun_deleted, d);
    else
        finish(d);
}

static void all_nexuses_gone(struct tgt_msg *msg)
{
    delete_next_lun(
        (struct target_deletion *)((char *)msg - G_STRUCT_OFFSET(struct target_deletion, msg)));
}

/* Caller holds the lock. The last nexus wakes the deletion, once: `dying` lets no new one in. */
static void wake(struct tgt_target *target)
{
    struct target_deletion *d = target->deletion;
    if (d != NULL && target->nexuses == NULL)
        thread_post(NULL, &d->msg);
}

/* Access is judged at the beginning of a login, too; it may have been withdrawn since. Caller holds
 * the lock. */
static int judge_nexus(struct tgt_target *target, const struct tgt_nexus *nexus,
                       struct tgt_error *err)
{
    if (system_state() != SYSTEM_READY)
        return core_error_set(err, EBUSY, "no logins are taken");
    if (!__atomic_load_n(&target->online, __ATOMIC_ACQUIRE))
        return core_error_set(err, EBUSY, "the target '%s' is offline", target->name);
    if (target->dying)
        return core_error_set(err, EBUSY, "the target '%s' is being deleted", target->name);
    if (!acl_allows_port(target->acl, nexus->peer, nexus->initiator) ||
        !isns_admits(target, nexus->initiator))
        return core_error_set(err, EACCES, "the target '%s' does not let '%s' in", target->name,
                              nexus->initiator);
    if (!target_has_group(target, nexus->tpgt))
        return core_error_set(err, EACCES, "the target '%s' is not in portal group %u",
                              target->name, nexus->tpgt);
    return 0;
}

bool target_nexus_add(struct tgt_target *target, struct tgt_nexus *nexus, struct tgt_error *err)
{
    g_mutex_lock(&target->lock);
    bool ok = judge_nexus(target, nexus, err) == 0;
    if (ok) {
        target->nexuses = g_list_prepend(target->nexuses, nexus);
        target_ref(target);
    }
    g_mutex_unlock(&target->lock);
    return ok;
}

void target_nexus_remove(struct tgt_target *target, struct tgt_nexus *nexus)
{
    g_mutex_lock(&target->lock);
    target->nexuses = g_list_remove(target->nexuses, nexus);
    wake(target);
    g_mutex_unlock(&target->lock);
    target_unref(target);
}

static void close_nexuses(struct tgt_target *target)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL; l = l->next)
        g_array_append_val(ids, ((struct tgt_nexus *)l->data)->id);
    g_mutex_unlock(&target->lock);
    for (guint i = 0; i < ids->len; i++)
        nexus_kill(g_array_index(ids, uint64_t, i), TGT_CLOSE_TARGET, NULL);
}

static void refuse(struct tgt_target *target, const char *why,
                   void (*done)(GError *error, void *data), void *data)
{
    later(done, g_error_new(CORE_ERROR, CORE_ERROR_BUSY, "the target '%s' %s", target->name, why),
          data);
}

void target_delete(struct tgt_target *target, bool force, void (*done)(GError *error, void *data),
                   void *data)
{
    g_mutex_lock(&target->lock);
    bool active = target->nexuses != NULL, dying = target->dying;
    target->dying = dying || force || !active;
    g_mutex_unlock(&target->lock);
    if (dying) {
        refuse(target, "is being deleted already", done, data);
        return;
    }
    if (active && !force) {
        refuse(target, "has open sessions; close them, or delete it with --force", done, data);
        return;
    }
    struct target_deletion *d = g_new0(struct target_deletion, 1);
    d->target = target_ref(target);
    d->done = done;
    d->data = data;
    d->msg.fn = all_nexuses_gone;
    g_mutex_lock(&target->lock);
    target->deletion = d;
    wake(target);
    g_mutex_unlock(&target->lock);
    close_nexuses(target);
}
