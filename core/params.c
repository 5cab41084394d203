/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of parameter tables: parsed and checked once, read by name. */
#include <string.h>

#include "error.h"
#include "plugin.h"

struct value {
    char *text; /* as given, or NULL: the default counts */
    uint64_t number;
};

struct tgt_params {
    const char *table; /* rows of `stride` bytes; the plugin's, which stays mapped */
    unsigned count;
    size_t stride;
    struct value *values;
};

static const struct tgt_param *row(const struct tgt_params *params, unsigned i)
{
    return (const struct tgt_param *)(params->table + i * params->stride);
}

static bool refuse(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(GError **error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (error)
        *error = g_error_new_valist(CORE_ERROR, CORE_ERROR_INVALID, fmt, args);
    va_end(args);
    return false;
}

static bool parse_uint(const char *text, uint64_t *value)
{
    bool hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    return g_ascii_string_to_unsigned(text + (hex ? 2 : 0), hex ? 16 : 10, 0, UINT64_MAX, value,
                                      NULL);
}

/* Power of two behind a number: "", K, M, G, T, P, each also as KiB. -1: something else. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "KMGTP";
    const char *letter = *suffix ? strchr(letters, g_ascii_toupper(*suffix)) : NULL;
    if (!*suffix)
        return 0;
    if (!letter || (suffix[1] && g_ascii_strcasecmp(suffix + 1, "iB") != 0))
        return -1;
    return 10 * (int)(letter - letters + 1);
}

bool parse_size(const char *text, uint64_t *value, GError **error)
{
    g_autofree char *digits = g_strndup(text, strspn(text, "0123456789"));
    int shift = suffix_shift(text + strlen(digits));
    uint64_t n = 0;
    if (shift < 0 || !g_ascii_string_to_unsigned(digits, 10, 0, UINT64_MAX >> shift, &n, NULL))
        return refuse(error,
                      "'%s' is no size: a number of bytes is needed, such as 4096, 64M or 1G (K M "
                      "G T P are powers of 1024)",
                      text);
    *value = n << shift;
    return true;
}

static bool parse_bool(const char *text, uint64_t *value)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true", "0", "1"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *value = i & 1;
            return true;
        }
    return false;
}

static bool parse_choice(const struct tgt_param *param, const char *text, uint64_t *value)
{
    g_auto(GStrv) words = g_strsplit(param->choices ? param->choices : "", " ", -1);
    *value = 0;
    return *text && g_strv_contains((const char *const *)words, text);
}

static const char *wanted(const struct tgt_param *param)
{
    switch (param->type) {
    case TGT_PARAM_BOOL:
        return "on or off";
    case TGT_PARAM_UINT:
        return "a number";
    case TGT_PARAM_SIZE:
        return "a number of bytes such as 4096, 64M or 1G";
    case TGT_PARAM_ENUM:
        return param->choices ? param->choices : "nothing";
    default:
        return "a text";
    }
}

static bool in_range(const struct tgt_param *param, uint64_t n, GError **error)
{
    const char *blank = param->unit ? " " : "", *unit = param->unit ? param->unit : "";
    if (n >= param->min && (param->max == 0 || n <= param->max))
        return true;
    if (param->max == 0)
        return refuse(error,
                      "parameter %s: %" G_GUINT64_FORMAT
                      " is too small, at least %" G_GUINT64_FORMAT "%s%s is needed",
                      param->name, n, param->min, blank, unit);
    return refuse(error,
                  "parameter %s: %" G_GUINT64_FORMAT " is not within %" G_GUINT64_FORMAT
                  " to %" G_GUINT64_FORMAT "%s%s",
                  param->name, n, param->min, param->max, blank, unit);
}

static bool parse_value(const struct tgt_param *param, const char *text, uint64_t *n,
                        GError **error)
{
    bool ok = true;
    *n = 0;
    if (param->type == TGT_PARAM_BOOL)
        ok = parse_bool(text, n);
    else if (param->type == TGT_PARAM_UINT)
        ok = parse_uint(text, n);
    else if (param->type == TGT_PARAM_SIZE)
        ok = parse_size(text, n, NULL);
    else if (param->type == TGT_PARAM_ENUM)
        ok = parse_choice(param, text, n);
    if (!ok)
        return refuse(error, "parameter %s: '%s' is not what it takes: %s", param->name,
                      param->flags & TGT_PARAM_SECRET ? "***" : text, wanted(param));
    return (param->type != TGT_PARAM_UINT && param->type != TGT_PARAM_SIZE) ||
           in_range(param, *n, error);
}

static int find(const struct tgt_params *params, const char *name)
{
    for (unsigned i = 0; params && i < params->count; i++)
        if (strcmp(row(params, i)->name, name) == 0)
            return (int)i;
    return -1;
}

static bool unknown(const struct tgt_params *params, const char *name, GError **error)
{
    g_autofree const char **names = g_new0(const char *, params->count + 1);
    g_autoptr(GString) all = g_string_new(NULL);
    for (unsigned i = 0; i < params->count; i++) {
        names[i] = row(params, i)->name;
        g_string_append_printf(all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = suggest(name, names);
    if (near)
        return refuse(error, "there is no parameter %s, did you mean %s?", name, near);
    return refuse(error, "there is no parameter %s: %s", name,
                  params->count ? all->str : "none is taken here");
}

/* Takes over `text`. */
static bool assign(struct tgt_params *params, const char *name, char *text, GError **error)
{
    g_autofree char *owned = text;
    uint64_t n;
    int i = find(params, name);
    if (i < 0)
        return unknown(params, name, error);
    if (!parse_value(row(params, (unsigned)i), owned, &n, error))
        return false;
    g_free(params->values[i].text);
    params->values[i] = (struct value){g_steal_pointer(&owned), n};
    return true;
}

bool params_set(struct tgt_params *params, const char *name, const char *value, GError **error)
{
    return assign(params, name, g_strdup(value), error);
}

static bool assign_word(struct tgt_params *params, const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = g_strndup(word, equals ? (size_t)(equals - word) : strlen(word));
    int i = find(params, name);
    if (!equals && i >= 0 && row(params, (unsigned)i)->type != TGT_PARAM_BOOL)
        return refuse(error, "parameter %s needs a value: %s=...", name, name);
    return assign(params, name, g_strdup(equals ? equals + 1 : "on"), error);
}

static bool take_defaults(struct tgt_params *params, GError **error)
{
    for (unsigned i = 0; i < params->count; i++) {
        const struct tgt_param *param = row(params, i);
        if (param->def && !parse_value(param, param->def, &params->values[i].number, error))
            return false;
    }
    return true;
}

static bool have_required(const struct tgt_params *params, GError **error)
{
    for (unsigned i = 0; i < params->count; i++) {
        const struct tgt_param *param = row(params, i);
        if ((param->flags & TGT_PARAM_REQUIRED) && !params->values[i].text)
            return refuse(error, "parameter %s is required: %s", param->name,
                          param->help ? param->help : wanted(param));
    }
    return true;
}

static bool take_words(struct tgt_params *params, char **words, GError **error)
{
    for (; words && *words; words++)
        if (!assign_word(params, *words, error))
            return false;
    return true;
}

struct tgt_params *params_parse(const struct tgt_param *table, unsigned count, size_t size,
                                char **words, GError **error)
{
    struct tgt_params *params = g_new0(struct tgt_params, 1);
    params->table = (const char *)table;
    params->count = table ? count : 0;
    params->stride = size;
    params->values = g_new0(struct value, params->count + 1);
    if (take_defaults(params, error) && take_words(params, words, error) &&
        have_required(params, error))
        return params;
    params_free(params);
    return NULL;
}

void params_free(struct tgt_params *params)
{
    if (!params)
        return;
    for (unsigned i = 0; i < params->count; i++)
        g_free(params->values[i].text);
    g_free(params->values);
    g_free(params);
}

const char *params_str(const struct tgt_params *params, const char *name)
{
    int i = find(params, name);
    if (i < 0)
        return NULL;
    return params->values[i].text ? params->values[i].text : row(params, (unsigned)i)->def;
}

const char *params_text(const struct tgt_params *params, const char *name)
{
    int i = find(params, name);
    const char *text = params_str(params, name);
    return text && (row(params, (unsigned)i)->flags & TGT_PARAM_SECRET) ? "***" : text;
}

uint64_t params_uint(const struct tgt_params *params, const char *name)
{
    int i = find(params, name);
    return i < 0 ? 0 : params->values[i].number;
}

bool params_bool(const struct tgt_params *params, const char *name)
{
    return params_uint(params, name) != 0;
}

char **params_shown(const struct tgt_params *params, char **words)
{
    GStrvBuilder *shown = g_strv_builder_new();
    for (; words && *words; words++) {
        g_autofree char *name = g_strndup(*words, strcspn(*words, "="));
        int i = find(params, name);
        bool secret = i >= 0 && (row(params, (unsigned)i)->flags & TGT_PARAM_SECRET);
        g_autofree char *word = secret ? g_strconcat(name, "=***", NULL) : g_strdup(*words);
        g_strv_builder_add(shown, word);
    }
    char **list = g_strv_builder_end(shown);
    g_strv_builder_unref(shown);
    return list;
}
