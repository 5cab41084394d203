/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was written where: data is a function of the block and of how often it was written. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include "conn.h"

struct verify *verify_new(const struct workload *workload);
void verify_free(struct verify *verify);
/* False: the command would race with one that is under way. */
bool verify_claim(struct verify *verify, const struct load_io *io);
/* Fills the slot's data with the next generation. */
void verify_fill(struct verify *verify, struct slot *slot, uint32_t block_size);
/* The command has ended. False: what it read is not what was written last. */
bool verify_end(struct verify *verify, const struct slot *slot, uint32_t block_size, bool good);

#endif
