/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session keeps between commands. */
#ifndef LEGACY_SESSION_H
#define LEGACY_SESSION_H

#include "legacy.h"
#include "rpc.h"

struct legacy {
    struct rpc *rpc; /* NULL: not connected yet */
    char *driver;    /* the last one that was looked for and found; NULL: none yet */
};

#endif
