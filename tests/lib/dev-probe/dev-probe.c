/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test device type "probe": what tapes, optical media and object stores will need of the core, in
 * commands that tests can steer. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <tgt/tgt.h>

#include "probe.h"

#define BLOCKS 256

/* A command that waits, or that stays on its blocks; in cmd->device_priv. */
struct visit {
    struct tgt_cmd *cmd;
    struct tgt_msg msg;
    struct tgt_defer defer;
    unsigned turns;
    bool alone;
};

struct probe {
    GMutex lock;               /* guards all below */
    GList *held;               /* struct visit */
    GArray *log;               /* uint64_t */
    unsigned visitors[BLOCKS]; /* of PROBE_READ and PROBE_WRITE */
    unsigned owners[BLOCKS];   /* of PROBE_RANGE and PROBE_ALONE */
    uint64_t violations;
};

static struct probe *probe_of(const struct tgt_cmd *cmd)
{
    return cmd->lu->priv;
}

static struct visit *visit_of(struct tgt_cmd *cmd)
{
    return cmd->device_priv;
}

static void note(struct tgt_cmd *cmd)
{
    struct probe *p = probe_of(cmd);
    g_mutex_lock(&p->lock);
    g_array_append_val(p->log, cmd->tag);
    g_mutex_unlock(&p->lock);
}

static void probe_nop(struct tgt_cmd *cmd)
{
    note(cmd);
    tgt_cmd_good(cmd);
}

/* ---- Who is there ---- */

static void move(struct tgt_cmd *cmd, int by, bool alone)
{
    struct probe *p = probe_of(cmd);
    bool all = cmd->row->opcode == PROBE_ALONE;
    uint64_t first = all ? 0 : cmd->lba, end = all ? BLOCKS : cmd->lba + cmd->count;
    g_mutex_lock(&p->lock);
    for (uint64_t i = first; i < end && i < BLOCKS; i++) {
        unsigned *mine = alone ? &p->owners[i] : &p->visitors[i];
        if (by > 0)
            p->violations += p->owners[i] > 0 || (alone && p->visitors[i] > 0);
        *mine += (unsigned)by;
    }
    g_mutex_unlock(&p->lock);
}

/* ---- Waiting ---- */

static void resumed(struct tgt_msg *msg)
{
    struct visit *v = (struct visit *)((char *)msg - offsetof(struct visit, msg));
    if (v->cmd->row->opcode == PROBE_STAY)
        move(v->cmd, -1, false);
    tgt_cmd_good(v->cmd);
}

static void wait_for_resume(struct tgt_cmd *cmd)
{
    struct probe *p = probe_of(cmd);
    struct visit *v = visit_of(cmd);
    v->cmd = cmd;
    v->msg.fn = resumed;
    g_mutex_lock(&p->lock);
    p->held = g_list_append(p->held, v);
    g_mutex_unlock(&p->lock);
}

static void probe_hold(struct tgt_cmd *cmd)
{
    note(cmd);
    if (cmd->cdb[1] & 1)
        wait_for_resume(cmd);
    else
        tgt_cmd_good(cmd);
}

static void probe_stay(struct tgt_cmd *cmd)
{
    note(cmd);
    move(cmd, 1, false);
    wait_for_resume(cmd);
}

static void probe_resume(struct tgt_cmd *cmd)
{
    struct probe *p = probe_of(cmd);
    g_mutex_lock(&p->lock);
    GList *held = p->held;
    p->held = NULL;
    g_mutex_unlock(&p->lock);
    for (GList *l = held; l != NULL; l = l->next) {
        struct visit *v = l->data;
        tgt_thread_post(v->cmd->thread, &v->msg);
    }
    g_list_free(held);
    tgt_cmd_good(cmd);
}

/* ---- Data ---- */

static void probe_mirror(struct tgt_cmd *cmd)
{
    size_t in_len = (size_t)be_get(cmd->cdb + 6, 3);
    g_autofree uint8_t *buf = g_malloc0(MAX(in_len, cmd->out.len) + 1);
    size_t got = tgt_cmd_out_get(cmd, 0, buf, cmd->out.len);
    g_assert_cmpuint(got, ==, cmd->out.len);
    for (size_t i = 0; i < got; i++)
        buf[i] ^= 0xff;
    if (tgt_cmd_in_put(cmd, buf, in_len) < 0)
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
    else
        tgt_cmd_good(cmd);
}

