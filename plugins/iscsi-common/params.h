/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the admin can set: parameters of targets and of portals. */
#ifndef ISCSI_PARAMS_H
#define ISCSI_PARAMS_H

#include <glib.h>
#include <tgt/tgt.h>

#include "admission.h"
#include "chap.h"
#include "keys.h"

/* How initiators must authenticate themselves, where they must. */
struct iscsi_auth_params {
    enum iscsi_chap_algorithm weakest;
    bool mutual; /* they must ask us, too, if there is an outgoing account */
};

/* Parameters of one target as a login finds them. */
struct iscsi_target_params {
    struct iscsi_params ours; /* what we want; lists: bits */
    uint32_t window;          /* MaxQueueCmd */
    uint64_t nop_interval;    /* ns; 0: the portal's */
    unsigned nop_count;       /* 0: the portal's */
    struct iscsi_auth_params auth;
};

/* Parameters of one portal. Shared by its connections, which outlive it: counted by
 * iscsi_portal_params_ref() and _unref(). */
struct iscsi_portal_params {
    gint refs; /* atomic */
    uint16_t tpgt;
    uint64_t login_timeout, nop_interval, stall_timeout; /* ns; nop_interval 0: no pings */
    unsigned nop_count;
    size_t send_queue;
    struct iscsi_admission admission;
    struct iscsi_auth_params auth; /* of discovery sessions */
};

#define ISCSI_TARGET_PARAM_COUNT 21u
#define ISCSI_PORTAL_PARAM_COUNT 9u
extern const struct tgt_param iscsi_target_param_table[ISCSI_TARGET_PARAM_COUNT];
extern const struct tgt_param iscsi_portal_param_table[ISCSI_PORTAL_PARAM_COUNT];

/* NULL target: the defaults, for discovery sessions. */
void iscsi_target_params_read(const struct tgt_target *target, struct iscsi_target_params *params);
struct iscsi_portal_params *iscsi_portal_params_new(const struct tgt_portal_args *args);
struct iscsi_portal_params *iscsi_portal_params_ref(struct iscsi_portal_params *params);
void iscsi_portal_params_unref(struct iscsi_portal_params *params);

#endif
