/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server knows of us, and how it is brought in step with what there is. */
#include "register.h"

#include <string.h>

#include <libisns/attrs.h>

#include "attrs.h"
#include "place.h"
#include "tell.h"

void registry_init(struct registry *r)
{
    *r = (struct registry){
        .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .places = g_array_new(FALSE, TRUE, sizeof(struct place)),
        .places_text = g_strdup(""),
        .fresh = true,
        .inquiries = true,
        .refusal = g_strdup(""),
    };
}

void registry_clear(struct registry *r)
{
    g_hash_table_unref(r->known);
    g_array_unref(r->places);
    g_free(r->places_text);
    g_free(r->refusal);
}

static void know(struct registry *r, const char *key, const char *what)
{
    g_hash_table_replace(r->known, g_strdup(key), g_strdup(what));
}

static bool knows(const struct registry *r, const char *key, const char *what)
{
    return g_strcmp0(g_hash_table_lookup(r->known, key), what) == 0;
}

bool registry_has_target(const struct registry *r, const char *name)
{
    g_autofree char *key = g_strconcat("t ", name, NULL);
    const char *what = g_hash_table_lookup(r->known, key);
    return what && *what;
}

bool registry_is_empty(const struct registry *r)
{
    return g_hash_table_size(r->known) == 0;
}

void registry_doubt(struct registry *r)
{
    GHashTableIter i;
    gpointer value;
    g_hash_table_iter_init(&i, r->known);
    while (g_hash_table_iter_next(&i, NULL, &value))
        g_hash_table_iter_replace(&i, g_strdup(""));
}

/* What is listened on, as seen from the server. */
static void find_places(struct registry *r, const struct wire *wire, const struct world *w)
{
    struct in6_addr local;
    if (!wire_local(wire, &local))
        return;
    g_array_unref(r->places);
    r->places = places_find(w, &local);
    g_autofree char *all = places_text(r->places);
    g_free(r->places_text);
    r->places_text = g_strdup_printf("%s%u %d", all, r->listen_port, r->inquiries);
}

/* ---- Questions ---- */

static void question_for(struct question *q, uint16_t function, const char *source,
                         const char *entity)
{
    *q = (struct question){.function = function, .source = source};
    if (entity)
        isns_attr_list_append_string(&q->key, ISNS_TAG_ENTITY_IDENTIFIER, entity);
}

/* Something that the server does not take is no reason to give up the rest. True: go on. */
static bool settle(struct registry *r, GError *why, GError **error)
{
    if (why->code == 0) {
        g_propagate_error(error, why);
        return false;
    }
    r->refused++;
    g_free(r->refusal);
    r->refusal = g_strdup(why->message);
    g_error_free(why);
    return true;
}

/* Whoever of us the server knows for sure; else the target speaks for itself. */
static const char *speaker(const struct registry *r, const char *otherwise)
{
    GHashTableIter i;
    gpointer key, value;
    g_hash_table_iter_init(&i, r->known);
    while (g_hash_table_iter_next(&i, &key, &value))
        if (*(const char *)key == 't' && *(const char *)value)
            return (const char *)key + 2;
    return otherwise;
}

/* ---- Registration ---- */

static bool try_target(struct registry *r, struct wire *wire, const struct world *w,
                       const struct target *t, bool with_portals, GError **error)
{
    g_autofree char *key = g_strconcat("t ", t->name, NULL);
    struct telling telling = {
        .entity = w->entity,
        .source = speaker(r, t->name),
        .target = t,
        .places = r->places,
        .with_places = with_portals,
        .before = g_hash_table_contains(r->known, key),
        .replace = r->fresh,
        .inquiries = r->inquiries,
        .listen_port = r->listen_port,
        .period_s = r->period_s,
    };
    bool ok = tell(&telling, wire, error);
    r->period_s = telling.period_s;
    r->fresh = telling.replace;
    /* What is refused outright may be another machine's: it is not ours to be taken back. */
    if (ok || telling.taken)
        know(r, key, "");
    return ok;
}

/* Changes if what is to be registered does. Free with g_free(). */
static char *target_text(const struct registry *r, const struct target *t)
{
    return g_strdup_printf("%s;%s;%s", r->places_text, t->groups, t->alias ? t->alias : "");
}

/* A server without inquiries says so (RFC 4171 5.6.5.1); then without. */
static bool register_target(struct registry *r, struct wire *wire, const struct world *w,
                            const struct target *t, bool with_portals, GError **error)
{
    GError *why = NULL;
    bool ok = try_target(r, wire, w, t, with_portals, &why);
    if (!ok && why->code == ISNS_ESI_NOT_AVAILABLE && r->inquiries) {
        g_clear_error(&why);
        r->inquiries = false;
        find_places(r, wire, w);
        ok = try_target(r, wire, w, t, with_portals, &why);
    }
    g_autofree char *key = g_strconcat("t ", t->name, NULL);
    g_autofree char *what = target_text(r, t);
    if (ok)
        know(r, key, what);
    return ok || settle(r, why, error);
}

static void know_places(struct registry *r)
{
    for (guint i = 0; i < r->places->len; i++) {
        g_autofree char *key = place_key(&g_array_index(r->places, struct place, i));
        know(r, key, r->places_text);
    }
}

