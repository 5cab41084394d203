/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The iSCSI transport over TCP: its tables. */
#include <errno.h>

#include "config.h"

#include "../iscsi-common/session.h"
#include "../iscsi-common/task.h"
#include "tcp.h"

static void thread_free(struct iscsi_thread *common)
{
    struct tcp_thread *thread = (struct tcp_thread *)common;
    g_free(thread->buffer);
    g_free(thread->bounce);
    g_free(thread);
}

static int thread_attach(struct tgt_thread *t, void **data)
{
    struct tcp_thread *thread = g_new0(struct tcp_thread, 1);
    thread->buffer = g_malloc(TCP_RECEIVE);
    thread->bounce = g_malloc(TCP_DIGESTED);
    thread->common.free = thread_free;
    iscsi_thread_init(&thread->common, t, tgt_plugin_data(&tgt_plugin));
    *data = thread;
    return 0;
}

static void thread_detach(struct tgt_thread *t, void *data)
{
    iscsi_thread_detach(data);
}

static int load(const struct tgt_host *host, const struct tgt_params *params, struct tgt_error *err)
{
    struct iscsi_engine *engine = iscsi_engine_new();
    if (!engine)
        return tgt_error_set(
            err, EIO, "CRC32C gives wrong results on this machine, or it has no random numbers");
    tgt_plugin_data_set(&tgt_plugin, engine);
    return 0;
}

static void unload(void)
{
    iscsi_engine_unref(tgt_plugin_data(&tgt_plugin));
    tgt_plugin_data_set(&tgt_plugin, NULL);
}

static const struct tgt_transport_ops ops = {
    .struct_size = sizeof(ops),
    .cmd_priv_size = sizeof(struct iscsi_task),
    .portal_param_count = ISCSI_PORTAL_PARAM_COUNT,
    .target_param_count = ISCSI_TARGET_PARAM_COUNT,
    .param_size = sizeof(struct tgt_param),
    .portal_params = iscsi_portal_param_table,
    .target_params = iscsi_target_param_table,
    .portal_open = tcp_portal_open,
    .portal_close = tcp_portal_close,
    .thread_attach = thread_attach,
    .thread_detach = thread_detach,
    .data_out = iscsi_data_out,
    .respond = iscsi_respond,
    .abort = iscsi_abort,
    .nexus_close = iscsi_nexus_close,
    .nexus_logout = iscsi_nexus_logout,
};

TGT_PLUGIN_DEFINE(TRANSPORT, "iscsi", PACKAGE_VERSION, "LGPL-2.1-or-later",
                  "iSCSI over TCP (RFC 7143)", "transport:iscsi", &ops, load, unload,
                  TGT_NO_PARAMS);
