/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Additional header segments of SCSI Commands (RFC 7143 11.2.2). */
#ifndef ISCSI_AHS_H
#define ISCSI_AHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iscsi_ahs {
    const uint8_t *cdb; /* bytes of the CDB behind the first 16 */
    size_t cdb_len;
    uint32_t bidi_length;
    bool has_bidi;
};

enum iscsi_ahs_result { ISCSI_AHS_OK, ISCSI_AHS_UNKNOWN, ISCSI_AHS_MALFORMED };

/* Points into `data`. */
enum iscsi_ahs_result iscsi_ahs_parse(const uint8_t *data, size_t len, struct iscsi_ahs *ahs);

#endif
