/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon of a run: reached, and asked what there is. */
#include "admin-run.h"
#include "admin-used.h"

#define UNREACHABLE 107 /* as tgtadm has it */

/* What the daemon says is asked once: a rehearsal changes nothing. */
static bool know(struct run *run)
{
    json_t *targets = run->admin ? admin_targets(run->admin) : json_array();
    json_t *accounts = !run->admin ? json_array() : targets ? admin_accounts(run->admin) : NULL;
    if (targets && accounts) {
        run->state = state_new(targets, accounts);
        return true;
    }
    json_decref(targets);
    run->status = UNREACHABLE;
    return false;
}

/* Commands can be shown without a daemon, as if it had no targets. Instance 0 is the one that is
 * meant anyway, so that the environment may say where it is. */
bool run_reach(struct run *run)
{
    run->instance = g_strdup(run->port ? run->port : "0");
    run->admin = admin_open(g_strcmp0(run->port, "0") == 0 ? NULL : run->port);
    if (run->admin && run->exclusive && !run->pretend)
        admin_lock(run->admin);
    if (run->admin || run->pretend)
        return know(run);
    run->status = UNREACHABLE;
    return false;
}

static void add_served(struct used *used, const struct known_target *t)
{
    size_t i;
    json_t *lun;
    json_array_foreach(json_object_get(t->said, "luns"), i, lun) {
        const char *path = json_string_value(json_object_get(lun, "path"));
        if (path)
            used_add(used, path);
    }
}

static struct used *look(const struct run *run)
{
    struct used *used = used_new(run->admin ? admin_pid(run->admin) : 0);
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    for (guint i = 0; i < targets->len; i++)
        add_served(used, targets->pdata[i]);
    return used;
}

const struct used *run_used(struct run *run)
{
    if (!run->used)
        run->used = look(run);
    return run->used;
}
