/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the control path, and of plugins turned into them. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

G_DEFINE_QUARK(tgt - core - error, core_error)

int core_error_set(struct tgt_error *err, int code, const char *fmt, ...)
{
    va_list args;
    if (err) {
        err->code = code;
        va_start(args, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, args);
        va_end(args);
    }
    return -code;
}

static enum core_error kind_of(int code)
{
    switch (code) {
    case ENOENT:
        return CORE_ERROR_NOT_FOUND;
    case EEXIST:
        return CORE_ERROR_EXISTS;
    case EBUSY:
        return CORE_ERROR_BUSY;
    case EINVAL:
        return CORE_ERROR_INVALID;
    default:
        return CORE_ERROR_FAILED;
    }
}

gboolean core_error_take(GError **error, const struct tgt_error *err, int result,
                         const char *prefix)
{
    const char *reason = err->code ? err->text : g_strerror(-result);
    g_autofree char *text = g_utf8_make_valid(reason, -1);
    g_set_error(error, CORE_ERROR, kind_of(err->code ? err->code : -result), "%s%s%s",
                prefix ? prefix : "", prefix ? ": " : "", text);
    return FALSE;
}
