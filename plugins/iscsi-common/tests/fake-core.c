/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A core in miniature: commands that end at once or later, as their CDB says, and task management
 * over them. */
#include <errno.h>
#include <string.h>

#include "fake-private.h"

#define TARGET_NAME "iqn.t"
#define DATA_MAX    (256u << 10)
#define PIECE       65536u

/* CDB byte 0: 28h reads, 2Ah writes, 53h does both, 12h fails, others are GOOD. Bytes 7 and 8:
 * blocks of 512. */
enum { READ = 0x28, WRITE = 0x2a, BOTH = 0x53, FAIL = 0x12 };
/* CDB byte 1: what is done later. */
enum { BUFFER_LATER = 1, EXEC_LATER = 2 };

enum fake_state { NEW, WAITS_BUFFER, DATA_OUT, WAITS_EXEC, RESPOND };

struct fake_cmd {
    struct tgt_cmd pub; /* first */
    struct tgt_nexus *nexus;
    enum fake_state state;
    struct fake_data {
        struct iovec pieces[DATA_MAX / PIECE];
        uint8_t *bytes;
    } out, in;
    uint64_t priv[TGT_TRANSPORT_CMD_PRIV_MAX / 8];
};

/* The nexus of one session. */
struct tgt_nexus {
    void *priv;
    GList *cmds;   /* all of its commands */
    GList *tmfs;   /* struct tgt_tmf that wait until they are gone */
    unsigned busy; /* commands are being told of their end */
    void (*closed)(void *priv);
};

static struct fake_cmd *fake_cmd(struct tgt_cmd *cmd)
{
    return (struct fake_cmd *)cmd;
}

static void respond(struct fake_cmd *c)
{
    c->state = RESPOND;
    iscsi_respond(&c->pub);
}

static void good(struct fake_cmd *c)
{
    c->pub.status = TGT_STATUS_GOOD;
    respond(c);
}

static void host_cmd_sense(struct tgt_cmd *cmd, enum tgt_sense sense)
{
    cmd->status = TGT_STATUS_CHECK_CONDITION;
    cmd->sense_len = 18;
    memset(cmd->sense, 0x70, cmd->sense_len);
    respond(fake_cmd(cmd));
}

static void host_cmd_status(struct tgt_cmd *cmd, enum tgt_status status)
{
    cmd->status = (uint8_t)status;
    respond(fake_cmd(cmd));
}

static void fill_pieces(struct fake_data *from, struct tgt_data *data, uint32_t len)
{
    from->bytes = g_malloc(MAX(len, 1));
    memset(from->bytes, 0x5a, len);
    data->len = len;
    data->iov = from->pieces;
    for (uint32_t at = 0; at < len; at += PIECE)
        from->pieces[data->iovcnt++] = (struct iovec){from->bytes + at, MIN(PIECE, len - at)};
}

static uint32_t transfer(const struct tgt_cmd *cmd)
{
    return MIN((uint32_t)be_get(cmd->cdb + 7, 2) * 512, DATA_MAX);
}

static void exec(struct fake_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    if (cmd->aborted)
        return respond(c);
    if (cmd->cdb[0] == FAIL)
        return host_cmd_sense(cmd, TGT_SENSE_INVALID_OPCODE);
    if (cmd->cdb[0] == READ || cmd->cdb[0] == BOTH) {
        fill_pieces(&c->in, &cmd->in, transfer(cmd));
        cmd->residual_in = (int64_t)cmd->in.len - cmd->expected_in;
    }
    good(c);
}

static void wait_in(struct fake_cmd *c, enum fake_state state)
{
    c->state = state;
    fake_world()->cmds = g_list_append(fake_world()->cmds, c);
}

static void start_exec(struct fake_cmd *c)
{
    if (c->pub.cdb[1] & EXEC_LATER)
        wait_in(c, WAITS_EXEC);
    else
        exec(c);
}

static void give_buffer(struct fake_cmd *c)
{
    struct tgt_cmd *cmd = &c->pub;
    if (cmd->aborted)
        return respond(c);
    fill_pieces(&c->out, &cmd->out, MIN(transfer(cmd), cmd->expected_out));
    cmd->residual_out = (int64_t)transfer(cmd) - cmd->expected_out;
    c->state = DATA_OUT;
    iscsi_data_out(cmd);
}

static struct tgt_cmd *host_cmd_new(struct tgt_nexus *nexus)
{
    if (nexus->closed || g_list_length(nexus->cmds) >= 60)
        return NULL;
    struct fake_cmd *c = g_new0(struct fake_cmd, 1);
    c->nexus = c->pub.nexus = nexus;
    c->pub.transport_priv = c->priv;
    nexus->cmds = g_list_append(nexus->cmds, c);
    return &c->pub;
}

