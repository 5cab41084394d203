/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: work in worker threads. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "ring-fixture.h"

struct job {
    struct probe probe;
    pthread_t thread;
    sem_t *begun, *go;
};

static int64_t where_am_i(struct tgt_op *op)
{
    ((struct job *)op)->thread = pthread_self();
    return -ENOTTY;
}

static void test_call(struct fixture *f)
{
    struct job job = {.thread = pthread_self()};
    probe_init(&job.probe, f);
    f->ops->call(f->ring, &job.probe.op, where_am_i, f);
    expect(f, &job.probe, -ENOTTY);
    g_assert_false(pthread_equal(job.thread, pthread_self()));
}

static int64_t wait_for_go(struct tgt_op *op)
{
    struct job *job = (struct job *)op;
    sem_post(job->begun);
    sem_wait(job->go);
    return 42;
}

/* All that an owner has workers for run at the same time; what waits for one can be cancelled, what
 * runs cannot. */
static void test_call_cancel(struct fixture *f)
{
    enum { WORKERS = 32 };
    struct job jobs[WORKERS + 1];
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(jobs); i++) {
        jobs[i] = (struct job){.begun = &begun, .go = &go};
        probe_init(&jobs[i].probe, f);
        f->ops->call(f->ring, &jobs[i].probe.op, wait_for_go, f);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        sem_wait(&begun);
    for (unsigned i = 0; i < G_N_ELEMENTS(jobs); i++)
        f->ops->cancel(f->ring, &jobs[i].probe.op);
    expect(f, &jobs[WORKERS].probe, -ECANCELED);
    for (unsigned i = 0; i < WORKERS; i++)
        sem_post(&go);
    for (unsigned i = 0; i < WORKERS; i++)
        expect(f, &jobs[i].probe, 42);
    sem_destroy(&begun);
    sem_destroy(&go);
}

static int64_t nothing(struct tgt_op *op)
{
    return 7;
}

static void test_call_many(struct fixture *f)
{
    enum { MANY = 2000 };
    g_autofree struct probe *crowd = g_new0(struct probe, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        probe_init(&crowd[i], f);
        f->ops->call(f->ring, &crowd[i].op, nothing, f);
    }
    for (unsigned i = 0; i < MANY; i++)
        expect(f, &crowd[i], 7);
}

/* Owners that hang keep their share of the workers; others, and files, go on. */
static void test_call_owners(struct fixture *f)
{
    enum { HANGING = 3, EACH = 100 };
    g_autofree struct job *jobs = g_new0(struct job, HANGING * EACH);
    struct probe fsync;
    struct job last = {0};
    sem_t begun, go;
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    use_file(f);
    for (unsigned i = 0; i < HANGING * EACH; i++) {
        jobs[i] = (struct job){.begun = &begun, .go = &go};
        probe_init(&jobs[i].probe, f);
        f->ops->call(f->ring, &jobs[i].probe.op, wait_for_go, &jobs[i % HANGING]);
    }
    probe_init(&last.probe, f);
    probe_init(&fsync, f);
    f->ops->call(f->ring, &last.probe.op, where_am_i, f);
    f->ops->fsync(f->ring, &fsync.op, f->file, true);
    expect(f, &last.probe, -ENOTTY);
    expect(f, &fsync, 0);
    for (unsigned i = 0; i < HANGING * EACH; i++)
        sem_post(&go);
    for (unsigned i = 0; i < HANGING * EACH; i++)
        expect(f, &jobs[i].probe, 42);
    sem_destroy(&begun);
    sem_destroy(&go);
}

/* More owners than there are lanes. */
static void test_call_many_owners(struct fixture *f)
{
    enum { MANY = 2000 };
    g_autofree struct probe *crowd = g_new0(struct probe, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        probe_init(&crowd[i], f);
        f->ops->call(f->ring, &crowd[i].op, nothing, &crowd[i % 100]);
        if (i % 3 == 0)
            f->ops->cancel(f->ring, &crowd[i].op);
    }
    for (unsigned i = 0; i < MANY; i++) {
        run_until_ended(f, &crowd[i], 1);
        g_assert_true(crowd[i].res == 7 || (i % 3 == 0 && crowd[i].res == -ECANCELED));
    }
}

void add_worker_tests(void)
{
    add_test("call/in-another-thread", test_call);
    add_test("call/cancel", test_call_cancel);
    add_test("call/many", test_call_many);
    add_test("call/owners", test_call_owners);
    add_test("call/many-owners", test_call_many_owners);
}
