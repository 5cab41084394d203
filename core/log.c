/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's log: every line is written at once, to stderr or to syslog. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

/* In the order of enum tgt_log_level. */
static const struct {
    int priority; /* of syslog(3), and of the prefix that sd-daemon(3) describes */
    const char *word;
} levels[] = {
    {LOG_ERR, "error"}, {LOG_WARNING, "warning"}, {LOG_NOTICE, "notice"},
    {LOG_INFO, "info"}, {LOG_DEBUG, "debug"},
};

static gint current = TGT_LOG_NOTICE; /* atomic */
static gint to_syslog;                /* atomic */

void log_set_level(enum tgt_log_level level)
{
    g_atomic_int_set(&current, (gint)level);
}

enum tgt_log_level log_get_level(void)
{
    return (enum tgt_log_level)__atomic_load_n(&current, __ATOMIC_RELAXED);
}

const char *log_level_name(enum tgt_log_level level)
{
    return levels[level].word;
}

bool log_level_parse(const char *name, enum tgt_log_level *level)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
        if (strcmp(levels[i].word, name) == 0) {
            *level = (enum tgt_log_level)i;
            return true;
        }
    return false;
}

void log_use_syslog(const char *ident)
{
    openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    g_atomic_int_set(&to_syslog, 1);
}

/* Texts of peers are logged: they make neither lines nor terminal sequences of their own. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

/* journald says by JOURNAL_STREAM that it reads stderr: it takes the level from the prefix. */
static void write_line(enum tgt_log_level level, char *text)
{
    char head[32];
    if (g_getenv("JOURNAL_STREAM"))
        snprintf(head, sizeof(head), "<%d>", levels[level].priority);
    else
        snprintf(head, sizeof(head), "tgtd: %s: ", levels[level].word);
    struct iovec iov[] = {{head, strlen(head)}, {text, strlen(text)}, {(char[]){'\n'}, 1}};
    if (writev(STDERR_FILENO, iov, G_N_ELEMENTS(iov)) < 0)
        return; /* nowhere to say it */
}

void log_msg(enum tgt_log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    if (level > log_get_level() || (unsigned)level >= G_N_ELEMENTS(levels))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    make_plain(text);
    if (g_atomic_int_get(&to_syslog))
        syslog(levels[level].priority, "%s", text);
    else
        write_line(level, text);
}
