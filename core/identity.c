/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes, keeps and derives the identities of logical units. */
#include "identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <tgt/scsi/be.h>

#include "log.h"
#include "lu.h"
#include "state.h"
#include "target.h"

#define FOLDER "identities"

/* The 24 bits of an IEEE company id in our NAA 6h designators. None is assigned to us, so it is one
 * with the "locally administered" bit, which IEEE never assigns; the 100 bits of the UUID behind it
 * make the designator unique. */
#define NAA_COMPANY 0x027467u

/* ---- UUID as text ---- */

bool identity_parse(const char *text, uint8_t uuid[16])
{
    unsigned digits = 0;
    memset(uuid, 0, 16);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '-')
            continue;
        if (!g_ascii_isxdigit(*p) || digits == 32)
            return false;
        uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | g_ascii_xdigit_value(*p));
        digits++;
    }
    return digits == 32;
}

void identity_format(const uint8_t uuid[16], char text[37])
{
    char *p = text;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        p += sprintf(p, "%02x", uuid[i]);
    }
}

static void mark_version(uint8_t uuid[16], unsigned version)
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void random_uuid(uint8_t uuid[16])
{
    if (getrandom(uuid, 16, 0) != 16)
        g_error("the kernel gives no random numbers");
    mark_version(uuid, 4);
}

void identity_legacy_uuid(const char *target, uint16_t lun, uint8_t uuid[16])
{
    uint8_t digest[32];
    gsize len = sizeof digest;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *name = g_strdup_printf("%s/%u", target, lun);
    g_checksum_update(sum, (const guchar *)name, -1);
    g_checksum_get_digest(sum, digest, &len);
    memcpy(uuid, digest, 16);
    mark_version(uuid, 8);
}

/* ---- Keeping ---- */

/* A file for each, so that the many LUNs of a target cost no more than few. The '/' becomes a '_',
 * which no target has in its name. */
static char *file_of(const char *target, uint16_t lun)
{
    return g_strdup_printf("%s/%u", target, lun);
}

static bool save(const char *file, const uint8_t uuid[16], GError **error)
{
    char text[38];
    identity_format(uuid, text);
    strcpy(text + 36, "\n");
    if (state_write(FOLDER, file, text, sizeof text - 1, error))
        return true;
    g_prefix_error(error, "the identity of the logical unit cannot be kept: ");
    return false;
}

/* What is damaged is kept aside: a human can still look it up. */
static bool set_aside(const char *file, GError **error)
{
    if (!state_set_aside(FOLDER, file, error))
        return false;
    log_warning("the identity of %s is damaged and was set aside, it gets a new one", file);
    return true;
}

/* Unknown: true with *known false. */
static bool load(const char *file, uint8_t uuid[16], bool *known, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = state_read(FOLDER, file, NULL, &problem);
    *known = text != NULL && identity_parse(g_strchomp(text), uuid);
    if (problem != NULL) {
        g_propagate_prefixed_error(error, g_steal_pointer(&problem), "identity of %s: ", file);
        return false;
    }
    return text == NULL || *known || set_aside(file, error);
}

bool identity_store(const char *target, uint16_t lun, const uint8_t uuid[16], GError **error)
{
    g_autofree char *file = file_of(target, lun);
    return !state_kept() || save(file, uuid, error);
}

bool identity_load(const char *target, uint16_t lun, uint8_t uuid[16], GError **error)
{
    g_autofree char *file = file_of(target, lun);
    bool known;
    if (!load(file, uuid, &known, error))
        return false;
    if (known)
        return true;
    random_uuid(uuid);
    return !state_kept() || save(file, uuid, error);
}

/* ---- What follows from it ---- */

/* As tgt has it: udev names under /dev/disk/by-id depend on every digit. */
static void derive_legacy(struct core_lu *lu)
{
    unsigned tid = lu->target->tid, lun = lu->lun;
    snprintf(lu->scsi_id, sizeof lu->scsi_id, "IET     %04x%04x", tid, lun);
    snprintf(lu->pub.serial, sizeof lu->pub.serial, "beaf%u%u", tid, lun);
}

void identity_derive(struct core_lu *lu)
{
    if (lu->identity_legacy) {
        derive_legacy(lu);
        return;
    }
    lu->scsi_id[0] = '\0';
    for (unsigned i = 0; i < 16; i++)
        sprintf(lu->pub.serial + 2 * i, "%02x", lu->pub.uuid[i]);
}

/* tgt's rule: the last 32 characters of the SCSI ID as digits, 0 for what is not a hex digit, then
 * the type in front. */
static void naa_legacy(const char *scsi_id, uint8_t naa[16])
{
    size_t len = strlen(scsi_id);
    for (unsigned i = 0; i < 32 && i < len; i++) {
        int digit = g_ascii_xdigit_value(scsi_id[len - 1 - i]);
        naa[15 - i / 2] |= (uint8_t)((digit < 0 ? 0 : digit) << (i % 2 ? 4 : 0));
    }
    naa[0] = (uint8_t)((naa[0] & 0x0f) | 0x60);
}

void identity_naa(const struct core_lu *lu, uint8_t naa[16])
{
    memset(naa, 0, 16);
    if (lu->identity_legacy) {
        naa_legacy(lu->scsi_id, naa);
        return;
    }
    memcpy(naa, lu->pub.uuid, 16);
    be_put(naa, 4, 6u << 28 | NAA_COMPANY << 4 | (lu->pub.uuid[3] & 0x0f));
}

void identity_naa_local(const struct core_lu *lu, uint8_t naa[8])
{
    be_put(naa, 8, (uint64_t)3 << 60 | (uint64_t)lu->target->tid << 32 | lu->lun);
}
