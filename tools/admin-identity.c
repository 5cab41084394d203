/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Four SCSI commands to a device, and what their answers mean. */
#include "admin-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ANSWER_MAX 252u
#define LIMIT_MS   10000u

/* ---- Answers ---- */

static uint32_t number(const uint8_t *data, unsigned bytes)
{
    uint32_t n = 0;
    while (bytes-- > 0)
        n = n << 8 | *data++;
    return n;
}

/* A field of fixed width keeps its trailing blanks: they are part of what initiators see. */
static void take_text(char *text, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(data[i] >= ' ' && data[i] < 0x7f ? data[i] : ' ');
    text[len] = '\0';
}

void identity_take_inquiry(struct identity *identity, const uint8_t *data, size_t len)
{
    if (len < 36)
        return;
    take_text(identity->vendor, data + 8, 8);
    take_text(identity->product, data + 16, 16);
    take_text(identity->revision, data + 32, 4);
}

void identity_take_serial(struct identity *identity, const uint8_t *data, size_t len)
{
    if (len < 4 || data[1] != 0x80)
        return;
    size_t size = MIN(number(data + 2, 2), MIN(len - 4, sizeof(identity->serial) - 1));
    const uint8_t *text = data + 4;
    for (; size > 0 && *text == ' '; size--)
        text++;
    take_text(identity->serial, text, size);
}

void identity_take_limits(struct identity *identity, const uint8_t *data, size_t len)
{
    if (len < 16 || data[1] != 0xb0)
        return;
    identity->granularity = (uint16_t)number(data + 6, 2);
    identity->optimal = number(data + 12, 4);
}

void identity_take_capacity(struct identity *identity, const uint8_t *data, size_t len)
{
    if (len < 16)
        return;
    identity->has_capacity = true;
    identity->block_size = number(data + 8, 4);
    identity->exponent = data[13] & 0x0f;
    identity->aligned = number(data + 14, 2) & 0x3fff;
}

/* ---- The device ---- */

/* The length of the answer; 0: there is none. errno says why the device was not even asked. */
static size_t ask(int fd, uint8_t *cdb, uint8_t cdb_len, uint8_t *data)
{
    uint8_t sense[32];
    struct sg_io_hdr io = {
        .interface_id = 'S',
        .dxfer_direction = SG_DXFER_FROM_DEV,
        .cmd_len = cdb_len,
        .cmdp = cdb,
        .mx_sb_len = sizeof(sense),
        .sbp = sense,
        .dxfer_len = ANSWER_MAX,
        .dxferp = data,
        .timeout = LIMIT_MS,
    };
    memset(data, 0, ANSWER_MAX);
    if (ioctl(fd, SG_IO, &io) < 0)
        return 0;
    errno = EIO;
    bool good = io.status == 0 && io.host_status == 0 && io.driver_status == 0;
    return good ? ANSWER_MAX - (size_t)CLAMP(io.resid, 0, (int)ANSWER_MAX) : 0;
}

static size_t inquire(int fd, uint8_t page, uint8_t *data)
{
    uint8_t cdb[6] = {0x12, page ? 1 : 0, page, 0, ANSWER_MAX, 0};
    return ask(fd, cdb, sizeof(cdb), data);
}

static size_t read_capacity(int fd, uint8_t *data)
{
    uint8_t cdb[16] = {0x9e, 0x10, [13] = ANSWER_MAX};
    return ask(fd, cdb, sizeof(cdb), data);
}

static bool ask_all(int fd, struct identity *identity)
{
    uint8_t data[ANSWER_MAX];
    size_t len = inquire(fd, 0, data);
    if (len == 0)
        return false;
    identity_take_inquiry(identity, data, len);
    identity_take_serial(identity, data, inquire(fd, 0x80, data));
    identity_take_limits(identity, data, inquire(fd, 0xb0, data));
    identity_take_capacity(identity, data, read_capacity(fd, data));
    return true;
}

bool identity_read(struct identity *identity, const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool ok = fd >= 0 && ask_all(fd, identity);
    if (!ok)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s",
                    errno == ENOTTY || errno == EINVAL ? "it is no SCSI device"
                                                       : g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- For tgtadm ---- */

static void put_text(struct identity_value **next, const char *key, const char *text)
{
    if (!*text)
        return;
    (*next)->key = key;
    g_strlcpy((*next)->text, text, sizeof((*next)->text));
    (*next)++;
}

static void put_number(struct identity_value **next, const char *key, uint32_t n)
{
    (*next)->key = key;
    g_snprintf((*next)->text, sizeof((*next)->text), "%u", n);
    (*next)++;
}

unsigned identity_values(const struct identity *identity,
                         struct identity_value values[IDENTITY_VALUES])
{
    struct identity_value *next = values;
    put_text(&next, "vendor_id", identity->vendor);
    put_text(&next, "product_id", identity->product);
    put_text(&next, "product_rev", identity->revision);
    put_text(&next, "scsi_sn", identity->serial);
    if (identity->has_capacity) {
        put_number(&next, "lbppbe", identity->exponent);
        put_number(&next, "la_lba", identity->aligned);
    }
    if (identity->granularity)
        put_number(&next, "optimal_xfer_gran", identity->granularity);
    if (identity->optimal)
        put_number(&next, "optimal_xfer_len", identity->optimal);
    return (unsigned)(next - values);
}
