/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes logical units: checks the request, opens the store in a worker, puts the parts together. */
#include <string.h>

#include "buffer.h"
#include "cmd.h"
#include "daemon.h"
#include "error.h"
#include "identity.h"
#include "log.h"
#include "lu.h"
#include "lu-share.h"
#include "medium.h"
#include "plugin.h"
#include "spc.h"
#include "target.h"
#include "thread.h"

/* Single level, flat space addressing (SAM-5 4.7.5.4). */
#define LUN_LAST 16383

/* A creation under way; the main thread's. */
struct creation {
    struct lu_request request; /* strings are this struct's own */
    struct plugin *type;       /* one user, until the LU has it */
    struct core_lu *lu;
    GError *error;
    void (*done)(struct core_lu *lu, GError *error, void *data);
    void *data;
};

static void request_copy(struct lu_request *copy, const struct lu_request *request)
{
    *copy = *request;
    copy->target = target_ref(request->target);
    copy->type = g_strdup(request->type);
    copy->store.type = g_strdup(request->store.type);
    copy->store.path = g_strdup(request->store.path);
    copy->store.options = g_strdupv((char **)request->store.options);
    copy->vendor = g_strdup(request->vendor);
    copy->product = g_strdup(request->product);
    copy->revision = g_strdup(request->revision);
    copy->serial = g_strdup(request->serial);
    copy->uuid = g_strdup(request->uuid);
}

static void request_clear(struct lu_request *copy)
{
    target_unref(copy->target);
    g_free((char *)copy->type);
    g_free((char *)copy->store.type);
    g_free((char *)copy->store.path);
    g_strfreev((char **)copy->store.options);
    g_free((char *)copy->vendor);
    g_free((char *)copy->product);
    g_free((char *)copy->revision);
    g_free((char *)copy->serial);
    g_free((char *)copy->uuid);
}

/* ---- Parts of a LU ---- */

static bool invalid(GError **error, const char *text)
{
    g_set_error_literal(error, CORE_ERROR, CORE_ERROR_INVALID, text);
    return false;
}

static bool set_block_size(struct core_lu *lu, const struct lu_request *request,
                           const struct bs *bs, GError **error)
{
    uint32_t least = bs ? bs->info.block_size : 512,
             size = request->block_size ? request->block_size : least;
    if (size < 512 || size > 4096 || (size & (size - 1)) != 0) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "a block of %u bytes is not possible: 512, 1024, 2048 or 4096", size);
        return false;
    }
    if (size < least) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "the backing store needs blocks of at least %u bytes", least);
        return false;
    }
    lu->pub.block_size = size;
    lu->pub.block_shift = (uint8_t)g_bit_nth_lsf(size, -1);
    return true;
}

static bool set_physical(struct core_lu *lu, const struct lu_request *request, const struct bs *bs,
                         GError **error)
{
    int exponent = request->physical_exponent;
    if (exponent > 15)
        return invalid(error, "the physical block exponent ends at 15");
    if (exponent < 0)
        for (exponent = 0; bs && exponent < 15 &&
                           (uint64_t)lu->pub.block_size << exponent < bs->info.physical_block;)
            exponent++;
    lu->pub.physical_exponent = (uint8_t)exponent;
    return true;
}

static bool set_medium(struct core_lu *lu, const struct lu_request *request, struct bs *bs,
                       GError **error)
{
    if (bs == NULL) {
        lu->pub.state |= TGT_LU_NO_MEDIUM;
        return true;
    }
    if (bs->info.size < lu->pub.block_size)
        return invalid(error, "the backing store is smaller than one block");
    if (request->thin && !request->read_only && bs->info.discard != TGT_BS_NATIVE)
        return invalid(
            error,
            "a thin logical unit needs a backing store that can give space back, this one cannot");
    if (bs->info.size % lu->pub.block_size != 0)
        log_notice(
            "LUN %u of '%s': the last %u bytes of the store are no whole block and are not used",
            lu->lun, lu->target->name, (unsigned)(bs->info.size % lu->pub.block_size));
    lu->pub.medium = &medium_new(bs, lu->pub.block_shift)->pub;
    if (bs->info.read_only)
        lu->pub.state |= TGT_LU_READ_ONLY;
    return true;
}

