/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the fake world. */
#ifndef FAKE_PRIVATE_H
#define FAKE_PRIVATE_H

#include "../session.h"
#include "../task.h"
#include "fake.h"

struct fake_conn {
    struct iscsi_conn conn; /* first */
    struct fake *fake;
    bool wants_flush, finishing;
};

struct fake {
    struct iscsi_thread thread;
    struct iscsi_engine *engine;
    uint64_t now;
    GQueue msgs;   /* struct tgt_msg */
    GList *timers; /* struct fake_timer */
    GList *conns;  /* struct fake_conn that are open */
    GQueue sent;   /* GBytes */
    GList *cmds;   /* struct fake_cmd that wait for something to happen */
    bool starving, choking;
    bool reverse;     /* messages */
    bool attention;   /* all LUs have a unit attention */
    unsigned hinders; /* enum tgt_dir: others wait for what any nexus holds */
    struct tgt_account incoming, outgoing; /* without names: there is none */
    unsigned nexuses;
    char said[256]; /* what was logged last */
    char warned[256];  /* what was logged last as a warning */
    unsigned warnings; /* how often something was */
};

/* The one world, for the services of the host. */
struct fake *fake_world(void);
/* fake-core.c: let commands that wait go on; false: there was none. */
bool fake_core_run(struct fake *fake);
void fake_core_services(struct tgt_host *host);

#endif