static bool knows_places(const struct registry *r)
{
    for (guint i = 0; i < r->places->len; i++) {
        g_autofree char *key = place_key(&g_array_index(r->places, struct place, i));
        if (!knows(r, key, r->places_text))
            return false;
    }
    return true;
}

/* Portals go along with the first target that is registered. */
static bool register_one(struct registry *r, struct wire *wire, const struct world *w,
                         const struct target *t, GError **error)
{
    g_autofree char *key = g_strconcat("t ", t->name, NULL);
    g_autofree char *what = target_text(r, t);
    bool with_portals = !knows_places(r);
    if (!with_portals && knows(r, key, what))
        return true;
    if (!register_target(r, wire, w, t, with_portals, error))
        return false;
    if (with_portals && registry_has_target(r, t->name))
        know_places(r);
    return true;
}

/* ---- What is no more ---- */

static bool is_wanted(const struct registry *r, const struct world *w, const char *key)
{
    for (guint i = 0; key[0] == 't' && i < w->targets->len; i++)
        if (strcmp(((const struct target *)w->targets->pdata[i])->name, key + 2) == 0)
            return true;
    for (guint i = 0; key[0] == 'p' && i < r->places->len; i++) {
        g_autofree char *text = place_key(&g_array_index(r->places, struct place, i));
        if (strcmp(text, key) == 0)
            return true;
    }
    return false;
}

static bool deregister(struct registry *r, struct wire *wire, const char *key, GError **error)
{
    struct question q;
    GError *why = NULL;
    question_for(&q, ISNS_DEVICE_DEREGISTER, key[0] == 't' ? key + 2 : speaker(r, ""), NULL);
    if (key[0] == 't')
        isns_attr_list_append_string(&q.rest, ISNS_TAG_ISCSI_NAME, key + 2);
    else
        place_put(&q.rest, key);
    bool ok = server_ask(wire, &q, NULL, &why);
    question_clear(&q);
    if (!ok && why->code == 0) {
        g_propagate_error(error, why);
        return false;
    }
    g_clear_error(&why); /* it does not know it: all the better */
    return true;
}

static bool deregister_gone(struct registry *r, struct wire *wire, const struct world *w,
                            GError **error)
{
    g_autoptr(GList) keys = g_hash_table_get_keys(r->known);
    for (GList *k = keys; k; k = k->next) {
        if (is_wanted(r, w, k->data))
            continue;
        if (!deregister(r, wire, k->data, error))
            return false;
        g_hash_table_remove(r->known, k->data);
    }
    return true;
}

static const char *any_target(const struct registry *r)
{
    GHashTableIter i;
    gpointer key;
    g_hash_table_iter_init(&i, r->known);
    while (g_hash_table_iter_next(&i, &key, NULL))
        if (*(const char *)key == 't')
            return (const char *)key + 2;
    return NULL;
}

bool registry_leave(struct registry *r, struct wire *wire, const char *entity, GError **error)
{
    struct question q;
    GError *why = NULL;
    const char *source = speaker(r, any_target(r));
    if (!source)
        return true;
    question_for(&q, ISNS_DEVICE_DEREGISTER, source, NULL);
    isns_attr_list_append_string(&q.rest, ISNS_TAG_ENTITY_IDENTIFIER, entity);
    bool ok = server_ask(wire, &q, NULL, &why);
    question_clear(&q);
    if (ok || why->code)
        g_hash_table_remove_all(r->known);
    return ok || settle(r, why, error);
}

bool registry_sync(struct registry *r, struct wire *wire, const struct world *w, GError **error)
{
    r->refused = 0;
    find_places(r, wire, w);
    if (w->targets->len == 0 || r->places->len == 0)
        return registry_leave(r, wire, w->entity, error);
    for (guint i = 0; i < w->targets->len; i++)
        if (!register_one(r, wire, w, w->targets->pdata[i], error))
            return false;
    return deregister_gone(r, wire, w, error);
}

/* ---- Is it still there? ---- */

static unsigned count(const isns_attr_list_t *list, uint32_t tag)
{
    unsigned n = 0;
    for (unsigned i = 0; i < list->ial_count; i++)
        n += list->ial_data[i]->ia_tag_id == tag;
    return n;
}

bool registry_is_there(struct registry *r, struct wire *wire, const struct world *w, GError **error)
{
    struct question q;
    GError *why = NULL;
    isns_attr_list_t answer = ISNS_ATTR_LIST_INIT;
    const char *source = speaker(r, NULL);
    if (!source)
        return true;
    question_for(&q, ISNS_DEVICE_ATTRIBUTE_QUERY, source, w->entity);
    isns_attr_list_append_nil(&q.rest, ISNS_TAG_PORTAL_IP_ADDRESS);
    isns_attr_list_append_nil(&q.rest, ISNS_TAG_PORTAL_TCP_UDP_PORT);
    bool ok = server_ask(wire, &q, &answer, &why);
    bool there = ok && count(&answer, ISNS_TAG_PORTAL_IP_ADDRESS) >= r->places->len;
    isns_attr_list_destroy(&answer);
    question_clear(&q);
    if (why && why->code == 0)
        g_propagate_error(error, why);
    else
        g_clear_error(&why);
    return there;
}
