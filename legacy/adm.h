/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of this library share: a command as read, the errors in tgt's words, the calls to
 * the daemon. */
#ifndef LEGACY_ADM_H
#define LEGACY_ADM_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "legacy.h"
#include "rpc.h"

/* Modes, in the order of their numbers on tgt's wire, which begin with 0: X(NAME, word, short
 * word). */
#define ADM_MODE_LIST(X)                                                                           \
    X(SYSTEM, "system", "sys")                                                                     \
    X(TARGET, "target", "tgt")                                                                     \
    X(LUN, "logicalunit", "lu")                                                                    \
    X(PORTAL, "portal", "pt")                                                                      \
    X(LLD, "lld", "lld")                                                                           \
    X(SESSION, "session", "sess")                                                                  \
    X(CONNECTION, "connection", "conn")                                                            \
    X(ACCOUNT, "account", "account")

enum adm_mode {
    ADM_NO_MODE,
#define X(name, ...) ADM_##name,
    ADM_MODE_LIST(X)
#undef X
        ADM_MODES /* number of values */
};

/* Operations, as above: X(NAME, word). */
#define ADM_OP_LIST(X)                                                                             \
    X(NEW, "new")                                                                                  \
    X(DELETE, "delete")                                                                            \
    X(SHOW, "show")                                                                                \
    X(BIND, "bind")                                                                                \
    X(UNBIND, "unbind")                                                                            \
    X(UPDATE, "update")                                                                            \
    X(STAT, "stat")                                                                                \
    X(START, "start")                                                                              \
    X(STOP, "stop")

enum adm_op {
    ADM_NO_OP,
#define X(name, word) ADM_OP_##name,
    ADM_OP_LIST(X)
#undef X
        ADM_OPS /* number of values */
};

/* tgt's words for what the daemon refuses, in the order of their numbers on its wire, which begin
 * with 1: X(NAME, text). Programs compare them. */
#define ADM_ERROR_LIST(X)                                                                          \
    X(UNKNOWN, "unknown error")                                                                    \
    X(NO_MEMORY, "out of memory")                                                                  \
    X(NO_DRIVER, "can't find the driver")                                                          \
    X(NO_TARGET, "can't find the target")                                                          \
    X(NO_LUN, "can't find the logical unit")                                                       \
    X(NO_SESSION, "can't find the session")                                                        \
    X(NO_CONNECTION, "can't find the connection")                                                  \
    X(NO_BINDING, "can't find the binding")                                                        \
    X(TARGET_EXISTS, "this target already exists")                                                 \
    X(LUN_EXISTS, "this logical unit number already exists")                                       \
    X(BINDING_EXISTS, "this binding already exists")                                               \
    X(ACL_EXISTS, "this access control rule already exists")                                       \
    X(NO_ACL, "this access control rule does not exist")                                           \
    X(ACCOUNT_EXISTS, "this account already exists")                                               \
    X(NO_ACCOUNT, "can't find the account")                                                        \
    X(MANY_ACCOUNTS, "too many accounts")                                                          \
    X(INVALID, "invalid request")                                                                  \
    X(OUTGOING_EXISTS, "this target already has an outgoing account")                              \
    X(TARGET_ACTIVE, "this target is still active")                                                \
    X(LUN_ACTIVE, "this logical unit is still active")                                             \
    X(DRIVER_ACTIVE, "this driver is busy")                                                        \
    X(UNSUPPORTED, "this operation isn't supported")                                               \
    X(PARAMETER, "unknown parameter")                                                              \
    X(PREVENTED, "this device has Prevent Removal set")

enum adm_error {
    ADM_NO_ERROR,
#define X(name, text) ADM_ERROR_##name,
    ADM_ERROR_LIST(X)
#undef X
};

/* A command. Texts are the caller's. */
struct adm {
    enum adm_mode mode;
    enum adm_op op;
    unsigned tid, lun, cid;
    uint64_t sid;
    bool force, outgoing;
    const char *port, *lld, *path, *bstype, *bsopts, *bsoflags, *blocksize, *name, *address,
        *initiator, *params, *type, *key, *value, *user, *password;
    bool given[128];      /* by letter */
    const char *program;  /* for messages about options */
    enum adm_error error; /* the last that was said */
    struct legacy *legacy;
    GString *out, *err;
};

