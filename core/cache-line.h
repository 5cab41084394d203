/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that one I/O thread writes with each command has its cache lines for itself: a line that
 * two threads write goes to and fro between their CPUs. */
#ifndef CORE_CACHE_LINE_H
#define CORE_CACHE_LINE_H

#include <glib.h>

#define CACHE_LINE 64u

/* `size` bytes, zeroed, for g_aligned_free(): they share no line with anything else. */
static inline void *cache_line_alloc0(gsize size)
{
    return g_aligned_alloc0(1, (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE, CACHE_LINE);
}

#endif
