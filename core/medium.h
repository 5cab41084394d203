/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Media: an opened store as the thing that is loaded in a logical unit. */
#ifndef CORE_MEDIUM_H
#define CORE_MEDIUM_H

#include "lu.h"

/* The medium on `bs`, counted in blocks of 1 << block_shift bytes. */
struct core_medium *medium_new(struct bs *bs, unsigned block_shift);
/* NULL is fine. The store is not closed. */
void medium_free(struct core_medium *medium);
/* The store has another size now; true if that is another number of blocks. Main thread; others
 * read meanwhile. */
bool medium_resize(struct core_medium *medium, uint64_t size, unsigned block_shift);

static inline struct core_medium *core_medium(const struct tgt_medium *medium)
{
    return (struct core_medium *)((char *)medium - G_STRUCT_OFFSET(struct core_medium, pub));
}

#endif
