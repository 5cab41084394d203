/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes in pieces: copying, comparing and windows of iovecs. */
#include "iov.h"

#include <string.h>

/* One piece of a walk: the next `len` bytes at `base`, or len 0 at the end. */
struct walk {
    const struct iovec *iov;
    unsigned count;
    size_t offset; /* within iov[0] */
};

static struct iovec walk_next(struct walk *w, size_t max)
{
    while (w->count > 0 && w->offset >= w->iov->iov_len) {
        w->offset -= w->iov->iov_len;
        w->iov++;
        w->count--;
    }
    if (w->count == 0)
        return (struct iovec){0};
    size_t len = w->iov->iov_len - w->offset;
    struct iovec piece = {(char *)w->iov->iov_base + w->offset, len < max ? len : max};
    w->offset += piece.iov_len;
    return piece;
}

size_t iov_get(const struct iovec *iov, unsigned count, size_t offset, void *dst, size_t len)
{
    struct walk w = {iov, count, offset};
    size_t done = 0;
    while (done < len) {
        struct iovec piece = walk_next(&w, len - done);
        if (piece.iov_len == 0)
            break;
        memcpy((char *)dst + done, piece.iov_base, piece.iov_len);
        done += piece.iov_len;
    }
    return done;
}

size_t iov_put(const struct iovec *iov, unsigned count, size_t offset, const void *src, size_t len)
{
    struct walk w = {iov, count, offset};
    size_t done = 0;
    while (done < len) {
        struct iovec piece = walk_next(&w, len - done);
        if (piece.iov_len == 0)
            break;
        memcpy(piece.iov_base, (const char *)src + done, piece.iov_len);
        done += piece.iov_len;
    }
    return done;
}

static size_t first_difference(const unsigned char *a, const unsigned char *b, size_t len)
{
    size_t i = 0;
    while (i < len && a[i] == b[i])
        i++;
    return i;
}

size_t iov_compare(const struct iovec *iov, unsigned count, size_t offset, const void *data,
                   size_t len)
{
    struct walk w = {iov, count, offset};
    size_t done = 0;
    while (done < len) {
        struct iovec piece = walk_next(&w, len - done);
        const char *with = (const char *)data + done;
        if (piece.iov_len == 0)
            break;
        if (memcmp(piece.iov_base, with, piece.iov_len) != 0)
            return done +
                   first_difference(piece.iov_base, (const unsigned char *)with, piece.iov_len);
        done += piece.iov_len;
    }
    return done;
}

unsigned iov_window(const struct iovec *iov, unsigned count, size_t offset, struct iovec *window,
                    unsigned max, uint64_t *len)
{
    struct walk w = {iov, count, offset};
    uint64_t want = *len;
    unsigned n = 0;
    *len = 0;
    while (n < max && *len < want) {
        window[n] = walk_next(&w, want - *len);
        if (window[n].iov_len == 0)
            break;
        *len += window[n++].iov_len;
    }
    return n;
}
