/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtadm: one command of tgt's, on a connection of its own. */
#include <stdio.h>

#include "legacy.h"
#include "output.h"

int main(int argc, char **argv)
{
    g_autoptr(GString) out = g_string_new(NULL), err = g_string_new(NULL);
    struct legacy *legacy = legacy_new(NULL);
    int status = legacy_run(legacy, argc, argv, out, err);
    legacy_free(legacy);
    fwrite(out->str, 1, out->len, stdout);
    bool written = output_written("tgtadm");
    fputs(err->str, stderr);
    return written || status != LEGACY_OK ? status : LEGACY_REFUSED;
}
