/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the server lets use which target: who shares a discovery domain with it (RFC 4171 2.2.2). */
#include "access.h"

#include "attrs.h"
#include "rpc.h"

#define EVENTS                                                                                     \
    (ISNS_SCN_INITIATOR_AND_SELF_ONLY_MASK | ISNS_SCN_OBJECT_REMOVED_MASK |                        \
     ISNS_SCN_OBJECT_ADDED_MASK | ISNS_SCN_OBJECT_UPDATED_MASK)

static void ask_for(struct question *q, const char *target)
{
    *q = (struct question){.function = ISNS_DEVICE_ATTRIBUTE_QUERY, .source = target};
    isns_attr_list_append_uint32(&q->key, ISNS_TAG_ISCSI_NODE_TYPE, ISNS_ISCSI_INITIATOR_MASK);
    isns_attr_list_append_nil(&q->rest, ISNS_TAG_ISCSI_NAME);
    isns_attr_list_append_nil(&q->rest, ISNS_TAG_ISCSI_NODE_TYPE);
}

static bool tell(struct rpc *rpc, const char *target, json_t *names)
{
    struct rpc_error why = {0};
    json_t *done = rpc_call(rpc, "isns.access",
                            json_pack("{s:s, s:o}", "target", target, "initiators", names), &why);
    bool gone = !done && (why.code == RPC_UNREACHABLE || why.code == RPC_LATE);
    json_decref(done);
    rpc_error_clear(&why); /* the target may have been deleted meanwhile */
    return !gone;
}

/* No answer changes nothing; "there is no such entry" is an answer: nobody. */
static bool ask_one(struct wire *wire, const char *target, struct rpc *rpc, GError **error)
{
    struct question q;
    GError *why = NULL;
    isns_attr_list_t answer = ISNS_ATTR_LIST_INIT;
    ask_for(&q, target);
    bool ok = server_ask(wire, &q, &answer, &why), told = true;
    if (ok || why->code == ISNS_NO_SUCH_ENTRY)
        told = tell(rpc, target, attrs_initiators(&answer));
    isns_attr_list_destroy(&answer);
    question_clear(&q);
    bool lost = why && why->code == 0;
    if (lost)
        g_propagate_error(error, g_steal_pointer(&why));
    g_clear_error(&why);
    return told && !lost;
}

bool access_ask(const struct registry *r, struct wire *wire, const struct world *w, struct rpc *rpc,
                GError **error)
{
    for (guint i = 0; i < w->targets->len; i++) {
        const struct target *t = w->targets->pdata[i];
        if (registry_has_target(r, t->name) && !ask_one(wire, t->name, rpc, error))
            return false;
    }
    return true;
}

static bool watch_one(struct wire *wire, const char *target, GError **error)
{
    GError *why = NULL;
    struct question q = {.function = ISNS_SCN_REGISTER, .source = target};
    isns_attr_list_append_string(&q.key, ISNS_TAG_ISCSI_NAME, target);
    isns_attr_list_append_uint32(&q.rest, ISNS_TAG_ISCSI_SCN_BITMAP, EVENTS);
    bool ok = server_ask(wire, &q, NULL, &why);
    question_clear(&q);
    if (!ok && why->code == 0) {
        g_propagate_error(error, why);
        return false;
    }
    g_clear_error(&why); /* without notifications we ask from time to time */
    return true;
}

bool access_watch(const struct registry *r, struct wire *wire, const struct world *w,
                  GHashTable *watched, GError **error)
{
    for (guint i = 0; i < w->targets->len; i++) {
        const struct target *t = w->targets->pdata[i];
        if (!registry_has_target(r, t->name) || g_hash_table_contains(watched, t->name))
            continue;
        if (!watch_one(wire, t->name, error))
            return false;
        g_hash_table_add(watched, g_strdup(t->name));
    }
    return true;
}
