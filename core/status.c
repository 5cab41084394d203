/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service manager is told all the time: how much is served, and that the daemon is alive. */
#include "status.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alive.h"
#include "daemon.h"
#include "log.h"
#include "nexus.h"
#include "notify.h"
#include "system.h"
#include "target.h"

#define STATUS_S 5

struct status {
    char *said;
    guint tick, watchdog;
    bool stuck; /* has been said */
};

/* ---- STATUS= ---- */

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static char *describe(void)
{
    unsigned targets = 0, luns = 0;
    g_autoptr(GArray) sessions = nexus_ids();
    g_autoptr(GList) list = targets_list();
    for (GList *t = list; t; t = t->next) {
        targets++;
        luns += (unsigned)g_tree_nnodes(((struct tgt_target *)t->data)->luns);
    }
    enum system_state state = system_state();
    return g_strdup_printf("STATUS=%u target%s, %u LUN%s, %u session%s%s%s", targets,
                           plural(targets), luns, plural(luns), sessions->len,
                           plural(sessions->len), state == SYSTEM_READY ? "" : "; ",
                           state == SYSTEM_READY ? "" : system_state_name(state));
}

static gboolean tell_status(gpointer data)
{
    struct status *s = data;
    g_autofree char *text = daemon_get() ? describe() : NULL;
    if (!text || g_strcmp0(text, s->said) == 0)
        return G_SOURCE_CONTINUE;
    notify_lightly(text);
    g_free(s->said);
    s->said = g_steal_pointer(&text);
    return G_SOURCE_CONTINUE;
}

/* ---- WATCHDOG= ---- */

/* Microseconds after which a silent daemon is ended, or 0: sd_watchdog_enabled(3). */
static guint64 watchdog_usec(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    guint64 value, number;
    if (!usec || !g_ascii_string_to_unsigned(usec, 10, 1, G_MAXINT64, &value, NULL))
        return 0;
    if (pid && (!g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL) ||
                number != (guint64)getpid()))
        return 0;
    return value;
}

/* This main loop turns; each I/O thread must have answered what it was asked the last time. */
static gboolean tell_alive(gpointer data)
{
    struct status *s = data;
    unsigned first = 0, silent = daemon_get() ? alive_silent(daemon_get()->alive, &first) : 0;
    if (silent == 0)
        notify_lightly("WATCHDOG=1");
    else if (!s->stuck)
        log_error("I/O thread %u does not turn any more (%u do not answer): the service manager is "
                  "not told that all is well",
                  first, silent);
    s->stuck = silent > 0;
    if (daemon_get())
        alive_ask(daemon_get()->alive);
    return G_SOURCE_CONTINUE;
}

/* Four times as often as is asked for: a question must have been answered by the next time, and one
 * time may be late. */
static void watchdog_start(struct status *s)
{
    guint64 usec = watchdog_usec();
    if (usec == 0)
        return;
    s->watchdog = g_timeout_add((guint)CLAMP(usec / 4000, 1, G_MAXINT), tell_alive, s);
    tell_alive(s);
}

struct status *status_new(void)
{
    if (!notify_wanted())
        return NULL;
    struct status *s = g_new0(struct status, 1);
    s->tick = g_timeout_add_seconds(STATUS_S, tell_status, s);
    tell_status(s);
    watchdog_start(s);
    return s;
}

void status_free(struct status *s)
{
    if (!s)
        return;
    g_source_remove(s->tick);
    if (s->watchdog)
        g_source_remove(s->watchdog);
    g_free(s->said);
    g_free(s);
}
