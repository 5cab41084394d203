/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* INQUIRY: standard data (SPC-5 6.7.2) and the dispatch of vital product data pages. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"
#include "nexus.h"
#include "spc.h"
#include "spc-common.h"
#include "target.h"

#define STANDARD_SIZE 96
#define VPD_MAX       4096

/* Version descriptors (SPC-5 annex E). */
#define VERSION_SAM5  0x00a0
#define VERSION_ISCSI 0x0960
#define VERSION_SPC4  0x0460

/* PERIPHERAL QUALIFIER and PERIPHERAL DEVICE TYPE where there is no logical unit: LUN 0 could have
 * one, others could not. The controller that tgt shows as LUN 0 of its targets stays for those made
 * through tgtadm. */
static uint8_t no_lu_peripheral(const struct tgt_cmd *cmd)
{
    uint16_t lun;
    if (spc_is_controller(cmd))
        return SPC_TYPE_CONTROLLER;
    return lun_decode(cmd->lun, &lun) && lun == 0 ? 0x3f : 0x7f;
}

static uint8_t peripheral(const struct tgt_cmd *cmd)
{
    return cmd->lu ? core_lu(cmd->lu)->device->peripheral_type : no_lu_peripheral(cmd);
}

static void put_names(const struct tgt_cmd *cmd, uint8_t *data)
{
    if (cmd->lu == NULL) {
        memset(data + 8, ' ', 28);
        if (spc_is_controller(cmd))
            memcpy(data + 8, "IET     Controller      0001", 28);
        return;
    }
    struct core_lu *lu = core_lu(cmd->lu);
    g_mutex_lock(&lu->lock);
    memcpy(data + 8, lu->pub.vendor, 8);
    memcpy(data + 16, lu->pub.product, 16);
    memcpy(data + 32, lu->pub.revision, 4);
    g_mutex_unlock(&lu->lock);
}

static void put_versions(const struct tgt_cmd *cmd, uint8_t *p)
{
    be_put(p, 2, VERSION_SAM5);
    p += 2;
    if (cmd->nexus->protocol == TGT_PROTOCOL_ISCSI) {
        be_put(p, 2, VERSION_ISCSI);
        p += 2;
    }
    be_put(p, 2, VERSION_SPC4);
    p += 2;
    const uint16_t *device = cmd->lu ? core_lu(cmd->lu)->device->version_descriptors : NULL;
    for (unsigned i = 0; device != NULL && i < 4 && device[i] != 0; i++, p += 2)
        be_put(p, 2, device[i]);
}

static void standard(struct tgt_cmd *cmd)
{
    uint8_t data[STANDARD_SIZE] = {
        [0] = peripheral(cmd),
        [1] = cmd->lu && tgt_lu_is(cmd->lu, TGT_LU_REMOVABLE) ? 0x80 : 0,
        [2] = 6,    /* SPC-4 */
        [3] = 0x12, /* HISUP, response data format 2 */
        [4] = STANDARD_SIZE - 5,
        [6] = 0x10, /* MULTIP */
        [7] = 0x02, /* CMDQUE */
    };
    put_names(cmd, data);
    put_versions(cmd, data + 58);
    cmd_reply(cmd, data, sizeof data);
}

/* ---- Vital product data ---- */

/* Fill a page into `buf`; -1: the LU has no such page. A device type's page of the same code wins.
 */
static int fill_from(const struct tgt_cmd *cmd, const struct tgt_vpd_page *pages, unsigned count,
                     size_t size, uint8_t code, uint8_t *buf)
{
    const char *p = (const char *)pages;
    for (unsigned i = 0; i < count; i++, p += size) {
        const struct tgt_vpd_page *page = (const struct tgt_vpd_page *)p;
        if (page->code == code)
            return page->fill(cmd->lu, cmd->nexus, buf, VPD_MAX);
    }
    return -1;
}

static int fill_page(const struct tgt_cmd *cmd, uint8_t code, uint8_t *buf)
{
    const struct tgt_device_ops *device = core_lu(cmd->lu)->device;
    memset(buf, 0, VPD_MAX);
    int len = fill_from(cmd, device->vpd, device->vpd_count, device->vpd_size, code, buf);
    if (len < 0)
        len = fill_from(cmd, spc_vpd, spc_vpd_count, sizeof spc_vpd[0], code, buf);
    return MIN(len, VPD_MAX);
}

static bool add_code(uint8_t *codes, int *count, uint8_t code)
{
    int at = *count;
    if (memchr(codes, code, (size_t)*count) != NULL || *count == 255)
        return false;
    for (; at > 0 && codes[at - 1] > code; at--)
        codes[at] = codes[at - 1];
    codes[at] = code;
    ++*count;
    return true;
}

static void add_codes(const struct tgt_cmd *cmd, const struct tgt_vpd_page *pages, unsigned count,
                      size_t size, uint8_t *codes, int *n)
{
    uint8_t buf[VPD_MAX];
    const char *p = (const char *)pages;
    for (unsigned i = 0; i < count; i++, p += size) {
        const struct tgt_vpd_page *page = (const struct tgt_vpd_page *)p;
        if (fill_page(cmd, page->code, buf) >= 0)
            add_code(codes, n, page->code);
    }
}

/* Supported VPD Pages (SPC-5 7.7.18), ascending. */
static int supported_pages(const struct tgt_cmd *cmd, uint8_t *codes)
{
    int count = 0;
    add_code(codes, &count, 0x00);
    if (cmd->lu == NULL)
        return count;
    const struct tgt_device_ops *device = core_lu(cmd->lu)->device;
    add_codes(cmd, device->vpd, device->vpd_count, device->vpd_size, codes, &count);
    add_codes(cmd, spc_vpd, spc_vpd_count, sizeof spc_vpd[0], codes, &count);
    return count;
}

static void vital(struct tgt_cmd *cmd)
{
    uint8_t data[4 + VPD_MAX];
    int len = -1;
    if (cmd->cdb[2] == 0x00)
        len = supported_pages(cmd, data + 4);
    else if (cmd->lu != NULL)
        len = fill_page(cmd, cmd->cdb[2], data + 4);
    if (len < 0) {
        cmd_sense_field(cmd, 2, 7);
        return;
    }
    data[0] = peripheral(cmd);
    data[1] = cmd->cdb[2];
    be_put(data + 2, 2, (uint64_t)len);
    cmd_reply(cmd, data, 4 + (size_t)len);
}

void spc_inquiry(struct tgt_cmd *cmd)
{
    if (cmd->cdb[1] & 0x01)
        vital(cmd);
    else if (cmd->cdb[2] != 0)
        cmd_sense_field(cmd, 2, 7);
    else
        standard(cmd);
}
