/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets that come from anywhere but the command line, which everybody can read. */
#ifndef TOOLS_PASSWORD_H
#define TOOLS_PASSWORD_H

#include "args.h"

/* From --password-file, --password-stdin or --password-credential, exactly one of which is wanted;
 * without the newline at its end. NULL: stderr says what is wrong. Free with password_free(). */
char *password_read(const struct args *args);
void password_free(char *password);

#endif