static bool put_pattern(struct tgt_cmd *cmd, size_t len, uint8_t first)
{
    uint8_t piece[1000];
    for (size_t done = 0; done < len; done += sizeof piece) {
        size_t n = MIN(len - done, sizeof piece);
        for (size_t i = 0; i < n; i++)
            piece[i] = (uint8_t)(done + i + first);
        if (tgt_cmd_in_put(cmd, piece, n) < 0)
            return false;
    }
    return true;
}

static void probe_partial(struct tgt_cmd *cmd)
{
    size_t len = (size_t)be_get(cmd->cdb + 2, 2);
    if (!put_pattern(cmd, len, 0))
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
    else
        tgt_cmd_sense_info(cmd, TGT_SENSE_FILEMARK_DETECTED, len);
}

static void probe_in(struct tgt_cmd *cmd)
{
    if (put_pattern(cmd, (size_t)MIN(be_get(cmd->cdb + 2, 4), 1u << 20), 0))
        tgt_cmd_good(cmd);
    else
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
}

static void probe_out(struct tgt_cmd *cmd)
{
    g_autofree uint8_t *buf = g_malloc(cmd->out.len + 1);
    size_t n = tgt_cmd_out_get(cmd, 0, buf, cmd->out.len);
    g_assert_cmpuint(n, ==, cmd->out.len);
    g_assert_cmpuint(tgt_cmd_out_get(cmd, cmd->out.len, buf, 1), ==, 0);
    for (size_t i = 0; i < n; i++)
        if (buf[i] != (uint8_t)(i + cmd->cdb[2])) {
            tgt_cmd_sense_param(cmd, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS, (unsigned)i, 7);
            return;
        }
    tgt_cmd_good(cmd);
}

static void probe_sense(struct tgt_cmd *cmd)
{
    uint8_t sense[TGT_SENSE_MAX];
    for (unsigned i = 0; i < sizeof sense; i++)
        sense[i] = (uint8_t)i;
    sense[0] = 0x72;
    sense[7] = TGT_SENSE_MAX - 8;
    tgt_cmd_sense_raw(cmd, sense, sizeof sense);
}

static void probe_long_cdb(struct tgt_cmd *cmd)
{
    tgt_cmd_reply(cmd, cmd->cdb, 8u + cmd->cdb[7]);
}

static void probe_priv(struct tgt_cmd *cmd)
{
    static const uint8_t zero[TGT_DEVICE_CMD_PRIV_MAX];
    bool clean = memcmp(cmd->device_priv, zero, TGT_DEVICE_CMD_PRIV_MAX) == 0;
    memset(cmd->device_priv, 0xee, TGT_DEVICE_CMD_PRIV_MAX);
    if (clean)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_sense(cmd, TGT_SENSE_INTERNAL_TARGET_FAILURE);
}

static void probe_scratch(struct tgt_cmd *cmd)
{
    uint8_t *scratch = tgt_cmd_scratch(cmd, 65536);
    if (scratch == NULL) {
        tgt_cmd_status(cmd, TGT_STATUS_BUSY);
        return;
    }
    memset(scratch, 0x5a, 65536);
    bool same = tgt_cmd_scratch(cmd, 65536) == scratch && ((uintptr_t)scratch & 4095) == 0 &&
                scratch[65535] == 0x5a;
    if (same)
        tgt_cmd_good(cmd);
    else
        tgt_cmd_sense(cmd, TGT_SENSE_INTERNAL_TARGET_FAILURE);
}

/* ---- Medium, attention, jobs ---- */

static void probe_eject(struct tgt_cmd *cmd)
{
    tgt_lu_state(cmd->lu, TGT_LU_NO_MEDIUM, 0);
    tgt_cmd_good(cmd);
}

static void probe_load(struct tgt_cmd *cmd)
{
    tgt_lu_state(cmd->lu, 0, TGT_LU_NO_MEDIUM);
    tgt_lu_attention(cmd->lu, TGT_SENSE_MEDIUM_CHANGED, cmd->nexus);
    tgt_cmd_good(cmd);
}

static void probe_attention(struct tgt_cmd *cmd)
{
    tgt_lu_attention(cmd->lu, (enum tgt_sense)be_get(cmd->cdb + 2, 3), NULL);
    tgt_cmd_good(cmd);
}

