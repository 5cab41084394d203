/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode target, --op update and --op show with --tid: the parameters that tgt's targets
 * have. Some of them say what its target cannot do either, or what nobody negotiates with us: each
 * value that tgt takes is legal there, and what is negotiated is what we offer. */
#include <stdlib.h>
#include <string.h>

#include "adm.h"
#include "error.h"

/* What tgt takes as a value. */
enum kind {
    OURS,   /* the daemon decides */
    NUMBER, /* min to max */
    SWITCH, /* Yes or No */
    MARKER, /* a number, or Reject */
};

struct row {
    const char *name, *fixed; /* and what is shown where the daemon has no value */
    enum kind kind;
    long long min,
        max; /* of NUMBER: tgt's limits; of OURS: our limits within tgt's, 0: as they are */
};

/* In tgt's order. */
static const struct row rows[] = {
    {"nop_interval", "0", OURS},
    {"nop_count", "0", OURS},
    {"MaxRecvDataSegmentLength", "8192", OURS, 8192, 1048576},
    {"HeaderDigest", "None", OURS},
    {"DataDigest", "None", OURS},
    {"InitialR2T", "Yes", OURS},
    {"MaxOutstandingR2T", "1", OURS},
    {"ImmediateData", "Yes", OURS},
    {"FirstBurstLength", "65536", OURS},
    {"MaxBurstLength", "262144", OURS},
    {"DataPDUInOrder", "Yes", SWITCH},
    {"DataSequenceInOrder", "Yes", SWITCH},
    {"ErrorRecoveryLevel", "0", NUMBER, 0, 2},
    {"IFMarker", "No", SWITCH},
    {"OFMarker", "No", SWITCH},
    {"DefaultTime2Wait", "2", OURS},
    {"DefaultTime2Retain", "20", NUMBER, 0, 3600},
    {"OFMarkInt", "Reject", MARKER, 1, 65535},
    {"IFMarkInt", "Reject", MARKER, 1, 65535},
    {"MaxConnections", "1", NUMBER, 1, 65535},
    {"RDMAExtensions", "Yes", SWITCH},
    {"TargetRecvDataSegmentLength", "262144", NUMBER, 512, 16777215},
    {"InitiatorRecvDataSegmentLength", "262144", NUMBER, 512, 16777215},
    {"MaxOutstandingUnexpectedPDUs", "0", NUMBER, 0, 4294967295},
    {"MaxXmitDataSegmentLength", "8192", NUMBER, 512, 16777215},
    {"MaxQueueCmd", "128", OURS},
};

/* While a redirection is set, tgt shows nothing else. */
static const struct row redirects[] = {
    {"RedirectAddress", "", OURS},
    {"RedirectPort", "", OURS},
    {"RedirectReason", "Unknown", OURS},
    {"RedirectCallback", "", OURS},
};

/* ---- show ---- */

static bool is_word(const char *value, const char *a, const char *b)
{
    return g_ascii_strcasecmp(value, a) == 0 || g_ascii_strcasecmp(value, b) == 0;
}

static void print_row(struct adm *adm, const struct row *row, const char *value)
{
    if (!value || (!*value && *row->fixed))
        value = row->fixed;
    adm_say(adm, "%s=%s\n", row->name,
            is_word(value, "yes", "on")   ? "Yes"
            : is_word(value, "no", "off") ? "No"
                                          : value);
}

static const char *value_of(const struct row *row, const json_t *values)
{
    return row->kind == OURS ? adm_text(values, row->name) : NULL;
}

static bool is_set(const json_t *values, const char *name)
{
    const char *value = adm_text(values, name);
    return value && *value;
}

static void print_redirect(struct adm *adm, const json_t *values)
{
    const struct row *callback = &redirects[3];
    if (is_set(values, callback->name)) {
        print_row(adm, callback, adm_text(values, callback->name));
        return;
    }
    for (const struct row *row = redirects; row < callback; row++)
        print_row(adm, row, adm_text(values, row->name));
}

static void print(struct adm *adm, const json_t *values)
{
    if (is_set(values, "RedirectAddress") || is_set(values, "RedirectCallback")) {
        print_redirect(adm, values);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        print_row(adm, &rows[i], value_of(&rows[i], values));
}

static const struct adm_reason reasons[] = {
    {CORE_ERROR_NOT_FOUND, NULL, ADM_ERROR_NO_TARGET},
    {0},
};

int adm_target_show_params(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *target = adm_get(adm, "target.show", adm_target_params(adm), reasons, &status);
    if (target)
        print(adm, json_object_get(json_object_get(target, "params"), "iscsi"));
    json_decref(target);
    return status;
}

/* ---- update ---- */

static const struct row *find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    for (unsigned i = 0; i < G_N_ELEMENTS(redirects); i++)
        if (strcmp(redirects[i].name, name) == 0)
            return &redirects[i];
    return NULL;
}

static bool is_number(const char *text, long long min, long long max)
{
    char *end;
    long long value = strtoll(text, &end, 0);
    return end != text && *end == '\0' && value >= min && value <= max;
}

/* Would tgt take the value of a row that is not ours? */
static bool is_legal(const struct row *row, const char *value)
{
    if (row->kind == SWITCH)
        return is_word(value, "yes", "no");
    return (row->kind == MARKER && g_ascii_strcasecmp(value, "Reject") == 0) ||
           is_number(value, row->min, row->max);
}

/* Within tgt's limits we go as far as we can. */
static char *bring_near(const struct row *row, const char *value)
{
    if (row->max == 0 || !is_number(value, 512, 16777215))
        return g_strdup(value);
    return g_strdup_printf("%lld", CLAMP(strtoll(value, NULL, 0), row->min, row->max));
}

static int set(struct adm *adm, const char *key, const char *value)
{
    json_t *params = adm_target_params(adm);
    json_object_set_new(params, "values", json_pack("{s:s}", key, value));
    return adm_do(adm, "target.set", params, reasons);
}

static int set_state(struct adm *adm)
{
    bool ready = strcmp(adm->value, "ready") == 0;
    if (!ready && strcmp(adm->value, "offline") != 0)
        return adm_error(adm, ADM_ERROR_INVALID);
    return set(adm, "online", ready ? "yes" : "no");
}

int adm_target_update(struct adm *adm)
{
    const struct row *row = find(adm->key);
    if (strcmp(adm->key, "state") == 0)
        return set_state(adm);
    if (row && row->kind == OURS) {
        g_autofree char *value = bring_near(row, adm->value);
        return set(adm, row->name, value);
    }
    int status = adm_target_exists(adm);
    if (status != LEGACY_OK)
        return status;
    return row && is_legal(row, adm->value) ? LEGACY_OK : adm_error(adm, ADM_ERROR_INVALID);
}
