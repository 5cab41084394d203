/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's parts in the test's process: start and stop, target, LUs, nexuses of the fake
 * transport. */
#include <string.h>

#include "acl.h"
#include "daemon.h"
#include "error.h"
#include "fake-private.h"
#include "target.h"
#include "thread.h"

#define TARGET_NAME "iqn.2026-11.org.example:fake"

/* ---- Daemon ---- */

static void start_daemon(const struct fake_config *config)
{
    const char *path = g_getenv("TGT_PLUGIN_PATH");
    g_autoptr(GError) error = NULL;
    struct daemon_config dc = {
        .plugin_dirs = g_strsplit(path ? path : "", ":", -1),
        .plugin_conf_dirs = g_new0(char *, 1),
        .ring = g_strdup(config->ring ? config->ring : "auto"),
        .threads = config->threads ? config->threads : 1,
        .buffer_memory = config->buffer_memory,
        .state_dir = g_strdup(config->state_dir),
    };
    if (!daemon_start(&dc, &error))
        g_error("daemon_start: %s", error->message);
}

struct fake *fake_start(const struct fake_config *config)
{
    static const struct fake_config defaults;
    g_autoptr(GError) error = NULL;
    struct fake *f = g_new0(struct fake, 1);
    start_daemon(config ? config : &defaults);
    g_mutex_init(&f->lock);
    g_cond_init(&f->cond);
    f->plugin.name = (char *)"fake";
    fake_transport_ops(&f->plugin.transport);
    f->target = target_create(TARGET_NAME, 0, &error);
    if (f->target == NULL || !acl_add_address(f->target->acl, "all", &error))
        g_error("target_create: %s", error->message);
    return f;
}

void fake_stop(struct fake *f)
{
    while (f->nexuses != NULL)
        fake_nexus_close(f->nexuses->data);
    daemon_stop();
    g_mutex_clear(&f->lock);
    g_cond_clear(&f->cond);
    g_free(f);
}

struct tgt_target *fake_target(struct fake *f)
{
    return f->target;
}

struct tgt_thread *fake_thread(struct fake *f, unsigned index)
{
    return threads_get(daemon_get()->threads, index);
}

static gboolean too_late(gpointer data)
{
    g_error("waited too long for the main loop");
    return G_SOURCE_REMOVE;
}

void fake_until(const bool *flag)
{
    guint id = g_timeout_add_seconds(20 * (guint)fake_slowness(), too_late, NULL);
    while (!*flag)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
}

/* ---- Logical units ---- */

struct creation {
    struct core_lu *lu;
    bool over;
};

static void created(struct core_lu *lu, GError *error, void *data)
{
    struct creation *creation = data;
    if (error != NULL)
        g_error("lu_create: %s", error->message);
    creation->lu = lu;
    creation->over = true;
}

struct core_lu *fake_lun_request(struct fake *f, const struct lu_request *request)
{
    struct creation creation = {0};
    struct lu_request full = *request;
    full.target = f->target;
    lu_create(&full, created, &creation);
    fake_until(&creation.over);
    return creation.lu;
}

struct core_lu *fake_lun(struct fake *f, uint16_t lun, const char *type, const char *store,
                         const char *const *options)
{
    struct lu_request request = {
        .lun = lun,
        .type = type,
        .store = {.type = store, .options = (char *const *)options},
        .physical_exponent = -1,
    };
    return fake_lun_request(f, &request);
}

static void deleted(GError *error, void *data)
{
    if (error != NULL)
        g_error("lu_delete: %s", error->message);
    *(bool *)data = true;
}

void fake_lun_delete(struct core_lu *lu)
{
    bool over = false;
    lu_delete(lu, deleted, &over);
    fake_until(&over);
}

/* ---- Nexuses ---- */

static void open_here(void *data)
{
    struct fake_nexus *n = data;
    struct tgt_error err = {0};
    struct tgt_nexus_args args = {
        .struct_size = sizeof args,
        .target = n->fake->target,
        .thread = n->thread,
        .initiator = n->name,
        .initiator_port = n->port,
        .target_port = TARGET_NAME ",t,0x0001",
        .relative_port = 1,
        .tpgt = 1,
        .protocol = TGT_PROTOCOL_NONE,
        .peer = "fake",
        .session = n->name,
        .priv = n,
        .lost_before = n->fake->lost_before,
    };
    n->core = nexus_new(&n->fake->plugin, &args, &err);
    if (n->core == NULL)
        g_error("nexus_new: %s", err.text);
}

struct fake_nexus *fake_nexus_open(struct fake *f, unsigned thread, const char *name)
{
    struct fake_nexus *n = g_new0(struct fake_nexus, 1);
    n->fake = f;
    n->thread = fake_thread(f, thread % threads_count(daemon_get()->threads));
    n->name = g_strdup(name);
    n->port = g_strdup_printf("%s,i,0x400000000001", name);
    f->nexuses = g_list_prepend(f->nexuses, n);
    fake_call(n->thread, open_here, n);
    return n;
}

void fake_lost_before(struct fake *f, bool lost_before)
{
    f->lost_before = lost_before;
}

struct tgt_nexus *fake_nexus_core(struct fake_nexus *n)
{
    return n->core;
}

static void nexus_closed(void *priv)
{
    struct fake_nexus *n = priv;
    g_mutex_lock(&n->fake->lock);
    n->closed = true;
    g_cond_broadcast(&n->fake->cond);
    g_mutex_unlock(&n->fake->lock);
}

void fake_nexus_close_here(struct fake_nexus *n)
{
    struct tgt_nexus *core = n->core;
    n->core = NULL;
    if (core != NULL)
        nexus_close(core, nexus_closed);
}

static void close_here(void *data)
{
    fake_nexus_close_here(data);
}

void fake_nexus_close_start(struct fake_nexus *n)
{
    fake_call(n->thread, close_here, n);
}

void fake_nexus_wait(struct fake_nexus *n)
{
    struct fake *f = n->fake;
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC * fake_slowness();
    g_mutex_lock(&f->lock);
    while (!n->closed)
        if (!g_cond_wait_until(&f->cond, &f->lock, deadline))
            g_error("nexus %s: waited too long for its end", n->name);
    g_mutex_unlock(&f->lock);
    f->nexuses = g_list_remove(f->nexuses, n);
    g_free(n->name);
    g_free(n->port);
    g_free(n);
}

void fake_nexus_close(struct fake_nexus *n)
{
    fake_nexus_close_start(n);
    fake_nexus_wait(n);
}

unsigned fake_nexus_close_asked(struct fake_nexus *n, enum tgt_close_reason *reason)
{
    g_mutex_lock(&n->fake->lock);
    unsigned asked = n->close_asked;
    if (reason != NULL)
        *reason = n->reason;
    g_mutex_unlock(&n->fake->lock);
    return asked;
}
