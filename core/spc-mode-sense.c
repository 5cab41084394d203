/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MODE SENSE(6) and (10) (SPC-5 6.14, 6.15). */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"
#include "mode.h"
#include "spc.h"

#define WP          0x80
#define DBD         0x08
#define LLBAA       0x10
#define PAGE_ALL    0x3f
#define SUBPAGE_ALL 0xff
#define PS          0x80
#define SPF         0x40

/* More than all pages of any device type take. */
#define DATA_MAX 8192

/* Where the parameter list grows. */
struct list {
    uint8_t data[DATA_MAX];
    unsigned len;
};

static void add_page(struct list *list, const struct mode_page *page, enum mode_control control)
{
    uint8_t *p = list->data + list->len;
    if (list->len + mode_page_size(page) > DATA_MAX)
        return;
    *p++ = (uint8_t)(page->code | (mode_can_save() ? PS : 0) | (page->subcode ? SPF : 0));
    if (page->subcode) {
        *p++ = page->subcode;
        *p++ = 0;
    }
    *p++ = page->length;
    memcpy(p, mode_page_values(page, control), page->length);
    list->len += mode_page_size(page);
}

static bool wanted(const struct mode_page *page, uint8_t code, uint8_t subcode)
{
    return (code == PAGE_ALL || page->code == code) &&
           (subcode == SUBPAGE_ALL || page->subcode == subcode);
}

/* False: there is no such page. */
static bool add_pages(struct list *list, struct core_lu *lu, const uint8_t *cdb)
{
    uint8_t code = cdb[2] & 0x3f, subcode = cdb[3];
    bool found = false;
    if (code == PAGE_ALL && subcode != 0 && subcode != SUBPAGE_ALL)
        return false;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->modes->pages->len; i++) {
        const struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        if (!wanted(page, code, subcode))
            continue;
        add_page(list, page, cdb[2] >> 6);
        found = true;
    }
    g_mutex_unlock(&lu->lock);
    return found;
}

static unsigned add_descriptor(struct list *list, struct core_lu *lu, const uint8_t *cdb,
                               bool long_lba)
{
    if (cdb[1] & DBD || lu->device->block_descriptor == NULL)
        return 0;
    unsigned len = lu->device->block_descriptor(&lu->pub, long_lba, list->data + list->len);
    list->len += len;
    return len;
}

/* Is the page there under another subpage code? Decides which field of the CDB is to blame. */
static bool code_known(struct core_lu *lu, uint8_t code)
{
    bool known = code == PAGE_ALL;
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->modes->pages->len; i++)
        known = known ||
                ((const struct mode_page *)g_ptr_array_index(lu->modes->pages, i))->code == code;
    g_mutex_unlock(&lu->lock);
    return known;
}

static void no_page(struct tgt_cmd *cmd)
{
    if (code_known(core_lu(cmd->lu), cmd->cdb[2] & 0x3f))
        cmd_sense_field(cmd, 3, 7);
    else
        cmd_sense_field(cmd, 2, 5);
}

/* The device-specific parameter; types that have one have WP in bit 7. */
static uint8_t device_specific(const struct itl *itl)
{
    struct core_lu *lu = itl->lu;
    if (lu->device->mode_header == NULL)
        return 0;
    bool read_only = g_atomic_int_get(&itl->attention) & ITL_READ_ONLY;
    return (uint8_t)(lu->device->mode_header(&lu->pub) | (read_only ? WP : 0));
}

static void put_header6(struct list *list, const struct itl *itl, unsigned descriptor)
{
    list->data[0] = (uint8_t)MIN(list->len - 1, 255);
    list->data[2] = device_specific(itl);
    list->data[3] = (uint8_t)descriptor;
}

static void put_header10(struct list *list, const struct itl *itl, unsigned descriptor,
                         bool long_lba)
{
    be_put(list->data, 2, list->len - 2);
    list->data[3] = device_specific(itl);
    list->data[4] = long_lba && descriptor ? 0x01 : 0; /* LONGLBA */
    be_put(list->data + 6, 2, descriptor);
}

static void mode_sense(struct tgt_cmd *cmd, bool ten)
{
    struct core_lu *lu = core_lu(cmd->lu);
    struct list list = {.len = ten ? 8 : 4};
    bool long_lba = ten && cmd->cdb[1] & LLBAA;
    unsigned descriptor = add_descriptor(&list, lu, cmd->cdb, long_lba);
    if (cmd->cdb[2] >> 6 == MODE_SAVED && !mode_can_save()) {
        cmd_sense(cmd, TGT_SENSE_SAVING_NOT_SUPPORTED);
        return;
    }
    if (!add_pages(&list, lu, cmd->cdb)) {
        no_page(cmd);
        return;
    }
    if (ten)
        put_header10(&list, core_cmd(cmd)->itl, descriptor, long_lba);
    else
        put_header6(&list, core_cmd(cmd)->itl, descriptor);
    cmd_reply(cmd, list.data, ten ? list.len : MIN(list.len, 256));
}

void spc_mode_sense6(struct tgt_cmd *cmd)
{
    mode_sense(cmd, false);
}

void spc_mode_sense10(struct tgt_cmd *cmd)
{
    mode_sense(cmd, true);
}
