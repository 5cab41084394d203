/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that the daemon knows, for the completion of shells: asked for quietly, and not for long.
 */
#include <stdio.h>
#include <string.h>

#include "complete.h"
#include "rpc.h"

/* Nobody wants to wait for a list after the tabulator key. */
#define PATIENCE_S 1

/* Kinds: X(kind, method, fn). */
#define LIVE_LIST(X)                                                                               \
    X("targets", "target.list", offer_target)                                                      \
    X("luns", "lun.list", offer_lun)                                                               \
    X("plugins", "plugin.list", offer_plugin)                                                      \
    X("stores", "plugin.list", offer_store)                                                        \
    X("transports", "plugin.list", offer_transport)                                                \
    X("sessions", "session.list", offer_session)                                                   \
    X("initiators", "session.list", offer_initiator)                                               \
    X("portals", "portal.list", offer_portal)                                                      \
    X("accounts", "account.list", offer_account)                                                   \
    X("methods", "rpc.methods", offer_method)

/* By number only if that is what is being typed. */
static void offer_target(struct typing *t, const json_t *row)
{
    g_autofree char *number = g_strdup_printf("@%" JSON_INTEGER_FORMAT, ctl_int(row, "tid"));
    if (t->present[0] == '@')
        complete_offer(t, number, ctl_text(row, "name"));
    else
        complete_offer(t, ctl_text(row, "name"), number);
}

static void offer_lun(struct typing *t, const json_t *row)
{
    json_int_t lun = ctl_int(row, "lun");
    g_autofree char *name =
        t->present[0] == '@'
            ? g_strdup_printf("@%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                              ctl_int(row, "tid"), lun)
            : g_strdup_printf("%s/%" JSON_INTEGER_FORMAT, ctl_text(row, "target"), lun);
    const char *path = ctl_text(row, "path");
    complete_offer(t, name, path ? path : ctl_text(row, "type"));
}

static void offer_plugin(struct typing *t, const json_t *row)
{
    complete_offer(t, ctl_text(row, "name"), ctl_text(row, "summary"));
}

static void offer_of_kind(struct typing *t, const json_t *row, const char *kind)
{
    if (g_strcmp0(ctl_text(row, "kind"), kind) == 0)
        offer_plugin(t, row);
}

static void offer_store(struct typing *t, const json_t *row)
{
    offer_of_kind(t, row, "backing-store");
}

static void offer_transport(struct typing *t, const json_t *row)
{
    offer_of_kind(t, row, "transport");
}

static void offer_session(struct typing *t, const json_t *row)
{
    g_autofree char *sid = g_strdup_printf("%" JSON_INTEGER_FORMAT, ctl_int(row, "sid"));
    complete_offer(t, sid, ctl_text(row, "initiator"));
}

static void offer_initiator(struct typing *t, const json_t *row)
{
    complete_offer(t, ctl_text(row, "initiator"), ctl_text(row, "target"));
}

static void offer_portal(struct typing *t, const json_t *row)
{
    const char *address = ctl_text(row, "address");
    g_autofree char *portal =
        strchr(address, ':')
            ? g_strdup_printf("[%s]:%" JSON_INTEGER_FORMAT, address, ctl_int(row, "port"))
            : g_strdup_printf("%s:%" JSON_INTEGER_FORMAT, address, ctl_int(row, "port"));
    complete_offer(t, portal, ctl_text(row, "transport"));
}

static void offer_account(struct typing *t, const json_t *row)
{
    complete_offer(t, ctl_text(row, "name"), NULL);
}

static void offer_method(struct typing *t, const json_t *row)
{
    complete_offer(t, ctl_text(row, "name"), ctl_text(row, "summary"));
}

static json_t *ask(const struct typing *t, const char *method)
{
    struct rpc_error error = {0};
    g_autofree char *path = rpc_path(t->socket, t->port);
    struct rpc *rpc = rpc_open(path, PATIENCE_S, &error);
    json_t *result = NULL;
    if (rpc) {
        rpc_set_quiet(rpc);
        result = rpc_call(rpc, method, NULL, &error);
    }
    rpc_error_clear(&error);
    rpc_close(rpc);
    return result;
}

void complete_live(struct typing *t, const char *kind)
{
    static const struct {
        const char *kind, *method;
        void (*offer)(struct typing *t, const json_t *row);
    } lists[] = {
#define X(name, method, fn) {name, method, fn},
        LIVE_LIST(X)
#undef X
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (strcmp(lists[i].kind, kind) != 0)
            continue;
        json_t *list = ask(t, lists[i].method), *row;
        size_t k;
        json_array_foreach(list, k, row)
            lists[i].offer(t, row);
        json_decref(list);
    }
}
