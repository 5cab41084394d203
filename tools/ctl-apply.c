/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl config diff and apply: what a daemon lacks of a file, and how it gets it. */
#include <stdio.h>

#include "config-source.h"
#include "ctl.h"
#include "model-check.h"
#include "model-live.h"
#include "plan.h"

/* What a file and a daemon have in common, and what not. */
struct comparison {
    struct source source;
    struct model *live;
    struct plan *plan;
};

static void comparison_clear(struct comparison *c)
{
    plan_free(c->plan);
    model_free(c->live);
    source_clear(&c->source);
}

static bool check_against_daemon(struct ctl *ctl, struct comparison *c)
{
    json_t *plugins = ctl_call(ctl, "plugin.list", NULL);
    if (!plugins)
        return false;
    model_check_plugins(c->source.conf, c->source.model, plugins);
    if (!args_has(&ctl->args, "force"))
        model_check_in_use(c->source.conf, c->source.model, c->live);
    json_decref(plugins);
    ctl->status = CTL_INVALID;
    return source_can_be_served(&c->source);
}

/* What is left out of the file is not meant to go. */
static bool refuse_both(struct ctl *ctl)
{
    fputs("tgtctl: --prune and --leave-out do not go together\n", stderr);
    ctl->status = CTL_USAGE;
    return false;
}

/* False: ctl->status is the exit status, stderr says why. */
static bool compare(struct ctl *ctl, struct comparison *c)
{
    *c = (struct comparison){0};
    bool leaves_out = args_has(&ctl->args, "leave-out");
    if (leaves_out && args_has(&ctl->args, "prune"))
        return refuse_both(ctl);
    if (!source_load(&c->source, source_file(ctl, 0), leaves_out)) {
        ctl->status = CTL_INVALID;
        return false;
    }
    model_take_devices(c->source.conf, c->source.model);
    c->live = model_live(ctl, true);
    bool ok = c->live && check_against_daemon(ctl, c);
    source_print_notes(c->source.conf, stderr);
    if (ok)
        source_leave_out(&c->source, c->live);
    if (ok)
        c->plan = plan_new(c->live, c->source.model, args_has(&ctl->args, "prune"),
                           args_has(&ctl->args, "force"));
    return ok;
}

static void show_plan(struct ctl *ctl, const struct plan *plan)
{
    if (!ctl->json || !ctl_json(ctl, plan_json(plan)))
        plan_print(plan);
}

enum ctl_exit config_diff(struct ctl *ctl)
{
    struct comparison c;
    enum ctl_exit status = CTL_OK;
    if (!compare(ctl, &c)) {
        status = ctl->status;
    } else {
        show_plan(ctl, c.plan);
        status = plan_is_empty(c.plan) ? CTL_OK : CTL_DIFFERENT;
    }
    comparison_clear(&c);
    return status;
}

/* Nobody has changed anything since we have looked. */
static bool is_still_so(struct ctl *ctl, const struct model *live)
{
    json_int_t generation = model_generation(ctl);
    if (generation == live->generation)
        return true;
    if (generation >= 0) {
        fputs("tgtctl: somebody else has just changed the configuration: nothing was done\n",
              stderr);
        ctl->status = CTL_BUSY;
    }
    return false;
}

/* What somebody else has done meanwhile may not fit. */
static void warn_of_others(struct ctl *ctl, const struct plan *plan)
{
    json_int_t generation = model_generation(ctl);
    if (generation > plan->live->generation + plan_calls(plan))
        fputs("tgtctl: somebody else has changed the configuration meanwhile: look at 'tgtctl "
              "config diff'\n",
              stderr);
}

static enum ctl_exit apply(struct ctl *ctl, const struct plan *plan)
{
    unsigned held =
        plan_held(plan, PLAN_DISRUPT) + (plan->prune ? plan_held(plan, PLAN_REMOVE) : 0);
    if (!is_still_so(ctl, plan->live) || !plan_run(ctl, plan))
        return ctl->status;
    warn_of_others(ctl, plan);
    show_plan(ctl, plan);
    return held > 0 ? CTL_PARTIAL : CTL_OK;
}

enum ctl_exit config_apply(struct ctl *ctl)
{
    struct comparison c;
    enum ctl_exit status = ctl->status;
    if (!compare(ctl, &c))
        status = ctl->status;
    else if (!args_has(&ctl->args, "dry-run"))
        status = apply(ctl, c.plan);
    else
        show_plan(ctl, c.plan);
    comparison_clear(&c);
    return status;
}
