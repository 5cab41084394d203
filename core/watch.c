/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that the main loop watches for input: listening sockets. */
#include <glib-unix.h>

#include "daemon.h"
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

static struct tgt_watch *watch_new(int fd, void (*fn)(int fd, void *data), void *data)
{
    struct tgt_watch *w = g_new(struct tgt_watch, 1);
    *w = (struct tgt_watch){g_unix_fd_source_new(fd, G_IO_IN | G_IO_ERR | G_IO_HUP), fn, data};
    g_source_set_callback(w->source, (GSourceFunc)(void (*)(void))on_input, w, g_free);
    return w;
}

struct tgt_watch *watch_add(int fd, void (*fn)(int fd, void *data), void *data)
{
    struct tgt_watch *w = watch_new(fd, fn, data);
    g_source_attach(w->source, NULL);
    return w;
}

/* ---- Of transports ---- */

struct tgt_watch *watch_add_callers(int fd, void (*fn)(int fd, void *data), void *data)
{
    struct daemon *d = daemon_get();
    struct tgt_watch *w = watch_new(fd, fn, data);
    if (d && d->held_watches)
        g_ptr_array_add(d->held_watches, w->source);
    else
        g_source_attach(w->source, NULL);
    return w;
}

void watches_hold(void)
{
    daemon_get()->held_watches = g_ptr_array_new();
}

void watches_release(void)
{
    GPtrArray *held = g_steal_pointer(&daemon_get()->held_watches);
    for (guint i = 0; held && i < held->len; i++)
        g_source_attach(held->pdata[i], NULL);
    if (held)
        g_ptr_array_unref(held);
}

static void forget_held(GSource *source)
{
    struct daemon *d = daemon_get();
    if (d && d->held_watches)
        g_ptr_array_remove_fast(d->held_watches, source);
}

/* `fn` may be the caller: the source keeps `watch` until its dispatch has ended. */
void watch_remove(struct tgt_watch *watch)
{
    if (!watch)
        return;
    GSource *source = watch->source;
    forget_held(source);
    g_source_destroy(source);
    g_source_unref(source);
}
