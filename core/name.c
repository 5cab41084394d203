/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks and prepares names of iSCSI nodes. */
#include "name.h"

#include <string.h>

#include "error.h"

static bool has_type(const char *name)
{
    return g_ascii_strncasecmp(name, "iqn.", 4) == 0 || g_ascii_strncasecmp(name, "eui.", 4) == 0 ||
           g_ascii_strncasecmp(name, "naa.", 4) == 0;
}

static bool refuse_character(const char *name, const char *at, GError **error)
{
    if (g_ascii_isprint(*at))
        g_set_error(
            error, CORE_ERROR, CORE_ERROR_INVALID,
            "the name '%s' contains '%c'; only letters, digits, ':', '.' and '-' are allowed", name,
            *at);
    else
        g_set_error(
            error, CORE_ERROR, CORE_ERROR_INVALID,
            "the name contains the byte 0x%02x; only letters, digits, ':', '.' and '-' are allowed",
            (unsigned char)*at);
    return false;
}

static bool check_length(const char *name, GError **error)
{
    size_t len = strlen(name);
    if (len > 0 && len <= NAME_MAX_BYTES)
        return true;
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "a name has 1 to %d bytes, this one %zu",
                NAME_MAX_BYTES, len);
    return false;
}

static bool check(const char *name, GError **error)
{
    if (!check_length(name, error))
        return false;
    for (const char *p = name; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr(":.-", *p) == NULL)
            return refuse_character(name, p, error);
    return true;
}

static char *fold(const char *name)
{
    return has_type(name) ? g_ascii_strdown(name, -1) : g_strdup(name);
}

char *name_prepare(const char *name, GError **error)
{
    return check(name, error) ? fold(name) : NULL;
}

char *name_prepare_initiator(const char *name, GError **error)
{
    if (!check_length(name, error))
        return NULL;
    for (const char *p = name; *p != '\0'; p++)
        if (!g_ascii_isgraph(*p)) {
            g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                        "an initiator name has no byte 0x%02x", (unsigned char)*p);
            return NULL;
        }
    return fold(name);
}

char *text_printable(const char *text)
{
    if (text == NULL)
        return NULL;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(clean, g_unichar_iscntrl(c) ? '?' : c);
    }
    return g_string_free(clean, FALSE);
}

static bool all_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdef")] == '\0';
}

/* yyyy-mm.reversed-domain[:anything] */
static bool iqn_rest(const char *p)
{
    for (unsigned i = 0; i < 7; i++)
        if (i == 4 ? p[i] != '-' : !g_ascii_isdigit(p[i]))
            return false;
    return p[7] == '.' && g_ascii_isalnum(p[8]);
}

bool name_is_iscsi(const char *name)
{
    if (strncmp(name, "iqn.", 4) == 0)
        return iqn_rest(name + 4);
    size_t digits = strlen(name) - MIN(strlen(name), 4);
    if (strncmp(name, "eui.", 4) == 0)
        return digits == 16 && all_hex(name + 4);
    if (strncmp(name, "naa.", 4) == 0)
        return (digits == 16 || digits == 32) && all_hex(name + 4);
    return false;
}
