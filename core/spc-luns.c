/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* REPORT LUNS (SPC-5 6.33): what the nexus sees of its target, in ascending order. */
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"
#include "nexus.h"
#include "spc.h"
#include "target.h"
#include "view.h"

/* SELECT REPORT. There are no well known logical units. */
enum { ALL_BUT_WELL_KNOWN = 0x00, WELL_KNOWN = 0x01, ALL = 0x02 };

static void append(GByteArray *list, uint16_t lun)
{
    uint8_t bytes[8];
    lun_encode(lun, bytes);
    g_byte_array_append(list, bytes, sizeof bytes);
}

static void append_lun(uint16_t number, struct core_lu *lu, void *data)
{
    append(data, number);
}

static void append_all(GByteArray *list, const struct tgt_nexus *nexus)
{
    bool read_only;
    struct tgt_target *target = nexus->target;
    g_mutex_lock(&target->lock);
    if (target->legacy && view_find(nexus, 0, &read_only) == NULL)
        append(list, 0);
    view_each(nexus, append_lun, list);
    g_mutex_unlock(&target->lock);
}

static void forget_change(gpointer key, gpointer value, gpointer data)
{
    itl_attention_remove(value, TGT_SENSE_REPORTED_LUNS_CHANGED);
}

void spc_report_luns(struct tgt_cmd *cmd)
{
    uint8_t select = cmd->cdb[2];
    if (select > ALL) {
        cmd_sense_field(cmd, 2, 7);
        return;
    }
    if (cmd->count < 16) {
        cmd_sense_field(cmd, 6, 7);
        return;
    }
    g_autoptr(GByteArray) list = g_byte_array_new();
    g_byte_array_set_size(list, 8);
    memset(list->data, 0, 8);
    if (select != WELL_KNOWN)
        append_all(list, cmd->nexus);
    be_put(list->data, 4, list->len - 8);
    g_hash_table_foreach(cmd->nexus->itls, forget_change, NULL);
    cmd_reply(cmd, list->data, list->len);
}
