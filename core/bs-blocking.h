/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocking model: plain callbacks of a store, run in a worker thread. */
#ifndef CORE_BS_BLOCKING_H
#define CORE_BS_BLOCKING_H

struct bs_task;

/* Start t->io; it ends by bs_io_done() on the command's thread. */
void bs_blocking_start(struct bs_task *t);

#endif
