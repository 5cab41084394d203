/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a target when it is registered, in messages that servers take. */
#ifndef ISNS_TELL_H_
#define ISNS_TELL_H_

#include <glib.h>
#include <stdbool.h>

#include "server.h"
#include "world.h"

struct telling {
    const char *entity, *source; /* who speaks */
    const struct target *target;
    const GArray *places; /* struct place */
    bool with_places;     /* portals are to be registered, too */
    bool before;          /* it was registered already, maybe with an alias */
    bool replace;         /* the whole entity; false once that is done */
    bool inquiries;       /* the server may ask whether we are there (ESI) */
    uint16_t listen_port; /* for notifications and inquiries; 0: none */
    bool taken;           /* set: the server has taken something of it */
    unsigned period_s;    /* set to what the server says, if it does */
};

/* False: refused, maybe after a part was taken, or lost; see server_ask(). */
bool tell(struct telling *t, struct wire *wire, GError **error);

#endif
