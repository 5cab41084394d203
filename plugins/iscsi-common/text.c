/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key=value text of Login and Text PDUs: the one parser and the one builder. */
#include <string.h>

#include "text.h"

void iscsi_text_clear(struct iscsi_text *text)
{
    g_clear_pointer(&text->in, g_byte_array_unref);
    g_clear_pointer(&text->out, g_byte_array_unref);
    text->sent = 0;
}

bool iscsi_text_add(struct iscsi_text *text, const void *data, size_t len)
{
    if (!text->in)
        text->in = g_byte_array_new();
    if (len > ISCSI_TEXT_MAX - text->in->len)
        return false;
    g_byte_array_append(text->in, data, (guint)len);
    return true;
}

void iscsi_text_bounds(const struct iscsi_text *text, char **at, char **end)
{
    bool any = text->in && text->in->len > 0;
    *at = any ? (char *)text->in->data : NULL;
    *end = any ? *at + text->in->len : NULL;
}

/* 6.1: letters, digits, and these; '#' is in the names of public extension keys. */
static bool label_char(char c)
{
    return g_ascii_isalnum(c) || (c && strchr(".-+@_#", c));
}

static bool label_valid(const char *label, size_t len)
{
    if (len == 0 || len > ISCSI_KEY_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!label_char(label[i]))
            return false;
    return true;
}

enum iscsi_walk iscsi_text_next(char **at, const char *end, struct iscsi_pair *pair)
{
    while (*at < end && **at == '\0')
        (*at)++;
    if (*at == end)
        return ISCSI_WALK_END;
    char *nul = memchr(*at, '\0', (size_t)(end - *at));
    if (!nul)
        return ISCSI_WALK_BAD;
    char *equals = memchr(*at, '=', (size_t)(nul - *at));
    if (!equals || !label_valid(*at, (size_t)(equals - *at)))
        return ISCSI_WALK_BAD;
    *equals = '\0';
    *pair = (struct iscsi_pair){*at, equals + 1, (size_t)(nul - equals - 1)};
    *at = nul + 1;
    return ISCSI_WALK_PAIR;
}

/* A sequence may have any number of exchanges: what has left is not kept. */
static void drop_sent(struct iscsi_text *text)
{
    if (text->sent < text->out->len)
        return;
    g_byte_array_set_size(text->out, 0);
    text->sent = 0;
}

void iscsi_text_put(struct iscsi_text *text, const char *key, const char *value)
{
    if (!text->out)
        text->out = g_byte_array_new();
    drop_sent(text);
    g_byte_array_append(text->out, (const guint8 *)key, (guint)strlen(key));
    g_byte_array_append(text->out, (const guint8 *)"=", 1);
    g_byte_array_append(text->out, (const guint8 *)value, (guint)strlen(value) + 1);
}

void iscsi_text_put_number(struct iscsi_text *text, const char *key, uint32_t value)
{
    char number[16];
    g_snprintf(number, sizeof(number), "%u", value);
    iscsi_text_put(text, key, number);
}

size_t iscsi_text_size(const struct iscsi_text *text)
{
    return sizeof(*text) + (text->in ? text->in->len : 0) + (text->out ? text->out->len : 0);
}

bool iscsi_text_pending(const struct iscsi_text *text)
{
    return text->out && text->sent < text->out->len;
}

const uint8_t *iscsi_text_take(struct iscsi_text *text, size_t limit, size_t *len)
{
    if (!iscsi_text_pending(text)) {
        *len = 0;
        return NULL;
    }
    const uint8_t *piece = text->out->data + text->sent;
    *len = MIN(limit, text->out->len - text->sent);
    text->sent += (guint)*len;
    return piece;
}

static bool hex_digits(const char *digits, size_t count)
{
    return strspn(digits, "0123456789abcdef") == count && digits[count] == '\0';
}

/* "iqn.2001-04." and at least one more character. */
static bool iqn_prefix(const char *name)
{
    static const char form[] = "iqn.dddd-dd.";
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !g_ascii_isdigit(name[i]) : name[i] != form[i])
            return false;
    return name[sizeof(form) - 1] != '\0';
}

/* The stringprep profile (RFC 3722 clause 6) forbids blanks, controls and ASCII punctuation but
 * "-.:"; the underscore is let through, since names with it are in use. */
static bool name_characters(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < 0x80 && !g_ascii_islower(*name) && !g_ascii_isdigit(*name) &&
            !strchr("-.:_", *name))
            return false;
    return true;
}

char *iscsi_name_fold(const char *name)
{
    static const char *const types[] = {"iqn.", "eui.", "naa."};
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_ascii_strncasecmp(name, types[i], 4) == 0)
            return g_ascii_strdown(name, -1);
    return g_strdup(name);
}

bool iscsi_name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len > ISCSI_NAME_MAX || !g_utf8_validate(name, (gssize)len, NULL) || !name_characters(name))
        return false;
    if (g_str_has_prefix(name, "eui."))
        return hex_digits(name + 4, 16);
    if (g_str_has_prefix(name, "naa."))
        return hex_digits(name + 4, 16) || hex_digits(name + 4, 32);
    return iqn_prefix(name);
}
