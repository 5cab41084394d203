/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon as tgt-admin and tgt-setup-lun use it: commands of tgtadm, run without a process, and
 * what there is, both over one connection. */
#ifndef TOOLS_ADMIN_H
#define TOOLS_ADMIN_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct admin;

/* `port`: number of the daemon's instance; NULL: the one that the environment names. NULL: no
 * daemon answers, as standard error says in tgtadm's words. */
struct admin *admin_open(const char *port);
void admin_close(struct admin *admin); /* NULL is fine */
/* Wait until no other program that has locked is at work with this daemon, and keep later ones
 * waiting until admin_close(). Two that look for a free number at the same time would find the
 * same. */
void admin_lock(struct admin *admin);

/* Run a command, given without the word "tgtadm"; what it says goes to standard output and standard
 * error. Returns its exit status. */
int admin_run(struct admin *admin, const char *const *words);

/* All targets, in order of their numbers, with all that the daemon says of them. NULL: it cannot be
 * asked, as standard error says. */
json_t *admin_targets(struct admin *admin);
/* All accounts with their bindings; as above. */
json_t *admin_accounts(struct admin *admin);
/* Process of the daemon; 0: it does not say. */
pid_t admin_pid(struct admin *admin);
/* False: standard error says why. */
bool admin_set_password(struct admin *admin, const char *account, const char *password);
/* In such a list of targets; NULL: there is none. */
const json_t *admin_target_named(const json_t *targets, const char *name);
/* The number for the next target of such a list, as tgt counts: the one after the highest,
 * or if there is none, the first that is free. */
unsigned admin_next_tid(const json_t *targets);

#endif
