/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* REPORT SUPPORTED OPERATION CODES and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS. */
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "spc-scene.h"

#define REPORT(n, option, opcode, action, alloc)                                                   \
    SPC_IN(n, alloc, 0xa3, 0x0c, option, opcode, (action) >> 8, (action)&0xff, (alloc) >> 24,      \
           (alloc) >> 16 & 0xff, (alloc) >> 8 & 0xff, (alloc)&0xff, 0, 0)
#define TMFS(n, flags, alloc) SPC_IN(n, alloc, 0xa3, 0x0d, flags, 0, 0, 0, 0, 0, 0, alloc, 0, 0)

#define RCTD 0x80

/* Call `fn` for each command descriptor. */
static void each(struct spc *s, uint8_t flags, void (*fn)(struct spc *s, const uint8_t *descriptor))
{
    uint32_t len;
    unsigned size = flags & RCTD ? 20 : 8;
    g_autofree uint8_t *d = spc_take(REPORT(s->a, flags, 0, 0, 65535), &len);
    g_assert_cmpuint(be_get(d, 4), ==, len - 4);
    g_assert_cmpuint((len - 4) % size, ==, 0);
    for (uint32_t at = 4; at < len; at += size)
        fn(s, d + at);
}

static uint8_t *one(struct spc *s, uint8_t option, uint8_t opcode, uint16_t action, uint32_t *len)
{
    return spc_take(REPORT(s->a, option, opcode, action, 65535), len);
}

static unsigned sa_of(const uint8_t *descriptor)
{
    return (unsigned)be_get(descriptor + 2, 2);
}

static void check_order(struct spc *s, const uint8_t *descriptor)
{
    static unsigned last;
    unsigned key = (unsigned)descriptor[0] << 16 | sa_of(descriptor);
    g_assert_true(descriptor[0] == 0 || key > last);
    last = key;
}

static void check_without_timeouts(struct spc *s, const uint8_t *descriptor)
{
    g_assert_cmphex(descriptor[5] & 0x02, ==, 0);
    g_assert_true(descriptor[5] & 1 || sa_of(descriptor) == 0);
    g_assert_cmpuint(be_get(descriptor + 6, 2), >, 0);
}

static void test_all_commands_in_order(struct spc *s)
{
    each(s, 0, check_order);
    each(s, 0, check_without_timeouts);
}

static void check_timeouts(struct spc *s, const uint8_t *descriptor)
{
    g_assert_cmphex(descriptor[5] & 0x02, ==, 0x02);
    g_assert_cmpmem(descriptor + 8, 12, "\x00\x0a\0\0\0\0\0\0\0\0\0\0", 12);
}

static void test_timeouts_on_request(struct spc *s)
{
    each(s, RCTD, check_timeouts);
}

/* Each listed command can be asked for by the option that fits, and the usage data name it. */
static void check_one(struct spc *s, const uint8_t *descriptor)
{
    uint32_t len;
    bool has_action = descriptor[5] & 1;
    uint16_t action = (uint16_t)sa_of(descriptor);
    spc_field(REPORT(s->a, has_action ? 1 : 2, descriptor[0], action, 255), 2, 2);
    g_autofree uint8_t *d = one(s, has_action ? 2 : 1, descriptor[0], action, &len);
    g_autofree uint8_t *either = one(s, 3, descriptor[0], action, NULL);
    g_assert_cmphex(d[1], ==, 0x03);
    g_assert_cmpuint(be_get(d + 2, 2), ==, be_get(descriptor + 6, 2));
    g_assert_cmpuint(len, ==, 4 + be_get(d + 2, 2));
    g_assert_cmphex(d[4], ==, descriptor[0]);
    if (has_action)
        g_assert_cmphex(d[5] & 0x1f, ==, action);
    g_assert_cmpmem(d, len, either, len);
}

static void test_each_command_alone(struct spc *s)
{
    each(s, 0, check_one);
}

static void test_usage_data_are_the_rows_mask(struct spc *s)
{
    spc_data(REPORT(s->a, 1, 0x28, 0, 255), "\0\3\0\x0a\x28\x18\xff\xff\xff\xff\x3f\xff\xff\0", 14);
    spc_data(REPORT(s->a, 2, 0xa3, 0x0c, 255),
             "\0\3\0\x0c\xa3\x0c\x87\xff\xff\xff\xff\xff\xff\xff\0\0", 16);
    spc_data(REPORT(s->a, 1, 0x12, 0, 255), "\0\3\0\x06\x12\x01\xff\xff\xff\0", 10);
}

static void test_one_command_with_timeouts(struct spc *s)
{
    spc_data(REPORT(s->a, RCTD | 1, 0x00, 0, 255),
             "\0\x83\0\6\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0", 22);
}

