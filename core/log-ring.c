/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flight recorder. */
#include "log-ring.h"

void log_ring_add(struct log_ring *ring, enum tgt_log_level level, gint64 time, const char *text)
{
    struct log_line *line = &ring->lines[level][ring->next[level]];
    ring->next[level] = (ring->next[level] + 1) % LOG_RING_LINES;
    line->number = ++ring->last;
    line->time = time;
    line->level = level;
    g_strlcpy(line->text, text, sizeof(line->text));
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct log_line *x = *(const struct log_line *const *)a,
                          *y = *(const struct log_line *const *)b;
    return x->number < y->number ? -1 : x->number > y->number;
}

GPtrArray *log_ring_read(const struct log_ring *ring, guint64 after, enum tgt_log_level level)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    for (unsigned l = 0; l <= (unsigned)level && l < LOG_RING_LEVELS; l++)
        for (unsigned i = 0; i < LOG_RING_LINES; i++)
            if (ring->lines[l][i].number > after)
                g_ptr_array_add(found, g_memdup2(&ring->lines[l][i], sizeof(struct log_line)));
    g_ptr_array_sort(found, compare);
    return found;
}
