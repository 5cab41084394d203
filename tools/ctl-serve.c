/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl serve: export disk images with one command, by a private daemon in the foreground. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "output.h"
#include "plugin.h"
#include "rpc.h"
#include "serve-daemon.h"

#define DEFAULT_PORTAL "127.0.0.1:3260"
#define DEFAULT_SIZE   "1G"

/* ---- Images ---- */

static bool wrong_image(const char *path, const char *why)
{
    fprintf(stderr, "tgtctl: image %s: %s\n", path, why);
    return false;
}

/* A hole of `size` bytes; nothing is written over if somebody else makes the file meanwhile. */
static bool make_image(const char *path, guint64 size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return wrong_image(path, g_strerror(errno));
    bool ok = ftruncate(fd, (off_t)size) == 0 || wrong_image(path, g_strerror(errno));
    close(fd);
    if (!ok)
        unlink(path);
    return ok;
}

static bool is_image(const char *path, const struct stat *st)
{
    if (S_ISREG(st->st_mode) && st->st_size < 512)
        return wrong_image(path, "it is smaller than one block of 512 bytes");
    return S_ISREG(st->st_mode) || S_ISBLK(st->st_mode) ||
           wrong_image(path, "neither a file nor a block device");
}

static bool have_image(const struct ctl *ctl, const char *path, guint64 size)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return is_image(path, &st);
    if (errno != ENOENT)
        return wrong_image(path, g_strerror(errno));
    if (args_has(&ctl->args, "read-only"))
        return wrong_image(path,
                           "it does not exist, and an empty one cannot be filled with --read-only");
    return make_image(path, size);
}

static bool image_size(const struct ctl *ctl, uint64_t *size)
{
    g_autoptr(GError) error = NULL;
    const char *text = args_value(&ctl->args, "size");
    bool ok =
        parse_size(text ? text : DEFAULT_SIZE, size, &error) && *size >= 512 && *size <= G_MAXINT64;
    if (!ok)
        ctl_wrong("--size: %s", error ? error->message : "out of range");
    *size = *size / 512 * 512;
    return ok;
}

static bool have_images(const struct ctl *ctl, uint64_t size)
{
    for (guint i = 0; ctl_word(ctl, i); i++)
        if (!have_image(ctl, ctl_word(ctl, i), size))
            return false;
    return true;
}

/* ---- Portal ---- */

/* Is another program there? Asked before the daemon does, for a better answer; whatever else is
 * wrong the daemon will say. */
static bool is_taken(const char *portal)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    const char *colon = strrchr(portal, ':');
    g_autofree char *host = colon ? g_strndup(portal, colon - portal) : g_strdup(portal);
    guint64 port = 3260;
    int on = 1;
    if ((colon && !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) ||
        inet_pton(AF_INET, host, &a.sin_addr) != 1)
        return false;
    a.sin_port = htons(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool taken = bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 && errno == EADDRINUSE;
    close(fd);
    return taken;
}

