/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the command lines of standard input in one session with the daemon whose socket is named:
 *     run-all CONTROL-SOCKET < COMMANDS
 * Prints their output; for each that fails, "STATUS: " and its standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "legacy.h"
#include "rpc.h"

static void run(struct legacy *legacy, const char *line)
{
    int argc = 0;
    g_auto(GStrv) argv = NULL;
    g_autofree char *whole = g_strconcat("tgtadm ", line, NULL);
    g_autoptr(GString) out = g_string_new(NULL), err = g_string_new(NULL);
    if (!g_shell_parse_argv(whole, &argc, &argv, NULL))
        abort();
    int status = legacy_run(legacy, argc, argv, out, err);
    fputs(out->str, stdout);
    if (status != LEGACY_OK || err->len > 0)
        printf("%d: %s", status, err->str);
}

int main(int argc, char **argv)
{
    char line[4096];
    struct rpc_error error = {0};
    struct rpc *rpc = argc == 2 ? rpc_open(argv[1], 0, &error) : NULL;
    if (!rpc) {
        fprintf(stderr, "run-all: %s\n", error.message ? error.message : "one argument is needed");
        return 1;
    }
    struct legacy *legacy = legacy_new(rpc);
    while (fgets(line, sizeof line, stdin))
        run(legacy, g_strchomp(line));
    legacy_free(legacy);
    return 0;
}
