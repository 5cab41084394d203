/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives up what this process does not need: it reads what strangers send. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static const struct {
    __rlimit_resource_t resource;
    rlim_t most;
    bool when_sanitized;
} limits[] = {
    {RLIMIT_AS, 256u << 20, false}, {RLIMIT_NPROC, 0, false}, /* no fork; counted for root only
                                                                 after setuid() */
    {RLIMIT_NOFILE, 64, true},      {RLIMIT_FSIZE, 0, false}, {RLIMIT_CORE, 0, true},
};

static void complain(const char *what)
{
    fprintf(stderr, "tgt-isns: %s: %s\n", what, strerror(errno));
}

/* Standard error may be a file: what cannot be written there is lost, and no more. */
static void set_limits(void)
{
    signal(SIGXFSZ, SIG_IGN);
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        const struct rlimit limit = {limits[i].most, limits[i].most};
        if ((!SANITIZED || limits[i].when_sanitized) && setrlimit(limits[i].resource, &limit) < 0)
            complain("setrlimit");
    }
}

/* A daemon without the right to change users has little that could be given up. */
static void become_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");
    uid_t uid = nobody ? nobody->pw_uid : NOBODY;
    gid_t gid = nobody ? nobody->pw_gid : NOBODY;
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        complain("going on with the rights of tgtd");
}

/* No file may be changed, made or run, whoever we are. Old kernels know nothing of it, and a
 * service may forbid even that. Sanitizers run a program that knows names. */
static void give_up_files(void)
{
    const struct landlock_ruleset_attr changes = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM};
    int fd =
        SANITIZED ? -1 : (int)syscall(SYS_landlock_create_ruleset, &changes, sizeof(changes), 0);
    if (fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        complain("landlock");
    if (fd >= 0)
        close(fd);
}

/* Whoever is still root is it without its powers. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) < 0)
        complain("capset");
}

/* The daemon may be exempt when memory runs out. This process is one to be ended. */
static void be_mortal(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "500", 3) < 0)
        complain("oom_score_adj");
    if (fd >= 0)
        close(fd);
}

void confine(void)
{
    be_mortal();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        complain("no_new_privs");
    become_nobody();
    drop_capabilities();
    give_up_files();
    if (SANITIZED)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    set_limits();
}
