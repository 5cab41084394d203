/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the control path: one GError domain whose codes become tgtctl's exit codes, and struct
 * tgt_error for plugins. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <glib.h>
#include <tgt/plugin.h>

/* What kind of refusal; see tgtctl(1), EXIT STATUS. */
enum core_error {
    CORE_ERROR_INVALID = 2,   /* refused: a value or a combination makes no sense */
    CORE_ERROR_NOT_FOUND = 4, /* no such object */
    CORE_ERROR_EXISTS = 5,    /* there is one already */
    CORE_ERROR_BUSY = 6,      /* in use */
    CORE_ERROR_PLUGIN = 9,    /* a plugin cannot be used */
    CORE_ERROR_FAILED = 10,   /* the system said no (I/O error, permission, memory) */
};

#define CORE_ERROR (core_error_quark())
GQuark core_error_quark(void);

/* The place where a plugin puts its reason. Zero it first. */
struct tgt_error {
    int code;       /* positive errno, 0: nothing was set */
    char text[400]; /* one sentence */
};

/* The service tgt_error_set(): returns -code. `err` may be NULL. */
int core_error_set(struct tgt_error *err, int code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Turn a plugin's failure into a GError: prefix, its text, or strerror(-result) where it gave none.
 * Always returns FALSE. */
gboolean core_error_take(GError **error, const struct tgt_error *err, int result,
                         const char *prefix);

#endif
