/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that are to go: initiators are asked to log out, and after a deadline the sessions are
 * dropped. */
#ifndef CORE_FAREWELL_H
#define CORE_FAREWELL_H

#include <glib.h>
#include <stdint.h>
#include <tgt/transport.h>

struct farewell;

struct farewell_count {
    unsigned asked, dropped, left; /* of those asked: dropped so far, and still there */
};
/* Called once, from the main loop or from farewell_end(). */
typedef void farewell_done(const struct farewell_count *count, void *data);

/* Ask the sessions with these numbers (uint64_t) to log out within `seconds`; 0: drop them at once.
 * `done` never comes from within this call; then the farewell is gone. Main thread, as all here. */
struct farewell *farewell_new(const GArray *ids, unsigned seconds, enum tgt_close_reason reason,
                              farewell_done *done, void *data);
/* Drop now what is left. */
void farewell_hasten(struct farewell *farewell);
/* Wait no more, drop nothing more: `done` is called. */
void farewell_end(struct farewell *farewell);

struct farewell_count farewell_count(const struct farewell *farewell);
/* Seconds until sessions are dropped, rounded up. */
unsigned farewell_seconds(const struct farewell *farewell);

#endif
