/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying from and to mapped files, whose pages may be gone by then. */
#ifndef CORE_COPY_MAPPED_H
#define CORE_COPY_MAPPED_H

#include <stddef.h>

/* tgt_copy_mapped() of host.h. */
int copy_mapped(void *to, const void *from, size_t length);
/* Before copy_mapped() is called: SIGBUS is dealt with from here on, but for the faults of
 * others. */
void copy_mapped_init(void);

#endif
