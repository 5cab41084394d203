/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Task management functions (SAM-5 clause 7): what each does; the answer comes after the last
 * affected task has ended. */
#include "tmf.h"

#include <string.h>

#include "cmd-pool.h"
#include "cmd.h"
#include "lu.h"
#include "nexus.h"
#include "plugin.h"
#include "target.h"
#include "view.h"

/* A function under way; the nexus's thread. */
struct tmf_run {
    struct tgt_tmf *tmf;
    void (*then)(struct tgt_nexus *nexus); /* after the answer, or NULL */
    unsigned left;                         /* LUs that are being reset */
    enum tgt_tmf_response response;        /* once that is done */
    struct cmd_wait wait;
};

/* The nexus stays until after `then`, even if the answer makes the transport close it. */
static void answer(struct tgt_tmf *tmf, enum tgt_tmf_response response,
                   void (*then)(struct tgt_nexus *nexus))
{
    struct tgt_nexus *nexus = tmf->nexus;
    tmf->response = (uint8_t)response;
    tmf->done(tmf);
    if (then != NULL)
        then(nexus);
    nexus->tmf_count--;
    if (nexus->closing)
        nexus_settle(nexus);
}

static void complete(struct tmf_run *run)
{
    struct tgt_tmf *tmf = run->tmf;
    void (*then)(struct tgt_nexus * nexus) = run->then;
    enum tgt_tmf_response response = run->response;
    g_free(run);
    answer(tmf, response, then);
}

static struct tmf_run *run_new(struct tgt_tmf *tmf)
{
    struct tmf_run *run = g_new0(struct tmf_run, 1);
    run->tmf = tmf;
    run->response = TGT_TMF_COMPLETE;
    return run;
}

/* ---- Tasks of the nexus itself: one thread ---- */

static void tasks_gone(struct cmd_wait *wait)
{
    complete((struct tmf_run *)((char *)wait - G_STRUCT_OFFSET(struct tmf_run, wait)));
}

static void abort_own(struct tmf_run *run, const struct core_lu *lu, uint64_t first, uint64_t end)
{
    struct tgt_nexus *nexus = run->tmf->nexus;
    run->wait = (struct cmd_wait){
        .lu = lu, .only = nexus, .issuer = nexus, .first = first, .end = end, .done = tasks_gone};
    cmd_abort_all(cmd_pool_of(nexus->thread), &run->wait);
}

static struct core_cmd *find_task(const struct tgt_tmf *tmf)
{
    for (GList *l = tmf->nexus->cmds.head; l != NULL; l = l->next) {
        struct core_cmd *c = l->data;
        if (c->state != TGT_CMD_NEW && c->pub.tag == tmf->ref_tag &&
            memcmp(c->pub.lun, tmf->lun, sizeof tmf->lun) == 0)
            return c;
    }
    return NULL;
}

static bool is_under_way(const struct core_cmd *c)
{
    return c->state != TGT_CMD_NEW && c->state != TGT_CMD_RESPOND;
}

/* A task whose response is on its way has ended: it does not exist, but that is said after its
 * response. */
static void abort_task(struct tgt_tmf *tmf, struct itl *itl)
{
    const struct core_cmd *c = find_task(tmf);
    if (c == NULL) {
        answer(tmf, TGT_TMF_NO_TASK, NULL);
        return;
    }
    struct tmf_run *run = run_new(tmf);
    if (c->state == TGT_CMD_RESPOND)
        run->response = TGT_TMF_NO_TASK;
    abort_own(run, NULL, c->order, c->order + 1);
}

static void abort_task_set(struct tgt_tmf *tmf, struct itl *itl)
{
    abort_own(run_new(tmf), itl->lu, 0, 0);
}

static void query_task(struct tgt_tmf *tmf, struct itl *itl)
{
    const struct core_cmd *c = find_task(tmf);
    answer(tmf, c != NULL && is_under_way(c) ? TGT_TMF_SUCCEEDED : TGT_TMF_COMPLETE, NULL);
}

static void query_task_set(struct tgt_tmf *tmf, struct itl *itl)
{
    bool found = false;
    for (GList *l = tmf->nexus->cmds.head; l != NULL && !found; l = l->next) {
        const struct core_cmd *c = l->data;
        found = c->itl == itl && is_under_way(c);
    }
    answer(tmf, found ? TGT_TMF_SUCCEEDED : TGT_TMF_COMPLETE, NULL);
}

static void query_async_event(struct tgt_tmf *tmf, struct itl *itl)
{
    answer(tmf, itl_attention_pends(itl) ? TGT_TMF_SUCCEEDED : TGT_TMF_COMPLETE, NULL);
}

