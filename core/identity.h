/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identities of logical units: the persisted UUID, and the designators that derive from it or, for
 * LUs made through tgtadm, from tid and LUN. */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct core_lu;

/* Longest T10 vendor id designator of a tgtadm LU, and room for the longer one of others (vendor
 * and serial). */
#define IDENTITY_SCSI_ID_MAX 36

/* The UUID kept for a LUN of a target; without one a random UUID, which is kept from then on.
 * FALSE: what is kept cannot be read, or nothing can be kept (the disk is full). A damaged file is
 * set aside and a warning in the log. Main thread. */
bool identity_load(const char *target, uint16_t lun, uint8_t uuid[16], GError **error);
/* Keep this one instead. */
bool identity_store(const char *target, uint16_t lun, const uint8_t uuid[16], GError **error);
/* The UUID of a LU made through tgtadm: always the same for a target and a LUN. */
void identity_legacy_uuid(const char *target, uint16_t lun, uint8_t uuid[16]);
/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", hyphens optional. */
bool identity_parse(const char *text, uint8_t uuid[16]);
void identity_format(const uint8_t uuid[16], char text[37]);

/* Fill in serial and SCSI ID as they follow from the UUID, or from tid and LUN. lu->lock held or LU
 * not yet in use. */
void identity_derive(struct core_lu *lu);
/* NAA designator of 16 bytes. Unique across hosts, but for tgtadm LUs, whose value is tgt's. */
void identity_naa(const struct core_lu *lu, uint8_t naa[16]);
/* NAA 3h designator that tgt reports as well, for tgtadm LUs. */
void identity_naa_local(const struct core_lu *lu, uint8_t naa[8]);

#endif
