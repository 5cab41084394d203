/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of an I_T_L. */
#ifndef CORE_ITL_H
#define CORE_ITL_H

#include <stdbool.h>

struct itl;

/* Leaves the LU: counts are kept there, reservation and prevention of removal end. On the nexus's
 * thread. */
void itl_free(struct itl *itl);
/* Whether this nexus may write to the LU, for commands that begin from now on. Any thread. */
void itl_set_read_only(struct itl *itl, bool read_only);

#endif
