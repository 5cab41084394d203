/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of tgtd. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "daemon.h"

/* One "--TRANSPORT key=value,…"; several of the same transport are one. */
struct transport_option {
    char *name;
    GPtrArray *portals; /* char *, in the order given, as portal_add() takes them */
    GPtrArray *options; /* char *, "key=value", then NULL */
    bool from_file;     /* the portals are of the settings file: the command line replaces them */
};

struct options {
    struct daemon_config config;
    GPtrArray *transports; /* struct transport_option */
    bool foreground;       /* no daemon; log to stderr */
    bool nodaemonize;      /* no daemon; log to syslog */
    bool debug;
    unsigned port;         /* number of the instance, -C */
    char *pid_file;
    char *targets_file; /* --config; NULL: none */
};

/* What to do after the command line was read. */
enum options_verdict {
    OPTIONS_RUN,
    OPTIONS_DONE,  /* --help or --version has been answered: end with status 0 */
    OPTIONS_WRONG, /* stderr says what is wrong: end with status 1 */
};

enum options_verdict options_parse(struct options *options, int argc, char **argv);
void options_clear(struct options *options);

#endif
