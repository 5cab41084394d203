/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": what the host is told of an open file or block device. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rdwr.h"

/* Longest range of one discard or of one writing of zeroes: it cannot be stopped on its way. */
#define RANGE_MAX (UINT64_C(256) << 20)
/* Bytes behind the end of a file where it is tried whether holes can be made. */
#define PROBE_DISTANCE (UINT64_C(16) << 30)

static bool read_number(const char *path, uint64_t *value)
{
    char text[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    *value = strtoull(text, NULL, 10);
    return true;
}

/* An attribute of the request queue of a disk; a partition has that of its disk. `otherwise` if
 * there is none (tmpfs, NFS). */
static uint64_t queue_attribute(dev_t dev, const char *name, uint64_t otherwise)
{
    char path[128];
    uint64_t value;
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/%s", major(dev), minor(dev), name);
    if (read_number(path, &value))
        return value;
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../queue/%s", major(dev), minor(dev), name);
    return read_number(path, &value) ? value : otherwise;
}

static bool power_of_two(uint64_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

static int device_size(const struct rdwr *r, uint64_t *size, struct tgt_error *err)
{
    if (ioctl(r->fd, BLKGETSIZE64, size) == 0)
        return 0;
    int code = errno;
    return tgt_error_set(err, code, "'%s' does not say how large it is: %s", r->path,
                         strerror(code));
}

static void device_blocks(const struct rdwr *r, struct tgt_bs_info *info)
{
    unsigned physical = 0, optimal = 0;
    if (ioctl(r->fd, BLKPBSZGET, &physical) == 0 && power_of_two(physical))
        info->physical_block = physical;
    if (ioctl(r->fd, BLKIOOPT, &optimal) == 0)
        info->optimal_transfer = optimal;
}

/* The block size of the file system is what the file is really written in, unless that is a wish
 * for large transfers (NFS). */
static void file_blocks(const struct stat *st, struct tgt_bs_info *info)
{
    if (power_of_two((uint64_t)st->st_blksize) && st->st_blksize >= 512)
        info->physical_block = st->st_blksize < 4096 ? (uint32_t)st->st_blksize : 4096;
}

/* What O_DIRECT asks for: of offsets and lengths, and of memory. */
static void direct_alignment(const struct rdwr *r, const struct stat *st, struct tgt_bs_info *info)
{
    info->block_size =
        r->device ? r->granule : (uint32_t)queue_attribute(st->st_dev, "logical_block_size", 4096);
    info->alignment = info->block_size;
#ifdef STATX_DIOALIGN
    struct statx stx;
    if (statx(r->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
        (stx.stx_mask & STATX_DIOALIGN) && stx.stx_dio_offset_align) {
        info->block_size = stx.stx_dio_offset_align > 512 ? stx.stx_dio_offset_align : 512;
        info->alignment = stx.stx_dio_mem_align;
    }
#endif
}

/* A hole behind the end is no change. It is so far behind it that whoever makes the file longer at
 * this moment does not write there. */
static bool file_can_punch(const struct rdwr *r, uint64_t size)
{
    uint64_t behind = (size + PROBE_DISTANCE) / 4096 * 4096;
    return fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)behind, 4096) == 0;
}

static void changes(const struct rdwr *r, const struct stat *st, struct tgt_bs_info *info)
{
    bool discard = r->device ? queue_attribute(st->st_rdev, "discard_max_bytes", 0) > 0
                             : file_can_punch(r, (uint64_t)st->st_size);
    info->discard = discard ? TGT_BS_NATIVE : TGT_BS_NONE;
    info->discard_zeroes = discard && !r->device;
    info->discard_granularity =
        r->device ? (uint32_t)queue_attribute(st->st_rdev, "discard_granularity", 0)
                  : info->physical_block;
    info->write_zeroes = TGT_BS_NATIVE;
    info->flush = TGT_BS_NATIVE;
    info->fua = TGT_BS_NATIVE;
    info->max_discard = RANGE_MAX;
    info->write_back = !r->sync;
}

static int set_size(const struct rdwr *r, uint64_t size, struct tgt_bs_info *info,
                    struct tgt_error *err)
{
    uint32_t block = info->block_size ? info->block_size : 512;
    info->size = size - size % block;
    if (info->size == 0)
        return tgt_error_set(
            err, EINVAL,
            "'%s' has %" PRIu64
            " bytes, which is no block of %u: give it a size first (truncate -s 1G)",
            r->path, size, block);
    if (info->size != size)
        tgt_log(TGT_LOG_WARNING,
                "rdwr: %s: %" PRIu64
                " bytes are no multiple of the block size %u: the last %" PRIu64 " are not used",
                r->path, size, block, size - info->size);
    return 0;
}

int rdwr_info(const struct rdwr *r, struct tgt_bs_info *info, struct tgt_error *err)
{
    struct stat st;
    uint64_t size;
    if (fstat(r->fd, &st) < 0)
        return tgt_error_set(err, errno, "'%s' cannot be looked at: %s", r->path, strerror(errno));
    size = (uint64_t)st.st_size;
    int res = r->device ? device_size(r, &size, err) : 0;
    if (res < 0)
        return res;
    if (r->device)
        device_blocks(r, info);
    else
        file_blocks(&st, info);
    if (r->direct)
        direct_alignment(r, &st, info);
    info->read_only = r->read_only;
    info->rotational = queue_attribute(r->device ? st.st_rdev : st.st_dev, "rotational", 0) == 1;
    info->extents = r->device ? TGT_BS_NONE : TGT_BS_NATIVE;
    if (!r->read_only)
        changes(r, &st, info);
    return set_size(r, size, info, err);
}
