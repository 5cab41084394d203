/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session keeps between commands. */
#ifndef LEGACY_SESSION_H
#define LEGACY_SESSION_H

#include "legacy.h"
#include "rpc.h"

/* rehearse.c: note the call, and answer as a daemon might; takes over `params`. */
struct rehearsal;
json_t *rehearsal_answer(struct rehearsal *rehearsal, const char *method, json_t *params);

struct legacy {
    struct rpc *rpc; /* NULL: not connected yet */
    struct rehearsal *rehearsal; /* rehearse.c: answers in place of a daemon; NULL */
    char *driver;    /* the last one that was looked for and found; NULL: none yet */
};

#endif
