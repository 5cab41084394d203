/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logins that are sent to another address (RFC 7143 11.13.5, 13.8). */
#ifndef ISCSI_REDIRECT_H
#define ISCSI_REDIRECT_H

#include "login.h"

struct iscsi_redirect_call;

/* Once per login, when its target is known. True: the login is answered, or will go on by
 * iscsi_login_go_on() when a program has said where to. */
bool iscsi_redirect_begin(struct iscsi_conn *c);
/* The login is over: nobody waits for the program any more. NULL is fine. */
void iscsi_redirect_forget(struct iscsi_redirect_call *call);

#endif
