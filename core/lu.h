/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical units, their media, identity and mode values; what nexuses see of them (I_T_L). */
#ifndef CORE_LU_H
#define CORE_LU_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

#include "bs.h"
#include "latency.h"

struct itl;
struct plugin;
struct optable;
struct mode_values;
struct lu_work;

/* Commands of a LU, summed over its I_T_Ls. */
struct lu_counters {
    uint64_t reads, read_bytes, writes, write_bytes, errors;
};

/* A medium and its store. */
struct core_medium {
    struct tgt_medium pub;
    struct bs *bs;
};

/* A logical unit. `lock` guards what is said to be under it; the rest is constant from lu_create()
 * to lu_delete(), or atomic. */
struct core_lu {
    struct tgt_lu pub;
    struct tgt_target *target; /* no reference: LUs go before their target */
    uint16_t lun;
    struct plugin *type; /* device type, one user */
    const struct tgt_device_ops
        *device; /* the host's copy; &device_none for the LU that stands in for LUN 0 */
    const struct optable *ops; /* merged rows of SPC and the device type */
    struct tgt_thread *home;   /* where claims, TMFs of the LU and writers of shared state meet */
    GMutex lock;
    GPtrArray *itls;              /* under lock: struct itl of all nexuses that have used the LU */
    struct itl *reserved_by;      /* under lock: SPC-2 reservation (RESERVE(6)/(10)), or NULL */
    struct mode_values *modes;    /* under lock: current, saved, default values (mode.c) */
    unsigned prevents;            /* under lock: nexuses that prevent removal */
    uint64_t job_done, job_total; /* atomic: progress of a long job */
    uint32_t job_sense;           /* enum tgt_sense while TGT_LU_JOB is set */
    struct lu_gate *gate;         /* claims of the LU (claim.h), the home thread's */
    bool identity_legacy;         /* vendor "IET", ids from tid and lun, as tgt does */
    char
        scsi_id[41]; /* under lock: T10 vendor specific identifier behind the vendor, "" : serial */
    struct latency *latency[LATENCY_CLASSES]; /* atomic: lists of what threads have measured */
    struct lu_counters gone;  /* under lock: sums of I_T_Ls that are no more */
    bool cache_went;          /* atomic: lu_cache_flush() has been called (lu-cache.h) */
    unsigned holds;           /* main thread: what is under way and needs the store, lu_hold() */
    struct lu_work *deletion; /* main thread: waits for the end of these (lu-delete.c); NULL */
};

/* A LU as seen by one nexus; the unit attention and reservation state of one I_T_L. Made on first
 * use, on the nexus's thread. */
struct itl {
    struct core_lu *lu;
    struct tgt_nexus *nexus;
    struct lu_share *share; /* of the LU on the nexus's thread (lu-share.h) */
    uint16_t number;        /* by which the nexus knows the LU */
    gint attention;         /* atomic; 0: nothing to look at. enum itl_attention, ored */
    GArray *pending; /* under lu->lock: enum tgt_sense, oldest first by priority (SAM-5 5.14.1) */
    bool prevents;   /* under lu->lock: PREVENT ALLOW MEDIUM REMOVAL */
    uint64_t reads, read_bytes, writes, write_bytes,
        errors; /* the nexus's thread; read racily by stats */
};

enum itl_attention {
    ITL_UNIT_ATTENTION = 1,           /* something is in `pending` */
    ITL_READ_ONLY = TGT_LU_READ_ONLY, /* the initiator may not write; as in the LU's state */
    ITL_CONFLICT = 4,                 /* another nexus holds an SPC-2 reservation */
};

/* What lu_create() needs. Strings are copied. */
struct lu_request {
    struct tgt_target *target;
    uint16_t lun;
    const char *type;        /* device type, "disk" */
    struct bs_request store; /* store.type NULL: no medium */
    uint32_t block_size;     /* 0: 512 or what the store needs */
    int physical_exponent;   /* -1: from the store */
    bool read_only, removable, thin, legacy_identity;
    const char *vendor, *product, *revision, *serial; /* NULL: defaults */
    const char *uuid;                                 /* NULL: persisted or new */
    struct core_lu *replaces; /* another store for this one: the new LU gets its place and all that
                                 was set on it; its initiators find other data. NULL: none */
};

/* Main thread. Opening and closing happen in a worker; `done` runs on the main thread, later.
 * lu_create() fails at once for what can be seen at once. On success the LU is in its target's map
 * and REPORTED LUNS DATA HAS CHANGED is established. */
void lu_create(const struct lu_request *request,
               void (*done)(struct core_lu *lu, GError *error, void *data), void *data);
/* A LU on an opened store, not yet in its target's map; for lu_create() and tests. Takes over the
 * user `type` on success; `bs` (NULL: no medium) is used by the LU and closed by whoever calls
 * lu_free(). Main thread. */
struct core_lu *lu_new(const struct lu_request *request, struct plugin *type, struct bs *bs,
                       GError **error);
