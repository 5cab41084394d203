/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of portals that do not depend on the transport. */
#ifndef CORE_PORTAL_OPTIONS_H
#define CORE_PORTAL_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct portal_options {
    uint16_t tpgt;        /* portal group; 1 if nothing is said */
    const char *announce; /* as the admin wrote it, borrowed; NULL: not */
    GPtrArray *rest;      /* words for the transport, borrowed, ended by NULL */
};

/* `words` and `more`: NULL-terminated, or NULL; what comes later counts. INVALID. */
bool portal_options_parse(struct portal_options *options, char *const *words, char *const *more,
                          GError **error);
void portal_options_clear(struct portal_options *options);

#endif
