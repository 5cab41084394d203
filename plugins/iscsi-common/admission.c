/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of a portal: counted, and turned away when there are too many. */
#include "admission.h"

void iscsi_admission_init(struct iscsi_admission *a, unsigned max_connections, unsigned max_logins)
{
    pthread_mutex_init(&a->lock, NULL);
    a->max_connections = max_connections;
    a->max_logins = max_logins;
    a->hosts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

void iscsi_admission_clear(struct iscsi_admission *a)
{
    g_hash_table_unref(a->hosts);
    pthread_mutex_destroy(&a->lock);
}

static unsigned logins_of(const struct iscsi_admission *a, uint64_t host)
{
    gint64 key = (gint64)host;
    return GPOINTER_TO_UINT(g_hash_table_lookup(a->hosts, &key));
}

static void set_logins_of(struct iscsi_admission *a, uint64_t host, unsigned logins)
{
    gint64 key = (gint64)host;
    if (logins > 0)
        g_hash_table_replace(a->hosts, g_memdup2(&key, sizeof(key)), GUINT_TO_POINTER(logins));
    else
        g_hash_table_remove(a->hosts, &key);
}

/* Nobody is known yet: when half of the places are taken, no host gets more than its share, so that
 * one alone cannot keep out the others. */
static bool has_room(const struct iscsi_admission *a, uint64_t host)
{
    bool scarce = a->logins >= a->max_logins / 2;
    unsigned share = MAX(a->max_logins / 4, 1);
    return a->connections < a->max_connections && a->logins < a->max_logins &&
           (!scarce || logins_of(a, host) < share);
}

bool iscsi_admission_enter(struct iscsi_admission *a, uint64_t host)
{
    pthread_mutex_lock(&a->lock);
    bool room = has_room(a, host);
    if (room) {
        a->connections++;
        a->logins++;
        set_logins_of(a, host, logins_of(a, host) + 1);
    }
    pthread_mutex_unlock(&a->lock);
    return room;
}

void iscsi_admission_logged_in(struct iscsi_admission *a, uint64_t host)
{
    pthread_mutex_lock(&a->lock);
    a->logins--;
    set_logins_of(a, host, logins_of(a, host) - 1);
    pthread_mutex_unlock(&a->lock);
}

void iscsi_admission_leave(struct iscsi_admission *a)
{
    pthread_mutex_lock(&a->lock);
    a->connections--;
    pthread_mutex_unlock(&a->lock);
}
