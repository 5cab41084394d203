/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of services that each plugin is given. */
#include "account.h"
#include "bs.h"
#include "cmd.h"
#include "config.h"
#include "copy-mapped.h"
#include "error.h"
#include "log.h"
#include "lu.h"
#include "nexus.h"
#include "plugin-private.h"
#include "portal.h"
#include "ring.h"
#include "target.h"
#include "thread.h"

static void op_readv(struct tgt_thread *t, struct tgt_op *op, int fd, const struct iovec *iov,
                     unsigned n, uint64_t offset, int flags)
{
    t->ops->readv(t->ring, op, fd, iov, n, offset, flags);
}

static void op_writev(struct tgt_thread *t, struct tgt_op *op, int fd, const struct iovec *iov,
                      unsigned n, uint64_t offset, int flags)
{
    t->ops->writev(t->ring, op, fd, iov, n, offset, flags);
}

static void op_fsync(struct tgt_thread *t, struct tgt_op *op, int fd, bool data_only)
{
    t->ops->fsync(t->ring, op, fd, data_only);
}

static void op_fallocate(struct tgt_thread *t, struct tgt_op *op, int fd, int mode, uint64_t offset,
                         uint64_t length)
{
    t->ops->fallocate(t->ring, op, fd, mode, offset, length);
}

static void op_recvmsg(struct tgt_thread *t, struct tgt_op *op, int fd, struct msghdr *msg,
                       int flags)
{
    t->ops->recvmsg(t->ring, op, fd, msg, flags);
}

static void op_sendmsg(struct tgt_thread *t, struct tgt_op *op, int fd, const struct msghdr *msg,
                       int flags)
{
    t->ops->sendmsg(t->ring, op, fd, msg, flags);
}

static void op_poll(struct tgt_thread *t, struct tgt_op *op, int fd, short events)
{
    t->ops->poll(t->ring, op, fd, events);
}

static void op_timeout(struct tgt_thread *t, struct tgt_op *op, uint64_t ns)
{
    t->ops->timeout(t->ring, op, ns);
}

/* What a plugin calls for one purpose has one owner: more the host does not know. */
static void op_call(struct tgt_thread *t, struct tgt_op *op, int64_t (*fn)(struct tgt_op *op))
{
    t->ops->call(t->ring, op, fn, (const void *)(uintptr_t)fn);
}

static void op_cancel(struct tgt_thread *t, struct tgt_op *op)
{
    t->ops->cancel(t->ring, op);
}

static const struct tgt_host table = {
    .struct_size = sizeof(struct tgt_host),
    .abi_major = TGT_ABI_MAJOR,
    .abi_minor = TGT_ABI_MINOR,
    .version = PACKAGE_VERSION,

    .log = log_msg,
    .error_set = core_error_set,
    .param_str = params_str,
    .param_uint = params_uint,
    .param_bool = params_bool,
    .plugin_data_set = plugin_data_set,
    .plugin_data = plugin_data,

    .thread_self = thread_self,
    .thread_pick = thread_pick,
    .thread_index = thread_index,
    .thread_data = thread_data,
    .thread_post = thread_post,
    .thread_defer = thread_defer,
    .thread_now = thread_now,
    .watch_add = watch_add_callers,
    .watch_remove = watch_remove,

    .op_readv = op_readv,
    .op_writev = op_writev,
    .op_fsync = op_fsync,
    .op_fallocate = op_fallocate,
    .op_recvmsg = op_recvmsg,
    .op_sendmsg = op_sendmsg,
    .op_poll = op_poll,
    .op_timeout = op_timeout,
    .op_call = op_call,
    .op_cancel = op_cancel,

    .bs_io_done = bs_io_done,
    .bs_changed = bs_changed,

    .cmd_new = cmd_new,
    .cmd_submit = cmd_submit,
    .cmd_data_ready = cmd_data_ready,
    .cmd_release = cmd_release,
    .tmf_submit = tmf_submit,

    .cmd_good = cmd_good,
    .cmd_status = cmd_status,
    .cmd_sense = cmd_sense,
    .cmd_sense_field = cmd_sense_field,
    .cmd_sense_param = cmd_sense_param,
    .cmd_sense_info = cmd_sense_info,
    .cmd_sense_raw = cmd_sense_raw,
    .cmd_bs_error = cmd_bs_error,
    .cmd_in_put = cmd_in_put,
    .cmd_reply = cmd_reply,
    .cmd_out_get = cmd_out_get,
    .cmd_scratch = cmd_scratch,
    .cmd_read = cmd_read,
    .cmd_bs = cmd_bs,

    .lu_blocks = lu_blocks,
    .lu_state = lu_state,
    .lu_attention = lu_attention,
    .lu_mode_get = lu_mode_get,
    .lu_job_begin = lu_job_begin,
    .lu_job_progress = lu_job_progress,
    .lu_job_end = lu_job_end,

    .nexus_open = nexus_open,
    .nexus_close = nexus_close,
    .nexus_priv = nexus_priv,
    .target_find = target_find,
    .target_unref = target_unref,
    .target_name = target_name,
    .target_each = target_each,
    .target_visit = target_visit,
    .target_in_group = target_in_group,
    .portal_each = portal_each,
    .target_param_uint = target_param_uint,
    .target_param_str = target_param_str,
    .lu_usage = lu_usage,
    .copy_mapped = copy_mapped,
    .nexus_hinders = nexus_hinders,
    .auth_required = auth_required,
    .auth_find = auth_find,
};

const struct tgt_host *host_table(void)
{
    return &table;
}
