/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tgt-isns can still do when it has given up what it does not need. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netdb.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void is_nobody(void)
{
    g_assert_cmpuint(getuid(), !=, 0);
    g_assert_cmpuint(geteuid(), !=, 0);
    g_assert_cmpint(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), ==, 1);
}

/* /tmp is everybody's. */
static void makes_no_file(void)
{
    g_autofree char *path = g_strdup_printf("/tmp/tgt-confine.%d", (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    g_assert_cmpint(fd, ==, -1);
    g_assert_cmpint(errno, ==, EACCES);
}

static void runs_no_program(void)
{
    char *const argv[] = {(char *)"true", NULL};
    g_assert_cmpint(execve("/bin/true", argv, NULL), ==, -1);
    g_assert_cmpint(errno, ==, EACCES);
}

static void makes_no_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    g_assert_cmpint(pid, ==, -1);
}

/* A server may be given by its name. */
static void looks_up_names(void)
{
    struct addrinfo *list = NULL;
    g_assert_cmpint(getaddrinfo("localhost", "3205", NULL, &list), ==, 0);
    g_assert_nonnull(list);
    freeaddrinfo(list);
}

int main(int argc, char **argv)
{
    bool root = geteuid() == 0;
    g_test_init(&argc, &argv, NULL);
    bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
    confine();
    g_test_add_func("/confine/looks-up-names", looks_up_names);
    if (root)
        g_test_add_func("/confine/is-nobody", is_nobody);
    if (!SANITIZED)
        g_test_add_func("/confine/makes-no-process", makes_no_process);
    if (!SANITIZED && landlock) {
        g_test_add_func("/confine/makes-no-file", makes_no_file);
        g_test_add_func("/confine/runs-no-program", runs_no_program);
    }
    return g_test_run();
}
