/* SPDX-License-Identifier: MIT */
/* Backing stores: where the bytes are. A store sees {op, offset, length, iovecs} and never a CDB.
 */
#ifndef TGT_BS_H
#define TGT_BS_H

#include <tgt/op.h>
#include <tgt/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a store wants to be called. */
enum tgt_bs_model {
    TGT_BS_ASYNC =
        1, /**< submit() on the command's I/O thread; must not block; completes on that thread */
    TGT_BS_BLOCKING = 2, /**< read(), write(), … in a worker thread; may block. Calls for one handle
                            may run in parallel */
    TGT_BS_OWN_THREADS =
        3, /**< submit() on the I/O thread, must not block; completes from any thread */
};

/** Operations: X(NAME). */
#define TGT_BS_OP_LIST(X)                                                                          \
    X(READ)    /* fill the iovecs */                                                               \
    X(WRITE)   /* write the iovecs */                                                              \
    X(FLUSH)   /* all completed writes become durable; offset and length 0: everything */          \
    X(DISCARD) /* the range may be given back; reads zeroes after if discard_zeroes was said */    \
    X(WRITE_ZEROES) /* the range reads as zeroes; TGT_BS_MAY_UNMAP allows to give the space back   \
                     */                                                                            \
    X(COMPARE_AND_WRITE) /* iovecs hold 2 * length bytes: expected data, then new data; -EILSEQ:   \
                            io->info = first byte */                                               \
    X(EXTENT) /* io->info = bytes from offset on that are alike, io->extent = enum tgt_bs_extent   \
               */

/** Operations, TGT_BS_READ and so on. */
enum tgt_bs_op {
    TGT_BS_OP_NONE_ = 0,
#define X(name) TGT_BS_##name,
    TGT_BS_OP_LIST(X)
#undef X
        TGT_BS_OP_COUNT_
};

/** Flags of an operation. */
enum tgt_bs_flags {
    TGT_BS_FUA = 1, /**< with WRITE, WRITE_ZEROES, COMPARE_AND_WRITE: durable before completion;
                       with READ: from the medium */
    TGT_BS_MAY_UNMAP = 2, /**< with WRITE_ZEROES: the space may be deallocated */
    TGT_BS_DPO = 4,       /**< hint: will not be used again soon */
};

/** What EXTENT found. */
enum tgt_bs_extent {
    TGT_BS_MAPPED = 0,      /**< has storage */
    TGT_BS_DEALLOCATED = 1, /**< has none, reads as zeroes */
};

/** How well a store can do something. */
enum tgt_bs_support {
    TGT_BS_NONE = 0,    /**< not at all: not offered to initiators */
    TGT_BS_EMULATE = 1, /**< the host does it with other operations */
    TGT_BS_NATIVE = 2,  /**< the store does it */
};

/** One operation of a command on a store. Belongs to the host; borrowed by the store from submit()
 * to tgt_bs_io_done(). */
struct tgt_bs_io {
    uint8_t op;              /**< enum tgt_bs_op */
    uint8_t flags;           /**< enum tgt_bs_flags, ored */
    uint8_t extent;          /**< out, for EXTENT: enum tgt_bs_extent */
    uint32_t iovcnt;         /**< number of iovecs */
    const struct iovec *iov; /**< data; sum of lengths = length (2 * length for COMPARE_AND_WRITE);
                                the store may not change the array */
    uint64_t offset;         /**< bytes from the start; a multiple of the block size */
    uint64_t length;         /**< bytes; within the size (the host has checked) */
    uint64_t info;           /**< out: see the operations */
    struct tgt_thread
        *thread; /**< the I/O thread that submitted; for the verbs of an ASYNC store */
    void *priv;  /**< io_priv_size bytes of the store, not zeroed */
};

/** What a store says of itself when it is opened; what the host advertises and enforces. Zeroed by
 * the host before open(), but for `flush`, `discard`, `write_zeroes` and `extents` of the BLOCKING
 * model: NATIVE where there is the callback; open() sets NONE for what it cannot do this time. What
 * does not fit together is refused with a sentence. */
struct tgt_bs_info {
    uint32_t struct_size; /**< set by the host: its sizeof; do not write fields beyond */
    uint32_t block_size;  /**< smallest unit of read and write in bytes, a power of two from 512 to
                             4096; 0: 512 */
    uint32_t physical_block; /**< physical block in bytes, a power of two; 0: as block_size */
    uint32_t alignment; /**< memory alignment that iovecs need in bytes (O_DIRECT); 0: none. Host
                           buffers are 4096-aligned */
    uint64_t size;      /**< bytes */
    uint32_t optimal_transfer; /**< bytes; 0: unknown */
    uint32_t max_transfer;     /**< largest READ or WRITE in bytes, a multiple of 4096; 0: no limit.
                                  The host splits */
    uint64_t max_discard;      /**< largest DISCARD or WRITE_ZEROES in bytes; 0: no limit. The host
                                  splits, at multiples of 4096 */
    uint32_t discard_granularity; /**< bytes; 0: unknown */
    bool read_only;               /**< the medium cannot be written */
    bool rotational;              /**< spinning disk */
    bool discard_zeroes;          /**< discarded ranges read as zeroes */
    bool write_back;              /**< completed writes may be lost before a FLUSH */
    uint8_t flush;                /**< enum tgt_bs_support */
    uint8_t fua;                  /**< enum tgt_bs_support; EMULATE: write, then flush */
    uint8_t discard;              /**< enum tgt_bs_support; NONE or NATIVE */
    uint8_t write_zeroes;         /**< enum tgt_bs_support; EMULATE: writes of zeroes */
    uint8_t compare_and_write; /**< enum tgt_bs_support; EMULATE: read, compare, write under a claim
                                  of the LU */
    uint8_t extents;           /**< enum tgt_bs_support; NONE: all is reported as mapped */
};

