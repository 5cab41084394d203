/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets and accounts by name and by number, kept in step with what is done. */
#include "admin-state.h"

#include "name.h"

struct state {
    json_t *targets, *listed; /* as they were listed; accounts, too */
    GTree *by_tid;            /* owns the targets */
    GHashTable *by_name;
    GHashTable *accounts;  /* names */
    GHashTable *old;       /* names of those that were there before */
    GHashTable *discovery; /* "in NAME" and "out NAME" */
    unsigned highest;      /* number */
};

/* ---- Targets ---- */

char *state_form(const char *name)
{
    char *prepared = name_prepare(name, NULL);
    return prepared ? prepared : g_strdup(name);
}

static void target_free(gpointer data)
{
    struct known_target *t = data;
    g_free(t->name);
    g_free(t);
}

static int compare_tids(gconstpointer a, gconstpointer b, gpointer unused)
{
    unsigned x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);
    return (x > y) - (x < y);
}

/* When only pretending, a number can be given twice: the later one counts. */
static void insert(struct state *state, const char *name, unsigned tid, json_t *said)
{
    struct known_target *t = g_new(struct known_target, 1);
    *t = (struct known_target){.tid = tid, .name = state_form(name), .said = said};
    state_remove(state, state_at(state, tid));
    state_remove(state, g_hash_table_lookup(state->by_name, t->name));
    g_hash_table_insert(state->by_name, t->name, t);
    g_tree_insert(state->by_tid, GUINT_TO_POINTER(tid), t);
    state->highest = MAX(state->highest, tid);
}

static void add_targets(struct state *state)
{
    size_t i;
    json_t *t;
    json_array_foreach(state->targets, i, t)
        insert(state, json_string_value(json_object_get(t, "name")),
               (unsigned)json_integer_value(json_object_get(t, "tid")), t);
}

struct known_target *state_find(const struct state *state, const char *name)
{
    g_autofree char *form = state_form(name);
    return g_hash_table_lookup(state->by_name, form);
}

struct known_target *state_at(const struct state *state, unsigned tid)
{
    return g_tree_lookup(state->by_tid, GUINT_TO_POINTER(tid));
}

static gboolean collect(gpointer tid, gpointer target, gpointer list)
{
    g_ptr_array_add(list, target);
    return FALSE;
}

GPtrArray *state_targets(const struct state *state)
{
    GPtrArray *list = g_ptr_array_new();
    g_tree_foreach(state->by_tid, collect, list);
    return list;
}

bool state_in_use(const struct known_target *target)
{
    return json_array_size(json_object_get(target->said, "sessions")) > 0;
}

unsigned state_next_tid(const struct state *state)
{
    unsigned tid = state->highest + 1;
    if (state->highest < G_MAXINT32)
        return tid;
    for (tid = 1; state_at(state, tid);)
        tid++;
    return tid;
}

void state_add(struct state *state, const char *name, unsigned tid)
{
    insert(state, name, tid, NULL);
}

void state_remove(struct state *state, struct known_target *target)
{
    if (!target)
        return;
    g_hash_table_remove(state->by_name, target->name);
    g_tree_remove(state->by_tid, GUINT_TO_POINTER(target->tid));
}

/* ---- Accounts ---- */

static char *discovery_key(const char *account, bool outgoing)
{
    return g_strconcat(outgoing ? "out " : "in ", account, NULL);
}

static void add_account(struct state *state, const json_t *account)
{
    size_t i;
    json_t *binding;
    const char *name = json_string_value(json_object_get(account, "name"));
    g_hash_table_add(state->accounts, g_strdup(name));
    g_hash_table_add(state->old, g_strdup(name));
    json_array_foreach(json_object_get(account, "bindings"), i, binding)
        if (json_is_true(json_object_get(binding, "discovery")))
            state_add_discovery(state, name, json_is_true(json_object_get(binding, "outgoing")));
}

bool state_has_account(const struct state *state, const char *name)
{
    return g_hash_table_contains(state->accounts, name);
}

bool state_take_account(struct state *state, const char *name)
{
    return g_hash_table_remove(state->old, name);
}

void state_add_account(struct state *state, const char *name)
{
    g_hash_table_add(state->accounts, g_strdup(name));
}

bool state_discovers(const struct state *state, const char *account, bool outgoing)
{
    g_autofree char *key = discovery_key(account, outgoing);
    return g_hash_table_contains(state->discovery, key);
}

void state_add_discovery(struct state *state, const char *account, bool outgoing)
{
    g_hash_table_add(state->discovery, discovery_key(account, outgoing));
}

/* ---- All of it ---- */

static GHashTable *set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void begin(struct state *state)
{
    size_t i;
    json_t *account;
    state->by_tid = g_tree_new_full(compare_tids, NULL, NULL, target_free);
    state->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    state->accounts = set_new();
    state->old = set_new();
    state->discovery = set_new();
    state->highest = 0;
    add_targets(state);
    json_array_foreach(state->listed, i, account)
        add_account(state, account);
}

static void end(struct state *state)
{
    g_hash_table_unref(state->discovery);
    g_hash_table_unref(state->old);
    g_hash_table_unref(state->accounts);
    g_hash_table_unref(state->by_name);
    g_tree_unref(state->by_tid);
}

struct state *state_new(json_t *targets, json_t *accounts)
{
    struct state *state = g_new0(struct state, 1);
    state->targets = targets;
    state->listed = accounts;
    begin(state);
    return state;
}

void state_reset(struct state *state)
{
    end(state);
    begin(state);
}

void state_free(struct state *state)
{
    if (!state)
        return;
    end(state);
    json_decref(state->targets);
    json_decref(state->listed);
    g_free(state);
}
