/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that are to go: asked, waited for, dropped. */
#include "farewell.h"

#include <stdbool.h>

#include "nexus.h"

/* How often it is looked whether they have gone: I/O threads close sessions without telling. */
#define LOOK_MS 20
/* A session that was dropped still waits for commands that a store has; not for ever. */
#define DROP_MS 5000

struct farewell {
    GArray *left; /* uint64_t, ascending */
    enum tgt_close_reason reason;
    struct farewell_count count;
    bool dropped;
    gint64 until; /* monotonic us: of the present stage, asked or dropped */
    guint look;
    farewell_done *done;
    void *data;
};

/* Of the numbers in `ids` (ascending as well), those that still are. */
static void forget_gone(GArray *left, const GArray *ids)
{
    guint kept = 0, at = 0;
    for (guint i = 0; i < left->len; i++) {
        uint64_t id = g_array_index(left, uint64_t, i);
        while (at < ids->len && g_array_index(ids, uint64_t, at) < id)
            at++;
        if (at < ids->len && g_array_index(ids, uint64_t, at) == id)
            g_array_index(left, uint64_t, kept++) = id;
    }
    g_array_set_size(left, kept);
}

static void look_after(struct farewell *f)
{
    g_autoptr(GArray) ids = nexus_ids();
    forget_gone(f->left, ids);
    f->count.left = f->left->len;
}

static void drop(struct farewell *f)
{
    f->dropped = true;
    f->until = g_get_monotonic_time() + DROP_MS * 1000;
    f->count.dropped = f->left->len;
    for (guint i = 0; i < f->left->len; i++)
        nexus_kill(g_array_index(f->left, uint64_t, i), f->reason, NULL);
}

void farewell_end(struct farewell *f)
{
    g_source_remove(f->look);
    g_array_unref(f->left);
    f->done(&f->count, f->data);
    g_free(f);
}

static gboolean look(gpointer data)
{
    struct farewell *f = data;
    bool late = g_get_monotonic_time() >= f->until;
    look_after(f);
    if (f->left->len == 0 || (late && f->dropped)) {
        farewell_end(f);
        return G_SOURCE_REMOVE;
    }
    if (late)
        drop(f);
    return G_SOURCE_CONTINUE;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

struct farewell *farewell_new(const GArray *ids, unsigned seconds, enum tgt_close_reason reason,
                              farewell_done *done, void *data)
{
    struct farewell *f = g_new0(struct farewell, 1);
    f->left = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), ids->len);
    g_array_append_vals(f->left, ids->data, ids->len);
    g_array_sort(f->left, compare);
    f->reason = reason;
    f->count = (struct farewell_count){.asked = ids->len, .left = ids->len};
    f->until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    f->done = done;
    f->data = data;
    f->look = g_timeout_add(LOOK_MS, look, f);
    for (guint i = 0; i < f->left->len && seconds > 0; i++)
        nexus_ask_logout(g_array_index(f->left, uint64_t, i), seconds);
    if (seconds == 0)
        drop(f);
    return f;
}

void farewell_hasten(struct farewell *f)
{
    if (!f->dropped)
        f->until = 0;
}

struct farewell_count farewell_count(const struct farewell *f)
{
    return f->count;
}

unsigned farewell_seconds(const struct farewell *f)
{
    gint64 rest = f->until - g_get_monotonic_time();
    return f->dropped || rest < 0 ? 0 : (unsigned)((rest + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}
