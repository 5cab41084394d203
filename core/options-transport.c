/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that belong to transports: --iscsi portal=…,key=value. */
#include <string.h>

#include "options-private.h"

void option_transport_free(void *data)
{
    struct transport_option *t = data;
    g_free(t->name);
    g_ptr_array_unref(t->portals);
    g_ptr_array_unref(t->options);
    g_free(t);
}

static struct transport_option *transport_get(struct options *o, const char *name)
{
    for (guint i = 0; i < o->transports->len; i++) {
        struct transport_option *t = o->transports->pdata[i];
        if (strcmp(t->name, name) == 0)
            return t;
    }
    struct transport_option *t = g_new0(struct transport_option, 1);
    t->name = g_strdup(name);
    t->portals = g_ptr_array_new_with_free_func(g_free);
    t->options = g_ptr_array_new_null_terminated(0, g_free, TRUE);
    g_ptr_array_add(o->transports, t);
    return t;
}

static void add_portal(struct transport_option *t, const char *where)
{
    if (t->from_file)
        g_ptr_array_set_size(t->portals, 0);
    t->from_file = false;
    g_ptr_array_add(t->portals, g_strdup(where));
}

/* What portals of one transport differ in: it belongs to the portal in front of it, if there is
 * one.
 */
static bool add_to_portal(struct transport_option *t, const char *word)
{
    bool own = g_str_has_prefix(word, "tpgt=") || g_str_has_prefix(word, "announce=");
    if (!own || t->portals->len == 0 || t->from_file)
        return false;
    char **last = (char **)&t->portals->pdata[t->portals->len - 1];
    char *longer = g_strconcat(*last, ",", word, NULL);
    g_free(*last);
    *last = longer;
    return true;
}

void option_transport_word(struct options *o, const char *name, const char *word)
{
    struct transport_option *t = transport_get(o, name);
    if (g_str_has_prefix(word, "portal="))
        add_portal(t, word + strlen("portal="));
    else if (*word && !add_to_portal(t, word))
        g_ptr_array_add(t->options, g_strdup(word));
}

/* tgt's grammar: empty elements ("portal=…,") and an empty address ("portal=:3260") are fine. */
void option_transport(struct options *o, const char *name, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    transport_get(o, name);
    for (char **w = words; *w; w++)
        option_transport_word(o, name, *w);
}

void option_transports_from_file(struct options *o)
{
    for (guint i = 0; i < o->transports->len; i++)
        ((struct transport_option *)o->transports->pdata[i])->from_file = true;
}