static void test_what_is_not_supported(struct spc *s)
{
    spc_data(REPORT(s->a, 1, 0xff, 0, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, 2, 0xff, 1, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, 3, 0xff, 0, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, 2, 0xa3, 0x1e, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, 3, 0xa3, 0x1e, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, 3, 0x12, 1, 255), "\0\1\0\0", 4);
    spc_data(REPORT(s->a, RCTD | 1, 0xff, 0, 255), "\0\1\0\0", 4);
}

static bool supports(struct spc *s, uint8_t opcode)
{
    g_autofree uint8_t *d = one(s, 1, opcode, 0, NULL);
    return d[1] == 3;
}

/* UNMAP is there only where the LU is thin. */
static void test_a_row_can_depend_on_the_unit(struct spc *s)
{
    g_assert_false(supports(s, 0x42));
    spc_sense(SPC_RUN(s->a, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0), TGT_SENSE_INVALID_OPCODE);
    g_assert_true(scene_set(s->lu, "thin", "yes", NULL));
    fake_clear_attention(s->a, 1);
    g_assert_true(supports(s, 0x42));
    spc_good(SPC_RUN(s->a, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

static void test_other_options(struct spc *s)
{
    for (uint8_t option = 4; option < 8; option++)
        spc_field(REPORT(s->a, option, 0, 0, 255), 2, 2);
    spc_field(REPORT(s->a, 0x08, 0, 0, 255), 2, 3);
}

static void test_truncation_keeps_the_length(struct spc *s)
{
    uint32_t full, len;
    g_autofree uint8_t *all = spc_take(REPORT(s->a, 0, 0, 0, 65535), &full);
    for (unsigned alloc = 0; alloc < 40; alloc++) {
        g_autofree uint8_t *d = spc_take(REPORT(s->a, 0, 0, 0, alloc), &len);
        g_assert_cmpmem(d, len, all, alloc);
    }
}

static void check_is_answered(struct spc *s, const uint8_t *descriptor)
{
    bool known;
    uint8_t cdb[16] = {descriptor[0], (uint8_t)sa_of(descriptor)};
    g_assert_nonnull(optable_find(s->lu->ops, cdb, sizeof cdb, &known));
}

static void test_all_that_is_listed_is_there(struct spc *s)
{
    each(s, 0, check_is_answered);
}

/* ---- Task management functions ---- */

static void test_functions(struct spc *s)
{
    spc_data(TMFS(s->a, 0, 4), "\xde\x07\x00\x00", 4);
    spc_data(TMFS(s->a, 0, 255), "\xde\x07\x00\x00", 4);
}

static void test_functions_at_length(struct spc *s)
{
    spc_data(TMFS(s->a, 0x80, 255), "\xde\x07\x00\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    spc_data(TMFS(s->a, 0x80, 5), "\xde\x07\x00\x0c\0", 5);
}

static void test_room_for_functions(struct spc *s)
{
    spc_field(TMFS(s->a, 0, 3), 6, 7);
    spc_field(TMFS(s->a, 0, 0), 6, 7);
}

/* What is claimed works: none of these is refused as unsupported. */
static void test_claimed_functions_are_supported(struct spc *s)
{
    static const enum tgt_tmf_function functions[] = {
        TGT_TMF_ABORT_TASK,         TGT_TMF_ABORT_TASK_SET,   TGT_TMF_CLEAR_TASK_SET,
        TGT_TMF_LOGICAL_UNIT_RESET, TGT_TMF_QUERY_TASK,       TGT_TMF_QUERY_TASK_SET,
        TGT_TMF_QUERY_ASYNC_EVENT,  TGT_TMF_TARGET_WARM_RESET};
    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++)
        g_assert_cmpint(fake_tmf(s->a, functions[i], 1, 999), !=, TGT_TMF_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_CLEAR_ACA, 1, 0), ==, TGT_TMF_NOT_SUPPORTED);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"all-commands-in-order", test_all_commands_in_order},
        {"timeouts-on-request", test_timeouts_on_request},
        {"each-command-alone", test_each_command_alone},
        {"usage-data-are-the-rows-mask", test_usage_data_are_the_rows_mask},
        {"one-command-with-timeouts", test_one_command_with_timeouts},
        {"what-is-not-supported", test_what_is_not_supported},
        {"a-row-can-depend-on-the-unit", test_a_row_can_depend_on_the_unit},
        {"other-options", test_other_options},
        {"truncation-keeps-the-length", test_truncation_keeps_the_length},
        {"all-that-is-listed-is-there", test_all_that_is_listed_is_there},
        {"functions", test_functions},
        {"functions-at-length", test_functions_at_length},
        {"room-for-functions", test_room_for_functions},
        {"claimed-functions-are-supported", test_claimed_functions_are_supported},
    };
    return spc_main(argc, argv, "opcodes", tests, G_N_ELEMENTS(tests));
}
