/* SPDX-License-Identifier: MIT */
/* The services of the host: one sized table that load() is given, and inline callers for it.
 *
 * "Any thread" and so on in the comments say where a service may be called. Services of a command
 * are called on the command's thread, by its owner.
 */
#ifndef TGT_HOST_H
#define TGT_HOST_H

#include <tgt/bs.h>
#include <tgt/cmd.h>
#include <tgt/device.h>
#include <tgt/op.h>
#include <tgt/plugin.h>
#include <tgt/sense.h>
#include <tgt/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct msghdr;
struct tgt_watch;

/** Log levels; the admin sees ERROR, WARNING and NOTICE by default. */
enum tgt_log_level {
    TGT_LOG_ERROR = 0,
    TGT_LOG_WARNING = 1,
    TGT_LOG_NOTICE = 2,
    TGT_LOG_INFO = 3,
    TGT_LOG_DEBUG = 4
};

/** One request of a device handler to the store of its LU. Copied by the host. */
struct tgt_bs_request {
    uint8_t op;              /**< enum tgt_bs_op */
    uint8_t flags;           /**< enum tgt_bs_flags */
    uint32_t iovcnt;         /**< number of iovecs */
    const struct iovec *iov; /**< data; stays valid until `done` */
    uint64_t offset;         /**< bytes */
    uint64_t length;         /**< bytes */
    /** Called once on the command's thread; `result` is 0 or a negative errno; `io` is valid during
     * the call (info, extent). */
    void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result);
};

/** Who asks for a target: for access control. */
struct tgt_access {
    const char *initiator; /**< initiator device name, or NULL if not known yet */
    const char *peer;      /**< numeric peer address without port */
};

/** Answers of tgt_target_find(). */
enum tgt_find {
    TGT_FIND_OK = 0,        /**< found, and access is granted */
    TGT_FIND_NONE = 1,      /**< there is no such target */
    TGT_FIND_FORBIDDEN = 2, /**< access control says no */
    TGT_FIND_OFFLINE = 3,   /**< the target is offline */
};

/** The table. Fields are only appended. */
struct tgt_host {
    uint32_t struct_size;          /**< the host's sizeof(struct tgt_host) */
    uint16_t abi_major, abi_minor; /**< the host's ABI */
    const char *version;           /**< the daemon's version */

