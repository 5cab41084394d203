/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of tgtctl are written against: rows of a table, and a context for each. */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "args.h"
#include "table.h"

struct rpc;

/* Exit statuses: X(NAME, number, meaning). */
#define CTL_EXIT_LIST(X)                                                                           \
    X(OK, 0, "done")                                                                               \
    X(USAGE, 1, "the command line is wrong")                                                       \
    X(REFUSED, 2, "the daemon refuses, or it failed")                                              \
    X(UNREACHABLE, 3, "the daemon cannot be reached, or does not answer in time")                  \
    X(NOT_FOUND, 4, "there is no such object")                                                     \
    X(EXISTS, 5, "there is such an object already")                                                \
    X(BUSY, 6, "the object is in use")                                                             \
    X(INVALID, 7, "the configuration is not valid")                                                \
    X(PARTIAL, 8, "not all was done")                                                              \
    X(PLUGIN, 9, "a plugin cannot be used: missing, or of another ABI")                            \
    X(DIFFERENT, 10, "there are differences")

enum ctl_exit {
#define X(name, number, meaning) CTL_##name = (number),
    CTL_EXIT_LIST(X)
#undef X
};

/* What --format takes: X(NAME, word). */
#define CTL_FORMAT_LIST(X)                                                                         \
    X(TABLE, "table") /* for eyes */                                                               \
    X(JSON, "json")   /* one value, indented */                                                    \
    X(JSONL, "jsonl") /* elements of arrays on a line each */                                      \
    X(PLAIN, "plain") /* tables without titles, columns separated by tabs */

enum ctl_format {
#define X(name, word) CTL_FORMAT_##name,
    CTL_FORMAT_LIST(X)
#undef X
        CTL_FORMATS
};

#define CTL_OPTIONS_MAX 16

struct ctl;

/* One command. Help, "did you mean" and the check of words and options come from here. */
struct command {
    const char *noun;
    const char *verb;  /* NULL: the noun is the whole command */
    const char *usage; /* what follows the verb */
    const char *help;  /* one line */
    guint min,
        max; /* number of words that follow the verb; max 0 with min > 0: any number from min on */
    enum ctl_exit (*fn)(struct ctl *ctl);
    const char
        *options[CTL_OPTIONS_MAX]; /* names of the options that it takes, beside the common ones */
    const char *tolerates; /* "if-exists", "if-not-exists": this option turns the refusal into
                              success; NULL: neither */
    bool private_daemon;   /* has a daemon of its own: nothing to connect to, nothing to format */
    const char *format;    /* what --format may be, too; NULL: nothing */
};

/* A command that runs. */
struct ctl {
    const struct command *command;
    struct args args;
    enum ctl_format format;
    bool json;            /* it is one of the two kinds of JSON */
    unsigned timeout_s;   /* --timeout; 0: not given */
    struct rpc *rpc;      /* connected on first use */
    enum ctl_exit status; /* of the last ctl_call() that failed */
    char *forgiven;       /* what --if-exists or --if-not-exists has kept it from saying; NULL */
};

/* One table per noun, ended by a row without noun. */
extern const struct command ctl_account_commands[];
extern const struct command ctl_acl_commands[];
extern const struct command ctl_completion_commands[];
extern const struct command ctl_config_commands[];
extern const struct command ctl_explain_commands[];
extern const struct command ctl_isns_commands[];
extern const struct command ctl_log_commands[];
extern const struct command ctl_lun_commands[];
extern const struct command ctl_plugin_commands[];
extern const struct command ctl_portal_commands[];
extern const struct command ctl_schema_commands[];
extern const struct command ctl_serve_commands[];
extern const struct command ctl_session_commands[];
extern const struct command ctl_stats_commands[];
extern const struct command ctl_system_commands[];
extern const struct command ctl_target_commands[];

/* All of them, ended by NULL. */
extern const struct command *const ctl_families[];
/* NULL: there is none. `verb` may be NULL. */
const struct command *ctl_find(const char *noun, const char *verb);
/* Options that it takes beside its own, ended by NULL; `c` NULL: those of all commands. */
const char *const *ctl_options(const struct command *c);

/* The word behind noun and verb, or NULL. */
const char *ctl_word(const struct ctl *ctl, guint index);
/* ctl-apply.c, ctl-convert.c: commands of ctl_config_commands. */
enum ctl_exit config_apply(struct ctl *ctl);
enum ctl_exit config_convert(struct ctl *ctl);
enum ctl_exit config_diff(struct ctl *ctl);
/* The exit status for an error of the daemon or the connection. */
enum ctl_exit ctl_exit_of(int code);
/* Call a method; takes over `params`. NULL: stderr says why, and ctl->status is the exit status. */
json_t *ctl_call(struct ctl *ctl, const char *method, json_t *params);
/* The same for a call that goes on for long: meanwhile `fn` gets what the daemon tells. */
json_t *ctl_call_telling(struct ctl *ctl, const char *method, json_t *params,
                         void (*fn)(const char *method, const json_t *params, void *data),
                         void *data);
/* Tell on stderr how many sessions have gone yet: for ctl_call_telling(). */
void ctl_print_progress(const char *method, const json_t *params, void *data);
/* Call a method whose result is of no interest to eyes. */
enum ctl_exit ctl_do(struct ctl *ctl, const char *method, json_t *params);
/* The last failure is what --if-exists or --if-not-exists allow: it has not been told. */
bool ctl_forgives(const struct ctl *ctl);
/* The object that was to be made and is there already: what `method` says of it, NULL: stderr has
 * the reason for which it could not be made. Takes over `params`. */
json_t *ctl_present(struct ctl *ctl, const char *method, json_t *params);
/* With --format json or jsonl: print the result, free it, true. Else false. */
bool ctl_json(const struct ctl *ctl, json_t *result);
/* Print a table as --format says, and free it. */
void ctl_print(const struct ctl *ctl, struct table *table);
/* Say what is wrong with the command line; returns CTL_USAGE. */
enum ctl_exit ctl_wrong(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* {"target": word 0} where there is one. */
json_t *ctl_target_params(const struct ctl *ctl);
/* {"target": …, "lun": …} from "T/N"; NULL: stderr says what is wrong. */
json_t *ctl_lun_params(const struct ctl *ctl);
/* "values" from the words "key=value" from the second on; false: stderr says what is wrong. */
bool ctl_put_values(const struct ctl *ctl, json_t *params);
/* The same from word `first` on. */
bool ctl_put_values_from(const struct ctl *ctl, guint first, json_t *params);
/* Options that are given become members of `params`: texts, and flags as true. Dashes become
 * underscores. */
void ctl_put_options(const struct ctl *ctl, json_t *params);
/* All --opt KEY=VALUE become the list "options". */
void ctl_put_opts(const struct ctl *ctl, json_t *params);
/* An option that is a number, if it is given; false: stderr says what is wrong. */
bool ctl_put_number(const struct ctl *ctl, json_t *params, const char *option);

/* Members of a JSON object for eyes; NULL and 0 where absent. */
const char *ctl_text(const json_t *object, const char *name);
json_int_t ctl_int(const json_t *object, const char *name);
bool ctl_bool(const json_t *object, const char *name);
/* "all,10.0.0.0/8,iqn…" of an ACL; free with g_free(). */
char *ctl_acl_text(const json_t *acl);
/* "chap  joe  disk (outgoing)": whether initiators must prove who they are, and by which accounts;
 * free with g_free(). */
char *ctl_auth_text(const char *auth, const json_t *accounts);
/* What distinguishes a logical unit: "online,read-only,thin"; free with g_free(). */
char *ctl_lun_state(const json_t *lun);

#endif
