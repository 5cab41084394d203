/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unit attentions of I_T_Ls (SAM-5 5.14): a short list by priority under the LU's lock, and a flag
 * that says it is not empty. */
#include "lu.h"
#include "view.h"

#define ASC_RESET 0x29

/* Power on covers all other resets, these come before all else (SAM-5 5.14.1). */
static unsigned priority(enum tgt_sense sense)
{
    if (sense == TGT_SENSE_POWER_ON)
        return 0;
    return TGT_SENSE_GET_ASC(sense) == ASC_RESET ? 1 : 2;
}

static enum tgt_sense at(const struct itl *itl, guint i)
{
    return g_array_index(itl->pending, enum tgt_sense, i);
}

static void publish(struct itl *itl)
{
    if (itl->pending->len > 0)
        g_atomic_int_or((guint *)&itl->attention, ITL_UNIT_ATTENTION);
    else
        g_atomic_int_and((guint *)&itl->attention, ~(guint)ITL_UNIT_ATTENTION);
}

static bool is_covered(const struct itl *itl, enum tgt_sense sense)
{
    for (guint i = 0; i < itl->pending->len; i++)
        if (at(itl, i) == sense || (at(itl, i) == TGT_SENSE_POWER_ON && priority(sense) == 1))
            return true;
    return false;
}

static void insert(struct itl *itl, enum tgt_sense sense)
{
    guint i = 0;
    while (i < itl->pending->len && priority(at(itl, i)) <= priority(sense))
        i++;
    g_array_insert_val(itl->pending, i, sense);
}

static void remove_all(struct itl *itl, bool (*matches)(enum tgt_sense each, enum tgt_sense sense),
                       enum tgt_sense sense)
{
    for (guint i = itl->pending->len; i-- > 0;)
        if (matches(at(itl, i), sense))
            g_array_remove_index(itl->pending, i);
}

static bool is_lesser_reset(enum tgt_sense each, enum tgt_sense sense)
{
    return priority(each) == 1;
}

static bool is_equal(enum tgt_sense each, enum tgt_sense sense)
{
    return each == sense;
}

/* Caller holds lu->lock. */
static void establish(struct itl *itl, enum tgt_sense sense)
{
    if (is_covered(itl, sense))
        return;
    if (sense == TGT_SENSE_POWER_ON)
        remove_all(itl, is_lesser_reset, sense);
    insert(itl, sense);
    publish(itl);
}

void itl_attention_add(struct itl *itl, enum tgt_sense sense)
{
    g_mutex_lock(&itl->lu->lock);
    establish(itl, sense);
    g_mutex_unlock(&itl->lu->lock);
}

/* For each I_T_L of the LU that `wants` it. */
static void establish_for(struct core_lu *lu, enum tgt_sense sense,
                          bool (*wants)(const struct tgt_nexus *nexus, const void *data),
                          const void *data)
{
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len; i++) {
        struct itl *itl = g_ptr_array_index(lu->itls, i);
        if (wants(itl->nexus, data))
            establish(itl, sense);
    }
    g_mutex_unlock(&lu->lock);
}

static bool is_another(const struct tgt_nexus *nexus, const void *except)
{
    return nexus != except;
}

void lu_attention(struct tgt_lu *lu, enum tgt_sense sense, const struct tgt_nexus *except)
{
    establish_for(core_lu(lu), sense, is_another, except);
}

static bool sees(const struct tgt_nexus *nexus, const void *other)
{
    return view_has(nexus, other);
}

void lu_attention_seeing(struct core_lu *lu, enum tgt_sense sense, const struct core_lu *other)
{
    establish_for(lu, sense, sees, other);
}

enum tgt_sense itl_attention_take(struct itl *itl)
{
    enum tgt_sense sense = TGT_SENSE_NONE;
    g_mutex_lock(&itl->lu->lock);
    if (itl->pending->len > 0) {
        sense = at(itl, 0);
        g_array_remove_index(itl->pending, 0);
        publish(itl);
    }
    g_mutex_unlock(&itl->lu->lock);
    return sense;
}

bool itl_attention_pends(const struct itl *itl)
{
    return g_atomic_int_get(&itl->attention) & ITL_UNIT_ATTENTION;
}

void itl_attention_remove(struct itl *itl, enum tgt_sense sense)
{
    g_mutex_lock(&itl->lu->lock);
    remove_all(itl, is_equal, sense);
    publish(itl);
    g_mutex_unlock(&itl->lu->lock);
}
