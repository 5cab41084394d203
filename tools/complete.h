/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may follow on a command line of tgtctl, for the completion of shells. */
#ifndef TOOLS_COMPLETE_H
#define TOOLS_COMPLETE_H

#include "ctl.h"

/* What is being typed. */
struct typing {
    GPtrArray *words;          /* char *: noun, verb, arguments before the present word */
    const char *option;        /* its value is the present word; NULL: it is no value */
    const char *present;       /* beginning of the present word, or of its value */
    const char *socket, *port; /* --socket and --control-port as typed; NULL */
    GPtrArray *found;          /* char *: "word" or "word<TAB>what it is" */
    bool files;                /* the shell is to offer names of files */
};

/* Offer `word` if it begins as what is typed; `help` may be NULL. */
void complete_offer(struct typing *t, const char *word, const char *help);
/* complete-live.c: what the daemon knows: "targets", "luns", "plugins", … Nothing where it does not
 * answer at once. */
void complete_live(struct typing *t, const char *kind);

#endif
