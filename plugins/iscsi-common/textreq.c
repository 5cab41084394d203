/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text requests: sequences of one or more PDUs, answered in as many as the initiator's limit wants
 * (RFC 7143 11.10, 11.11). */
#include "textreq.h"
#include "full.h"
#include "session.h"

void iscsi_text_end(struct iscsi_conn *c)
{
    if (!c->text)
        return;
    iscsi_kept_drop(c, c->text_kept, true);
    c->text_kept = 0;
    iscsi_text_clear(c->text);
    g_clear_pointer(&c->text, g_free);
}

void iscsi_text_begin(struct iscsi_conn *c, const uint8_t *ahs, size_t ahs_len)
{
    iscsi_rx_collect(c);
}

/* Count the text as it is now; false: it may not be kept. */
static bool keep(struct iscsi_conn *c)
{
    size_t size = iscsi_text_size(c->text);
    iscsi_kept_drop(c, c->text_kept, true);
    c->text_kept = iscsi_kept_room_to_last(c, size) ? size : 0;
    iscsi_kept_add(c, c->text_kept, true);
    return c->text_kept == size;
}

static bool refuse(struct iscsi_conn *c, enum iscsi_reject reason)
{
    iscsi_text_end(c);
    iscsi_reject(c, reason, &c->rx.bhs);
    return false;
}

/* Answer with the next piece; `wants_more`: the initiator has more to say. */
static bool respond(struct iscsi_conn *c, bool wants_more)
{
    size_t len;
    const uint8_t *piece = iscsi_text_take(c->text, c->segment_out, &len);
    bool more = iscsi_text_pending(c->text), last = !more && !wants_more;
    struct iscsi_tx *tx = iscsi_reply_new(c, ISCSI_OP_TEXT_RESPONSE, c->text_itt, piece, len);
    tx->bhs.any.flags = last ? ISCSI_FINAL : more ? ISCSI_CONTINUE : 0;
    if (!last)
        c->text_ttt = (c->text_ttt + 1) & 0x7fffffff;
    tx->bhs.any.ttt = be32(last ? ISCSI_NO_TAG : c->text_ttt);
    iscsi_tx_queue(c, tx);
    if (last)
        iscsi_text_end(c);
    return true;
}

/* Keys of the login have no place here (13: "Use"), and a bad declaration has no answer. */
static bool run_pair(struct iscsi_conn *c, struct iscsi_negotiation *n,
                     const struct iscsi_pair *pair)
{
    const struct iscsi_key *key = iscsi_key_find(pair->key);
    if (!key) {
        iscsi_text_put(n->text, pair->key, "NotUnderstood");
        return true;
    }
    uint64_t bit = 1ull << iscsi_key_id(key);
    if (!(key->phase & ISCSI_PHASE_FULL) || (n->seen & bit) || pair->value_len > ISCSI_VALUE_MAX)
        return false;
    n->seen |= bit;
    if (key->kind == ISCSI_KIND_SEND_TARGETS) {
        iscsi_send_targets(c, pair->value, n->text);
        return true;
    }
    return iscsi_key_negotiate(n, key, pair->value);
}

static bool run_pairs(struct iscsi_conn *c)
{
    struct iscsi_params agreed = c->agreed;
    struct iscsi_negotiation n = {&agreed, &agreed, c->text, 0, c->session->discovery};
    char *at, *end;
    struct iscsi_pair pair;
    enum iscsi_walk walk;
    unsigned count = 0;
    iscsi_text_bounds(c->text, &at, &end);
    while ((walk = iscsi_text_next(&at, end, &pair)) == ISCSI_WALK_PAIR)
        if (++count > ISCSI_TEXT_PAIRS_MAX || !run_pair(c, &n, &pair))
            return false;
    c->agreed = agreed;
    c->segment_out = agreed.value[ISCSI_KEY_MaxRecvDataSegmentLength];
    g_byte_array_set_size(c->text->in, 0);
    return walk == ISCSI_WALK_END;
}

/* A TTT continues a sequence; without one a new sequence begins, and an older one is forgotten. */
static bool join_sequence(struct iscsi_conn *c)
{
    uint32_t ttt = be32_get(c->rx.bhs.any.ttt), itt = iscsi_itt(&c->rx.bhs);
    if (ttt != ISCSI_NO_TAG)
        return c->text && ttt == c->text_ttt && itt == c->text_itt;
    iscsi_text_end(c);
    c->text = g_new0(struct iscsi_text, 1);
    c->text_itt = itt;
    return true;
}

bool iscsi_text_run(struct iscsi_conn *c)
{
    uint8_t flags = c->rx.bhs.any.flags;
    const GByteArray *data = c->rx.bytes;
    if (!join_sequence(c))
        return refuse(c, ISCSI_REJECT_INVALID_FIELD);
    if ((flags & ISCSI_CONTINUE) && (flags & ISCSI_FINAL))
        return refuse(c, ISCSI_REJECT_PROTOCOL_ERROR);
    /* 11.11: the rest of an answer is fetched by empty requests; more questions would pile up
     * answers. */
    if (iscsi_text_pending(c->text) && data->len > 0)
        return refuse(c, ISCSI_REJECT_PROTOCOL_ERROR);
    if (iscsi_text_pending(c->text))
        return respond(c, !(flags & ISCSI_FINAL));
    if (!iscsi_text_add(c->text, data->data, data->len) || !keep(c))
        return refuse(c, ISCSI_REJECT_OUT_OF_RESOURCES);
    if (!(flags & ISCSI_CONTINUE) && !run_pairs(c))
        return refuse(c, ISCSI_REJECT_PROTOCOL_ERROR);
    if (!keep(c))
        return refuse(c, ISCSI_REJECT_OUT_OF_RESOURCES);
    return respond(c, !(flags & ISCSI_FINAL));
}
