/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MODE SELECT(6) and (10): all or nothing, pointers at what is wrong, who is told, what is saved.
 */
#include <string.h>
#include <tgt/scsi/be.h>

#include "spc-scene.h"

#define SELECT6(n, flags, list, len) SPC_OUT(n, list, len, 0x15, flags, 0, 0, len, 0)
#define SELECT10(n, flags, list, len)                                                              \
    SPC_OUT(n, list, len, 0x55, flags, 0, 0, 0, 0, 0, (len) >> 8, (len)&0xff, 0)
#define PF 0x10
#define SP 0x01

/* Header, descriptor of 2048 blocks of 512 bytes, Caching page without WCE, Control page with
 * D_SENSE and SWP. */
static const uint8_t list6[] = {0, 0, 0,    8,  0,    0,    8,    0, 0, 0, 2, 0, 0x08, 18, 0,
                                0, 0, 0,    0,  0,    0,    0,    0, 0, 0, 0, 0, 0,    0,  0,
                                0, 0, 0x0a, 10, 0x06, 0x10, 0x08, 0, 0, 0, 0, 0, 0,    0};

static uint8_t byte_of(struct fake_nexus *n, uint8_t page, unsigned byte)
{
    g_autofree uint8_t *d = spc_take(SPC_IN(n, 255, 0x1a, 8, page, 0, 255, 0), NULL);
    return d[4 + byte];
}

static void expect_unchanged(struct spc *s)
{
    spc_ready(s->b); /* no unit attention */
    g_assert_cmphex(byte_of(s->a, 0x08, 2), ==, 0x04);
    g_assert_cmphex(byte_of(s->a, 0x0a, 2), ==, 0x02);
    g_assert_false(tgt_lu_is(&s->lu->pub, TGT_LU_D_SENSE | TGT_LU_SWP));
    g_assert_true(tgt_lu_is(&s->lu->pub, TGT_LU_WCE));
}

static void expect_changed(struct spc *s)
{
    g_assert_cmphex(byte_of(s->a, 0x08, 2), ==, 0x00);
    g_assert_cmphex(byte_of(s->a, 0x0a, 2), ==, 0x06);
    g_assert_cmphex(byte_of(s->a, 0x0a, 4), ==, 0x08);
    g_assert_false(tgt_lu_is(&s->lu->pub, TGT_LU_WCE));
    g_assert_true(tgt_lu_is(&s->lu->pub, TGT_LU_D_SENSE));
    g_assert_true(tgt_lu_is(&s->lu->pub, TGT_LU_SWP));
}

static void make10(uint8_t list10[sizeof list6 + 4])
{
    memset(list10, 0, 8);
    list10[7] = 8;
    memcpy(list10 + 8, list6 + 4, sizeof list6 - 4);
}

static void test_six(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    expect_changed(s);
}

static void test_ten(struct spc *s)
{
    uint8_t list10[sizeof list6 + 4];
    make10(list10);
    spc_good(SELECT10(s->a, PF, list10, sizeof list10));
    expect_changed(s);
}

static void test_others_are_told(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    spc_ready(s->a);
    spc_attention(s->b, TGT_SENSE_MODE_PARAMETERS_CHANGED);
}

static void test_no_change_no_attention(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    spc_attention(s->b, TGT_SENSE_MODE_PARAMETERS_CHANGED);
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    spc_ready(s->b);
}

static void test_an_empty_list(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, NULL, 0));
    spc_good(SELECT10(s->a, PF, NULL, 0));
    expect_unchanged(s);
}

/* A list may end behind the header, the descriptor, or a page. Everywhere else it is cut. */
static bool is_complete(unsigned len, unsigned header)
{
    return len == 0 || len == header + 8 || len == header + 28 || len == header + 40;
}

static void test_every_truncation_of_6(struct spc *s)
{
    for (unsigned len = 1; len < sizeof list6 - 12; len++) {
        if (is_complete(len, 4))
            continue;
        spc_sense(SELECT6(s->a, PF, list6, len), TGT_SENSE_PARAMETER_LIST_LENGTH);
        expect_unchanged(s);
    }
    spc_sense(SELECT6(s->a, PF, list6, sizeof list6 - 1), TGT_SENSE_PARAMETER_LIST_LENGTH);
    expect_unchanged(s);
}

