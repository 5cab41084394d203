/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Do the I/O threads still turn? Each is asked by a message and answers by taking it. */
#ifndef CORE_ALIVE_H
#define CORE_ALIVE_H

struct alive;
struct threads;

/* Main thread, as all here. Free it when the threads have ended. */
struct alive *alive_new(struct threads *threads);
void alive_free(struct alive *alive); /* NULL is fine */
/* Ask each thread that owes no answer. */
void alive_ask(struct alive *alive);
/* How many threads owe an answer; `first`: the lowest index of them, if there is one. */
unsigned alive_silent(const struct alive *alive, unsigned *first);

#endif