    /* Everywhere */
    void (*log)(enum tgt_log_level level, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
    int (*error_set)(struct tgt_error *err, int code, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
    const char *(*param_str)(const struct tgt_params *params, const char *name);
    uint64_t (*param_uint)(const struct tgt_params *params, const char *name);
    bool (*param_bool)(const struct tgt_params *params, const char *name);
    void (*plugin_data_set)(const struct tgt_plugin *self, void *data);
    void *(*plugin_data)(const struct tgt_plugin *self);

    /* Threads */
    struct tgt_thread *(*thread_self)(void);
    struct tgt_thread *(*thread_pick)(void);
    unsigned (*thread_index)(const struct tgt_thread *thread);
    void *(*thread_data)(struct tgt_thread *thread, const struct tgt_plugin *self);
    void (*thread_post)(struct tgt_thread *thread, struct tgt_msg *msg);
    void (*thread_defer)(struct tgt_thread *thread, struct tgt_defer *defer);
    uint64_t (*thread_now)(struct tgt_thread *thread);
    struct tgt_watch *(*watch_add)(int fd, void (*fn)(int fd, void *data), void *data);
    void (*watch_remove)(struct tgt_watch *watch);

    /* Operations */
    void (*op_readv)(struct tgt_thread *t, struct tgt_op *op, int fd, const struct iovec *iov,
                     unsigned n, uint64_t offset, int flags);
    void (*op_writev)(struct tgt_thread *t, struct tgt_op *op, int fd, const struct iovec *iov,
                      unsigned n, uint64_t offset, int flags);
    void (*op_fsync)(struct tgt_thread *t, struct tgt_op *op, int fd, bool data_only);
    void (*op_fallocate)(struct tgt_thread *t, struct tgt_op *op, int fd, int mode, uint64_t offset,
                         uint64_t length);
    void (*op_recvmsg)(struct tgt_thread *t, struct tgt_op *op, int fd, struct msghdr *msg,
                       int flags);
    void (*op_sendmsg)(struct tgt_thread *t, struct tgt_op *op, int fd, const struct msghdr *msg,
                       int flags);
    void (*op_poll)(struct tgt_thread *t, struct tgt_op *op, int fd, short events);
    void (*op_timeout)(struct tgt_thread *t, struct tgt_op *op, uint64_t ns);
    void (*op_call)(struct tgt_thread *t, struct tgt_op *op, int64_t (*fn)(struct tgt_op *op));
    void (*op_cancel)(struct tgt_thread *t, struct tgt_op *op);

    /* Stores */
    void (*bs_io_done)(struct tgt_bs_io *io, int result);
    void (*bs_changed)(void *handle);

    /* Commands: transports */
    struct tgt_cmd *(*cmd_new)(struct tgt_nexus *nexus);
    void (*cmd_submit)(struct tgt_cmd *cmd);
    void (*cmd_data_ready)(struct tgt_cmd *cmd, int result);
    void (*cmd_release)(struct tgt_cmd *cmd);
    void (*tmf_submit)(struct tgt_tmf *tmf);

    /* Commands: device types */
    void (*cmd_good)(struct tgt_cmd *cmd);
    void (*cmd_status)(struct tgt_cmd *cmd, enum tgt_status status);
    void (*cmd_sense)(struct tgt_cmd *cmd, enum tgt_sense sense);
    void (*cmd_sense_field)(struct tgt_cmd *cmd, unsigned byte, int bit);
    void (*cmd_sense_param)(struct tgt_cmd *cmd, enum tgt_sense sense, unsigned byte, int bit);
    void (*cmd_sense_info)(struct tgt_cmd *cmd, enum tgt_sense sense, uint64_t info);
    void (*cmd_sense_raw)(struct tgt_cmd *cmd, const void *sense, unsigned len);
    void (*cmd_bs_error)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result);
    int (*cmd_in_put)(struct tgt_cmd *cmd, const void *data, size_t len);
    void (*cmd_reply)(struct tgt_cmd *cmd, const void *data, size_t len);
    size_t (*cmd_out_get)(const struct tgt_cmd *cmd, size_t offset, void *dst, size_t len);
    void *(*cmd_scratch)(struct tgt_cmd *cmd, size_t len);
    void (*cmd_read)(struct tgt_cmd *cmd, uint64_t offset, uint32_t length, unsigned flags,
                     void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result));
    void (*cmd_bs)(struct tgt_cmd *cmd, const struct tgt_bs_request *request);

    /* Logical units */
    uint64_t (*lu_blocks)(const struct tgt_lu *lu);
    void (*lu_state)(struct tgt_lu *lu, unsigned set, unsigned clear);
    void (*lu_attention)(struct tgt_lu *lu, enum tgt_sense sense, const struct tgt_nexus *except);
    int (*lu_mode_get)(struct tgt_lu *lu, uint8_t code, uint8_t subcode, uint8_t *page,
                       size_t size);
    bool (*lu_job_begin)(struct tgt_lu *lu, enum tgt_sense sense);
    void (*lu_job_progress)(struct tgt_lu *lu, uint64_t done, uint64_t total);
    void (*lu_job_end)(struct tgt_lu *lu);

    /* Nexuses and targets: transports */
    struct tgt_nexus *(*nexus_open)(const struct tgt_plugin *self,
                                    const struct tgt_nexus_args *args, struct tgt_error *err);
    void (*nexus_close)(struct tgt_nexus *nexus, void (*done)(void *priv));
    void *(*nexus_priv)(const struct tgt_nexus *nexus);
    /* name NULL (1.1): are logins taken at all? TGT_FIND_OK, with no target, or _OFFLINE */
    enum tgt_find (*target_find)(const char *name, const struct tgt_access *access,
                                 struct tgt_target **target);
    void (*target_unref)(struct tgt_target *target);
    const char *(*target_name)(const struct tgt_target *target);
    void (*target_each)(const struct tgt_access *access, void (*fn)(const char *name, void *data),
                        void *data);
    void (*portal_each)(const struct tgt_plugin *self,
                        void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt, void *data),
                        void *data);
    uint64_t (*target_param_uint)(const struct tgt_target *target, const struct tgt_plugin *self,
                                  const char *name);
    size_t (*target_param_str)(const struct tgt_target *target, const struct tgt_plugin *self,
                               const char *name, char *buf, size_t size);
    int (*lu_usage)(const struct tgt_lu *lu, uint64_t *used, uint64_t *available);
    int (*copy_mapped)(void *to, const void *from, size_t length);
    bool (*nexus_hinders)(struct tgt_nexus *nexus, enum tgt_dir dir);
    bool (*auth_required)(const struct tgt_target *target);
    bool (*auth_find)(const struct tgt_target *target, const char *user, struct tgt_account *found);
    void (*target_visit)(const struct tgt_access *access,
                         void (*fn)(const struct tgt_target *target, void *data), void *data);
    bool (*target_in_group)(const struct tgt_target *target, uint16_t tpgt);
};

