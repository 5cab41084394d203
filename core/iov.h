/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes in pieces: copying, comparing and windows of iovecs. */
#ifndef CORE_IOV_H
#define CORE_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Copy up to `len` bytes from `offset` of the pieces; returns how many there were. */
size_t iov_get(const struct iovec *iov, unsigned count, size_t offset, void *dst, size_t len);
/* Copy up to `len` bytes into the pieces at `offset`; returns how many fitted. */
size_t iov_put(const struct iovec *iov, unsigned count, size_t offset, const void *src, size_t len);
/* First differing byte between `len` bytes at `offset` of the pieces and `data`; `len` if they are
 * equal. */
size_t iov_compare(const struct iovec *iov, unsigned count, size_t offset, const void *data,
                   size_t len);
/* At most `max` pieces for at most `*len` bytes from `offset` on; returns their number and their
 * sum in *len. */
unsigned iov_window(const struct iovec *iov, unsigned count, size_t offset, struct iovec *window,
                    unsigned max, uint64_t *len);

#endif
