/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded under ThreadSanitizer: GLib's mutexes and conditions by means of pthreads, which it
 * understands. */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* Never initialized nor destroyed: zero memory is both, and ThreadSanitizer, which does not see how
 * a pointer to it gets from thread to thread here, would take those writes for races. Used again
 * only when all have been used once, so that the order of locks is seen right. */
#define POOL_SIZE (1u << 20)

struct object {
    union {
        pthread_mutex_t mutex;
        pthread_cond_t cond;
    };
    struct object *next; /* free */
};

struct pool {
    struct object objects[POOL_SIZE], *free_list;
    unsigned taken, lock;
};

static struct pool mutexes, conds;

static void lock_pool(struct pool *pool)
{
    while (__atomic_exchange_n(&pool->lock, 1, __ATOMIC_ACQUIRE)) {
    }
}

static void unlock_pool(struct pool *pool)
{
    __atomic_store_n(&pool->lock, 0, __ATOMIC_RELEASE);
}

static struct object *object_new(struct pool *pool)
{
    lock_pool(pool);
    bool fresh = pool->taken < POOL_SIZE;
    struct object *object = fresh ? &pool->objects[pool->taken++] : pool->free_list;
    if (!fresh && object != NULL)
        pool->free_list = object->next;
    unlock_pool(pool);
    if (object == NULL)
        abort();
    return object;
}

static void object_free(struct pool *pool, struct object *object)
{
    if (object == NULL)
        return;
    lock_pool(pool);
    object->next = pool->free_list;
    pool->free_list = object;
    unlock_pool(pool);
}

/* What GMutex.p and GCond.p point to; made on first use, because both may be zero memory. */
static struct object *get(struct pool *pool, gpointer *place)
{
    void *object = __atomic_load_n(place, __ATOMIC_ACQUIRE), *none = NULL;
    if (object != NULL)
        return object;
    object = object_new(pool);
    if (__atomic_compare_exchange_n(place, &none, object, FALSE, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return object;
    object_free(pool, object);
    return none;
}

static pthread_mutex_t *mutex_of(GMutex *mutex)
{
    return &get(&mutexes, &mutex->p)->mutex;
}

static pthread_cond_t *cond_of(GCond *cond)
{
    return &get(&conds, &cond->p)->cond;
}

void(g_mutex_init)(GMutex *mutex)
{
    mutex->p = NULL;
}

void(g_mutex_clear)(GMutex *mutex)
{
    object_free(&mutexes, mutex->p);
    mutex->p = NULL;
}

void(g_mutex_lock)(GMutex *mutex)
{
    pthread_mutex_lock(mutex_of(mutex));
}

gboolean(g_mutex_trylock)(GMutex *mutex)
{
    return pthread_mutex_trylock(mutex_of(mutex)) == 0;
}

void(g_mutex_unlock)(GMutex *mutex)
{
    pthread_mutex_unlock(mutex_of(mutex));
}

void(g_cond_init)(GCond *cond)
{
    cond->p = NULL;
}

void(g_cond_clear)(GCond *cond)
{
    object_free(&conds, cond->p);
    cond->p = NULL;
}

void(g_cond_wait)(GCond *cond, GMutex *mutex)
{
    pthread_cond_wait(cond_of(cond), mutex_of(mutex));
}

void(g_cond_signal)(GCond *cond)
{
    pthread_cond_signal(cond_of(cond));
}

void(g_cond_broadcast)(GCond *cond)
{
    pthread_cond_broadcast(cond_of(cond));
}

gboolean(g_cond_wait_until)(GCond *cond, GMutex *mutex, gint64 end_time)
{
    struct timespec end = {.tv_sec = end_time / 1000000, .tv_nsec = end_time % 1000000 * 1000};
    return pthread_cond_clockwait(cond_of(cond), mutex_of(mutex), CLOCK_MONOTONIC, &end) !=
           ETIMEDOUT;
}
