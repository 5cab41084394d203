/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method system.health: what keeps initiators from being served. */
#include "control-method.h"

#include "control-health.h"

#include <stdarg.h>

#include "alive.h"
#include "daemon.h"
#include "isns.h"
#include "lu.h"
#include "plugin.h"
#include "portal.h"
#include "system.h"
#include "target.h"

/* How long I/O threads have to answer, and how often it is looked whether they have. */
#define PATIENCE_MS 1000
#define LOOK_MS     10

struct health {
    struct control_call *call;
    json_t *checks;
    bool healthy;
    gint64 until;
};

static void check(struct health *h, const char *name, bool ok, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void check(struct health *h, const char *name, bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    h->healthy = h->healthy && ok;
    json_t *row = json_pack("{s:s, s:b}", "check", name, "ok", ok);
    control_put(row, "text", text);
    json_array_append_new(h->checks, row);
}

static void check_threads(struct health *h)
{
    const struct daemon *d = daemon_get();
    unsigned first = 0, silent = alive_silent(d->alive, &first);
    if (silent == 0)
        check(h, "threads", true, "all I/O threads answer");
    else
        check(h, "threads", false, "%u I/O threads do not answer within %u ms, such as number %u",
              silent, PATIENCE_MS, first);
}

static void check_logins(struct health *h)
{
    enum system_state state = system_state();
    guint portals = portals_list()->len;
    check(h, "logins", state == SYSTEM_READY, "the daemon is %s", system_state_name(state));
    check(h, "portals", portals > 0, portals == 1 ? "%u portal listens" : "%u portals listen",
          portals);
}

/* What an admin has disabled is as he wants it. */
static void check_plugins(struct health *h)
{
    const GPtrArray *list = plugins_list(daemon_get()->plugins);
    const struct plugin *broken = NULL;
    unsigned count = 0;
    for (guint i = 0; i < list->len; i++) {
        const struct plugin *p = list->pdata[i];
        if (!p->reason || p->state == PLUGIN_DISABLED)
            continue;
        broken = broken ? broken : p;
        count++;
    }
    if (broken)
        check(h, "plugins", false, "%u cannot be used, such as %s: %s", count, broken->name,
              broken->reason);
    else
        check(h, "plugins", true, "all that are installed can be used");
}

struct lun_count {
    unsigned all, offline;
};

static gboolean count_lun(gpointer number, gpointer lu, gpointer data)
{
    struct lun_count *count = data;
    unsigned state = (unsigned)g_atomic_int_get((gint *)&((struct core_lu *)lu)->pub.state);
    count->all++;
    count->offline += (state & TGT_LU_OFFLINE) != 0;
    return FALSE;
}

static void check_luns(struct health *h)
{
    struct lun_count count = {0};
    g_autoptr(GList) targets = targets_list();
    for (GList *t = targets; t; t = t->next)
        g_tree_foreach(((struct tgt_target *)t->data)->luns, count_lun, &count);
    check(h, "luns", count.offline == 0, "%u of %u logical units are online",
          count.all - count.offline, count.all);
}

/* Initiators may find nothing, or not be let in. */
static void check_isns(struct health *h)
{
    const struct isns *isns = daemon_get()->isns;
    enum isns_state state = isns_state(isns);
    bool ok = state == ISNS_STATE_REGISTERED || state == ISNS_STATE_IDLE ||
              (state == ISNS_STATE_STARTING && !*isns_detail(isns));
    if (state != ISNS_STATE_OFF)
        check(h, "isns", ok, "%s%s%s", isns_state_word(state), *isns_detail(isns) ? ": " : "",
              isns_detail(isns));
}

static void answer(struct health *h)
{
    check_threads(h);
    check_logins(h);
    check_plugins(h);
    check_luns(h);
    check_isns(h);
    control_reply(h->call, json_pack("{s:b, s:o}", "healthy", h->healthy, "checks", h->checks));
    g_free(h);
}

static gboolean look(gpointer data)
{
    struct health *h = data;
    unsigned first;
    if (alive_silent(daemon_get()->alive, &first) > 0 && g_get_monotonic_time() < h->until)
        return G_SOURCE_CONTINUE;
    answer(h);
    return G_SOURCE_REMOVE;
}

void control_health(struct control_call *call, const json_t *params)
{
    struct health *h = g_new(struct health, 1);
    *h = (struct health){.call = call,
                         .checks = json_array(),
                         .healthy = true,
                         .until = g_get_monotonic_time() + PATIENCE_MS * 1000};
    alive_ask(daemon_get()->alive);
    g_timeout_add(LOOK_MS, look, h);
}
