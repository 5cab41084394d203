/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The merged table of commands: order, service actions, a device's row instead of the core's. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "probe-scene.h"
#include "spc.h"

static const struct tgt_scsi_op rows[] = {
    {.name = "B", .opcode = 0x9e, .service_action = 0x12, .cdb_len = 16},
    {.name = "A", .opcode = 0x9e, .service_action = 0x10, .cdb_len = 16},
    {.name = "MY TUR", .opcode = 0x00, .service_action = TGT_NO_SA, .cdb_len = 6},
    {.name = "LONG 2", .opcode = 0x7f, .service_action = 0x0002, .cdb_len = 32},
    {.name = "LONG 1", .opcode = 0x7f, .service_action = 0x0001},
    {.name = "LAST", .opcode = 0xff, .service_action = TGT_NO_SA, .cdb_len = 6},
};

static const struct tgt_device_ops device = {.struct_size = sizeof device,
                                             .op_count = G_N_ELEMENTS(rows),
                                             .op_size = sizeof rows[0],
                                             .ops = rows};

static const char *find(const struct optable *table, const uint8_t *cdb, unsigned len,
                        bool expect_known)
{
    bool known = !expect_known;
    const struct tgt_scsi_op *row = optable_find(table, cdb, len, &known);
    g_assert_true(known == expect_known);
    return row ? row->name : NULL;
}

static void lookup(struct scene *s, gconstpointer data)
{
    const struct optable *t = optable_for(&device);
    g_assert_cmpstr(find(t, (const uint8_t[16]){0x9e, 0x10}, 16, true), ==, "A");
    g_assert_cmpstr(find(t, (const uint8_t[16]){0x9e, 0xf2}, 16, true), ==,
                    "B"); /* bits above the service action */
    g_assert_null(find(t, (const uint8_t[16]){0x9e, 0x11}, 16, true));
    g_assert_null(find(t, (const uint8_t[16]){0x9f, 0x10}, 16, false));
    g_assert_cmpstr(find(t, (const uint8_t[32]){0x7f, [9] = 2}, 32, true), ==, "LONG 2");
    g_assert_cmpstr(find(t, (const uint8_t[32]){0x7f, [9] = 1}, 32, true), ==, "LONG 1");
    g_assert_null(find(t, (const uint8_t[32]){0x7f, [8] = 1, [9] = 1}, 32, true));
    g_assert_null(
        find(t, (const uint8_t[32]){0x7f, [9] = 1}, 9, true)); /* the service action is not there */
    g_assert_cmpstr(find(t, (const uint8_t[16]){0xff}, 16, true), ==, "LAST");
    g_assert_cmpstr(find(t, (const uint8_t[16]){0x12}, 16, true), ==, "INQUIRY");
}

static void device_row_wins(struct scene *s, gconstpointer data)
{
    const struct optable *t = optable_for(&device);
    g_assert_cmpstr(find(t, (const uint8_t[16]){0x00}, 16, true), ==, "MY TUR");
    g_assert_cmpuint(optable_count(t), ==, G_N_ELEMENTS(rows) + spc_op_count - 1);
}

static void in_order(struct scene *s, gconstpointer data)
{
    const struct optable *t = optable_for(&device);
    for (unsigned i = 1; i < optable_count(t); i++) {
        const struct tgt_scsi_op *a = optable_row(t, i - 1), *b = optable_row(t, i);
        g_assert_true(a->opcode < b->opcode ||
                      (a->opcode == b->opcode && a->service_action < b->service_action));
    }
}

static void one_per_device(struct scene *s, gconstpointer data)
{
    g_assert_true(optable_for(&device) == optable_for(&device));
    g_assert_true(optable_for(&device) != s->lu->ops);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SCENE_TEST("/optable/lookup", lookup);
    SCENE_TEST("/optable/device-row-wins", device_row_wins);
    SCENE_TEST("/optable/in-order", in_order);
    SCENE_TEST("/optable/one-per-device", one_per_device);
    return g_test_run();
}
