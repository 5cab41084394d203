/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iSNS (RFC 4171): what is registered with a server, and whom the server lets in. The protocol is
 * spoken by a process of its own, tgt-isns: what a server sends never touches the daemon. */
#ifndef CORE_ISNS_H
#define CORE_ISNS_H

#include <glib.h>
#include <stdbool.h>

struct isns;
struct tgt_target;

/* Settings, with the names that tgt gave them: X(name, default). */
#define ISNS_KEY_LIST(X)                                                                           \
    X(iSNS, "Off")                                                                                 \
    X(iSNSServerIP, "")                                                                            \
    X(iSNSServerPort, "3205")                                                                      \
    X(iSNSAccessControl, "Off")                                                                    \
    X(iSNSListenPort, "0")

enum isns_key {
#define X(name, value) ISNS_##name,
    ISNS_KEY_LIST(X)
#undef X
        ISNS_KEYS
};

/* How it stands: X(NAME, word). The first three are the daemon's to say, the others the helper's.
 */
#define ISNS_STATE_LIST(X)                                                                         \
    X(OFF, "off")                                                                                  \
    X(STARTING, "starting")                                                                        \
    X(NO_HELPER, "no helper")                                                                      \
    X(IDLE, "idle")               /* there is nothing to register */                               \
    X(UNREACHABLE, "unreachable") /* the server, or it does not speak iSNS */                      \
    X(REFUSED, "refused")         /* the server does not take all that there is */                 \
    X(REGISTERED, "registered")

enum isns_state {
#define X(name, word) ISNS_STATE_##name,
    ISNS_STATE_LIST(X)
#undef X
        ISNS_STATES
};

/* All on the main thread, but for isns_admits(). */
struct isns *isns_new(void);
/* The daemon ends: have everything deregistered. It takes a moment, see isns_over(). NULL is fine.
 */
void isns_stop(struct isns *isns);
bool isns_over(const struct isns *isns);
/* A helper that is left is killed. NULL is fine. */
void isns_free(struct isns *isns);

/* Change settings: `names` and `values` are NULL-terminated; all or none. */
bool isns_set(struct isns *isns, const char *const *names, const char *const *values,
              GError **error);
const char *isns_key_name(enum isns_key key);
const char *isns_value(const struct isns *isns, enum isns_key key);
/* Under which identifier the server knows this daemon; free with g_free(). */
char *isns_entity(void);

const char *isns_state_word(enum isns_state state);
enum isns_state isns_state(const struct isns *isns);
/* A sentence about it for eyes, or "". */
const char *isns_detail(const struct isns *isns);
/* What the helper says of itself; false: there is no such state. */
bool isns_report(struct isns *isns, const char *state, const char *detail);

/* Targets or portals have changed: the helper looks again. Nothing happens where there is none. */
void isns_changed(void);

/* The server says that these, and only these, share a discovery domain with the target. */
void isns_admit(struct tgt_target *target, char *const *initiators);
/* May this initiator in, as far as iSNS is concerned? Yes, unless iSNS and its access control are
 * on; then only whom the server has named: nobody before it has answered, and while it cannot be
 * reached those whom it named last. `initiator` NULL: only addresses are judged. Any thread; the
 * caller holds target->lock. */
bool isns_admits(const struct tgt_target *target, const char *initiator);

#endif
