/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binary values of keys as text: hexadecimal and base64 (RFC 7143 6.1, RFC 4648). */
#include <glib.h>
#include <string.h>

#include "chap.h"

/* An odd number of digits begins with half a byte. */
static bool parse_hex(const char *digits, uint8_t *bytes, size_t *len)
{
    size_t count = strlen(digits), odd = count & 1;
    if (count == 0 || (count + odd) / 2 > ISCSI_BINARY_MAX)
        return false;
    *len = (count + odd) / 2;
    memset(bytes, 0, *len);
    for (size_t i = 0; i < count; i++) {
        int digit = g_ascii_xdigit_value(digits[i]);
        if (digit < 0)
            return false;
        bytes[(i + odd) / 2] = (uint8_t)(bytes[(i + odd) / 2] << 4 | digit);
    }
    return true;
}

/* -1: no digit. */
static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Four digits to three bytes; `digits` of them count, what is left of the last one must be 0. */
static bool parse_group(const char *group, unsigned digits, uint8_t bytes[3])
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        int value = i < digits ? base64_value(group[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    for (unsigned i = 0; i < 3; i++)
        bytes[i] = (uint8_t)(bits >> (16 - 8 * i));
    return digits == 4 || bytes[digits - 1] == 0;
}

static bool parse_base64(const char *text, uint8_t *bytes, size_t *len)
{
    size_t count = strlen(text), padding = 0;
    while (padding < 2 && padding < count && text[count - 1 - padding] == '=')
        padding++;
    if (count == 0 || count % 4 != 0 || count / 4 * 3 - padding > ISCSI_BINARY_MAX)
        return false;
    *len = count / 4 * 3 - padding;
    for (size_t i = 0; i < count / 4; i++) {
        uint8_t group[3];
        unsigned digits = i + 1 < count / 4 ? 4 : 4 - (unsigned)padding;
        if (!parse_group(text + 4 * i, digits, group))
            return false;
        memcpy(bytes + 3 * i, group, digits - 1);
    }
    return true;
}

bool iscsi_binary_parse(const char *text, uint8_t bytes[ISCSI_BINARY_MAX], size_t *len)
{
    if (text[0] != '0' || text[1] == '\0')
        return false;
    switch (text[1]) {
    case 'x':
    case 'X':
        return parse_hex(text + 2, bytes, len);
    case 'b':
    case 'B':
        return parse_base64(text + 2, bytes, len);
    default:
        return false;
    }
}

char *iscsi_binary_text(const uint8_t *bytes, size_t len)
{
    GString *text = g_string_new("0x");
    for (size_t i = 0; i < len; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}
