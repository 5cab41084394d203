/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which options go with which mode and operation, in the order and with the words in which tgt
 * judges them. */
#include <string.h>

#include "adm.h"

const char *adm_mode_word(enum adm_mode mode)
{
    static const char *const words[] = {"",
#define X(name, word, alias) word,
                                        ADM_MODE_LIST(X)
#undef X
    };
    return words[mode];
}

const char *adm_op_word(enum adm_op op)
{
    static const char *const words[] = {"",
#define X(name, word) word,
                                        ADM_OP_LIST(X)
#undef X
    };
    return words[op];
}

/* tgt knows no such operation in this mode. */
static int no_such_op(struct adm *adm)
{
    return adm_refuse(adm, "operation %s not supported in %s mode", adm_op_word(adm->op),
                      adm_mode_word(adm->mode));
}

/* The first letter given that is not among `letters`, or 0. -d goes with everything. */
static int other_letter(const struct adm *adm, const char *letters)
{
    for (int c = 'A'; c <= 'z'; c++)
        if (adm->given[c] && c != 'd' && !strchr(letters, c))
            return c;
    return 0;
}

static int only(struct adm *adm, const char *letters)
{
    int c = other_letter(adm, letters);
    return c ? adm_refuse(adm, "%s mode: option '-%c' is not allowed/supported",
                          adm_mode_word(adm->mode), c)
             : -1;
}

/* The same in the other words that tgt has for it. */
static int supports(struct adm *adm, const char *letters)
{
    int c = other_letter(adm, letters);
    return c ? adm_refuse(adm, "option '-%c' not supported in %s mode", c, adm_mode_word(adm->mode))
             : -1;
}

static int need_value(struct adm *adm)
{
    return adm->key && adm->value
               ? -1
               : adm_refuse(adm, "update operation requires 'name' and 'value' options");
}

static int need_tid(struct adm *adm)
{
    return adm->given['t'] ? -1 : adm_refuse(adm, "'tid' option is necessary");
}

static int need_nonzero_tid(struct adm *adm)
{
    if (need_tid(adm) >= 0)
        return LEGACY_REFUSED;
    return adm->tid ? -1 : adm_refuse(adm, "'tid' cannot be 0");
}

static int check_bind(struct adm *adm)
{
    if (need_nonzero_tid(adm) >= 0)
        return LEGACY_REFUSED;
    if (!adm->address && !adm->initiator && !adm->given['B'] && !adm->given['H'])
        return adm_refuse(adm, "%s operation requires initiator-address, initiator-nameor bus",
                          adm_op_word(adm->op));
    if (only(adm, "LmotIQBHC") >= 0)
        return LEGACY_REFUSED;
    if (adm->given['B'] || adm->given['H'])
        return adm_refuse(adm,
                          "binding to a bus or a host is not supported by this version of tgtd");
    return -1;
}

static int check_target(struct adm *adm)
{
    switch (adm->op) {
    case ADM_OP_NEW:
        if (need_nonzero_tid(adm) >= 0)
            return LEGACY_REFUSED;
        if (!adm->name)
            return adm_refuse(adm, "creating new target requires a name, use --targetname");
        return only(adm, "LmotTC");
    case ADM_OP_DELETE:
        return need_nonzero_tid(adm) >= 0 ? LEGACY_REFUSED : only(adm, "LmotCF");
    case ADM_OP_SHOW:
        return only(adm, "LmotC");
    case ADM_OP_BIND:
    case ADM_OP_UNBIND:
        return check_bind(adm);
    case ADM_OP_UPDATE:
        if (need_nonzero_tid(adm) >= 0 || need_value(adm) >= 0)
            return LEGACY_REFUSED;
        return only(adm, "LmotnvC");
    case ADM_OP_STAT:
        return need_tid(adm) >= 0 ? LEGACY_REFUSED : only(adm, "LmotC");
    default:
        return need_tid(adm) >= 0 ? LEGACY_REFUSED : no_such_op(adm);
    }
}

static int check_lun(struct adm *adm)
{
    if (need_tid(adm) >= 0)
        return LEGACY_REFUSED;
    if (!adm->tid)
        return adm_refuse(adm, "'tid' must not be 0");
    if (!adm->given['l'])
        return adm_refuse(adm, "'lun' option is necessary");
    switch (adm->op) {
    case ADM_OP_NEW:
        return only(adm, "LmofytlbEYCS");
    case ADM_OP_DELETE:
    case ADM_OP_SHOW:
    case ADM_OP_STAT:
        return only(adm, "LmotlC");
    case ADM_OP_UPDATE:
        return supports(adm, "LmofytlPC");
    default:
        return no_such_op(adm);
    }
}

/* tgt looks at the options of an update only. */
static int check_system(struct adm *adm)
{
    switch (adm->op) {
    case ADM_OP_SHOW:
    case ADM_OP_STAT:
    case ADM_OP_DELETE:
        return -1;
    case ADM_OP_UPDATE:
        return need_value(adm) >= 0 ? LEGACY_REFUSED : only(adm, "LmonvC");
    default:
        return no_such_op(adm);
    }
}

static int check_portal(struct adm *adm)
{
    switch (adm->op) {
    case ADM_OP_NEW:
    case ADM_OP_DELETE:
        if (!adm->params)
            return adm_refuse(adm, "you must specify --param portal=<portal>");
        return only(adm, "LmoCP");
    case ADM_OP_SHOW:
        return supports(adm, "LmoC");
    default:
        return no_such_op(adm);
    }
}

static int need_user(struct adm *adm)
{
    return adm->user ? -1 : adm_refuse(adm, "'user' option is necessary");
}

static int check_account(struct adm *adm)
{
    switch (adm->op) {
    case ADM_OP_NEW:
        if (!adm->user || !adm->password)
            return adm_refuse(adm, "'user' and 'password' options are required");
        return only(adm, "LmoupfC");
    case ADM_OP_DELETE:
        return need_user(adm) >= 0 ? LEGACY_REFUSED : only(adm, "LmouC");
    case ADM_OP_SHOW:
        return only(adm, "LmoC");
    case ADM_OP_BIND:
    case ADM_OP_UNBIND:
        return need_user(adm) >= 0 ? LEGACY_REFUSED : only(adm, "LmotuOC");
    default:
        return no_such_op(adm);
    }
}

static int check_lld(struct adm *adm)
{
    if (adm->op == ADM_OP_SHOW || adm->op == ADM_OP_START || adm->op == ADM_OP_STOP)
        return only(adm, "LmoC");
    return adm_refuse(adm, "option %d not supported in lld mode", adm->op - ADM_OP_NEW);
}

int adm_check(struct adm *adm)
{
    static int (*const checks[])(struct adm *) = {
        [ADM_SYSTEM] = check_system, [ADM_TARGET] = check_target,   [ADM_LUN] = check_lun,
        [ADM_PORTAL] = check_portal, [ADM_ACCOUNT] = check_account, [ADM_LLD] = check_lld,
    };
    if (adm->op == ADM_NO_OP)
        return adm_refuse(adm, "specify the operation type");
    if (adm->mode == ADM_NO_MODE)
        return adm_refuse(adm, "specify the mode");
    /* Of sessions and connections, the daemon says what it cannot do. */
    return checks[adm->mode] ? checks[adm->mode](adm) : -1;
}
