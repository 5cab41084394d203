/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the time of commands goes: histograms by logical unit, class of command and stage. */
#ifndef CORE_LATENCY_H
#define CORE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

struct core_cmd;
struct core_lu;
struct lu_share;
struct tgt_thread;

/* Classes of commands: X(NAME, word). */
#define LATENCY_CLASS_LIST(X)                                                                      \
    X(READ, "read")   /* data come from the medium */                                              \
    X(WRITE, "write") /* data go to the medium */                                                  \
    X(OTHER, "other")

/* Stages of a command, in nanoseconds, and its size in bytes: X(NAME, word). The stages before
 * TOTAL add up to it. */
#define LATENCY_STAGE_LIST(X)                                                                      \
    X(RECEIVE, "receive") /* from the turn in which its first bytes were read to its last byte */  \
    X(SCSI, "scsi")       /* checks, waits for buffers and other tasks, the device type */         \
    X(STORE, "store")     /* the backing store; nothing where it lends its memory */               \
    X(SEND, "send")       /* from the response to the last byte sent */                            \
    X(TOTAL, "total")

enum latency_class {
#define X(name, word) LATENCY_##name,
    LATENCY_CLASS_LIST(X)
#undef X
        LATENCY_CLASSES
};

enum latency_stage {
#define X(name, word) LATENCY_##name,
    LATENCY_STAGE_LIST(X)
#undef X
        LATENCY_STAGES
};

/* What one I/O thread has measured of one class on one LU; its thread writes. */
struct latency {
    struct latency *next; /* of the LU, by other threads */
    struct histogram stages[LATENCY_STAGES], size;
};

/* Of one class on one LU, over all threads. */
struct latency_sum {
    struct histogram_sum stages[LATENCY_STAGES], size;
};

/* A command's times, while it is under way. */
struct cmd_clock {
    uint64_t start, ready, store, respond; /* clock_ns(); store: when it was entered last */
    uint64_t store_ns;                     /* time in the store so far */
};

/* Whether a thread measures every command, or some of them when it has several at a time. */
struct latency_pace {
    uint64_t turn; /* tgt_thread.now of the present turn */
    unsigned seen; /* commands of this turn */
    bool some;     /* the turn before had several */
    uint32_t dice;
};

const char *latency_class_name(enum latency_class class);
const char *latency_stage_name(enum latency_stage stage);

/* The course of a command, on its thread. */
void latency_start(struct core_cmd *c); /* it is new */
void latency_ready(struct core_cmd *c); /* all that comes with it is there; the last call counts */
void latency_store_enter(struct core_cmd *c);
void latency_store_leave(struct core_cmd *c);
void latency_respond(struct core_cmd *c);
void latency_end(struct core_cmd *c); /* before it leaves its LU: into the histograms */

/* Sum up; false: there is nothing. Any thread, while the LU is there. */
bool latency_collect(const struct core_lu *lu, enum latency_class class, struct latency_sum *sum);
/* Forget what this thread has measured. On the thread. */
void latency_clear(struct lu_share *share);
/* With the LU. */
void latency_free(struct core_lu *lu);

#endif
