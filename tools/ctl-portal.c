/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl portal: where the daemon listens. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static char *address_of(const json_t *p)
{
    const char *address = ctl_text(p, "address");
    const char *form = strchr(address, ':') ? "[%s]:%d" : "%s:%d";
    return form[0] == '[' ? g_strdup_printf("[%s]:%d", address, (int)ctl_int(p, "port"))
                          : g_strdup_printf("%s:%d", address, (int)ctl_int(p, "port"));
}

static enum ctl_exit portal_list(struct ctl *ctl)
{
    json_t *list = ctl_call(ctl, "portal.list", NULL), *p;
    size_t i;
    if (!list)
        return ctl->status;
    if (ctl_json(ctl, list))
        return CTL_OK;
    struct table *table = table_new("TRANSPORT PORTAL >TPGT ANNOUNCED");
    json_array_foreach(list, i, p) {
        g_autofree char *address = address_of(p);
        table_cell(table, ctl_text(p, "transport"));
        table_cell(table, address);
        table_cellf(table, "%" JSON_INTEGER_FORMAT, ctl_int(p, "tpgt"));
        table_cell(table, ctl_text(p, "announce") ? ctl_text(p, "announce") : "-");
    }
    ctl_print(ctl, table);
    json_decref(list);
    return CTL_OK;
}

static json_t *params_of(const struct ctl *ctl)
{
    json_t *params = json_pack("{s:s}", "address", ctl_word(ctl, 0));
    ctl_put_options(ctl, params);
    return params;
}

static enum ctl_exit portal_add(struct ctl *ctl)
{
    json_t *params = params_of(ctl);
    ctl_put_opts(ctl, params);
    json_t *portal = ctl_call(ctl, "portal.add", params);
    if (!portal)
        return ctl->status;
    if (ctl_json(ctl, portal))
        return CTL_OK;
    g_autofree char *address = address_of(portal);
    printf("%s listens on %s\n", ctl_text(portal, "transport"), address);
    json_decref(portal);
    return CTL_OK;
}

static enum ctl_exit portal_delete(struct ctl *ctl)
{
    return ctl_do(ctl, "portal.delete", params_of(ctl));
}

const struct command ctl_portal_commands[] = {
    {"portal",
     "list",
     "",
     "List the addresses on which the daemon listens",
     0,
     0,
     portal_list,
     {NULL}},
    {"portal",
     "add",
     "ADDR[:PORT]",
     "Listen on an address",
     1,
     1,
     portal_add,
     {"transport", "opt"},
     .tolerates = "if-not-exists"},
    {"portal",
     "delete",
     "ADDR:PORT",
     "Stop to listen; sessions stay",
     1,
     1,
     portal_delete,
     {"transport"},
     .tolerates = "if-exists"},
    {0},
};
