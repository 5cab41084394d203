/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives up what this process does not need: it reads what strangers send. */
#ifndef ISNS_CONFINE_H_
#define ISNS_CONFINE_H_

#include <stdbool.h>

/* Sanitizers reserve terabytes of addresses, make a thread and trace themselves at the end. */
#ifndef __has_feature
#define __has_feature(x) 0 /* gcc has macros instead */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Without root's rights, new programs, large memory, files of its own. What is open stays open. */
void confine(void);

#endif
