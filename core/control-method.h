/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the methods of the control socket are written against: tables of methods, calls, and
 * helpers. */
#ifndef CORE_CONTROL_METHOD_H
#define CORE_CONTROL_METHOD_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct control_call;
struct control_client;
struct core_lu;
struct plugin;
struct tgt_param;
struct tgt_params;
struct tgt_target;

#define CONTROL_PARAMS_MAX 20

/* Types of a method's parameters: X(NAME, word in rpc.methods). */
#define CONTROL_TYPE_LIST(X)                                                                       \
    X(STRING, "string")                                                                            \
    X(UINT, "unsigned") /* 0 to `max` */                                                           \
    X(BOOL, "boolean")                                                                             \
    X(STRINGS, "array of strings")                                                                 \
    X(MAP, "object of strings")

enum control_type {
    CONTROL_NO_TYPE_,
#define X(name, word) CONTROL_##name,
    CONTROL_TYPE_LIST(X)
#undef X
};

struct control_param {
    const char *name;
    enum control_type type;
    bool required;
    const char *help;
    uint64_t max; /* of UINT; 0: UINT32_MAX */
};

/* One method. `fn` has parameters that fit the table and ends the call by one of the functions
 * below, now or later. */
struct control_method {
    const char *name;
    const char *summary;
    bool read_only; /* changes nothing: allowed on the read-only socket */
    void (*fn)(struct control_call *call, const json_t *params);
    struct control_param params[CONTROL_PARAMS_MAX];
    bool report; /* also on a connection that client_let_report() was called for */
    bool keeps; /* not for everyone, but the configuration stays as it is */
};

/* A family of methods; one file each. Ends with a method without name. */
extern const struct control_method control_account_methods[];
extern const struct control_method control_acl_methods[];
extern const struct control_method control_isns_methods[];
extern const struct control_method control_config_methods[];
extern const struct control_method control_log_methods[];
extern const struct control_method control_lun_methods[];
extern const struct control_method control_map_methods[];
extern const struct control_method control_plugin_methods[];
extern const struct control_method control_portal_methods[];
extern const struct control_method control_session_methods[];
extern const struct control_method control_stats_methods[];
extern const struct control_method control_system_methods[];
extern const struct control_method control_target_methods[];

/* End a call. The result or error is taken over. The client may be gone: then nothing is sent. */
void control_reply(struct control_call *call, json_t *result);
void control_fail(struct control_call *call, GError *error);
/* Either of them: an empty object, or the error if there is one. */
void control_end(struct control_call *call, GError *error);
/* A notification to the client of a call that goes on: JSON-RPC without an id. Takes over `params`.
 * False: nobody is told, because the client is gone, or takes too little of what it is sent. */
bool control_notify(struct control_call *call, const char *method, json_t *params);
/* Have `fn` called when the client goes before the call has ended; once per call. It may end the
 * call. */
void control_on_gone(struct control_call *call, void (*fn)(void *data), void *data);
/* The kind of object that an error is about, for programs ("target", "lun"); constant text, NULL:
 * none. */
void control_about(struct control_call *call, const char *object);

/* control.c, for control-client.c: run the request in `line`. Every request ends by client_reply(),
 * or not at all if it is a notification. */
void control_run(struct control_client *client, const char *line, size_t len);

/* Parameters; NULL, 0, false where absent. */
const char *control_text(const json_t *params, const char *name);
uint64_t control_uint(const json_t *params, const char *name);
bool control_bool(const json_t *params, const char *name);
char **control_strings(const json_t *params, const char *name); /* NULL-terminated; g_strfreev() */

/* Objects that parameters name. On failure the call has ended and NULL is returned. */
struct tgt_target *control_target(struct control_call *call, const json_t *params);
struct core_lu *control_lun(struct control_call *call, const json_t *params);

/* Descriptions, shared by several families. */
json_t *control_describe_lun(struct core_lu *lu);
json_t *control_describe_luns(const struct tgt_target *target);     /* NULL: of all targets */
json_t *control_describe_sessions(const struct tgt_target *target); /* NULL: of all targets */
json_t *control_describe_acl(const struct tgt_target *target);
json_t *control_describe_accounts(const struct tgt_target *target); /* NULL: of discovery */
json_t *control_describe_maps(const struct tgt_target *target);
json_t *control_describe_params(const struct tgt_param *table, unsigned count, size_t size,
                                const struct tgt_params *values);
const struct tgt_param *control_param_at(const struct tgt_param *table, unsigned index,
                                         size_t size);

/* Set members, leaving out what is NULL. */
void control_put(json_t *object, const char *name, const char *text);

#endif
