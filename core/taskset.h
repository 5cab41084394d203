/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The task set of a logical unit (SAM-5 8): SIMPLE, ORDERED and HEAD OF QUEUE, one set for all
 * nexuses (TST=000b). */
#ifndef CORE_TASKSET_H
#define CORE_TASKSET_H

#include <stdbool.h>
#include <stdint.h>

struct claim_slot;
struct core_cmd;
struct lu_share;

void taskset_admit(struct core_cmd *c); /* its checks are passed */
bool taskset_pass(struct core_cmd *c);  /* gate 1; false: it waits */
void taskset_end(struct core_cmd *c);

/* Called by claim-course.c on each thread. */
void taskset_announce(struct lu_share *share, struct claim_slot *slot,
                      uint64_t order); /* on the owner's, before publish */
void taskset_publish(struct lu_share *share, struct claim_slot *slot);
void taskset_wake(struct lu_share *share);
void taskset_granted(struct core_cmd *c);

#endif
