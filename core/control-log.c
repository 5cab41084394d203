/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods log.*: what is logged, what has been recorded, and lines as they come. */
#include "control-method.h"

#include "control-log.h"
#include "daemon.h"
#include "log.h"

static json_t *describe(const struct log_line *line)
{
    json_t *o = json_pack("{s:I, s:I, s:s}", "number", (json_int_t)line->number, "time_us",
                          (json_int_t)line->time, "level", log_level_name(line->level));
    control_put(o, "text", line->text);
    return o;
}

/* The parameter "level"; false: the call has been refused. */
static bool take_level(struct control_call *call, const json_t *params,
                       enum tgt_log_level otherwise, enum tgt_log_level *level)
{
    const char *name = control_text(params, "level");
    *level = otherwise;
    if (!name || log_level_parse(name, level))
        return true;
    control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                                   "'%s' is no level: there are error, warning, notice, info and "
                                   "debug",
                                   name));
    return false;
}

static void log_level_(struct control_call *call, const json_t *params)
{
    enum tgt_log_level level;
    if (!take_level(call, params, log_get_level(), &level))
        return;
    if (level != log_get_level())
        log_set_level(level);
    control_reply(call, json_pack("{s:s}", "level", log_level_name(level)));
}

static void log_dump_(struct control_call *call, const json_t *params)
{
    enum tgt_log_level level;
    json_t *list = json_array();
    if (!take_level(call, params, TGT_LOG_DEBUG, &level)) {
        json_decref(list);
        return;
    }
    g_autoptr(GPtrArray) lines = log_recent(0, level);
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(list, describe(lines->pdata[i]));
    control_reply(call, list);
}

/* ---- Followers ---- */

struct follower {
    struct control_call *call;
    enum tgt_log_level level;
    guint64 seen; /* number of the last line that was told */
};

static GPtrArray *followers(void)
{
    return daemon_get()->followers;
}

static bool follows(struct follower *f)
{
    return followers() && g_ptr_array_find(followers(), f, NULL);
}

static void remove_follower(struct follower *f)
{
    g_ptr_array_remove_fast(followers(), f);
    if (followers()->len == 0)
        log_on_line(NULL);
    g_free(f);
}

static void end(struct follower *f, const char *why)
{
    struct control_call *call = f->call;
    remove_follower(f);
    control_fail(call, g_error_new(CORE_ERROR, CORE_ERROR_BUSY, "%s", why));
}

static void gone(void *data)
{
    struct follower *f = data;
    struct control_call *call = f->call;
    remove_follower(f);
    control_reply(call, NULL);
}

/* A follower may be gone after each line. */
static void tell(struct follower *f)
{
    g_autoptr(GPtrArray) lines = log_recent(f->seen, f->level);
    for (guint i = 0; i < lines->len; i++) {
        const struct log_line *line = lines->pdata[i];
        bool taken = control_notify(f->call, "log.line", describe(line));
        if (!follows(f))
            return;
        if (!taken) {
            end(f, "this follower takes lines more slowly than they come: it is not told more");
            return;
        }
        f->seen = line->number;
    }
}

static gboolean tell_all(gpointer data)
{
    struct daemon *d = daemon_get();
    if (!d)
        return G_SOURCE_REMOVE;
    g_atomic_int_set(&d->lines_wait, 0);
    g_autoptr(GPtrArray) all =
        d->followers ? g_ptr_array_copy(d->followers, NULL, NULL) : g_ptr_array_new();
    for (guint i = 0; i < all->len; i++)
        if (follows(all->pdata[i]))
            tell(all->pdata[i]);
    return G_SOURCE_REMOVE;
}

/* On any thread. */
static void wake(void)
{
    struct daemon *d = daemon_get();
    if (d && g_atomic_int_compare_and_exchange(&d->lines_wait, 0, 1))
        g_idle_add(tell_all, NULL);
}

static void log_follow_(struct control_call *call, const json_t *params)
{
    enum tgt_log_level level;
    if (!take_level(call, params, log_get_level(), &level))
        return;
    struct daemon *d = daemon_get();
    struct follower *f = g_new(struct follower, 1);
    *f = (struct follower){call, level, control_bool(params, "recorded") ? 0 : log_last()};
    if (!d->followers)
        d->followers = g_ptr_array_new();
    g_ptr_array_add(d->followers, f);
    control_on_gone(call, gone, f);
    log_on_line(wake);
    wake();
}

void control_log_end(void)
{
    struct daemon *d = daemon_get();
    log_on_line(NULL);
    while (d->followers && d->followers->len > 0)
        end(d->followers->pdata[0], "the daemon ends");
    g_clear_pointer(&d->followers, g_ptr_array_unref);
}

#define LEVEL(what) "level", CONTROL_STRING, false, what

const struct control_method control_log_methods[] = {
    {"log.level",
     "Say what is logged, or change it until the daemon ends",
     false,
     log_level_,
     {{LEVEL("error, warning, notice, info or debug")}}},
    {"log.dump",
     "List the last lines of each level, also of info where that is not logged",
     true,
     log_dump_,
     {{LEVEL("leave out what is of less interest")}}},
    {"log.follow",
     "Be told each line by a notification log.line, until the connection or the daemon ends",
     true,
     log_follow_,
     {{LEVEL("up to this level; if missing, what is logged")},
      {"recorded", CONTROL_BOOL, false, "begin with the lines that log.dump would list"}}},
    {0},
};
