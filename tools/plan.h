/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has to be done so that a running daemon serves what a file says: steps for eyes, each with
 * calls of the control socket and what undoes them. */
#ifndef TOOLS_PLAN_H
#define TOOLS_PLAN_H

#include "model.h"

struct ctl;

/* Calls are made phase by phase, so that nobody is let in before all is there, and nobody is shut
 * out before the others are let in. Within a phase they may overlap. */
enum plan_phase {
    PHASE_ACCOUNT,
    PHASE_REMOVE, /* maps, logical units, targets, and what stands in the way of its successor */
    PHASE_TARGET,
    PHASE_SETTING,
    PHASE_LUN,
    PHASE_MODE_PAGE,
    PHASE_LUN_SET,
    PHASE_MAP,
    PHASE_ADMIT,
    PHASE_FORBID,
    PHASE_AUTH,   /* after accounts were bound and unbound */
    PHASE_DAEMON, /* portals, discovery, iSNS */
    PHASE_LAST,
    PLAN_PHASES
};

/* A call, and calls that undo it, in order. */
struct plan_call {
    const char *method;
    json_t *params;
    enum plan_phase phase;
    struct conf_where where; /* of the file, for what is refused */
    GPtrArray *undo;         /* struct plan_call; NULL: what undoes another call undoes this one */
};

enum plan_kind {
    PLAN_ADD = '+',
    PLAN_CHANGE = '~',
    PLAN_REMOVE = '-',
    PLAN_DISRUPT = '!', /* sessions would notice: only with --force */
};

struct plan_step {
    enum plan_kind kind;
    char *target;     /* NULL: of the daemon */
    char *text;       /* "lun 1  write-cache on -> off"; NULL: the target as a whole */
    char *remark;     /* or NULL */
    bool held;        /* not done, because of what `remark` says */
    GPtrArray *calls; /* struct plan_call */
};

struct plan {
    const struct model *live, *want;
    bool prune, force;
    unsigned next_tid;
    GPtrArray *steps; /* struct plan_step: those of a target together */
};

/* `live` may be completed, `want` too: by what is not said and stays as it is. */
struct plan *plan_new(struct model *live, struct model *want, bool prune, bool force);
void plan_free(struct plan *plan); /* NULL is fine */
bool plan_is_empty(const struct plan *plan);
unsigned plan_count(const struct plan *plan, enum plan_kind kind);
unsigned plan_held(const struct plan *plan, enum plan_kind kind);
/* Number of calls that are made: each is a change of the daemon's configuration. */
unsigned plan_calls(const struct plan *plan);
/* The lines of `config diff`. */
void plan_print(const struct plan *plan);
json_t *plan_json(const struct plan *plan);

/* plan-run.c: do all steps that are not held. On failure all is undone; false: stderr says why,
 * and ctl->status is the exit status. */
bool plan_run(struct ctl *ctl, const struct plan *plan);

/* ---- Between the parts ---- */

struct plan_step *plan_step(struct plan *plan, enum plan_kind kind, const char *target,
                            const char *remark, const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Hold it back, because of `remark`. */
void plan_hold(struct plan_step *step, const char *remark);
/* Take over `params`. */
struct plan_call *plan_call(struct plan_step *step, enum plan_phase phase, const char *method,
                            json_t *params, struct conf_where where);
void plan_undo(struct plan_call *call, const char *method, json_t *params);
/* The same call as an undo of another one; takes over `calls`. */
void plan_undo_all(struct plan_call *call, GPtrArray *calls);

/* plan-target.c, plan-access.c, plan-lun.c, plan-map.c, plan-daemon.c. */
void plan_targets(struct plan *plan);
void plan_luns(struct plan *plan, const struct model_target *live, struct model_target *want);
void plan_access(struct plan *plan, const struct model_target *live,
                 const struct model_target *want);
void plan_maps(struct plan *plan, const struct model_target *live, const struct model_target *want);
void plan_daemon(struct plan *plan);
void plan_accounts(struct plan *plan);
void plan_forgotten_accounts(struct plan *plan);
/* Parameters of calls: a target; a target and one more; a value of target.set; account.bind. */
json_t *plan_target_params(const struct model_target *t);
json_t *plan_with(const struct model_target *t, const char *key, const char *value);
json_t *plan_setting(const struct model_target *t, const char *key, const char *value);
json_t *plan_binding(const struct model_target *t, const char *name, bool outgoing);
/* A step that sets `key`, shown as `shown`, from `old` to `new`. */
void plan_setting_change(struct plan *plan, const struct model_target *t, const char *shown,
                         const char *key, const char *old, const char *new, enum plan_phase phase,
                         struct conf_where where);
/* Parameters of acl.map; `as` < 0: the number that the map has. */
json_t *plan_mapping(const struct model_target *t, const struct model_map *map, int as);
/* All calls that make a logical unit. */
void plan_lun_calls(struct plan_step *step, const struct model_target *t,
                    const struct model_lun *lun);
void plan_call_free(gpointer call);

#endif