static void host_cmd_submit(struct tgt_cmd *cmd)
{
    struct fake_cmd *c = fake_cmd(cmd);
    bool writes =
        (cmd->cdb[0] == WRITE || cmd->cdb[0] == BOTH) && MIN(transfer(cmd), cmd->expected_out) > 0;
    if (!writes)
        start_exec(c);
    else if ((cmd->cdb[1] & BUFFER_LATER) || fake_world()->starving)
        wait_in(c, WAITS_BUFFER);
    else
        give_buffer(c);
}

static void host_cmd_data_ready(struct tgt_cmd *cmd, int result)
{
    struct fake_cmd *c = fake_cmd(cmd);
    g_assert(c->state == DATA_OUT);
    c->state = NEW;
    if (cmd->aborted)
        respond(c);
    else if (result < 0)
        host_cmd_sense(cmd, TGT_SENSE_DATA_PHASE_ERROR);
    else
        start_exec(c);
}

static void settle(struct tgt_nexus *nexus)
{
    if (nexus->busy)
        return;
    while (!nexus->cmds && nexus->tmfs) {
        struct tgt_tmf *tmf = nexus->tmfs->data;
        nexus->tmfs = g_list_delete_link(nexus->tmfs, nexus->tmfs);
        tmf->done(tmf);
    }
    if (!nexus->closed || nexus->cmds || nexus->tmfs)
        return;
    void (*closed)(void *priv) = nexus->closed;
    void *priv = nexus->priv;
    g_free(nexus);
    fake_world()->nexuses--;
    closed(priv);
}

static void host_cmd_release(struct tgt_cmd *cmd)
{
    struct fake_cmd *c = fake_cmd(cmd);
    struct tgt_nexus *nexus = c->nexus;
    g_assert(c->state == RESPOND);
    nexus->cmds = g_list_remove(nexus->cmds, c);
    g_free(c->out.bytes);
    g_free(c->in.bytes);
    g_free(c);
    settle(nexus);
}

/* ---- Aborts ---- */

static struct fake_cmd *next_to_abort(const struct tgt_nexus *nexus)
{
    for (const GList *l = nexus->cmds; l; l = l->next) {
        struct fake_cmd *c = l->data;
        if (!c->pub.aborted && c->state != RESPOND && c->state != NEW)
            return c;
    }
    return NULL;
}

static void abort_one(struct fake_cmd *c)
{
    c->pub.aborted = true;
    if (c->state == DATA_OUT)
        iscsi_abort(&c->pub);
}

static struct fake_cmd *find_tag(const struct tgt_nexus *nexus, uint64_t tag)
{
    for (const GList *l = nexus->cmds; l; l = l->next) {
        struct fake_cmd *c = l->data;
        if (c->pub.tag == tag && c->state != NEW)
            return c;
    }
    return NULL;
}

static void abort_all(struct tgt_nexus *nexus)
{
    struct fake_cmd *c;
    while ((c = next_to_abort(nexus)))
        abort_one(c);
}

/* Answered once no command is left, which is later than a real core answers. */
static void host_tmf_submit(struct tgt_tmf *tmf)
{
    struct tgt_nexus *nexus = tmf->nexus;
    struct fake_cmd *c;
    tmf->response = TGT_TMF_COMPLETE;
    if (tmf->function >= TGT_TMF_QUERY_TASK) {
        bool attention = tmf->function == TGT_TMF_QUERY_ASYNC_EVENT && fake_world()->attention;
        tmf->response = attention ? TGT_TMF_SUCCEEDED : TGT_TMF_COMPLETE;
        tmf->done(tmf);
        return;
    }
    nexus->tmfs = g_list_append(nexus->tmfs, tmf);
    nexus->busy++;
    if (tmf->function != TGT_TMF_ABORT_TASK)
        abort_all(nexus);
    else if ((c = find_tag(nexus, tmf->ref_tag)) && c->state != RESPOND && !c->pub.aborted)
        abort_one(c);
    nexus->busy--;
    settle(nexus);
}

/* ---- Nexuses and targets ---- */

static struct tgt_nexus *host_nexus_open(const struct tgt_plugin *self,
                                         const struct tgt_nexus_args *args, struct tgt_error *err)
{
    struct tgt_nexus *nexus = g_new0(struct tgt_nexus, 1);
    nexus->priv = args->priv;
    fake_world()->nexuses++;
    return nexus;
}

