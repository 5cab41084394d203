/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads requests of tgt's management wire. Nothing of them is trusted. */
#include "wire.h"

#include <string.h>

/* The struct; found by looking at what tgtadm 1.0.85 sends. */
struct wire_head {
    uint32_t mode, op;
    char lld[64];
    uint32_t len;      /* of all */
    int32_t tid;       /* -1: not given */
    uint64_t sid, lun; /* all ones: not given */
    uint32_t cid;
    int32_t host; /* Fibre Channel */
    uint32_t device_type, ac_dir, pack, force;
};
G_STATIC_ASSERT(sizeof(struct wire_head) == WIRE_HEAD);
G_STATIC_ASSERT(offsetof(struct wire_head, len) == 72);
G_STATIC_ASSERT(offsetof(struct wire_head, sid) == 80);
G_STATIC_ASSERT(offsetof(struct wire_head, force) == 116);

/* Greater than any LUN that a logical unit can have. */
#define LUN_NOWHERE 65535u

static struct wire_head head_of(const struct wire_request *request)
{
    struct wire_head head;
    memcpy(&head, request->head, sizeof head);
    return head;
}

size_t wire_text_size(const struct wire_request *request)
{
    uint32_t len = head_of(request).len;
    return len < WIRE_HEAD ? SIZE_MAX : len - WIRE_HEAD;
}

/* ---- Text ---- */

/* One key of the text and where its value belongs. */
struct word {
    const char *key;
    const char **value;
    char letter; /* of the option */
};

static const struct word *word_at(const struct word *words, const char *text)
{
    for (; words->key; words++)
        if (g_str_has_prefix(text, words->key) && text[strlen(words->key)] == '=')
            return words;
    return NULL;
}

/* A value ends where the next key begins: it may have commas. */
static char *end_of(const struct word *words, char *value)
{
    char *comma = value;
    while ((comma = strchr(comma, ',')) != NULL && !word_at(words, comma + 1))
        comma++;
    return comma ? comma : value + strlen(value);
}

/* False: not all of the text is such words. */
static bool take_words(struct adm *adm, const struct word *words, char *text)
{
    while (*text) {
        const struct word *word = word_at(words, text);
        if (!word)
            return false;
        char *value = text + strlen(word->key) + 1, *end = end_of(words, value);
        text = *end ? end + 1 : end;
        *end = '\0';
        *word->value = value;
        adm->given[(int)word->letter] = true;
    }
    return true;
}

static bool take_target(struct adm *adm, char *text)
{
    const struct word words[] = {{"targetname", &adm->name, 'T'}, {0}};
    return take_words(adm, words, text) && adm->name;
}

static bool take_rules(struct adm *adm, char *text)
{
    const struct word words[] = {
        {"initiator-address", &adm->address, 'I'}, {"initiator-name", &adm->initiator, 'Q'}, {0}};
    return take_words(adm, words, text) && (adm->address || adm->initiator);
}

static bool take_store(struct adm *adm, char *text)
{
    const struct word words[] = {
        {"path", &adm->path, 'b'},           {"bstype", &adm->bstype, 'E'},
        {"bsopts", &adm->bsopts, 'S'},       {"bsoflags", &adm->bsoflags, 'f'},
        {"blocksize", &adm->blocksize, 'y'}, {0}};
    return take_words(adm, words, text);
}

static bool take_account(struct adm *adm, char *text)
{
    const struct word words[] = {{"user", &adm->user, 'u'}, {"password", &adm->password, 'p'}, {0}};
    return take_words(adm, words, text) && adm->user && (adm->op != ADM_OP_NEW || adm->password);
}

/* "name=value": the value is all the rest. */
static bool take_value(struct adm *adm, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return false;
    *equals = '\0';
    adm->key = text;
    adm->value = equals + 1;
    return true;
}

/* "targetOps a=b,": what --params said, behind a word. */
static bool take_params(struct adm *adm, const char *prefix, char *text)
{
    if (!g_str_has_prefix(text, prefix))
        return false;
    adm->params = text + strlen(prefix);
    return true;
}

static bool take_update(struct adm *adm, char *text)
{
    return !*text || take_params(adm, "targetOps ", text) || take_store(adm, text);
}

static bool take_lun(struct adm *adm, char *text)
{
    if (!adm->given['l'])
        return false;
    if (adm->op == ADM_OP_NEW)
        return take_store(adm, text);
    return adm->op != ADM_OP_UPDATE || take_update(adm, text);
}

static bool take_text(struct adm *adm, char *text)
{
    switch (adm->mode) {
    case ADM_SYSTEM:
        return adm->op != ADM_OP_UPDATE || take_value(adm, text);
    case ADM_TARGET:
        if (adm->op == ADM_OP_NEW)
            return take_target(adm, text);
        if (adm->op == ADM_OP_BIND || adm->op == ADM_OP_UNBIND)
            return take_rules(adm, text);
        return adm->op != ADM_OP_UPDATE || take_value(adm, text);
    case ADM_LUN:
        return take_lun(adm, text);
    case ADM_PORTAL:
        return adm->op == ADM_OP_SHOW || take_params(adm, "portalOps ", text);
    case ADM_ACCOUNT:
        return adm->op == ADM_OP_SHOW || take_account(adm, text);
    default:
        return true;
    }
}

/* ---- Numbers ---- */

static bool take_mode(struct adm *adm, const struct wire_head *head)
{
    adm->mode = (enum adm_mode)MIN(head->mode + 1ull, ADM_MODES);
    adm->op = (enum adm_op)MIN(head->op + 1ull, ADM_OPS);
    return adm->mode < ADM_MODES && adm->op < ADM_OPS;
}

static bool take_type(struct adm *adm, uint32_t type)
{
    static const struct {
        uint32_t number;
        const char *word;
    } types[] = {{0, "disk"}, {1, "tape"}, {5, "cd"}, {8, "changer"}, {17, "osd"}, {255, "pt"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
        if (types[i].number == type)
            adm->type = types[i].word;
    return adm->type != NULL;
}

static void take_numbers(struct adm *adm, const struct wire_head *head)
{
    adm->given['t'] = head->tid != -1;
    adm->given['l'] = head->lun != UINT64_MAX;
    adm->tid = (unsigned)head->tid;
    adm->lun = (unsigned)MIN(head->lun, LUN_NOWHERE);
    adm->sid = head->sid;
    adm->cid = head->cid;
    adm->force = head->force != 0;
    adm->outgoing = head->ac_dir != 0;
}

/* Only tgtadm tells which driver; without one it is iSCSI's. */
static void take_driver(struct wire_request *request, struct adm *adm, const struct wire_head *head)
{
    memcpy(request->lld, head->lld, sizeof head->lld);
    request->lld[sizeof head->lld] = '\0';
    adm->lld = request->lld[0] ? request->lld : "iscsi";
}

bool wire_decode(struct wire_request *request, struct adm *adm)
{
    struct wire_head head = head_of(request);
    take_numbers(adm, &head);
    take_driver(request, adm, &head);
    return take_mode(adm, &head) && take_type(adm, head.device_type) &&
           g_utf8_validate(request->lld, -1, NULL) && g_utf8_validate(request->text, -1, NULL) &&
           take_text(adm, request->text);
}