/** The plugin's private copy of the table, defined by TGT_PLUGIN_DEFINE; zero before load(). */
extern __attribute__((visibility("hidden"))) struct tgt_host tgt_host_table_;

/** The plugin's own descriptor, for the services that ask "who are you?". */
extern __attribute__((visibility("default"))) const struct tgt_plugin tgt_plugin;

/** Used by TGT_PLUGIN_DEFINE: take over min(size) of the table. */
static inline void tgt_host_adopt_(const struct tgt_host *host)
{
    size_t n =
        host->struct_size < sizeof(struct tgt_host) ? host->struct_size : sizeof(struct tgt_host);
    __builtin_memcpy(&tgt_host_table_, host, n);
}

#define TGT_H_ tgt_host_table_

/* ---- Everywhere ---- */

/** Log a line (no newline at the end). Any thread. Not for the data path above DEBUG. */
#define tgt_log(level, ...) (TGT_H_.log((level), __VA_ARGS__))
/** Say why something failed; returns -`code` (a positive errno) so that one can write `return
 * tgt_error_set(err, EIO, …)`. */
#define tgt_error_set(err, code, ...) (TGT_H_.error_set((err), (code), __VA_ARGS__))
/** Value of a STRING, PATH or ENUM parameter, or NULL if it has neither value nor default. Valid as
 * long as `params`. */
static inline const char *tgt_param_str(const struct tgt_params *params, const char *name)
{
    return TGT_H_.param_str(params, name);
}
/** Value of a UINT or SIZE parameter; 0 without value and default. */
static inline uint64_t tgt_param_uint(const struct tgt_params *params, const char *name)
{
    return TGT_H_.param_uint(params, name);
}
/** Value of a BOOL parameter; false without value and default. */
static inline bool tgt_param_bool(const struct tgt_params *params, const char *name)
{
    return TGT_H_.param_bool(params, name);
}
/** Keep a pointer for the plugin as a whole, so that it needs no global variable. Call in load().
 */
static inline void tgt_plugin_data_set(const struct tgt_plugin *self, void *data)
{
    TGT_H_.plugin_data_set(self, data);
}
/** The pointer of tgt_plugin_data_set(). Any thread. */
static inline void *tgt_plugin_data(const struct tgt_plugin *self)
{
    return TGT_H_.plugin_data(self);
}

/* ---- Threads ---- */

/** The I/O thread that calls, or NULL on any other thread. */
static inline struct tgt_thread *tgt_thread_self(void)
{
    return TGT_H_.thread_self();
}
/** The I/O thread for the next connection (the one with the fewest nexuses). Any thread. */
static inline struct tgt_thread *tgt_thread_pick(void)
{
    return TGT_H_.thread_pick();
}
/** 0, 1, … */
static inline unsigned tgt_thread_index(const struct tgt_thread *t)
{
    return TGT_H_.thread_index(t);
}
/** What the transport's thread_attach() gave for this thread. */
static inline void *tgt_thread_data(struct tgt_thread *t, const struct tgt_plugin *self)
{
    return TGT_H_.thread_data(t, self);
}
/** Run msg->fn on the thread `t`. Any thread. `t` NULL: the main thread. Batched: one wake-up for
 * many messages. */
