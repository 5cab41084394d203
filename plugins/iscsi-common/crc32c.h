/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC32C, the digest of iSCSI (RFC 7143 13.1). */
#ifndef ISCSI_CRC32C_H
#define ISCSI_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISCSI_CRC_START 0xffffffffu

/* Go on with a running value that began as ISCSI_CRC_START. */
uint32_t iscsi_crc32c(uint32_t crc, const void *data, size_t len);
/* The same, and copy the data: the value is that of the copy even if `from` changes meanwhile. */
uint32_t iscsi_crc32c_copy(uint32_t crc, void *to, const void *from, size_t len);
/* The same by table only; for machines without the instruction, and to compare with. */
uint32_t iscsi_crc32c_table(uint32_t crc, const void *data, size_t len);
/* End a running value and write the four bytes of the digest. */
void iscsi_crc32c_end(uint32_t crc, uint8_t digest[4]);
/* Do all in use agree with the vectors of RFC 7143 B.4? Asked once at load. */
bool iscsi_crc32c_works(void);

#endif
