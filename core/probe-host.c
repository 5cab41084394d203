/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of services for a plugin that is only tried: what load() may use works, the rest is not
 * there.
 *
 * Linked in place of host.c, so that tgt-plugin-probe is small and the rest of the daemon stays out
 * of it. */
#include "config.h"
#include "error.h"
#include "plugin-private.h"

/* The real load() says it again. */
static void say_nothing(enum tgt_log_level level, const char *fmt, ...)
{
}

static struct tgt_thread *no_thread(void)
{
    return NULL;
}

static void drop_message(struct tgt_thread *thread, struct tgt_msg *msg)
{
}

/* Nothing will ever happen here: the probe has no main loop. */
static struct tgt_watch *no_watch(int fd, void (*fn)(int fd, void *data), void *data)
{
    return NULL;
}

static void end_watch(struct tgt_watch *watch)
{
}

static void no_target(const struct tgt_access *access, void (*fn)(const char *name, void *data),
                      void *data)
{
}

static void visit_none(const struct tgt_access *access,
                       void (*fn)(const struct tgt_target *target, void *data), void *data)
{
}

static void no_portal(const struct tgt_plugin *self,
                      void (*fn)(const struct tgt_portal_info *info, uint16_t tpgt, void *data),
                      void *data)
{
}

static const struct tgt_host table = {
    .struct_size = sizeof(struct tgt_host),
    .abi_major = TGT_ABI_MAJOR,
    .abi_minor = TGT_ABI_MINOR,
    .version = PACKAGE_VERSION,
    .log = say_nothing,
    .error_set = core_error_set,
    .param_str = params_str,
    .param_uint = params_uint,
    .param_bool = params_bool,
    .plugin_data_set = plugin_data_set,
    .plugin_data = plugin_data,
    .thread_self = no_thread,
    .thread_pick = no_thread,
    .thread_post = drop_message,
    .watch_add = no_watch,
    .watch_remove = end_watch,
    .target_each = no_target,
    .target_visit = visit_none,
    .portal_each = no_portal,
};

const struct tgt_host *host_table(void)
{
    return &table;
}
