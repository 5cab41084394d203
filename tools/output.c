/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A full disk behind a redirection is an error like any other. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool output_written(const char *program)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    int problem = errno ? errno : EIO; /* an earlier write has failed, nobody knows why */
    if (problem != EPIPE)
        fprintf(stderr, "%s: the output cannot be written: %s\n", program, strerror(problem));
    errno = problem;
    return false;
}
