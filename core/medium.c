/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Media: capacity in whole blocks, and its change. */
#include "medium.h"

struct core_medium *medium_new(struct bs *bs, unsigned block_shift)
{
    struct core_medium *medium = g_new0(struct core_medium, 1);
    medium->bs = bs;
    medium->pub.info = bs->info;
    medium->pub.blocks = bs->info.size >> block_shift;
    return medium;
}

void medium_free(struct core_medium *medium)
{
    g_free(medium);
}

bool medium_resize(struct core_medium *medium, uint64_t size, unsigned block_shift)
{
    uint64_t blocks = size >> block_shift, old = medium->pub.blocks;
    /* A store that grows is large before the LU is; one that shrinks is small after it. */
    if (blocks > old)
        __atomic_store_n(&medium->bs->info.size, size, __ATOMIC_RELEASE);
    __atomic_store_n(&medium->pub.info.size, size, __ATOMIC_RELEASE);
    __atomic_store_n(&medium->pub.blocks, blocks, __ATOMIC_RELEASE);
    __atomic_store_n(&medium->bs->info.size, size, __ATOMIC_RELEASE);
    return blocks != old;
}
