/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transports on the I/O threads: attached to all of them at the first portal, until the end. */
#include "portal-attach.h"

#include "daemon.h"
#include "error.h"
#include "plugin.h"
#include "portal.h"
#include "thread.h"

struct attach {
    struct plugin *transport;
    bool *attached; /* by thread index */
    int result;
};

static void *slot_get(struct tgt_thread *thread, unsigned serial)
{
    GPtrArray *data = thread->transport_data;
    return data != NULL && serial < data->len ? g_ptr_array_index(data, serial) : NULL;
}

static void slot_set(struct tgt_thread *thread, unsigned serial, void *value)
{
    if (thread->transport_data == NULL)
        thread->transport_data = g_ptr_array_new();
    if (serial >= thread->transport_data->len)
        g_ptr_array_set_size(thread->transport_data, (gint)serial + 1);
    g_ptr_array_index(thread->transport_data, serial) = value;
}

static void attach_thread(struct tgt_thread *thread, void *data)
{
    struct attach *a = data;
    void *value = NULL;
    const struct tgt_transport_ops *ops = &a->transport->transport;
    int result = ops->thread_attach ? ops->thread_attach(thread, &value) : 0;
    a->attached[thread->index] = result >= 0;
    if (result < 0)
        a->result = result;
    else
        slot_set(thread, a->transport->serial, value);
}

static void detach_from(struct tgt_thread *thread, struct plugin *transport)
{
    if (transport->transport.thread_detach != NULL)
        transport->transport.thread_detach(thread, slot_get(thread, transport->serial));
    slot_set(thread, transport->serial, NULL);
}

static void detach_thread(struct tgt_thread *thread, void *data)
{
    detach_from(thread, data);
}

/* One thread could not: the others get rid of it again. */
static void undo_attach(struct tgt_thread *thread, void *data)
{
    const struct attach *a = data;
    if (a->attached[thread->index])
        detach_from(thread, a->transport);
}

static void drop_slots(struct tgt_thread *thread, void *data)
{
    g_clear_pointer(&thread->transport_data, g_ptr_array_unref);
}

void *thread_data(struct tgt_thread *thread, const struct tgt_plugin *self)
{
    return slot_get(thread, plugin_of(self)->serial);
}

static bool attach_all(struct plugin *transport, GError **error)
{
    struct tgt_error none = {0};
    struct threads *threads = daemon_get()->threads;
    g_autofree bool *attached = g_new0(bool, threads_count(threads));
    struct attach a = {.transport = transport, .attached = attached};
    threads_each(threads, attach_thread, &a);
    if (a.result == 0)
        return true;
    threads_each(threads, undo_attach, &a);
    return core_error_take(error, &none, a.result, "the transport cannot use the I/O threads");
}

bool attached_add(GPtrArray *attached, struct plugin *transport, GError **error)
{
    bool there = g_ptr_array_find(attached, transport, NULL);
    if (!there && attach_all(transport, error)) {
        g_ptr_array_add(attached, transport);
        return true;
    }
    plugin_unuse(transport);
    return there;
}

void attached_free(GPtrArray *attached)
{
    struct threads *threads = daemon_get()->threads;
    for (guint i = 0; i < attached->len; i++) {
        threads_each(threads, detach_thread, g_ptr_array_index(attached, i));
        plugin_unuse(g_ptr_array_index(attached, i));
    }
    threads_each(threads, drop_slots, NULL);
    g_ptr_array_unref(attached);
}
