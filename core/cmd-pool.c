/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of commands: one allocation each, recycled per I/O thread, last in first out. */
#include "cmd-pool.h"

#include <stddef.h>
#include <string.h>

#include "cache-line.h"
#include "plugin.h"
#include "nexus.h"
#include "thread.h"

/* The rooms behind the command are aligned like the allocation itself. */
#define CMD_HEAD ((sizeof(struct core_cmd) + 15) & ~(size_t)15)
#define CMD_SIZE                                                                                   \
    (CMD_HEAD + TGT_TRANSPORT_CMD_PRIV_MAX + TGT_DEVICE_CMD_PRIV_MAX + TGT_BS_IO_PRIV_MAX)

/* About 200 MiB. */
#define THREAD_CMDS_MAX 65536

struct cmd_pool *cmd_pool_of(struct tgt_thread *thread)
{
    if (G_LIKELY(thread->cmds != NULL))
        return thread->cmds;
    struct cmd_pool *pool = cache_line_alloc0(sizeof(struct cmd_pool));
    pool->thread = thread;
    thread->cmds = pool;
    return pool;
}

void cmd_pool_free(struct cmd_pool *pool)
{
    if (pool == NULL)
        return;
    for (GList *l = pool->idle; l != NULL;) {
        struct core_cmd *c = l->data;
        l = l->next;
        g_aligned_free(c);
    }
    g_aligned_free(pool);
}

/* The rooms behind the command, once. */
static struct core_cmd *cmd_alloc(void)
{
    struct core_cmd *c = cache_line_alloc0(CMD_SIZE);
    char *room = (char *)c + CMD_HEAD;
    c->pub.transport_priv = room;
    c->pub.device_priv = room + TGT_TRANSPORT_CMD_PRIV_MAX;
    c->bs.io.priv = room + TGT_TRANSPORT_CMD_PRIV_MAX + TGT_DEVICE_CMD_PRIV_MAX;
    c->bs.cmd = &c->pub;
    c->node.data = c->share_node.data = c->park.data = c;
    return c;
}

static struct core_cmd *take_idle(struct cmd_pool *pool)
{
    if (pool->idle == NULL)
        return cmd_alloc();
    struct core_cmd *c = pool->idle->data;
    pool->idle = c->node.next;
    return c;
}

/* What the last command left: sense and iovecs are always written before they are read, CDBs are
 * short. */
static void clear(struct core_cmd *c, size_t transport_priv_size)
{
    struct tgt_cmd *cmd = &c->pub;
    void *transport_priv = cmd->transport_priv, *device_priv = cmd->device_priv;
    size_t dirty = MIN(MAX(cmd->cdb_len, 16u), sizeof cmd->cdb);
    memset(cmd, 0, offsetof(struct tgt_cmd, cdb) + dirty);
    memset(&cmd->expected_out, 0,
           offsetof(struct tgt_cmd, sense) - offsetof(struct tgt_cmd, expected_out));
    memset(&cmd->residual_out, 0, sizeof *cmd - offsetof(struct tgt_cmd, residual_out));
    cmd->transport_priv = transport_priv;
    cmd->device_priv = device_priv;
    memset(transport_priv, 0, transport_priv_size);
    memset(&c->state, 0, offsetof(struct core_cmd, bs) - offsetof(struct core_cmd, state));
    c->node = c->share_node = c->park = (GList){.data = c};
    c->out_iov = c->in_iov = c->iov;
}

struct core_cmd *cmd_pool_get(struct tgt_thread *thread, struct tgt_nexus *nexus, bool modest)
{
    struct cmd_pool *pool = cmd_pool_of(thread);
    if (modest && pool->used >= THREAD_CMDS_MAX)
        return NULL;
    struct core_cmd *c = take_idle(pool);
    pool->used++;
    clear(c, nexus->transport->transport.cmd_priv_size);
    c->pub.nexus = nexus;
    c->pub.thread = thread;
    return c;
}

void cmd_pool_put(struct core_cmd *c)
{
    struct cmd_pool *pool = c->pub.thread->cmds;
    c->node.next = pool->idle;
    pool->idle = &c->node;
    pool->used--;
}
