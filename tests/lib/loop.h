/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices: block devices of tests. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <stdbool.h>

/* A loop device on `path`, or NULL with the reason. Free both. */
char *loop_new(const char *path, bool read_only, char **why);
void loop_free(const char *device);

#endif
