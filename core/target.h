/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets: name, LUN map, access list, parameters of transports, and the nexuses that are open. */
#ifndef CORE_TARGET_H
#define CORE_TARGET_H

#include <glib.h>
#include <stdbool.h>
#include <tgt/tgt.h>

struct acl;
struct auth;
struct core_lu;
struct lun_maps;
struct targets;

/* Changed by the main thread only, under `lock`; read by others under `lock`. */
struct tgt_target {
    gint refs;    /* atomic */
    uint32_t tid; /* number for tgtadm, from 1 */
    char *name;   /* iSCSI name, or any name that tgt would take; an iSCSI name in lower case */
    char *given;  /* constant: as tgtadm gave it, which is what tgt tells everybody; or NULL */
    char *alias;  /* or NULL */
    bool online;  /* atomic */
    bool dying;   /* being deleted: no new nexus */
    bool legacy;  /* made through tgtadm: LUN 0 is tgt's controller in listings and LUs get tgt's
                     default identities */
    GMutex lock;
    GTree *luns;                      /* GUINT_TO_POINTER(lun) -> struct core_lu */
    struct acl *acl;                  /* acl.h; default: nobody */
    struct auth *auth;                /* account.h, which says who may look at it when */
    struct lun_maps *maps;            /* lun-map.h; default: all for all */
    GArray *groups;                   /* uint16_t: portal groups; empty: all of them */
    GHashTable *isns_admitted;        /* names of initiators; NULL: not known. isns.c */
    GHashTable *params;               /* transport name -> struct tgt_params of its target_params */
    GList *nexuses;                   /* struct tgt_nexus */
    struct target_deletion *deletion; /* target-delete.c: who waits for the end; NULL */
};

struct targets *targets_new(void);
void targets_free(struct targets *targets);

/* Main thread. tid 0: the lowest free one. */
struct tgt_target *target_create(const char *name, uint32_t tid, GError **error);
/* The same for tgtadm: `legacy` is set, and its name is shown as it was given. */
struct tgt_target *target_create_legacy(const char *name, uint32_t tid, GError **error);
/* Without `force` refused (BUSY) while nexuses are open; with it they are closed. LUs are deleted.
 * `done` on the main thread, later. */
void target_delete(struct tgt_target *target, bool force, void (*done)(GError *error, void *data),
                   void *data);
/* By name, or by "@tid". NULL with NOT_FOUND and "did you mean". No reference is taken: main thread
 * only. */
struct tgt_target *target_lookup(const char *name, GError **error);
struct tgt_target *target_by_tid(uint32_t tid);
/* All targets sorted by tid; free with g_list_free(). Main thread. */
GList *targets_list(void);
/* `target set`: online=yes|no, alias=…, match=all|any, lun_default=all|none,
 * portal_groups=N,…, auth=none|chap, or a
 * target parameter of a transport (MaxBurstLength=…). */
bool target_set(struct tgt_target *target, const char *key, const char *value, GError **error);
/* LU of a LUN, NULL: none. Caller holds `lock` or is the main thread. */
struct core_lu *target_lun(struct tgt_target *target, uint16_t lun);
/* Put in, take out: REPORTED LUNS DATA HAS CHANGED for all nexuses that see it. Main thread. */
bool target_lun_add(struct tgt_target *target, struct core_lu *lu, GError **error);
void target_lun_remove(struct tgt_target *target, struct core_lu *lu);

/* target-delete.c: take it out of the maps of names and numbers; their reference passes to the
 * caller. Main thread. */
void target_unregister(struct tgt_target *target);
/* target-delete.c: put a new nexus into `nexuses`, with one reference to the target; false: offline
 * or being deleted (EBUSY), or not let in by the access list (EACCES). Any thread. */
bool target_nexus_add(struct tgt_target *target, struct tgt_nexus *nexus, struct tgt_error *err);
/* target-delete.c: take it out and drop the reference; the nexus touches the target no more. Wakes who
 * waits for the last one. Any thread. */
void target_nexus_remove(struct tgt_target *target, struct tgt_nexus *nexus);

/* Services of host.h. */
enum tgt_find target_find(const char *name, const struct tgt_access *access,
                          struct tgt_target **target);
struct tgt_target *target_ref(struct tgt_target *target);
void target_unref(struct tgt_target *target);
const char *target_name(const struct tgt_target *target);
void target_each(const struct tgt_access *access, void (*fn)(const char *name, void *data),
                 void *data);
void target_visit(const struct tgt_access *access,
                  void (*fn)(const struct tgt_target *target, void *data), void *data);
/* target-groups.c */
bool target_in_group(const struct tgt_target *target, uint16_t tpgt);
/* The same where the caller holds `lock`. */
bool target_has_group(const struct tgt_target *target, uint16_t tpgt);
/* "1,2", "": all. False: INVALID. */
bool target_set_groups(struct tgt_target *target, const char *value, GError **error);
char *target_groups_text(const struct tgt_target *target);
uint64_t target_param_uint(const struct tgt_target *target, const struct tgt_plugin *self,
                           const char *name);
size_t target_param_str(const struct tgt_target *target, const struct tgt_plugin *self,
                        const char *name, char *buf, size_t size);

#endif
