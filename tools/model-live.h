/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model of what a running daemon serves. */
#ifndef TOOLS_MODEL_LIVE_H
#define TOOLS_MODEL_LIVE_H

#include "model.h"

struct ctl;

/* Ask the daemon. NULL: stderr says why, ctl->status is the exit status. With `secrets` also for
 * the passwords of accounts. */
struct model *model_live(struct ctl *ctl, bool secrets);
/* Number of the daemon's configuration, raised by every change; -1: stderr says why it is not
 * known. */
json_int_t model_generation(struct ctl *ctl);
bool model_can(const struct model *live, const char *method);

#endif
