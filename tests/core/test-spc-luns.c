/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* REPORT LUNS: the list, its selection and length, and the unit attention that it answers. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "spc-scene.h"

#define REPORT(n, select, alloc)                                                                   \
    SPC_IN(n, alloc, 0xa0, 0, select, 0, 0, 0, 0, (alloc) >> 16, (alloc) >> 8 & 0xff,              \
           (alloc)&0xff, 0, 0)

static void add(struct spc *s, uint16_t lun)
{
    scene_lu(fake_target(s->fake), lun);
}

static void test_all_luns_in_order(struct spc *s)
{
    static const uint8_t expected[] = {0,    0, 0, 40, 0, 0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,
                                       0,    1, 0, 0,  0, 0, 0, 0, 0,    255,  0, 0, 0, 0, 0, 0,
                                       0x41, 0, 0, 0,  0, 0, 0, 0, 0x7f, 0xff, 0, 0, 0, 0, 0, 0};
    add(s, 16383);
    add(s, 256);
    add(s, 255);
    add(s, 0);
    spc_data(REPORT(s->a, 0, 65536), expected, sizeof expected);
    spc_data(REPORT(s->a, 2, 65536), expected, sizeof expected);
}

static void test_there_are_no_well_known_units(struct spc *s)
{
    spc_data(REPORT(s->a, 1, 256), "\0\0\0\0\0\0\0\0", 8);
}

static void test_other_selections(struct spc *s)
{
    static const uint8_t bad[] = {3, 0x10, 0x11, 0x12, 0xff};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        spc_field(REPORT(s->a, bad[i], 256), 2, 7);
}

static void test_room_for_less_than_one_lun(struct spc *s)
{
    spc_field(REPORT(s->a, 0, 0), 6, 7);
    spc_field(REPORT(s->a, 0, 15), 6, 7);
    spc_good(REPORT(s->a, 0, 16));
}

static void test_truncation_keeps_the_length(struct spc *s)
{
    uint32_t len;
    add(s, 2);
    add(s, 3);
    for (unsigned alloc = 16; alloc <= 34; alloc++) {
        g_autofree uint8_t *d = spc_take(REPORT(s->a, 0, alloc), &len);
        g_assert_cmpuint(len, ==, MIN(alloc, 32));
        g_assert_cmpuint(be_get(d, 4), ==, 24);
    }
}

static void test_any_lun_answers(struct spc *s)
{
    static const uint8_t luns[] = {0, 1, 77};
    for (unsigned i = 0; i < G_N_ELEMENTS(luns); i++)
        spc_data(
            fake_run(s->a, luns[i], SPC_CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), NULL, 0, 256),
            "\0\0\0\x08\0\0\0\0\0\1\0\0\0\0\0\0", 16);
}

static void test_an_empty_target(struct spc *s)
{
    fake_lun_delete(s->lu);
    spc_data(REPORT(s->a, 0, 256), "\0\0\0\0\0\0\0\0", 8);
}

static void test_tgtadm_targets_have_a_lun_0(struct spc *s)
{
    spc_data(REPORT(s->a, 0, 256), "\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0", 24);
}

static void test_changes_are_announced(struct spc *s)
{
    add(s, 2);
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
    spc_attention(s->b, TGT_SENSE_REPORTED_LUNS_CHANGED);
    fake_lun_delete(target_lun(fake_target(s->fake), 2));
    spc_attention(s->a, TGT_SENSE_REPORTED_LUNS_CHANGED);
}

static void test_reporting_answers_the_announcement_on_all_luns(struct spc *s)
{
    add(s, 2);
    fake_clear_attention(s->a, 2);
    fake_clear_attention(s->a, 1);
    add(s, 3);
    spc_good(REPORT(s->a, 0, 256));
    spc_ready(s->a);
    spc_good(fake_run(s->a, 2, SPC_CDB(0, 0, 0, 0, 0, 0), NULL, 0, 0));
    spc_sense(SPC_RUN(s->b, 0, 0, 0, 0, 0, 0), TGT_SENSE_REPORTED_LUNS_CHANGED);
}

static void test_other_attentions_stay(struct spc *s)
{
    lu_attention(&s->lu->pub, TGT_SENSE_CAPACITY_CHANGED, NULL);
    spc_good(REPORT(s->a, 0, 256));
    spc_attention(s->a, TGT_SENSE_CAPACITY_CHANGED);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"all-luns-in-order", test_all_luns_in_order},
        {"there-are-no-well-known-units", test_there_are_no_well_known_units},
        {"other-selections", test_other_selections},
        {"room-for-less-than-one-lun", test_room_for_less_than_one_lun},
        {"truncation-keeps-the-length", test_truncation_keeps_the_length},
        {"any-lun-answers", test_any_lun_answers},
        {"an-empty-target", test_an_empty_target},
        {"tgtadm-targets-have-a-lun-0", test_tgtadm_targets_have_a_lun_0, .legacy = true},
        {"changes-are-announced", test_changes_are_announced},
        {"reporting-answers-the-announcement-on-all-luns",
         test_reporting_answers_the_announcement_on_all_luns},
        {"other-attentions-stay", test_other_attentions_stay},
    };
    return spc_main(argc, argv, "luns", tests, G_N_ELEMENTS(tests));
}
