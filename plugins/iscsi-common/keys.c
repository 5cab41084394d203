/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of keys, and how the value of one is judged, combined with ours and answered. */
#include <string.h>

#include "keys.h"

static const struct iscsi_key keys[ISCSI_KEY_COUNT] = {
#define USED       false
#define IRRELEVANT true
#define KEY_NAMED(id, name, kind, phase, discovery, def, least, most)                              \
    [ISCSI_KEY_##id] = {name, ISCSI_KIND_##kind, ISCSI_PHASE_##phase, discovery, def, least, most},
#define KEY(name, kind, phase, discovery, def, least, most)                                        \
    KEY_NAMED(name, #name, kind, phase, discovery, def, least, most)
#include "keys.def"
#undef KEY
#undef KEY_NAMED
#undef USED
#undef IRRELEVANT
};

/* Values of the lists, by index. */
static const char *const digests[] = {"None", "CRC32C", NULL};
static const char *const reportings[] = {"RFC3720", NULL};

const struct iscsi_key *iscsi_key_get(enum iscsi_key_id id)
{
    return &keys[id];
}

const struct iscsi_key *iscsi_key_find(const char *name)
{
    for (unsigned i = 0; i < ISCSI_KEY_COUNT; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

enum iscsi_key_id iscsi_key_id(const struct iscsi_key *key)
{
    return (enum iscsi_key_id)(key - keys);
}

void iscsi_params_default(struct iscsi_params *params)
{
    for (unsigned i = 0; i < ISCSI_KEY_COUNT; i++)
        params->value[i] = keys[i].def;
}

bool iscsi_number_parse(const char *text, uint32_t *value)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    size_t len = strlen(digits);
    if (len == 0 || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len)
        return false;
    guint64 number;
    if (!g_ascii_string_to_unsigned(digits, hex ? 16 : 10, 0, G_MAXUINT32, &number, NULL))
        return false;
    *value = (uint32_t)number;
    return true;
}

static const char *const *list_values(const struct iscsi_key *key)
{
    return iscsi_key_id(key) == ISCSI_KEY_TaskReporting ? reportings : digests;
}

/* Index of the first `len` bytes of `word` in the key's values, -1: unknown. */
static int list_index(const struct iscsi_key *key, const char *word, size_t len)
{
    const char *const *values = list_values(key);
    for (int i = 0; values[i]; i++)
        if (strlen(values[i]) == len && memcmp(values[i], word, len) == 0)
            return i;
    return -1;
}

uint32_t iscsi_list_bits(const struct iscsi_key *key, const char *list)
{
    uint32_t bits = 0;
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        int index = list_index(key, at, len);
        if (index >= 0)
            bits |= 1u << index;
        at += len + (at[len] == ',');
    }
    return bits;
}

/* 6.2.1: the first value in the order of the offer that is acceptable. */
static bool answer_list(struct iscsi_negotiation *n, const struct iscsi_key *key, const char *value)
{
    enum iscsi_key_id id = iscsi_key_id(key);
    for (const char *at = value; *at;) {
        size_t len = strcspn(at, ",");
        int index = list_index(key, at, len);
        if (index >= 0 && (n->ours->value[id] & 1u << index)) {
            n->agreed->value[id] = (uint32_t)index;
            iscsi_text_put(n->text, key->name, list_values(key)[index]);
            return true;
        }
        at += len + (at[len] == ',');
    }
    iscsi_text_put(n->text, key->name, "Reject");
    return true;
}

static bool answer_bool(struct iscsi_negotiation *n, const struct iscsi_key *key, const char *value)
{
    bool yes = strcmp(value, "Yes") == 0;
    if (!yes && strcmp(value, "No") != 0) {
        iscsi_text_put(n->text, key->name, "Reject");
        return true;
    }
    bool ours = n->ours->value[iscsi_key_id(key)];
    bool result = key->kind == ISCSI_KIND_OR ? yes || ours : yes && ours;
    n->agreed->value[iscsi_key_id(key)] = result;
    iscsi_text_put(n->text, key->name, result ? "Yes" : "No");
    return true;
}

static bool number_in_range(const struct iscsi_key *key, const char *value, uint32_t *number)
{
    return iscsi_number_parse(value, number) && *number >= key->least && *number <= key->most;
}

/* 13.14: FirstBurstLength must not exceed MaxBurstLength: what is in force, the default until the
 * initiator offers one, and what may still come of an offer. */
static uint32_t first_burst_limit(const struct iscsi_negotiation *n)
{
    enum iscsi_key_id id = ISCSI_KEY_MaxBurstLength;
    return MIN(n->agreed->value[id], n->ours->value[id]);
}

static bool answer_number(struct iscsi_negotiation *n, const struct iscsi_key *key,
                          const char *value)
{
    enum iscsi_key_id id = iscsi_key_id(key);
    uint32_t theirs, ours = n->ours->value[id];
    if (!number_in_range(key, value, &theirs)) {
        iscsi_text_put(n->text, key->name, "Reject");
        return true;
    }
    uint32_t result = key->kind == ISCSI_KIND_MOST ? MAX(theirs, ours) : MIN(theirs, ours);
    if (id == ISCSI_KEY_FirstBurstLength)
        result = MIN(result, first_burst_limit(n));
    n->agreed->value[id] = result;
    iscsi_text_put_number(n->text, key->name, result);
    return true;
}

static bool take_segment(struct iscsi_negotiation *n, const struct iscsi_key *key,
                         const char *value)
{
    uint32_t number;
    if (!number_in_range(key, value, &number))
        return false;
    n->agreed->value[iscsi_key_id(key)] = number;
    return true;
}

static bool answer_word(struct iscsi_negotiation *n, const struct iscsi_key *key, const char *word)
{
    iscsi_text_put(n->text, key->name, word);
    return true;
}

bool iscsi_key_negotiate(struct iscsi_negotiation *n, const struct iscsi_key *key,
                         const char *value)
{
    if (key->irrelevant && n->discovery)
        return answer_word(n, key, "Irrelevant");
    switch (key->kind) {
    case ISCSI_KIND_LIST:
        return answer_list(n, key, value);
    case ISCSI_KIND_AND:
    case ISCSI_KIND_OR:
        return answer_bool(n, key, value);
    case ISCSI_KIND_LEAST:
    case ISCSI_KIND_MOST:
        return answer_number(n, key, value);
    case ISCSI_KIND_SEGMENT:
        return take_segment(n, key, value);
    case ISCSI_KIND_DECLARED:
        return true;
    case ISCSI_KIND_MARKER:
        return answer_word(n, key, "No");
    default:
        return answer_word(n, key, "Reject");
    }
}

static void describe_number(GString *out, const struct iscsi_params *params, enum iscsi_key_id id)
{
    g_string_append_printf(out, "%s%s=%u", out->len ? " " : "", keys[id].name, params->value[id]);
}

static void describe_word(GString *out, const struct iscsi_params *params, enum iscsi_key_id id)
{
    const char *const *words = (const char *const[]){"No", "Yes"};
    if (keys[id].kind == ISCSI_KIND_LIST)
        words = list_values(&keys[id]);
    g_string_append_printf(out, "%s%s=%s", out->len ? " " : "", keys[id].name,
                           words[params->value[id]]);
}

char *iscsi_params_describe(const struct iscsi_params *params)
{
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < ISCSI_KEY_COUNT; i++) {
        switch (keys[i].kind) {
        case ISCSI_KIND_LIST:
        case ISCSI_KIND_AND:
        case ISCSI_KIND_OR:
            describe_word(out, params, i);
            break;
        case ISCSI_KIND_LEAST:
        case ISCSI_KIND_MOST:
        case ISCSI_KIND_SEGMENT:
            describe_number(out, params, i);
            break;
        default:
            break;
        }
    }
    return g_string_free(out, FALSE);
}
