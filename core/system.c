/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the daemon takes logins, and how it gets rid of all sessions. */
#include "system.h"

#include <string.h>

#include "daemon.h"
#include "error.h"
#include "log.h"
#include "nexus.h"

static const char *const names[] = {
#define X(name, word) word,
    SYSTEM_STATE_LIST(X)
#undef X
};

enum system_state system_state(void)
{
    return (enum system_state)g_atomic_int_get(&daemon_get()->state);
}

const char *system_state_name(enum system_state state)
{
    return names[state];
}

static void enter(enum system_state state)
{
    if (state != system_state())
        log_info("the daemon is %s", names[state]);
    g_atomic_int_set(&daemon_get()->state, (gint)state);
}

bool system_set_state(const char *name, GError **error)
{
    bool offline = strcmp(name, names[SYSTEM_OFFLINE]) == 0;
    if (!offline && strcmp(name, names[SYSTEM_READY]) != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "the state '%s' cannot be set: it is ready or offline", name);
        return false;
    }
    system_undrain();
    enter(offline ? SYSTEM_OFFLINE : SYSTEM_READY);
    log_notice(offline ? "no logins are taken" : "logins are taken");
    return true;
}

/* ---- Drain ---- */

/* The one under way, and who waits for it. */
struct drain {
    struct farewell *farewell;
    farewell_done *done;
    void *data;
};

static void drained(const struct farewell_count *count, void *data)
{
    struct drain *drain = data;
    daemon_get()->drain = NULL;
    if (count->asked > 0)
        log_notice("of %u sessions that were to log out, %u were dropped, %u are left",
                   count->asked, count->dropped, count->left);
    if (drain->done)
        drain->done(count, drain->data);
    g_free(drain);
}

bool system_drain(unsigned seconds, farewell_done *done, void *data, GError **error)
{
    struct daemon *d = daemon_get();
    if (d->drain) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_BUSY,
                    "a drain is under way: tgtctl system undrain ends it");
        return false;
    }
    enter(SYSTEM_DRAINING);
    g_autoptr(GArray) all = nexus_ids();
    if (all->len > 0)
        log_notice("%u sessions are asked to log out within %u s", all->len, seconds);
    d->drain = g_new0(struct drain, 1);
    *d->drain = (struct drain){.done = done, .data = data};
    d->drain->farewell = farewell_new(all, seconds, TGT_CLOSE_SHUTDOWN, drained, d->drain);
    return true;
}

void system_drain_hasten(void)
{
    if (daemon_get()->drain)
        farewell_hasten(daemon_get()->drain->farewell);
}

const struct farewell *system_draining(void)
{
    return daemon_get()->drain ? daemon_get()->drain->farewell : NULL;
}

void system_undrain(void)
{
    if (daemon_get()->drain)
        farewell_end(daemon_get()->drain->farewell);
    if (system_state() == SYSTEM_DRAINING)
        enter(SYSTEM_READY);
}
