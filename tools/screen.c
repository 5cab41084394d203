/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal as a whole screen: taken over, given back whatever ends us, keys and signals. */
#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ENTER      "\033[?1049h\033[?25l"
#define LEAVE      "\033[?25h\033[?1049l"
#define TOP        "\033[H"
#define REST_LINE  "\033[K"
#define REST_BELOW "\033[J"

static void signals(sigset_t *set)
{
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};
    sigemptyset(set);
    for (unsigned i = 0; i < G_N_ELEMENTS(watched); i++)
        sigaddset(set, watched[i]);
}

static void put(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

static void enter(struct screen *s)
{
    struct termios raw = s->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    put(ENTER);
}

static void leave(struct screen *s)
{
    put(LEAVE);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
}

void screen_open(struct screen *s, bool whole)
{
    sigset_t set;
    signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    s->on = whole && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &s->before) == 0;
    if (s->on)
        enter(s);
}

void screen_close(struct screen *s, int signal)
{
    sigset_t set;
    if (s->on)
        leave(s);
    if (s->fd >= 0)
        close(s->fd);
    signals(&set);
    if (signal != 0 && signal != SIGINT)
        raise(signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Ctrl-Z: the shell gets the terminal as it was. */
static void stop(struct screen *s)
{
    if (s->on)
        leave(s);
    raise(SIGSTOP);
    if (s->on)
        enter(s);
}

static int take_signal(struct screen *s, int *signal)
{
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof info) != sizeof info)
        return SCREEN_RESIZE;
    *signal = (int)info.ssi_signo;
    if (*signal == SIGTSTP)
        stop(s);
    return *signal == SIGTSTP || *signal == SIGWINCH ? SCREEN_RESIZE : SCREEN_END;
}

/* Nobody types any more when the terminal is gone. */
static int take_key(int *signal)
{
    unsigned char key;
    if (read(STDIN_FILENO, &key, 1) == 1)
        return key ? key : SCREEN_RESIZE;
    *signal = SIGHUP;
    return SCREEN_END;
}

int screen_wait(struct screen *s, gint64 deadline, int *signal)
{
    struct pollfd fds[] = {{s->fd, POLLIN, 0}, {s->on ? STDIN_FILENO : -1, POLLIN, 0}};
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left, 0, G_MAXINT));
    if (ready <= 0)
        return ready == 0 ? SCREEN_TIME : SCREEN_RESIZE;
    return fds[0].revents ? take_signal(s, signal) : take_key(signal);
}

/* ---- Drawing ---- */

static struct winsize size_of(const struct screen *s)
{
    struct winsize size = {0};
    if (!s->on || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return (struct winsize){0};
    return size;
}

gint screen_lines(const struct screen *s)
{
    struct winsize size = size_of(s);
    return size.ws_row ? size.ws_row : G_MAXINT;
}

gint screen_columns(const struct screen *s)
{
    struct winsize size = size_of(s);
    return size.ws_col ? size.ws_col : G_MAXINT;
}

static void draw_line(const char *line, gint columns)
{
    g_autofree char *cut =
        g_utf8_strlen(line, -1) > columns ? g_utf8_substring(line, 0, columns) : NULL;
    fputs(cut ? cut : line, stdout);
    fputs(REST_LINE, stdout);
}

void screen_draw(const struct screen *s, const char *text)
{
    gint rows = screen_lines(s), columns = screen_columns(s);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (!s->on) {
        put(text);
        return;
    }
    fputs(TOP, stdout);
    for (gint i = 0; lines[i] && i < rows; i++) {
        fputs(i > 0 ? "\n" : "", stdout);
        draw_line(lines[i], columns);
    }
    put(REST_BELOW);
}
