/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program for its answer: without a shell, for a limited time, with limited output. */
#ifndef ISCSI_PROGRAM_H
#define ISCSI_PROGRAM_H

#include <glib.h>
#include <stdbool.h>

#define ISCSI_PROGRAM_OUTPUT 512u

struct iscsi_program {
    char **argv;                       /* argv[0] is a path */
    unsigned timeout_ms;               /* then it is killed, with all that it has started */
    gint stop;                         /* atomic: not 0: nobody waits for it any more */
    char output[ISCSI_PROGRAM_OUTPUT]; /* the beginning of what it has written, ended by NUL */
    char why[160];                     /* what went wrong */
};

/* Blocks, so that a worker has to do it. True: it has ended with status 0. */
bool iscsi_program_run(struct iscsi_program *program);

#endif
