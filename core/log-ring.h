/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flight recorder: the last lines of each level, so that many of one do not push out another.
 */
#ifndef CORE_LOG_RING_H
#define CORE_LOG_RING_H

#include <glib.h>
#include <tgt/host.h>

#define LOG_RING_LINES  200u /* of each level */
#define LOG_RING_LEVELS (TGT_LOG_DEBUG + 1)
#define LOG_TEXT_BYTES  400u /* longer ones are cut */

struct log_line {
    guint64 number; /* of all lines, from 1; 0: this place is empty */
    gint64 time;    /* g_get_real_time() */
    enum tgt_log_level level;
    char text[LOG_TEXT_BYTES];
};

/* Zeroed at first. */
struct log_ring {
    guint64 last; /* number of the newest line */
    unsigned next[LOG_RING_LEVELS];
    struct log_line lines[LOG_RING_LEVELS][LOG_RING_LINES];
};

void log_ring_add(struct log_ring *ring, enum tgt_log_level level, gint64 time, const char *text);
/* Copies of lines with numbers above `after`, up to `level`, in order: GPtrArray of struct log_line
 * that frees them. */
GPtrArray *log_ring_read(const struct log_ring *ring, guint64 after, enum tgt_log_level level);

#endif
