/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Empties the write cache of a logical unit before it is turned off. */
#include "lu-cache.h"

#include <errno.h>

#include "cmd.h"
#include "mode.h"
#include "nexus.h"
#include "thread.h"

#define CACHING 0x08
#define WCE     0x04 /* byte 0 behind the header */

/* ---- The page ---- */

static struct mode_page *caching(const struct core_lu *lu)
{
    struct mode_page *page = mode_find(lu->modes, CACHING, 0);
    return page != NULL && page->length > 0 ? page : NULL;
}

static bool goes(const struct mode_page *page, const uint8_t *values)
{
    return (page->current[0] & WCE) && !(values[0] & WCE);
}

bool lu_cache_is_on(const struct core_lu *lu)
{
    const struct mode_page *page = caching(lu);
    return page != NULL && (page->current[0] & WCE);
}

bool lu_cache_goes_pending(const struct core_lu *lu)
{
    const struct mode_page *page = caching(lu);
    return page != NULL && goes(page, page->pending);
}

bool lu_cache_goes_saved(const struct core_lu *lu)
{
    const struct mode_page *page = caching(lu);
    return page != NULL && goes(page, page->saved);
}

bool lu_cache_stays(const struct core_lu *lu, const struct mode_page *page)
{
    return page == caching(lu) && goes(page, page->saved) && tgt_lu_is(&lu->pub, TGT_LU_WCE);
}

/* ---- Emptying it ---- */

/* A command of nobody, on the home thread of the LU: it carries a request to the store. */
struct flush {
    struct core_cmd cmd;
    struct tgt_nexus nexus; /* nobody */
    uint8_t priv[TGT_BS_IO_PRIV_MAX] __attribute__((aligned(16)));
    struct core_lu *lu;
    struct tgt_thread *caller; /* NULL: the main thread */
    void (*done)(struct core_lu *lu, int result, void *data);
    void *data;
    int result;
    struct tgt_msg msg;
};

static struct flush *flush_of(struct tgt_msg *msg)
{
    return (struct flush *)((char *)msg - G_STRUCT_OFFSET(struct flush, msg));
}

static void report(struct tgt_msg *msg)
{
    g_autofree struct flush *f = flush_of(msg);
    f->done(f->lu, f->result, f->data);
}

void lu_cache_settle(struct core_lu *lu)
{
    g_mutex_lock(&lu->lock);
    if (lu_cache_is_on(lu))
        lu_state(&lu->pub, TGT_LU_WCE, 0);
    g_mutex_unlock(&lu->lock);
}

static void flushed(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result)
{
    struct flush *f = (struct flush *)core_cmd(cmd);
    f->result = result == -ENOMEDIUM ? 0 : result;
    if (f->result < 0)
        lu_cache_settle(f->lu);
    f->msg.fn = report;
    thread_post(f->caller, &f->msg);
}

/* On the home thread. */
static void start(struct tgt_msg *msg)
{
    const struct tgt_bs_request request = {.op = TGT_BS_FLUSH, .done = flushed};
    struct flush *f = flush_of(msg);
    struct tgt_cmd *cmd = &f->cmd.pub;
    cmd->lu = &f->lu->pub;
    cmd->thread = f->lu->home;
    cmd->nexus = &f->nexus;
    f->cmd.state = TGT_CMD_EXEC;
    f->cmd.bs.cmd = cmd;
    f->cmd.bs.io.priv = f->priv;
    cmd_bs(cmd, &request);
}

void lu_cache_flush(struct core_lu *lu, void (*done)(struct core_lu *lu, int result, void *data),
                    void *data)
{
    struct flush *f = g_new0(struct flush, 1);
    f->lu = lu;
    f->caller = thread_self();
    f->done = done;
    f->data = data;
    f->msg.fn = start;
    __atomic_store_n(&lu->cache_went, true, __ATOMIC_RELAXED);
    lu_state(&lu->pub, 0, TGT_LU_WCE);
    thread_post(lu->home, &f->msg);
}
