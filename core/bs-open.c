/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, closing and refreshing stores: in a worker thread, so that a slow store never stops the
 * main loop. */
#include <errno.h>
#include <string.h>

#include "bs.h"
#include "daemon.h"
#include "error.h"
#include "lu.h"
#include "plugin.h"
#include "target.h"
#include "thread.h"

/* One open, close or refresh under way. Owned by the worker, then by the main thread. */
struct job {
    struct bs *bs;
    struct tgt_params *params;
    struct tgt_bs_info info;
    struct tgt_error err;
    uint64_t size; /* to be made so long first; 0: not */
    int result;
    void (*opened)(struct bs *bs, GError *error, void *data);
    void (*refreshed)(struct bs *bs, const struct tgt_bs_info *info, GError *error, void *data);
    void (*closed)(void *data);
    void *data;
};

static void bs_free(struct bs *bs)
{
    plugin_unuse(bs->plugin);
    g_strfreev(bs->options);
    g_free(bs->chans);
    g_free(bs->path);
    g_free(bs);
}

static bool power_of_two(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

static uint8_t native_if(bool there)
{
    return there ? TGT_BS_NATIVE : TGT_BS_NONE;
}

/* The blocking model says with its callbacks what it can do; open() may say that it cannot this
 * time. */
static void preset_blocking(const struct tgt_bs_ops *ops, struct tgt_bs_info *info)
{
    info->flush = native_if(ops->flush != NULL);
    info->discard = native_if(ops->discard != NULL);
    info->write_zeroes = native_if(ops->write_zeroes != NULL);
    info->extents = native_if(ops->extent != NULL);
}

static void complete_blocking(const struct tgt_bs_ops *ops, struct tgt_bs_info *info)
{
    info->read_only = info->read_only || ops->write == NULL;
    info->flush = native_if(ops->flush != NULL && info->flush != TGT_BS_NONE);
    info->discard = native_if(ops->discard != NULL && info->discard != TGT_BS_NONE);
    info->write_zeroes =
        native_if(ops->write_zeroes != NULL && info->write_zeroes == TGT_BS_NATIVE);
    info->extents = native_if(ops->extent != NULL && info->extents != TGT_BS_NONE);
    info->fua = TGT_BS_NONE;
    info->compare_and_write = TGT_BS_NONE;
}

/* Put in defaults, and what the host can do where the store cannot. */
static void complete(const struct tgt_bs_ops *ops, struct tgt_bs_info *info)
{
    if (ops->model == TGT_BS_BLOCKING)
        complete_blocking(ops, info);
    info->block_size = info->block_size ? info->block_size : 512;
    info->physical_block = MAX(info->physical_block, info->block_size);
    if (info->max_discard >= 4096) /* pieces begin and end with blocks */
        info->max_discard -= info->max_discard % 4096;
    if (info->discard != TGT_BS_NATIVE)
        info->discard = TGT_BS_NONE;
    if (info->write_zeroes == TGT_BS_NONE)
        info->write_zeroes = TGT_BS_EMULATE;
    if (info->compare_and_write == TGT_BS_NONE)
        info->compare_and_write = TGT_BS_EMULATE;
    if (info->fua != TGT_BS_NATIVE)
        info->fua = info->flush == TGT_BS_NATIVE ? TGT_BS_EMULATE : TGT_BS_NONE;
}

static int check(const struct tgt_bs_info *info, struct tgt_error *err)
{
    if (!power_of_two(info->block_size) || !power_of_two(info->physical_block) ||
        info->block_size > 4096)
        return core_error_set(err, EINVAL,
                              "it has blocks of %u bytes (physical %u); 512 to 4096 are supported",
                              info->block_size, info->physical_block);
    if (info->max_transfer != 0 && info->max_transfer % 4096 != 0)
        return core_error_set(err, EINVAL,
                              "its largest transfer of %u bytes is not a multiple of 4096",
                              info->max_transfer);
    if (info->write_back && info->flush != TGT_BS_NATIVE)
        return core_error_set(err, EINVAL,
                              "it has a volatile cache and no flush, so data could be lost");
    return 0;
}

static void info_init(const struct tgt_bs_ops *ops, struct tgt_bs_info *info)
{
    *info = (struct tgt_bs_info){.struct_size = sizeof *info};
    if (ops->model == TGT_BS_BLOCKING)
        preset_blocking(ops, info);
}

static int info_finish(const struct tgt_bs_ops *ops, struct tgt_bs_info *info,
                       struct tgt_error *err)
{
    complete(ops, info);
    return check(info, err);
}

/* ---- Open ---- */

static void open_work(void *data)
{
    struct job *job = data;
    struct bs *bs = job->bs;
    struct tgt_bs_open args = {.struct_size = sizeof args,
                               .path = bs->path,
                               .params = job->params,
                               .read_only = bs->read_only};
    info_init(bs->ops, &job->info);
    job->result = bs->ops->open(&args, &job->info, &bs->handle, &job->err);
    if (job->result < 0)
        return;
    job->info.read_only = job->info.read_only || bs->read_only;
    job->result = info_finish(bs->ops, &job->info, &job->err);
    if (job->result < 0)
        bs->ops->close(bs->handle);
}

static void open_done(void *data)
{
    struct job *job = data;
    GError *error = NULL;
    params_free(job->params);
    if (job->result < 0) {
        g_autofree char *prefix = g_strdup_printf("backing store '%s'", job->bs->plugin->name);
        core_error_take(&error, &job->err, job->result, prefix);
        bs_free(job->bs);
        job->opened(NULL, error, job->data);
    } else {
        job->bs->info = job->info;
        job->opened(job->bs, NULL, job->data);
    }
    g_free(job);
}

static struct bs *bs_new(const struct bs_request *request)
{
    struct bs *bs = g_new0(struct bs, 1);
    bs->path = g_strdup(request->path);
    bs->options = g_strdupv((char **)request->options);
    bs->read_only = request->read_only;
    bs->chans = g_new0(void *, threads_count(daemon_get()->threads));
    return bs;
}

static void not_opened(struct job *job, GError *error)
{
    bs_free(job->bs);
    job->opened(NULL, error, job->data);
    g_free(job);
}

static bool parse_options(struct job *job, GError **error)
{
    char *none[] = {NULL};
    struct bs *bs = job->bs;
    g_auto(GStrv) given = g_steal_pointer(&bs->options);
    job->params = params_parse(bs->ops->lu_params, bs->ops->lu_param_count, bs->ops->lu_param_size,
                               given ? given : none, error);
    if (job->params == NULL) {
        g_prefix_error(error, "backing store '%s': ", bs->plugin->name);
        return false;
    }
    bs->options = params_shown(job->params, given);
    return true;
}

static void plugin_loaded(struct plugin *plugin, GError *error, void *data)
{
    struct job *job = data;
    job->bs->plugin = plugin;
    job->bs->ops = plugin ? &plugin->bs : NULL;
    if (plugin == NULL || !parse_options(job, &error))
        not_opened(job, error);
    else
        worker_run(open_work, open_done, job);
}

void bs_open(const struct bs_request *request,
             void (*done)(struct bs *bs, GError *error, void *data), void *data)
{
    struct job *job = g_new0(struct job, 1);
    g_autofree char *provides = g_strdup_printf("bs:%s", request->type);
    job->bs = bs_new(request);
    job->opened = done;
    job->data = data;
    plugin_get(daemon_get()->plugins, provides, plugin_loaded, job);
}

/* ---- Close ---- */

static void close_chan(struct tgt_thread *thread, void *data)
{
    struct bs *bs = data;
    void *chan = bs->chans[thread->index];
    if (chan != NULL && bs->ops->chan_open != NULL && bs->ops->chan_close != NULL)
        bs->ops->chan_close(chan);
    bs->chans[thread->index] = NULL;
}

static void close_work(void *data)
{
    struct job *job = data;
    job->bs->ops->close(job->bs->handle);
}

static void close_done(void *data)
{
    struct job *job = data;
    bs_free(job->bs);
    if (job->closed)
        job->closed(job->data);
    g_free(job);
}

void bs_close(struct bs *bs, void (*done)(void *data), void *data)
{
    struct job *job = g_new0(struct job, 1);
    job->bs = bs;
    job->closed = done;
    job->data = data;
    threads_each(daemon_get()->threads, close_chan, bs);
    worker_run(close_work, close_done, job);
}

/* ---- Refresh ---- */

static void refresh_work(void *data)
{
    struct job *job = data;
    const struct tgt_bs_ops *ops = job->bs->ops;
    info_init(ops, &job->info);
    if (job->size > 0)
        job->result = ops->resize(job->bs->handle, job->size, &job->err);
    if (job->result == 0)
        job->result = ops->refresh(job->bs->handle, &job->info, &job->err);
    if (job->result == 0)
        job->result = info_finish(job->bs->ops, &job->info, &job->err);
}

static void refresh_done(void *data)
{
    struct job *job = data;
    GError *error = NULL;
    if (job->result < 0) {
        core_error_take(&error, &job->err, job->result, job->bs->plugin->name);
        job->refreshed(job->bs, NULL, error, job->data);
    } else {
        job->refreshed(job->bs, &job->info, NULL, job->data);
    }
    g_free(job);
}

static void start_refresh(struct bs *bs, uint64_t size,
                          void (*done)(struct bs *bs, const struct tgt_bs_info *info, GError *error,
                                       void *data),
                          void *data)
{
    struct job *job = g_new0(struct job, 1);
    job->bs = bs;
    job->size = size;
    job->refreshed = done;
    job->data = data;
    worker_run(refresh_work, refresh_done, job);
}

void bs_refresh(struct bs *bs,
                void (*done)(struct bs *bs, const struct tgt_bs_info *info, GError *error,
                             void *data),
                void *data)
{
    if (bs->ops->refresh != NULL)
        start_refresh(bs, 0, done, data);
    else
        done(bs, NULL,
             g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                         "backing store '%s' cannot change its size while open", bs->plugin->name),
             data);
}

