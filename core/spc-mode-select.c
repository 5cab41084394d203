/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MODE SELECT(6) and (10) (SPC-5 6.12, 6.13): all of the list is judged before any of it counts. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "log.h"
#include "lu-cache.h"
#include "lu.h"
#include "mode.h"
#include "spc.h"
#include "thread.h"

#define SP      0x01
#define PF      0x10
#define SPF     0x40
#define LONGLBA 0x01

/* More than all pages of any device type take. */
#define LIST_MAX 8192

/* The parameter list, how far it has been read, and what is wrong with it. */
struct list {
    uint8_t data[LIST_MAX];
    unsigned len, at;
    enum tgt_sense sense; /* TGT_SENSE_NONE: nothing */
    unsigned byte;        /* where, for INVALID FIELD IN PARAMETER LIST */
    int bit;
};

static bool truncated(struct list *list)
{
    list->sense = TGT_SENSE_PARAMETER_LIST_LENGTH;
    return false;
}

static bool invalid(struct list *list, unsigned byte, int bit)
{
    list->sense = TGT_SENSE_INVALID_FIELD_IN_PARAMETERS;
    list->byte = byte;
    list->bit = bit;
    return false;
}

static unsigned left(const struct list *list)
{
    return list->len - list->at;
}

/* ---- Header and block descriptor ---- */

/* Block counts and lengths cannot be changed: only what is the case anyway, or 0 blocks for "all",
 * is taken. */
static bool check_descriptor(struct list *list, struct core_lu *lu, bool long_lba)
{
    const uint8_t *p = list->data + list->at;
    unsigned count_len = long_lba ? 8 : 4, length_at = long_lba ? 12 : 5,
             length_len = long_lba ? 4 : 3;
    uint64_t count = be_get(p, count_len), blocks = lu_blocks(&lu->pub);
    uint64_t most = long_lba ? UINT64_MAX : UINT32_MAX;
    if (count != 0 && count != most && count != MIN(blocks, most))
        return invalid(list, list->at, 7);
    if (be_get(p + length_at, length_len) != lu->pub.block_size)
        return invalid(list, list->at + length_at, 7);
    return true;
}

static bool read_header(struct list *list, struct core_lu *lu, bool ten)
{
    unsigned header = ten ? 8 : 4;
    if (left(list) < header)
        return truncated(list);
    unsigned descriptor = ten ? (unsigned)be_get(list->data + 6, 2) : list->data[3];
    bool long_lba = ten && list->data[4] & LONGLBA;
    unsigned expected = lu->device->block_descriptor == NULL ? 0 : long_lba ? 16 : 8;
    if (descriptor != 0 && descriptor != expected)
        return invalid(list, ten ? 6 : 3, 7);
    list->at = header;
    if (left(list) < descriptor)
        return truncated(list);
    if (descriptor != 0 && !check_descriptor(list, lu, long_lba))
        return false;
    list->at += descriptor;
    return true;
}

/* ---- Pages ---- */

static int highest_bit(uint8_t bits)
{
    return g_bit_nth_msf(bits, -1);
}

/* Bits that are not changeable have to be as they are. */
static bool read_values(struct list *list, struct mode_page *page)
{
    const uint8_t *p = list->data + list->at;
    for (unsigned i = 0; i < page->length; i++) {
        uint8_t bad = (uint8_t)((p[i] ^ page->current[i]) & ~page->changeable[i]);
        if (bad != 0)
            return invalid(list, list->at + i, highest_bit(bad));
    }
    memcpy(page->pending, p, page->length);
    list->at += page->length;
    return true;
}

static bool read_page(struct list *list, struct core_lu *lu)
{
    const uint8_t *p = list->data + list->at;
    unsigned start = list->at, header = p[0] & SPF ? 4 : 2;
    if (left(list) < header)
        return truncated(list);
    uint8_t subcode = p[0] & SPF ? p[1] : 0;
    if (p[0] & SPF && subcode == 0)
        return invalid(list, start, 6);
    unsigned length = p[0] & SPF ? (unsigned)be_get(p + 2, 2) : p[1];
    struct mode_page *page = mode_find(lu->modes, p[0] & 0x3f, subcode);
    if (page == NULL)
        return subcode != 0 ? invalid(list, start + 1, 7) : invalid(list, start, 5);
    if (length != page->length)
        return invalid(list, start + (header == 4 ? 2 : 1), 7);
    list->at += header;
    return left(list) < length ? truncated(list) : read_values(list, page);
}

