/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deletes logical units, and looks at the size of their stores again. */
#include "daemon.h"
#include "error.h"
#include "later.h"
#include "log.h"
#include "lu.h"
#include "lu-share.h"
#include "medium.h"
#include "target.h"

/* A request under way; the main thread's. */
struct lu_work {
    struct core_lu *lu;
    void (*done)(GError *error, void *data);
    void *data;
};

static struct lu_work *work_new(struct core_lu *lu, void (*done)(GError *error, void *data),
                                void *data)
{
    struct lu_work *r = g_new(struct lu_work, 1);
    *r = (struct lu_work){.lu = lu, .done = done, .data = data};
    return r;
}

static void finish(struct lu_work *r, GError *error)
{
    later(r->done, error, r->data);
    g_free(r);
}

/* ---- Deletion ---- */

static void deleted(struct lu_work *r)
{
    finish(r, NULL);
    daemon_work_end();
}

static void closed(void *data)
{
    deleted(data);
}

/* What needs the store has to be over before it is closed. */
static void close_when_unused(struct core_lu *lu)
{
    struct lu_work *r = lu->deletion;
    if (r == NULL || lu->holds > 0)
        return;
    struct bs *bs = lu->pub.medium ? core_medium(lu->pub.medium)->bs : NULL;
    lu_free(lu);
    if (bs != NULL)
        bs_close(bs, closed, r);
    else
        deleted(r);
}

void lu_hold(struct core_lu *lu)
{
    lu->holds++;
}

void lu_let_go(struct core_lu *lu)
{
    lu->holds--;
    close_when_unused(lu);
}

static void drained(struct core_lu *lu, void *data)
{
    lu->deletion = data;
    close_when_unused(lu);
}

void lu_delete(struct core_lu *lu, void (*done)(GError *error, void *data), void *data)
{
    daemon_work_begin();
    lu_state(&lu->pub, TGT_LU_DYING, 0);
    target_lun_remove(lu->target, lu);
    lu_drain(lu, drained, work_new(lu, done, data));
}

/* ---- New size ---- */

static void resized(struct core_lu *lu)
{
    log_notice("LUN %u of '%s' has %" G_GUINT64_FORMAT " blocks now", lu->lun, lu->target->name,
               lu_blocks(&lu->pub));
    lu_attention(&lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
}

static void refreshed(struct bs *bs, const struct tgt_bs_info *info, GError *error, void *data)
{
    struct lu_work *r = data;
    struct core_lu *lu = r->lu;
    if (error == NULL && info->size < lu->pub.block_size)
        error = g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                            "the backing store is now smaller than one block");
    if (error == NULL &&
        medium_resize(core_medium(lu->pub.medium), info->size, lu->pub.block_shift))
        resized(lu);
    finish(r, error);
    lu_let_go(lu);
}

static GError *refusal(const char *format, ...) G_GNUC_PRINTF(1, 2);
static GError *refusal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    GError *error = g_error_new_valist(CORE_ERROR, CORE_ERROR_INVALID, format, args);
    va_end(args);
    return error;
}

/* NULL: it may become so long. */
static GError *check_size(const struct core_lu *lu, uint64_t size, bool shrink)
{
    uint64_t now = lu_blocks(&lu->pub) << lu->pub.block_shift;
    if (size == 0 || size % lu->pub.block_size != 0)
        return refusal("%" G_GUINT64_FORMAT " bytes are no number of blocks of %u bytes", size,
                       lu->pub.block_size);
    if (size < now && !shrink)
        return refusal("LUN %u has %" G_GUINT64_FORMAT
                       " bytes: what is behind the new end would be lost; that must be asked for",
                       lu->lun, now);
    return NULL;
}

static struct bs *store_of(const struct core_lu *lu, GError **error)
{
    if (lu->pub.medium != NULL)
        return core_medium(lu->pub.medium)->bs;
    *error = refusal("there is no medium in LUN %u", lu->lun);
    return NULL;
}

void lu_resize(struct core_lu *lu, void (*done)(GError *error, void *data), void *data)
{
    GError *error = NULL;
    struct bs *bs = store_of(lu, &error);
    if (bs == NULL) {
        later(done, error, data);
        return;
    }
    lu_hold(lu);
    bs_refresh(bs, refreshed, work_new(lu, done, data));
}

void lu_resize_to(struct core_lu *lu, uint64_t size, bool shrink,
                  void (*done)(GError *error, void *data), void *data)
{
    GError *error = NULL;
    struct bs *bs = store_of(lu, &error);
    if (bs != NULL)
        error = check_size(lu, size, shrink);
    if (error != NULL) {
        later(done, error, data);
        return;
    }
    lu_hold(lu);
    bs_resize(bs, size, refreshed, work_new(lu, done, data));
}