static void test_every_truncation_of_10(struct spc *s)
{
    uint8_t list10[sizeof list6 + 4];
    make10(list10);
    for (unsigned len = 1; len < sizeof list10; len++) {
        if (is_complete(len, 8))
            continue;
        spc_sense(SELECT10(s->a, PF, list10, len), TGT_SENSE_PARAMETER_LIST_LENGTH);
        expect_unchanged(s);
    }
}

/* The initiator sends less than the CDB says. */
static void test_less_data_than_announced(struct spc *s)
{
    spc_sense(SPC_OUT(s->a, list6, 20, 0x15, PF, 0, 0, sizeof list6, 0),
              TGT_SENSE_PARAMETER_LIST_LENGTH);
    expect_unchanged(s);
}

static void test_a_list_longer_than_any_page(struct spc *s)
{
    g_autofree uint8_t *list = g_malloc0(16384);
    spc_sense(SELECT10(s->a, PF, list, 16384), TGT_SENSE_PARAMETER_LIST_LENGTH);
    expect_unchanged(s);
}

static void refuse(struct spc *s, unsigned at, uint8_t value, unsigned byte, int bit)
{
    uint8_t list[sizeof list6];
    memcpy(list, list6, sizeof list);
    list[at] = value;
    spc_param(SELECT6(s->a, PF, list, sizeof list), byte, bit);
    expect_unchanged(s);
}

static void test_the_error_is_pointed_at(struct spc *s)
{
    refuse(s, 3, 4, 3, 7);      /* block descriptor length */
    refuse(s, 3, 16, 3, 7);     /* long descriptors need LONGLBA */
    refuse(s, 7, 1, 4, 7);      /* number of blocks */
    refuse(s, 10, 1, 9, 7);     /* block length */
    refuse(s, 12, 0x02, 12, 5); /* page code */
    refuse(s, 13, 17, 13, 7);   /* page length */
    refuse(s, 14, 0x01, 14, 0); /* RCD is not changeable */
    refuse(s, 15, 0x40, 15, 6);
    refuse(s, 32, 0x0b, 32, 5);
    refuse(s, 34, 0x86, 34, 7); /* TST */
    refuse(s, 34, 0x04, 34, 1); /* GLTSD is set and not changeable */
    refuse(s, 43, 0x01, 43, 0);
}

static void test_subpages_are_pointed_at(struct spc *s)
{
    static const uint8_t unknown[] = {0, 0, 0, 0, 0x4a, 0x05, 0, 0},
                         none[] = {0, 0, 0, 0, 0x4a, 0x00, 0, 0};
    static const uint8_t cut[] = {0, 0, 0, 0, 0x4a, 0x05, 0};
    spc_param(SELECT6(s->a, PF, unknown, sizeof unknown), 5, 7);
    spc_param(SELECT6(s->a, PF, none, sizeof none), 4, 6);
    spc_sense(SELECT6(s->a, PF, cut, sizeof cut), TGT_SENSE_PARAMETER_LIST_LENGTH);
}

static void test_block_counts_that_mean_all(struct spc *s)
{
    uint8_t list[12];
    memcpy(list, list6, sizeof list);
    memset(list + 4, 0, 4);
    spc_good(SELECT6(s->a, PF, list, sizeof list));
    memset(list + 4, 0xff, 4);
    spc_good(SELECT6(s->a, PF, list, sizeof list));
    expect_unchanged(s);
}

static void test_long_descriptors(struct spc *s)
{
    uint8_t list[24] = {[4] = 1, [7] = 16, [14] = 8, [22] = 2};
    spc_good(SELECT10(s->a, PF, list, sizeof list));
    list[15] = 1;
    spc_param(SELECT10(s->a, PF, list, sizeof list), 8, 7);
    list[15] = 0;
    list[22] = 4;
    spc_param(SELECT10(s->a, PF, list, sizeof list), 20, 7);
    list[7] = 8;
    spc_param(SELECT10(s->a, PF, list, sizeof list), 6, 7);
}

static void test_ps_of_a_returned_page_does_not_matter(struct spc *s)
{
    uint8_t list[sizeof list6];
    memcpy(list, list6, sizeof list);
    list[12] |= 0x80;
    list[32] |= 0x80;
    spc_good(SELECT6(s->a, PF, list, sizeof list));
    expect_changed(s);
}

