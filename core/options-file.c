/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of the daemon in a file, tgtd.conf(5): long options, and those of transports. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "options-private.h"

#define OWN_GROUP "tgtd"

/* On some systems a file of this name holds targets, in the grammar of targets.conf(5). */
static bool holds_targets(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        const char *line = g_strchug(*l);
        if (*line && *line != '#')
            return *line != '[';
    }
    return false;
}

static const struct option *find(const char *key)
{
    for (const struct option *l = option_table; l->name; l++)
        if (strcmp(l->name, key) == 0 && l->has_arg == required_argument && l->val != OPT_SETTINGS)
            return l;
    return NULL;
}

static bool set(struct options *o, const struct option_source *source, const char *key,
                char **values)
{
    const struct option *option = find(key);
    if (!option)
        return option_wrong(source, key, "there is no such setting in [" OWN_GROUP "]");
    for (char **v = values; *v; v++)
        if (!option_set(o, source, option->val, key, *v))
            return false;
    return true;
}

static void set_transport(struct options *o, const char *transport, const char *key, char **values)
{
    for (char **v = values; *v; v++) {
        g_autofree char *word = g_strdup_printf("%s=%s", key, *v);
        option_transport_word(o, transport, word);
    }
}

static bool take_group(struct options *o, const struct option_source *source, GKeyFile *file,
                       const char *group)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
    for (char **key = keys; *key; key++) {
        g_auto(GStrv) values = g_key_file_get_string_list(file, group, *key, NULL, NULL);
        if (!values || !values[0])
            return option_wrong(source, *key, "has no value");
        if (strcmp(group, OWN_GROUP) != 0)
            set_transport(o, group, *key, values);
        else if (!set(o, source, *key, values))
            return false;
    }
    return true;
}

static bool take_text(struct options *o, const struct option_source *source, const char *text)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &error))
        return option_wrong(source, "not understood", error->message);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        if (!take_group(o, source, file, *group))
            return false;
    option_transports_from_file(o);
    return true;
}

bool option_file(struct options *o, GStrvBuilder *plugin_dirs, const char *path)
{
    const struct option_source source = {path ? path : SETTINGS_FILE, plugin_dirs};
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (path && !*path)
        return true;
    if (!g_file_get_contents(source.file, &text, NULL, &error)) {
        bool fine = !path && g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        return fine || option_wrong(&source, "settings", error->message);
    }
    if (path || !holds_targets(text))
        return take_text(o, &source, text);
    log_notice("%s holds targets, no settings of the daemon: it is left alone", source.file);
    return true;
}
