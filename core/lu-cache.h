/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The write cache of a logical unit, as the Caching page says it (WCE, SBC-4 6.5.6).
 *
 * Who reads that it is off relies on nothing being left in it. So it is turned off in three steps:
 * writes are durable when they end (TGT_LU_WCE is cleared), what is cached is written, the page
 * becomes current. MODE SELECT is alone on the LU and does the last two. */
#ifndef CORE_LU_CACHE_H
#define CORE_LU_CACHE_H

#include "lu.h"

struct mode_page;

/* The first two steps. `done` runs on the calling thread, later: the home thread of the LU, or the
 * main thread, which holds the LU meanwhile. With a negative `result` the cache is on again. */
void lu_cache_flush(struct core_lu *lu, void (*done)(struct core_lu *lu, int result, void *data),
                    void *data);

/* If the page says after all that the cache is on, it is. Takes lu->lock. */
void lu_cache_settle(struct core_lu *lu);

/* The following under lu->lock. Does the page say that the cache is on? */
bool lu_cache_is_on(const struct core_lu *lu);
/* Would it be turned off by the pending values, or by the saved ones? */
bool lu_cache_goes_pending(const struct core_lu *lu);
bool lu_cache_goes_saved(const struct core_lu *lu);
/* A reset leaves this page as it is: the first two steps are missing, or have failed. */
bool lu_cache_stays(const struct core_lu *lu, const struct mode_page *page);

/* Has the cache been turned off after writes without FUA began? They are flushed. */
static inline bool lu_cache_has_gone(const struct tgt_lu *lu)
{
    return __atomic_load_n(&core_lu(lu)->cache_went, __ATOMIC_RELAXED) &&
           !tgt_lu_is(lu, TGT_LU_WCE);
}

#endif
