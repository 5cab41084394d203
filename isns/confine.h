/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives up what this process does not need: it reads what strangers send. */
#ifndef ISNS_CONFINE_H_
#define ISNS_CONFINE_H_

/* Without root's rights, new programs, large memory, files of its own. What is open stays open. */
void confine(void);

#endif