/* What every thread can give buffers for. */
static uint32_t max_transfer(void)
{
    return (uint32_t)buffer_pool_most(threads_get(daemon_get()->threads, 0)->buffers);
}

static void set_state(struct core_lu *lu, const struct lu_request *request)
{
    lu->pub.state |= (request->read_only ? TGT_LU_READ_ONLY : 0) |
                     (request->removable ? TGT_LU_REMOVABLE : 0) |
                     (request->thin ? TGT_LU_THIN : 0);
    lu->pub.max_transfer = max_transfer();
}

static const char *default_product(uint8_t peripheral_type)
{
    switch (peripheral_type) {
    case 0x00:
        return "VIRTUAL-DISK";
    case 0x01:
        return "VIRTUAL-TAPE";
    case 0x05:
        return "VIRTUAL-CDROM";
    case 0x08:
        return "VIRTUAL-CHANGER";
    default:
        return "VIRTUAL-DEVICE";
    }
}

static bool set_uuid(struct core_lu *lu, const struct lu_request *request, GError **error)
{
    const char *target = lu->target->name;
    if (request->uuid != NULL && !identity_parse(request->uuid, lu->pub.uuid))
        return invalid(error, "a UUID has 32 hexadecimal digits");
    if (request->uuid != NULL)
        return identity_store(target, lu->lun, lu->pub.uuid, error);
    if (!lu->identity_legacy)
        return identity_load(target, lu->lun, lu->pub.uuid, error);
    identity_legacy_uuid(target, lu->lun, lu->pub.uuid);
    return true;
}

static bool set_identity(struct core_lu *lu, const struct lu_request *request, GError **error)
{
    const char *vendor = lu->identity_legacy ? "IET" : "TGT";
    const char *product = default_product(lu->device->peripheral_type);
    if (!set_uuid(lu, request, error))
        return false;
    identity_derive(lu);
    return lu_text_set(lu->pub.vendor, 8, ' ', request->vendor ? request->vendor : vendor, error) &&
           lu_text_set(lu->pub.product, 16, ' ', request->product ? request->product : product,
                       error) &&
           lu_text_set(lu->pub.revision, 4, ' ', request->revision ? request->revision : "0001",
                       error) &&
           (!request->serial || lu_text_set(lu->pub.serial, 64, '\0', request->serial, error));
}

static bool attach(struct core_lu *lu, GError **error)
{
    struct tgt_error err = {0};
    int result = lu->device->attach ? lu->device->attach(&lu->pub, &err) : 0;
    if (result < 0)
        core_error_take(error, &err, result, lu->type->name);
    return result == 0;
}

/* The parts that can fail, in an order in which each may look at those before. */
static bool build(struct core_lu *lu, const struct lu_request *request, struct bs *bs,
                  GError **error)
{
    if (!set_block_size(lu, request, bs, error) || !set_physical(lu, request, bs, error) ||
        !set_medium(lu, request, bs, error) || !set_identity(lu, request, error))
        return false;
    set_state(lu, request);
    if (!attach(lu, error))
        return false;
    lu->modes = mode_values_new(lu);
    return true;
}

static struct tgt_thread *home_of(const struct lu_request *request)
{
    struct threads *threads = daemon_get()->threads;
    return threads_get(threads, (request->target->tid + request->lun) % threads_count(threads));
}

struct core_lu *lu_new(const struct lu_request *request, struct plugin *type, struct bs *bs,
                       GError **error)
{
    struct core_lu *lu = g_new0(struct core_lu, 1);
    g_mutex_init(&lu->lock);
    lu->target = target_ref(request->target);
    lu->lun = request->lun;
    lu->type = type;
    lu->device = &type->device;
    lu->ops = optable_for(lu->device);
    lu->home = home_of(request);
    lu->itls = g_ptr_array_new();
    lu->identity_legacy = request->legacy_identity;
    lu->gate = gate_new(lu);
    if (build(lu, request, bs, error))
        return lu;
    lu->type = NULL; /* stays the caller's */
    lu_free(lu);
    return NULL;
}

/* ---- The course of a creation ---- */

static gboolean report(gpointer data)
{
    struct creation *c = data;
    if (c->type != NULL)
        plugin_unuse(c->type);
    c->done(c->lu, c->error, c->data);
    request_clear(&c->request);
    g_free(c);
    daemon_work_end();
    return G_SOURCE_REMOVE;
}

