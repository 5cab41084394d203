/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at what a configuration needs and does not have. */
#ifndef TOOLS_MODEL_CHECK_H
#define TOOLS_MODEL_CHECK_H

#include "model.h"

/* Files and devices behind logical units, and passwords that nobody has filled in. Errors become
 * warnings if the file says ignore-errors, or the model leaves out. */
void model_check(struct conf *conf, struct model *model);
/* Plugins, by the daemon's answer to plugin.list. */
void model_check_plugins(struct conf *conf, struct model *model, const json_t *plugins);
/* model-direct.c: what direct-stores say of themselves, for all that the file does not say. */
void model_take_devices(struct conf *conf, struct model *model);
/* Devices that the system uses (mounted, …), of logical units that the daemon does not have. */
void model_check_in_use(struct conf *conf, struct model *model, const struct model *live);

#endif
