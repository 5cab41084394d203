/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method system.health. */
#ifndef CORE_CONTROL_HEALTH_H
#define CORE_CONTROL_HEALTH_H

#include <jansson.h>

struct control_call;

/* {"healthy": …, "checks": [{"check", "ok", "text"}]} */
void control_health(struct control_call *call, const json_t *params);

#endif
