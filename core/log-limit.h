/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a line is logged: what peers can cause must not fill a disk. */
#ifndef CORE_LOG_LIMIT_H
#define CORE_LOG_LIMIT_H

#include <glib.h>

/* So many lines of a kind in so much time. A kind is a format: its address tells it from others. */
#define LOG_LIMIT_LINES  100u
#define LOG_LIMIT_TIME_S 10u
#define LOG_LIMIT_KINDS  256u

struct log_kind {
    const char *format;
    gint64 since; /* us: when its time began */
    unsigned lines, left_out;
};

/* Zeroed at first. Two kinds that meet in one place push each other out, and are not limited then.
 */
struct log_limit {
    struct log_kind kinds[LOG_LIMIT_KINDS];
};

enum log_verdict {
    LOG_PASS,
    LOG_PASS_LAST, /* but say that this is the last one for a while */
    LOG_LEAVE_OUT,
};

/* Another line of this kind, at `now` (us). `left_out`: how many were before this one, as it is the
 * first that passes again. */
enum log_verdict log_limit_judge(struct log_limit *limit, const char *format, gint64 now,
                                 unsigned *left_out);

#endif
