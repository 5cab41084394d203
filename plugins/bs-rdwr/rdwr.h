/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the store "rdwr" share: an opened file or block device, and one operation on
 * it. */
#ifndef RDWR_H
#define RDWR_H

#include <sys/stat.h>
#include <tgt/tgt.h>

/* An opened file or block device. Constant after open() but for what is said to be atomic: it is
 * used by all I/O threads. */
struct rdwr {
    int fd;
    char *path;
    bool device; /* a block device, not a file */
    bool read_only;
    bool direct;      /* O_DIRECT: the page cache is left out */
    bool sync;        /* each write is durable when it completes */
    bool in_memory;   /* tmpfs or ramfs: reads and writes never wait for a disk */
    bool can_punch;   /* discarding works */
    uint32_t granule; /* devices: logical block; ranges that are discarded or zeroed are multiples
                         of it */
    bool no_nowait_read;  /* atomic: the file system has no RWF_NOWAIT for reads */
    bool no_nowait_write; /* atomic: the same for writes */
    bool failed;          /* atomic: a flush has failed; see rdwr_flush_failed() */
    bool shrunk; /* atomic: the host was told that the size has changed, and has not looked yet */
};

/* What the operation under way is for. */
enum rdwr_step {
    RDWR_MOVE,        /* a part of a READ or WRITE */
    RDWR_FLUSH_FIRST, /* the flush before a READ with FUA */
    RDWR_FLUSH,       /* FLUSH, or what makes a range operation durable: the last step */
    RDWR_RANGE,       /* DISCARD or WRITE_ZEROES */
    RDWR_EXTENT,      /* EXTENT, in a worker */
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
    int mode;                         /* RDWR_RANGE: of fallocate(2) */
    struct iovec window[RDWR_WINDOW]; /* the rest of the data after a short transfer */
};

/* rdwr-open.c */
int rdwr_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
              struct tgt_error *err);
void rdwr_close(void *handle);
int rdwr_refresh(void *handle, struct tgt_bs_info *info, struct tgt_error *err);
int rdwr_usage(void *handle, uint64_t *used, uint64_t *available);

/* rdwr-info.c: limits and abilities, from the open descriptor. */
int rdwr_info(const struct rdwr *r, struct tgt_bs_info *info, struct tgt_error *err);

/* rdwr-move.c: READ and WRITE; continues until all is moved. */
void rdwr_move(struct rdwr_io *ri);
void rdwr_moved(struct rdwr_io *ri, int64_t res);

/* rdwr-range.c: FLUSH, DISCARD, WRITE_ZEROES and EXTENT. */
void rdwr_flush(struct rdwr_io *ri, enum rdwr_step step);
void rdwr_discard(struct rdwr_io *ri);
void rdwr_write_zeroes(struct rdwr_io *ri);
void rdwr_range_done(struct rdwr_io *ri, int64_t res);
void rdwr_extent(struct rdwr_io *ri);

/* rdwr.c. The end of an operation. */
void rdwr_end(struct rdwr_io *ri, int64_t res);
/* A flush has failed with `res`: what was written before may be lost, and the kernel says so only
 * once. From now on neither flushes nor writes succeed, so that no later flush can be taken for one
 * that made that data durable. Reads go on. */
void rdwr_flush_failed(struct rdwr *r, int64_t res);
/* Did the operation fail for a reason that says nothing of the data? */
bool rdwr_not_done(int64_t res);

#endif
