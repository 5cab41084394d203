/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgt's management wire, as tgtadm programs of tgt 1.0 speak it: a struct of 120 bytes in the
 * byte order of the machine and text of "key=value,…", answered by two numbers and text. */
#ifndef LEGACY_WIRE_H
#define LEGACY_WIRE_H

#include "adm.h"

#define WIRE_HEAD     120u
#define WIRE_TEXT_MAX 8192u /* with its NUL */

/* A request on its way. */
struct wire_request {
    uint8_t head[WIRE_HEAD];
    char text[WIRE_TEXT_MAX + 1]; /* always ends with NUL */
    char lld[65];
};

/* Bytes of the text that belongs to a head; WIRE_TEXT_MAX + 1 or more: not to be taken. */
size_t wire_text_size(const struct wire_request *request);
/* What is asked for; false: that makes no sense. Texts of `adm` are those of the request, which is
 * cut in pieces. Whether things exist is another matter. */
bool wire_decode(struct wire_request *request, struct adm *adm);

/* One visit on the socket `fd`: a request is read, run, answered. May wait. */
void wire_serve(int fd, struct legacy *legacy);

#endif
