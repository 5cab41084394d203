/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a line is logged. */
#include "log-limit.h"

static struct log_kind *find(struct log_limit *limit, const char *format, gint64 now)
{
    struct log_kind *kind = &limit->kinds[((guintptr)format >> 3) % LOG_LIMIT_KINDS];
    if (kind->format != format)
        *kind = (struct log_kind){.format = format, .since = now};
    return kind;
}

enum log_verdict log_limit_judge(struct log_limit *limit, const char *format, gint64 now,
                                 unsigned *left_out)
{
    struct log_kind *kind = find(limit, format, now);
    *left_out = 0;
    if (now - kind->since >= LOG_LIMIT_TIME_S * G_USEC_PER_SEC) {
        *left_out = kind->left_out;
        *kind = (struct log_kind){.format = format, .since = now};
    }
    kind->lines++;
    if (kind->lines < LOG_LIMIT_LINES)
        return LOG_PASS;
    if (kind->lines == LOG_LIMIT_LINES)
        return LOG_PASS_LAST;
    kind->left_out++;
    return LOG_LEAVE_OUT;
}