static void test_the_last_of_two_values_counts(struct spc *s)
{
    static const uint8_t list[] = {0, 0, 0,    0,  0x0a, 10,   0x06, 0x10, 0, 0, 0, 0, 0, 0,
                                   0, 0, 0x0a, 10, 0x02, 0x10, 0,    0,    0, 0, 0, 0, 0, 0};
    spc_good(SELECT6(s->a, PF, list, sizeof list));
    expect_unchanged(s);
}

/* The page that a device refuses takes the others along. "mem" read-only does not cache. */
static void test_a_refused_page_undoes_all(struct spc *s)
{
    static const uint8_t list[] = {0, 0, 0, 0, 0x0a, 10, 0x06, 0x10, 0, 0, 0, 0,
                                   0, 0, 0, 0, 0x08, 18, 0x04, 0,    0, 0, 0, 0,
                                   0, 0, 0, 0, 0,    0,  0,    0,    0, 0, 0, 0};
    char *options[] = {(char *)"size=1M", (char *)"write-back=off", NULL};
    struct lu_request request = scene_request(fake_target(s->fake), 2);
    request.store.options = options;
    struct core_lu *lu = scene_create(&request, NULL);
    fake_clear_attention(s->a, 2);
    struct fake_cmd *c =
        fake_run(s->a, 2, SPC_CDB(0x15, PF, 0, 0, sizeof list, 0), list, sizeof list, 0);
    spc_sense(c, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    g_assert_false(tgt_lu_is(&lu->pub, TGT_LU_D_SENSE | TGT_LU_WCE));
}

static void test_page_format_is_required(struct spc *s)
{
    spc_field(SELECT6(s->a, 0, list6, sizeof list6), 1, 4);
    spc_field(SPC_OUT(s->a, list6, sizeof list6, 0x15, PF | 2, 0, 0, sizeof list6, 0), 1, 1);
}

static void test_swp_takes_effect(struct spc *s)
{
    uint8_t block[512] = {0};
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    spc_sense(SPC_OUT(s->a, block, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0),
              TGT_SENSE_SOFTWARE_WRITE_PROTECTED);
    g_autofree uint8_t *d = spc_take(SPC_IN(s->a, 255, 0x1a, 8, 0x0a, 0, 255, 0), NULL);
    g_assert_cmphex(d[2], ==, 0x90);
}

static void test_d_sense_takes_effect(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    struct fake_cmd *c = SPC_RUN(s->a, 0xff, 0, 0, 0, 0, 0);
    fake_expect_sense(c, TGT_SENSE_INVALID_OPCODE);
    g_assert_cmphex(c->sense[0], ==, 0x72);
    fake_cmd_free(c);
}

/* ---- Saving ---- */

static void test_a_reset_brings_defaults_back(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->b, 1);
    expect_unchanged(s);
}

static void test_a_reset_keeps_saved_values(struct spc *s)
{
    spc_good(SELECT6(s->a, PF | SP, list6, sizeof list6));
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    fake_clear_attention(s->a, 1);
    expect_changed(s);
}

static void restart(struct spc *s)
{
    char *dir = scene_stop_keep(s->fake);
    s->fake = scene_start_on(dir);
    g_free(dir);
    s->lu = scene_lu(fake_target(s->fake), 1);
    s->a = fake_nexus_open(s->fake, 0, "iqn.2026-01.org.example:a");
    s->b = fake_nexus_open(s->fake, 1, "iqn.2026-01.org.example:b");
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->b, 1);
}

static void test_saved_values_outlive_the_daemon(struct spc *s)
{
    spc_good(SELECT6(s->a, PF | SP, list6, sizeof list6));
    restart(s);
    expect_changed(s);
    g_autofree uint8_t *d = spc_take(SPC_IN(s->a, 255, 0x1a, 8, 0x88, 0, 255, 0), NULL);
    g_assert_cmphex(d[6], ==, 0x04); /* the default is the store's */
}

static void test_current_values_do_not(struct spc *s)
{
    spc_good(SELECT6(s->a, PF, list6, sizeof list6));
    restart(s);
    expect_unchanged(s);
}

