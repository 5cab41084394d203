/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tgtctl stats top shows, and how it looks. */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "figures.h"

/* What lines are sorted by: X(NAME, word). */
#define TOP_SORT_LIST(X)                                                                           \
    X(IOPS, "iops")                                                                                \
    X(BYTES, "bytes")                                                                              \
    X(LATENCY, "latency")                                                                          \
    X(ERRORS, "errors")                                                                            \
    X(NAME, "name")

enum top_sort {
#define X(name, word) TOP_##name,
    TOP_SORT_LIST(X)
#undef X
        TOP_SORTS
};

struct top {
    enum figures_by by;
    enum top_sort sort;
    bool paused;
    json_t *system, *plugins; /* answers; may be NULL */
    struct figures *figures;  /* of the last interval */
    GHashTable *past;         /* name -> struct past (top-frame.c) */
};

const char *top_sort_word(enum top_sort sort);
/* False: it is none of the words. */
bool top_sort_find(const char *word, enum top_sort *sort);

void top_init(struct top *top);
void top_clear(struct top *top);
/* Take over the figures of one more interval. */
void top_take(struct top *top, struct figures *figures);
/* Other lines from now on. */
void top_forget(struct top *top);
/* A frame of at most so many lines, whose names are cut to leave room for figures; with a line of
 * help if `keys`. Free with g_free(). */
char *top_frame(struct top *top, gint lines, gint columns, bool keys);

#endif
