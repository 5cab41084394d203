/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a plugin's file once and judges whether somebody else could have put it there. */
#include "plugin-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* The group that has only this user in it, as many systems give one to each user (USERGROUPS_ENAB):
 * the same number for both. */
static bool is_private_group(gid_t gid)
{
    return geteuid() != 0 && gid == getegid() && gid == geteuid();
}

static bool others_can_write(const struct stat *st)
{
    return (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && !is_private_group(st->st_gid));
}

static char *judge_owner(const struct stat *st, const char *what, const char *name)
{
    if (st->st_uid == 0 || st->st_uid == geteuid())
        return NULL;
    return g_strdup_printf(
        "the %s %s belongs to uid %u, root or the user of tgtd is needed: chown root %s", what,
        name, (unsigned)st->st_uid, name);
}

static char *judge_mode(const struct stat *st, const char *what, const char *name)
{
    if (!others_can_write(st))
        return NULL;
    return g_strdup_printf("others can write the %s %s (mode %04o), it must be writable by its "
                           "owner only: chmod go-w %s",
                           what, name, (unsigned)st->st_mode & 07777, name);
}

/* `last`: the directory that holds the plugin. */
static char *judge_directory(int fd, const char *name, bool last)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return g_strdup_printf("the directory %s cannot be examined (%s)", name, g_strerror(errno));
    char *why = judge_owner(&st, "directory", name);
    if (!why && (last || !(st.st_mode & S_ISVTX)))
        why = judge_mode(&st, "directory", name);
    return why;
}

/* Opens the directory `real` component by component; -1 with errno. The first thing that is wrong
 * goes to *why. */
static int open_directory(const char *real, char **why)
{
    g_auto(GStrv) names = g_strsplit(real + 1, "/", -1);
    g_autoptr(GString) sofar = g_string_new(NULL);
    unsigned count = *real == '/' && real[1] ? g_strv_length(names) : 0;
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    *why = fd < 0 ? NULL : judge_directory(fd, "/", count == 0);
    for (unsigned i = 0; i < count && fd >= 0; i++) {
        int next = openat(fd, names[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int saved = errno;
        close(fd);
        errno = saved;
        fd = next;
        g_string_append_printf(sofar, "/%s", names[i]);
        if (fd >= 0 && !*why)
            *why = judge_directory(fd, sofar->str, i + 1 == count);
    }
    return fd;
}

static bool system_says_no(GError **error)
{
    int saved = errno;
    g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED,
                "cannot be opened (%s), a file that tgtd can read is needed", g_strerror(saved));
    return false;
}

static bool judge_file(int fd, const char *real, char **why, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return system_says_no(error);
    if (!S_ISREG(st.st_mode)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED,
                    "is not a plugin: it is no regular file, a shared object is needed");
        return false;
    }
    if (!*why)
        *why = judge_owner(&st, "file", real);
    if (!*why)
        *why = judge_mode(&st, "file", real);
    return true;
}

static int open_file(const char *real, char **why, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(real);
    g_autofree char *base = g_path_get_basename(real);
    int at = open_directory(dir, why);
    /* O_NONBLOCK: a FIFO must not hold us up; it does nothing to regular files. */
    int fd =
        at < 0 ? -1 : openat(at, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        system_says_no(error);
    if (at >= 0)
        close(at);
    return fd;
}

int plugin_path_open(const char *path, char **distrust, GError **error)
{
    g_autofree char *why = NULL;
    char *real = realpath(path, NULL);
    int fd = -1;
    *distrust = NULL;
    if (!real) {
        system_says_no(error);
        return -1;
    }
    fd = open_file(real, &why, error);
    if (fd >= 0 && !judge_file(fd, real, &why, error)) {
        close(fd);
        fd = -1;
    }
    free(real);
    if (fd >= 0)
        *distrust = g_steal_pointer(&why);
    return fd;
}
