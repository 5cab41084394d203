/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of an I_T_L. */
#ifndef CORE_ITL_H
#define CORE_ITL_H

struct itl;

/* Leaves the LU: counts are kept there, reservation and prevention of removal end. On the nexus's
 * thread. */
void itl_free(struct itl *itl);

#endif
