/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of tgtadm, word for word and as they are shown. */
#include "admin-command.h"

#include <string.h>

static void add_word(struct command *c, char *word)
{
    g_ptr_array_add(c->words, word);
}

/* Within double quotes only these have a meaning for a shell. */
static void show_within_quotes(struct command *c, const char *value)
{
    for (; *value; value++) {
        if (strchr("\"\\$`", *value))
            g_string_append_c(c->text, '\\');
        g_string_append_c(c->text, *value);
    }
}

static void show_quoted(struct command *c, const char *value)
{
    g_string_append_c(c->text, '"');
    show_within_quotes(c, value);
    g_string_append_c(c->text, '"');
}

static void show_plain(struct command *c, const char *value)
{
    if (strpbrk(value, " \t\n|&;()<>\"'`$\\*?#~"))
        show_quoted(c, value);
    else
        g_string_append(c->text, value);
}

struct command *command_new(const char *port)
{
    struct command *c = g_new(struct command, 1);
    c->text = g_string_new("tgtadm");
    c->words = g_ptr_array_new_with_free_func(g_free);
    command_option(c, "-C", port);
    return c;
}

void command_free(struct command *c)
{
    if (!c)
        return;
    g_string_free(c->text, TRUE);
    g_ptr_array_unref(c->words);
    g_free(c);
}

void command_words(struct command *c, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    g_string_append_printf(c->text, " %s", words);
    for (char **w = list; *w; w++)
        add_word(c, g_strdup(*w));
}

void command_option(struct command *c, const char *name, const char *value)
{
    g_string_append_printf(c->text, " %s ", name);
    show_plain(c, value);
    add_word(c, g_strdup(name));
    add_word(c, g_strdup(value));
}

void command_number(struct command *c, const char *name, unsigned value)
{
    char text[16];
    g_snprintf(text, sizeof(text), "%u", value);
    command_option(c, name, text);
}

void command_equals(struct command *c, const char *name, const char *value)
{
    g_string_append_printf(c->text, " %s=", name);
    show_plain(c, value);
    add_word(c, g_strconcat(name, "=", value, NULL));
}

void command_quoted(struct command *c, const char *name, const char *value)
{
    g_string_append_printf(c->text, " %s ", name);
    show_quoted(c, value);
    add_word(c, g_strdup(name));
    add_word(c, g_strdup(value));
}

void command_param(struct command *c, const char *key, const char *value)
{
    g_string_append_printf(c->text, " --params %s=", key);
    show_quoted(c, value);
    add_word(c, g_strdup("--params"));
    add_word(c, g_strconcat(key, "=", value, NULL));
}

void command_blank(struct command *c)
{
    g_string_append_c(c->text, ' ');
}

void command_hidden(struct command *c, const char *word)
{
    add_word(c, g_strdup(word));
}
