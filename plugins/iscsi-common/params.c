/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the admin can set: parameters of targets and of portals. */
#include "params.h"

#include <string.h>

#define SEGMENT_MOST  1048576 /* also bounds what one PDU may bring */
#define NS_PER_SECOND 1000000000ull

/* Of targets, and of portals for discovery. */
#define CHAP_ROWS                                                                                  \
    {"chap_weakest",                                                                               \
     TGT_PARAM_ENUM,                                                                               \
     0,                                                                                            \
     "MD5",                                                                                        \
     0,                                                                                            \
     0,                                                                                            \
     "MD5 SHA1 SHA256 SHA3-256",                                                                   \
     NULL,                                                                                         \
     "Weakest algorithm of CHAP that may be used; the strongest that both know is."},              \
    {                                                                                              \
        "chap_mutual", TGT_PARAM_ENUM, 0, "required", 0, 0, "required optional", NULL,             \
            "Whether initiators must ask the target to prove who it is where an outgoing account " \
            "is "                                                                                  \
            "bound."                                                                               \
    }

const struct tgt_param iscsi_target_param_table[ISCSI_TARGET_PARAM_COUNT] = {
    {"MaxRecvDataSegmentLength", TGT_PARAM_UINT, 0, "262144", 8192, SEGMENT_MOST, NULL, "bytes",
     "Longest data segment that initiators may send in one PDU."},
    {"MaxBurstLength", TGT_PARAM_UINT, 0, "1048576", 512, 16777215, NULL, "bytes",
     "Longest sequence of Data-In or solicited Data-Out PDUs."},
    {"FirstBurstLength", TGT_PARAM_UINT, 0, "262144", 512, 16777215, NULL, "bytes",
     "Most data that an initiator may send with a command before it is asked for."},
    {"InitialR2T", TGT_PARAM_BOOL, 0, "no", 0, 0, NULL, NULL,
     "Whether initiators must wait to be asked for data behind the command."},
    {"ImmediateData", TGT_PARAM_BOOL, 0, "yes", 0, 0, NULL, NULL,
     "Whether initiators may send data in the command itself."},
    {"MaxOutstandingR2T", TGT_PARAM_UINT, 0, "8", 1, 65535, NULL, NULL,
     "Most requests for data of one command at one time."},
    {"HeaderDigest", TGT_PARAM_ENUM, 0, "CRC32C,None", 0, 0, "CRC32C,None None,CRC32C CRC32C None",
     NULL, "Digests of headers that are acceptable; the initiator's order decides."},
    {"DataDigest", TGT_PARAM_ENUM, 0, "CRC32C,None", 0, 0, "CRC32C,None None,CRC32C CRC32C None",
     NULL, "Digests of data that are acceptable; the initiator's order decides."},
    {"DefaultTime2Wait", TGT_PARAM_UINT, 0, "2", 0, 3600, NULL, "s",
     "Least time that initiators wait before they connect anew after an unexpected end."},
    {"DefaultTime2Retain", TGT_PARAM_ENUM, 0, "0", 0, 0, "0", "s",
     "Sessions are not retained without a connection: 0 is the only value."},
    {"MaxConnections", TGT_PARAM_ENUM, 0, "1", 0, 0, "1", NULL,
     "Connections per session: 1 is the only value."},
    {"ErrorRecoveryLevel", TGT_PARAM_ENUM, 0, "0", 0, 0, "0", NULL,
     "Session recovery (level 0) is the only one."},
    {"MaxQueueCmd", TGT_PARAM_UINT, 0, "128", 1, 512, NULL, NULL,
     "Commands that a session may have under way: the width of its CmdSN window."},
    {"nop_interval", TGT_PARAM_UINT, 0, "0", 0, 3600, NULL, "s",
     "Time without a PDU from the initiator after which it is pinged; 0: as the portal says."},
    {"nop_count", TGT_PARAM_UINT, 0, "0", 0, 100, NULL, NULL,
     "Pings without an answer after which the connection is given up; 0: as the portal says."},
    {"RedirectAddress", TGT_PARAM_STRING, 0, NULL, 0, 0, NULL, NULL,
     "Address or name of another host to which logins are sent; empty: nowhere."},
    {"RedirectPort", TGT_PARAM_UINT, 0, "3260", 1, 65535, NULL, NULL, "Port there."},
    {"RedirectReason", TGT_PARAM_ENUM, 0, "Temporary", 0, 0, "Temporary Permanent", NULL,
     "Whether initiators are to come here again next time."},
    {"RedirectCallback", TGT_PARAM_STRING, 0, NULL, 0, 0, NULL, NULL,
     "Program, with arguments, that says for each login where it is sent; empty: none."},
    CHAP_ROWS,
};

const struct tgt_param iscsi_portal_param_table[ISCSI_PORTAL_PARAM_COUNT] = {
    {"login_timeout", TGT_PARAM_UINT, 0, "15", 1, 3600, NULL, "s",
     "Time that a connection has to reach full feature phase."},
    {"nop_interval", TGT_PARAM_UINT, 0, "30", 0, 3600, NULL, "s",
     "Time without a PDU from the initiator after which it is pinged; 0: never."},
    {"nop_count", TGT_PARAM_UINT, 0, "3", 1, 100, NULL, NULL,
     "Pings without an answer after which the connection is given up."},
    {"stall_timeout", TGT_PARAM_UINT, 0, "60", 1, 3600, NULL, "s",
     "Time after which a connection is given up that stands still within a PDU, takes no answers, "
     "owes data, is idle in discovery, or has one command's data under way while others wait for "
     "its buffers."},
    {"max_connections", TGT_PARAM_UINT, 0, "4096", 1, 65535, NULL, NULL,
     "Connections of this portal at one time."},
    {"max_logins", TGT_PARAM_UINT, 0, "512", 1, 65535, NULL, NULL,
     "Connections of this portal at one time that are not logged in yet; when half of them are "
     "taken, each host gets a quarter."},
    {"send_queue", TGT_PARAM_SIZE, 0, "8M", 65536, 1u << 30, NULL, "bytes",
     "Answers that may wait to be taken by an initiator before nothing more is read from it."},
    CHAP_ROWS,
};

