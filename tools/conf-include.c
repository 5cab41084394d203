/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a targets.conf consists of: files, all files of a directory, and what a pattern
 * matches. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf-private.h"

static bool is_folder(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

static bool exists(const char *path)
{
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* ---- A file ---- */

/* At most CONF_FILE_MAX bytes: also from what has no size, such as a pipe. */
static GString *read_all(int fd, const char *path, struct conf_where where, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buf[65536];
    for (ssize_t n; (n = read(fd, buf, sizeof(buf))) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return conf_fail(where, error, "cannot read %s: %s", path, g_strerror(errno)), NULL;
        g_string_append_len(text, buf, n);
        if (text->len > CONF_FILE_MAX)
            return conf_fail(where, error, "%s is longer than %u bytes", path, CONF_FILE_MAX), NULL;
    }
    return g_steal_pointer(&text);
}

static GString *read_file(const char *path, struct conf_where where, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return conf_fail(where, error, "cannot open %s: %s", path, g_strerror(errno)), NULL;
    GString *text = read_all(fd, path, where, error);
    close(fd);
    return text;
}

static bool within_limits(const struct conf_reader *r, const char *path, struct conf_where where,
                          GError **error)
{
    if (r->conf->files->len > CONF_FILES_MAX)
        return conf_fail(where, error, "more than %u files", CONF_FILES_MAX);
    if (r->total > CONF_TOTAL_MAX)
        return conf_fail(where, error, "with %s the configuration is longer than %u bytes", path,
                         CONF_TOTAL_MAX);
    return true;
}

/* A file that was read already is left out: this also ends includes that go in circles. */
static bool open_file(struct conf_reader *r, const char *path, struct conf_where where,
                      GError **error)
{
    if (!g_hash_table_add(r->seen, g_strdup(path))) {
        conf_warn(r->conf, where, "%s was read already: it is left out here", path);
        return true;
    }
    g_autoptr(GString) text = read_file(path, where, error);
    if (!text)
        return false;
    r->total += text->len;
    const char *file = conf_add_file(r->conf, path);
    return within_limits(r, path, where, error) &&
           conf_read_lines(r, file, text->str, text->len, error);
}

/* ---- A directory ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Its regular files, also hidden ones, in the order of their bytes. */
static GPtrArray *files_of(const char *folder, struct conf_where where, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &problem);
    if (!dir)
        return conf_fail(where, error, "%s", problem->message), NULL;
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(files, g_steal_pointer(&path));
    }
    g_ptr_array_sort(files, by_name);
    return files;
}

static bool open_folder(struct conf_reader *r, const char *folder, struct conf_where where,
                        GError **error)
{
    g_autoptr(GPtrArray) files = files_of(folder, where, error);
    for (guint i = 0; files && i < files->len; i++)
        if (!open_file(r, files->pdata[i], where, error))
            return false;
    return files != NULL;
}

/* ---- A pattern ---- */

/* Braces multiply: an upper bound of the alternatives. */
static bool too_many_alternatives(const char *pattern)
{
    double alternatives = 1, each = 1;
    for (const char *p = pattern; *p; p++)
        each += *p == ',';
    for (const char *p = pattern; *p; p++)
        alternatives *= *p == '{' ? each : 1;
    return alternatives > CONF_GLOB_MAX;
}

/* True: something matched. */
static bool open_matches(struct conf_reader *r, const char *pattern, struct conf_where where,
                         bool *ok, GError **error)
{
    glob_t found = {0};
    bool any = false;
    int result = glob(pattern, GLOB_BRACE, NULL, &found);
    for (size_t i = 0; *ok && result == 0 && i < found.gl_pathc; i++) {
        if (!g_file_test(found.gl_pathv[i], G_FILE_TEST_IS_REGULAR))
            continue;
        any = true;
        *ok = open_file(r, found.gl_pathv[i], where, error);
    }
    globfree(&found);
    return any;
}

static bool open_pattern(struct conf_reader *r, const char *pattern, struct conf_where where,
                         GError **error)
{
    bool ok = true;
    if (too_many_alternatives(pattern))
        return conf_fail(where, error, "the braces in '%s' stand for more than %u names", pattern,
                         CONF_GLOB_MAX);
    if (open_matches(r, pattern, where, &ok, error) || !r->folder)
        return ok;
    g_autofree char *there = g_build_filename(r->folder, pattern, NULL);
    open_matches(r, there, where, &ok, error);
    return ok;
}

/* ---- Any of them ---- */

static bool missing(struct conf_where where, const char *path, GError **error)
{
    conf_fail(where, error, "the file '%s' does not exist", path);
    if (error)
        (*error)->code = CONF_ERROR_MISSING;
    return false;
}

static bool open_path(struct conf_reader *r, const char *path, struct conf_where where,
                      GError **error)
{
    g_autofree char *there = NULL;
    if (strpbrk(path, "*?[{\\"))
        return open_pattern(r, path, where, error);
    if (!exists(path) && r->folder)
        there = g_build_filename(r->folder, path, NULL);
    if (!exists(there ? there : path))
        return missing(where, path, error);
    path = there ? there : path;
    return (is_folder(path) ? open_folder : open_file)(r, path, where, error);
}

bool conf_open(struct conf_reader *r, const char *path, struct conf_where where, GError **error)
{
    if (r->depth == CONF_DEPTH_MAX)
        return conf_fail(where, error, "includes are nested more than %u deep", CONF_DEPTH_MAX);
    r->depth++;
    bool ok = open_path(r, path, where, error);
    r->depth--;
    return ok;
}

bool conf_open_optional(struct conf_reader *r, const char *path, struct conf_where where,
                        GError **error)
{
    bool pattern = strpbrk(path, "*?[{\\") != NULL;
    if (!pattern && !is_folder(path) && !g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return true;
    return conf_open(r, path, where, error);
}
