/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tgt-admin was asked for, and how its steps are shown and taken. A step that returns false
 * has failed for good: nothing more is done, and `status` is the exit status. */
#ifndef TOOLS_ADMIN_RUN_H
#define TOOLS_ADMIN_RUN_H

#include "admin-command.h"
#include "admin-state.h"
#include "admin.h"
#include "conf.h"

/* Exit statuses, beside those of tgtadm. */
#define ADMIN_WRONG   1   /* the command line, or the meaning of the configuration */
#define ADMIN_MISSING 2   /* a file of the configuration is not there */
#define ADMIN_GRAMMAR 255 /* the configuration cannot be read */

struct used;

struct run {
    /* The command line. */
    const char *conf_path, *port; /* NULL: not given */
    bool force, ignore_errors, pretend, verbose;
    bool exclusive; /* targets are made or deleted: one program at a time */

    struct conf *conf;      /* NULL: not needed */
    GHashTable *configured; /* its blocks <target NAME>, see state_form() */
    char *instance;         /* the number after -C in what is shown */
    struct admin *admin;    /* NULL: there is no daemon, and we only pretend */
    struct state *state;
    struct used *used; /* see run_used(); NULL: not looked yet */
    bool rehearsal;    /* say nothing, do nothing: only find what is wrong */
    bool driver_said;  /* that there is no default-driver */
    int status;
};

/* Read the configuration. */
bool run_read_conf(struct run *run);
/* Reach the daemon, and ask what there is. */
bool run_reach(struct run *run);

/* Lines of tgt-admin -v and -p. */
void run_say(const struct run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Something that was not done, although nothing failed: for standard error, unless run_say() has
 * said so. */
void run_warn(const struct run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Print what is wrong with the configuration, also when nothing else is said; returns false. */
bool run_wrong(struct run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool run_missing(struct run *run, const char *option, const char *target);

struct command *run_command(const struct run *run);
/* Show a command and run it; takes it over. */
bool run_do(struct run *run, struct command *command);
/* Only show it. */
void run_show(const struct run *run, struct command *command);

/* The global options of the configuration. */
bool run_globals(struct run *run);
/* Make a target as the configuration describes it. `tid`: its number, unless it has one there. */
bool run_add(struct run *run, const struct conf_block *target, unsigned tid);
/* Delete a target. One that initiators use is left as it is, unless forced: `*removed` is false
 * then, and it is said that it will not be `done`. */
bool run_remove(struct run *run, struct known_target *target, const char *done, bool *removed);

/* Which files are in use; looked up at the first call. */
const struct used *run_used(struct run *run);
/* "tid=N" or a name. NULL: there is no such target. */
struct known_target *run_chosen(const struct run *run, const char *which);

/* The actions. `which`: ALL, tid=N, or a name. */
bool admin_execute(struct run *run);
bool admin_delete(struct run *run, const char *which);
bool admin_set_state(struct run *run, const char *which, const char *state);
bool admin_update(struct run *run, const char *which);
bool admin_dump(struct run *run);

#endif