static struct iscsi_auth_params auth_params(const char *weakest, const char *mutual)
{
    return (struct iscsi_auth_params){
        .weakest = iscsi_chap_find(weakest),
        .mutual = strcmp(mutual, "optional") != 0,
    };
}

static void read_numbers(const struct tgt_target *target, struct iscsi_target_params *params)
{
    static const enum iscsi_key_id ids[] = {
        ISCSI_KEY_MaxRecvDataSegmentLength,
        ISCSI_KEY_MaxBurstLength,
        ISCSI_KEY_FirstBurstLength,
        ISCSI_KEY_InitialR2T,
        ISCSI_KEY_ImmediateData,
        ISCSI_KEY_MaxOutstandingR2T,
        ISCSI_KEY_DefaultTime2Wait,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
        params->ours.value[ids[i]] =
            (uint32_t)tgt_target_param_uint(target, &tgt_plugin, iscsi_key_get(ids[i])->name);
    params->window = (uint32_t)tgt_target_param_uint(target, &tgt_plugin, "MaxQueueCmd");
    params->nop_interval =
        tgt_target_param_uint(target, &tgt_plugin, "nop_interval") * NS_PER_SECOND;
    params->nop_count = (unsigned)tgt_target_param_uint(target, &tgt_plugin, "nop_count");
}

static void read_digest(const struct tgt_target *target, struct iscsi_target_params *params,
                        enum iscsi_key_id id)
{
    const struct iscsi_key *key = iscsi_key_get(id);
    char list[64];
    if (tgt_target_param_str(target, &tgt_plugin, key->name, list, sizeof(list)) < sizeof(list))
        params->ours.value[id] = iscsi_list_bits(key, list);
}

static void read_auth(const struct tgt_target *target, struct iscsi_auth_params *auth)
{
    char weakest[16], mutual[16];
    tgt_target_param_str(target, &tgt_plugin, "chap_weakest", weakest, sizeof(weakest));
    tgt_target_param_str(target, &tgt_plugin, "chap_mutual", mutual, sizeof(mutual));
    *auth = auth_params(weakest, mutual);
}

/* What holds without a target, and what no parameter changes: sessions not retained, and what this
 * target is not. 13.1: CRC32C must be there in discovery sessions, too. */
static void set_fixed(struct iscsi_target_params *params)
{
    const uint32_t digests = 1u << ISCSI_DIGEST_NONE | 1u << ISCSI_DIGEST_CRC32C;
    iscsi_params_default(&params->ours);
    params->ours.value[ISCSI_KEY_HeaderDigest] = digests;
    params->ours.value[ISCSI_KEY_DataDigest] = digests;
    params->ours.value[ISCSI_KEY_TaskReporting] = 1;
    params->ours.value[ISCSI_KEY_DefaultTime2Retain] = 0;
    params->ours.value[ISCSI_KEY_MaxRecvDataSegmentLength] = 65536;
    params->window = 16;
}

void iscsi_target_params_read(const struct tgt_target *target, struct iscsi_target_params *params)
{
    set_fixed(params);
    if (!target)
        return;
    read_numbers(target, params);
    read_digest(target, params, ISCSI_KEY_HeaderDigest);
    read_digest(target, params, ISCSI_KEY_DataDigest);
    read_auth(target, &params->auth);
}

struct iscsi_portal_params *iscsi_portal_params_new(const struct tgt_portal_args *args)
{
    const struct tgt_params *given = args->params;
    struct iscsi_portal_params *params = g_new0(struct iscsi_portal_params, 1);
    params->refs = 1;
    params->tpgt = args->tpgt;
    params->login_timeout = tgt_param_uint(given, "login_timeout") * NS_PER_SECOND;
    params->nop_interval = tgt_param_uint(given, "nop_interval") * NS_PER_SECOND;
    params->stall_timeout = tgt_param_uint(given, "stall_timeout") * NS_PER_SECOND;
    params->nop_count = (unsigned)tgt_param_uint(given, "nop_count");
    iscsi_admission_init(&params->admission, (unsigned)tgt_param_uint(given, "max_connections"),
                         (unsigned)tgt_param_uint(given, "max_logins"));
    params->send_queue = tgt_param_uint(given, "send_queue");
    params->auth =
        auth_params(tgt_param_str(given, "chap_weakest"), tgt_param_str(given, "chap_mutual"));
    return params;
}

struct iscsi_portal_params *iscsi_portal_params_ref(struct iscsi_portal_params *params)
{
    g_atomic_int_inc(&params->refs);
    return params;
}

void iscsi_portal_params_unref(struct iscsi_portal_params *params)
{
    if (!g_atomic_int_dec_and_test(&params->refs))
        return;
    iscsi_admission_clear(&params->admission);
    g_free(params);
}
