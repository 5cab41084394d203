/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of sessions: what makes two logins the same session, and how a newer one replaces an
 * older (RFC 7143 6.3.1, 6.3.5). */
#include <string.h>

#include "crc32c.h"
#include "session.h"

static guint key_hash(gconstpointer p)
{
    const struct iscsi_session_key *key = p;
    uint32_t isid = iscsi_crc32c(key->tpgt, key->isid, sizeof(key->isid));
    return g_str_hash(key->initiator) ^ g_str_hash(key->target) ^ isid;
}

static gboolean key_equal(gconstpointer p, gconstpointer q)
{
    const struct iscsi_session_key *a = p, *b = q;
    return a->tpgt == b->tpgt && memcmp(a->isid, b->isid, sizeof(a->isid)) == 0 &&
           strcmp(a->initiator, b->initiator) == 0 && strcmp(a->target, b->target) == 0;
}

struct iscsi_engine *iscsi_engine_new(void)
{
    if (!iscsi_crc32c_works())
        return NULL;
    struct iscsi_engine *engine = g_atomic_rc_box_new0(struct iscsi_engine);
    if (!iscsi_random(engine->chap_key, sizeof(engine->chap_key))) {
        g_atomic_rc_box_release(engine);
        return NULL;
    }
    pthread_mutex_init(&engine->lock, NULL);
    engine->sessions = g_hash_table_new(key_hash, key_equal);
    engine->tsihs = g_hash_table_new(NULL, NULL);
    return engine;
}

static void engine_clear(gpointer p)
{
    struct iscsi_engine *engine = p;
    explicit_bzero(engine->chap_key, sizeof(engine->chap_key));
    g_hash_table_unref(engine->sessions);
    g_hash_table_unref(engine->tsihs);
    pthread_mutex_destroy(&engine->lock);
}

void iscsi_engine_unref(struct iscsi_engine *engine)
{
    if (engine)
        g_atomic_rc_box_release_full(engine, engine_clear);
}

/* 0: none is free. */
static uint16_t new_tsih(struct iscsi_engine *engine)
{
    for (unsigned tries = 0; tries < 65535; tries++) {
        if (++engine->last_tsih == 0)
            engine->last_tsih = 1;
        if (!g_hash_table_contains(engine->tsihs, GUINT_TO_POINTER(engine->last_tsih)))
            return engine->last_tsih;
    }
    return 0;
}

static void session_free(struct iscsi_session *s)
{
    g_free((char *)s->key.initiator);
    g_free((char *)s->key.target);
    iscsi_gone_clear(s);
    g_free(s);
}

static struct iscsi_session *session_new(struct iscsi_engine *engine,
                                         const struct iscsi_session_key *key, struct iscsi_conn *c)
{
    struct iscsi_session *s = g_new0(struct iscsi_session, 1);
    s->key = *key;
    s->key.initiator = g_strdup(key->initiator);
    s->key.target = g_strdup(key->target);
    s->engine = engine;
    s->conn = c;
    g_queue_init(&s->tmfs);
    g_queue_init(&s->held);
    return s;
}

/* On the old connection's thread: a newer login wants its place. */
static void evict(struct tgt_msg *msg)
{
    struct iscsi_session *s =
        (struct iscsi_session *)((char *)msg - offsetof(struct iscsi_session, evict));
    pthread_mutex_lock(&s->engine->lock);
    s->evicting = false;
    bool orphan = s->orphan;
    pthread_mutex_unlock(&s->engine->lock);
    if (orphan)
        session_free(s);
    else
        iscsi_conn_close(s->conn, "replaced by a newer session of the same initiator port");
}

/* With the lock held. */
static void wait_for(struct iscsi_session *old, struct iscsi_waiter *waiter)
{
    waiter->on = old;
    old->waiters = g_slist_append(old->waiters, waiter);
    if (old->evicting)
        return;
    old->evicting = true;
    old->evict.fn = evict;
    tgt_thread_post(old->conn->thread->thread, &old->evict);
}

