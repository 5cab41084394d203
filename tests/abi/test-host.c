/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of services is complete. */
#include <glib.h>
#include <string.h>

#include "plugin.h"

/* Every pointer behind the version numbers is there: a service that the header offers and nobody
 * implements would crash plugins. */
static void has_every_service(void)
{
    const struct tgt_host *host = host_table();
    const size_t first = offsetof(struct tgt_host, version);
    g_assert_cmpuint(host->struct_size, ==, sizeof *host);
    for (size_t at = first; at < sizeof *host; at += sizeof(void *)) {
        void *service;
        memcpy(&service, (const char *)host + at, sizeof service);
        if (!service)
            g_error("nothing at offset %zu of struct tgt_host", at);
    }
}

static void says_its_abi(void)
{
    g_assert_cmpuint(host_table()->abi_major, ==, TGT_ABI_MAJOR);
    g_assert_cmpuint(host_table()->abi_minor, ==, TGT_ABI_MINOR);
    g_assert_nonnull(host_table()->version);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/abi/host/has_every_service", has_every_service);
    g_test_add_func("/abi/host/says_its_abi", says_its_abi);
    return g_test_run();
}
