/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a plugin says it is, read from its file without running it, and whether this daemon could
 * take it. */
#include <string.h>

#include "plugin-elf.h"
#include "plugin-private.h"

#define VALUE_MAX 400u

char *plain_text(const char *text, size_t max)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, max));
    GString *plain = g_string_new(NULL);
    for (const char *p = valid; *p; p = g_utf8_next_char(p))
        g_string_append_unichar(plain,
                                g_unichar_isprint(g_utf8_get_char(p)) ? g_utf8_get_char(p) : '?');
    return g_string_free(plain, FALSE);
}

void plugin_undescribe(struct plugin *plugin)
{
    char **fields[] = {&plugin->name,  &plugin->version, &plugin->abi,    &plugin->provides,
                       &plugin->needs, &plugin->licence, &plugin->summary};
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        g_clear_pointer(fields[i], g_free);
    plugin->kind = 0;
    g_autofree char *base = g_path_get_basename(plugin->file);
    if (g_str_has_suffix(base, ".so"))
        base[strlen(base) - 3] = '\0';
    plugin->name = plain_text(base, VALUE_MAX);
}

static unsigned kind_of(const char *word)
{
    for (unsigned kind = TGT_PLUGIN_BACKING_STORE; kind <= TGT_PLUGIN_TRANSPORT; kind++)
        if (strcmp(word, plugin_kind_name(kind)) == 0)
            return kind;
    return 0;
}

/* Returns which field a key is for, or NULL: one that a newer macro writes. */
static char **field_of(struct plugin *plugin, const char *key)
{
    const struct {
        const char *key;
        char **field;
    } fields[] = {
        {"name", &plugin->name},       {"version", &plugin->version},
        {"abi", &plugin->abi},         {"provides", &plugin->provides},
        {"needs", &plugin->needs},     {"licence", &plugin->licence},
        {"summary", &plugin->summary},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].field;
    return NULL;
}

static void take_pair(struct plugin *plugin, const char *pair)
{
    const char *equals = strchr(pair, '=');
    g_autofree char *key = g_strndup(pair, equals ? (size_t)(equals - pair) : 0);
    char **field = field_of(plugin, key);
    if (field) {
        g_free(*field);
        *field = plain_text(equals + 1, VALUE_MAX);
    } else if (strcmp(key, "kind") == 0) {
        plugin->kind = kind_of(equals + 1);
    }
}

