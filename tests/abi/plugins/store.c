/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small backing store, built many times with one fault each (see meson.build). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef NEEDS_MINOR
#define TGT_ABI_NEEDS_MINOR NEEDS_MINOR
#endif
#include <tgt/tgt.h>

#ifdef ABI_MAJOR
#undef TGT_ABI_MAJOR
#define TGT_ABI_MAJOR ABI_MAJOR
#endif
#ifndef MODEL
#define MODEL TGT_BS_BLOCKING
#endif
#ifndef IO_PRIV
#define IO_PRIV 0
#endif
#ifndef OPS_SIZE
#define OPS_SIZE sizeof(struct tgt_bs_ops)
#endif

/* Whoever runs any code of a plugin leaves a line in this file. */
__attribute__((constructor)) static void leave_mark(void)
{
    const char *path = getenv("TGT_TEST_MARKER");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && write(fd, NAME "\n", sizeof NAME) < 0)
        abort();
    if (fd >= 0)
        close(fd);
#ifdef CRASH_CONSTRUCTOR
    raise(SIGSEGV);
#endif
}

static char memory[64 * 1024];

__attribute__((unused)) static int store_open(const struct tgt_bs_open *args,
                                              struct tgt_bs_info *info, void **handle,
                                              struct tgt_error *err)
{
    info->size = sizeof memory;
    *handle = memory;
    return 0;
}

static void store_close(void *handle)
{
}

__attribute__((unused)) static int store_read(void *handle, void *buf, uint32_t len,
                                              uint64_t offset)
{
    memcpy(buf, (char *)handle + offset, len);
    return 0;
}

static int store_write(void *handle, const void *buf, uint32_t len, uint64_t offset)
{
    memcpy((char *)handle + offset, buf, len);
    return 0;
}

__attribute__((unused)) static unsigned store_lend(void *chan, struct tgt_bs_io *io,
                                                   struct iovec *iov, unsigned max)
{
    return 0;
}

__attribute__((unused)) static void store_submit(void *chan, struct tgt_bs_io *io)
{
    tgt_bs_io_done(io, -EIO);
}

static const struct tgt_bs_ops ops = {
    .struct_size = OPS_SIZE,
    .model = MODEL,
    .io_priv_size = IO_PRIV,
#ifndef NO_OPEN
    .open = store_open,
#endif
    .close = store_close,
#ifndef NO_READ
    .read = store_read,
#endif
#ifdef WITH_SUBMIT
    .submit = store_submit,
#endif
#ifdef WITH_LEND
    .lend = store_lend,
#endif
    .write = store_write,
};

static const struct tgt_param params[] = {
    {"level", TGT_PARAM_UINT, 0, "3", 1, 9, NULL, NULL, "how much"},
    {"key", TGT_PARAM_STRING, TGT_PARAM_SECRET, NULL, 0, 0, NULL, NULL, "a secret"},
};

static int store_load(const struct tgt_host *host, const struct tgt_params *values,
                      struct tgt_error *err)
{
    tgt_plugin_data_set(&tgt_plugin, memory + tgt_param_uint(values, "level"));
#ifdef CRASH_LOAD
    raise(SIGSEGV);
#endif
#ifdef HANG_LOAD
    for (;;)
        pause();
#endif
#ifdef EXIT_LOAD
    exit(0);
#endif
#ifdef FAIL_LOAD
    return tgt_error_set(err, ENODEV, "no device of type %s", "frob");
#endif
    return 0;
}

static void store_unload(void)
{
    memset(memory, 0, sizeof memory);
}

TGT_PLUGIN_DEFINE(BACKING_STORE, NAME, "1.5", "MIT", "A store with a fault: " NAME, "bs:" NAME,
                  &ops, store_load, store_unload, TGT_PARAMS(params));
