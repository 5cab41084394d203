/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drop-in files of plugins: NAME.conf with [plugin] load=auto|yes|no and [params] key=value. */
#include "plugin-conf.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "log.h"

#define FILE_MAX 65536u

static bool is_mask(const char *path)
{
    struct stat link, target;
    return lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && stat(path, &target) == 0 &&
           S_ISCHR(target.st_mode) && target.st_rdev == makedev(1, 3);
}

static bool wrong(GError **error, unsigned line, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
static bool wrong(GError **error, unsigned line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID, "line %u: %s", line, text);
    return false;
}

/* GKeyFile does not say where it stumbled: the shortest beginning that it refuses ends with that
 * line. */
static unsigned line_refused(char *const *lines)
{
    g_autoptr(GString) begin = g_string_new(NULL);
    unsigned n = 0;
    for (; lines[n]; n++) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_string_append_printf(begin, "%s\n", lines[n]);
        if (!g_key_file_load_from_data(file, begin->str, begin->len, G_KEY_FILE_NONE, NULL))
            return n + 1;
    }
    return n;
}

/* Does the line set `key`, or open [group] if `key` is NULL? */
static bool line_has(const char *line, const char *group, const char *key)
{
    g_autofree char *text = g_strstrip(g_strdup(line));
    g_autofree char *head = g_strdup_printf("[%s]", group);
    if (!key)
        return strcmp(text, head) == 0;
    text[strcspn(text, "=")] = '\0';
    return strcmp(g_strchomp(text), key) == 0;
}

static unsigned line_of(char *const *lines, const char *group, const char *key)
{
    unsigned found = 1;
    bool here = false;
    for (unsigned n = 0; lines[n]; n++) {
        if (lines[n][strspn(lines[n], " \t")] == '[')
            here = line_has(lines[n], group, NULL);
        if (here && (line_has(lines[n], group, NULL) || (key && line_has(lines[n], group, key))))
            found = n + 1;
    }
    return found;
}

static bool parse_load(GKeyFile *file, char *const *lines, struct plugin_conf *conf, GError **error)
{
    static const char *const words[] = {
#define X(name, word) word,
        PLUGIN_LOAD_LIST(X)
#undef X
    };
    g_autofree char *value = g_key_file_get_string(file, "plugin", "load", NULL);
    for (unsigned i = 0; value && i < G_N_ELEMENTS(words); i++)
        if (strcmp(value, words[i]) == 0) {
            conf->load = (enum plugin_load_when)i;
            return true;
        }
    return !value || wrong(error, line_of(lines, "plugin", "load"),
                           "load is auto, yes or no, not '%s'", value);
}

static bool parse_params(GKeyFile *file, char *const *lines, struct plugin_conf *conf,
                         GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) keys = g_key_file_get_keys(file, "params", NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        g_autoptr(GError) why = NULL;
        g_autofree char *value = g_key_file_get_string(file, "params", *key, &why);
        if (why)
            return wrong(error, line_of(lines, "params", *key),
                         "the value of '%s' has a wrong escape or is no UTF-8", *key);
        g_ptr_array_add(words, g_strdup_printf("%s=%s", *key, value));
    }
    g_ptr_array_add(words, NULL);
    conf->words = g_strdupv((char **)words->pdata);
    return true;
}

static bool check_names(GKeyFile *file, char *const *lines, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    g_auto(GStrv) keys = g_key_file_get_keys(file, "plugin", NULL, NULL);
    for (char **g = groups; *g; g++)
        if (strcmp(*g, "plugin") != 0 && strcmp(*g, "params") != 0)
            return wrong(error, line_of(lines, *g, NULL),
                         "there is no section [%s], only [plugin] and [params]", *g);
    for (char **key = keys; key && *key; key++)
        if (strcmp(*key, "load") != 0)
            return wrong(error, line_of(lines, "plugin", *key),
                         "there is no '%s' in [plugin], only load", *key);
    return true;
}

static bool parse(const char *text, size_t len, struct plugin_conf *conf, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) why = NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (len > FILE_MAX || strlen(text) != len)
        return wrong(error, 1, "this is no text of at most %u bytes", FILE_MAX);
    if (!g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE, &why))
        return wrong(error, line_refused(lines), "neither [section], key=value nor # comment");
    return check_names(file, lines, error) && parse_load(file, lines, conf, error) &&
           parse_params(file, lines, conf, error);
}

/* False: there is no such file, or none that can be understood (which has been said). */
static bool read_file(const char *path, struct plugin_conf *conf)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    size_t len = 0;
    if (!g_file_get_contents(path, &text, &len, &error)) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            log_warning("%s, the file is ignored", error->message);
        return false;
    }
    if (parse(text, len, conf, &error))
        return true;
    log_warning("%s, %s: the file is ignored until this is corrected", path, error->message);
    return false;
}

static struct plugin_conf *conf_new(const char *file)
{
    struct plugin_conf *conf = g_new0(struct plugin_conf, 1);
    conf->file = g_strdup(file);
    return conf;
}

static char *path_in(const char *dir, const char *name)
{
    return g_strdup_printf("%s/%s.conf", dir, name);
}

/* What one directory says; NULL: nothing. */
static struct plugin_conf *read_directory(const char *dir, const char *name)
{
    g_autofree char *path = path_in(dir, name);
    struct plugin_conf *conf = conf_new(path);
    if (is_mask(path))
        conf->load = PLUGIN_LOAD_MASKED;
    else if (!read_file(path, conf))
        g_clear_pointer(&conf, plugin_conf_free);
    return conf;
}

/* Says of each directory which file is there. */
static char *stamp_of(char *const *dirs, const char *name)
{
    GString *stamp = g_string_new(NULL);
    for (; dirs && *dirs; dirs++) {
        g_autofree char *path = path_in(*dirs, name);
        struct stat st;
        if (lstat(path, &st) == 0)
            g_string_append_printf(stamp, "%ju %ju %jd %jd.%09ld;", (uintmax_t)st.st_dev,
                                   (uintmax_t)st.st_ino, (intmax_t)st.st_size,
                                   (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        else
            g_string_append_c(stamp, ';');
    }
    return g_string_free(stamp, FALSE);
}

bool plugin_conf_is_current(const struct plugin_conf *conf, char *const *dirs, const char *name)
{
    g_autofree char *now = stamp_of(dirs, name);
    return strcmp(conf->stamp, now) == 0;
}

struct plugin_conf *plugin_conf_read(char *const *dirs, const char *name)
{
    g_autofree char *stamp = stamp_of(dirs, name);
    struct plugin_conf *conf = NULL;
    for (unsigned n = dirs ? g_strv_length((char **)dirs) : 0; n > 0 && !conf; n--)
        conf = read_directory(dirs[n - 1], name);
    if (!conf)
        conf = conf_new(NULL);
    conf->stamp = g_steal_pointer(&stamp);
    return conf;
}

void plugin_conf_free(struct plugin_conf *conf)
{
    if (!conf)
        return;
    g_free(conf->file);
    g_strfreev(conf->words);
    g_free(conf->stamp);
    g_free(conf);
}
