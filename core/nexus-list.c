/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions as the control plane sees them: listings, and asking a transport to close one. */
#include <stdlib.h>

#include "acl.h"
#include "error.h"
#include "isns.h"
#include "nexus.h"
#include "plugin.h"
#include "target.h"
#include "thread.h"

/* ---- Listings ---- */

static void nexus_info_free(gpointer data)
{
    struct nexus_info *info = data;
    g_free(info->target);
    g_free(info->initiator);
    g_free(info->alias);
    g_free(info->peer);
    g_free(info->session);
    g_free(info->detail);
    g_free(info->transport);
    g_free(info);
}

static struct nexus_info *info_of(const struct tgt_nexus *nexus)
{
    struct nexus_info *info = g_new0(struct nexus_info, 1);
    info->id = nexus->id;
    info->target = g_strdup(nexus->target->name);
    info->initiator = g_strdup(nexus->initiator);
    info->alias = g_strdup(nexus->alias);
    info->peer = g_strdup(nexus->peer);
    info->session = g_strdup(nexus->session);
    info->detail = g_strdup(nexus->detail);
    info->transport = g_strdup(nexus->transport->name);
    info->tid = nexus->target->tid;
    info->thread = nexus->thread->index;
    info->opened = nexus->opened;
    return info;
}

/* A nexus that is in the list lives while the lock is held. */
static void append_nexuses(GPtrArray *list, struct tgt_target *target)
{
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL; l = l->next)
        g_ptr_array_add(list, info_of(l->data));
    g_mutex_unlock(&target->lock);
}

static gint compare_numbers(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
    const struct nexus_info *x = *(const struct nexus_info *const *)a,
                            *y = *(const struct nexus_info *const *)b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void append_all(GPtrArray *list)
{
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t != NULL; t = t->next)
        append_nexuses(list, t->data);
}

/* One target is not looked for among the others: listings ask for each of thousands. */
GPtrArray *nexus_list(const struct tgt_target *target)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(nexus_info_free);
    if (target != NULL)
        append_nexuses(list, (struct tgt_target *)target);
    else
        append_all(list);
    g_ptr_array_sort(list, compare_ids);
    return list;
}

static void append_ids(GArray *ids, struct tgt_target *target)
{
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL; l = l->next)
        g_array_append_val(ids, ((struct tgt_nexus *)l->data)->id);
    g_mutex_unlock(&target->lock);
}

GArray *nexus_ids(void)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t != NULL; t = t->next)
        append_ids(ids, t->data);
    g_array_sort(ids, compare_numbers);
    return ids;
}

/* Call `fn` with the nexus under its target's lock; false: it is gone. */
static bool with_nexus(uint64_t id, void (*fn)(struct tgt_nexus *nexus, void *data), void *data)
{
    bool found = false;
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t != NULL && !found; t = t->next) {
        struct tgt_target *target = t->data;
        g_mutex_lock(&target->lock);
        for (GList *l = target->nexuses; l != NULL && !found; l = l->next)
            if ((found = ((struct tgt_nexus *)l->data)->id == id))
                fn(l->data, data);
        g_mutex_unlock(&target->lock);
    }
    return found;
}

static void take_commands(struct tgt_nexus *nexus, void *data)
{
    *(unsigned *)data = __atomic_load_n(&nexus->cmd_count, __ATOMIC_RELAXED);
}

unsigned nexus_commands(uint64_t id)
{
    unsigned commands = 0;
    with_nexus(id, take_commands, &commands);
    return commands;
}

/* ---- Closing ---- */

/* On its way to the nexus's thread. */
struct close_request {
    struct tgt_msg msg;
    struct tgt_target *target; /* one reference */
    uint64_t id;
    enum tgt_close_reason reason;
    unsigned seconds; /* to log out first; 0: close it */
};

/* A nexus ends on its own thread, so there it is either gone from the list or lives. */
struct tgt_nexus *nexus_find(struct tgt_target *target, uint64_t id)
{
    struct tgt_nexus *nexus = NULL;
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL && nexus == NULL; l = l->next)
        if (((struct tgt_nexus *)l->data)->id == id)
            nexus = l->data;
    g_mutex_unlock(&target->lock);
    return nexus;
}

static void tell(struct tgt_nexus *nexus, const struct close_request *r)
{
    const struct tgt_transport_ops *ops = &nexus->transport->transport;
    if (r->seconds > 0 && ops->nexus_logout != NULL)
        ops->nexus_logout(nexus, r->seconds);
    else
        ops->nexus_close(nexus, r->reason);
}

static void ask(struct tgt_msg *msg)
{
    struct close_request *r = (struct close_request *)msg;
    struct tgt_nexus *nexus = nexus_find(r->target, r->id);
    if (nexus != NULL && !nexus->closing)
        tell(nexus, r);
    target_unref(r->target);
    g_free(r);
}

/* Caller holds the target's lock. */
static void send_request(struct tgt_nexus *nexus, enum tgt_close_reason reason, unsigned seconds)
{
    struct close_request *r = g_new0(struct close_request, 1);
    r->msg.fn = ask;
    r->target = target_ref(nexus->target);
    r->id = nexus->id;
    r->reason = reason;
    r->seconds = seconds;
    thread_post(nexus->thread, &r->msg);
}

/* True: there was one that `matches`. */
static bool close_nexuses(struct tgt_target *target,
                          bool (*matches)(const struct tgt_nexus *nexus, uint64_t id), uint64_t id,
                          enum tgt_close_reason reason)
{
    bool found = false;
    g_mutex_lock(&target->lock);
    for (GList *l = target->nexuses; l != NULL; l = l->next) {
        if (!matches(l->data, id))
            continue;
        send_request(l->data, reason, 0);
        found = true;
    }
    g_mutex_unlock(&target->lock);
    return found;
}

static bool is_any(const struct tgt_nexus *nexus, uint64_t id)
{
    return true;
}

static bool has_id(const struct tgt_nexus *nexus, uint64_t id)
{
    return nexus->id == id;
}

static bool is_forbidden(const struct tgt_nexus *nexus, uint64_t id)
{
    return !acl_allows_port(nexus->target->acl, nexus->peer, nexus->initiator) ||
           !isns_admits(nexus->target, nexus->initiator) ||
           !target_has_group(nexus->target, nexus->tpgt);
}

void target_close_nexuses(struct tgt_target *target, enum tgt_close_reason reason)
{
    close_nexuses(target, is_any, 0, reason);
}

void target_close_forbidden(struct tgt_target *target)
{
    close_nexuses(target, is_forbidden, 0, TGT_CLOSE_TARGET);
}

bool nexus_kill(uint64_t id, enum tgt_close_reason reason, GError **error)
{
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t != NULL; t = t->next)
        if (close_nexuses(t->data, has_id, id, reason))
            return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_NOT_FOUND, "there is no session %" G_GUINT64_FORMAT,
                id);
    return false;
}

static void ask_logout(struct tgt_nexus *nexus, void *seconds)
{
    send_request(nexus, TGT_CLOSE_ADMIN, *(const unsigned *)seconds);
}

void nexus_ask_logout(uint64_t id, unsigned seconds)
{
    with_nexus(id, ask_logout, &seconds);
}
