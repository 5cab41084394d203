/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of --op stat: a row for each logical unit and session, also where it has done nothing
 * yet. */
#include <string.h>

#include "adm.h"
#include "error.h"

#define LUN_HEADER                                                                                 \
    "tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) wr_subm(bytes,cmds) "                     \
    "wr_done(bytes,cmds) errs\n"
#define CONNECTION_HEADER                                                                          \
    "sid cid rxdata_octets txdata_octets dataout_pdus datain_pdus cmd_pdus rsp_pdus\n"

static const struct adm_reason target_reasons[] = {
    {CORE_ERROR_NOT_FOUND, "target", ADM_ERROR_NO_TARGET},
    {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_LUN},
    {0},
};

/* Which rows. */
struct selection {
    bool one_lun, one_session;
    long long lun, sid;
};

static char *place(long long tid, long long lun, long long sid)
{
    return g_strdup_printf("%lld/%lld/%lld", tid, lun, sid);
}

/* The counters of sessions by place; values are of `stats`. */
static GHashTable *by_place(const json_t *stats)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(stats, "sessions"), i, row)
        g_hash_table_insert(
            table, place(adm_int(row, "tid"), adm_int(row, "lun"), adm_int(row, "sid")), row);
    return table;
}

/* Reads and writes are counted when they end. */
static void print_row(struct adm *adm, GHashTable *counters, long long tid, long long lun,
                      long long sid)
{
    g_autofree char *key = place(tid, lun, sid);
    const json_t *c = g_hash_table_lookup(counters, key);
    long long rd = adm_int(c, "read_bytes"), reads = adm_int(c, "reads"),
              wr = adm_int(c, "write_bytes"), writes = adm_int(c, "writes");
    adm_say(adm, "%3lld %3lld %3lld %12lld %6lld %12lld %6lld %12lld %6lld %12lld %6lld %4lld\n",
            tid, lun, sid, rd, reads, rd, reads, wr, writes, wr, writes, adm_int(c, "errors"));
}

static void print_lun(struct adm *adm, const json_t *target, GHashTable *counters,
                      const struct selection *only, long long lun)
{
    size_t i;
    json_t *session;
    if (only->one_lun && lun != only->lun)
        return;
    json_array_foreach(json_object_get(target, "sessions"), i, session)
        if (!only->one_session || adm_int(session, "sid") == only->sid)
            print_row(adm, counters, adm_int(target, "tid"), lun, adm_int(session, "sid"));
}

static void print_target(struct adm *adm, const json_t *target, GHashTable *counters,
                         const struct selection *only)
{
    size_t i;
    const json_t *luns = json_object_get(target, "luns");
    json_t *lun;
    if (adm_has_controller(target))
        print_lun(adm, target, counters, only, 0);
    json_array_foreach(luns, i, lun)
        print_lun(adm, target, counters, only, adm_int(lun, "lun"));
}

static int print(struct adm *adm, const json_t *targets, const struct selection *only)
{
    int status = LEGACY_OK;
    size_t i;
    json_t *target, *stats = adm_get(adm, "stats.show", NULL, NULL, &status);
    if (!stats)
        return status;
    g_autoptr(GHashTable) counters = by_place(stats);
    adm_say(adm, LUN_HEADER);
    json_array_foreach(targets, i, target)
        print_target(adm, target, counters, only);
    json_decref(stats);
    return status;
}

static json_t *all_targets(struct adm *adm, int *status)
{
    return adm_get(adm, "target.list", json_pack("{s:b}", "detail", 1), NULL, status);
}

int adm_system_stat(struct adm *adm)
{
    const struct selection all = {0};
    int status = LEGACY_OK;
    json_t *targets = all_targets(adm, &status);
    if (targets)
        status = print(adm, targets, &all);
    json_decref(targets);
    return status;
}

static int print_of_target(struct adm *adm, const struct selection *only)
{
    int status = LEGACY_OK;
    json_t *target = adm_get(adm, "target.show", adm_target_params(adm), target_reasons, &status);
    json_t *targets = target ? json_pack("[o]", target) : NULL;
    if (targets)
        status = print(adm, targets, only);
    json_decref(targets);
    return status;
}

int adm_target_stat(struct adm *adm)
{
    const struct selection all = {0};
    return print_of_target(adm, &all);
}

int adm_lun_stat(struct adm *adm)
{
    const struct selection only = {.one_lun = true, .lun = adm->lun};
    int status = adm->lun == 0 ? LEGACY_OK : adm_lun_exists(adm);
    return status == LEGACY_OK ? print_of_target(adm, &only) : status;
}

/* ---- Sessions, which are found by their number alone ---- */

/* The target with the session `sid`; belongs to `targets`. */
static json_t *target_of_session(const json_t *targets, uint64_t sid)
{
    size_t i, k;
    json_t *target, *session;
    json_array_foreach(targets, i, target)
        json_array_foreach(json_object_get(target, "sessions"), k, session)
            if ((uint64_t)adm_int(session, "sid") == sid)
                return target;
    return NULL;
}

static json_t *find_session(struct adm *adm, int *status)
{
    json_t *targets = all_targets(adm, status);
    json_t *target = targets ? json_incref(target_of_session(targets, adm->sid)) : NULL;
    json_decref(targets);
    if (*status == LEGACY_OK && !target)
        *status = adm_error(adm, ADM_ERROR_NO_SESSION);
    return target;
}

/* What commands of the session have moved. PDUs with data are not counted. */
static int print_connection(struct adm *adm)
{
    int status = LEGACY_OK;
    long long rx = 0, tx = 0, commands = 0;
    size_t i;
    json_t *c, *stats = adm_get(adm, "stats.show", NULL, NULL, &status);
    if (!stats)
        return status;
    json_array_foreach(json_object_get(stats, "sessions"), i, c) {
        if ((uint64_t)adm_int(c, "sid") != adm->sid)
            continue;
        rx += adm_int(c, "write_bytes");
        tx += adm_int(c, "read_bytes");
        commands += adm_int(c, "reads") + adm_int(c, "writes");
    }
    json_decref(stats);
    adm_say(adm, CONNECTION_HEADER "%3llu %3d %13lld %13lld %12d %11d %8lld %8lld\n",
            (unsigned long long)adm->sid, 0, rx, tx, 0, 0, commands, commands);
    return status;
}

int adm_session_stat(struct adm *adm)
{
    const struct selection only = {.one_session = true, .sid = (long long)adm->sid};
    int status = LEGACY_OK;
    json_t *target = find_session(adm, &status),
           *targets = target ? json_pack("[o]", target) : NULL;
    if (targets)
        status = print(adm, targets, &only);
    json_decref(targets);
    if (status != LEGACY_OK)
        return status;
    adm_say(adm, "\n");
    return print_connection(adm);
}

int adm_connection_stat(struct adm *adm)
{
    int status = LEGACY_OK;
    json_decref(find_session(adm, &status));
    if (status != LEGACY_OK)
        return status;
    return adm->cid == 0 ? print_connection(adm) : adm_error(adm, ADM_ERROR_NO_CONNECTION);
}
