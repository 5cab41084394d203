/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands "tgtctl stats" share: which logical units, how often, by what. */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_MIN_S 0.1
#define INTERVAL_MAX_S 86400.0

json_t *stats_params(const struct ctl *ctl)
{
    const char *word = ctl_word(ctl, 0);
    return word && strchr(word, '/') ? ctl_lun_params(ctl) : ctl_target_params(ctl);
}

bool stats_by(const struct ctl *ctl, enum figures_by *by)
{
    const char *word = args_value(&ctl->args, "by");
    *by = FIGURES_LUN;
    if (!word || figures_by_word(word, by))
        return true;
    ctl_wrong("--by is lun, session, initiator or plugin, not '%s'", word);
    return false;
}

static bool read_interval(const char *text, gulong *us)
{
    char *end;
    double seconds = g_ascii_strtod(text, &end);
    if (end == text || *end || !(seconds >= INTERVAL_MIN_S && seconds <= INTERVAL_MAX_S)) {
        ctl_wrong("--interval: '%s' is no number of seconds from 0.1 to 86400", text);
        return false;
    }
    *us = (gulong)(seconds * G_USEC_PER_SEC);
    return true;
}

bool stats_pace(const struct ctl *ctl, struct pace *pace)
{
    const char *interval = args_value(&ctl->args, "interval"),
               *count = args_value(&ctl->args, "count");
    guint64 n = 0;
    *pace = (struct pace){interval || count, G_USEC_PER_SEC, 0};
    if (interval && !read_interval(interval, &pace->interval_us))
        return false;
    if (count && !g_ascii_string_to_unsigned(count, 10, 1, G_MAXUINT32, &n, NULL)) {
        ctl_wrong("--count: '%s' is not a number of times", count);
        return false;
    }
    pace->count = (unsigned)n;
    return true;
}

struct figures *stats_look(struct ctl *ctl, enum figures_by by)
{
    json_t *params = stats_params(ctl), *histograms = NULL;
    struct figures *f = NULL;
    json_t *stats = ctl_call(ctl, "stats.show", json_incref(params));
    json_object_set_new(params, "stage", json_string("total"));
    if (stats)
        histograms = ctl_call(ctl, "stats.histogram", json_incref(params));
    if (histograms)
        f = figures_new(stats, histograms, by);
    json_decref(params);
    json_decref(stats);
    json_decref(histograms);
    return f;
}
