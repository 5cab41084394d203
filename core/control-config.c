/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Methods config.*: the configuration as a whole. It is read, compared and applied by clients. */
#include "control-method.h"
#include "daemon.h"

static void config_generation_(struct control_call *call, const json_t *params)
{
    control_reply(call, json_pack("{s:I}", "generation", (json_int_t)daemon_get()->generation));
}

const struct control_method control_config_methods[] = {
    {"config.generation",
     "Number of the configuration, which every change raises: whoever has read the configuration "
     "and wants to change it can see whether it is still the same",
     true,
     config_generation_,
     {{0}}},
    {0},
};
