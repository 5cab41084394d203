/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to a control socket: lines in, lines out, everything bounded. */
#ifndef CORE_CONTROL_CLIENT_H
#define CORE_CONTROL_CLIENT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct control_client;

/* Takes over the descriptor. `closed` is called once when the connection has ended by itself; not
 * after client_close(). */
struct control_client *client_new(int fd, bool read_only,
                                  void (*closed)(struct control_client *client, void *data),
                                  void *data);
/* Take no more requests; the connection ends by itself once the calls under way have replied. */
void client_finish(struct control_client *client);
/* End the connection; calls under way keep the memory until they have replied. */
void client_close(struct control_client *client);

/* Told when the connection ends. Owned by who registers it. */
struct client_hook {
    void (*fn)(void *data); /* called once, when it is no longer registered */
    void *data;
};
void client_hook_add(struct control_client *client, struct client_hook *hook);
void client_hook_remove(struct control_client *client, struct client_hook *hook);

bool client_is_read_only(const struct control_client *client);
/* A helper of the daemon: beside what is read-only, it may use the methods made for it. */
void client_let_report(struct control_client *client);
bool client_may_report(const struct control_client *client);
/* A call begins: it holds the client until client_reply(). */
void client_call_begin(struct control_client *client);
/* A call ends: queue one line; `line` NULL: nothing is to be said (a notification). Takes over
 * `line`. */
void client_reply(struct control_client *client, json_t *line);
/* Queue one line within a call. Takes over `line`. False: it is gone, or has not taken what was
 * queued before. */
bool client_note(struct control_client *client, json_t *line);

#endif
