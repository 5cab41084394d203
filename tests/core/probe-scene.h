/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of commands begin with: a daemon, LU 0 of type "probe" over 128 KiB of memory, and one
 * nexus without unit attention. */
#ifndef TESTS_PROBE_SCENE_H
#define TESTS_PROBE_SCENE_H

#include "fake-transport.h"
#include "probe.h"

struct scene {
    struct fake *fake;
    struct core_lu *lu;
    struct fake_nexus *n;
};

/* For g_test_add(); `config`: const struct fake_config, or NULL. */
void scene_set_up(struct scene *s, gconstpointer config);
void scene_tear_down(struct scene *s, gconstpointer config);
#define SCENE_TEST(path, fn) g_test_add(path, struct scene, NULL, scene_set_up, fn, scene_tear_down)
#define SCENE_TEST_WITH(path, config, fn)                                                          \
    g_test_add(path, struct scene, config, scene_set_up, fn, scene_tear_down)

/* One more nexus on a thread, without unit attention for LU 0. */
struct fake_nexus *scene_nexus(struct scene *s, unsigned thread, const char *name);

/* Send to LU 0 and wait; free the result. */
struct fake_cmd *scene_run6(struct scene *s, uint8_t opcode, uint8_t b1, uint8_t b2, uint8_t b3,
                            uint8_t b4, uint32_t in_len);
/* The same without data, and without looking at the result. */
void scene_do(struct fake_nexus *n, uint8_t opcode, uint8_t b1, uint8_t b2);
/* A block command of probe.h, not sent. */
struct fake_cmd *scene_block(struct fake_nexus *n, uint8_t opcode, uint32_t lba, uint16_t count,
                             uint8_t turns);
/* A command without data, not sent. */
struct fake_cmd *scene_cmd(struct fake_nexus *n, uint8_t opcode, uint8_t b1,
                           enum tgt_task_attr attr);
/* INVALID FIELD IN CDB with this pointer, in fixed format. */
void scene_expect_field(struct fake_cmd *c, unsigned byte, int bit);
/* Tags of the commands that have begun, oldest first; free with g_array_unref(). */
GArray *scene_log(struct fake_nexus *n);
/* Number of times that a claim was not kept. */
uint64_t scene_violations(struct fake_nexus *n);

#endif
