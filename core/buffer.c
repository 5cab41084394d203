/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data buffers: one region of large chunks, some of them split into small ones; what was used last
 * is used first. */
#include "buffer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "cache-line.h"
#include "thread.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size)   ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

#define SMALL_PER_LARGE (BUFFER_LARGE / BUFFER_SMALL)
#define ALL_FREE        ((1u << SMALL_PER_LARGE) - 1)

/* Fewer blocks cannot be divided. */
#define BLOCKS_MIN 4u
/* One command gets no more than this part of the pool, so that there is always room for others. */
#define MOST_PART 8u
/* What is for scratch: a block for each command that needs some and is under way. */
#define SCRATCH_PART 16u
/* A nexus may hold that many times what it leaves free of a part, less what is spared: one alone
 * four fifths, two four ninths each. */
#define SHARE 4u
/* Commands of the largest size for which who has some leaves room. */
#define SPARED 2u
/* Blocks that one wait may be for, from 1. */
#define SIZES (BUFFER_MOST / BUFFER_LARGE)

/* A large chunk. */
struct block {
    uint32_t free_small; /* one bit for each small chunk in it that is free; only if split */
    bool split;
    uint8_t use;               /* enum buffer_use, unless it is free as a whole */
    struct block *next, *prev; /* in part->partial, if split and free_small != 0 */
};

/* What one use has of the pool. */
struct part {
    uint32_t limit, blocks; /* that it may take, that it has */
    uint32_t spare;         /* of the limit: for nexuses that have none yet */
    uint32_t kept;          /* of the limit: at most for older ones that wait */
    struct block *partial;  /* split blocks with free small chunks, the last used first */
    size_t used;            /* bytes of chunks */
    GQueue turns;           /* struct buffer_share, by turn: who has some waiting */
    GQueue waits[SIZES];    /* struct buffer_wait, by node, in the order of arrival: of each size */
    uint64_t sizes;         /* one bit for each of these that is not empty */
};

struct buffer_pool {
    char *region; /* address space for all; the system gives pages when they are touched first */
    size_t mapped;
    uint32_t count; /* blocks */
    uint32_t most;  /* of them at once */
    struct block *blocks;
    uint32_t *free, free_count; /* stack of indexes of blocks that are free as a whole */
    struct part parts[BUFFER_USES];
    uint64_t waits;
    struct tgt_defer defer; /* wakes who waits */
};

/* ---- Chunks ---- */

static char *block_base(const struct buffer_pool *pool, const struct block *b)
{
    return pool->region + (size_t)(b - pool->blocks) * BUFFER_LARGE;
}

/* There is one: the limits of all parts add up to no more than there are. */
static struct block *block_pop(struct buffer_pool *pool, enum buffer_use use)
{
    struct block *b = &pool->blocks[pool->free[--pool->free_count]];
    b->use = (uint8_t)use;
    pool->parts[use].blocks++;
    return b;
}

static void block_push(struct buffer_pool *pool, struct block *b)
{
    pool->free[pool->free_count++] = (uint32_t)(b - pool->blocks);
    pool->parts[b->use].blocks--;
}

static void partial_add(struct part *part, struct block *b)
{
    b->prev = NULL;
    b->next = part->partial;
    if (b->next)
        b->next->prev = b;
    part->partial = b;
}

static void partial_remove(struct part *part, struct block *b)
{
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev)
        b->prev->next = b->next;
    else
        part->partial = b->next;
}

static void *small_get(struct buffer_pool *pool, enum buffer_use use)
{
    struct part *part = &pool->parts[use];
    struct block *b = part->partial;
    if (!b) {
        b = block_pop(pool, use);
        b->split = true;
        b->free_small = ALL_FREE;
        partial_add(part, b);
    }
    unsigned i = (unsigned)__builtin_ctz(b->free_small);
    b->free_small &= ~(1u << i);
    if (b->free_small == 0)
        partial_remove(part, b);
    return block_base(pool, b) + (size_t)i * BUFFER_SMALL;
}

static void small_put(struct buffer_pool *pool, struct block *b, size_t offset)
{
    struct part *part = &pool->parts[b->use];
    uint32_t bit = 1u << offset / BUFFER_SMALL;
    g_assert(!(b->free_small & bit) && offset % BUFFER_SMALL == 0);
    if (b->free_small == 0)
        partial_add(part, b);
    b->free_small |= bit;
    if (b->free_small != ALL_FREE)
        return;
    partial_remove(part, b);
    b->split = false;
    block_push(pool, b);
}

static void chunk_put(struct buffer_pool *pool, struct buffer_user *user, char *base)
{
    size_t offset = (size_t)(base - pool->region);
    g_assert(base >= pool->region && offset / BUFFER_LARGE < pool->count);
    struct block *b = &pool->blocks[offset / BUFFER_LARGE];
    size_t size = b->split ? BUFFER_SMALL : BUFFER_LARGE;
    struct buffer_share *share = &user->shares[b->use];
    g_assert(share->held >= size && pool->parts[b->use].used >= size);
    share->held -= size;
    pool->parts[b->use].used -= size;
    ASAN_POISON_MEMORY_REGION(base, size);
    if (b->split) {
        small_put(pool, b, offset % BUFFER_LARGE);
    } else {
        g_assert(offset % BUFFER_LARGE == 0);
        block_push(pool, b);
    }
}

