/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a nexus sees of its target: hidden and renumbered LUNs, write protection for one initiator,
 * and maps that change while commands run. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "lun-map.h"
#include "spc-scene.h"
#include "view.h"

#define A "iqn.2026-01.org.example:a"
#define B "iqn.2026-01.org.example:b"

#define TUR      0, 0, 0, 0, 0, 0
#define INQUIRY  0x12, 0, 0, 0, 36, 0
#define WRITE_10 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0
#define READ_10  0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0
#define RESERVE  0x16, 0, 0, 0, 0, 0
#define RELEASE  0x17, 0, 0, 0, 0, 0

#define ON(n, lun, ...) fake_run(n, lun, SPC_CDB(__VA_ARGS__), NULL, 0, 0)

static uint8_t block[512];

/* ---- Maps ---- */

static void set_true(void *data)
{
    *(bool *)data = true;
}

static void map_only(struct spc *s, const char *initiator, uint16_t lun, uint16_t as, bool ro)
{
    const struct lun_map_entry entry = {as, lun, ro};
    g_assert_true(lun_maps_set(fake_target(s->fake)->maps, initiator, &entry, NULL));
}

static void change(struct spc *s, const char *initiator)
{
    bool done = false;
    view_change(fake_target(s->fake), initiator, set_true, &done);
    fake_until(&done);
}

static void map(struct spc *s, const char *initiator, uint16_t lun, uint16_t as)
{
    map_only(s, initiator, lun, as, false);
    change(s, initiator);
}

static void map_read_only(struct spc *s, const char *initiator, uint16_t lun, bool read_only)
{
    map_only(s, initiator, lun, lun, read_only);
    change(s, initiator);
}

static void unmap_only(struct spc *s, const char *initiator, int lun)
{
    g_assert_true(lun_maps_remove(fake_target(s->fake)->maps, initiator, lun, NULL));
}

static struct core_lu *add(struct spc *s, uint16_t lun)
{
    return scene_lu(fake_target(s->fake), lun);
}

/* And both nexuses know it. */
static void add_told(struct spc *s, uint16_t lun)
{
    add(s, lun);
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->b, 1);
}

/* ---- Looking ---- */

