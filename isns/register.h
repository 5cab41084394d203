/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server knows of us, and how it is brought in step with what there is. */
#ifndef ISNS_REGISTER_H_
#define ISNS_REGISTER_H_

#include <glib.h>
#include <stdbool.h>

#include "server.h"
#include "world.h"

struct registry {
    /* "t NAME" or "p ADDRESS PORT" -> what was registered of it, "": by an older connection. */
    GHashTable *known;
    GArray *places;    /* struct place: where initiators are sent, without wildcards */
    char *places_text; /* the same as text; never NULL */
    bool fresh; /* nothing has been registered by this process: what is left of an older one goes */
    bool inquiries;       /* the server may ask whether we are there (ESI) */
    uint16_t listen_port; /* for notifications and inquiries; 0: none */
    unsigned period_s; /* we are forgotten if we say nothing for so long; 0: not known, or never */
    unsigned refused;  /* things that the server does not take */
    char *refusal;     /* the last reason; never NULL */
};

void registry_init(struct registry *r);
void registry_clear(struct registry *r);
/* A new connection, or the time for it has come: all is to be said again. */
void registry_doubt(struct registry *r);
/* Say what is not known yet, take back what is no more. False: the connection is lost. */
bool registry_sync(struct registry *r, struct wire *wire, const struct world *w, GError **error);
/* Does the server still have the entity and all portals? It has removed what did not answer its
 * inquiries. True if we cannot tell; false with `error` set: the connection is lost. */
bool registry_is_there(struct registry *r, struct wire *wire, const struct world *w,
                       GError **error);
/* Take back all. */
bool registry_leave(struct registry *r, struct wire *wire, const char *entity, GError **error);
bool registry_has_target(const struct registry *r, const char *name);
bool registry_is_empty(const struct registry *r);

#endif
