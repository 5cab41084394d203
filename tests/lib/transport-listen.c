/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test transport "listen": opens portals that nobody can reach, so that tests see what the core
 * makes of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tgt/tgt.h>

/* Kept by the host: what is not given back shows as a leak. */
struct listener {
    uint16_t port;
};

static const struct tgt_param portal_params[] = {
    {.name = "ipv6", .type = TGT_PARAM_BOOL, .def = "on", .help = "Have IPv6."},
};

static const struct tgt_param target_params[] = {
    {.name = "Depth",
     .type = TGT_PARAM_UINT,
     .def = "32",
     .min = 1,
     .max = 100,
     .help = "A number."},
    {.name = "Shout", .type = TGT_PARAM_BOOL, .def = "off", .help = "A switch."},
    {.name = "Digest",
     .type = TGT_PARAM_ENUM,
     .def = "None",
     .choices = "None CRC32C",
     .help = "A choice."},
};

static bool refuse_threads(void)
{
    return getenv("TGT_TEST_REFUSE_THREADS") != NULL;
}

static int listen_thread_attach(struct tgt_thread *thread, void **data)
{
    if (refuse_threads() && tgt_thread_index(thread) == 1)
        return -EMFILE;
    *data = malloc(1);
    return *data ? 0 : -ENOMEM;
}

static void listen_thread_detach(struct tgt_thread *thread, void *data)
{
    (void)thread;
    free(data);
}

static int listen_portal_open(const struct tgt_portal_args *args, struct tgt_portal_info *info,
                              void **portal, struct tgt_error *err)
{
    if (strcmp(args->address, "192.0.2.1") == 0)
        return tgt_error_set(err, EADDRNOTAVAIL, "192.0.2.1 is not an address of this host");
    if (strchr(args->address, ':') && !tgt_param_bool(args->params, "ipv6"))
        return tgt_error_set(err, EAFNOSUPPORT, "there is no IPv6");
    struct listener *l = calloc(1, sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    l->port = args->port ? args->port : 50001;
    strncpy(info->address, args->address, sizeof info->address - 1);
    info->port = l->port;
    *portal = l;
    return 0;
}

static void listen_portal_close(void *portal)
{
    free(portal);
}

static void nothing(struct tgt_cmd *cmd)
{
    (void)cmd;
}

static void no_nexus(struct tgt_nexus *nexus, enum tgt_close_reason reason)
{
    (void)nexus;
    (void)reason;
}

static const struct tgt_transport_ops listen_ops = {
    .struct_size = sizeof(struct tgt_transport_ops),
    .portal_param_count = sizeof portal_params / sizeof portal_params[0],
    .target_param_count = sizeof target_params / sizeof target_params[0],
    .param_size = sizeof(struct tgt_param),
    .portal_params = portal_params,
    .target_params = target_params,
    .portal_open = listen_portal_open,
    .portal_close = listen_portal_close,
    .thread_attach = listen_thread_attach,
    .thread_detach = listen_thread_detach,
    .data_out = nothing,
    .respond = nothing,
    .abort = nothing,
    .nexus_close = no_nexus,
};

TGT_PLUGIN_DEFINE(TRANSPORT, "listen", "1.0.0", "LGPL-2.1-or-later",
                  "A transport for tests that only listens", "transport:listen", &listen_ops, NULL,
                  NULL, TGT_NO_PARAMS);
