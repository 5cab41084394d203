/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transport without a socket: runs the daemon's parts in the test's process and sends commands
 * from the test's (main) thread. */
#ifndef TESTS_FAKE_TRANSPORT_H
#define TESTS_FAKE_TRANSPORT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <tgt/tgt.h>

#include "lu.h"
#include "nexus.h"

/* How the daemon's parts are started; zero values are defaults: 1 thread, ring "auto", 64 MiB of
 * buffers. */
struct fake_config {
    unsigned threads;
    const char *ring;
    uint64_t buffer_memory;
    const char *state_dir; /* NULL: nothing is kept */
};

struct fake;

/* Plugins are looked for in TGT_PLUGIN_PATH. One target is there, open to all. Ends the program if
 * that fails. */
struct fake *fake_start(const struct fake_config *config);
/* Closes all nexuses that are open, deletes LUs and target. */
void fake_stop(struct fake *f);
struct tgt_target *fake_target(struct fake *f);
struct tgt_thread *fake_thread(struct fake *f, unsigned index);
/* Run `fn` on an I/O thread and wait for it. */
void fake_call(struct tgt_thread *thread, void (*fn)(void *data), void *data);
/* Iterate the main context until *flag. Ends the program after 20 seconds. */
void fake_until(const bool *flag);

/* `words`: "store.type", "key=value" options of the store, as in "mem", "size=1M". NULL: without a
 * store. */
struct core_lu *fake_lun(struct fake *f, uint16_t lun, const char *type, const char *store,
                         const char *const *options);
struct core_lu *fake_lun_request(struct fake *f, const struct lu_request *request);
void fake_lun_delete(struct core_lu *lu);

/* A nexus on a thread (the number is taken modulo the number of threads); `name` is the
 * initiator's. */
struct fake_nexus;
struct fake_nexus *fake_nexus_open(struct fake *f, unsigned thread, const char *name);
/* Nexuses that are opened from now on say that an older one of their initiator port was dropped. */
void fake_lost_before(struct fake *f, bool lost_before);
struct tgt_nexus *fake_nexus_core(struct fake_nexus *n);
/* tgt_nexus_close(), and wait for its end. */
void fake_nexus_close(struct fake_nexus *n);
/* The same without waiting; fake_nexus_wait() frees it. */
void fake_nexus_close_start(struct fake_nexus *n);
void fake_nexus_wait(struct fake_nexus *n);
/* How often the core asked the transport to close it, and the last reason. */
unsigned fake_nexus_close_asked(struct fake_nexus *n, enum tgt_close_reason *reason);

/* What has happened to a command. */
enum fake_event {
    FAKE_SUBMITTED = 1, /* it is about to be given to the core */
    FAKE_DATA_OUT = 2,  /* data_out() was called */
    FAKE_ABORT = 4,     /* abort() was called */
    FAKE_RESPOND = 8,   /* respond() was called; the result is there */
    FAKE_RELEASED = 16, /* the core has it back */
};

/* A command of the test: fill the upper part, or use fake_cmd(). The test's, but for what an I/O
 * thread writes under the lock of `fake`. */
struct fake_cmd {
    struct fake_nexus *nexus;
    uint8_t lun[8];
    uint64_t tag; /* 0: a new one */
    uint8_t attr;
    uint8_t cdb[TGT_CDB_MAX];
    uint16_t cdb_len;
    const void *out;   /* out_len bytes that live until the release */
    uint32_t out_len;  /* EDTL in the direction of writing */
    uint32_t in_len;   /* EDTL in the direction of reading */
    bool hold_data;    /* data_out() waits for fake_data() */
    bool hold_respond; /* respond() waits for fake_respond() */
    bool ignore_abort; /* abort() does not end the wait for data (the initiator still owes it) */
    /* Out. */
    unsigned events; /* enum fake_event, ored */
    unsigned number; /* its response was the number-th of the fake */
    bool refused;    /* cmd_new() gave none */
    bool aborted;
    uint8_t status;
    uint8_t sense[TGT_SENSE_MAX];
    unsigned sense_len;
    int64_t residual_out, residual_in;
    uint32_t out_asked; /* cmd->out.len */
    uint32_t in_full;   /* cmd->in.len */
    uint8_t *in;        /* min(in_full, in_len) bytes */
    uint32_t in_got;
    struct tgt_cmd *cmd; /* I/O thread's */
    struct tgt_msg msg;
};

/* A new command, not sent. `lun` is encoded. */
struct fake_cmd *fake_cmd_new(struct fake_nexus *n, uint16_t lun, const void *cdb,
                              unsigned cdb_len);
void fake_cmd_free(struct fake_cmd *c); /* it was never sent, or is released */
void fake_submit(struct fake_cmd *c);
/* All of these events have happened. Ends the program after 20 seconds. */
void fake_wait(struct fake_cmd *c, unsigned events);
bool fake_happened(struct fake_cmd *c, unsigned events);
/* End the wait of hold_data: fill in the data and say `result`. */
void fake_data(struct fake_cmd *c, int result);
/* End the wait of hold_respond. */
void fake_respond(struct fake_cmd *c);
/* Its state, as seen on its thread; it is not released. */
enum tgt_cmd_state fake_state(struct fake_cmd *c);
/* Wait until it has that state. */
void fake_wait_state(struct fake_cmd *c, enum tgt_cmd_state state);

/* Wait until the core has marked it as aborted; it is not released. */
void fake_wait_aborted(struct fake_cmd *c);

/* Send, wait for the release. */
struct fake_cmd *fake_run(struct fake_nexus *n, uint16_t lun, const void *cdb, unsigned cdb_len,
                          const void *out, uint32_t out_len, uint32_t in_len);
/* The same, for what is expected to be GOOD without data: the unit attention of a new nexus and so
 * on is the caller's business. */
void fake_expect_good(struct fake_cmd *c);
/* CHECK CONDITION with this sense; fixed or descriptor format. */
void fake_expect_sense(struct fake_cmd *c, enum tgt_sense sense);
enum tgt_sense fake_sense(const struct fake_cmd *c);
/* TEST UNIT READY until GOOD: clears unit attentions. */
void fake_clear_attention(struct fake_nexus *n, uint16_t lun);

/* Task management. */
struct fake_tmf;
struct fake_tmf *fake_tmf_start(struct fake_nexus *n, enum tgt_tmf_function function, uint16_t lun,
                                uint64_t ref_tag);
bool fake_tmf_done(struct fake_tmf *t);
/* Waits and frees. `number`: among the responses, may be NULL. */
enum tgt_tmf_response fake_tmf_finish(struct fake_tmf *t, unsigned *number);
enum tgt_tmf_response fake_tmf(struct fake_nexus *n, enum tgt_tmf_function function, uint16_t lun,
                               uint64_t ref_tag);

#endif