/* options.c. -1: go on; else the exit status: all that is to be said has been said. */
int adm_parse(struct adm *adm, int argc, char **argv);
/* check.c: does the combination of mode, operation and options make sense? As above. */
int adm_check(struct adm *adm);
extern const char adm_usage[]; /* usage.c: --help */
const char *adm_mode_word(enum adm_mode mode);
const char *adm_op_word(enum adm_op op);

/* Standard output. */
void adm_say(struct adm *adm, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Standard error: "tgtadm: …"; returns LEGACY_REFUSED. */
int adm_refuse(struct adm *adm, const char *format, ...) G_GNUC_PRINTF(2, 3);
int adm_error(struct adm *adm, enum adm_error error);

/* run.c: run a command that has been read and found to make sense; returns the exit status. */
int adm_run(struct adm *adm);
/* Can a plugin be used, as plugin.list describes it? */
bool adm_is_usable(const json_t *plugin);

/* Connect, unless the session is; returns the exit status. */
int adm_connect(struct adm *adm);
/* How an error of a call is said: the first row that fits; a code or object of 0 fits all. Ends
 * with a row without code. */
struct adm_reason {
    int code; /* enum core_error */
    const char *object;
    enum adm_error error;
};
/* Call a method whose result is of no interest; what no reason fits is an invalid request. Returns
 * the exit status. */
int adm_do(struct adm *adm, const char *method, json_t *params, const struct adm_reason *reasons);
/* Call a method; NULL: it has failed, and *status is the exit status. */
json_t *adm_get(struct adm *adm, const char *method, json_t *params,
                const struct adm_reason *reasons, int *status);
/* Say why a call has failed; returns the exit status. */
int adm_explain(struct adm *adm, const struct rpc_error *error, const struct adm_reason *reasons);
/* Call a method; say nothing if it fails. Clear `error`. */
json_t *adm_try(struct adm *adm, const char *method, json_t *params, struct rpc_error *error);

/* The operations. */
int adm_system_show(struct adm *adm);
int adm_system_update(struct adm *adm);
int adm_system_stat(struct adm *adm);
int adm_system_delete(struct adm *adm);
int adm_target_new(struct adm *adm);
int adm_target_delete(struct adm *adm);
int adm_target_bind(struct adm *adm);
int adm_target_unbind(struct adm *adm);
int adm_target_show(struct adm *adm);
int adm_target_show_params(struct adm *adm);
int adm_target_update(struct adm *adm);
int adm_target_stat(struct adm *adm);
int adm_lun_new(struct adm *adm);
int adm_lun_delete(struct adm *adm);
int adm_lun_update(struct adm *adm);
int adm_lun_show(struct adm *adm);
int adm_lun_stat(struct adm *adm);
int adm_portal_new(struct adm *adm);
int adm_portal_delete(struct adm *adm);
int adm_portal_show(struct adm *adm);
int adm_session_show(struct adm *adm);
int adm_session_stat(struct adm *adm);
int adm_connection_show(struct adm *adm);
int adm_connection_stat(struct adm *adm);
int adm_connection_delete(struct adm *adm);
int adm_account_new(struct adm *adm);
int adm_account_delete(struct adm *adm);
int adm_account_bind(struct adm *adm);
int adm_account_unbind(struct adm *adm);
int adm_account_show(struct adm *adm);
int adm_lld_show(struct adm *adm);
int adm_lld_start(struct adm *adm);
int adm_lld_stop(struct adm *adm);

/* print.c: blocks of the listings. */
void adm_print_target(struct adm *adm, const json_t *target);
void adm_print_lun(struct adm *adm, const json_t *lun);
/* As it was given: tgt does not fold letters. */
const char *adm_target_name(const json_t *target);
/* Does the listing of the target begin with a controller that is no logical unit of ours? */
bool adm_has_controller(const json_t *target);
/* "10.0.0.5:51234" -> "10.0.0.5", "[::1]:51234" -> "::1". Free with g_free(). */
char *adm_address(const char *peer);
/* target.c: is the target there? As below. */
int adm_target_exists(struct adm *adm);
/* lun.c: is the logical unit there? Else that is said. Returns the exit status. */
int adm_lun_exists(struct adm *adm);
/* system.c: the drivers; each with its targets, where a list of them is given. */
void adm_print_drivers(struct adm *adm, const json_t *plugins, const json_t *targets);
/* {"target": "@TID"} */
json_t *adm_target_params(const struct adm *adm);
const char *adm_text(const json_t *object, const char *name);
long long adm_int(const json_t *object, const char *name);
bool adm_bool(const json_t *object, const char *name);

#endif
