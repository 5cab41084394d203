/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for sessions to go, and tell meanwhile how far that is. */
#ifndef CORE_CONTROL_FAREWELL_H
#define CORE_CONTROL_FAREWELL_H

#include <glib.h>
#include <jansson.h>

struct control_call;

/* Seconds that initiators get to log out if the call does not say. */
#define CONTROL_DEADLINE_S 10u
#define CONTROL_DEADLINE                                                                           \
    "deadline", CONTROL_UINT, false,                                                               \
        "seconds until sessions are dropped that have not logged out; 10 if missing", 86400

/* The parameter "deadline". */
unsigned control_deadline(const json_t *params);
/* Sessions (uint64_t) that are asked to log out, or dropped if `seconds` is 0. */
void control_say_farewell(struct control_call *call, const GArray *ids, unsigned seconds);
/* All sessions, and nobody may log in any more. */
void control_drain(struct control_call *call, unsigned seconds);

#endif
