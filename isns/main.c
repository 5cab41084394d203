/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgt-isns: registers the targets of a tgtd, which starts it, with an iSNS server. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "confine.h"
#include "isns-helper.h"

static int is_ours(void)
{
    int type;
    socklen_t len = sizeof(type);
    return getsockopt(ISNS_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_STREAM;
}

int main(void)
{
    if (!is_ours()) {
        fputs("tgt-isns: tgtd starts this program when iSNS=On is set: tgtctl isns set iSNS=On\n",
              stderr);
        return 1;
    }
    /* Service managers end all processes of a service at once; we have to deregister first. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    confine();
    return agent_run(ISNS_FD_CONTROL, ISNS_FD_CHANGED);
}