static size_t large_chunks(size_t len)
{
    return len / BUFFER_LARGE + (len % BUFFER_LARGE != 0);
}

static size_t size_of(size_t len)
{
    return len <= BUFFER_SMALL ? BUFFER_SMALL : large_chunks(len) * BUFFER_LARGE;
}

/* Blocks that the part will have; the rest of a split one costs none. */
static size_t blocks_with(const struct part *part, size_t len)
{
    size_t more = len <= BUFFER_SMALL ? part->partial == NULL : large_chunks(len);
    return part->blocks + more;
}

/* `older`: blocks that must be left for one that has waited longer, 0 if there is none. */
static bool may_take(const struct part *part, const struct buffer_share *share, size_t len,
                     size_t older)
{
    size_t size = size_of(len), with = share->held + size, left = MIN(older, part->kept);
    bool one_chunk = with <= BUFFER_LARGE;
    if (share->held > 0 && !one_chunk)
        left = MAX(left, part->spare);
    if (blocks_with(part, len) + left > part->limit)
        return false;
    if (one_chunk || (share->held == 0 && older == 0))
        return true;
    return with <= SHARE * ((part->limit - left) * BUFFER_LARGE - part->used - size);
}

static int take(struct buffer_pool *pool, struct buffer_share *share, enum buffer_use use,
                size_t len, struct iovec *iov)
{
    int n = 0;
    share->held += size_of(len);
    pool->parts[use].used += size_of(len);
    if (len <= BUFFER_SMALL) {
        iov[0] = (struct iovec){small_get(pool, use), len};
        ASAN_UNPOISON_MEMORY_REGION(iov[0].iov_base, BUFFER_SMALL);
        return 1;
    }
    for (; len > 0; n++) {
        iov[n] = (struct iovec){block_base(pool, block_pop(pool, use)), MIN(len, BUFFER_LARGE)};
        ASAN_UNPOISON_MEMORY_REGION(iov[n].iov_base, BUFFER_LARGE);
        len -= iov[n].iov_len;
    }
    return n;
}

/* ---- Who waits ---- */

static unsigned size_index(const struct buffer_wait *wait)
{
    return (unsigned)(MAX(large_chunks(wait->len), 1) - 1);
}

static void sizes_add(struct part *part, struct buffer_wait *wait)
{
    unsigned i = size_index(wait);
    g_queue_push_tail_link(&part->waits[i], &wait->node);
    part->sizes |= UINT64_C(1) << i;
}

static void sizes_remove(struct part *part, struct buffer_wait *wait)
{
    unsigned i = size_index(wait);
    g_queue_unlink(&part->waits[i], &wait->node);
    if (part->waits[i].head == NULL)
        part->sizes &= ~(UINT64_C(1) << i);
}

/* Blocks for the largest of those that have waited longer. */
static size_t older(const struct part *part, const struct buffer_wait *wait)
{
    for (uint64_t sizes = part->sizes; sizes != 0;) {
        unsigned i = 63 - (unsigned)__builtin_clzll(sizes);
        const struct buffer_wait *oldest = part->waits[i].head->data;
        if (oldest->number < wait->number)
            return i + 1;
        sizes &= ~(UINT64_C(1) << i);
    }
    return 0;
}

static void queue_add(struct part *part, struct buffer_wait *wait)
{
    struct buffer_share *share = wait->share;
    g_assert(!wait->queued);
    wait->queued = true;
    wait->mine = wait->node = (GList){.data = wait};
    if (share->waits.head == NULL) {
        share->turn = (GList){.data = share};
        g_queue_push_tail_link(&part->turns, &share->turn);
    }
    g_queue_push_tail_link(&share->waits, &wait->mine);
    sizes_add(part, wait);
}

static void queue_remove(struct part *part, struct buffer_wait *wait)
{
    struct buffer_share *share = wait->share;
    sizes_remove(part, wait);
    g_queue_unlink(&share->waits, &wait->mine);
    if (share->waits.head == NULL)
        g_queue_unlink(&part->turns, &share->turn);
    wait->queued = false;
}

/* Of the nexus whose turn it is, the oldest; who may not take it now is passed over. */
static struct buffer_wait *next(struct part *part)
{
    for (unsigned n = part->turns.length; n > 0; n--) {
        GList *turn = g_queue_pop_head_link(&part->turns);
        struct buffer_share *share = turn->data;
        struct buffer_wait *wait = share->waits.head->data;
        g_queue_push_tail_link(&part->turns, turn);
        if (may_take(part, share, wait->len, older(part, wait)))
            return wait;
    }
    return NULL;
}

static void serve_part(struct buffer_pool *pool, enum buffer_use use)
{
    struct part *part = &pool->parts[use];
    struct buffer_wait *wait;
    while ((wait = next(part)) != NULL) {
        queue_remove(part, wait);
        wait->ready(wait, (unsigned)take(pool, wait->share, use, wait->len, wait->iov));
    }
}

