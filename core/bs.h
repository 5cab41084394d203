/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's side of backing stores: open and close in a worker, channels per thread, the three
 * models, emulation, splitting, parking. */
#ifndef CORE_BS_H
#define CORE_BS_H

#include <glib.h>
#include <tgt/tgt.h>

struct plugin;

/* An opened store. Made on the main thread, constant but for `info` sizes (bs_refresh) and what is
 * per thread. */
struct bs {
    struct plugin *plugin;        /* a user of it */
    const struct tgt_bs_ops *ops; /* the host's copy */
    void *handle;                 /* the store's */
    char *path;                   /* as given; may be NULL */
    char **options;               /* "key=value" as given, for listings: secrets are masked */
    bool read_only;               /* opened for reading only */
    struct tgt_bs_info info;      /* as filled by open(), with defaults put in and support levels
                                     completed by the host */
    void **chans;                 /* by thread index; NULL until first use on that thread */
};

/* What bs_open() needs. Strings are copied. */
struct bs_request {
    const char *type;     /* "rdwr" */
    const char *path;     /* or NULL */
    char *const *options; /* NULL-terminated "key=value", or NULL */
    bool read_only;
};

/* Load its plugin if need be, open in a worker; `done` on the main thread, now or later, with the
 * store, or NULL and an error, which it takes over. */
void bs_open(const struct bs_request *request,
             void (*done)(struct bs *bs, GError *error, void *data), void *data);
/* Close channels on their threads, then the handle in a worker, then `done` (may be NULL) on the
 * main thread. Nothing is under way. */
void bs_close(struct bs *bs, void (*done)(void *data), void *data);
/* Ask the store for its size again, in a worker; `done` on the main thread with the new info, or an
 * error. */
void bs_refresh(struct bs *bs,
                void (*done)(struct bs *bs, const struct tgt_bs_info *info, GError *error,
                             void *data),
                void *data);
/* The same, after it has been made `size` bytes long. */
void bs_resize(struct bs *bs, uint64_t size,
               void (*done)(struct bs *bs, const struct tgt_bs_info *info, GError *error,
                            void *data),
               void *data);
/* Where the bs part of a command is. */
enum bs_task_state {
    BS_IDLE,       /* nothing is under way */
    BS_RESTING,    /* the request goes on in another turn */
    BS_SUBMITTING, /* inside the store's submit() */
    BS_FINISHED,   /* the store ended the operation from within submit() */
    BS_RUNNING,    /* the store has it */
    BS_PARKED,     /* the store said -EAGAIN; a timer runs */
    BS_LENT,       /* the response is sent from the store's memory */
};

/* The bs part of one command; embedded in struct core_cmd (cmd.h). */
struct bs_task {
    struct tgt_bs_io
        io; /* what the store sees; io.priv is the command's room (set once by cmd.c) */
    struct bs *bs;
    struct tgt_bs_request request; /* what the handler asked for; its done is called at the end */
    struct tgt_cmd *cmd;           /* set once by cmd.c */
    uint64_t moved;                /* bytes of the request that are done */
    struct tgt_op op;              /* BLOCKING: the worker's; parking: the timer */
    struct tgt_msg msg;            /* OWN_THREADS: the way home */
    struct tgt_defer later;        /* goes on after a rest */
    uint8_t state;                 /* enum bs_task_state */
    uint8_t step;                  /* enum bs_step in bs.c */
    int result;                    /* of the last operation */
    struct iovec iov[4];           /* window for splits and emulations */
};

/* Services tgt_cmd_bs(), tgt_cmd_read(), tgt_bs_io_done(), tgt_bs_changed(). */
void cmd_bs(struct tgt_cmd *cmd, const struct tgt_bs_request *request);
void cmd_read(struct tgt_cmd *cmd, uint64_t offset, uint32_t length, unsigned flags,
              void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result));
void bs_io_done(struct tgt_bs_io *io, int result);
void bs_changed(void *handle);
int lu_usage(const struct tgt_lu *lu, uint64_t *used, uint64_t *available);
/* Called by cmd.c when a command in state BS is aborted: pass it on to the store's cancel() if it
 * has one, end a parked one. */
void bs_cancel(struct tgt_cmd *cmd);
/* Called by cmd.c when the command is released: give lent memory back. */
void bs_release(struct tgt_cmd *cmd);

#endif
