/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drives a backing store without a daemon. */
#include "drive-store.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "error.h"
#include "plugin.h"
#include "thread.h"

/* States of an operation. */
enum { DRIVE_IDLE, DRIVE_STARTED, DRIVE_ENDED };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned changes; /* under lock */

/* Exactly once, with a result that says something, on the thread of a store that is asynchronous.
 */
static void io_done(struct tgt_bs_io *io, int result)
{
    struct drive_io *d_io = (struct drive_io *)io;
    g_assert_true(thread_self() == io->thread);
    g_assert_cmpint(result, <=, 0);
    pthread_mutex_lock(&lock);
    g_assert_cmpint(d_io->state, ==, DRIVE_STARTED);
    d_io->state = DRIVE_ENDED;
    d_io->result = result;
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&lock);
}

static void changed(void *handle)
{
    pthread_mutex_lock(&lock);
    changes++;
    pthread_mutex_unlock(&lock);
}

unsigned drive_changes(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = changes;
    pthread_mutex_unlock(&lock);
    return count;
}

static const struct tgt_bs_ops *load(void)
{
    static struct tgt_host host;
    host = *host_table();
    host.bs_io_done = io_done;
    host.bs_changed = changed;
    g_assert_cmpint(tgt_plugin.load(&host, NULL, NULL), ==, 0);
    return tgt_plugin.ops;
}

static int open_store(struct drive *d, const char *path, char *const *options, bool read_only,
                      struct tgt_error *err)
{
    static char *none[] = {NULL};
    g_autoptr(GError) error = NULL;
    struct tgt_params *params =
        params_parse(d->ops->lu_params, d->ops->lu_param_count, d->ops->lu_param_size,
                     options ? (char **)options : none, &error);
    g_assert_no_error(error);
    struct tgt_bs_open args = {
        .struct_size = sizeof(args), .path = path, .params = params, .read_only = read_only};
    d->info.struct_size = sizeof(d->info);
    int res = d->ops->open(&args, &d->info, &d->handle, err);
    params_free(params);
    return res;
}

struct drive *drive_open(const char *ring, const char *path, char *const *options, bool read_only,
                         char **why)
{
    struct tgt_error err = {0};
    g_autoptr(GError) error = NULL;
    struct drive *d = g_new0(struct drive, 1);
    d->ops = load();
    int res = open_store(d, path, options, read_only, &err);
    if (res < 0) {
        g_assert_cmpint(err.code, ==, -res); /* each failure is explained */
        if (!why)
            g_error("%s", err.text);
        *why = g_strdup(err.text);
        g_free(d);
        return NULL;
    }
    d->threads = threads_start(&(struct threads_config){2, ring, 1 << 20}, &error);
    g_assert_no_error(error);
    return d;
}

void drive_close(struct drive *d)
{
    threads_stop(d->threads);
    d->ops->close(d->handle);
    g_free(d);
}

static struct drive_io *io_of(struct tgt_msg *msg)
{
    return (struct drive_io *)((char *)msg - G_STRUCT_OFFSET(struct drive_io, msg));
}

static void cancel(struct drive_io *d_io)
{
    pthread_mutex_lock(&lock);
    bool started = d_io->state == DRIVE_STARTED;
    pthread_mutex_unlock(&lock);
    if (started)
        d_io->drive->ops->cancel(d_io->drive->handle, &d_io->io);
}

static void submit(struct tgt_msg *msg)
{
    struct drive_io *d_io = io_of(msg);
    struct drive *d = d_io->drive;
    bool at_once = d_io->cancel;
    d->ops->submit(d->handle, &d_io->io);
    if (at_once)
        cancel(d_io);
}

void drive_start(struct drive *d, struct drive_io *d_io)
{
    d_io->drive = d;
    d_io->state = DRIVE_STARTED;
    d_io->msg.fn = submit;
    d_io->io.thread = threads_get(d->threads, d_io->thread);
    d_io->io.priv = d_io->priv;
    thread_post(d_io->io.thread, &d_io->msg);
}

struct cancellation {
    struct tgt_msg msg;
    struct drive_io *d_io;
    sem_t over;
};

static void do_cancel(struct tgt_msg *msg)
{
    struct cancellation *c = (struct cancellation *)msg;
    cancel(c->d_io);
    sem_post(&c->over);
}

void drive_cancel(struct drive_io *d_io)
{
    struct cancellation c = {.msg.fn = do_cancel, .d_io = d_io};
    sem_init(&c.over, 0, 0);
    thread_post(d_io->io.thread, &c.msg);
    sem_wait(&c.over);
    sem_destroy(&c.over);
}

int drive_wait(struct drive_io *d_io)
{
    pthread_mutex_lock(&lock);
    while (d_io->state != DRIVE_ENDED)
        pthread_cond_wait(&ended, &lock);
    int result = d_io->result;
    pthread_mutex_unlock(&lock);
    return result;
}

static void fill(struct drive_io *d_io, struct iovec *iov, enum tgt_bs_op op, unsigned flags,
                 uint64_t offset, void *data, uint64_t length)
{
    *iov = (struct iovec){data, length};
    d_io->io = (struct tgt_bs_io){
        .op = (uint8_t)op, .flags = (uint8_t)flags, .offset = offset, .length = length};
    if (!data)
        return;
    d_io->io.iov = iov;
    d_io->io.iovcnt = 1;
}

int drive_do(struct drive *d, enum tgt_bs_op op, unsigned flags, uint64_t offset, void *data,
             uint64_t length)
{
    struct drive_io d_io = {0};
    struct iovec iov;
    fill(&d_io, &iov, op, flags, offset, data, length);
    drive_start(d, &d_io);
    return drive_wait(&d_io);
}

uint64_t drive_extent(struct drive *d, uint64_t offset, uint64_t length, bool *mapped)
{
    struct drive_io d_io = {0};
    struct iovec iov;
    fill(&d_io, &iov, TGT_BS_EXTENT, 0, offset, NULL, length);
    drive_start(d, &d_io);
    g_assert_cmpint(drive_wait(&d_io), ==, 0);
    *mapped = d_io.io.extent == TGT_BS_MAPPED;
    return d_io.io.info;
}
