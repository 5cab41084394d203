/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands "tgtctl stats" share: which logical units, how often, by what. */
#ifndef TOOLS_STATS_H
#define TOOLS_STATS_H

#include "ctl.h"
#include "figures.h"

/* --interval and --count. */
struct pace {
    bool given;
    gulong interval_us; /* default: one second */
    unsigned count;     /* 0: without end */
};

/* "T", "T/N" or nothing, as parameters; NULL: stderr says what is wrong. */
json_t *stats_params(const struct ctl *ctl);
/* False: stderr says what is wrong. */
bool stats_by(const struct ctl *ctl, enum figures_by *by);
bool stats_pace(const struct ctl *ctl, struct pace *pace);

/* Figures of now; NULL: ctl->status says why. */
struct figures *stats_look(struct ctl *ctl, enum figures_by by);

/* ctl-histogram.c, ctl-top.c */
enum ctl_exit stats_histogram(struct ctl *ctl);
enum ctl_exit stats_top(struct ctl *ctl);

#endif