static inline void tgt_thread_post(struct tgt_thread *t, struct tgt_msg *msg)
{
    TGT_H_.thread_post(t, msg);
}
/** Run defer->fn at the end of this turn. On `t` only. */
static inline void tgt_thread_defer(struct tgt_thread *t, struct tgt_defer *d)
{
    TGT_H_.thread_defer(t, d);
}
/** Monotonic nanoseconds, read once per turn: cheap. On `t` only. */
static inline uint64_t tgt_thread_now(struct tgt_thread *t)
{
    return TGT_H_.thread_now(t);
}
/** Watch a descriptor for input in the main loop (listening sockets): fn runs on the main thread.
 * Main thread only. */
static inline struct tgt_watch *tgt_watch_add(int fd, void (*fn)(int fd, void *data), void *data)
{
    return TGT_H_.watch_add(fd, fn, data);
}
/** End a watch; fn is not called any more. NULL is fine. Main thread only. */
static inline void tgt_watch_remove(struct tgt_watch *watch)
{
    TGT_H_.watch_remove(watch);
}

/* ---- Operations: rules in op.h ---- */

/** preadv2(2) with `flags` (RWF_…, TGT_OP_WAITS). */
static inline void tgt_op_readv(struct tgt_thread *t, struct tgt_op *op, int fd,
                                const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    TGT_H_.op_readv(t, op, fd, iov, n, offset, flags);
}
/** pwritev2(2) with `flags` (RWF_DSYNC, …, TGT_OP_WAITS). */
static inline void tgt_op_writev(struct tgt_thread *t, struct tgt_op *op, int fd,
                                 const struct iovec *iov, unsigned n, uint64_t offset, int flags)
{
    TGT_H_.op_writev(t, op, fd, iov, n, offset, flags);
}
/** fsync(2), or fdatasync(2) with `data_only`. */
static inline void tgt_op_fsync(struct tgt_thread *t, struct tgt_op *op, int fd, bool data_only)
{
    TGT_H_.op_fsync(t, op, fd, data_only);
}
/** fallocate(2). */
static inline void tgt_op_fallocate(struct tgt_thread *t, struct tgt_op *op, int fd, int mode,
                                    uint64_t offset, uint64_t length)
{
    TGT_H_.op_fallocate(t, op, fd, mode, offset, length);
}
/** recvmsg(2); waits for input. */
static inline void tgt_op_recvmsg(struct tgt_thread *t, struct tgt_op *op, int fd,
                                  struct msghdr *msg, int flags)
{
    TGT_H_.op_recvmsg(t, op, fd, msg, flags);
}
/** sendmsg(2); waits for room; may send a part. MSG_NOSIGNAL is implied. */
static inline void tgt_op_sendmsg(struct tgt_thread *t, struct tgt_op *op, int fd,
                                  const struct msghdr *msg, int flags)
{
    TGT_H_.op_sendmsg(t, op, fd, msg, flags);
}
/** Wait once for poll(2) `events`; res = the events that came. */
static inline void tgt_op_poll(struct tgt_thread *t, struct tgt_op *op, int fd, short events)
{
    TGT_H_.op_poll(t, op, fd, events);
}
/** Wait for `ns` nanoseconds; res = 0, or -ECANCELED. */
static inline void tgt_op_timeout(struct tgt_thread *t, struct tgt_op *op, uint64_t ns)
{
    TGT_H_.op_timeout(t, op, ns);
}
/** Run `fn` in a worker thread, for what has no verb and may block; res = what it returned. */
static inline void tgt_op_call(struct tgt_thread *t, struct tgt_op *op,
                               int64_t (*fn)(struct tgt_op *op))
{
    TGT_H_.op_call(t, op, fn);
}
/** Ask for an early end of a started op. It still ends by `done`. Nothing happens if it is about to
 * end anyway. */
static inline void tgt_op_cancel(struct tgt_thread *t, struct tgt_op *op)
{
    TGT_H_.op_cancel(t, op);
}

/* ---- Stores ---- */

/** The one way back of an operation: 0 or a negative errno, exactly once. ASYNC: on io->thread;
 * OWN_THREADS: any thread. */
static inline void tgt_bs_io_done(struct tgt_bs_io *io, int result)
{
    TGT_H_.bs_io_done(io, result);
}
/** The store noticed that its size may have changed: the host will call refresh(). Any thread. */
static inline void tgt_bs_changed(void *handle)
{
    TGT_H_.bs_changed(handle);
}

/* ---- Commands: transports ---- */

/** A new command in state NEW, or NULL when the nexus has as many as it may. On the nexus's thread.
 */
