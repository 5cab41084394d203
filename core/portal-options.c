/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the options that all portals have out of those of a transport. */
#include "portal-options.h"

#include <string.h>

#include "error.h"

static bool parse_tpgt(const char *value, uint16_t *tpgt, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(value, 10, 1, G_MAXUINT16, &number, NULL)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "tpgt=%s: portal groups are numbers from 1 to 65535", value);
        return false;
    }
    *tpgt = (uint16_t)number;
    return true;
}

static bool parse_word(struct portal_options *options, const char *word, GError **error)
{
    if (g_str_has_prefix(word, "tpgt="))
        return parse_tpgt(word + strlen("tpgt="), &options->tpgt, error);
    if (g_str_has_prefix(word, "announce="))
        options->announce = word + strlen("announce=");
    else
        g_ptr_array_add(options->rest, (gpointer)word);
    return true;
}

static bool parse_words(struct portal_options *options, char *const *words, GError **error)
{
    for (; words != NULL && *words != NULL; words++)
        if (!parse_word(options, *words, error))
            return false;
    return true;
}

bool portal_options_parse(struct portal_options *options, char *const *words, char *const *more,
                          GError **error)
{
    *options = (struct portal_options){1, NULL, g_ptr_array_new_null_terminated(0, NULL, TRUE)};
    return parse_words(options, words, error) && parse_words(options, more, error);
}

void portal_options_clear(struct portal_options *options)
{
    g_clear_pointer(&options->rest, g_ptr_array_unref);
}
