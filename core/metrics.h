/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Families of figures for Prometheus: what writes them, and lines. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include <glib.h>
#include <stdint.h>

struct core_lu;

/* One family while it is written. `what`: which of several figures, see the families. */
struct metric {
    const char *name, *type, *help;
    void (*write)(GString *text, const struct metric *metric);
    size_t what;
};

/* A line: its beginning, labels, its end. */
void metrics_begin(GString *text, const struct metric *metric, const char *suffix);
void metrics_label(GString *text, const char *name, const char *value); /* NULL: an empty value */
void metrics_number(GString *text, const char *name, uint64_t value);
void metrics_lun(GString *text, const struct core_lu *lu); /* target and lun */
void metrics_end(GString *text, uint64_t value);

/* metrics-latency.c */
void metrics_write_latency(GString *text, const struct metric *metric);

#endif