static bool is_for_all(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* ---- Targets ---- */

/* The same for the same machine, another on another machine: one initiator can use both. */
static char *target_name(void)
{
    g_autofree char *host = g_ascii_strdown(g_get_host_name(), -1);
    g_strcanon(host, "abcdefghijklmnopqrstuvwxyz0123456789-.", '-');
    return g_strdup_printf("iqn.2026-11.local.%s:disk", host);
}

static bool ok(struct ctl *ctl, const char *method, json_t *params)
{
    json_t *result = ctl_call(ctl, method, params);
    json_decref(result);
    return result != NULL;
}

static bool add_lun(struct ctl *ctl, const char *target, guint number)
{
    bool read_only = args_has(&ctl->args, "read-only");
    g_autofree char *path = g_canonicalize_filename(ctl_word(ctl, number - 1), NULL);
    return ok(ctl, "lun.create",
              json_pack("{s:s, s:i, s:s, s:s, s:b, s:b}", "target", target, "lun", (int)number,
                        "bs", "rdwr", "path", path, "read_only", read_only, "thin", !read_only));
}

static bool make_target(struct ctl *ctl, const char *target)
{
    if (!ok(ctl, "target.create", json_pack("{s:s}", "name", target)) ||
        !ok(ctl, "acl.add", json_pack("{s:s, s:s}", "target", target, "address", "all")))
        return false;
    for (guint i = 0; ctl_word(ctl, i); i++)
        if (!add_lun(ctl, target, i + 1))
            return false;
    return true;
}

/* ---- What to type ---- */

/* "ADDR:PORT" that an initiator on this machine, or elsewhere, can use. */
static char *reachable(const char *address, int port)
{
    const char *host = is_for_all(address) ? g_get_host_name() : address;
    return strchr(host, ':') ? g_strdup_printf("[%s]:%d", host, port)
                             : g_strdup_printf("%s:%d", host, port);
}

static void print_howto(GString *out, const char *portal, const char *host, int port,
                        const char *target)
{
    g_string_append_printf(
        out,
        "\nLinux:    iscsiadm -m discovery -t sendtargets -p %s\n"
        "          iscsiadm -m node -T %s -p %s --login\n"
        "Windows:  New-IscsiTargetPortal -TargetPortalAddress %s -TargetPortalPortNumber %d\n"
        "          Connect-IscsiTarget -NodeAddress %s\n"
        "qemu:     qemu-system-x86_64 -drive file=iscsi://%s/%s/1,format=raw,if=virtio\n"
        "\nCtrl-C ends it.\n",
        portal, target, portal, host, port, target, portal, target);
}

/* In one write, so that whoever reads the URLs from a pipe has the rest, too. */
static bool print_welcome(struct ctl *ctl, const char *target)
{
    json_t *portals = ctl_call(ctl, "portal.list", NULL);
    const json_t *first = json_array_get(portals, 0);
    if (!first) {
        json_decref(portals);
        return false;
    }
    const char *address = ctl_text(first, "address");
    int port = ctl_int(first, "port");
    g_autofree char *portal = reachable(address, port);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; ctl_word(ctl, i); i++)
        g_string_append_printf(out, "iscsi://%s/%s/%u  %s\n", portal, target, i + 1,
                               ctl_word(ctl, i));
    if (is_for_all(address))
        g_string_append(
            out,
            "Warning: everyone who can reach this machine may connect; there is no password.\n");
    print_howto(out, portal, is_for_all(address) ? g_get_host_name() : address, port, target);
    fwrite(out->str, 1, out->len, stdout);
    json_decref(portals);
    return output_written("tgtctl") ||
           errno == EPIPE; /* who reads no further still wants the disk */
}

/* ---- The command ---- */

/* Images are made when the daemon runs: what is wrong with the portal leaves no files behind. */
static enum ctl_exit run(struct ctl *ctl, struct serve_daemon *daemon, const char *portal,
                         uint64_t size)
{
    struct rpc_error error = {0};
    g_autofree char *target = target_name();
    if (!serve_daemon_start(daemon, portal) || !have_images(ctl, size))
        return CTL_REFUSED;
    ctl->rpc = rpc_open(daemon->control, ctl->timeout_s, &error);
    if (!ctl->rpc) {
        fprintf(stderr, "tgtctl: %s\n", error.message);
        rpc_error_clear(&error);
        return CTL_UNREACHABLE;
    }
    if (!make_target(ctl, target) || !print_welcome(ctl, target))
        return ctl->status ? ctl->status : CTL_REFUSED;
    return serve_daemon_wait(daemon) ? CTL_OK : CTL_REFUSED;
}

static enum ctl_exit serve(struct ctl *ctl)
{
    struct serve_daemon daemon = {0};
    const char *portal = args_value(&ctl->args, "portal");
    uint64_t size;
    if (!portal)
        portal = DEFAULT_PORTAL;
    if (!image_size(ctl, &size))
        return CTL_USAGE;
    if (is_taken(portal)) {
        ctl_wrong(
            "another program listens on %s; choose another port, such as --portal 127.0.0.1:3261",
            portal);
        return CTL_BUSY;
    }
    signal(SIGPIPE, SIG_IGN);
    enum ctl_exit status = run(ctl, &daemon, portal, size);
    clearerr(stdout);
    bool clean = serve_daemon_stop(&daemon);
    return status == CTL_OK && !clean ? CTL_REFUSED : status;
}

const struct command ctl_serve_commands[] = {
    {"serve",
     NULL,
     "IMAGE...",
     "Export disk images until Ctrl-C, by a daemon of its own",
     1,
     0,
     serve,
     {"portal", "read-only", "size"},
     .private_daemon = true},
    {0},
};