/* ---- All nexuses ---- */

static void lu_cleared(void *data)
{
    struct tmf_run *run = data;
    if (--run->left == 0)
        complete(run);
}

static void clear_task_set(struct tgt_tmf *tmf, struct itl *itl)
{
    struct tmf_run *run = run_new(tmf);
    run->left = 1;
    lu_clear(itl->lu, tmf->nexus, false, lu_cleared, run);
}

static void lu_reset(struct tgt_tmf *tmf, struct itl *itl)
{
    struct tmf_run *run = run_new(tmf);
    run->left = 1;
    lu_clear(itl->lu, tmf->nexus, true, lu_cleared, run);
}

static void append_lu(uint16_t number, struct core_lu *lu, void *data)
{
    if (!tgt_lu_is(&lu->pub, TGT_LU_DYING))
        g_ptr_array_add(data, lu);
}

/* Those that the nexus sees: what is hidden from it is not its to reset. The LUs stay while this
 * thread has not learned that one is going (lu-drain.c): as long as no message is handled. */
static void reset_all(struct tmf_run *run)
{
    struct tgt_nexus *nexus = run->tmf->nexus;
    g_autoptr(GPtrArray) lus = g_ptr_array_new();
    g_mutex_lock(&nexus->target->lock);
    view_each(nexus, append_lu, lus);
    g_mutex_unlock(&nexus->target->lock);
    run->left = lus->len + 1;
    for (guint i = 0; i < lus->len; i++)
        lu_clear(lus->pdata[i], nexus, true, lu_cleared, run);
    lu_cleared(run);
}

static void target_warm_reset(struct tgt_tmf *tmf, struct itl *itl)
{
    reset_all(run_new(tmf));
}

static void close_all(struct tgt_nexus *nexus)
{
    target_close_nexuses(nexus->target, TGT_CLOSE_RESET);
}

static void target_cold_reset(struct tgt_tmf *tmf, struct itl *itl)
{
    struct tmf_run *run = run_new(tmf);
    run->then = close_all;
    reset_all(run);
}

static void close_own(struct tgt_nexus *nexus)
{
    if (!nexus->closing)
        nexus->transport->transport.nexus_close(nexus, TGT_CLOSE_RESET);
}

static void i_t_nexus_reset(struct tgt_tmf *tmf, struct itl *itl)
{
    struct tmf_run *run = run_new(tmf);
    run->then = close_own;
    abort_own(run, NULL, 0, 0);
}

/* ---- The table ---- */

/* CLEAR ACA: there is no ACA, NACA is refused. TASK REASSIGN is between transport and initiator. */
static const struct {
    bool needs_lu;
    void (*run)(struct tgt_tmf *tmf, struct itl *itl);
} functions[] = {
    [TGT_TMF_ABORT_TASK] = {true, abort_task},
    [TGT_TMF_ABORT_TASK_SET] = {true, abort_task_set},
    [TGT_TMF_CLEAR_TASK_SET] = {true, clear_task_set},
    [TGT_TMF_LOGICAL_UNIT_RESET] = {true, lu_reset},
    [TGT_TMF_TARGET_WARM_RESET] = {false, target_warm_reset},
    [TGT_TMF_TARGET_COLD_RESET] = {false, target_cold_reset},
    [TGT_TMF_QUERY_TASK] = {true, query_task},
    [TGT_TMF_QUERY_TASK_SET] = {true, query_task_set},
    [TGT_TMF_I_T_NEXUS_RESET] = {false, i_t_nexus_reset},
    [TGT_TMF_QUERY_ASYNC_EVENT] = {true, query_async_event},
};

static struct itl *itl_of(const struct tgt_tmf *tmf)
{
    uint16_t lun;
    return lun_decode(tmf->lun, &lun) ? nexus_itl(tmf->nexus, lun) : NULL;
}

void tmf_submit(struct tgt_tmf *tmf)
{
    bool known = tmf->function < G_N_ELEMENTS(functions) && functions[tmf->function].run != NULL;
    struct itl *itl = NULL;
    tmf->nexus->tmf_count++;
    if (!known) {
        answer(tmf, TGT_TMF_NOT_SUPPORTED, NULL);
        return;
    }
    if (functions[tmf->function].needs_lu && (itl = itl_of(tmf)) == NULL) {
        answer(tmf, TGT_TMF_NO_LUN, NULL);
        return;
    }
    functions[tmf->function].run(tmf, itl);
}