static void test_damaged_saved_values_are_left_alone(struct spc *s)
{
    static const char *const texts[] = {"garbage", "[saved]\n0a.00=zz\n08.00=00\n",
                                        "[saved]\n0a.00=ffffffffffffffffffff\n"};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        spc_good(SELECT6(s->a, PF | SP, list6, sizeof list6));
        char *dir = scene_stop_keep(s->fake);
        g_autofree char *modes = g_build_filename(dir, "modes", NULL);
        g_autoptr(GDir) files = g_dir_open(modes, 0, NULL);
        g_autofree char *file = g_build_filename(modes, g_dir_read_name(files), NULL);
        g_assert_true(g_file_set_contents(file, texts[i], -1, &error));
        s->fake = scene_start_on(dir);
        g_free(dir);
        s->lu = scene_lu(fake_target(s->fake), 1);
        s->a = fake_nexus_open(s->fake, 0, "iqn.2026-01.org.example:a");
        fake_clear_attention(s->a, 1);
        g_assert_cmphex(byte_of(s->a, 0x0a, 3), ==,
                        0x10); /* not changeable, whatever the file says */
        g_assert_cmpint(byte_of(s->a, 0x0a, 2), ==, i == 2 ? 0x06 : 0x02);
        g_assert_cmpint(byte_of(s->a, 0x08, 2), ==, 0x04);
    }
}

static void test_saving_needs_a_state_directory(struct spc *s)
{
    spc_field(SELECT6(s->a, PF | SP, list6, sizeof list6), 1, 0);
    expect_unchanged(s);
}

/* The other may have been first, with a change. */
static void good_or_told(struct fake_cmd *c)
{
    if (c->status != TGT_STATUS_GOOD)
        fake_expect_sense(c, TGT_SENSE_MODE_PARAMETERS_CHANGED);
    fake_cmd_free(c);
}

static void test_two_savers_at_a_time(struct spc *s)
{
    for (unsigned i = 0; i < 20; i++) {
        struct fake_cmd *a = fake_cmd_new(s->a, 1, SPC_CDB(0x15, PF | SP, 0, 0, sizeof list6, 0));
        struct fake_cmd *b = fake_cmd_new(s->b, 1, SPC_CDB(0x15, PF | SP, 0, 0, sizeof list6, 0));
        a->out = b->out = list6;
        a->out_len = b->out_len = sizeof list6;
        fake_submit(a);
        fake_submit(b);
        fake_wait(a, FAKE_RELEASED);
        fake_wait(b, FAKE_RELEASED);
        good_or_told(a);
        good_or_told(b);
    }
    restart(s);
    expect_changed(s);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"six", test_six},
        {"ten", test_ten},
        {"others-are-told", test_others_are_told},
        {"no-change-no-attention", test_no_change_no_attention},
        {"an-empty-list", test_an_empty_list},
        {"every-truncation-of-6", test_every_truncation_of_6},
        {"every-truncation-of-10", test_every_truncation_of_10},
        {"less-data-than-announced", test_less_data_than_announced},
        {"a-list-longer-than-any-page", test_a_list_longer_than_any_page},
        {"the-error-is-pointed-at", test_the_error_is_pointed_at},
        {"subpages-are-pointed-at", test_subpages_are_pointed_at},
        {"block-counts-that-mean-all", test_block_counts_that_mean_all},
        {"long-descriptors", test_long_descriptors},
        {"ps-of-a-returned-page-does-not-matter", test_ps_of_a_returned_page_does_not_matter},
        {"the-last-of-two-values-counts", test_the_last_of_two_values_counts},
        {"a-refused-page-undoes-all", test_a_refused_page_undoes_all},
        {"page-format-is-required", test_page_format_is_required},
        {"swp-takes-effect", test_swp_takes_effect},
        {"d-sense-takes-effect", test_d_sense_takes_effect},
        {"a-reset-brings-defaults-back", test_a_reset_brings_defaults_back},
        {"a-reset-keeps-saved-values", test_a_reset_keeps_saved_values},
        {"saved-values-outlive-the-daemon", test_saved_values_outlive_the_daemon},
        {"current-values-do-not", test_current_values_do_not},
        {"damaged-saved-values-are-left-alone", test_damaged_saved_values_are_left_alone},
        {"saving-needs-a-state-directory", test_saving_needs_a_state_directory,
         .no_state_dir = true},
        {"two-savers-at-a-time", test_two_savers_at_a_time},
    };
    return spc_main(argc, argv, "mode-select", tests, G_N_ELEMENTS(tests));
}
