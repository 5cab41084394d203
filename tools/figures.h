/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has been done in a stretch of time, by logical unit, session, initiator or plugin. */
#ifndef TOOLS_FIGURES_H
#define TOOLS_FIGURES_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "histogram.h"

/* By what: X(NAME, word, title of the column). */
#define FIGURES_BY_LIST(X)                                                                         \
    X(LUN, "lun", "LUN")                                                                           \
    X(SESSION, "session", "SESSION")                                                               \
    X(INITIATOR, "initiator", "INITIATOR")                                                         \
    X(PLUGIN, "plugin", "PLUGIN")

enum figures_by {
#define X(name, word, title) FIGURES_##name,
    FIGURES_BY_LIST(X)
#undef X
        FIGURES_BYS
};

/* Counters as stats.show has them: X(member). */
#define FIGURES_COUNTER_LIST(X) X(reads) X(read_bytes) X(writes) X(write_bytes) X(errors)

/* One line. */
struct figure {
    char *name;
#define X(member) guint64 member;
    FIGURES_COUNTER_LIST(X)
#undef X
    bool timed;                       /* the daemon knows how long commands took */
    struct histogram_sum read, write; /* nanoseconds, if `timed` */
};

struct figures {
    gint64 from, to;    /* monotonic, in microseconds */
    GPtrArray *figures; /* struct figure, in the order in which they came */
    GHashTable *index;  /* name -> struct figure; both are its own */
};

/* False: it is none of the words. */
bool figures_by_word(const char *word, enum figures_by *by);
const char *figures_title(enum figures_by by);

/* From answers of stats.show and stats.histogram, of now. */
struct figures *figures_new(const json_t *stats, const json_t *histograms, enum figures_by by);
void figures_free(struct figures *f); /* NULL is fine */
/* What has come between `before` and `f`: a line that has become less, or was not there, counts
 * from zero. */
struct figures *figures_since(const struct figures *f, const struct figures *before);
struct figure *figures_find(const struct figures *f, const char *name); /* NULL: none */
double figures_seconds(const struct figures *f);
/* Commands under way, on average; negative: not known. */
double figure_depth(const struct figure *figure, double seconds);

/* {"seconds", "rows": [...]}, counters per second. */
json_t *figures_json(const struct figures *f);
/* The rows with their counters as they are. */
json_t *figures_totals_json(const struct figures *f);

/* An answer's histogram; NULL: none. Adds to `sum`. */
void spread_add(struct histogram_sum *sum, const json_t *histogram);
/* The value that so many of a thousand do not exceed; 0: there is none. */
guint64 spread_quantile(const struct histogram_sum *sum, unsigned permille);
/* "870ns", "12us", "1.5ms", "2.5s". Free with g_free(). */
char *format_ns(guint64 ns);

#endif
