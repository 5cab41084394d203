/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I_T_Ls: what one nexus and one logical unit have in common, made at the first command. */
#include "itl.h"

#include "cache-line.h"
#include "lu-share.h"
#include "lu.h"
#include "nexus.h"
#include "target.h"

static struct itl *itl_new(struct tgt_nexus *nexus, struct core_lu *lu)
{
    struct itl *itl = cache_line_alloc0(sizeof(struct itl));
    itl->lu = lu;
    itl->nexus = nexus;
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

/* The lock keeps a LU in the map from being deleted until the I_T_L is there for lu_drain() to
 * find. */
static struct itl *find_or_make(struct tgt_nexus *nexus, uint16_t lun)
{
    struct itl *itl = g_hash_table_lookup(nexus->itls, GUINT_TO_POINTER(lun));
    if (itl != NULL)
        return itl;
    g_mutex_lock(&nexus->target->lock);
    struct core_lu *lu = target_lun(nexus->target, lun);
    if (lu != NULL && !tgt_lu_is(&lu->pub, TGT_LU_DYING)) {
        itl = itl_new(nexus, lu);
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

void nexus_itl_drop(struct tgt_nexus *nexus, struct core_lu *lu)
{
    gpointer key = GUINT_TO_POINTER(lu->lun);
    struct itl *itl = g_hash_table_lookup(nexus->itls, key);
    if (itl == NULL || itl->lu != lu)
        return;
    if (lu->lun < G_N_ELEMENTS(nexus->low_itls))
        nexus->low_itls[lu->lun] = NULL;
    g_hash_table_remove(nexus->itls, key);
    itl_free(itl);
}
