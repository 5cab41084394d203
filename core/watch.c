/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that the main loop watches for input: listening sockets. */
#include <glib-unix.h>

#include "thread.h"

struct tgt_watch {
    GSource *source;
    void (*fn)(int fd, void *data);
    void *data;
};

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    struct tgt_watch *w = data;
    w->fn(fd, w->data);
    return G_SOURCE_CONTINUE;
}

struct tgt_watch *watch_add(int fd, void (*fn)(int fd, void *data), void *data)
{
    struct tgt_watch *w = g_new(struct tgt_watch, 1);
    *w = (struct tgt_watch){g_unix_fd_source_new(fd, G_IO_IN | G_IO_ERR | G_IO_HUP), fn, data};
    g_source_set_callback(w->source, (GSourceFunc)(void (*)(void))on_input, w, g_free);
    g_source_attach(w->source, NULL);
    return w;
}

/* `fn` may be the caller: the source keeps `watch` until its dispatch has ended. */
void watch_remove(struct tgt_watch *watch)
{
    if (!watch)
        return;
    GSource *source = watch->source;
    g_source_destroy(source);
    g_source_unref(source);
}
