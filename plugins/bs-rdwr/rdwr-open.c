/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store "rdwr": opening with a clear word for each way in which that can fail, closing, and looking
 * again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "rdwr.h"

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFCHR:
        return "a character device";
    case S_IFSOCK:
        return "a socket";
    default:
        return "something else";
    }
}

static int check_kind(const char *path, const struct stat *st, struct tgt_error *err)
{
    if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
        return 0;
    return tgt_error_set(err, EINVAL, "'%s' is %s: the store rdwr needs a file or a block device",
                         path, kind_of(st->st_mode));
}

static const char *advice(int code, bool direct)
{
    switch (code) {
    case ENOENT:
        return ": create it first (truncate -s 1G), or correct the path";
    case EACCES:
    case EPERM:
        return ": the daemon's user needs permission for the file and all folders above it";
    case EINVAL:
        return direct ? ": its file system has no direct I/O, leave out direct=on" : "";
    case ENXIO:
    case ENODEV:
        return ": there is no such device behind it";
    case ENOMEDIUM:
        return ": insert a medium first";
    default:
        return "";
    }
}

static int open_failed(const char *path, int code, bool direct, struct tgt_error *err)
{
    return tgt_error_set(err, code, "cannot open '%s': %s%s", path, strerror(code),
                         advice(code, direct));
}

/* What may not be written is opened for reading, as tgt has always done. O_NONBLOCK: nothing that
 * has become a FIFO meanwhile holds us up. */
static int open_fd(struct rdwr *r, struct tgt_error *err)
{
    int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (r->direct ? O_DIRECT : 0);
    r->fd = open(r->path, flags | (r->read_only ? O_RDONLY : O_RDWR));
    if (r->fd < 0 && !r->read_only && (errno == EROFS || errno == EACCES)) {
        int code = errno;
        r->fd = open(r->path, flags | O_RDONLY);
        if (r->fd < 0)
            return open_failed(r->path, code, r->direct, err);
        r->read_only = true;
        tgt_log(TGT_LOG_NOTICE, "rdwr: %s: %s: opened for reading only", r->path, strerror(code));
    }
    return r->fd < 0 ? open_failed(r->path, errno, r->direct, err) : 0;
}

static int check_fd(struct rdwr *r, struct tgt_error *err)
{
    struct stat st;
    struct statfs fs;
    int write_protected = 0, logical = 512;
    if (fstat(r->fd, &st) < 0)
        return open_failed(r->path, errno, r->direct, err);
    int res = check_kind(r->path, &st, err);
    if (res < 0)
        return res;
    fcntl(r->fd, F_SETFL, fcntl(r->fd, F_GETFL) & ~O_NONBLOCK);
    r->device = S_ISBLK(st.st_mode);
    r->granule = r->device && ioctl(r->fd, BLKSSZGET, &logical) == 0 && logical > 512
                     ? (uint32_t)logical
                     : 512;
    if (!r->device && fstatfs(r->fd, &fs) == 0) {
        r->in_memory = fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
        r->tells_late = fs.f_type == NFS_SUPER_MAGIC && !r->direct;
    }
    if (r->device && ioctl(r->fd, BLKROGET, &write_protected) == 0 && write_protected)
        r->read_only = true;
    return 0;
}

static int open_path(struct rdwr *r, struct tgt_bs_info *info, struct tgt_error *err)
{
    struct stat st;
    if (stat(r->path, &st) < 0)
        return open_failed(r->path, errno, r->direct, err);
    /* Before opening: that alone rewinds a tape. */
    int res = check_kind(r->path, &st, err);
    if (res == 0)
        res = open_fd(r, err);
    if (res == 0)
        res = check_fd(r, err);
    if (res == 0)
        res = rdwr_info(r, info, err);
    r->can_punch = info->discard == TGT_BS_NATIVE;
    if (res == 0)
        rdwr_map(r);
    return res;
}

int rdwr_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
              struct tgt_error *err)
{
    if (!args->path || !*args->path)
        return tgt_error_set(err, EINVAL,
                             "a path is missing: say which file or block device with --path");
    struct rdwr *r = calloc(1, sizeof(*r));
    char *path = strdup(args->path);
    if (!r || !path) {
        free(r);
        free(path);
        return tgt_error_set(err, ENOMEM, "out of memory");
    }
    *r = (struct rdwr){.fd = -1, .path = path, .read_only = args->read_only};
    rdwr_commit_init(&r->commit);
    r->sync = tgt_param_bool(args->params, "sync");
    r->direct = tgt_param_bool(args->params, "direct");
    int res = open_path(r, info, err);
    if (res < 0)
        rdwr_close(r);
    else
        *handle = r;
    return res;
}

void rdwr_close(void *handle)
{
    struct rdwr *r = handle;
    rdwr_unmap(r);
    if (r->fd >= 0)
        close(r->fd);
    rdwr_commit_clear(&r->commit);
    free(r->path);
    free(r);
}

int rdwr_refresh(void *handle, struct tgt_bs_info *info, struct tgt_error *err)
{
    struct rdwr *r = handle;
    __atomic_store_n(&r->shrunk, false, __ATOMIC_RELAXED);
    int res = rdwr_info(r, info, err);
    if (res < 0) /* each read behind the end would have it looked at again */
        __atomic_store_n(&r->shrunk, true, __ATOMIC_RELAXED);
    return res;
}

int rdwr_resize(void *handle, uint64_t size, struct tgt_error *err)
{
    const struct rdwr *r = handle;
    if (r->device)
        return tgt_error_set(err, EOPNOTSUPP,
                             "%s is a device: change its size by other means, then resize without "
                             "a size",
                             r->path);
    if (r->read_only)
        return tgt_error_set(err, EROFS, "%s is opened for reading only", r->path);
    if (size > INT64_MAX || ftruncate(r->fd, (off_t)size) < 0)
        return tgt_error_set(err, size > INT64_MAX ? EFBIG : errno, "cannot resize %s: %s", r->path,
                             strerror(size > INT64_MAX ? EFBIG : errno));
    return 0;
}

int rdwr_usage(void *handle, uint64_t *used, uint64_t *available)
{
    const struct rdwr *r = handle;
    struct statvfs fs;
    struct stat st;
    if (r->device)
        return -EOPNOTSUPP;
    if (fstat(r->fd, &st) < 0 || fstatvfs(r->fd, &fs) < 0)
        return -errno;
    *used = (uint64_t)st.st_blocks * 512;
    uint64_t size = (uint64_t)st.st_size, space = (uint64_t)fs.f_bavail * fs.f_frsize;
    uint64_t unused = size > *used ? size - *used : 0;
    *available = unused < space ? unused : space;
    return 0;
}
