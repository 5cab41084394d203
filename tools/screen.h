/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal as a whole screen: taken over, given back whatever ends us, keys and signals. */
#ifndef TOOLS_SCREEN_H
#define TOOLS_SCREEN_H

#include <glib.h>
#include <stdbool.h>
#include <termios.h>

struct screen {
    bool on; /* standard input and output are a terminal: it is ours */
    int fd;  /* signals come here */
    struct termios before;
};

/* What screen_wait() ends with, beside a key. */
#define SCREEN_TIME   0  /* time is up */
#define SCREEN_RESIZE -1 /* draw again */
#define SCREEN_END    -2 /* Ctrl-C, or another signal that ends us */

/* Take the terminal over, if `whole` and there is one. In any case signals are waited for from now
 * on instead of ending the program. */
void screen_open(struct screen *screen, bool whole);
/* Give it back; after a signal other than Ctrl-C this ends the program as the signal would have. */
void screen_close(struct screen *screen, int signal);
/* Wait for a key or a signal, at most until `deadline` (g_get_monotonic_time()). Returns the key or
 * one of the above; with SCREEN_END, *signal is its number. */
int screen_wait(struct screen *screen, gint64 deadline, int *signal);
/* Print a frame: from the top if the screen is ours, each line cut to its width. */
void screen_draw(const struct screen *screen, const char *text);
/* Lines and columns of the screen; G_MAXINT where it is not ours. */
gint screen_lines(const struct screen *screen);
gint screen_columns(const struct screen *screen);

#endif
