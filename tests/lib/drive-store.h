/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drives a backing store without a daemon: real I/O threads, and a host that only notes how
 * operations end. */
#ifndef TESTS_DRIVE_STORE_H
#define TESTS_DRIVE_STORE_H

#include <glib.h>
#include <tgt/tgt.h>

struct threads;

/* An open store. */
struct drive {
    const struct tgt_bs_ops *ops;
    struct tgt_bs_info info;
    void *handle;
    struct threads *threads;
};

/* Open the store of the plugin that is linked into the test, with `ring` ("uring" or "poll");
 * `options`: "key=value", NULL-terminated, may be NULL. NULL and the reason in *why (free it; `why`
 * NULL: the test fails). */
struct drive *drive_open(const char *ring, const char *path, char *const *options, bool read_only,
                         char **why);
void drive_close(struct drive *d);

/* One operation under way. */
struct drive_io {
    struct tgt_bs_io io;
    struct drive *drive;
    struct tgt_msg msg;
    gint state; /* see drive-store.c */
    int result;
    unsigned thread; /* where it runs: 0 or 1 */
    bool cancel;     /* cancel it when it has been submitted */
    uint8_t priv[TGT_BS_IO_PRIV_MAX] __attribute__((aligned(64)));
};

/* Start; fields op, flags, offset, length, iov and iovcnt of d_io->io are set. */
void drive_start(struct drive *d, struct drive_io *d_io);
/* Cancel what has not ended yet. */
void drive_cancel(struct drive_io *d_io);
/* Wait for its end; the result. */
int drive_wait(struct drive_io *d_io);

/* Start and wait, with one piece of memory. */
int drive_do(struct drive *d, enum tgt_bs_op op, unsigned flags, uint64_t offset, void *data,
             uint64_t length);
/* EXTENT at `offset`: how many bytes are alike, and whether there is storage. */
uint64_t drive_extent(struct drive *d, uint64_t offset, uint64_t length, bool *mapped);
/* Calls of tgt_bs_changed() since the process began. */
unsigned drive_changes(void);

#endif
