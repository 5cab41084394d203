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

/* tgt does, we do not. */
static int not_here(struct adm *adm)
{
    return adm_refuse(adm, "operation %s of mode %s is not supported by this version of tgtd",
                      adm_op_word(adm->op), adm_mode_word(adm->mode));
}

/* Are all letters that were given among `letters`? -d goes with everything. */
static int only(struct adm *adm, const char *letters)
{
    for (int c = 'A'; c <= 'z'; c++)
        if (adm->given[c] && c != 'd' && !strchr(letters, c))
            return adm_refuse(adm, "%s mode: option '-%c' is not allowed/supported",
                              adm_mode_word(adm->mode), c);
    return -1;
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
    case ADM_OP_STAT:
        return need_tid(adm) >= 0 ? LEGACY_REFUSED : not_here(adm);
    default:
        return need_tid(adm) >= 0 ? LEGACY_REFUSED : no_such_op(adm);
    }
}

static int check_lun_update(struct adm *adm)
{
    for (const char *c = "bE"; *c; c++)
        if (adm->given[(int)*c])
            return adm_refuse(adm, "option '-%c' not supported in logicalunit mode", *c);
    return only(adm, "LmofytlPC");
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
        return only(adm, "LmotlC");
    case ADM_OP_UPDATE:
        return check_lun_update(adm);
    case ADM_OP_STAT:
        return not_here(adm);
    default:
        return no_such_op(adm);
    }
}

static int check_system(struct adm *adm)
{
    switch (adm->op) {
    case ADM_OP_SHOW:
        return -1;
    case ADM_OP_UPDATE:
    case ADM_OP_STAT:
    case ADM_OP_DELETE:
        return not_here(adm);
    default:
        return no_such_op(adm);
    }
}

int adm_check(struct adm *adm)
{
    if (adm->op == ADM_NO_OP)
        return adm_refuse(adm, "specify the operation type");
    if (adm->mode == ADM_NO_MODE)
        return adm_refuse(adm, "specify the mode");
    switch (adm->mode) {
    case ADM_SYSTEM:
        return check_system(adm);
    case ADM_TARGET:
        return check_target(adm);
    case ADM_LUN:
        return check_lun(adm);
    default:
        return not_here(adm);
    }
}
