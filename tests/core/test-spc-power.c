/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TEST UNIT READY, REQUEST SENSE, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL, SEND DIAGNOSTIC.
 */
#include <tgt/scsi/be.h>

#include "spc-scene.h"

#define TEST_UNIT_READY(n)            SPC_RUN(n, 0, 0, 0, 0, 0, 0)
#define REQUEST_SENSE(n, desc, alloc) SPC_IN(n, alloc, 0x03, desc, 0, 0, alloc, 0)
#define START_STOP(n, byte4)          SPC_RUN(n, 0x1b, 0, 0, 0, byte4, 0)
#define PREVENT(n, prevent)           SPC_RUN(n, 0x1e, 0, 0, 0, prevent, 0)
#define READ10(n)                     SPC_IN(n, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0)

enum { STOP = 0, START = 1, EJECT = 2, LOAD = 3, NO_FLUSH = 4 };

/* ---- TEST UNIT READY ---- */

static void test_ready(struct spc *s)
{
    spc_ready(s->a);
}

static void test_not_ready(struct spc *s)
{
    static const struct {
        unsigned bit;
        enum tgt_sense sense;
    } states[] = {{TGT_LU_OFFLINE, TGT_SENSE_NOT_READY},
                  {TGT_LU_STOPPED, TGT_SENSE_INITIALIZING_COMMAND_REQUIRED},
                  {TGT_LU_NO_MEDIUM, TGT_SENSE_NO_MEDIUM}};
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        lu_state(&s->lu->pub, states[i].bit, 0);
        spc_sense(TEST_UNIT_READY(s->a), states[i].sense);
        lu_state(&s->lu->pub, 0, states[i].bit);
        spc_ready(s->a);
    }
}

static void test_no_unit(struct spc *s)
{
    spc_sense(fake_run(s->a, 9, SPC_CDB(0, 0, 0, 0, 0, 0), NULL, 0, 0),
              TGT_SENSE_LUN_NOT_SUPPORTED);
}

static void test_going_online_is_announced(struct spc *s)
{
    g_assert_true(scene_set(s->lu, "online", "no", NULL));
    spc_sense(TEST_UNIT_READY(s->a), TGT_SENSE_NOT_READY);
    g_assert_true(scene_set(s->lu, "online", "yes", NULL));
    spc_attention(s->a, TGT_SENSE_MEDIUM_CHANGED);
    spc_attention(s->b, TGT_SENSE_MEDIUM_CHANGED);
}

/* ---- REQUEST SENSE ---- */

static void expect_fixed(struct fake_cmd *c, enum tgt_sense sense)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(c, &len);
    g_assert_cmpuint(len, ==, 18);
    g_assert_cmphex(d[0], ==, 0x70);
    g_assert_cmphex(d[2], ==, TGT_SENSE_GET_KEY(sense));
    g_assert_cmphex(d[12], ==, TGT_SENSE_GET_ASC(sense));
    g_assert_cmphex(d[13], ==, TGT_SENSE_GET_ASCQ(sense));
}

static void test_nothing_to_tell(struct spc *s)
{
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_NONE);
}

static void test_descriptor_format_on_request(struct spc *s)
{
    spc_data(REQUEST_SENSE(s->a, 1, 252), "\x72\0\0\0\0\0\0\0", 8);
    lu_state(&s->lu->pub, TGT_LU_STOPPED, 0);
    spc_data(REQUEST_SENSE(s->a, 1, 252), "\x72\x02\x04\x02\0\0\0\0", 8);
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
}

static void test_the_request_decides_on_the_format_not_the_mode_page(struct spc *s)
{
    g_assert_true(scene_set(s->lu, "sense-format", "descriptor", NULL));
    fake_clear_attention(s->a, 1);
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_NONE);
}

