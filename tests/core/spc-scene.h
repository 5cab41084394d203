/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One disk and two initiators, each on its own I/O thread, for the tests of SPC commands. */
#ifndef TESTS_CORE_SPC_SCENE_H
#define TESTS_CORE_SPC_SCENE_H

#include "scene.h"

/* Set up before and torn down after each test. */
struct spc {
    struct fake *fake;
    struct core_lu *lu;       /* LUN 1: "mem", 1 MiB */
    struct fake_nexus *a, *b; /* no unit attention pending */
};

/* A test and how its LU differs from the usual disk. */
struct spc_test {
    const char *name;
    void (*fn)(struct spc *s);
    bool removable, legacy, thin, no_state_dir, read_only;
};

/* Adds them as /`suite`/name and runs them all: main() of a test program. */
int spc_main(int argc, char **argv, const char *suite, const struct spc_test *tests,
             unsigned count);

/* Run a CDB on LUN 1: without data, with `len` bytes of room for data, with data. */
#define SPC_CDB(...)               (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define SPC_RUN(n, ...)            fake_run(n, 1, SPC_CDB(__VA_ARGS__), NULL, 0, 0)
#define SPC_IN(n, len, ...)        fake_run(n, 1, SPC_CDB(__VA_ARGS__), NULL, 0, len)
#define SPC_OUT(n, data, len, ...) fake_run(n, 1, SPC_CDB(__VA_ARGS__), data, len, 0)

/* What came of it; all free the command. */
void spc_good(struct fake_cmd *c);
void spc_status(struct fake_cmd *c, enum tgt_status status);
void spc_sense(struct fake_cmd *c, enum tgt_sense sense);
/* INVALID FIELD IN CDB with this pointer (fixed format). */
void spc_field(struct fake_cmd *c, unsigned byte, int bit);
/* INVALID FIELD IN PARAMETER LIST; bit -1: none. */
void spc_param(struct fake_cmd *c, unsigned byte, int bit);
/* GOOD with these bytes. */
void spc_data(struct fake_cmd *c, const void *bytes, size_t len);
/* GOOD; the bytes, to be freed. */
uint8_t *spc_take(struct fake_cmd *c, uint32_t *len);

/* A unit attention is pending for `n`, and then none. */
void spc_attention(struct fake_nexus *n, enum tgt_sense sense);
void spc_ready(struct fake_nexus *n);
/* As if the nexus had come over iSCSI. */
void spc_set_protocol(struct fake_nexus *n, uint8_t protocol);

#endif
