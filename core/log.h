/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's log: one line per event to stderr (with a level prefix that journald understands) or
 * to syslog. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/host.h>

#include "log-ring.h"

/* Any thread. Lines above the current level, and above info, cost one comparison; lines up to info
 * are recorded in any case. Too many of a kind are left out, unless somebody debugs. `fmt` is a
 * literal. */
void log_msg(enum tgt_log_level level, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void log_set_level(enum tgt_log_level level);
enum tgt_log_level log_get_level(void);
/* "error", "warning", … */
const char *log_level_name(enum tgt_log_level level);
bool log_level_parse(const char *name, enum tgt_log_level *level);
/* What is recorded: lines with numbers above `after`, up to `level`, as log_ring_read() gives them.
 * Any thread. */
GPtrArray *log_recent(guint64 after, enum tgt_log_level level);
/* The number of the newest line. */
guint64 log_last(void);
/* Have `fn` called for each line that is recorded, on the thread that logs it; NULL: no more. */
void log_on_line(void (*fn)(void));
/* From now on to syslog, under the name `ident` (kept by reference). */
void log_use_syslog(const char *ident);

#define log_error(...)   log_msg(TGT_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_msg(TGT_LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_msg(TGT_LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_msg(TGT_LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_msg(TGT_LOG_DEBUG, __VA_ARGS__)

#endif