/* The section ends with a NUL of our own; instrumented builds put more NULs between and behind. */
static void take_info(struct plugin *plugin, const struct plugin_elf *elf)
{
    for (size_t at = 0; at < elf->info_len; at += strlen(elf->info + at) + 1)
        take_pair(plugin, elf->info + at);
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= TGT_PLUGIN_NAME_MAX && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* Words of the kind's own prefix, at least one. */
static bool are_provides(unsigned kind, const char *provides)
{
    static const char *const prefixes[] = {"", "bs:", "type:", "transport:"};
    g_auto(GStrv) words = g_strsplit(provides ? provides : "", " ", -1);
    for (char **w = words; *w; w++)
        if (!g_str_has_prefix(*w, prefixes[kind]) || !is_name(*w + strlen(prefixes[kind])))
            return false;
    return *words != NULL;
}

static bool parse_abi(const char *abi, guint64 *major, guint64 *minor)
{
    g_auto(GStrv) parts = g_strsplit(abi ? abi : "", ".", 3);
    return g_strv_length(parts) == 2 &&
           g_ascii_string_to_unsigned(parts[0], 10, 0, UINT16_MAX, major, NULL) &&
           g_ascii_string_to_unsigned(parts[1], 10, 0, UINT16_MAX, minor, NULL);
}

static bool check_info(struct plugin *plugin, GError **refusal)
{
    guint64 major, minor;
    const char *bad = !plugin->kind                                   ? "kind"
                      : !is_name(plugin->name)                        ? "name"
                      : !plugin->version                              ? "version"
                      : !parse_abi(plugin->abi, &major, &minor)       ? "abi"
                      : !are_provides(plugin->kind, plugin->provides) ? "provides"
                                                                      : NULL;
    return !bad ||
           plugin_refuse(
               refusal, PLUGIN_INVALID,
               "%s is not a valid plugin: its section " PLUGIN_ELF_SECTION
               " has no usable '%s', one as TGT_PLUGIN_DEFINE writes it is needed: build it again",
               plugin->file, bad);
}

static bool judge_machine(struct plugin *plugin, const struct plugin_elf *elf, GError **refusal)
{
    g_autofree char *own = plugin_elf_own_machine();
    return elf->native ||
           plugin_refuse(
               refusal, PLUGIN_FOREIGN,
               "%s is built for %s, this tgtd runs on %s: install the package of this architecture",
               plugin->file, elf->machine, own);
}

static bool judge_abi(struct plugin *plugin, GError **refusal)
{
    guint64 major = 0, minor = 0;
    parse_abi(plugin->abi, &major, &minor);
    if (major < TGT_ABI_MAJOR)
        return plugin_refuse(refusal, PLUGIN_FOREIGN,
                             "%s is built for plugin ABI %s, this tgtd has %d.%d: it is too old, "
                             "install a build of it for ABI %d",
                             plugin->file, plugin->abi, TGT_ABI_MAJOR, TGT_ABI_MINOR,
                             TGT_ABI_MAJOR);
    if (major > TGT_ABI_MAJOR || minor > TGT_ABI_MINOR)
        return plugin_refuse(refusal, PLUGIN_FOREIGN,
                             "%s needs plugin ABI %s, this tgtd has %d.%d: it is too new, upgrade "
                             "tgtd or install an older build of it",
                             plugin->file, plugin->abi, TGT_ABI_MAJOR, TGT_ABI_MINOR);
    if (plugin->kind != TGT_PLUGIN_BACKING_STORE && minor != TGT_ABI_MINOR)
        return plugin_refuse(refusal, PLUGIN_FOREIGN,
                             "%s is a %s for plugin ABI %s, which must be this tgtd's %d.%d: "
                             "install the build of it that comes with this tgtd",
                             plugin->file, plugin_kind_name(plugin->kind), plugin->abi,
                             TGT_ABI_MAJOR, TGT_ABI_MINOR);
    return true;
}

static bool refuse_file(struct plugin *plugin, const GError *why, GError **refusal)
{
    static const char *const advice[] = {
        [PLUGIN_ELF_IO] = "check the disk",
        [PLUGIN_ELF_NOT] = "remove it from the plugin directory",
        [PLUGIN_ELF_TRUNCATED] = "install it again",
        [PLUGIN_ELF_NO_INFO] = "remove it from the plugin directory or build it again",
    };
    return plugin_refuse(refusal, PLUGIN_INVALID, "%s %s: %s", plugin->file, why->message,
                         advice[why->code]);
}

static bool judge(struct plugin *plugin, const struct plugin_elf *elf, GError **refusal)
{
    take_info(plugin, elf);
    return check_info(plugin, refusal) && judge_machine(plugin, elf, refusal) &&
           judge_abi(plugin, refusal);
}

bool plugin_describe(struct plugin *plugin, int fd, GError **refusal)
{
    struct plugin_elf elf = {0};
    g_autoptr(GError) why = NULL;
    plugin_undescribe(plugin);
    bool ok = plugin_elf_read(fd, &elf, &why) ? judge(plugin, &elf, refusal)
                                              : refuse_file(plugin, why, refusal);
    g_strfreev(plugin->priv->needed);
    g_free(plugin->priv->runpath);
    plugin->priv->needed = g_steal_pointer(&elf.needed);
    plugin->priv->runpath = g_steal_pointer(&elf.runpath);
    plugin_elf_clear(&elf);
    return ok;
}