static void test_attention_is_told_and_forgotten(struct spc *s)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    lu_attention(&s->lu->pub, TGT_SENSE_LU_RESET, NULL);
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_LU_RESET);
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_CAPACITY_CHANGED);
    expect_fixed(REQUEST_SENSE(s->a, 0, 252), TGT_SENSE_NONE);
    spc_ready(s->a);
    spc_sense(TEST_UNIT_READY(s->b), TGT_SENSE_LU_RESET);
}

static void test_every_state_is_told(struct spc *s)
{
    static const struct {
        unsigned bit;
        enum tgt_sense sense;
    } states[] = {{TGT_LU_OFFLINE, TGT_SENSE_NOT_READY},
                  {TGT_LU_STOPPED, TGT_SENSE_INITIALIZING_COMMAND_REQUIRED},
                  {TGT_LU_NO_MEDIUM, TGT_SENSE_NO_MEDIUM}};
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        lu_state(&s->lu->pub, states[i].bit, 0);
        expect_fixed(REQUEST_SENSE(s->a, 0, 18), states[i].sense);
        lu_state(&s->lu->pub, 0, states[i].bit);
    }
}

static void test_progress_of_a_job(struct spc *s)
{
    uint32_t len;
    g_assert_true(lu_job_begin(&s->lu->pub, TGT_SENSE_FORMAT_IN_PROGRESS));
    g_assert_false(lu_job_begin(&s->lu->pub, TGT_SENSE_FORMAT_IN_PROGRESS));
    lu_job_progress(&s->lu->pub, 1, 4);
    spc_sense(TEST_UNIT_READY(s->a), TGT_SENSE_FORMAT_IN_PROGRESS);
    g_autofree uint8_t *d = spc_take(REQUEST_SENSE(s->a, 0, 18), &len);
    g_assert_cmphex(d[2], ==, TGT_KEY_NOT_READY);
    g_assert_cmphex(d[15], ==, 0x80);
    g_assert_cmphex(be_get(d + 16, 2), ==, 0x4000);
    lu_job_end(&s->lu->pub);
    spc_ready(s->a);
    expect_fixed(REQUEST_SENSE(s->a, 0, 18), TGT_SENSE_NONE);
}

static void test_sense_of_a_missing_unit(struct spc *s)
{
    expect_fixed(fake_run(s->a, 9, SPC_CDB(3, 0, 0, 0, 18, 0), NULL, 0, 18),
                 TGT_SENSE_LUN_NOT_SUPPORTED);
    spc_data(fake_run(s->a, 9, SPC_CDB(3, 1, 0, 0, 18, 0), NULL, 0, 18), "\x72\x05\x25\0\0\0\0\0",
             8);
}

static void test_sense_of_the_controller(struct spc *s)
{
    expect_fixed(fake_run(s->a, 0, SPC_CDB(3, 0, 0, 0, 18, 0), NULL, 0, 18), TGT_SENSE_NONE);
}

static void test_sense_of_any_length(struct spc *s)
{
    uint32_t len;
    for (unsigned alloc = 0; alloc < 20; alloc++) {
        g_autofree uint8_t *d = spc_take(REQUEST_SENSE(s->a, 0, (uint8_t)alloc), &len);
        g_assert_cmpuint(len, ==, MIN(alloc, 18));
        if (alloc > 0)
            g_assert_cmphex(d[0], ==, 0x70);
    }
}

/* ---- START STOP UNIT ---- */

