/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and devices in use: what /proc and the kernel say of them. Who has a device open
 * exclusively (a file system, RAID, swap) is asked with O_EXCL; who has it open at all stands below
 * /proc, and is looked up once. */
#include "admin-used.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct used {
    GHashTable *files;  /* identity -> how often it is served */
    GHashTable *opened; /* identities that other processes have open */
    GHashTable *kernel; /* identities of swap files, and of files behind loop devices */
};

/* A device is the same under all its names. */
static char *identity_of(const struct stat *st)
{
    if (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode))
        return g_strdup_printf("%c %u:%u", S_ISBLK(st->st_mode) ? 'b' : 'c', major(st->st_rdev),
                               minor(st->st_rdev));
    return g_strdup_printf("f %llu:%llu", (unsigned long long)st->st_dev,
                           (unsigned long long)st->st_ino);
}

static char *identity(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? identity_of(&st) : NULL;
}

static void note(GHashTable *set, const char *path)
{
    char *id = identity(path);
    if (id)
        g_hash_table_add(set, id);
}

/* ---- Processes ---- */

static void note_files_of(struct used *used, const char *pid)
{
    g_autofree char *folder = g_strdup_printf("/proc/%s/fd", pid);
    GDir *dir = g_dir_open(folder, 0, NULL); /* NULL: it has ended, or is not ours to look at */
    const char *fd;
    while (dir && (fd = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, fd, NULL);
        note(used->opened, path);
    }
    if (dir)
        g_dir_close(dir);
}

static void look_at_processes(struct used *used, pid_t daemon)
{
    GDir *dir = g_dir_open("/proc", 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        gint64 pid = g_ascii_strtoll(name, NULL, 10);
        if (pid > 0 && pid != daemon && pid != getpid())
            note_files_of(used, name);
    }
    if (dir)
        g_dir_close(dir);
}

/* ---- The kernel ---- */

/* "PATH type size …", with blanks in PATH as \040. */
static void look_at_swaps(struct used *used)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/swaps", &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *word = g_strndup(*line, strcspn(*line, " \t"));
        g_autofree char *path = g_strcompress(word);
        if (*path == '/')
            note(used->kernel, path);
    }
}

static void look_at_loops(struct used *used)
{
    glob_t found = {0};
    glob("/sys/block/loop*/loop/backing_file", 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        g_autofree char *path = NULL;
        if (g_file_get_contents(found.gl_pathv[i], &path, NULL, NULL))
            note(used->kernel, g_strchomp(path));
    }
    globfree(&found);
}

static bool held_exclusively(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
    bool busy = fd < 0 && errno == EBUSY;
    if (fd >= 0)
        close(fd);
    return busy;
}

/* ---- All of it ---- */

struct used *used_new(pid_t daemon)
{
    struct used *used = g_new(struct used, 1);
    used->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    used->opened = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    used->kernel = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    look_at_processes(used, daemon);
    look_at_swaps(used);
    look_at_loops(used);
    return used;
}

void used_free(struct used *used)
{
    if (!used)
        return;
    g_hash_table_unref(used->files);
    g_hash_table_unref(used->opened);
    g_hash_table_unref(used->kernel);
    g_free(used);
}

static void count(struct used *used, const char *path, int change)
{
    char *id = identity(path);
    if (!id)
        return;
    int n = GPOINTER_TO_INT(g_hash_table_lookup(used->files, id)) + change;
    g_hash_table_replace(used->files, id, GINT_TO_POINTER(MAX(n, 0)));
}

void used_add(struct used *used, const char *path)
{
    count(used, path, 1);
}

void used_remove(struct used *used, const char *path)
{
    count(used, path, -1);
}

enum used_by used_check(const struct used *used, const char *path)
{
    g_autofree char *id = identity(path);
    if (!id)
        return USED_NOT;
    if (GPOINTER_TO_INT(g_hash_table_lookup(used->files, id)) > 0)
        return USED_BY_PROCESS;
    if (held_exclusively(path) || g_hash_table_contains(used->kernel, id))
        return USED_BY_SYSTEM;
    return g_hash_table_contains(used->opened, id) ? USED_BY_PROCESS : USED_NOT;
}
