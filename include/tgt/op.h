/* SPDX-License-Identifier: MIT */
/* One asynchronous operation on an I/O thread: the struct that a plugin embeds, and the rules of
 * its life.
 *
 * A plugin embeds a struct tgt_op in its own object, fills `done`, and hands it to one of the verbs
 * of host.h (tgt_op_readv, tgt_op_sendmsg, tgt_op_poll, …). Rules, for all verbs:
 *  - Called on the I/O thread that is given, and only there. `done` runs on the same thread.
 *  - `done` is called exactly once for each start, never from within the verb itself; after it the
 * op may be used again.
 *  - From start to `done` the op, and all memory that the verb was given (iovecs, msghdr, buffers),
 * belong to the host: they stay where they are and are not written to.
 *  - A descriptor that the verb was given stays open until `done`.
 *  - `res` is what the system call would return: bytes or 0 on success, a negative errno on
 * failure. Short reads and writes are reported as such, the caller continues them.
 *  - A cancelled op ends like every other, by `done`: with -ECANCELED, or with its result if that
 * came first.
 */
#ifndef TGT_OP_H
#define TGT_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** In `flags` of tgt_op_readv() and tgt_op_writev(): it waits for the disk in any case (O_DIRECT),
 * so the thread does not try whether it can be done at once. */
#define TGT_OP_WAITS (1 << 30)

/** An I/O thread; opaque. Lives as long as the daemon. */
struct tgt_thread;

/** One asynchronous operation. Zero it once before first use. 64 bytes, frozen. */
struct tgt_op {
    /** Called on the I/O thread when the operation has ended; `res` is bytes or 0, or a negative
     * errno. May be called only once per start. It may free or restart the op. */
    void (*done)(struct tgt_op *op, int64_t res);
    /** The host's; opaque to plugins. */
    uint64_t host_priv[7];
};

/** A message to a thread: `fn` is called once on the receiving thread, in the order of posting per
 * sender. The message belongs to the receiver from the post on; it is typically embedded in a
 * larger object. */
struct tgt_msg {
    /** What to do; runs on the receiving thread and may free or repost the message. */
    void (*fn)(struct tgt_msg *msg);
    /** The host's; opaque. */
    struct tgt_msg *host_next;
};

/** Work to be done at the end of this turn of an I/O thread, after all completions that were ready
 * have been delivered and before the thread sleeps: the place to send all replies of the turn with
 * one system call. Zero before first use. */
struct tgt_defer {
    /** Called once on the thread. It may defer itself again (that runs before the thread sleeps,
     * too). */
    void (*fn)(struct tgt_defer *defer);
    /** The host's; opaque. */
    struct tgt_defer *host_next;
    /** True from tgt_thread_defer() to the call of `fn`; deferring again meanwhile does nothing.
     * Read-only for plugins. */
    bool pending;
};

#ifdef __cplusplus
}
#endif
#endif
