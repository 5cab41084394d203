/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets that go, and targets whose state changes. */
#include <string.h>

#include "admin-run.h"
#include "admin-used.h"

/* ---- One target ---- */

static bool lock_out(struct run *run, const struct known_target *t, const char *list,
                     const char *option)
{
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(json_object_get(t->said, "acl"), list), i, rule) {
        struct command *c = run_command(run);
        command_words(c, "--op unbind --mode target");
        command_number(c, "--tid", t->tid);
        command_option(c, option, json_string_value(rule));
        if (!run_do(run, c))
            return false;
    }
    return true;
}

static bool disconnect(struct run *run, const struct known_target *t)
{
    size_t i;
    json_t *session;
    json_array_foreach(json_object_get(t->said, "sessions"), i, session) {
        struct command *c = run_command(run);
        command_words(c, "--op delete --mode conn");
        command_number(c, "--tid", t->tid);
        command_number(c, "--sid", (unsigned)json_integer_value(json_object_get(session, "sid")));
        command_words(c, "--cid 0");
        if (!run_do(run, c))
            return false;
    }
    return true;
}

/* Initiators would come back at once, if they were still let in. */
static bool free_from_initiators(struct run *run, const struct known_target *t)
{
    return !state_in_use(t) || (lock_out(run, t, "addresses", "-I") &&
                                lock_out(run, t, "initiators", "-Q") && disconnect(run, t));
}

static void forget(struct run *run, struct known_target *t)
{
    size_t i;
    json_t *lun;
    json_array_foreach(json_object_get(t->said, "luns"), i, lun) {
        const char *path = json_string_value(json_object_get(lun, "path"));
        if (run->used && path && !run->pretend)
            used_remove(run->used, path);
    }
    state_remove(run->state, t);
}

bool run_remove(struct run *run, struct known_target *t, const char *done, bool *removed)
{
    *removed = run->force || !state_in_use(t);
    if (!*removed) {
        run_say(run, "# Target with tid %u (%s) is in use, it won't be %s.", t->tid, t->name, done);
        run_warn(run, "target %s is not %s: initiators use it (--force does it all the same)",
                 t->name, done);
        return true;
    }
    run_say(run, "# Removing target: %s", t->name);
    if (!free_from_initiators(run, t))
        return false;
    struct command *c = run_command(run);
    command_words(c, "--mode target --op delete");
    char tid[16];
    g_snprintf(tid, sizeof(tid), "%u", t->tid);
    command_equals(c, "--tid", tid);
    if (run->force)
        command_hidden(c, "--force");
    bool ok = run_do(run, c);
    run_say(run, "%s", "");
    if (ok)
        forget(run, t);
    return ok;
}

/* ---- Several ---- */

/* "tid=N"; else NULL. */
static const char *number_in(const char *which)
{
    return g_str_has_prefix(which, "tid=") ? which + strlen("tid=") : NULL;
}

struct known_target *run_chosen(const struct run *run, const char *which)
{
    const char *number = number_in(which);
    return number ? state_at(run->state, (unsigned)strtoul(number, NULL, 0))
                  : state_find(run->state, which);
}

static void say_none(const struct run *run, const char *which)
{
    const char *number = number_in(which);
    run_say(run, "# Target with %s %s does not exist!", number ? "tid" : "name",
            number ? number : which);
}

static bool delete_all(struct run *run)
{
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    bool removed, ok = true;
    for (guint i = 0; i < targets->len && ok; i++)
        ok = run_remove(run, targets->pdata[i], "deleted", &removed);
    return ok;
}

bool admin_delete(struct run *run, const char *which)
{
    bool removed;
    if (strcmp(which, "ALL") == 0)
        return delete_all(run);
    struct known_target *t = run_chosen(run, which);
    if (t)
        return run_remove(run, t, "deleted", &removed);
    say_none(run, which);
    return true;
}

/* ---- State ---- */

static bool put_state(struct run *run, const char *tid, const char *name, const char *state)
{
    struct command *c = run_command(run);
    command_words(c, "--op update --mode target");
    command_equals(c, "--tid", tid);
    if (name)
        g_string_append_printf(c->text, " --name=\"%s\"",
                               name); /* shown by tgt, and of no effect */
    command_words(c, "-n state");
    command_option(c, "-v", state);
    return run_do(run, c);
}

static bool put_state_at(struct run *run, const struct known_target *t, const char *name,
                         const char *state)
{
    char tid[16];
    g_snprintf(tid, sizeof(tid), "%u", t->tid);
    return put_state(run, tid, name, state);
}

static bool put_state_everywhere(struct run *run, const char *state)
{
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    bool ok = true;
    for (guint i = 0; i < targets->len && ok; i++)
        ok = put_state_at(run, targets->pdata[i], NULL, state);
    return ok;
}

bool admin_set_state(struct run *run, const char *which, const char *state)
{
    if (strcmp(which, "ALL") == 0)
        return put_state_everywhere(run, state);
    if (number_in(which))
        return put_state(run, number_in(which), NULL, state);
    struct known_target *t = state_find(run->state, which);
    return t ? put_state_at(run, t, which, state)
             : run_wrong(run, "There is no target with name \"%s\", can't %s it!", which, state);
}