static void probe_job(struct tgt_cmd *cmd)
{
    if (cmd->cdb[1] == 0 && !tgt_lu_job_begin(cmd->lu, TGT_SENSE_LONG_OPERATION_IN_PROGRESS)) {
        tgt_cmd_sense(cmd, TGT_SENSE_COMMAND_SEQUENCE_ERROR);
        return;
    }
    if (cmd->cdb[1] == 1)
        tgt_lu_job_progress(cmd->lu, cmd->cdb[2], cmd->cdb[3]);
    if (cmd->cdb[1] == 2)
        tgt_lu_job_end(cmd->lu);
    tgt_cmd_good(cmd);
}

/* ---- Staying on blocks ---- */

static void stay(struct tgt_defer *defer)
{
    struct visit *v = (struct visit *)((char *)defer - offsetof(struct visit, defer));
    if (v->turns-- > 0) {
        tgt_thread_defer(v->cmd->thread, &v->defer);
        return;
    }
    move(v->cmd, -1, v->alone);
    tgt_cmd_good(v->cmd);
}

static void visit(struct tgt_cmd *cmd, bool alone)
{
    struct visit *v = visit_of(cmd);
    note(cmd);
    move(cmd, 1, alone);
    v->cmd = cmd;
    v->alone = alone;
    v->turns = cmd->cdb[6];
    v->defer.fn = stay;
    stay(&v->defer);
}

static void probe_visit(struct tgt_cmd *cmd)
{
    visit(cmd, false);
}

static void probe_own(struct tgt_cmd *cmd)
{
    visit(cmd, true);
}

static void probe_violations(struct tgt_cmd *cmd)
{
    struct probe *p = probe_of(cmd);
    g_mutex_lock(&p->lock);
    be64_t violations = be64(p->violations);
    g_mutex_unlock(&p->lock);
    tgt_cmd_reply(cmd, &violations, sizeof violations);
}

static void probe_log(struct tgt_cmd *cmd)
{
    struct probe *p = probe_of(cmd);
    g_mutex_lock(&p->lock);
    GArray *log = p->log;
    p->log = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_mutex_unlock(&p->lock);
    for (guint i = 0; i < log->len; i++)
        be_put(&g_array_index(log, uint64_t, i), 8, g_array_index(log, uint64_t, i));
    tgt_cmd_reply(cmd, log->data, log->len * sizeof(uint64_t));
    g_array_unref(log);
}

/* ---- The table ---- */

#define ANY                 (TGT_OP_NO_MEDIUM | TGT_OP_STOPPED)
#define ROW(title, op, len) .name = title, .opcode = op, .cdb_len = len, .service_action = TGT_NO_SA
#define BLOCK_ROW(title, op, how, more, fn)                                                        \
    {                                                                                              \
        ROW(title, op, 10), .unit = TGT_LEN_BLOCKS_NO_DATA, .order = how,                          \
                            .flags = TGT_OP_RANGE | (more), .lba = {2, 4}, .length = {7, 2},       \
                            .usage = {op, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0},         \
                            .exec = fn                                                             \
    }

