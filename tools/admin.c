/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of tgtadm and questions to the daemon, over one connection. */
#include "admin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "legacy.h"
#include "rpc.h"

struct admin {
    struct rpc *rpc; /* belongs to legacy */
    struct legacy *legacy;
    char *folder; /* of the control socket */
    int lock;     /* descriptor of it; -1: not locked */
};

static void complain(const struct rpc_error *error)
{
    if (error->code == RPC_UNREACHABLE)
        fputs("tgtadm: failed to send request hdr to tgt daemon, Transport endpoint is not "
              "connected\n",
              stderr);
    else
        fprintf(stderr, "tgtadm: %s\n", error->message);
}

struct admin *admin_open(const char *port)
{
    struct rpc_error error = {0};
    g_autofree char *path = rpc_path(NULL, port);
    struct rpc *rpc = rpc_open(path, 0, &error);
    if (!rpc) {
        complain(&error);
        rpc_error_clear(&error);
        return NULL;
    }
    struct admin *admin = g_new0(struct admin, 1);
    admin->rpc = rpc;
    admin->legacy = legacy_new(rpc);
    admin->folder = g_path_get_dirname(path);
    admin->lock = -1;
    return admin;
}

void admin_lock(struct admin *admin)
{
    admin->lock = open(admin->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (admin->lock >= 0)
        flock(admin->lock, LOCK_EX);
}

void admin_close(struct admin *admin)
{
    if (!admin)
        return;
    legacy_free(admin->legacy);
    if (admin->lock >= 0)
        close(admin->lock);
    g_free(admin->folder);
    g_free(admin);
}

int admin_run(struct admin *admin, const char *const *words)
{
    g_autoptr(GString) out = g_string_new(NULL), err = g_string_new(NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)"tgtadm");
    for (; *words; words++)
        g_ptr_array_add(argv, (char *)*words);
    int argc = (int)argv->len;
    g_ptr_array_add(argv, NULL);
    int status = legacy_run(admin->legacy, argc, (char **)argv->pdata, out, err);
    fwrite(out->str, 1, out->len, stdout);
    fflush(stdout); /* before what stands on standard error, as two programs would */
    fputs(err->str, stderr);
    return status;
}

static json_t *call(struct admin *admin, const char *method, json_t *params)
{
    struct rpc_error error = {0};
    json_t *result = rpc_call(admin->rpc, method, params, &error);
    if (!result)
        complain(&error);
    rpc_error_clear(&error);
    return result;
}

json_t *admin_targets(struct admin *admin)
{
    return call(admin, "target.list", json_pack("{s:b}", "detail", 1));
}

json_t *admin_accounts(struct admin *admin)
{
    return call(admin, "account.list", NULL);
}

pid_t admin_pid(struct admin *admin)
{
    json_t *system = call(admin, "system.show", NULL);
    pid_t pid = (pid_t)json_integer_value(json_object_get(system, "pid"));
    json_decref(system);
    return pid;
}

bool admin_set_password(struct admin *admin, const char *account, const char *password)
{
    json_t *done =
        call(admin, "account.set", json_pack("{s:s, s:s}", "name", account, "password", password));
    json_decref(done);
    return done;
}

const json_t *admin_target_named(const json_t *targets, const char *name)
{
    size_t i;
    json_t *t;
    json_array_foreach(targets, i, t)
        if (g_strcmp0(json_string_value(json_object_get(t, "name")), name) == 0)
            return t;
    return NULL;
}

static json_int_t tid_at(const json_t *targets, size_t i)
{
    return json_integer_value(json_object_get(json_array_get(targets, i), "tid"));
}

unsigned admin_next_tid(const json_t *targets)
{
    size_t count = json_array_size(targets);
    json_int_t next = count > 0 ? tid_at(targets, count - 1) + 1 : 1;
    if (next <= G_MAXINT32)
        return (unsigned)next;
    next = 1;
    for (size_t i = 0; tid_at(targets, i) == next; i++)
        next++;
    return (unsigned)next;
}
