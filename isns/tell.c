/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a target when it is registered, in messages that servers take. */
#include "tell.h"

#include <libisns/attrs.h>

#include "attrs.h"

/* open-isns takes messages of 8 KiB. A message holds an entity, a target, and so many portals or
 * portal groups, of at most 300 bytes each. */
#define OBJECTS_MAX 16u

/* Ask us no more often than this whether we are there. */
#define INQUIRY_S 60u

static void put_entity(const struct telling *t, isns_attr_list_t *list)
{
    isns_attr_list_append_string(list, ISNS_TAG_ENTITY_IDENTIFIER, t->entity);
    if (t->with_places)
        isns_attr_list_append_uint32(list, ISNS_TAG_ENTITY_PROTOCOL, ISNS_ENTITY_PROTOCOL_ISCSI);
}

static void put_target(const struct telling *t, isns_attr_list_t *list)
{
    isns_attr_list_append_string(list, ISNS_TAG_ISCSI_NAME, t->target->name);
    isns_attr_list_append_uint32(list, ISNS_TAG_ISCSI_NODE_TYPE, ISNS_ISCSI_TARGET_MASK);
    if (t->target->alias)
        isns_attr_list_append_string(list, ISNS_TAG_ISCSI_ALIAS, t->target->alias);
    else if (t->before)
        isns_attr_list_append_nil(list, ISNS_TAG_ISCSI_ALIAS);
}

static void put_portal(const struct telling *t, isns_attr_list_t *list, const struct place *p)
{
    attrs_put_portal(list, ISNS_TAG_PORTAL_IP_ADDRESS, &p->address, p->port);
    if (p->announced || !t->listen_port)
        return; /* nobody may hear there but initiators */
    if (t->inquiries) {
        isns_attr_list_append_uint32(list, ISNS_TAG_ESI_INTERVAL, INQUIRY_S);
        isns_attr_list_append_uint32(list, ISNS_TAG_ESI_PORT, t->listen_port);
    }
    isns_attr_list_append_uint32(list, ISNS_TAG_SCN_PORT, t->listen_port);
}

/* Without a tag, the target is not there (RFC 4171 3.4); if nothing is said, it is in group 1. */
static void put_group(const struct telling *t, isns_attr_list_t *list, const struct place *p)
{
    isns_attr_list_append_string(list, ISNS_TAG_PG_ISCSI_NAME, t->target->name);
    attrs_put_portal(list, ISNS_TAG_PG_PORTAL_IP_ADDR, &p->address, p->port);
    if (target_in_group(t->target, p->tpgt))
        isns_attr_list_append_uint32(list, ISNS_TAG_PG_TAG, p->tpgt);
    else
        isns_attr_list_append_nil(list, ISNS_TAG_PG_TAG);
}

/* A message that is being written. */
struct draft {
    struct telling *t;
    struct wire *wire;
    struct question q;
    unsigned objects;
};

static bool send_draft(struct draft *d, GError **error)
{
    struct telling *t = d->t;
    isns_attr_list_t answer = ISNS_ATTR_LIST_INIT;
    d->q.function = ISNS_DEVICE_ATTRIBUTE_REGISTER;
    d->q.source = t->source;
    d->q.replace = t->replace;
    isns_attr_list_append_string(&d->q.key, ISNS_TAG_ENTITY_IDENTIFIER, t->entity);
    bool ok = server_ask(d->wire, &d->q, &answer, error);
    if (ok) {
        isns_attr_list_get_uint32(&answer, ISNS_TAG_REGISTRATION_PERIOD, &t->period_s);
        t->replace = false;
        t->taken = true;
    }
    isns_attr_list_destroy(&answer);
    return ok;
}

/* What has been written is sent, what follows goes into another message. */
static bool next_draft(struct draft *d, GError **error)
{
    bool ok = send_draft(d, error);
    question_clear(&d->q);
    d->objects = 0;
    isns_attr_list_append_string(&d->q.rest, ISNS_TAG_ENTITY_IDENTIFIER, d->t->entity);
    return ok;
}

static bool write_places(struct draft *d,
                         void (*put)(const struct telling *t, isns_attr_list_t *list,
                                     const struct place *p),
                         GError **error)
{
    for (guint i = 0; i < d->t->places->len; i++) {
        if (d->objects == OBJECTS_MAX && !next_draft(d, error))
            return false;
        put(d->t, &d->q.rest, &g_array_index(d->t->places, struct place, i));
        d->objects++;
    }
    return true;
}

bool tell(struct telling *t, struct wire *wire, GError **error)
{
    struct draft d = {.t = t, .wire = wire};
    put_entity(t, &d.q.rest);
    put_target(t, &d.q.rest);
    bool ok = (!t->with_places || write_places(&d, put_portal, error)) &&
              write_places(&d, put_group, error) && send_draft(&d, error);
    question_clear(&d.q);
    return ok;
}