static inline struct tgt_cmd *tgt_cmd_new(struct tgt_nexus *nexus)
{
    return TGT_H_.cmd_new(nexus);
}
/** Give the command to the core. data_out() or respond() may be called before this returns. */
static inline void tgt_cmd_submit(struct tgt_cmd *cmd)
{
    TGT_H_.cmd_submit(cmd);
}
/** All of cmd->out is there (`result` 0). Negative: it will not come (-ECANCELED after abort(),
 * -EIO: the command ends with ABORTED COMMAND; a transport that wants another sense uses
 * tgt_cmd_sense() instead of this call). */
static inline void tgt_cmd_data_ready(struct tgt_cmd *cmd, int result)
{
    TGT_H_.cmd_data_ready(cmd, result);
}
/** The response has left (or was not to be sent): the command is gone after this. */
static inline void tgt_cmd_release(struct tgt_cmd *cmd)
{
    TGT_H_.cmd_release(cmd);
}
/** Start a task management function. On the nexus's thread. */
static inline void tgt_tmf_submit(struct tgt_tmf *tmf)
{
    TGT_H_.tmf_submit(tmf);
}

/* ---- Commands: device types; each ends the command, unless said ---- */

/** GOOD, with cmd->in if it was filled. */
static inline void tgt_cmd_good(struct tgt_cmd *cmd)
{
    TGT_H_.cmd_good(cmd);
}
/** Another status without sense data (CONDITION MET, RESERVATION CONFLICT, BUSY, …). */
static inline void tgt_cmd_status(struct tgt_cmd *cmd, enum tgt_status status)
{
    TGT_H_.cmd_status(cmd, status);
}
/** CHECK CONDITION with sense. Data put into cmd->in before goes along. */
static inline void tgt_cmd_sense(struct tgt_cmd *cmd, enum tgt_sense sense)
{
    TGT_H_.cmd_sense(cmd, sense);
}
/** INVALID FIELD IN CDB, pointing at `byte` and `bit` (7 to 0, -1: none) of the CDB
 * (SPC-5 4.5.2.4.2). */
static inline void tgt_cmd_sense_field(struct tgt_cmd *cmd, unsigned byte, int bit)
{
    TGT_H_.cmd_sense_field(cmd, byte, bit);
}
/** The same for the parameter list, with the sense that fits (INVALID_FIELD_IN_PARAMETERS, …). */
static inline void tgt_cmd_sense_param(struct tgt_cmd *cmd, enum tgt_sense sense, unsigned byte,
                                       int bit)
{
    TGT_H_.cmd_sense_param(cmd, sense, byte, bit);
}
/** CHECK CONDITION with VALID=1 and the INFORMATION field. */
static inline void tgt_cmd_sense_info(struct tgt_cmd *cmd, enum tgt_sense sense, uint64_t info)
{
    TGT_H_.cmd_sense_info(cmd, sense, info);
}
/** CHECK CONDITION with ready-made sense bytes (at most TGT_SENSE_MAX; longer ones are cut). */
static inline void tgt_cmd_sense_raw(struct tgt_cmd *cmd, const void *sense, unsigned len)
{
    TGT_H_.cmd_sense_raw(cmd, sense, len);
}
/** End with the sense that fits a store's error (-ENOSPC: SPACE ALLOCATION FAILED, -EIO: READ or
 * WRITE ERROR, …). */
static inline void tgt_cmd_bs_error(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    TGT_H_.cmd_bs_error(cmd, io, result);
}
/** Put parameter data into cmd->in, cut to the allocation length; does not end the command. 0, or
 * -ENOMEM. */
static inline int tgt_cmd_in_put(struct tgt_cmd *cmd, const void *data, size_t len)
{
    return TGT_H_.cmd_in_put(cmd, data, len);
}
/** tgt_cmd_in_put() and tgt_cmd_good(). */
static inline void tgt_cmd_reply(struct tgt_cmd *cmd, const void *data, size_t len)
{
    TGT_H_.cmd_reply(cmd, data, len);
}
/** Copy up to `len` bytes of cmd->out from `offset`; returns how many there were. Does not end the
 * command. */
