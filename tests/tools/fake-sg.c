/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into a program, it makes a SCSI disk of every file: ioctl(SG_IO) answers as one. */
#include <errno.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const uint8_t standard[36] = {
    [2] = 5, 2,   31,  [8] = 'I', 'E', 'T', ' ', ' ', ' ', ' ', ' ', 'V', 'I', 'R', 'T', 'U',
    'A',     'L', ' ', 'D',       'I', 'S', 'K', ' ', ' ', ' ', ' ', '0', '0', '0', '1'};
static const uint8_t serial[24] = {0,   0x80, 0,   20,  ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
                                   ' ', ' ',  ' ', ' ', ' ', 'b', 'e', 'a', 'f', '1', '1', ' '};
static const uint8_t limits[64] = {0, 0xb0, 0, 60, [7] = 64, [14] = 1};
static const uint8_t capacity[32] = {[7] = 255, [10] = 16, [13] = 3, [15] = 7};

static void answer(struct sg_io_hdr *io, const uint8_t *data, unsigned len)
{
    unsigned n = len < io->dxfer_len ? len : io->dxfer_len;
    memcpy(io->dxferp, data, n);
    io->resid = (int)(io->dxfer_len - n);
}

static int execute(struct sg_io_hdr *io)
{
    const uint8_t *cdb = io->cmdp;
    io->status = io->host_status = io->driver_status = 0;
    if (cdb[0] == 0x12 && !(cdb[1] & 1))
        answer(io, standard, sizeof(standard));
    else if (cdb[0] == 0x12 && cdb[2] == 0x80)
        answer(io, serial, sizeof(serial));
    else if (cdb[0] == 0x12 && cdb[2] == 0xb0)
        answer(io, limits, sizeof(limits));
    else if (cdb[0] == 0x9e)
        answer(io, capacity, sizeof(capacity));
    else
        io->status = 2; /* CHECK CONDITION */
    return 0;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (request == SG_IO)
        return execute(argument);
    return (int)syscall(SYS_ioctl, fd, request, argument);
}
