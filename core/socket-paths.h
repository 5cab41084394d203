/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the sockets of an instance are, if the command line does not say it. */
#ifndef CORE_SOCKET_PATHS_H
#define CORE_SOCKET_PATHS_H

#include "daemon.h"

#define SOCKET_DIR "/run/tgtd"

/* Fill in `control_path`, unless it is set, and `legacy_path`. `port`: number of the instance. The
 * environment variable TGT_IPC_SOCKET names tgt's management socket, without ".PORT"; then the
 * control socket is beside it, at PATH.PORT.control, where rpc_path() looks for it, too. An
 * instance with a control socket of its own has no management socket but for that. */
void socket_paths(struct daemon_config *config, unsigned port);

#endif