static inline size_t tgt_cmd_out_get(const struct tgt_cmd *cmd, size_t offset, void *dst,
                                     size_t len)
{
    return TGT_H_.cmd_out_get(cmd, offset, dst, len);
}
/** Working memory of `len` (at most 65536) bytes, 4096-aligned, until the command ends; the same
 * memory at each call of one command. Commands with TGT_OP_SCRATCH have it, for others it is NULL
 * if there is none (end with BUSY). Does not end the command. */
static inline void *tgt_cmd_scratch(struct tgt_cmd *cmd, size_t len)
{
    return TGT_H_.cmd_scratch(cmd, len);
}
/** Fill cmd->in with `length` bytes of the medium: lent by the store or read into buffers. Does not
 * end the command: `done` does. */
static inline void tgt_cmd_read(struct tgt_cmd *cmd, uint64_t offset, uint32_t length,
                                unsigned flags,
                                void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io,
                                             int result))
{
    TGT_H_.cmd_read(cmd, offset, length, flags, done);
}
/** Any operation on the LU's store; one at a time per command. Does not end the command: `done`
 * does. The host emulates, splits and parks. */
static inline void tgt_cmd_bs(struct tgt_cmd *cmd, const struct tgt_bs_request *request)
{
    TGT_H_.cmd_bs(cmd, request);
}

/* ---- Logical units ---- */

/** Capacity in logical blocks; 0 without a medium. Any thread. */
static inline uint64_t tgt_lu_blocks(const struct tgt_lu *lu)
{
    return TGT_H_.lu_blocks(lu);
}
/** Is one of these enum tgt_lu_state bits set? Any thread. */
static inline bool tgt_lu_is(const struct tgt_lu *lu, unsigned bits)
{
    return (__atomic_load_n(&lu->state, __ATOMIC_ACQUIRE) & bits) != 0;
}
/** Set and clear state bits atomically. Any thread. */
static inline void tgt_lu_state(struct tgt_lu *lu, unsigned set, unsigned clear)
{
    TGT_H_.lu_state(lu, set, clear);
}
/** Establish a unit attention for all nexuses of the LU but `except` (NULL: for all). Any thread.
 */
static inline void tgt_lu_attention(struct tgt_lu *lu, enum tgt_sense sense,
                                    const struct tgt_nexus *except)
{
    TGT_H_.lu_attention(lu, sense, except);
}
/** Current bytes of a mode page (behind its header); returns their number, or -ENOENT. Any thread.
 */
static inline int tgt_lu_mode_get(struct tgt_lu *lu, uint8_t code, uint8_t subcode, uint8_t *page,
                                  size_t size)
{
    return TGT_H_.lu_mode_get(lu, code, subcode, page, size);
}
/** A long job begins: other commands get NOT READY with `sense` and progress. False: one runs
 * already. On the thread of the command that does the job; the same for its progress and end. */
static inline bool tgt_lu_job_begin(struct tgt_lu *lu, enum tgt_sense sense)
{
    return TGT_H_.lu_job_begin(lu, sense);
}
/** Progress of the job (SPC-5 4.5.2.4.4). Any thread. */
static inline void tgt_lu_job_progress(struct tgt_lu *lu, uint64_t done, uint64_t total)
{
    TGT_H_.lu_job_progress(lu, done, total);
}
/** The job is over. Any thread. */
static inline void tgt_lu_job_end(struct tgt_lu *lu)
{
    TGT_H_.lu_job_end(lu);
}

/** Bytes of storage that the LU's medium uses, and that it could still use; -EOPNOTSUPP where the
 * store does not know. Any thread. */
static inline int tgt_lu_usage(const struct tgt_lu *lu, uint64_t *used, uint64_t *available)
{
    return TGT_H_.lu_usage(lu, used, available);
}

/** memcpy() where one side is a file that the plugin has mapped: -EFAULT instead of SIGBUS if a
 * page is gone (the file has become shorter, its disk fails) or cannot be made (its file system is
 * full); some of the bytes may have been copied then. Any thread that does not block
 * SIGBUS. */
static inline int tgt_copy_mapped(void *to, const void *from, size_t length)
{
    return TGT_H_.copy_mapped(to, from, length);
}

/* ---- Nexuses and targets: transports ---- */

/** Make an I_T nexus. On args->thread. NULL with `err` filled when limits are reached or the target
 * is going away. */