static void serve(struct tgt_defer *defer)
{
    struct buffer_pool *pool =
        (struct buffer_pool *)((char *)defer - G_STRUCT_OFFSET(struct buffer_pool, defer));
    for (unsigned use = BUFFER_USES; use > 0; use--)
        serve_part(pool, use - 1);
}

static void serve_later(struct buffer_pool *pool)
{
    for (unsigned use = 0; use < BUFFER_USES; use++)
        if (G_UNLIKELY(pool->parts[use].turns.head != NULL))
            thread_defer(thread_self(), &pool->defer);
}

/* ---- The pool ---- */

static struct part part_with_large_ones(const struct buffer_pool *pool, uint32_t limit)
{
    return (struct part){
        .limit = limit, .spare = MIN(SPARED * pool->most, limit - 1), .kept = pool->most};
}

static void divide(struct buffer_pool *pool)
{
    pool->most = CLAMP(pool->count / MOST_PART, 1, SIZES);
    uint32_t scratch = MAX(pool->count / SCRATCH_PART, 1), in = (pool->count - scratch) / 2;
    pool->parts[BUFFER_SCRATCH] = (struct part){.limit = scratch};
    pool->parts[BUFFER_IN] = part_with_large_ones(pool, in);
    pool->parts[BUFFER_OUT] = part_with_large_ones(pool, pool->count - scratch - in);
}

struct buffer_pool *buffer_pool_new(size_t limit)
{
    uint32_t count = (uint32_t)CLAMP(limit / BUFFER_LARGE, BLOCKS_MIN, G_MAXINT32);
    size_t size = (size_t)count * BUFFER_LARGE;
    void *region = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return NULL;
    struct buffer_pool *pool = cache_line_alloc0(sizeof(struct buffer_pool));
    *pool =
        (struct buffer_pool){.region = region, .mapped = size, .count = count, .defer.fn = serve};
    pool->blocks = g_new0(struct block, count);
    pool->free = g_new(uint32_t, count);
    for (uint32_t i = count; i > 0; i--)
        pool->free[pool->free_count++] = i - 1;
    divide(pool);
    ASAN_POISON_MEMORY_REGION(region, size);
    return pool;
}

void buffer_pool_free(struct buffer_pool *pool)
{
    if (!pool)
        return;
    for (unsigned use = 0; use < BUFFER_USES; use++)
        g_assert(pool->parts[use].used == 0 && pool->parts[use].turns.head == NULL);
    ASAN_UNPOISON_MEMORY_REGION(pool->region, pool->mapped);
    munmap(pool->region, pool->mapped);
    g_free(pool->blocks);
    g_free(pool->free);
    g_aligned_free(pool);
}

size_t buffer_pool_most(const struct buffer_pool *pool)
{
    return (size_t)pool->most * BUFFER_LARGE;
}

static int wait_for(struct buffer_pool *pool, struct buffer_wait *wait, enum buffer_use use)
{
    wait->use = (uint8_t)use;
    wait->number = pool->waits++;
    queue_add(&pool->parts[use], wait);
    serve_later(pool); /* those before it may have to wait longer */
    return -EAGAIN;
}

int buffer_get(struct buffer_pool *pool, struct buffer_user *user, enum buffer_use use, size_t len,
               struct iovec *iov, unsigned max, struct buffer_wait *wait)
{
    struct part *part = &pool->parts[use];
    struct buffer_share *share = &user->shares[use];
    size_t chunks = len <= BUFFER_SMALL ? len > 0 : large_chunks(len);
    if (chunks > max || chunks > pool->most)
        return -E2BIG;
    if (len == 0)
        return 0;
    if (wait == NULL && blocks_with(part, len) > part->limit)
        return -EAGAIN;
    if (wait == NULL || (part->turns.head == NULL && may_take(part, share, len, 0)))
        return take(pool, share, use, len, iov);
    wait->iov = iov;
    wait->len = len;
    wait->share = share;
    return wait_for(pool, wait, use);
}

void buffer_put(struct buffer_pool *pool, struct buffer_user *user, const struct iovec *iov,
                unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        chunk_put(pool, user, iov[i].iov_base);
    serve_later(pool);
}

void buffer_wait_cancel(struct buffer_pool *pool, struct buffer_wait *wait)
{
    if (!wait->queued)
        return;
    queue_remove(&pool->parts[wait->use], wait);
    serve_later(pool); /* another one has waited longest now */
}

bool buffer_hinders(const struct buffer_pool *pool, const struct buffer_user *user,
                    enum buffer_use use)
{
    const struct buffer_share *share = &user->shares[use];
    unsigned own = share->waits.head != NULL;
    return share->held > 0 && pool->parts[use].turns.length > own;
}

void buffer_pool_stats(const struct buffer_pool *pool, struct buffer_stats *stats)
{
    *stats =
        (struct buffer_stats){.limit = (size_t)pool->count * BUFFER_LARGE, .waits = pool->waits};
    for (unsigned use = 0; use < BUFFER_USES; use++)
        stats->used += pool->parts[use].used;
}
