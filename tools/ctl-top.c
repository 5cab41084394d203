/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl stats top: what is being done, again and again, on a screen or one frame after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"
#include "stats.h"
#include "top.h"

struct session {
    struct ctl *ctl;
    struct top top;
    struct screen screen;
    struct figures *last; /* the last look */
    unsigned looks;       /* that were shown */
};

static bool get_sort(const struct ctl *ctl, enum top_sort *sort)
{
    const char *word = args_value(&ctl->args, "sort");
    *sort = TOP_IOPS;
    if (!word || top_sort_find(word, sort))
        return true;
    ctl_wrong("--sort is name, iops, bytes, latency or errors, not '%s'", word);
    return false;
}

/* ---- Looking ---- */

/* False: the daemon does not answer. */
static bool look(struct session *s)
{
    struct figures *now = stats_look(s->ctl, s->top.by);
    if (!now)
        return false;
    if (s->last)
        top_take(&s->top, figures_since(now, s->last));
    figures_free(s->last);
    s->last = now;
    return true;
}

static bool ask_for_head(struct session *s)
{
    json_decref(s->top.system);
    json_decref(s->top.plugins);
    s->top.plugins = NULL;
    s->top.system = ctl_call(s->ctl, "system.show", NULL);
    if (s->top.system)
        s->top.plugins = ctl_call(s->ctl, "plugin.list", NULL);
    return s->top.plugins;
}

static void draw(struct session *s)
{
    g_autofree char *frame =
        top_frame(&s->top, screen_lines(&s->screen), screen_columns(&s->screen), s->screen.on);
    if (!s->screen.on && s->looks > 1)
        putchar('\n');
    screen_draw(&s->screen, frame);
}

static bool look_and_draw(struct session *s)
{
    if (!look(s))
        return false;
    s->looks++;
    if (s->ctl->json && ctl_json(s->ctl, figures_json(s->top.figures))) {
        fflush(stdout);
        return true;
    }
    if (!ask_for_head(s))
        return false;
    draw(s);
    return true;
}

/* ---- Keys ---- */

static bool other_lines(struct session *s)
{
    s->top.by = (s->top.by + 1) % FIGURES_BYS;
    top_forget(&s->top);
    figures_free(s->last);
    s->last = NULL;
    return look(s);
}

/* False: the end, or the daemon does not answer. */
static bool on_key(struct session *s, int key)
{
    if (key == 's')
        s->top.sort = (s->top.sort + 1) % TOP_SORTS;
    if (key == ' ')
        s->top.paused = !s->top.paused;
    if (key == 'b' && !other_lines(s))
        return false;
    draw(s);
    return key != 'q';
}

/* ---- The loop ---- */

/* Until the next look is due. False: the end. */
static bool wait_for_turn(struct session *s, gint64 deadline, int *signal)
{
    int event;
    while ((event = screen_wait(&s->screen, deadline, signal)) != SCREEN_TIME) {
        if (event == SCREEN_END)
            return false;
        if (event == SCREEN_RESIZE && s->screen.on)
            draw(s);
        if (event > 0 && !on_key(s, event))
            return false;
    }
    return true;
}

static int run(struct session *s, const struct pace *pace)
{
    int signal = 0;
    bool more = true;
    while (more) {
        gint64 deadline = g_get_monotonic_time() + (gint64)pace->interval_us;
        if (!wait_for_turn(s, deadline, &signal))
            break;
        more = (s->top.paused || look_and_draw(s)) && (!pace->count || s->looks < pace->count);
    }
    return signal;
}

static void session_close(struct session *s)
{
    top_clear(&s->top);
    figures_free(s->last);
}

enum ctl_exit stats_top(struct ctl *ctl)
{
    struct session s = {.ctl = ctl};
    struct pace pace;
    json_t *params = stats_params(ctl);
    json_decref(params);
    if (!params || !stats_by(ctl, &s.top.by) || !get_sort(ctl, &s.top.sort) ||
        !stats_pace(ctl, &pace))
        return CTL_USAGE;
    bool once = args_has(&ctl->args, "once");
    pace.count = once ? 1 : pace.count;
    top_init(&s.top);
    if (look(&s) && ask_for_head(&s)) {
        screen_open(&s.screen, !once && !ctl->json);
        if (s.screen.on)
            draw(&s);
        screen_close(&s.screen, run(&s, &pace));
        if (s.screen.on && ctl->status != CTL_OK) /* what it said has gone with the screen */
            fputs("tgtctl: the daemon does not answer any more\n", stderr);
    }
    session_close(&s);
    return ctl->status;
}