static void finish(struct creation *c)
{
    g_idle_add_full(G_PRIORITY_DEFAULT, report, c, NULL);
}

static void bs_gone(void *data)
{
    finish(data);
}

/* Without a LU the store goes first, so that it can be opened anew when `done` runs. */
static void end(struct creation *c, struct bs *bs)
{
    if (c->lu == NULL && bs != NULL)
        bs_close(bs, bs_gone, c);
    else
        finish(c);
}

static void settle(struct creation *c, struct core_lu *lu, struct bs *bs)
{
    if (target_lun_add(lu->target, lu, &c->error))
        c->lu = lu;
    else
        lu_free(lu);
    end(c, bs);
}

/* The old LU is gone, its store closed. */
static void replaced(GError *error, void *data)
{
    struct creation *c = data;
    struct core_lu *lu = g_steal_pointer(&c->lu);
    struct bs *bs = lu->pub.medium ? core_medium(lu->pub.medium)->bs : NULL;
    g_clear_error(&error);
    settle(c, lu, bs);
}

static void replace(struct creation *c, struct core_lu *lu)
{
    struct core_lu *old = c->request.replaces;
    lu_inherit(lu, old);
    c->lu = lu;
    lu_delete(old, replaced, c);
    lu_let_go(old);
}

static void assemble(struct creation *c, struct bs *bs)
{
    struct core_lu *old = c->request.replaces, *lu = NULL;
    if (old != NULL && tgt_lu_is(&old->pub, TGT_LU_DYING))
        g_set_error(&c->error, CORE_ERROR, CORE_ERROR_NOT_FOUND,
                    "LUN %u has been deleted meanwhile", c->request.lun);
    else
        lu = lu_new(&c->request, c->type, bs, &c->error);
    if (lu != NULL)
        c->type = NULL;
    if (lu != NULL && old != NULL) {
        replace(c, lu);
        return;
    }
    if (old != NULL)
        lu_let_go(old);
    if (lu != NULL)
        settle(c, lu, bs);
    else
        end(c, bs);
}

static void give_up(struct creation *c)
{
    if (c->request.replaces != NULL)
        lu_let_go(c->request.replaces);
    finish(c);
}

static void opened(struct bs *bs, GError *error, void *data)
{
    struct creation *c = data;
    c->error = error;
    if (bs != NULL)
        assemble(c, bs);
    else
        give_up(c);
}

static bool check(const struct lu_request *request, GError **error)
{
    const struct tgt_target *target = request->target;
    if (request->lun > LUN_LAST) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "LUN %u: numbers end at %d",
                    request->lun, LUN_LAST);
        return false;
    }
    if (target_lun(request->target, request->lun) == request->replaces)
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_EXISTS, "the target '%s' already has a LUN %u",
                target->name, request->lun);
    return false;
}

static bool suits(struct creation *c)
{
    if (c->type == NULL)
        return false;
    if (c->request.store.type != NULL || !c->type->device.needs_store || c->request.removable)
        return true;
    g_set_error(&c->error, CORE_ERROR, CORE_ERROR_INVALID,
                "a %s needs a backing store, unless it is removable", c->request.type);
    return false;
}

static void type_loaded(struct plugin *type, GError *error, void *data)
{
    struct creation *c = data;
    c->type = type;
    c->error = error;
    if (!suits(c))
        give_up(c);
    else if (c->request.store.type != NULL)
        bs_open(&c->request.store, opened, c);
    else
        assemble(c, NULL);
}

void lu_create(const struct lu_request *request,
               void (*done)(struct core_lu *lu, GError *error, void *data), void *data)
{
    struct creation *c = g_new0(struct creation, 1);
    request_copy(&c->request, request);
    c->request.store.read_only = request->read_only || request->store.read_only;
    c->done = done;
    c->data = data;
    daemon_work_begin();
    if (request->replaces != NULL)
        lu_hold(request->replaces);
    if (!check(&c->request, &c->error)) {
        give_up(c);
        return;
    }
    g_autofree char *provides = g_strdup_printf("type:%s", request->type);
    plugin_get(daemon_get()->plugins, provides, type_loaded, c);
}