static void host_nexus_close(struct tgt_nexus *nexus, void (*done)(void *priv))
{
    nexus->closed = done;
    nexus->busy++;
    abort_all(nexus);
    nexus->busy--;
    settle(nexus);
}

static void *host_nexus_priv(const struct tgt_nexus *nexus)
{
    return nexus->priv;
}

static bool host_nexus_hinders(struct tgt_nexus *nexus, enum tgt_dir dir)
{
    return nexus->cmds && (fake_world()->hinders & dir);
}

static enum tgt_find host_target_find(const char *name, const struct tgt_access *access,
                                      struct tgt_target **target)
{
    if (name == NULL)
        return TGT_FIND_OK;
    if (strcmp(name, "iqn.forbidden") == 0)
        return TGT_FIND_FORBIDDEN;
    *target = (struct tgt_target *)fake_world();
    return strcmp(name, TARGET_NAME) == 0 ? TGT_FIND_OK : TGT_FIND_NONE;
}

static const char *default_of(const char *name)
{
    for (unsigned i = 0; i < ISCSI_TARGET_PARAM_COUNT; i++)
        if (strcmp(iscsi_target_param_table[i].name, name) == 0)
            return iscsi_target_param_table[i].def;
    g_assert_not_reached();
}

static uint64_t host_target_param_uint(const struct tgt_target *target,
                                       const struct tgt_plugin *self, const char *name)
{
    const char *value = default_of(name);
    return strcmp(value, "yes") == 0 ? 1 : g_ascii_strtoull(value, NULL, 10);
}

static size_t host_target_param_str(const struct tgt_target *target, const struct tgt_plugin *self,
                                    const char *name, char *buf, size_t size)
{
    const char *value = default_of(name);
    return g_strlcpy(buf, value ? value : "", size);
}

/* A world with accounts asks for them. */
static bool host_auth_required(const struct tgt_target *target)
{
    return fake_world()->incoming.name[0] != '\0';
}

static bool host_auth_find(const struct tgt_target *target, const char *user,
                           struct tgt_account *found)
{
    const struct fake *fake = fake_world();
    *found = user ? fake->incoming : fake->outgoing;
    if (user && strcmp(user, found->name) != 0)
        *found = (struct tgt_account){0};
    return found->name[0] != '\0';
}

static void host_target_unref(struct tgt_target *target)
{
}

static void host_target_visit(const struct tgt_access *access,
                              void (*fn)(const struct tgt_target *target, void *data), void *data)
{
    fn((const struct tgt_target *)fake_world(), data);
}

static const char *host_target_name(const struct tgt_target *target)
{
    return TARGET_NAME;
}

static bool host_target_in_group(const struct tgt_target *target, uint16_t tpgt)
{
    return tpgt == 1;
}

static void host_portal_each(const struct tgt_plugin *self,
                             void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt,
                                        void *data),
                             void *data)
{
    struct tgt_portal_info info = {sizeof(info), "0.0.0.0", 3260};
    fn(&info, 1, data);
    g_strlcpy(info.address, "fe80::1%eth0", sizeof(info.address));
    fn(&info, 1, data);
}

bool fake_core_run(struct fake *fake)
{
    for (GList *l = fake->cmds; l; l = l->next) {
        struct fake_cmd *c = l->data;
        if (c->state == WAITS_BUFFER && fake->starving && !c->pub.aborted)
            continue;
        fake->cmds = g_list_delete_link(fake->cmds, l);
        if (c->state == WAITS_BUFFER)
            give_buffer(c);
        else
            exec(c);
        return true;
    }
    return false;
}

void fake_core_services(struct tgt_host *host)
{
    host->cmd_new = host_cmd_new;
    host->cmd_submit = host_cmd_submit;
    host->cmd_data_ready = host_cmd_data_ready;
    host->cmd_release = host_cmd_release;
    host->cmd_sense = host_cmd_sense;
    host->cmd_status = host_cmd_status;
    host->tmf_submit = host_tmf_submit;
    host->nexus_open = host_nexus_open;
    host->nexus_close = host_nexus_close;
    host->nexus_priv = host_nexus_priv;
    host->nexus_hinders = host_nexus_hinders;
    host->target_find = host_target_find;
    host->target_unref = host_target_unref;
    host->target_param_uint = host_target_param_uint;
    host->target_param_str = host_target_param_str;
    host->auth_required = host_auth_required;
    host->auth_find = host_auth_find;
    host->target_visit = host_target_visit;
    host->target_name = host_target_name;
    host->target_in_group = host_target_in_group;
    host->portal_each = host_portal_each;
}
