/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resets of logical units on all I/O threads, for task management functions. */
#ifndef CORE_TMF_H
#define CORE_TMF_H

#include <stdbool.h>

struct core_lu;
struct tgt_nexus;

/* Abort all commands of the LU on all threads and wait for their end. `reset`: LOGICAL UNIT RESET,
 * with all that belongs to it (SAM-5 6.3.3); otherwise CLEAR TASK SET, which tells the other
 * nexuses whose commands are gone. `done` on the nexus's thread, not within the call. */
void lu_clear(struct core_lu *lu, struct tgt_nexus *issuer, bool reset, void (*done)(void *data),
              void *data);

#endif