/* REPORT LUNS, "1 2 300". */
static void expect_luns(struct fake_nexus *n, const char *expected)
{
    uint32_t len;
    uint16_t number;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree uint8_t *d = spc_take(
        fake_run(n, 1, SPC_CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), NULL, 0, 256), &len);
    for (uint32_t at = 8; at < len; at += 8) {
        g_assert_true(lun_decode(d + at, &number));
        g_string_append_printf(text, "%s%u", text->len ? " " : "", number);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void expect_hidden(struct fake_nexus *n, uint16_t lun)
{
    g_autofree uint8_t *d = spc_take(fake_run(n, lun, SPC_CDB(INQUIRY), NULL, 0, 36), NULL);
    g_assert_cmphex(d[0], ==, 0x7f);
    spc_sense(ON(n, lun, TUR), TGT_SENSE_LUN_NOT_SUPPORTED);
    g_assert_cmpint(fake_tmf(n, TGT_TMF_LOGICAL_UNIT_RESET, lun, 0), ==, TGT_TMF_NO_LUN);
    g_assert_cmpint(fake_tmf(n, TGT_TMF_ABORT_TASK_SET, lun, 0), ==, TGT_TMF_NO_LUN);
}

static void write_byte(struct fake_nexus *n, uint16_t lun, uint8_t value)
{
    memset(block, value, sizeof block);
    spc_good(fake_run(n, lun, SPC_CDB(WRITE_10), block, sizeof block, 0));
}

static void expect_byte(struct fake_nexus *n, uint16_t lun, uint8_t value)
{
    g_autofree uint8_t *d = spc_take(fake_run(n, lun, SPC_CDB(READ_10), NULL, 0, 512), NULL);
    g_assert_cmphex(d[0], ==, value);
}

/* A write that waits for its data. */
static struct fake_cmd *begin_write(struct fake_nexus *n, uint16_t lun)
{
    struct fake_cmd *c = fake_cmd_new(n, lun, SPC_CDB(WRITE_10));
    c->out = block;
    c->out_len = sizeof block;
    c->hold_data = true;
    fake_submit(c);
    fake_wait(c, FAKE_DATA_OUT);
    return c;
}

/* It gets its data, and is good. */
static void finish_write(struct fake_cmd *c)
{
    fake_data(c, 0);
    fake_wait(c, FAKE_RELEASED);
    g_assert_false(c->aborted);
    fake_expect_good(c);
    fake_cmd_free(c);
}

/* ---- What is seen ---- */

static void test_only_what_is_mapped(struct spc *s)
{
    add(s, 2);
    add(s, 3);
    map(s, A, 3, 3);
    map(s, A, 1, 1);
    expect_luns(s->a, "1 3");
    expect_hidden(s->a, 2);
    expect_luns(s->b, "1 2 3");
    fake_clear_attention(s->a, 3);
}

static void test_numbers(struct spc *s)
{
    add(s, 2);
    add(s, 3);
    map(s, A, 3, 0);
    map(s, A, 2, 300);
    expect_luns(s->a, "0 300");
    expect_hidden(s->a, 1);
    expect_hidden(s->a, 3);
    fake_clear_attention(s->a, 0);
    fake_clear_attention(s->a, 300);
    fake_clear_attention(s->b, 2);
    fake_clear_attention(s->b, 3);
    write_byte(s->a, 0, 0x33);
    write_byte(s->a, 300, 0x22);
    expect_byte(s->b, 3, 0x33);
    expect_byte(s->b, 2, 0x22);
}

static void test_nothing_by_default(struct spc *s)
{
    map(s, A, 1, 1);
    g_assert_true(target_set(fake_target(s->fake), "lun_default", "none", NULL));
    change(s, NULL);
    expect_luns(s->b, "");
    expect_hidden(s->b, 1);
    expect_luns(s->a, "1");
    g_assert_true(target_set(fake_target(s->fake), "lun_default", "all", NULL));
    expect_luns(s->b, "1");
}

static void test_entries_for_what_is_not_there(struct spc *s)
{
    map(s, A, 9, 1);
    expect_luns(s->a, "");
    expect_hidden(s->a, 1);
    struct core_lu *lu = add(s, 9);
    expect_luns(s->a, "1");
    fake_lun_delete(lu);
    expect_luns(s->a, "");
    add(s, 9);
    fake_clear_attention(s->a, 1);
}

static void test_lun_0_of_tgtadm(struct spc *s)
{
    map(s, A, 1, 5);
    expect_luns(s->a, "0 5");
    map(s, A, 1, 0);
    expect_luns(s->a, "0");
}

/* ---- Read-only ---- */

static void expect_wp(struct fake_nexus *n, bool protected)
{
    g_autofree uint8_t *six = spc_take(SPC_IN(n, 255, 0x1a, 0, 0x3f, 0, 255, 0), NULL);
    g_autofree uint8_t *ten = spc_take(SPC_IN(n, 255, 0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255, 0), NULL);
    g_assert_cmphex(six[2] & 0x80, ==, protected ? 0x80 : 0);
    g_assert_cmphex(ten[3] & 0x80, ==, protected ? 0x80 : 0);
}

static void test_read_only_for_one(struct spc *s)
{
    map_read_only(s, A, 1, true);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    spc_sense(SPC_OUT(s->a, block, sizeof block, WRITE_10), TGT_SENSE_WRITE_PROTECTED);
    expect_byte(s->a, 1, 0);
    expect_wp(s->a, true);
    write_byte(s->b, 1, 0x55);
    expect_wp(s->b, false);
    map_read_only(s, A, 1, false);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    write_byte(s->a, 1, 0x66);
    expect_wp(s->a, false);
}

static void test_read_only_from_the_start(struct spc *s)
{
    struct fake_nexus *c = fake_nexus_open(s->fake, 0, "iqn.2026-01.org.example:c");
    map_read_only(s, "iqn.2026-01.org.example:c", 1, true);
    fake_clear_attention(c, 1);
    spc_sense(SPC_OUT(c, block, sizeof block, WRITE_10), TGT_SENSE_WRITE_PROTECTED);
}

static void test_read_only_and_reserved_by_another(struct spc *s)
{
    map_read_only(s, A, 1, true);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    spc_good(SPC_RUN(s->b, RESERVE));
    spc_status(SPC_OUT(s->a, block, sizeof block, WRITE_10), TGT_STATUS_RESERVATION_CONFLICT);
    spc_good(SPC_RUN(s->b, RELEASE));
    spc_ready(s->a);
    spc_sense(SPC_OUT(s->a, block, sizeof block, WRITE_10), TGT_SENSE_WRITE_PROTECTED);
}

/* ---- Being told ---- */

static void test_the_initiator_is_told(struct spc *s)
{
    add(s, 2);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    spc_attention(s->b, TGT_SENSE_REPORTED_LUNS_CHANGED);
    map(s, A, 1, 1);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    map(s, A, 2, 7);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    spc_ready(s->b);
}

static void test_hidden_luns_come_and_go_unseen(struct spc *s)
{
    map(s, A, 1, 1);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    struct core_lu *lu = add(s, 2);
    spc_ready(s->a);
    spc_attention(s->b, TGT_SENSE_REPORTED_LUNS_CHANGED);
    fake_lun_delete(lu);
    spc_ready(s->a);
    spc_attention(s->b, TGT_SENSE_REPORTED_LUNS_CHANGED);
}

/* ---- Taking away ---- */

static void test_commands_end_before_the_change_does(struct spc *s)
{
    bool done = false;
    add_told(s, 2);
    struct fake_cmd *hidden = begin_write(s->b, 1);
    struct fake_cmd *c = begin_write(s->a, 1);
    c->ignore_abort = true;
    map_only(s, A, 2, 2, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    fake_wait(c, FAKE_ABORT);
    expect_hidden(s->a, 1);
    g_assert_false(done);
    fake_data(c, -ECANCELED);
    fake_until(&done);
    g_assert_true(fake_happened(c, FAKE_RELEASED));
    g_assert_true(c->aborted);
    fake_cmd_free(c);
    finish_write(hidden);
    g_assert_cmpuint(s->lu->itls->len, ==, 1);
}

static void test_responses_are_waited_for(struct spc *s)
{
    bool done = false;
    add_told(s, 2);
    struct fake_cmd *c = fake_cmd_new(s->a, 1, SPC_CDB(TUR));
    c->hold_respond = true;
    fake_submit(c);
    fake_wait(c, FAKE_RESPOND);
    map_only(s, A, 2, 2, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    expect_hidden(s->a, 1);
    g_assert_false(done);
    g_assert_cmpuint(s->lu->itls->len, ==, 2);
    fake_respond(c);
    fake_until(&done);
    fake_expect_good(c);
    fake_cmd_free(c);
    g_assert_cmpuint(s->lu->itls->len, ==, 1);
}

static void test_a_new_number_works_while_the_old_one_ends(struct spc *s)
{
    bool done = false;
    struct fake_cmd *c = begin_write(s->a, 1);
    c->ignore_abort = true;
    map_only(s, A, 1, 4, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    fake_wait(c, FAKE_ABORT);
    fake_clear_attention(s->a, 4);
    write_byte(s->a, 4, 0x77);
    expect_hidden(s->a, 1);
    g_assert_false(done);
    fake_data(c, -ECANCELED);
    fake_until(&done);
    fake_cmd_free(c);
    write_byte(s->a, 4, 0x78);
    expect_byte(s->b, 1, 0x78);
}

static void test_numbers_change_places(struct spc *s)
{
    add_told(s, 2);
    map_only(s, A, 1, 1, false);
    map(s, A, 2, 2);
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->a, 2);
    write_byte(s->a, 1, 0x11);
    unmap_only(s, A, 2);
    map_only(s, A, 1, 2, false);
    map(s, A, 2, 1);
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->a, 2);
    expect_byte(s->a, 2, 0x11);
    expect_byte(s->a, 1, 0);
}

static void test_reservations_go_with_the_lun(struct spc *s)
{
    add_told(s, 2);
    spc_good(SPC_RUN(s->a, RESERVE));
    fake_clear_attention(s->b, 2);
    spc_status(SPC_OUT(s->b, block, sizeof block, WRITE_10), TGT_STATUS_RESERVATION_CONFLICT);
    map(s, A, 2, 2);
    write_byte(s->b, 1, 0x44);
}

/* The session ends meanwhile, or the logical unit. */
static void test_the_session_ends_meanwhile(struct spc *s)
{
    bool done = false;
    add_told(s, 2);
    struct fake_cmd *c = begin_write(s->a, 1);
    c->ignore_abort = true;
    map_only(s, A, 2, 2, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    fake_wait(c, FAKE_ABORT);
    fake_nexus_close_start(s->a);
    fake_data(c, -ECANCELED);
    fake_until(&done);
    fake_nexus_wait(s->a);
    fake_cmd_free(c);
    s->a = fake_nexus_open(s->fake, 0, A);
    g_assert_cmpuint(s->lu->itls->len, ==, 1);
}

static void deleted(GError *error, void *data)
{
    g_assert_no_error(error);
    *(bool *)data = true;
}

static void test_the_logical_unit_is_deleted_meanwhile(struct spc *s)
{
    bool done = false, gone = false;
    add_told(s, 2);
    struct fake_cmd *c = begin_write(s->a, 1);
    c->ignore_abort = true;
    map_only(s, A, 2, 2, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    fake_wait(c, FAKE_ABORT);
    lu_delete(s->lu, deleted, &gone);
    expect_hidden(s->a, 1);
    fake_data(c, -ECANCELED);
    fake_until(&done);
    fake_until(&gone);
    fake_cmd_free(c);
    s->lu = add(s, 1);
}

static void test_maps_change_while_a_logical_unit_is_deleted(struct spc *s)
{
    bool done = false, gone = false;
    add_told(s, 2);
    struct fake_cmd *c = begin_write(s->a, 1);
    c->ignore_abort = true;
    lu_delete(s->lu, deleted, &gone);
    fake_wait(c, FAKE_ABORT);
    map_only(s, A, 2, 2, false);
    view_change(fake_target(s->fake), A, set_true, &done);
    fake_until(&done);
    g_assert_false(gone);
    fake_data(c, -ECANCELED);
    fake_until(&gone);
    fake_cmd_free(c);
    s->lu = add(s, 1);
}

/* ---- Resets ---- */

static void test_a_target_reset_spares_what_is_hidden(struct spc *s)
{
    add(s, 2);
    map(s, A, 2, 2);
    fake_clear_attention(s->a, 2);
    fake_clear_attention(s->b, 2);
    fake_clear_attention(s->b, 1);
    struct fake_cmd *c = begin_write(s->b, 1), *reset = begin_write(s->b, 2);
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_TARGET_WARM_RESET, 0, 0), ==, TGT_TMF_COMPLETE);
    fake_wait(reset, FAKE_RELEASED);
    g_assert_true(reset->aborted);
    fake_cmd_free(reset);
    finish_write(c);
    spc_ready(s->b);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"only-what-is-mapped", test_only_what_is_mapped},
        {"numbers", test_numbers},
        {"nothing-by-default", test_nothing_by_default},
        {"entries-for-what-is-not-there", test_entries_for_what_is_not_there},
        {"lun-0-of-tgtadm", test_lun_0_of_tgtadm, .legacy = true},
        {"read-only-for-one", test_read_only_for_one},
        {"read-only-from-the-start", test_read_only_from_the_start},
        {"read-only-and-reserved-by-another", test_read_only_and_reserved_by_another},
        {"the-initiator-is-told", test_the_initiator_is_told},
        {"hidden-luns-come-and-go-unseen", test_hidden_luns_come_and_go_unseen},
        {"commands-end-before-the-change-does", test_commands_end_before_the_change_does},
        {"responses-are-waited-for", test_responses_are_waited_for},
        {"a-new-number-works-while-the-old-one-ends",
         test_a_new_number_works_while_the_old_one_ends},
        {"numbers-change-places", test_numbers_change_places},
        {"reservations-go-with-the-lun", test_reservations_go_with_the_lun},
        {"the-session-ends-meanwhile", test_the_session_ends_meanwhile},
        {"the-logical-unit-is-deleted-meanwhile", test_the_logical_unit_is_deleted_meanwhile},
        {"maps-change-while-a-logical-unit-is-deleted",
         test_maps_change_while_a_logical_unit_is_deleted},
        {"a-target-reset-spares-what-is-hidden", test_a_target_reset_spares_what_is_hidden},
    };
    return spc_main(argc, argv, "view", tests, G_N_ELEMENTS(tests));
}
