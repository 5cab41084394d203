/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the store "rdwr" share: an opened file or block device, and one operation on
 * it. */
#ifndef RDWR_H
#define RDWR_H

#include <pthread.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <tgt/tgt.h>

TAILQ_HEAD(rdwr_queue, rdwr_io);

/* Those who wait until what was written is durable (rdwr-commit.c). */
struct rdwr_commit {
    pthread_mutex_t lock;
    struct rdwr_queue waiting; /* under lock: for the next round */
    struct rdwr_queue members; /* under lock: of the round under way; empty: there is none */
    struct tgt_thread *thread; /* whose round it is; this and the rest are that thread's */
    struct tgt_defer defer;    /* begins the round */
    struct tgt_op op;          /* its fdatasync() */
};

/* A file in memory as it is mapped (rdwr-map.c). */
struct rdwr_map {
    uint8_t *base;   /* NULL: it is not */
    uint64_t length; /* of the file when it was opened */
    uint64_t looked; /* atomic: when its length was looked at, nanoseconds */
    uint64_t usable; /* atomic: as much of it was there then */
    uint8_t *chunks; /* atomic: which parts have no holes */
};

/* An opened file or block device. Constant after open() but for what is said to be atomic and for
 * `commit`: it is used by all I/O threads. */
struct rdwr {
    int fd;
    char *path;
    bool device; /* a block device, not a file */
    bool read_only;
    bool direct;      /* O_DIRECT: the page cache is left out */
    bool sync;        /* each write is durable when it completes */
    bool in_memory;   /* tmpfs or ramfs: reads and writes never wait for a disk */
    bool tells_late;  /* NFS with a page cache: a write may report what earlier ones have lost */
    bool can_punch;   /* discarding works */
    uint32_t granule; /* devices: logical block; ranges that are discarded or zeroed are multiples
                         of it */
    bool failed;      /* atomic: see rdwr_failed() */
    bool shrunk; /* atomic: the host was told that the size has changed, and has not looked yet */
    struct rdwr_map map;
    struct rdwr_commit commit;
};

/* What the operation under way is for. */
enum rdwr_step {
    RDWR_MOVE,         /* a part of a READ or WRITE */
    RDWR_COMMIT_FIRST, /* what is cached becomes durable before a READ with FUA */
    RDWR_COMMIT,       /* FLUSH, or what makes another operation durable: the last step */
    RDWR_RANGE,        /* DISCARD or WRITE_ZEROES */
    RDWR_EXTENT,       /* EXTENT, in a worker */
};

#define RDWR_WINDOW 16

/* One operation; lives in io->priv. */
struct rdwr_io {
    struct tgt_op op; /* first */
    struct rdwr *rdwr;
    struct tgt_bs_io *io;
    uint64_t moved; /* bytes done */
    uint8_t step;   /* enum rdwr_step */
    bool cancelled;
    bool waits; /* under the lock of `commit`: is in its list `waiting` */
    int mode;   /* RDWR_RANGE: of fallocate(2) */
    union {
        struct iovec window[RDWR_WINDOW]; /* RDWR_MOVE: the rest of the data after a short one */
        struct {                          /* RDWR_COMMIT */
            TAILQ_ENTRY(rdwr_io) entry;   /* under the lock of `commit` */
            struct tgt_msg msg;           /* the way back from the thread of the round */
            int64_t res;
        };
    };
};

/* rdwr-open.c */
int rdwr_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
              struct tgt_error *err);
void rdwr_close(void *handle);
int rdwr_refresh(void *handle, struct tgt_bs_info *info, struct tgt_error *err);
int rdwr_resize(void *handle, uint64_t size, struct tgt_error *err);
int rdwr_usage(void *handle, uint64_t *used, uint64_t *available);

/* rdwr-info.c: limits and abilities, from the open descriptor. */
int rdwr_info(const struct rdwr *r, struct tgt_bs_info *info, struct tgt_error *err);

/* rdwr-move.c: READ and WRITE; continues until all is moved. */
void rdwr_move(struct rdwr_io *ri);
void rdwr_moved(struct rdwr_io *ri, int64_t res);

/* rdwr-map.c: map a file in memory, if that can be done. */
void rdwr_map(struct rdwr *r);
void rdwr_unmap(struct rdwr *r);
/* Move all data of a READ or WRITE; false: that is to be done by system calls. */
bool rdwr_map_move(struct rdwr_io *ri);
/* There may be holes in this range by now. */
void rdwr_map_forget(struct rdwr *r, uint64_t offset, uint64_t length);

/* rdwr-commit.c: all that has been written when it is called becomes durable, then the operation
 * ends or, after RDWR_COMMIT_FIRST, goes on. */
void rdwr_commit(struct rdwr_io *ri, enum rdwr_step step);
/* Who waits for a round leaves; who is in one gets its result. */
void rdwr_commit_cancel(struct rdwr_io *ri);
/* Data that was written has been lost, as `res` says. */
void rdwr_lost(struct rdwr *r, int64_t res);
void rdwr_commit_init(struct rdwr_commit *c);
void rdwr_commit_clear(struct rdwr_commit *c);

/* rdwr-range.c: DISCARD, WRITE_ZEROES and EXTENT. */
void rdwr_discard(struct rdwr_io *ri);
void rdwr_write_zeroes(struct rdwr_io *ri);
void rdwr_range_done(struct rdwr_io *ri, int64_t res);
void rdwr_extent(struct rdwr_io *ri);

/* rdwr.c. The end of an operation; of one that has written, when that is durable if it has to be.
 */
void rdwr_end(struct rdwr_io *ri, int64_t res);
void rdwr_end_written(struct rdwr_io *ri);

/* Has data been lost? The kernel says so only once. From then on nothing is written or flushed, so
 * that no later success can be taken for one that made that data durable, and nothing is read "from
 * the medium", because lost data may still be in the page cache. Other reads go on. */
static inline bool rdwr_failed(const struct rdwr *r)
{
    return __atomic_load_n(&r->failed, __ATOMIC_RELAXED);
}

#endif