static inline struct tgt_nexus *tgt_nexus_open(const struct tgt_nexus_args *args,
                                               struct tgt_error *err)
{
    return TGT_H_.nexus_open(&tgt_plugin, args, err);
}
/** The nexus is lost: abort its commands (they still go through respond() and release), drop its
 * reservations, free it; then `done` with the transport's priv. On its thread, once. `done` may be
 * called from within this call. */
static inline void tgt_nexus_close(struct tgt_nexus *nexus, void (*done)(void *priv))
{
    TGT_H_.nexus_close(nexus, done);
}
/** args->priv of a nexus. */
static inline void *tgt_nexus_priv(const struct tgt_nexus *nexus)
{
    return TGT_H_.nexus_priv(nexus);
}
/** Do commands of the nexus hold buffers for data in this direction while commands of others wait
 * for some? For a transport whose peer is slow. On the nexus's thread. */
static inline bool tgt_nexus_hinders(struct tgt_nexus *nexus, enum tgt_dir dir)
{
    return TGT_H_.nexus_hinders(nexus, dir);
}
/** Find a target by name and judge access. TGT_FIND_OK: *target holds a reference, drop it with
 * tgt_target_unref(). TGT_FIND_OFFLINE: also for every name while the daemon takes no logins;
 * `name` NULL asks only for that (1.1). Any thread. */
static inline enum tgt_find tgt_target_find(const char *name, const struct tgt_access *access,
                                            struct tgt_target **target)
{
    return TGT_H_.target_find(name, access, target);
}
/** Drop a reference. NULL is fine. Any thread. */
static inline void tgt_target_unref(struct tgt_target *target)
{
    TGT_H_.target_unref(target);
}
/** The target's name; valid while a reference is held. */
static inline const char *tgt_target_name(const struct tgt_target *target)
{
    return TGT_H_.target_name(target);
}
/** Call `fn` for each target that `access` may use, sorted by name. Any thread; `fn` must not call
 * back into targets. */
static inline void tgt_target_each(const struct tgt_access *access,
                                   void (*fn)(const char *name, void *data), void *data)
{
    TGT_H_.target_each(access, fn, data);
}
/** The same for the targets themselves, sorted by name. In `fn` a target may be asked for its
 * name, parameters and portal groups. 1.1. Any thread. */
static inline void tgt_target_visit(const struct tgt_access *access,
                                    void (*fn)(const struct tgt_target *target, void *data),
                                    void *data)
{
    TGT_H_.target_visit(access, fn, data);
}
/** May the target be reached through portals of this portal group? 1.1. Any thread. */
static inline bool tgt_target_in_group(const struct tgt_target *target, uint16_t tpgt)
{
    return TGT_H_.target_in_group(target, tpgt);
}
/** Call `fn` for each open portal of this transport. Any thread. */
static inline void tgt_portal_each(const struct tgt_plugin *self,
                                   void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt,
                                              void *data),
                                   void *data)
{
    TGT_H_.portal_each(self, fn, data);
}
/** A target's value of one of the transport's target_params (BOOL: 0 or 1). Any thread. */
static inline uint64_t tgt_target_param_uint(const struct tgt_target *target,
                                             const struct tgt_plugin *self, const char *name)
{
    return TGT_H_.target_param_uint(target, self, name);
}
/** The same for STRING and ENUM: copied into `buf`, returns its full length. Any thread. */
static inline size_t tgt_target_param_str(const struct tgt_target *target,
                                          const struct tgt_plugin *self, const char *name,
                                          char *buf, size_t size)
{
    return TGT_H_.target_param_str(target, self, name, buf, size);
}
/** Must initiators prove who they are before they may use the target? `target` NULL: before they
 * may ask for names (discovery). Ask once per login; the answer may change. Any thread. */
static inline bool tgt_auth_required(const struct tgt_target *target)
{
    return TGT_H_.auth_required(target);
}
/** The account `user` by which initiators get in; `user` NULL: the account by which the target
 * proves who it is. `target` NULL: that of discovery. Copied into `found`; false, and empty texts:
 * there is none. Takes the same time in both cases. Any thread. */
static inline bool tgt_auth_find(const struct tgt_target *target, const char *user,
                                 struct tgt_account *found)
{
    return TGT_H_.auth_find(target, user, found);
}

#ifdef __cplusplus
}
#endif
#endif
