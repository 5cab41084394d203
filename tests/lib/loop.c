/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices, by losetup(8). */
#include "loop.h"

#include <glib.h>

char *loop_new(const char *path, bool read_only, char **why)
{
    char *argv[] = {(char *)"losetup",
                    (char *)"--show",
                    (char *)"-f",
                    (char *)path,
                    read_only ? (char *)"-r" : NULL,
                    NULL};
    g_autofree char *output = NULL, *errors = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status,
                      &error))
        *why = g_strdup_printf("no loop device: %s", error->message);
    else if (status != 0)
        *why = g_strdup_printf("no loop device: %s", g_strstrip(errors));
    else
        return g_strdup(g_strstrip(output));
    return NULL;
}

void loop_free(const char *device)
{
    char *argv[] = {(char *)"losetup", (char *)"-d", (char *)device, NULL};
    int status;
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
}
