/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical units as commands see them: state bits, capacity, long jobs, the I_T_Ls that use them,
 * counters. */
#include "lu.h"

#include <string.h>

#include "error.h"
#include "lu-share.h"
#include "medium.h"
#include "nexus.h"
#include "plugin.h"
#include "spc.h"
#include "target.h"

void lu_free(struct core_lu *lu)
{
    if (lu->modes != NULL && lu->device->detach != NULL)
        lu->device->detach(&lu->pub);
    mode_values_free(lu->modes);
    gate_free(lu->gate);
    latency_free(lu);
    if (lu->pub.medium != NULL)
        medium_free(core_medium(lu->pub.medium));
    g_ptr_array_unref(lu->itls);
    plugin_unuse(lu->type);
    target_unref(lu->target);
    g_mutex_clear(&lu->lock);
    g_free(lu);
}

bool lu_text_set(char *field, size_t width, char fill, const char *value, GError **error)
{
    size_t len = strlen(value);
    if (len > width) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "'%s' is too long: at most %zu characters fit", value, width);
        return false;
    }
    for (const char *p = value; *p != '\0'; p++)
        if (!g_ascii_isprint(*p)) {
            g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                        "only printable ASCII characters can be in INQUIRY data");
            return false;
        }
    memset(field, fill, width);
    memcpy(field, value, len);
    field[width] = '\0';
    if (fill == '\0')
        field[len] = '\0';
    return true;
}

/* ---- State ---- */

uint64_t lu_blocks(const struct tgt_lu *lu)
{
    struct tgt_medium *medium = __atomic_load_n(&lu->medium, __ATOMIC_ACQUIRE);
    unsigned state = __atomic_load_n(&lu->state, __ATOMIC_ACQUIRE);
    return medium == NULL || (state & TGT_LU_NO_MEDIUM)
               ? 0
               : __atomic_load_n(&medium->blocks, __ATOMIC_ACQUIRE);
}

void lu_state(struct tgt_lu *lu, unsigned set, unsigned clear)
{
    uint32_t old = __atomic_load_n(&lu->state, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&lu->state, &old, (old & ~clear) | set, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
}

/* ---- Long jobs ---- */

bool lu_job_begin(struct tgt_lu *pub, enum tgt_sense sense)
{
    struct core_lu *lu = core_lu(pub);
    g_mutex_lock(&lu->lock);
    bool idle = !(__atomic_load_n(&pub->state, __ATOMIC_ACQUIRE) & TGT_LU_JOB);
    if (idle) {
        __atomic_store_n(&lu->job_sense, sense, __ATOMIC_RELAXED);
        lu_job_progress(pub, 0, 1);
        lu_state(pub, TGT_LU_JOB, 0);
    }
    g_mutex_unlock(&lu->lock);
    return idle;
}

void lu_job_progress(struct tgt_lu *pub, uint64_t done, uint64_t total)
{
    struct core_lu *lu = core_lu(pub);
    __atomic_store_n(&lu->job_done, done, __ATOMIC_RELAXED);
    __atomic_store_n(&lu->job_total, total, __ATOMIC_RELAXED);
}

void lu_job_end(struct tgt_lu *pub)
{
    lu_state(pub, 0, TGT_LU_JOB);
}

/* ---- I_T_Ls ---- */

static void prevent_drop(struct core_lu *lu, struct itl *itl)
{
    if (itl->prevents)
        lu->prevents--;
    itl->prevents = false;
}

void itl_count(const struct itl *itl, struct lu_counters *sum)
{
    sum->reads += __atomic_load_n(&itl->reads, __ATOMIC_RELAXED);
    sum->read_bytes += __atomic_load_n(&itl->read_bytes, __ATOMIC_RELAXED);
    sum->writes += __atomic_load_n(&itl->writes, __ATOMIC_RELAXED);
    sum->write_bytes += __atomic_load_n(&itl->write_bytes, __ATOMIC_RELAXED);
    sum->errors += __atomic_load_n(&itl->errors, __ATOMIC_RELAXED);
}

void lu_itl_join(struct core_lu *lu, struct itl *itl)
{
    g_mutex_lock(&lu->lock);
    g_ptr_array_add(lu->itls, itl);
    if (lu->reserved_by != NULL)
        g_atomic_int_or((guint *)&itl->attention, ITL_CONFLICT);
    g_mutex_unlock(&lu->lock);
}

void lu_itl_forget(struct core_lu *lu, struct itl *itl)
{
    lu_reservation_clear(lu, itl);
    g_mutex_lock(&lu->lock);
    prevent_drop(lu, itl);
    itl_count(itl, &lu->gone);
    g_ptr_array_remove_fast(lu->itls, itl);
    g_mutex_unlock(&lu->lock);
}

void lu_counters(struct core_lu *lu, struct lu_counters *sum)
{
    g_mutex_lock(&lu->lock);
    *sum = lu->gone;
    for (guint i = 0; i < lu->itls->len; i++)
        itl_count(g_ptr_array_index(lu->itls, i), sum);
    g_mutex_unlock(&lu->lock);
}

static void clear(uint64_t *counter)
{
    __atomic_store_n(counter, 0, __ATOMIC_RELAXED);
}

static void itl_clear(struct itl *itl)
{
    clear(&itl->reads);
    clear(&itl->read_bytes);
    clear(&itl->writes);
    clear(&itl->write_bytes);
    clear(&itl->errors);
}

void lu_counters_clear(struct core_lu *lu, const struct tgt_thread *thread)
{
    g_mutex_lock(&lu->lock);
    if (thread == NULL)
        lu->gone = (struct lu_counters){0};
    for (guint i = 0; i < lu->itls->len; i++) {
        struct itl *itl = g_ptr_array_index(lu->itls, i);
        if (itl->nexus->thread == thread)
            itl_clear(itl);
    }
    g_mutex_unlock(&lu->lock);
}

void lu_prevent(struct core_lu *lu, struct itl *itl, bool prevent)
{
    g_mutex_lock(&lu->lock);
    if (prevent && !itl->prevents)
        lu->prevents++;
    if (!prevent)
        prevent_drop(lu, itl);
    itl->prevents = prevent;
    g_mutex_unlock(&lu->lock);
}

bool lu_prevented(struct core_lu *lu)
{
    g_mutex_lock(&lu->lock);
    bool prevented = lu->prevents > 0;
    g_mutex_unlock(&lu->lock);
    return prevented;
}

void lu_reset_state(struct core_lu *lu)
{
    lu_reservation_clear(lu, NULL);
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->itls->len; i++)
        prevent_drop(lu, g_ptr_array_index(lu->itls, i));
    mode_values_reset(lu);
    g_mutex_unlock(&lu->lock);
}
