/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to an iSNS server, and its answers (RFC 4171 5.6, 5.7). */
#ifndef ISNS_SERVER_H_
#define ISNS_SERVER_H_

#include <glib.h>
#include <libisns/isns.h>
#include <stdbool.h>

#include "wire.h"

struct question {
    uint16_t function;  /* enum isns_function */
    bool replace;       /* what is registered under this key goes first */
    const char *source; /* name of one of our targets: it asks */
    isns_attr_list_t key, rest;
};

void question_clear(struct question *q);
/* Ask and wait. `answer`, NULL: of no interest, gets the attributes; empty before. False: the
 * server refuses (the error's code is its status), or it is lost (0). */
bool server_ask(struct wire *wire, const struct question *q, isns_attr_list_t *answer,
                GError **error);

#endif
