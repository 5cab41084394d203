/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl isns: registration with an iSNS server. */
#include <stdio.h>

#include "ctl.h"

static enum ctl_exit isns_show(struct ctl *ctl)
{
    json_t *isns = ctl_call(ctl, "isns.show", NULL), *value;
    const char *name;
    if (!isns)
        return ctl->status;
    if (ctl_json(ctl, isns))
        return CTL_OK;
    json_object_foreach(isns, name, value)
        if (*json_string_value(value))
            printf("%-18s %s\n", name, json_string_value(value));
    json_decref(isns);
    return CTL_OK;
}

static enum ctl_exit isns_set(struct ctl *ctl)
{
    json_t *params = json_object();
    if (ctl_put_values_from(ctl, 0, params))
        return ctl_do(ctl, "isns.set", params);
    json_decref(params);
    return CTL_USAGE;
}

const struct command ctl_isns_commands[] = {
    {"isns",
     "show",
     "",
     "Show how targets are registered with an iSNS server",
     0,
     0,
     isns_show,
     {NULL}},
    {"isns",
     "set",
     "KEY=VALUE...",
     "Register with an iSNS server: iSNS=On iSNSServerIP=ADDRESS",
     1,
     0,
     isns_set,
     {NULL}},
    {0},
};