static const struct tgt_scsi_op ops[] = {
    {ROW("PROBE NOP", PROBE_NOP, 6), .flags = ANY, .usage = {PROBE_NOP}, .exec = probe_nop},
    {ROW("PROBE HOLD", PROBE_HOLD, 6), .flags = ANY, .usage = {PROBE_HOLD, 1}, .exec = probe_hold},
    {ROW("PROBE RESUME", PROBE_RESUME, 6), .flags = ANY | TGT_OP_DURING_JOB | TGT_OP_KEEPS_UA,
     .usage = {PROBE_RESUME}, .exec = probe_resume},
    {ROW("PROBE MIRROR", PROBE_MIRROR, 10), .dir = TGT_DIR_BIDI, .unit = TGT_LEN_PARAMETER,
     .length = {2, 4}, .flags = ANY,
     .usage = {PROBE_MIRROR, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, .exec = probe_mirror},
    {ROW("PROBE PARTIAL", PROBE_PARTIAL, 6), .dir = TGT_DIR_IN, .flags = ANY,
     .usage = {PROBE_PARTIAL, 0, 0xff, 0xff}, .exec = probe_partial},
    {ROW("PROBE SENSE", PROBE_SENSE, 6), .flags = ANY, .usage = {PROBE_SENSE}, .exec = probe_sense},
    {ROW("PROBE EJECT", PROBE_EJECT, 6), .order = TGT_ORDER_EXCLUSIVE, .flags = ANY,
     .usage = {PROBE_EJECT}, .exec = probe_eject},
    {ROW("PROBE LOAD", PROBE_LOAD, 6), .order = TGT_ORDER_EXCLUSIVE, .flags = ANY,
     .usage = {PROBE_LOAD}, .exec = probe_load},
    {ROW("PROBE ATTENTION", PROBE_ATTENTION, 6), .flags = ANY,
     .usage = {PROBE_ATTENTION, 0, 0xff, 0xff, 0xff}, .exec = probe_attention},
    {ROW("PROBE JOB", PROBE_JOB, 6), .flags = ANY | TGT_OP_DURING_JOB,
     .usage = {PROBE_JOB, 3, 0xff, 0xff}, .exec = probe_job},
    {ROW("PROBE PRIV", PROBE_PRIV, 6), .flags = ANY, .usage = {PROBE_PRIV}, .exec = probe_priv},
    {ROW("PROBE SCRATCH", PROBE_SCRATCH, 6), .flags = ANY, .usage = {PROBE_SCRATCH},
     .exec = probe_scratch},
    {.name = "PROBE LONG CDB",
     .opcode = PROBE_LONG_CDB,
     .cdb_len = 0,
     .service_action = 1,
     .dir = TGT_DIR_IN,
     .flags = ANY | TGT_OP_VENDOR_USAGE,
     .usage = {PROBE_LONG_CDB},
     .exec = probe_long_cdb},
    {.name = "PROBE CDB(32)",
     .opcode = PROBE_LONG_CDB,
     .cdb_len = 32,
     .service_action = 2,
     .dir = TGT_DIR_IN,
     .flags = ANY,
     .usage = {PROBE_LONG_CDB, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, [31] = 0x0f},
     .exec = probe_long_cdb},
    BLOCK_ROW("PROBE READ", PROBE_READ, TGT_ORDER_READ, 0, probe_visit),
    BLOCK_ROW("PROBE STAY", PROBE_STAY, TGT_ORDER_READ, 0, probe_stay),
    BLOCK_ROW("PROBE WRITE", PROBE_WRITE, TGT_ORDER_WRITE, TGT_OP_WRITES, probe_visit),
    BLOCK_ROW("PROBE RANGE", PROBE_RANGE, TGT_ORDER_RANGE, TGT_OP_WRITES, probe_own),
    BLOCK_ROW("PROBE ALONE", PROBE_ALONE, TGT_ORDER_EXCLUSIVE, TGT_OP_WRITES, probe_own),
    {ROW("PROBE VIOLATIONS", PROBE_VIOLATIONS, 6), .dir = TGT_DIR_IN, .flags = ANY,
     .usage = {PROBE_VIOLATIONS}, .exec = probe_violations},
    {ROW("PROBE LOG", PROBE_LOG, 6), .dir = TGT_DIR_IN, .flags = ANY, .usage = {PROBE_LOG},
     .exec = probe_log},
    {ROW("PROBE IN", PROBE_IN, 10), .dir = TGT_DIR_IN, .unit = TGT_LEN_ALLOCATION, .length = {7, 2},
     .flags = ANY, .usage = {PROBE_IN, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0},
     .exec = probe_in},
    {ROW("PROBE OUT", PROBE_OUT, 10), .dir = TGT_DIR_OUT, .unit = TGT_LEN_PARAMETER,
     .length = {7, 2}, .flags = ANY, .usage = {PROBE_OUT, 0, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0},
     .exec = probe_out},
};

static int probe_attach(struct tgt_lu *lu, struct tgt_error *err)
{
    struct probe *p = g_new0(struct probe, 1);
    g_mutex_init(&p->lock);
    p->log = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    lu->priv = p;
    return 0;
}

static void probe_detach(struct tgt_lu *lu)
{
    struct probe *p = lu->priv;
    g_assert(p->held == NULL);
    g_array_unref(p->log);
    g_mutex_clear(&p->lock);
    g_free(p);
}

static const struct tgt_device_ops probe_ops = {
    .struct_size = sizeof(struct tgt_device_ops),
    .peripheral_type = 0x00,
    .cmd_priv_size = TGT_DEVICE_CMD_PRIV_MAX,
    .op_count = sizeof ops / sizeof ops[0],
    .op_size = sizeof ops[0],
    .ops = ops,
    .attach = probe_attach,
    .detach = probe_detach,
};

_Static_assert(sizeof(struct visit) <= TGT_DEVICE_CMD_PRIV_MAX, "visit");

TGT_PLUGIN_DEFINE(DEVICE_TYPE, "probe", "1.0", "LGPL-2.1-or-later", "Test device type",
                  "type:probe", &probe_ops, NULL, NULL, TGT_NO_PARAMS);
