/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Additional header segments of SCSI Commands: longer CDBs, the length of bidirectional reads. */
#include <tgt/cmd.h>
#include <tgt/scsi/be.h>

#include "ahs.h"

enum { EXTENDED_CDB = 1, BIDI_READ_LENGTH = 2 };
/* AHSLength counts from the byte behind the type; the first of these bytes is reserved in both
 * kinds. */
enum { FRAME = 3, BIDI_LENGTH = 5, CDB_MOST = TGT_CDB_MAX - 16 };

static enum iscsi_ahs_result take_cdb(const uint8_t *body, size_t len, struct iscsi_ahs *ahs)
{
    if (len < 2 || len - 1 > CDB_MOST || ahs->cdb)
        return ISCSI_AHS_MALFORMED;
    ahs->cdb = body + 1;
    ahs->cdb_len = len - 1;
    return ISCSI_AHS_OK;
}

static enum iscsi_ahs_result take_bidi(const uint8_t *body, size_t len, struct iscsi_ahs *ahs)
{
    if (len != BIDI_LENGTH || ahs->has_bidi)
        return ISCSI_AHS_MALFORMED;
    ahs->bidi_length = (uint32_t)be_get(body + 1, 4);
    ahs->has_bidi = true;
    return ISCSI_AHS_OK;
}

static enum iscsi_ahs_result take(const uint8_t *segment, size_t len, struct iscsi_ahs *ahs)
{
    if (len == 0)
        return ISCSI_AHS_MALFORMED;
    switch (segment[2] & 0x3f) {
    case EXTENDED_CDB:
        return take_cdb(segment + FRAME, len, ahs);
    case BIDI_READ_LENGTH:
        return take_bidi(segment + FRAME, len, ahs);
    default:
        return ISCSI_AHS_UNKNOWN;
    }
}

enum iscsi_ahs_result iscsi_ahs_parse(const uint8_t *data, size_t len, struct iscsi_ahs *ahs)
{
    *ahs = (struct iscsi_ahs){0};
    for (size_t at = 0; at < len;) {
        size_t length = be_get(data + at, 2);
        size_t whole = (FRAME + length + 3) & ~(size_t)3;
        if (whole > len - at)
            return ISCSI_AHS_MALFORMED;
        enum iscsi_ahs_result result = take(data + at, length, ahs);
        if (result != ISCSI_AHS_OK)
            return result;
        at += whole;
    }
    return ISCSI_AHS_OK;
}