/* lu-reload.c: give `lu`, which nobody knows yet, all that was set on `old`. Main thread. */
void lu_inherit(struct core_lu *lu, struct core_lu *old);
/* No command runs on the LU, no I_T_L is left, and no one looks at it. */
void lu_free(struct core_lu *lu);
/* A text field of INQUIRY data: printable ASCII of at most `width` bytes, filled up with `fill`
 * ('\0': not), ended by NUL. */
bool lu_text_set(char *field, size_t width, char fill, const char *value, GError **error);
/* Waits for commands on the LU to end (they are aborted), then closes. lu is gone when `done` runs.
 */
void lu_delete(struct core_lu *lu, void (*done)(GError *error, void *data), void *data);
/* Keep the LU and its store until lu_let_go(), also if it is deleted. Main thread. */
void lu_hold(struct core_lu *lu);
void lu_let_go(struct core_lu *lu);
/* Look at the store's size again; establishes CAPACITY DATA HAS CHANGED if it did. */
void lu_resize(struct core_lu *lu, void (*done)(GError *error, void *data), void *data);
/* Have the store make itself so many bytes long first. Smaller only with `shrink`: data are lost.
 */
void lu_resize_to(struct core_lu *lu, uint64_t size, bool shrink,
                  void (*done)(GError *error, void *data), void *data);
/* `lun set`: vendor, product, revision, serial, uuid (only without sessions), read-only, removable,
 * thin, write-cache, sense-format, online, … `done` on the main thread, at once, or later where the
 * store has to write its cache first. Main thread. */
void lu_set(struct core_lu *lu, const char *key, const char *value,
            void (*done)(GError *error, void *data), void *data);

/* Sums over all I_T_Ls, past and present. Any thread. */
void lu_counters(struct core_lu *lu, struct lu_counters *sum);
/* Begin anew: those of the I_T_Ls of `thread`, on it; NULL: those of I_T_Ls that are no more. */
void lu_counters_clear(struct core_lu *lu, const struct tgt_thread *thread);
/* Add the counters of one I_T_L to `sum`; they belong to the nexus's thread, a value that is one
 * command old does no harm. */
void itl_count(const struct itl *itl, struct lu_counters *sum);
/* nexus.c: an I_T_L ends: keep its counts, drop its reservation and its prevention of removal, take
 * it out of `itls`. Takes lu->lock. On the nexus's thread. */
void lu_itl_forget(struct core_lu *lu, struct itl *itl);
/* nexus.c: a new I_T_L is put into `itls`; sees at once the reservation that another holds. Takes
 * lu->lock. */
void lu_itl_join(struct core_lu *lu, struct itl *itl);
/* PREVENT ALLOW MEDIUM REMOVAL of one nexus; whether any prevents. Take lu->lock. */
void lu_prevent(struct core_lu *lu, struct itl *itl, bool prevent);
bool lu_prevented(struct core_lu *lu);
/* tmf.c: what a logical unit reset changes besides the tasks: reservation, prevention of removal,
 * mode pages (SAM-5 6.3.3). Takes lu->lock. */
void lu_reset_state(struct core_lu *lu);

/* Services of host.h. */
uint64_t lu_blocks(const struct tgt_lu *lu);
void lu_state(struct tgt_lu *lu, unsigned set, unsigned clear);
void lu_attention(struct tgt_lu *lu, enum tgt_sense sense, const struct tgt_nexus *except);
/* attention.c: the same for nexuses that see `other`, a LU of the same target. Caller holds the
 * target's lock. */
void lu_attention_seeing(struct core_lu *lu, enum tgt_sense sense, const struct core_lu *other);
int lu_mode_get(struct tgt_lu *lu, uint8_t code, uint8_t subcode, uint8_t *page, size_t size);
bool lu_job_begin(struct tgt_lu *lu, enum tgt_sense sense);
void lu_job_progress(struct tgt_lu *lu, uint64_t done, uint64_t total);
void lu_job_end(struct tgt_lu *lu);

static inline struct core_lu *core_lu(const struct tgt_lu *lu)
{
    return (struct core_lu *)((char *)lu - G_STRUCT_OFFSET(struct core_lu, pub));
}

/* attention.c. Unit attentions of one I_T_L. */
void itl_attention_add(struct itl *itl,
                       enum tgt_sense sense);       /* any thread; takes lu->lock; no duplicates */
enum tgt_sense itl_attention_take(struct itl *itl); /* TGT_SENSE_NONE: none pending */
bool itl_attention_pends(const struct itl *itl);    /* any thread, without a lock */
void itl_attention_remove(
    struct itl *itl,
    enum tgt_sense sense); /* not pending any more: REPORT LUNS has told what has changed */

/* reserve.c. SPC-2 reservations. Both take lu->lock. */
bool lu_reserve(struct core_lu *lu, struct itl *itl); /* false: another nexus holds it */
void lu_reservation_clear(struct core_lu *lu,
                          struct itl *holder); /* `holder` NULL: whoever holds it */

#endif
