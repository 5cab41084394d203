/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocking work of the control path: a thread of its own for each piece, so that a store that hangs
 * holds up nobody else. */
#include <glib.h>

#include "daemon.h"
#include "log.h"
#include "thread-spawn.h"
#include "thread.h"

struct worker_job {
    struct tgt_msg msg;
    void (*fn)(void *data);
    void (*done)(void *data);
    void *data;
    struct tgt_thread *home; /* NULL: the main thread */
};

static void job_over(struct tgt_msg *msg)
{
    struct worker_job *job = (struct worker_job *)msg;
    if (job->done)
        job->done(job->data);
    g_free(job);
    daemon_work_end();
}

static void *work(void *data)
{
    struct worker_job *job = data;
    job->fn(job->data);
    thread_post(job->home, &job->msg);
    return NULL;
}

static int spawn(struct worker_job *job)
{
    pthread_t thread;
    int error = spawn_thread(&thread, NULL, work, job);
    if (!error)
        pthread_detach(thread);
    return error;
}

void worker_run(void (*fn)(void *data), void (*done)(void *data), void *data)
{
    struct worker_job *job = g_new0(struct worker_job, 1);
    *job = (struct worker_job){
        .msg.fn = job_over, .fn = fn, .done = done, .data = data, .home = thread_self()};
    daemon_work_begin();
    int error = spawn(job);
    if (!error)
        return;
    log_warning("no thread for work that may block: %s; doing it here", g_strerror(error));
    work(job);
}
