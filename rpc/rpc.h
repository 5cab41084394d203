/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to the daemon's control socket: one method after the other. */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include <jansson.h>

struct rpc;

/* Nobody answers at the socket, or not in JSON-RPC; or nobody does in time, and what was asked for
 * may still be done. Other codes are those of the daemon: enum core_error, or JSON-RPC's own. */
#define RPC_UNREACHABLE 1000
#define RPC_LATE        1001

/* Why a call failed. Clear with rpc_error_clear(). */
struct rpc_error {
    int code;
    char object[16]; /* what it is about: "target", "lun", …; empty: not known */
    char *message;
};

void rpc_error_clear(struct rpc_error *error);

/* Path of the control socket: `path` if not NULL; else, if no `port` is given, $TGT_CONTROL; else
 * that of instance `port` (NULL: 0), which is beside $TGT_IPC_SOCKET where that is set. Free with
 * g_free(). */
char *rpc_path(const char *path, const char *port);
/* `limit_s`: how many seconds the daemon has to take the connection, and then for each answer. 0:
 * ten, but as many as it takes for a method that may have to wait for a store or a plugin; there,
 * stderr says after ten that we still wait. */
struct rpc *rpc_open(const char *path, unsigned limit_s, struct rpc_error *error);
/* The same on a descriptor that is connected already; takes it over. */
struct rpc *rpc_new(int fd);
/* Wait in silence: never write to standard error. */
void rpc_set_quiet(struct rpc *rpc);
void rpc_close(struct rpc *rpc); /* NULL is fine */
/* From now on, `fn` gets what the daemon tells before the end of a call: the method of the
 * notification and its parameters. */
void rpc_on_notification(struct rpc *rpc,
                         void (*fn)(const char *method, const json_t *params, void *data),
                         void *data);
/* Call a method and wait for its end. Takes over `params` (NULL: none). The result belongs to the
 * caller; NULL: `error` says why. */
json_t *rpc_call(struct rpc *rpc, const char *method, json_t *params, struct rpc_error *error);

/* Several calls under way. Send one without waiting: its number, 0 if it cannot be sent. Takes over
 * `params`. The daemon runs a few at a time and lets the others wait: whoever sends more than some
 * tens without taking answers may wait forever. */
json_int_t rpc_send(struct rpc *rpc, const char *method, json_t *params);
/* Wait for the end of any call that was sent. *id is its number; 0: the connection is lost, and
 * what is under way may still be done. Result and `error` as rpc_call(). */
json_t *rpc_receive(struct rpc *rpc, json_int_t *id, struct rpc_error *error);

#endif