static enum iscsi_claim insert(struct iscsi_engine *engine, struct iscsi_session *s)
{
    s->tsih = new_tsih(engine);
    if (s->tsih == 0)
        return ISCSI_CLAIM_FULL;
    g_hash_table_insert(engine->sessions, &s->key, s);
    g_hash_table_insert(engine->tsihs, GUINT_TO_POINTER(s->tsih), s);
    return ISCSI_CLAIM_NEW;
}

/* The latest login prevails; those that waited with it wake up on their threads in any order. */
static enum iscsi_claim claim_from(struct iscsi_session *old, struct iscsi_conn *c,
                                   struct iscsi_waiter *waiter)
{
    if (old->conn->ticket > c->ticket)
        return ISCSI_CLAIM_LATE;
    wait_for(old, waiter);
    return ISCSI_CLAIM_WAIT;
}

static enum iscsi_claim claim_new(struct iscsi_engine *engine, const struct iscsi_session_key *key,
                                  struct iscsi_conn *c, struct iscsi_session **session)
{
    struct iscsi_session *s = session_new(engine, key, c);
    enum iscsi_claim claim = insert(engine, s);
    if (claim == ISCSI_CLAIM_NEW)
        *session = s;
    else
        session_free(s);
    return claim;
}

enum iscsi_claim iscsi_session_claim(struct iscsi_engine *engine,
                                     const struct iscsi_session_key *key, struct iscsi_conn *c,
                                     struct iscsi_waiter *waiter, struct iscsi_session **session)
{
    pthread_mutex_lock(&engine->lock);
    struct iscsi_session *old = g_hash_table_lookup(engine->sessions, key);
    if (c->ticket == 0)
        c->ticket = ++engine->last_ticket;
    enum iscsi_claim claim = old ? claim_from(old, c, waiter) : claim_new(engine, key, c, session);
    pthread_mutex_unlock(&engine->lock);
    return claim;
}

bool iscsi_waiter_cancel(struct iscsi_engine *engine, struct iscsi_waiter *waiter)
{
    pthread_mutex_lock(&engine->lock);
    bool waiting = waiter->on != NULL;
    if (waiting)
        waiter->on->waiters = g_slist_remove(waiter->on->waiters, waiter);
    pthread_mutex_unlock(&engine->lock);
    return waiting;
}

/* With the lock held. */
static void wake_waiters(struct iscsi_session *s)
{
    for (GSList *node = s->waiters; node; node = node->next) {
        struct iscsi_waiter *waiter = node->data;
        waiter->on = NULL;
        tgt_thread_post(waiter->conn->thread->thread, &waiter->msg);
    }
    g_clear_pointer(&s->waiters, g_slist_free);
}

void iscsi_session_remove(struct iscsi_session *s)
{
    pthread_mutex_lock(&s->engine->lock);
    if (!s->removed) {
        s->removed = true;
        g_hash_table_remove(s->engine->sessions, &s->key);
        g_hash_table_remove(s->engine->tsihs, GUINT_TO_POINTER(s->tsih));
        wake_waiters(s);
    }
    pthread_mutex_unlock(&s->engine->lock);
}

void iscsi_session_release(struct iscsi_session *s)
{
    if (!s)
        return;
    iscsi_hold_clear(s);
    iscsi_session_remove(s);
    pthread_mutex_lock(&s->engine->lock);
    bool evicting = s->orphan = s->evicting;
    pthread_mutex_unlock(&s->engine->lock);
    if (!evicting)
        session_free(s);
}

bool iscsi_session_exists(struct iscsi_engine *engine, const struct iscsi_session_key *key,
                          uint16_t tsih)
{
    pthread_mutex_lock(&engine->lock);
    const struct iscsi_session *s = g_hash_table_lookup(engine->tsihs, GUINT_TO_POINTER(tsih));
    bool exists = s && key_equal(&s->key, key);
    pthread_mutex_unlock(&engine->lock);
    return exists;
}
