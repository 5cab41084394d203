/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPC-2 reservations: who is let through, and by what they end. */
#include "spc-scene.h"

#define RESERVE6(n)  SPC_RUN(n, 0x16, 0, 0, 0, 0, 0)
#define RELEASE6(n)  SPC_RUN(n, 0x17, 0, 0, 0, 0, 0)
#define RESERVE10(n) SPC_RUN(n, 0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define RELEASE10(n) SPC_RUN(n, 0x57, 0, 0, 0, 0, 0, 0, 0, 0, 0)

static void conflict(struct fake_cmd *c)
{
    spc_status(c, TGT_STATUS_RESERVATION_CONFLICT);
}

static void test_one_holder(struct spc *s)
{
    spc_good(RESERVE6(s->a));
    spc_good(RESERVE6(s->a));
    conflict(RESERVE6(s->b));
    conflict(RESERVE10(s->b));
    spc_good(RELEASE6(s->a));
    spc_good(RESERVE6(s->b));
    conflict(RESERVE6(s->a));
}

static void test_six_and_ten_are_the_same(struct spc *s)
{
    spc_good(RESERVE10(s->a));
    conflict(RESERVE6(s->b));
    spc_good(RELEASE6(s->a));
    spc_good(RESERVE6(s->b));
    spc_good(RELEASE10(s->b));
    spc_good(RESERVE10(s->a));
}

static void test_a_stranger_releases_nothing(struct spc *s)
{
    spc_good(RESERVE6(s->a));
    spc_good(RELEASE6(s->b));
    spc_good(RELEASE10(s->b));
    conflict(RESERVE6(s->b));
}

static void test_what_others_may_do(struct spc *s)
{
    uint8_t block[512] = {0};
    spc_good(RESERVE6(s->a));
    spc_good(SPC_IN(s->b, 96, 0x12, 0, 0, 0, 96, 0));
    spc_good(SPC_IN(s->b, 18, 0x03, 0, 0, 0, 18, 0));
    spc_good(SPC_IN(s->b, 256, 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    conflict(SPC_RUN(s->b, 0, 0, 0, 0, 0, 0));
    conflict(SPC_IN(s->b, 4, 0x1a, 0, 0x3f, 0, 4, 0));
    conflict(SPC_IN(s->b, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0));
    conflict(SPC_OUT(s->b, block, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0));
    conflict(SPC_RUN(s->b, 0x1b, 0, 0, 0, 1, 0));
    spc_good(SPC_IN(s->a, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0));
}

static void test_a_newcomer_sees_it(struct spc *s)
{
    spc_good(RESERVE6(s->a));
    struct fake_nexus *c = fake_nexus_open(s->fake, 0, "iqn.2026-01.org.example:c");
    spc_sense(SPC_RUN(c, 0, 0, 0, 0, 0, 0), TGT_SENSE_POWER_ON);
    conflict(SPC_RUN(c, 0, 0, 0, 0, 0, 0));
    spc_good(RELEASE6(s->a));
    spc_ready(c);
}

static void test_it_ends_with_the_nexus(struct spc *s)
{
    spc_good(RESERVE6(s->a));
    conflict(RESERVE6(s->b));
    fake_nexus_close(s->a);
    spc_good(RESERVE6(s->b));
}

static void test_it_stays_when_another_nexus_ends(struct spc *s)
{
    struct fake_nexus *c = fake_nexus_open(s->fake, 1, "iqn.2026-01.org.example:c");
    fake_clear_attention(c, 1);
    spc_good(RESERVE6(s->a));
    fake_nexus_close(s->b);
    conflict(RESERVE6(c));
}

static void test_it_ends_with_a_reset(struct spc *s)
{
    static const enum tgt_tmf_function resets[] = {TGT_TMF_LOGICAL_UNIT_RESET,
                                                   TGT_TMF_TARGET_WARM_RESET};
    for (unsigned i = 0; i < G_N_ELEMENTS(resets); i++) {
        spc_good(RESERVE6(s->a));
        g_assert_cmpint(fake_tmf(s->b, resets[i], 1, 0), ==, TGT_TMF_COMPLETE);
        fake_clear_attention(s->a, 1);
        fake_clear_attention(s->b, 1);
        spc_good(RESERVE6(s->b));
        spc_good(RELEASE6(s->b));
    }
}

static void test_other_units_are_free(struct spc *s)
{
    scene_lu(fake_target(s->fake), 2);
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->b, 1);
    fake_clear_attention(s->b, 2);
    spc_good(RESERVE6(s->a));
    spc_good(fake_run(s->b, 2, SPC_CDB(0, 0, 0, 0, 0, 0), NULL, 0, 0));
    conflict(SPC_RUN(s->b, 0, 0, 0, 0, 0, 0));
}

static void test_third_parties_and_extents_are_refused(struct spc *s)
{
    spc_field(SPC_RUN(s->a, 0x16, 0x10, 0, 0, 0, 0), 1, 4);
    spc_field(SPC_RUN(s->a, 0x16, 0x01, 0, 0, 0, 0), 1, 0);
    spc_field(SPC_RUN(s->a, 0x56, 0x10, 0, 0, 0, 0, 0, 0, 0, 0), 1, 4);
    spc_field(SPC_RUN(s->a, 0x56, 0x02, 0, 0, 0, 0, 0, 0, 0, 0), 1, 1);
    spc_field(SPC_RUN(s->a, 0x57, 0, 0, 9, 0, 0, 0, 0, 0, 0), 3, 3);
    spc_good(RESERVE6(s->b));
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"one-holder", test_one_holder},
        {"six-and-ten-are-the-same", test_six_and_ten_are_the_same},
        {"a-stranger-releases-nothing", test_a_stranger_releases_nothing},
        {"what-others-may-do", test_what_others_may_do},
        {"a-newcomer-sees-it", test_a_newcomer_sees_it},
        {"it-ends-with-the-nexus", test_it_ends_with_the_nexus},
        {"it-stays-when-another-nexus-ends", test_it_stays_when_another_nexus_ends},
        {"it-ends-with-a-reset", test_it_ends_with_a_reset},
        {"other-units-are-free", test_other_units_are_free},
        {"third-parties-and-extents-are-refused", test_third_parties_and_extents_are_refused},
    };
    return spc_main(argc, argv, "reserve", tests, G_N_ELEMENTS(tests));
}
