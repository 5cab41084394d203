/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for eyes: columns as wide as what is in them; cut to the terminal's width, never in a
 * pipe. */
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2u

struct table {
    char **titles;
    guint columns;
    GPtrArray *cells; /* char *, row after row */
};

struct table *table_new(const char *titles)
{
    struct table *t = g_new0(struct table, 1);
    t->titles = g_strsplit(titles, " ", -1);
    t->columns = g_strv_length(t->titles);
    t->cells = g_ptr_array_new_with_free_func(g_free);
    return t;
}

/* Takes over `text`. It may come from initiators: nothing that steers a terminal gets through. */
static void add(struct table *t, char *text)
{
    for (char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    g_ptr_array_add(t->cells, text);
}

void table_cell(struct table *t, const char *text)
{
    add(t, g_strdup(text && *text ? text : "-"));
}

void table_cellf(struct table *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(t, g_strdup_vprintf(format, args));
    va_end(args);
}

static bool is_right(const struct table *t, guint column)
{
    return t->titles[column][0] == '>';
}

static const char *title(const struct table *t, guint column)
{
    return t->titles[column] + is_right(t, column);
}

static glong width_of(const struct table *t, guint column)
{
    glong width = g_utf8_strlen(title(t, column), -1);
    for (guint i = column; i < t->cells->len; i += t->columns)
        width = MAX(width, g_utf8_strlen(t->cells->pdata[i], -1));
    return width;
}

static glong terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return G_MAXLONG;
    return size.ws_col;
}

static void pad(glong n)
{
    printf("%*s", (int)MAX(n, 0), "");
}

/* The last column has no blanks behind it, and ends with the terminal. */
static void print_last(const char *text, glong room)
{
    if (g_utf8_strlen(text, -1) <= room || room < 2) {
        printf("%s\n", text);
        return;
    }
    g_autofree char *cut = g_utf8_substring(text, 0, room - 1);
    printf("%s…\n", cut);
}

static void print_row(const struct table *t, const glong *widths, char **row, glong room)
{
    for (guint c = 0; c + 1 < t->columns; c++) {
        glong blanks = widths[c] - g_utf8_strlen(row[c], -1);
        pad(is_right(t, c) ? blanks : 0);
        fputs(row[c], stdout);
        pad((is_right(t, c) ? 0 : blanks) + GAP);
        room -= widths[c] + GAP;
    }
    guint last = t->columns - 1;
    if (is_right(t, last))
        pad(widths[last] - g_utf8_strlen(row[last], -1));
    print_last(row[last], room);
}

static void print_titles(const struct table *t, const glong *widths, glong room)
{
    const char *no_color = getenv("NO_COLOR");
    bool bold = isatty(STDOUT_FILENO) && !(no_color && *no_color);
    g_autofree char **row = g_new0(char *, t->columns);
    for (guint c = 0; c < t->columns; c++)
        row[c] = (char *)title(t, c);
    fputs(bold ? "\033[1m" : "", stdout);
    print_row(t, widths, row, room);
    fputs(bold ? "\033[0m" : "", stdout);
}

static void table_free(struct table *t)
{
    g_strfreev(t->titles);
    g_ptr_array_unref(t->cells);
    g_free(t);
}

void table_print(struct table *t)
{
    glong room = terminal_width();
    g_autofree glong *widths = g_new0(glong, t->columns);
    for (guint c = 0; c < t->columns; c++)
        widths[c] = width_of(t, c);
    print_titles(t, widths, room);
    for (guint i = 0; i + t->columns <= t->cells->len; i += t->columns)
        print_row(t, widths, (char **)t->cells->pdata + i, room);
    table_free(t);
}

void table_print_plain(struct table *t)
{
    for (guint i = 0; i < t->cells->len; i++)
        printf("%s%c", (char *)t->cells->pdata[i], (i + 1) % t->columns ? '\t' : '\n');
    table_free(t);
}

char *format_size(guint64 bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = bytes / 1024.0;
    unsigned unit = 0;
    if (bytes < 1024)
        return g_strdup_printf("%" G_GUINT64_FORMAT " B", bytes);
    for (; value >= 1023.95 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    return g_strdup_printf("%.1f %s", value, units[unit]);
}

char *format_duration(guint64 s)
{
    if (s < 60)
        return g_strdup_printf("%us", (unsigned)s);
    if (s < 3600)
        return g_strdup_printf("%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    if (s < 86400)
        return g_strdup_printf("%uh%02um", (unsigned)(s / 3600), (unsigned)(s % 3600 / 60));
    return g_strdup_printf("%ud%02uh", (unsigned)(s / 86400), (unsigned)(s % 86400 / 3600));
}
