/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries a plan out: phase by phase, several calls under way; all or nothing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "plan.h"
#include "rpc.h"

#define WINDOW     48u /* calls under way */
#define NEWS_EVERY (2 * G_USEC_PER_SEC)

struct run {
    struct ctl *ctl;
    GPtrArray *calls;   /* struct plan_call, by phase; the plan's */
    bool *done;         /* for each */
    GHashTable *flying; /* number of the request -> index + 1 */
    guint next;         /* the next one to send */
    guint ended;
    gint64 news; /* when to tell how far we are */
    const struct plan_call *failed;
    struct rpc_error error; /* of it */
};

/* ---- What is to be called ---- */

static gint by_phase(gconstpointer a, gconstpointer b)
{
    return (int)(*(const struct plan_call *const *)a)->phase -
           (int)(*(const struct plan_call *const *)b)->phase;
}

/* g_ptr_array_sort() is stable: within a phase calls stay in order. */
static GPtrArray *calls_of(const struct plan *plan)
{
    GPtrArray *calls = g_ptr_array_new();
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct plan_step *step = plan->steps->pdata[i];
        for (guint k = 0; !step->held && k < step->calls->len; k++)
            g_ptr_array_add(calls, step->calls->pdata[k]);
    }
    g_ptr_array_sort(calls, by_phase);
    return calls;
}

/* ---- Calling ---- */

static void tell(struct run *r)
{
    gint64 now = g_get_monotonic_time();
    if (now < r->news)
        return;
    fprintf(stderr, "tgtctl: %u of %u steps are done\n", r->ended, r->calls->len);
    r->news = now + NEWS_EVERY;
}

static void fail(struct run *r, const struct plan_call *call, struct rpc_error *error)
{
    if (!r->failed) {
        r->failed = call;
        r->error = *error;
    } else {
        rpc_error_clear(error);
    }
}

static void send_one(struct run *r)
{
    struct plan_call *call = r->calls->pdata[r->next++];
    json_int_t id = rpc_send(r->ctl->rpc, call->method, json_incref(call->params));
    struct rpc_error error = {.code = RPC_UNREACHABLE};
    if (id > 0) {
        g_hash_table_insert(r->flying, GUINT_TO_POINTER((guint)id), GUINT_TO_POINTER(r->next));
        return;
    }
    error.message = g_strdup("the connection to tgtd is lost");
    fail(r, call, &error);
}

/* False: the connection is lost. */
static bool receive_one(struct run *r)
{
    struct rpc_error error = {0};
    json_int_t id;
    json_t *result = rpc_receive(r->ctl->rpc, &id, &error);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(r->flying, GUINT_TO_POINTER((guint)id)));
    if (index == 0) {
        json_decref(result);
        fail(r, r->calls->pdata[r->next - 1], &error);
        return false;
    }
    g_hash_table_remove(r->flying, GUINT_TO_POINTER((guint)id));
    r->done[index - 1] = result != NULL;
    r->ended++;
    if (!result)
        fail(r, r->calls->pdata[index - 1], &error);
    json_decref(result);
    return true;
}

static bool may_send(const struct run *r, enum plan_phase phase)
{
    return !r->failed && r->next < r->calls->len &&
           ((const struct plan_call *)r->calls->pdata[r->next])->phase == phase &&
           g_hash_table_size(r->flying) < WINDOW;
}

static void run_phase(struct run *r, enum plan_phase phase)
{
    bool connected = true;
    while (connected && (may_send(r, phase) || g_hash_table_size(r->flying) > 0)) {
        while (may_send(r, phase))
            send_one(r);
        if (g_hash_table_size(r->flying) > 0)
            connected = receive_one(r);
        tell(r);
    }
}

/* ---- Undoing ---- */

/* False: stderr says what stays. */
static bool undo_call(struct run *r, const struct plan_call *call)
{
    bool ok = true;
    for (guint i = 0; call->undo && i < call->undo->len; i++) {
        const struct plan_call *undo = call->undo->pdata[i];
        struct rpc_error error = {0};
        json_t *result = rpc_call(r->ctl->rpc, undo->method, json_incref(undo->params), &error);
        json_decref(result);
        if (result)
            continue;
        fprintf(stderr, "tgtctl: cannot undo %s by %s: %s\n", call->method, undo->method,
                error.message);
        rpc_error_clear(&error);
        ok = false;
    }
    return ok;
}

static bool undo_all(struct run *r)
{
    bool ok = true;
    for (guint i = r->next; i-- > 0;)
        if (r->done[i])
            ok &= undo_call(r, r->calls->pdata[i]);
    return ok;
}

static void say_failure(struct run *r)
{
    const struct conf_where *where = &r->failed->where;
    const char *name = json_string_value(json_object_get(r->failed->params, "target"));
    json_t *lun = json_object_get(r->failed->params, "lun");
    if (where->file)
        fprintf(stderr, "%s:%u: ", where->file, where->line);
    fputs("error: ", stderr);
    if (name)
        fprintf(stderr, "%s%s", name, lun ? "/" : ": ");
    if (name && lun)
        fprintf(stderr, "%" JSON_INTEGER_FORMAT ": ", json_integer_value(lun));
    fprintf(stderr, "%s\n", r->error.message);
}

static bool give_up(struct run *r)
{
    bool lost = r->error.code == RPC_UNREACHABLE || r->error.code == RPC_LATE;
    r->ctl->status = ctl_exit_of(r->error.code);
    say_failure(r);
    if (!lost && undo_all(r)) {
        fputs("tgtctl: nothing was changed: what was done already is undone\n", stderr);
        return false;
    }
    if (lost)
        fputs("tgtctl: it is not known what was done: look at 'tgtctl config diff'\n", stderr);
    r->ctl->status = CTL_PARTIAL;
    return false;
}

bool plan_run(struct ctl *ctl, const struct plan *plan)
{
    struct run r = {.ctl = ctl, .calls = calls_of(plan)};
    r.done = g_new0(bool, r.calls->len + 1);
    r.flying = g_hash_table_new(NULL, NULL);
    r.news = g_get_monotonic_time() + NEWS_EVERY;
    for (unsigned phase = 0; phase < PLAN_PHASES && !r.failed; phase++)
        run_phase(&r, phase);
    bool ok = !r.failed || give_up(&r);
    rpc_error_clear(&r.error);
    g_hash_table_unref(r.flying);
    g_ptr_array_unref(r.calls);
    g_free(r.done);
    return ok;
}
