/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I_T_Ls: what one nexus and one logical unit have in common, made at the first command. */
#include "itl.h"

#include "cache-line.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "target.h"
#include "view.h"

static struct itl *itl_new(struct tgt_nexus *nexus, struct core_lu *lu, uint16_t number)
{
    struct itl *itl = cache_line_alloc0(sizeof(struct itl));
    itl->lu = lu;
    itl->nexus = nexus;
    itl->number = number;
    itl->share = lu_share_get(nexus->thread, lu);
    itl->pending = g_array_new(FALSE, FALSE, sizeof(enum tgt_sense));
    itl_attention_add(itl, nexus->lost_before ? TGT_SENSE_NEXUS_LOSS : TGT_SENSE_POWER_ON);
    lu_itl_join(lu, itl);
    return itl;
}

void itl_free(struct itl *itl)
{
    lu_itl_forget(itl->lu, itl);
    g_array_unref(itl->pending);
    g_aligned_free(itl);
}

void itl_set_read_only(struct itl *itl, bool read_only)
{
    if (read_only)
        g_atomic_int_or((guint *)&itl->attention, ITL_READ_ONLY);
    else
        g_atomic_int_and((guint *)&itl->attention, ~(guint)ITL_READ_ONLY);
}

/* The lock keeps a LU in the map from being deleted until the I_T_L is there for lu_drain() to
 * find. */
static struct itl *find_or_make(struct tgt_nexus *nexus, uint16_t lun)
{
    struct itl *itl = g_hash_table_lookup(nexus->itls, GUINT_TO_POINTER(lun));
    bool read_only;
    if (itl != NULL)
        return itl;
    g_mutex_lock(&nexus->target->lock);
    struct core_lu *lu = view_find(nexus, lun, &read_only);
    if (lu != NULL && !tgt_lu_is(&lu->pub, TGT_LU_DYING)) {
        itl = itl_new(nexus, lu, lun);
        itl_set_read_only(itl, read_only);
        g_hash_table_insert(nexus->itls, GUINT_TO_POINTER(lun), itl);
    }
    g_mutex_unlock(&nexus->target->lock);
    return itl;
}

struct itl *nexus_itl(struct tgt_nexus *nexus, uint16_t lun)
{
    bool low = lun < G_N_ELEMENTS(nexus->low_itls);
    struct itl *itl = low ? nexus->low_itls[lun] : NULL;
    if (itl == NULL) {
        itl = find_or_make(nexus, lun);
        if (low)
            nexus->low_itls[lun] = itl;
    }
    return itl != NULL && !tgt_lu_is(&itl->lu->pub, TGT_LU_DYING) ? itl : NULL;
}

void nexus_itl_detach(struct itl *itl)
{
    struct tgt_nexus *nexus = itl->nexus;
    if (itl->number < G_N_ELEMENTS(nexus->low_itls))
        nexus->low_itls[itl->number] = NULL;
    g_hash_table_remove(nexus->itls, GUINT_TO_POINTER(itl->number));
}

void nexus_itl_drop(struct itl *itl)
{
    nexus_itl_detach(itl);
    itl_free(itl);
}
