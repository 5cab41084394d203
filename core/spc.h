/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SPC commands that the core answers for every device type: their rows and pages. One file per
 * family: spc-*.c. */
#ifndef CORE_SPC_H
#define CORE_SPC_H

#include <tgt/tgt.h>

struct core_lu;

/* Rows of the core (spc.c); a device type's row of the same opcode and service action wins. */
extern const struct tgt_scsi_op spc_ops[];
extern const unsigned spc_op_count;
/* Pages of the core. */
extern const struct tgt_vpd_page spc_vpd[];
extern const unsigned spc_vpd_count;
extern const struct tgt_mode_page spc_modes[];
extern const unsigned spc_mode_count;
extern const struct tgt_log_page spc_logs[];
extern const unsigned spc_log_count;

/* Handlers, spc-*.c. */
void spc_test_unit_ready(struct tgt_cmd *cmd);
void spc_request_sense(struct tgt_cmd *cmd);
void spc_inquiry(struct tgt_cmd *cmd);
void spc_report_luns(struct tgt_cmd *cmd);
void spc_mode_sense6(struct tgt_cmd *cmd);
void spc_mode_sense10(struct tgt_cmd *cmd);
void spc_mode_select(struct tgt_cmd *cmd);
void spc_log_sense(struct tgt_cmd *cmd);
void spc_report_opcodes(struct tgt_cmd *cmd);
void spc_report_tmfs(struct tgt_cmd *cmd);
void spc_reserve(struct tgt_cmd *cmd);
void spc_release(struct tgt_cmd *cmd);
void spc_start_stop(struct tgt_cmd *cmd);
void spc_prevent_allow(struct tgt_cmd *cmd);
void spc_self_test(struct tgt_cmd *cmd);

/* mode.c: values of the mode pages of one LU. */
struct mode_values *mode_values_new(struct core_lu *lu);
void mode_values_free(struct mode_values *values);
void mode_values_reset(
    struct core_lu *lu); /* LU reset: back to saved or default values; lock held */

#endif
