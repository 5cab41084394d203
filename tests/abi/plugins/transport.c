/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transport that cannot answer. */
#include <errno.h>
#include <tgt/tgt.h>

static int no_portal(const struct tgt_portal_args *args, struct tgt_portal_info *info,
                     void **portal, struct tgt_error *err)
{
    return tgt_error_set(err, ENOTSUP, "this transport opens no portals");
}

static void portal_close(void *portal)
{
}

static void no_command(struct tgt_cmd *cmd)
{
}

static void nexus_close(struct tgt_nexus *nexus, enum tgt_close_reason reason)
{
}

static const struct tgt_transport_ops ops = {
    .struct_size = sizeof(struct tgt_transport_ops),
    .param_size = sizeof(struct tgt_param),
    .portal_open = no_portal,
    .portal_close = portal_close,
    .data_out = no_command,
    .abort = no_command,
    .nexus_close = nexus_close,
};

TGT_PLUGIN_DEFINE(TRANSPORT, "no-respond", "1.0", "MIT", "A transport without respond()",
                  "transport:no-respond", &ops, NULL, NULL, TGT_NO_PARAMS);
