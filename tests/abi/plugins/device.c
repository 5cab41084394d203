/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device type whose only command has no handler. */
#include <tgt/tgt.h>

static const struct tgt_scsi_op rows[] = {
    {.name = "READ(10)", .opcode = 0x28, .cdb_len = 10, .service_action = TGT_NO_SA},
};

static const struct tgt_device_ops ops = {
    .struct_size = sizeof(struct tgt_device_ops),
    .op_count = 1,
    .op_size = sizeof rows[0],
    .ops = rows,
};

TGT_PLUGIN_DEFINE(DEVICE_TYPE, "no-exec", "1.0", "MIT", "A device type without a handler",
                  "type:no-exec", &ops, NULL, NULL, TGT_NO_PARAMS);
