/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of this library share: a command as read, the errors in tgt's words, the calls to
 * the daemon. */
#ifndef LEGACY_ADM_H
#define LEGACY_ADM_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "legacy.h"
#include "rpc.h"

/* Modes: X(NAME, word, short word). */
#define ADM_MODE_LIST(X)                                                                           \
    X(SYSTEM, "system", "sys")                                                                     \
    X(TARGET, "target", "tgt")                                                                     \
    X(LUN, "logicalunit", "lu")                                                                    \
    X(PORTAL, "portal", "pt")                                                                      \
    X(SESSION, "session", "sess")                                                                  \
    X(CONNECTION, "connection", "conn")                                                            \
    X(ACCOUNT, "account", "account")                                                               \
    X(LLD, "lld", "lld")

enum adm_mode {
    ADM_NO_MODE,
#define X(name, ...) ADM_##name,
    ADM_MODE_LIST(X)
#undef X
};

/* Operations: X(NAME, word). */
#define ADM_OP_LIST(X)                                                                             \
    X(NEW, "new")                                                                                  \
    X(DELETE, "delete")                                                                            \
    X(BIND, "bind")                                                                                \
    X(UNBIND, "unbind")                                                                            \
    X(SHOW, "show")                                                                                \
    X(UPDATE, "update")                                                                            \
    X(STAT, "stat")                                                                                \
    X(START, "start")                                                                              \
    X(STOP, "stop")

enum adm_op {
    ADM_NO_OP,
#define X(name, word) ADM_OP_##name,
    ADM_OP_LIST(X)
#undef X
};

/* tgt's words for what the daemon refuses: X(NAME, text). Programs compare them. */
#define ADM_ERROR_LIST(X)                                                                          \
    X(NO_DRIVER, "can't find the driver")                                                          \
    X(NO_TARGET, "can't find the target")                                                          \
    X(NO_LUN, "can't find the logical unit")                                                       \
    X(TARGET_EXISTS, "this target already exists")                                                 \
    X(LUN_EXISTS, "this logical unit number already exists")                                       \
    X(ACL_EXISTS, "this access control rule already exists")                                       \
    X(NO_ACL, "this access control rule does not exist")                                           \
    X(INVALID, "invalid request")                                                                  \
    X(TARGET_ACTIVE, "this target is still active")                                                \
    X(LUN_ACTIVE, "this logical unit is still active")

enum adm_error {
#define X(name, text) ADM_ERROR_##name,
    ADM_ERROR_LIST(X)
#undef X
};

/* A command. Texts are the caller's. */
struct adm {
    enum adm_mode mode;
    enum adm_op op;
    unsigned tid, lun;
    bool force;
    const char *port, *lld, *path, *bstype, *bsopts, *bsoflags, *blocksize, *name, *address,
        *initiator, *params, *type;
    bool given[128]; /* by letter */
    const char *program;
    struct legacy *legacy;
    GString *out, *err;
};

/* options.c. -1: go on; else the exit status: all that is to be said has been said. */
int adm_parse(struct adm *adm, int argc, char **argv);
/* check.c: does the combination of mode, operation and options make sense? As above. */
int adm_check(struct adm *adm);
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

/* The operations. */
int adm_system_show(struct adm *adm);
int adm_target_new(struct adm *adm);
int adm_target_delete(struct adm *adm);
int adm_target_bind(struct adm *adm);
int adm_target_unbind(struct adm *adm);
int adm_target_show(struct adm *adm);
int adm_lun_new(struct adm *adm);
int adm_lun_delete(struct adm *adm);
int adm_lun_update(struct adm *adm);
int adm_lun_show(struct adm *adm);

/* print.c: blocks of the listings. */
void adm_print_target(struct adm *adm, const json_t *target);
void adm_print_lun(struct adm *adm, const json_t *lun);
/* {"target": "@TID"} */
json_t *adm_target_params(const struct adm *adm);
const char *adm_text(const json_t *object, const char *name);
long long adm_int(const json_t *object, const char *name);
bool adm_bool(const json_t *object, const char *name);

#endif