/* Values become pending. lu->lock held. */
static bool read_list(struct list *list, struct core_lu *lu, bool ten)
{
    mode_begin(lu);
    if (!read_header(list, lu, ten))
        return false;
    while (left(list) > 0)
        if (!read_page(list, lu))
            return false;
    return true;
}

static void take_as_saved(struct core_lu *lu)
{
    for (guint i = 0; i < lu->modes->pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        memcpy(page->saved, page->current, page->length);
    }
}

/* ---- Saving ---- */

/* The state directory is written by a worker while the command waits in EXEC. */
struct saving {
    struct tgt_cmd *cmd;
    bool ok;
};

static void save(void *data)
{
    struct saving *s = data;
    g_autoptr(GError) error = NULL;
    s->ok = mode_save(core_lu(s->cmd->lu), &error);
    if (!s->ok)
        log_warning("mode pages of LUN %u are not saved: %s", core_lu(s->cmd->lu)->lun,
                    error->message);
}

static void saved(void *data)
{
    g_autofree struct saving *s = data;
    if (s->ok)
        cmd_good(s->cmd);
    else
        cmd_sense(s->cmd, TGT_SENSE_INTERNAL_TARGET_FAILURE);
}

static void start_saving(struct tgt_cmd *cmd)
{
    struct saving *s = g_new0(struct saving, 1);
    s->cmd = cmd;
    worker_run(save, saved, s);
}

/* ---- The command ---- */

static void fail(struct tgt_cmd *cmd, const struct list *list)
{
    if (list->sense == TGT_SENSE_PARAMETER_LIST_LENGTH)
        cmd_sense(cmd, list->sense);
    else
        cmd_sense_param(cmd, list->sense, list->byte, list->bit);
}

static void finish(struct tgt_cmd *cmd)
{
    if (cmd->cdb[1] & SP)
        start_saving(cmd);
    else
        cmd_good(cmd);
}

static bool is_ten(const struct tgt_cmd *cmd)
{
    return cmd->cdb[0] == 0x55;
}

/* Values become current, and saved with SP, or none does. lu->lock held. */
static bool commit(struct tgt_cmd *cmd, struct list *list, bool *changed)
{
    struct core_lu *lu = core_lu(cmd->lu);
    if (mode_commit(lu, changed) != NULL)
        return invalid(list, is_ten(cmd) ? 8 : 4, -1);
    if (cmd->cdb[1] & SP)
        take_as_saved(lu);
    return true;
}

static void mode_select(struct tgt_cmd *cmd, bool flushed);

static void flush_ended(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    if (result < 0)
        cmd_bs_error(cmd, io, result);
    else
        mode_select(cmd, true);
}

static void flush_first(struct tgt_cmd *cmd)
{
    const struct tgt_bs_request flush = {.op = TGT_BS_FLUSH, .done = flush_ended};
    cmd_bs(cmd, &flush);
}

/* Who turns the write cache off relies on nothing being left in it: the flush comes first. The
 * command is alone on the LU, so nothing is cached after it. */
static void mode_select(struct tgt_cmd *cmd, bool flushed)
{
    struct core_lu *lu = core_lu(cmd->lu);
    struct list list = {.len = cmd->out.len};
    bool changed = false;
    cmd_out_get(cmd, 0, list.data, list.len);
    g_mutex_lock(&lu->lock);
    bool ok = read_list(&list, lu, is_ten(cmd)),
         flush = ok && !flushed && lu_cache_goes_pending(lu);
    if (ok && !flush)
        ok = commit(cmd, &list, &changed);
    g_mutex_unlock(&lu->lock);
    if (changed)
        lu_attention(cmd->lu, TGT_SENSE_MODE_PARAMETERS_CHANGED, cmd->nexus);
    if (flush)
        flush_first(cmd);
    else if (ok)
        finish(cmd);
    else
        fail(cmd, &list);
}

/* A list of no bytes is no error and changes nothing (SPC-5 6.12). */
void spc_mode_select(struct tgt_cmd *cmd)
{
    if (!(cmd->cdb[1] & PF))
        cmd_sense_field(cmd, 1, 4);
    else if (cmd->cdb[1] & SP && !mode_can_save())
        cmd_sense_field(cmd, 1, 0);
    else if (cmd->count == 0)
        cmd_good(cmd);
    else if (cmd->out.len > LIST_MAX)
        cmd_sense(cmd, TGT_SENSE_PARAMETER_LIST_LENGTH);
    else
        mode_select(cmd, false);
}
