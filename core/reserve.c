/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPC-2 reservations of a logical unit: who holds it, and the flag by which all others see it
 * without a lock. */
#include "lu.h"

/* Caller holds lu->lock. */
static void publish(struct core_lu *lu)
{
    for (guint i = 0; i < lu->itls->len; i++) {
        struct itl *itl = g_ptr_array_index(lu->itls, i);
        if (lu->reserved_by != NULL && lu->reserved_by != itl)
            g_atomic_int_or((guint *)&itl->attention, ITL_CONFLICT);
        else
            g_atomic_int_and((guint *)&itl->attention, ~(guint)ITL_CONFLICT);
    }
}

bool lu_reserve(struct core_lu *lu, struct itl *itl)
{
    g_mutex_lock(&lu->lock);
    bool mine = lu->reserved_by == NULL || lu->reserved_by == itl;
    if (mine) {
        lu->reserved_by = itl;
        publish(lu);
    }
    g_mutex_unlock(&lu->lock);
    return mine;
}

void lu_reservation_clear(struct core_lu *lu, struct itl *holder)
{
    g_mutex_lock(&lu->lock);
    if (lu->reserved_by != NULL && (holder == NULL || lu->reserved_by == holder)) {
        lu->reserved_by = NULL;
        publish(lu);
    }
    g_mutex_unlock(&lu->lock);
}