/** What open() is given. Strings and params live until open() returns. */
struct tgt_bs_open {
    uint32_t struct_size; /**< set by the host */
    const char
        *path; /**< what the admin gave as path; NULL if nothing. Its meaning is the store's own */
    const struct tgt_params *params; /**< values of the store's lu_params */
    bool read_only;                  /**< open for reading only */
};

/** The table of a store: how it wants to be called, its options and its callbacks. Const and
 * static in the plugin. */
struct tgt_bs_ops {
    uint32_t struct_size;              /**< sizeof(struct tgt_bs_ops) */
    uint32_t model;                    /**< enum tgt_bs_model */
    uint32_t io_priv_size;             /**< bytes of io->priv, at most TGT_BS_IO_PRIV_MAX */
    uint32_t lu_param_count;           /**< elements in lu_params */
    uint32_t lu_param_size;            /**< sizeof(struct tgt_param) */
    const struct tgt_param *lu_params; /**< options of one opened store (`--opt k=v`, bsopts) */

    /** Open. In a worker thread, may block. Fills `info`, returns 0 and the handle, or a negative
     * errno with `err` filled. Required. */
    int (*open)(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                struct tgt_error *err);
    /** Close. In a worker thread, may block; no operation is under way, all channels are closed.
     * Required. */
    void (*close)(void *handle);

    /** ASYNC and OWN_THREADS: state of a handle on one I/O thread, made on that thread on first
     * use. Optional: without it the channel is the handle. Returns 0 or a negative errno; must not
     * block. */
    int (*chan_open)(void *handle, struct tgt_thread *thread, void **chan);
    /** Counterpart of chan_open(), on the same thread, with no operation under way. */
    void (*chan_close)(void *chan);
    /** ASYNC and OWN_THREADS: start an operation; must not block. The way back is
     * tgt_bs_io_done(io, 0 | -errno), exactly once, also from within submit(). -EAGAIN: the host
     * parks the operation and submits it again later. Required for these models. */
    void (*submit)(void *chan, struct tgt_bs_io *io);
    /** ASYNC and OWN_THREADS, optional: cancel an operation if that is quick; it still ends by
     * tgt_bs_io_done(), once. OWN_THREADS: another thread may have called that just before. */
    void (*cancel)(void *chan, struct tgt_bs_io *io);
    /** ASYNC and OWN_THREADS, optional: lend memory that holds the range of a READ instead of
     * copying it. Returns the number of iovecs filled in (1 to max), or 0: not possible, submit()
     * will be called. Must not block. The memory stays valid and belongs to the reader until
     * giveback(). */
    unsigned (*lend)(void *chan, struct tgt_bs_io *io, struct iovec *iov, unsigned max);
    /** The counterpart of lend(), on the same thread. Required with lend. */
    void (*giveback)(void *chan, struct tgt_bs_io *io);

    /* BLOCKING: plain callbacks in worker threads. All return 0 or a negative errno; offset and
     * length are within the size. */
    /** Read exactly `len` bytes. Required for BLOCKING. */
    int (*read)(void *handle, void *buf, uint32_t len, uint64_t offset);
    /** Write exactly `len` bytes. Without it the store is read-only. */
    int (*write)(void *handle, const void *buf, uint32_t len, uint64_t offset);
    /** Make completed writes durable. Needed if info->write_back. */
    int (*flush)(void *handle);
    /** Give a range back. */
    int (*discard)(void *handle, uint64_t length, uint64_t offset);
    /** Make a range read as zeroes; `flags` as in tgt_bs_io. */
    int (*write_zeroes)(void *handle, uint64_t length, uint64_t offset, uint32_t flags);
    /** Describe the range at `offset`: *length in: wanted, out: bytes that are alike; *extent: enum
     * tgt_bs_extent. */
    int (*extent)(void *handle, uint64_t offset, uint64_t *length, uint8_t *extent);

    /* All models; main thread's worker; may block; optional. */
    /** Look again: fill `info` anew (size). Called for `lun resize`; also when the store has called
     * tgt_bs_changed(). */
    int (*refresh)(void *handle, struct tgt_bs_info *info, struct tgt_error *err);
    /** Bytes of storage in use, and bytes that could still be stored, for thin provisioning. Any
     * thread, must not block (an fstat is fine). Returns 0 or a negative errno. Optional. */
    int (*usage)(void *handle, uint64_t *used, uint64_t *available);
    /** Since 1.1. Make it `size` bytes long, a multiple of the logical block; new bytes read as
     * zeroes. Called for `lun resize` with a size, on the main thread's worker, may block;
     * operations may be under way meanwhile. refresh() is called afterwards and is required with
     * it. Smaller only where the admin has said so. Returns 0 or a negative errno with `err`
     * filled. Optional. */
    int (*resize)(void *handle, uint64_t size, struct tgt_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
