/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtd: command line, limits of the process, detaching. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "inherited.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "service.h"

static rlim_t most_files(rlim_t otherwise)
{
    g_autofree char *text = NULL;
    guint64 value;
    if (!g_file_get_contents("/proc/sys/fs/nr_open", &text, NULL, NULL) ||
        !g_ascii_string_to_unsigned(g_strchomp(text), 10, 1024, G_MAXINT64, &value, NULL))
        return otherwise;
    return value;
}

/* Each session and each store is a descriptor. Only root may raise the hard limit; others get what
 * they may have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    rlim_t most = most_files(limit.rlim_max);
    struct rlimit all = {most, most}, allowed = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &all) < 0 && setrlimit(RLIMIT_NOFILE, &allowed) < 0)
        log_warning("cannot raise the limit of open files: %s", g_strerror(errno));
}

/* The kernel rather ends somebody else: with this process, all initiators lose their disks. Only
 * root may ask for that. */
static void protect_from_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "-1000", 5) < 0)
        log_info("cannot be protected from the OOM killer: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static int run(struct options *o)
{
    g_autoptr(GError) error = NULL;
    int ready_fd = -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* whoever ignores it does not learn how children have ended */
    log_set_level(o->debug ? TGT_LOG_DEBUG : o->config.log_level);
    o->config.inherited = inherited_new();
    raise_file_limit();
    protect_from_oom();
    if (!o->foreground && !o->nodaemonize && (ready_fd = detach(&error)) < 0) {
        log_error("%s", error->message);
        return 1;
    }
    return service_run(o, ready_fd);
}

int main(int argc, char **argv)
{
    struct options options;
    int status = 0;
    enum options_verdict verdict = options_parse(&options, argc, argv);
    if (verdict == OPTIONS_RUN)
        status = run(&options);
    else if (verdict == OPTIONS_WRONG)
        status = 1;
    options_clear(&options);
    return status;
}
