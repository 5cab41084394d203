/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for eyes: columns as wide as what is in them; cut to the terminal's width, never in a
 * pipe. */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <glib.h>

struct table;

/* Column titles separated by blanks; one that begins with '>' is flush right. */
struct table *table_new(const char *titles);
/* Add the next cell of the row; NULL is shown as "-". Rows fill up one after the other. */
void table_cell(struct table *table, const char *text);
void table_cellf(struct table *table, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Print it to stdout and free it. Without rows only the titles are printed. */
void table_print(struct table *table);
/* The same without titles, cells separated by tabs. */
void table_print_plain(struct table *table);

/* "64.0 MiB", "512 B". Free with g_free(). */
char *format_size(guint64 bytes);
/* "5s", "3m12s", "4h02m", "3d02h". Free with g_free(). */
char *format_duration(guint64 seconds);

#endif