static void test_a_fixed_disk_stops_and_starts(struct spc *s)
{
    spc_good(START_STOP(s->a, STOP));
    spc_sense(TEST_UNIT_READY(s->b), TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
    spc_sense(READ10(s->a), TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
    spc_good(SPC_IN(s->a, 96, 0x12, 0, 0, 0, 96, 0));
    spc_good(START_STOP(s->b, START));
    spc_ready(s->a);
    spc_good(READ10(s->a));
}

static void test_no_flush(struct spc *s)
{
    spc_good(START_STOP(s->a, STOP | NO_FLUSH));
    spc_sense(TEST_UNIT_READY(s->a), TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
}

static void test_a_fixed_disk_has_no_door(struct spc *s)
{
    spc_field(START_STOP(s->a, EJECT), 4, 1);
    spc_field(START_STOP(s->a, LOAD), 4, 1);
    spc_ready(s->a);
}

static void test_a_stopped_removable_disk_wakes_up_by_itself(struct spc *s)
{
    spc_good(START_STOP(s->a, STOP));
    spc_ready(s->a);
    spc_good(READ10(s->a));
}

static void test_eject_and_load(struct spc *s)
{
    spc_good(START_STOP(s->a, EJECT));
    spc_sense(TEST_UNIT_READY(s->a), TGT_SENSE_NO_MEDIUM);
    spc_sense(READ10(s->b), TGT_SENSE_NO_MEDIUM);
    g_assert_cmpuint(lu_blocks(&s->lu->pub), ==, 0);
    spc_good(START_STOP(s->a, EJECT));
    spc_good(START_STOP(s->a, LOAD));
    spc_ready(s->a);
    spc_attention(s->b, TGT_SENSE_MEDIUM_CHANGED);
    spc_good(READ10(s->b));
}

static void test_loading_what_is_loaded(struct spc *s)
{
    spc_good(START_STOP(s->a, LOAD));
    spc_ready(s->b);
}

static void test_power_conditions_never_eject(struct spc *s)
{
    for (unsigned condition = 1; condition < 16; condition++) {
        spc_good(START_STOP(s->a, (uint8_t)(condition << 4 | EJECT)));
        spc_ready(s->a);
        spc_ready(s->b);
    }
}

static void test_active_ends_a_stop(struct spc *s)
{
    spc_good(START_STOP(s->a, STOP));
    spc_good(START_STOP(s->a, 0x30));
    spc_sense(TEST_UNIT_READY(s->a), TGT_SENSE_INITIALIZING_COMMAND_REQUIRED);
    spc_good(START_STOP(s->a, 0x10));
    spc_ready(s->a);
}

static void test_reserved_bits(struct spc *s)
{
    spc_field(START_STOP(s->a, 0x08), 4, 3);
    spc_field(SPC_RUN(s->a, 0x1b, 0, 0, 0x10, 1, 0), 3, 4);
    spc_good(SPC_RUN(s->a, 0x1b, 1, 0, 0x0f, 1, 0));
}

static void test_an_empty_slot(struct spc *s)
{
    struct lu_request request = scene_request(fake_target(s->fake), 2);
    request.store = (struct bs_request){0};
    request.removable = true;
    g_assert_nonnull(scene_create(&request, NULL));
    fake_clear_attention(s->a, 2);
    spc_sense(fake_run(s->a, 2, SPC_CDB(0x1b, 0, 0, 0, LOAD, 0), NULL, 0, 0), TGT_SENSE_NO_MEDIUM);
    spc_good(fake_run(s->a, 2, SPC_CDB(0x1b, 0, 0, 0, EJECT, 0), NULL, 0, 0));
    spc_good(fake_run(s->a, 2, SPC_CDB(0x1e, 0, 0, 0, 1, 0), NULL, 0, 0));
}

/* ---- PREVENT ALLOW MEDIUM REMOVAL ---- */

static void test_prevention_holds_the_door(struct spc *s)
{
    spc_good(PREVENT(s->a, 1));
    spc_sense(START_STOP(s->a, EJECT), TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    spc_sense(START_STOP(s->b, EJECT), TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    spc_ready(s->a);
    spc_good(PREVENT(s->a, 0));
    spc_good(START_STOP(s->b, EJECT));
    spc_good(PREVENT(s->a, 1));
    spc_sense(START_STOP(s->a, LOAD), TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    spc_good(PREVENT(s->a, 0));
    spc_good(START_STOP(s->a, LOAD));
}

static void test_each_nexus_has_its_own_prevention(struct spc *s)
{
    spc_good(PREVENT(s->a, 1));
    spc_good(PREVENT(s->a, 1));
    spc_good(PREVENT(s->b, 1));
    spc_good(PREVENT(s->a, 0));
    spc_sense(START_STOP(s->a, EJECT), TGT_SENSE_MEDIUM_REMOVAL_PREVENTED);
    spc_good(PREVENT(s->b, 0));
    spc_good(START_STOP(s->a, EJECT));
}

static void test_prevention_ends_with_the_nexus(struct spc *s)
{
    spc_good(PREVENT(s->b, 1));
    fake_nexus_close(s->b);
    spc_good(START_STOP(s->a, EJECT));
}

static void test_prevention_ends_with_a_reset(struct spc *s)
{
    spc_good(PREVENT(s->a, 1));
    spc_good(PREVENT(s->b, 1));
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    fake_clear_attention(s->a, 1);
    spc_good(START_STOP(s->a, EJECT));
    g_assert_cmpuint(s->lu->prevents, ==, 0);
}

static void test_a_fixed_disk_takes_prevention(struct spc *s)
{
    spc_good(PREVENT(s->a, 1));
    spc_good(PREVENT(s->a, 0));
    spc_field(PREVENT(s->a, 2), 4, 1);
}

/* ---- SEND DIAGNOSTIC ---- */

static void test_self_test(struct spc *s)
{
    spc_good(SPC_RUN(s->a, 0x1d, 4, 0, 0, 0, 0));
    spc_field(SPC_RUN(s->a, 0x1d, 0x20, 0, 0, 0, 0), 1, 5);
    spc_field(SPC_RUN(s->a, 0x1d, 0x04, 0, 0, 8, 0), 4, 3);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"ready", test_ready},
        {"not-ready", test_not_ready},
        {"no-unit", test_no_unit},
        {"going-online-is-announced", test_going_online_is_announced},
        {"nothing-to-tell", test_nothing_to_tell},
        {"descriptor-format-on-request", test_descriptor_format_on_request},
        {"the-request-decides-on-the-format-not-the-mode-page",
         test_the_request_decides_on_the_format_not_the_mode_page},
        {"attention-is-told-and-forgotten", test_attention_is_told_and_forgotten},
        {"every-state-is-told", test_every_state_is_told},
        {"progress-of-a-job", test_progress_of_a_job},
        {"sense-of-a-missing-unit", test_sense_of_a_missing_unit},
        {"sense-of-the-controller", test_sense_of_the_controller, .legacy = true},
        {"sense-of-any-length", test_sense_of_any_length},
        {"a-fixed-disk-stops-and-starts", test_a_fixed_disk_stops_and_starts},
        {"no-flush", test_no_flush},
        {"a-fixed-disk-has-no-door", test_a_fixed_disk_has_no_door},
        {"a-stopped-removable-disk-wakes-up-by-itself",
         test_a_stopped_removable_disk_wakes_up_by_itself, .removable = true},
        {"eject-and-load", test_eject_and_load, .removable = true},
        {"loading-what-is-loaded", test_loading_what_is_loaded, .removable = true},
        {"power-conditions-never-eject", test_power_conditions_never_eject, .removable = true},
        {"active-ends-a-stop", test_active_ends_a_stop},
        {"reserved-bits", test_reserved_bits},
        {"an-empty-slot", test_an_empty_slot},
        {"prevention-holds-the-door", test_prevention_holds_the_door, .removable = true},
        {"each-nexus-has-its-own-prevention", test_each_nexus_has_its_own_prevention,
         .removable = true},
        {"prevention-ends-with-the-nexus", test_prevention_ends_with_the_nexus, .removable = true},
        {"prevention-ends-with-a-reset", test_prevention_ends_with_a_reset, .removable = true},
        {"a-fixed-disk-takes-prevention", test_a_fixed_disk_takes_prevention},
        {"self-test", test_self_test},
    };
    return spc_main(argc, argv, "power", tests, G_N_ELEMENTS(tests));
}