void bs_resize(struct bs *bs, uint64_t size,
               void (*done)(struct bs *bs, const struct tgt_bs_info *info, GError *error,
                            void *data),
               void *data)
{
    if (bs->ops->resize != NULL && bs->ops->refresh != NULL)
        start_refresh(bs, size, done, data);
    else
        done(bs, NULL,
             g_error_new(CORE_ERROR, CORE_ERROR_INVALID,
                         "backing store '%s' does not change sizes: change it by other means, then "
                         "resize without a size",
                         bs->plugin->name),
             data);
}

/* ---- A store says that it has changed ---- */

struct change {
    struct tgt_msg msg;
    void *handle;
};

static void resized(GError *error, void *data)
{
    g_clear_error(&error);
}

static gboolean look(gpointer key, gpointer value, gpointer data)
{
    struct core_lu *lu = value;
    struct tgt_medium *medium = lu->pub.medium;
    if (medium == NULL || ((struct core_medium *)medium)->bs->handle != data)
        return FALSE;
    lu_resize(lu, resized, NULL);
    return TRUE;
}

static void changed(struct tgt_msg *msg)
{
    struct change *change = (struct change *)msg;
    GList *targets = targets_list();
    for (GList *l = targets; l != NULL; l = l->next)
        g_tree_foreach(((struct tgt_target *)l->data)->luns, look, change->handle);
    g_list_free(targets);
    g_free(change);
}

void bs_changed(void *handle)
{
    struct change *change = g_new0(struct change, 1);
    change->msg.fn = changed;
    change->handle = handle;
    thread_post(NULL, &change->msg);
}
