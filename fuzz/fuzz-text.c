/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes key=value text and the negotiation of every key with it. */
#include <stdlib.h>
#include <string.h>

#include "../plugins/iscsi-common/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void negotiate(struct iscsi_negotiation *n, const struct iscsi_pair *pair)
{
    const struct iscsi_key *key = iscsi_key_find(pair->key);
    if (strlen(pair->key) > ISCSI_KEY_NAME_MAX || strlen(pair->value) != pair->value_len)
        abort();
    iscsi_name_valid(pair->value);
    if (key && iscsi_key_negotiate(n, key, pair->value))
        n->seen |= 1ull << iscsi_key_id(key);
}

static void walk(struct iscsi_negotiation *n, const uint8_t *data, size_t size)
{
    char *at, *end;
    struct iscsi_pair pair;
    if (!iscsi_text_add(n->text, data, size))
        return;
    iscsi_text_bounds(n->text, &at, &end);
    while (iscsi_text_next(&at, end, &pair) == ISCSI_WALK_PAIR)
        negotiate(n, &pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct iscsi_text text = {0};
    struct iscsi_params ours, agreed;
    size_t len;
    iscsi_params_default(&ours);
    iscsi_params_default(&agreed);
    ours.value[ISCSI_KEY_HeaderDigest] = 3;
    struct iscsi_negotiation n = {.ours = &ours, .agreed = &agreed, .text = &text};
    walk(&n, data, size);
    g_free(iscsi_params_describe(&agreed));
    while (iscsi_text_pending(&text))
        iscsi_text_take(&text, 512, &len);
    iscsi_text_clear(&text);
    return 0;
}
