/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's log: every line is written at once, to stderr or to syslog. */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include "log-limit.h"

#define LINE_MAX_BYTES 2048

/* In the order of enum tgt_log_level. */
static const struct {
    int priority; /* of syslog(3), and of the prefix that sd-daemon(3) describes */
    const char *word;
} levels[] = {
    {LOG_ERR, "error"}, {LOG_WARNING, "warning"}, {LOG_NOTICE, "notice"},
    {LOG_INFO, "info"}, {LOG_DEBUG, "debug"},
};

static gint current = TGT_LOG_NOTICE; /* atomic: what is written */
static gint wanted = TGT_LOG_INFO;    /* atomic: what is looked at: written or recorded */
static gint to_syslog;                /* atomic */
static void (*on_line)(void);         /* atomic */

/* A plain mutex: ThreadSanitizer does not know those of GLib. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_ring ring;   /* under the lock */
static struct log_limit limit; /* under the lock */

void log_set_level(enum tgt_log_level level)
{
    g_atomic_int_set(&current, (gint)level);
    g_atomic_int_set(&wanted, MAX((gint)level, TGT_LOG_INFO));
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

GPtrArray *log_recent(guint64 after, enum tgt_log_level level)
{
    pthread_mutex_lock(&lock);
    GPtrArray *lines = log_ring_read(&ring, after, level);
    pthread_mutex_unlock(&lock);
    return lines;
}

guint64 log_last(void)
{
    pthread_mutex_lock(&lock);
    guint64 last = ring.last;
    pthread_mutex_unlock(&lock);
    return last;
}

void log_on_line(void (*fn)(void))
{
    __atomic_store_n(&on_line, fn, __ATOMIC_RELEASE);
}

void log_use_syslog(const char *ident)
{
    openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    g_atomic_int_set(&to_syslog, 1);
}

/* U+0080 to U+009F: terminals take U+009B for the beginning of a sequence. */
static bool is_c1(const char *text)
{
    return (unsigned char)text[0] == 0xc2 && ((unsigned char)text[1] & 0xe0) == 0x80;
}

/* Texts of peers are logged: they make neither lines nor terminal sequences of their own. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
        else if (is_c1(text))
            text[0] = text[1] = '?';
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

static void record(enum tgt_log_level level, const char *text)
{
    void (*fn)(void) = __atomic_load_n(&on_line, __ATOMIC_ACQUIRE);
    pthread_mutex_lock(&lock);
    log_ring_add(&ring, level, g_get_real_time(), text);
    pthread_mutex_unlock(&lock);
    if (fn)
        fn();
}

static void put(enum tgt_log_level level, char *text)
{
    make_plain(text);
    record(level, text);
    if (level > log_get_level())
        return;
    if (g_atomic_int_get(&to_syslog))
        syslog(levels[level].priority, "%s", text);
    else
        write_line(level, text);
}

static enum log_verdict judge(const char *fmt, unsigned *left_out)
{
    *left_out = 0;
    if (log_get_level() >= TGT_LOG_DEBUG)
        return LOG_PASS;
    pthread_mutex_lock(&lock);
    enum log_verdict verdict = log_limit_judge(&limit, fmt, g_get_monotonic_time(), left_out);
    pthread_mutex_unlock(&lock);
    return verdict;
}

static void put_left_out(enum tgt_log_level level, unsigned count)
{
    char text[80];
    snprintf(text, sizeof(text), "%u lines like the next one have been left out", count);
    put(level, text);
}

void log_msg(enum tgt_log_level level, const char *fmt, ...)
{
    static const char last[] = " (more like this is left out for a while)";
    char text[LINE_MAX_BYTES + sizeof(last)];
    va_list args;
    unsigned left_out;
    if ((gint)level > __atomic_load_n(&wanted, __ATOMIC_RELAXED) ||
        (unsigned)level >= G_N_ELEMENTS(levels))
        return;
    enum log_verdict verdict = judge(fmt, &left_out);
    if (verdict == LOG_LEAVE_OUT)
        return;
    if (left_out > 0)
        put_left_out(level, left_out);
    va_start(args, fmt);
    vsnprintf(text, LINE_MAX_BYTES, fmt, args);
    va_end(args);
    if (verdict == LOG_PASS_LAST)
        strcat(text, last);
    put(level, text);
}
