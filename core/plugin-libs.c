/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which libraries of a plugin are missing: found out from files alone, or from what dlopen()
 * complained about. */
#include <string.h>
#include <unistd.h>

#include "plugin-private.h"

#define LD_CACHE     "/etc/ld.so.cache"
#define DEFAULT_DIRS "/lib:/usr/lib:/lib64:/usr/lib64:/usr/local/lib"

static bool in_directory(const char *dir, const char *soname)
{
    g_autofree char *path = g_build_filename(dir, soname, NULL);
    return access(path, F_OK) == 0;
}

/* A list with colons. A directory with a substitution ($ORIGIN, $LIB) cannot be judged here: it
 * counts as having everything. */
static bool in_list(const char *list, const char *soname)
{
    g_auto(GStrv) dirs = g_strsplit(list ? list : "", ":", -1);
    for (char **d = dirs; *d; d++)
        if (**d && (strchr(*d, '$') || in_directory(*d, soname)))
            return true;
    return false;
}

/* All that needs to be known of the cache's format: sonames are strings in it that end with NUL,
 * and since they may share the end of a path, a NUL or a slash stands before them. */
static bool in_cache(const char *cache, size_t cache_len, const char *soname)
{
    size_t len = strlen(soname) + 1;
    for (const char *at = cache, *end = cache + cache_len; at < end; at++) {
        at = memmem(at, (size_t)(end - at), soname, len);
        if (!at)
            return false;
        if (at > cache && (at[-1] == '\0' || at[-1] == '/'))
            return true;
    }
    return false;
}

static bool is_there(const char *cache, size_t cache_len, const char *runpath, const char *soname)
{
    if (strchr(soname, '/'))
        return access(soname, F_OK) == 0;
    return in_cache(cache, cache_len, soname) || in_list(runpath, soname) ||
           in_list(g_getenv("LD_LIBRARY_PATH"), soname) || in_list(DEFAULT_DIRS, soname);
}

const char *plugin_libs_missing(char *const *needed, const char *runpath)
{
    g_autofree char *cache = NULL;
    size_t len = 0;
    /* A system without a cache has its libraries in places of its own: leave it to dlopen(). */
    if (!g_file_get_contents(LD_CACHE, &cache, &len, NULL))
        return NULL;
    for (; needed && *needed; needed++)
        if (!is_there(cache, len, runpath, *needed))
            return *needed;
    return NULL;
}

/* "SONAME: cannot open shared object file: ...": a library that the plugin asks for itself, or one
 * that such a library wants. Other complaints begin with a path or a sentence. */
char *plugin_libs_blamed(char *const *needed, const char *dlerror_text)
{
    const char *colon = strchr(dlerror_text, ':');
    g_autofree char *name = g_strndup(dlerror_text, colon ? (size_t)(colon - dlerror_text) : 0);
    if (needed && g_strv_contains((const char *const *)needed, name))
        return g_steal_pointer(&name);
    return strstr(name, ".so") && !strpbrk(name, "/ ") ? g_steal_pointer(&name) : NULL;
}
