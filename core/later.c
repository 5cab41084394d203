/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls a completion in the next turn of the main loop. */
#include "later.h"

#include "daemon.h"

struct later {
    void (*done)(GError *error, void *data);
    GError *error;
    void *data;
};

static gboolean now(gpointer data)
{
    struct later *l = data;
    l->done(l->error, l->data);
    daemon_work_end();
    return G_SOURCE_REMOVE;
}

void later(void (*done)(GError *error, void *data), GError *error, void *data)
{
    struct later *l = g_new(struct later, 1);
    *l = (struct later){done, error, data};
    daemon_work_begin();
    g_idle_add_full(G_PRIORITY_DEFAULT, now, l, g_free);
}
