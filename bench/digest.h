/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests of the load generator, by the same CRC32C that the daemon uses (RFC 7143 13.1). */
#ifndef BENCH_DIGEST_H
#define BENCH_DIGEST_H

#include "../plugins/iscsi-common/crc32c.h"

enum { DIGEST_SIZE = 4 };

static inline void digest_make(const void *data, size_t length, uint8_t digest[DIGEST_SIZE])
{
    iscsi_crc32c_end(iscsi_crc32c(ISCSI_CRC_START, data, length), digest);
}

#endif
