/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake transport with a state directory, and asynchronous requests of the control path as plain
 * calls. */
#ifndef TESTS_CORE_SCENE_H
#define TESTS_CORE_SCENE_H

#include "fake-transport.h"
#include "target.h"

/* fake_start() with two I/O threads and a fresh state directory. */
struct fake *scene_start(void);
/* The same on a state directory of scene_stop_keep(), or NULL: nothing is kept. */
struct fake *scene_start_on(const char *state_dir);
/* fake_stop(); the state directory goes, too. */
void scene_stop(struct fake *f);
/* Without removing it: for scene_start_on(), then scene_stop(). Free the name. */
char *scene_stop_keep(struct fake *f);

/* A test that runs on a scene of its own. */
struct scene_test {
    const char *name;
    void (*fn)(void);
};

/* Adds them as /`suite`/name and runs them all: main() of a test program. `*f` is the scene of the
 * test that runs. */
int scene_main(int argc, char **argv, const char *suite, struct fake **f,
               const struct scene_test *tests, unsigned count);

struct tgt_target *scene_target(const char *name);
/* A request for LUN `lun` of `target`: a disk on the store "mem" of 1 MiB. */
struct lu_request scene_request(struct tgt_target *target, uint16_t lun);
/* lu_create(); NULL and the error. */
struct core_lu *scene_create(const struct lu_request *request, GError **error);
/* lu_create() of scene_request(), which succeeds. */
struct core_lu *scene_lu(struct tgt_target *target, uint16_t lun);
/* This error, and `text` is part of its sentence; frees it. */
void scene_expect(GError *error, int code, const char *text);
bool scene_set(struct core_lu *lu, const char *key, const char *value, GError **error);
bool scene_resize(struct core_lu *lu, GError **error);
bool scene_resize_to(struct core_lu *lu, uint64_t size, bool shrink, GError **error);
bool scene_target_delete(struct tgt_target *target, bool force, GError **error);

#endif
