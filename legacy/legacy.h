/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgt's administration commands, its outputs, errors and exit statuses, on top of a daemon's
 * control socket. What the program tgtadm prints, tgt-admin runs without starting a process, and
 * the daemon answers to foreign tgtadm programs is all made here. */
#ifndef LEGACY_LEGACY_H
#define LEGACY_LEGACY_H

#include <glib.h>
#include <jansson.h>

struct rpc;

/* Exit statuses that scripts know. */
#define LEGACY_OK          0
#define LEGACY_WORD        1   /* an unknown mode or operation */
#define LEGACY_REFUSED     22  /* EINVAL: everything else that is wrong */
#define LEGACY_UNREACHABLE 107 /* ENOTCONN: no daemon, or none that answers */

/* A session with one daemon. It remembers which drivers exist: many commands in one session cost
 * little more than one call of the control socket each. */
struct legacy;

/* Takes over `rpc`, an open connection (rpc.h). NULL: the first command that needs a daemon
 * connects to the one that its --control-port, or else the environment, names; later ones use the
 * same connection. */
struct legacy *legacy_new(struct rpc *rpc);
void legacy_free(struct legacy *legacy); /* NULL is fine */

/* Run one command. `argv` is the whole command line of a tgtadm, argv[0] included (the messages of
 * option parsing begin with it); as getopt_long(3) does, its order may be changed. Appended to
 * `out` and `err` is exactly what tgtadm would print; success adds nothing to `err`. Returns the
 * exit status. Not from two threads at the same time: getopt is not made for that. */
int legacy_run(struct legacy *legacy, int argc, char **argv, GString *out, GString *err);

/* Serve one request of tgt's own management wire, as its tgtadm sends it, on the connected socket
 * `fd`, with the calls that it takes on `rpc`, which is taken over. Waits for the peer for a few
 * seconds, and for the daemon. Any thread, several at the same time. */
void legacy_serve(int fd, struct rpc *rpc);

/* What a command would ask of a daemon, without one: a list of {"method", "params"}, in order,
 * among them questions that only prepare what follows. It is taken that all that the command names
 * is there. `port`: the daemon's number as given, or NULL; free with g_free(). NULL: the command is
 * refused whatever the daemon says, and `err` has the reason. */
json_t *legacy_rehearse(int argc, char **argv, char **port, GString *err);

#endif
