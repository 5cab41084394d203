/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `lun set`: what initiators are told about the shape of the medium, beside its size: READ CAPACITY
 * (16), VPD pages Block Limits and Block Device Characteristics. */
#include "error.h"
#include "lu-set.h"

static bool number(const char *value, guint64 max, guint64 *n, GError **error)
{
    if (g_ascii_string_to_unsigned(value, 10, 0, max, n, NULL))
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "'%s' is no number from 0 to %" G_GUINT64_FORMAT, value, max);
    return false;
}

/* Initiators are told if it changes. Commands read the field meanwhile. */
#define STORE(lu, field, n, sense)                                                                 \
    do {                                                                                           \
        bool changed_ = __atomic_load_n(&(lu)->pub.field, __ATOMIC_RELAXED) != (n);                \
        __atomic_store_n(&(lu)->pub.field, (n), __ATOMIC_RELAXED);                                 \
        if (changed_)                                                                              \
            lu_attention(&(lu)->pub, (sense), NULL);                                               \
    } while (0)

/* LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT. */
bool lu_set_physical(struct core_lu *lu, const char *value, GError **error)
{
    guint64 n;
    if (!number(value, 15, &n, error))
        return false;
    STORE(lu, physical_exponent, (uint8_t)n, TGT_SENSE_CAPACITY_CHANGED);
    return true;
}

bool lu_set_lowest_aligned(struct core_lu *lu, const char *value, GError **error)
{
    guint64 n;
    if (!number(value, 0x3fff, &n, error))
        return false;
    STORE(lu, lowest_aligned, (uint16_t)n, TGT_SENSE_CAPACITY_CHANGED);
    return true;
}

bool lu_set_granularity(struct core_lu *lu, const char *value, GError **error)
{
    guint64 n;
    if (!number(value, UINT16_MAX, &n, error))
        return false;
    STORE(lu, optimal_granularity, (uint16_t)n, TGT_SENSE_INQUIRY_DATA_CHANGED);
    return true;
}

bool lu_set_optimal_transfer(struct core_lu *lu, const char *value, GError **error)
{
    guint64 n;
    if (!number(value, UINT32_MAX, &n, error))
        return false;
    STORE(lu, optimal_transfer, (uint32_t)n, TGT_SENSE_INQUIRY_DATA_CHANGED);
    return true;
}

/* 0: as the store says; 1: does not rotate; else rotations per minute. */
bool lu_set_rotation(struct core_lu *lu, const char *value, GError **error)
{
    guint64 n;
    if (!number(value, 0xfffe, &n, error))
        return false;
    STORE(lu, rotation_rate, (uint16_t)n, TGT_SENSE_INQUIRY_DATA_CHANGED);
    return true;
}
