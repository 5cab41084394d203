/* SPDX-License-Identifier: MIT */
/* All of the plugin ABI in one include. */
#ifndef TGT_TGT_H
#define TGT_TGT_H

#include <tgt/bs.h>
#include <tgt/cmd.h>
#include <tgt/device.h>
#include <tgt/host.h>
#include <tgt/op.h>
#include <tgt/plugin.h>
#include <tgt/scsi/be.h>
#include <tgt/sense.h>
#include <tgt/transport.h>

#endif
