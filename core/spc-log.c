/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LOG SENSE (SPC-5 6.8) and the pages that list the others. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"
#include "spc.h"

#define DS               0x80
#define SPF              0x40
#define SUBPAGES         0xff
#define PARAMETER_HEADER 4

#define DATA_MAX 4096

/* ---- Which pages there are ---- */

/* Fill a page; -1: this LU has no such page. */
static int fill_from(struct tgt_lu *lu, const struct tgt_log_page *pages, unsigned count,
                     size_t size, uint8_t code, uint8_t subcode, uint8_t *buf)
{
    const char *p = (const char *)pages;
    for (unsigned i = 0; i < count; i++, p += size) {
        const struct tgt_log_page *page = (const struct tgt_log_page *)p;
        if (page->code == code && page->subcode == subcode)
            return page->fill(lu, buf, DATA_MAX);
    }
    return -1;
}

static int fill_device(struct tgt_lu *lu, uint8_t code, uint8_t subcode, uint8_t *buf)
{
    const struct tgt_device_ops *device = core_lu(lu)->device;
    int len = fill_from(lu, device->log, device->log_count, device->log_size, code, subcode, buf);
    return MIN(len, DATA_MAX);
}

/* The next page after `code` and `subcode` in ascending order; false: there is none. */
static bool next_page(struct tgt_lu *lu, unsigned *key)
{
    uint8_t buf[DATA_MAX];
    const struct tgt_device_ops *device = core_lu(lu)->device;
    const char *p = (const char *)device->log;
    unsigned best = UINT32_MAX;
    for (unsigned i = 0; i < device->log_count; i++, p += device->log_size) {
        const struct tgt_log_page *page = (const struct tgt_log_page *)p;
        unsigned here = (unsigned)page->code << 8 | page->subcode;
        if (here > *key && here < best && fill_device(lu, page->code, page->subcode, buf) >= 0)
            best = here;
    }
    *key = best;
    return best != UINT32_MAX;
}

/* Supported Log Pages (SPC-5 7.3.20): page codes. */
static int fill_pages(struct tgt_lu *lu, uint8_t *buf, size_t size)
{
    unsigned key = 0;
    int len = 0;
    buf[len++] = 0x00;
    while (next_page(lu, &key) && (size_t)len < size)
        if ((key & 0xff) == 0)
            buf[len++] = (uint8_t)(key >> 8);
    return len;
}

static int put_pair(uint8_t *buf, int len, uint8_t code, uint8_t subcode)
{
    buf[len] = code;
    buf[len + 1] = subcode;
    return len + 2;
}

/* Supported Log Pages and Subpages (SPC-5 7.3.21): codes and subpage codes. */
static int fill_subpages(struct tgt_lu *lu, uint8_t *buf, size_t size)
{
    unsigned key = 0;
    int len = put_pair(buf, 0, 0x00, 0x00);
    len = put_pair(buf, len, 0x00, SUBPAGES);
    while (next_page(lu, &key) && (size_t)len + 2 <= size)
        len = put_pair(buf, len, (uint8_t)(key >> 8), (uint8_t)key);
    return len;
}

const struct tgt_log_page spc_logs[] = {
    {0x00, 0x00, fill_pages},
    {0x00, SUBPAGES, fill_subpages},
};
const unsigned spc_log_count = sizeof spc_logs / sizeof spc_logs[0];

/* ---- LOG SENSE ---- */

/* Cut away the parameters in front of the one that PARAMETER POINTER names; false: all of them are.
 */
static bool from_parameter(uint8_t *data, int *len, unsigned pointer)
{
    int at = 0;
    while (at + PARAMETER_HEADER <= *len && be_get(data + at, 2) < pointer)
        at += PARAMETER_HEADER + data[at + 3];
    if (at + PARAMETER_HEADER > *len && pointer != 0)
        return false;
    *len -= at;
    memmove(data, data + at, (size_t)*len);
    return true;
}

static void reply(struct tgt_cmd *cmd, uint8_t *data, int len, bool has_parameters)
{
    uint8_t subcode = cmd->cdb[3];
    data[0] = (uint8_t)((cmd->cdb[2] & 0x3f) | (has_parameters ? DS : 0) | (subcode ? SPF : 0));
    data[1] = subcode;
    be_put(data + 2, 2, (uint64_t)len);
    cmd_reply(cmd, data, 4 + (size_t)len);
}

void spc_log_sense(struct tgt_cmd *cmd)
{
    uint8_t data[4 + DATA_MAX] = {0}, code = cmd->cdb[2] & 0x3f, subcode = cmd->cdb[3];
    unsigned pointer = (unsigned)be_get(cmd->cdb + 5, 2);
    int len = fill_device(cmd->lu, code, subcode, data + 4);
    bool has_parameters = len >= 0;
    if (!has_parameters)
        len = fill_from(cmd->lu, spc_logs, spc_log_count, sizeof spc_logs[0], code, subcode,
                        data + 4);
    if (len < 0)
        cmd_sense_field(cmd, subcode ? 3 : 2, subcode ? 7 : 5);
    else if (has_parameters ? !from_parameter(data + 4, &len, pointer) : pointer != 0)
        cmd_sense_field(cmd, 5, 7);
    else
        reply(cmd, data, len, has_parameters);
}
