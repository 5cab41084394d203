/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tgt-admin knows of the daemon: what it said at first, and what has been done since. */
#ifndef TOOLS_ADMIN_STATE_H
#define TOOLS_ADMIN_STATE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct known_target {
    unsigned tid;
    char *name;
    json_t *said; /* an item of target.list; NULL: it has been made since */
};

struct state;

/* The form in which the daemon keeps a name, so that names can be compared; one that it will refuse
 * is left as it is. Free with g_free(). */
char *state_form(const char *name);

/* Takes over the lists of target.list and account.list. */
struct state *state_new(json_t *targets, json_t *accounts);
void state_free(struct state *state); /* NULL is fine */
/* Forget what has been done since. */
void state_reset(struct state *state);

/* NULL: there is none. */
struct known_target *state_find(const struct state *state, const char *name);
struct known_target *state_at(const struct state *state, unsigned tid);
/* struct known_target, in order of their numbers. */
GPtrArray *state_targets(const struct state *state);
bool state_in_use(const struct known_target *target); /* by an initiator */
/* The number after the highest that there was; if there is none, the first that is free. */
unsigned state_next_tid(const struct state *state);
void state_add(struct state *state, const char *name, unsigned tid);
void state_remove(struct state *state, struct known_target *target); /* NULL is fine */

bool state_has_account(const struct state *state, const char *name);
/* True only once, for an account that was there before. */
bool state_take_account(struct state *state, const char *name);
void state_add_account(struct state *state, const char *name);
/* Is it bound for discovery? The second of these says that it is from now on. */
bool state_discovers(const struct state *state, const char *account, bool outgoing);
void state_add_discovery(struct state *state, const char *account, bool outgoing);

#endif
