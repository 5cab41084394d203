/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical unit numbers as on the wire (SAM-5 4.7). */
#include <string.h>
#include <tgt/scsi/be.h>

#include "nexus.h"

#define METHOD_PERIPHERAL 0
#define METHOD_FLAT       1
#define FLAT_MAX          0x3fff

/* Single level: what stands behind the first two bytes must be zero, and so must the bus of the
 * peripheral device method. */
bool lun_decode(const uint8_t lun[8], uint16_t *value)
{
    uint16_t first = (uint16_t)be_get(lun, 2);
    if (be_get(lun + 2, 6) != 0)
        return false;
    if (first >> 14 == METHOD_PERIPHERAL && first > 0xff)
        return false;
    if (first >> 14 != METHOD_PERIPHERAL && first >> 14 != METHOD_FLAT)
        return false;
    *value = first & FLAT_MAX;
    return true;
}

void lun_encode(uint16_t value, uint8_t lun[8])
{
    memset(lun, 0, 8);
    be_put(lun, 2, value < 256 ? value : METHOD_FLAT << 14 | (value & FLAT_MAX));
}
