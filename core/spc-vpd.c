/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vital product data of every device type: serial number, designators, extended INQUIRY data
 * (SPC-5 7.7). */
#include <string.h>
#include <tgt/scsi/be.h>

#include "identity.h"
#include "lu.h"
#include "medium.h"
#include "nexus.h"
#include "spc.h"
#include "target.h"

/* ---- 80h: Unit Serial Number ---- */

/* tgt right-justifies it in 36 bytes; who compares serial numbers of its LUs byte for byte gets
 * what he had. */
static int fill_serial(struct tgt_lu *pub, struct tgt_nexus *nexus, uint8_t *buf, size_t size)
{
    struct core_lu *lu = core_lu(pub);
    g_mutex_lock(&lu->lock);
    size_t len = strlen(pub->serial), width = lu->identity_legacy ? MAX(len, 36) : len;
    memset(buf, ' ', width);
    memcpy(buf + width - len, pub->serial, len);
    g_mutex_unlock(&lu->lock);
    return (int)width;
}

/* ---- 83h: Device Identification ---- */

enum { BINARY = 1, ASCII = 2, UTF8 = 3 };                /* CODE SET */
enum { OF_LU = 0x00, OF_PORT = 0x10, OF_DEVICE = 0x20 }; /* ASSOCIATION */
enum {
    T10_VENDOR = 1,
    NAA = 3,
    RELATIVE_PORT = 4,
    PORT_GROUP = 5,
    SCSI_NAME = 8
}; /* DESIGNATOR TYPE */

/* Where the page grows. */
struct designators {
    uint8_t *buf;
    size_t size, len;
    uint8_t protocol; /* PROTOCOL IDENTIFIER of the nexus */
};

/* Room for one designator of at most 255 bytes, zeroed; its four header bytes are written. */
static uint8_t *designator(struct designators *d, unsigned code_set, unsigned association,
                           unsigned type, size_t len)
{
    if (len > 255 || d->len + 4 + len > d->size)
        return NULL;
    uint8_t *p = d->buf + d->len;
    bool piv = association != OF_LU && d->protocol != TGT_PROTOCOL_NONE;
    memset(p, 0, 4 + len);
    p[0] = (uint8_t)((piv ? d->protocol << 4 : 0) | code_set);
    p[1] = (uint8_t)((piv ? 0x80 : 0) | association | type);
    p[3] = (uint8_t)len;
    d->len += 4 + len;
    return p + 4;
}

static void add_bytes(struct designators *d, unsigned code_set, unsigned association, unsigned type,
                      const void *data, size_t len)
{
    uint8_t *p = designator(d, code_set, association, type, len);
    if (p != NULL)
        memcpy(p, data, len);
}

/* SCSI name strings end with NUL and are padded to a multiple of four (SPC-5 7.7.6.11). */
static void add_name(struct designators *d, unsigned association, const char *name)
{
    size_t len = strlen(name);
    uint8_t *p =
        len > 0 ? designator(d, UTF8, association, SCSI_NAME, (len + 4) & ~(size_t)3) : NULL;
    if (p != NULL)
        memcpy(p, name, len);
}

static void add_number(struct designators *d, unsigned type, uint16_t number)
{
    uint8_t *p = designator(d, BINARY, OF_PORT, type, 4);
    if (p != NULL)
        be_put(p, 4, number);
}

static void add_t10(struct designators *d, const struct core_lu *lu)
{
    char text[8 + sizeof lu->pub.serial];
    if (lu->identity_legacy) {
        uint8_t *p = designator(d, ASCII, OF_LU, T10_VENDOR, IDENTITY_SCSI_ID_MAX);
        if (p != NULL)
            memcpy(p, lu->scsi_id, strlen(lu->scsi_id));
        return;
    }
    memcpy(text, lu->pub.vendor, 8);
    g_strlcpy(text + 8, lu->scsi_id[0] ? lu->scsi_id : lu->pub.serial, sizeof text - 8);
    add_bytes(d, ASCII, OF_LU, T10_VENDOR, text, 8 + strlen(text + 8));
}

static void add_naa(struct designators *d, const struct core_lu *lu)
{
    uint8_t local[8], naa[16];
    char name[4 + 32 + 1] = "naa.";
    if (lu->identity_legacy) {
        identity_naa_local(lu, local);
        add_bytes(d, BINARY, OF_LU, NAA, local, sizeof local);
    }
    identity_naa(lu, naa);
    add_bytes(d, BINARY, OF_LU, NAA, naa, sizeof naa);
    if (lu->identity_legacy)
        return;
    for (unsigned i = 0; i < sizeof naa; i++)
        g_snprintf(name + 4 + 2 * i, 3, "%02X", naa[i]);
    add_name(d, OF_LU, name);
}

/* The logical unit first, by decreasing uniqueness; for tgtadm LUs in tgt's order. */
static void add_lu(struct designators *d, struct core_lu *lu)
{
    g_mutex_lock(&lu->lock);
    if (lu->identity_legacy)
        add_t10(d, lu);
    add_naa(d, lu);
    if (!lu->identity_legacy)
        add_t10(d, lu);
    g_mutex_unlock(&lu->lock);
}

static int fill_designators(struct tgt_lu *pub, struct tgt_nexus *nexus, uint8_t *buf, size_t size)
{
    struct core_lu *lu = core_lu(pub);
    struct designators d = {.buf = buf, .size = size, .protocol = nexus->protocol};
    add_lu(&d, lu);
    add_number(&d, RELATIVE_PORT, nexus->relative_port);
    add_number(&d, PORT_GROUP, nexus->tpgt);
    add_name(&d, OF_PORT, nexus->target_port);
    add_name(&d, OF_DEVICE, lu->target->name);
    return (int)d.len;
}

/* ---- 86h: Extended INQUIRY Data ---- */

static int fill_extended(struct tgt_lu *pub, struct tgt_nexus *nexus, uint8_t *buf, size_t size)
{
    const struct tgt_medium *medium = __atomic_load_n(&pub->medium, __ATOMIC_ACQUIRE);
    buf[5 - 4] = 0x07; /* HEADSUP, ORDSUP, SIMPSUP */
    buf[6 - 4] =
        medium != NULL && medium->info.write_back ? 0x01 : 0; /* V_SUP: there is a volatile cache */
    buf[13 - 4] = TGT_SENSE_MAX; /* MAXIMUM SUPPORTED SENSE DATA LENGTH */
    return 60;
}

const struct tgt_vpd_page spc_vpd[] = {
    {0x80, fill_serial},
    {0x83, fill_designators},
    {0x86, fill_extended},
};
const unsigned spc_vpd_count = sizeof spc_vpd / sizeof spc_vpd[0];
