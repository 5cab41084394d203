/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one who keeps a server in step with the daemon. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "access.h"
#include "isns.h"
#include "listen.h"
#include "register.h"
#include "rpc.h"
#include "wire.h"
#include "world.h"

/* Changes come in crowds. */
#define SETTLE_US (20 * 1000)
/* A server that does not answer is tried again after this long, each time twice as long. */
#define RETRY_MIN_US G_USEC_PER_SEC
#define RETRY_MAX_US (30 * G_USEC_PER_SEC)
/* One that has served us for so long is tried again soon; and at once, if it was for so long that
 * it may just have closed what was quiet. */
#define LIVED_US (10 * G_USEC_PER_SEC)
#define QUIET_US (60 * G_USEC_PER_SEC)
/* What it does not take is offered again after this long: it may still have the target from another
 * machine that has failed. */
#define REFUSED_US (10 * G_USEC_PER_SEC)
/* All is registered again after a third of the period after which we are forgotten. */
#define REFRESH_MIN_S 2u
#define REFRESH_MAX_S 600u
/* Whom the server lets in: not asked more often, not less often. Servers need not tell nodes that
 * somebody has left a domain of theirs (RFC 4171 2.2.3: control nodes are told), and open-isns does
 * not. */
#define ACCESS_MIN_US G_USEC_PER_SEC
#define ACCESS_MAX_US (10 * G_USEC_PER_SEC)

struct agent {
    int control, changed;
    struct rpc *rpc;
    struct world *world; /* NULL: not read yet */
    struct wire *wire;   /* NULL: not connected */
    struct listener *listener;
    char *remark; /* what is not as it could be; or NULL */
    struct registry registry;
    GHashTable *watched; /* names of targets whose changes the server tells */
    bool gone;           /* the daemon */
    gint64 look_at, connect_at, sync_at, access_at, refresh_at; /* monotonic; G_MAXINT64: never */
    gint64 asked;                                               /* the last time for access */
    gint64 connected;                                           /* since when */
    gint64 retry_us;
    char *said;
};

static void say(struct agent *a, enum isns_state state, const char *detail)
{
    static const char *const words[] = {
#define X(name, word) word,
        ISNS_STATE_LIST(X)
#undef X
    };
    struct rpc_error why = {0};
    g_autofree char *valid = g_utf8_make_valid(detail, -1);
    g_autofree char *all = g_strdup_printf("%s %s", words[state], valid);
    if (g_strcmp0(all, a->said) == 0)
        return;
    g_free(a->said);
    a->said = g_steal_pointer(&all);
    json_t *done = rpc_call(a->rpc, "isns.report",
                            json_pack("{s:s, s:s}", "state", words[state], "detail", valid), &why);
    a->gone |= !done;
    json_decref(done);
    rpc_error_clear(&why);
}

/* ---- The daemon ---- */

static void look(struct agent *a)
{
    struct world *w = world_read(a->rpc);
    a->look_at = G_MAXINT64;
    a->gone |= !w;
    if (!w)
        return;
    world_free(a->world);
    a->world = w;
    a->sync_at = 0;
}

static bool has_something(const struct agent *a)
{
    return a->world && a->world->targets->len > 0 && a->world->places->len > 0;
}

/* ---- The server ---- */

static void disconnect(struct agent *a)
{
    wire_close(a->wire);
    a->wire = NULL;
    g_hash_table_remove_all(a->watched);
    registry_doubt(&a->registry);
}

static void retry_later(struct agent *a, const GError *why)
{
    say(a, ISNS_STATE_UNREACHABLE, why->message);
    a->connect_at = g_get_monotonic_time() + a->retry_us;
    a->retry_us = MIN(2 * a->retry_us, RETRY_MAX_US);
}

/* Servers close what is quiet for long. That is no reason to be worried, if it answers again. */
static void lost(struct agent *a, GError *why)
{
    gint64 lived = g_get_monotonic_time() - a->connected;
    disconnect(a);
    a->connect_at = 0;
    if (lived > LIVED_US)
        a->retry_us = RETRY_MIN_US;
    if (lived <= QUIET_US)
        retry_later(a, why);
    g_error_free(why);
}

static void listen_for(struct agent *a)
{
    struct in6_addr server;
    uint16_t port = a->world->listen_port;
    if (!a->listener && !a->remark) {
        a->listener = listen_new(port);
        if (!a->listener)
            a->remark = g_strdup_printf("nothing is heard from the server, port %u: %s", port,
                                        g_strerror(errno));
    }
    if (!a->listener || !wire_peer(a->wire, &server))
        return;
    listen_to(a->listener, &server);
    a->registry.listen_port = listen_port(a->listener);
}

static void connect_to_server(struct agent *a)
{
    GError *why = NULL;
    a->connect_at = G_MAXINT64;
    a->wire = wire_open(a->world->host, a->world->port, a->control, &why);
    if (!a->wire) {
        retry_later(a, why);
        g_error_free(why);
        return;
    }
    a->connected = g_get_monotonic_time();
    a->sync_at = 0;
    listen_for(a);
}

static void say_registered(struct agent *a)
{
    if (a->registry.refused)
        say(a, ISNS_STATE_REFUSED, a->registry.refusal);
    else if (!registry_is_empty(&a->registry))
        say(a, ISNS_STATE_REGISTERED, a->remark ? a->remark : "");
    else if (a->world->targets->len == 0)
        say(a, ISNS_STATE_IDLE, "there is no target to register");
    else
        say(a, ISNS_STATE_IDLE, "there is no portal that the server could tell of");
}

static void plan_refresh(struct agent *a)
{
    unsigned s = a->registry.period_s ? a->registry.period_s / 3 : REFRESH_MAX_S;
    a->refresh_at =
        g_get_monotonic_time() + CLAMP(s, REFRESH_MIN_S, REFRESH_MAX_S) * G_USEC_PER_SEC;
}

static void register_all(struct agent *a)
{
    GError *why = NULL;
    a->sync_at = G_MAXINT64;
    if (!registry_sync(&a->registry, a->wire, a->world, &why)) {
        lost(a, why);
        return;
    }
    say_registered(a);
    plan_refresh(a);
    if (a->registry.refused)
        a->sync_at = g_get_monotonic_time() + REFUSED_US;
    a->access_at = a->world->judges ? MIN(a->access_at, a->asked + ACCESS_MIN_US) : G_MAXINT64;
}

/* Whoever does not answer the server's inquiries is removed by it; a firewall may be the cause. */
static void refresh(struct agent *a)
{
    GError *why = NULL;
    bool there = registry_is_there(&a->registry, a->wire, a->world, &why);
    a->refresh_at = G_MAXINT64;
    if (why) {
        lost(a, why);
        return;
    }
    if (!there && a->registry.inquiries && a->listener) {
        g_free(a->remark);
        a->remark = g_strdup_printf("without status inquiries: the server had forgotten us; if it "
                                    "cannot connect to port %u here, choose one (iSNSListenPort) "
                                    "and open it",
                                    a->registry.listen_port);
        a->registry.inquiries = false;
    }
    registry_doubt(&a->registry);
    a->sync_at = 0;
}

static void ask_access(struct agent *a)
{
    GError *why = NULL;
    a->asked = g_get_monotonic_time();
    a->access_at = a->asked + ACCESS_MAX_US;
    if (access_watch(&a->registry, a->wire, a->world, a->watched, &why) &&
        access_ask(&a->registry, a->wire, a->world, a->rpc, &why))
        return;
    a->gone |= !why;
    if (why)
        lost(a, why);
}

/* ---- The loop ---- */

static void work(struct agent *a)
{
    gint64 now = g_get_monotonic_time();
    if (now >= a->look_at)
        look(a);
    if (a->gone || !a->world)
        return;
    if (!a->wire && !has_something(a) && registry_is_empty(&a->registry))
        say_registered(a);
    else if (!a->wire && now >= a->connect_at)
        connect_to_server(a);
    if (a->wire && now >= a->refresh_at)
        refresh(a);
    if (a->wire && now >= a->sync_at)
        register_all(a);
    if (a->wire && now >= a->access_at)
        ask_access(a);
}

/* In milliseconds, for poll(); -1: for ever. */
static int patience(const struct agent *a)
{
    gint64 next = a->look_at, now = g_get_monotonic_time();
    int peers = listen_timeout(a->listener);
    if (!a->wire && (has_something(a) || !registry_is_empty(&a->registry)))
        next = MIN(next, a->connect_at);
    if (a->wire)
        next = MIN(MIN(next, a->sync_at), MIN(a->access_at, a->refresh_at));
    if (next == G_MAXINT64)
        return peers;
    int ms = (int)MIN(MAX(next - now, 0) / 1000 + (next > now), G_MAXINT);
    return peers < 0 ? ms : MIN(ms, peers);
}

static void news(struct agent *a)
{
    eventfd_t n;
    if (eventfd_read(a->changed, &n) == 0)
        a->look_at = g_get_monotonic_time() + SETTLE_US;
}

static void turn(struct agent *a)
{
    struct pollfd polls[LISTEN_POLLS + 3];
    struct pollfd *own = polls + LISTEN_POLLS;
    listen_polls(a->listener, polls);
    own[0] = (struct pollfd){.fd = a->control, .events = POLLRDHUP};
    own[1] = (struct pollfd){.fd = a->changed, .events = POLLIN};
    own[2] = (struct pollfd){.fd = a->wire ? a->wire->fd : -1, .events = POLLIN};
    if (poll(polls, G_N_ELEMENTS(polls), patience(a)) < 0)
        return;
    a->gone |= own[0].revents != 0;
    if (own[1].revents)
        news(a);
    if (listen_turn(a->listener) && a->world && a->world->judges)
        a->access_at = a->asked + ACCESS_MIN_US;
    if (own[2].revents) /* nothing was asked */
        lost(a, g_error_new(WIRE_ERROR, 0, "the server has closed the connection"));
}

/* The daemon has closed the connection; it does not wait for ever. */
static void leave(struct agent *a)
{
    g_autoptr(GError) why = NULL;
    if (registry_is_empty(&a->registry))
        return;
    if (!a->wire)
        a->wire = wire_open(a->world->host, a->world->port, -1, NULL);
    if (!a->wire)
        return;
    a->wire->control = -1;
    if (!registry_leave(&a->registry, a->wire, a->world->entity, &why))
        fprintf(stderr, "tgt-isns: cannot deregister: %s\n", why->message);
}

int agent_run(int control, int changed)
{
    struct agent a = {
        .control = control,
        .changed = changed,
        .rpc = rpc_new(control),
        .watched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .access_at = G_MAXINT64,
        .refresh_at = G_MAXINT64,
        .sync_at = G_MAXINT64,
        .retry_us = RETRY_MIN_US,
    };
    rpc_set_quiet(a.rpc);
    registry_init(&a.registry);
    for (work(&a); !a.gone; work(&a))
        turn(&a);
    leave(&a);
    wire_close(a.wire);
    listen_free(a.listener);
    registry_clear(&a.registry);
    world_free(a.world);
    g_hash_table_unref(a.watched);
    g_free(a.remark);
    g_free(a.said);
    rpc_close(a.rpc);
    return 0;
}
