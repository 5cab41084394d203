/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LOG SENSE: the lists of pages, the parameter pointer, what is refused. */
#include <tgt/scsi/be.h>

#include "spc-scene.h"

#define LOG_SENSE(n, b1, page, subpage, pointer, alloc)                                            \
    SPC_IN(n, alloc, 0x4d, b1, page, subpage, 0, (pointer) >> 8, (pointer)&0xff, (alloc) >> 8,     \
           (alloc)&0xff, 0)

static void test_pages_of_a_thick_disk(struct spc *s)
{
    spc_data(LOG_SENSE(s->a, 0, 0x00, 0, 0, 255), "\x00\x00\x00\x01\x00", 5);
    spc_data(LOG_SENSE(s->a, 0, 0x00, 0xff, 0, 255), "\x40\xff\x00\x04\x00\x00\x00\xff", 8);
}

static void test_pages_of_a_thin_disk(struct spc *s)
{
    spc_data(LOG_SENSE(s->a, 0, 0x00, 0, 0, 255), "\x00\x00\x00\x02\x00\x0c", 6);
    spc_data(LOG_SENSE(s->a, 0, 0x00, 0xff, 0, 255), "\x40\xff\x00\x06\x00\x00\x00\xff\x0c\x00",
             10);
}

static void test_all_page_controls_are_taken(struct spc *s)
{
    for (unsigned control = 0; control < 4; control++)
        spc_data(LOG_SENSE(s->a, 0, (uint8_t)(control << 6), 0, 0, 255), "\x00\x00\x00\x01\x00", 5);
}

static void test_provisioning_page(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(LOG_SENSE(s->a, 0, 0x0c, 0, 0, 255), &len);
    g_assert_cmphex(d[0], ==, 0x8c); /* DS, no SPF */
    g_assert_cmphex(d[1], ==, 0);
    g_assert_cmpuint(be_get(d + 2, 2), ==, len - 4);
    g_assert_cmpuint(len, ==, 4 + 2 * 12);
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *p = d + 4 + 12 * i;
        g_assert_cmpuint(be_get(p, 2), ==, i + 1); /* available, used */
        g_assert_cmphex(p[2] & 3, ==, 3);          /* binary list */
        g_assert_cmpuint(p[3], ==, 8);
    }
}

static void test_the_pointer_skips_parameters(struct spc *s)
{
    uint32_t all, len;
    g_autofree uint8_t *full = spc_take(LOG_SENSE(s->a, 0, 0x0c, 0, 0, 255), &all);
    for (unsigned pointer = 0; pointer <= 2; pointer++) {
        uint32_t skipped = pointer == 2 ? 12 : 0;
        g_autofree uint8_t *d = spc_take(LOG_SENSE(s->a, 0, 0x0c, 0, pointer, 255), &len);
        g_assert_cmpuint(be_get(d + 2, 2), ==, len - 4);
        g_assert_cmpmem(d + 4, len - 4, full + 4 + skipped, all - 4 - skipped);
    }
    spc_field(LOG_SENSE(s->a, 0, 0x0c, 0, 3, 255), 5, 7);
    spc_field(LOG_SENSE(s->a, 0, 0x0c, 0, 0xffff, 255), 5, 7);
}

static void test_lists_have_no_parameters_to_point_at(struct spc *s)
{
    spc_field(LOG_SENSE(s->a, 0, 0x00, 0, 1, 255), 5, 7);
    spc_field(LOG_SENSE(s->a, 0, 0x00, 0xff, 1, 255), 5, 7);
}

static void test_nothing_is_saved_or_pointed(struct spc *s)
{
    spc_field(LOG_SENSE(s->a, 1, 0x00, 0, 0, 255), 1, 0); /* SP */
    spc_field(LOG_SENSE(s->a, 2, 0x00, 0, 0, 255), 1, 1); /* PPC */
}

static void test_pages_that_are_not_there(struct spc *s)
{
    spc_field(LOG_SENSE(s->a, 0, 0x0c, 0, 0, 255), 2, 5); /* the disk is not thin */
    spc_field(LOG_SENSE(s->a, 0, 0x3f, 0, 0, 255), 2, 5);
    spc_field(LOG_SENSE(s->a, 0, 0x00, 1, 0, 255), 3, 7);
}

static void test_truncation_keeps_the_length(struct spc *s)
{
    uint32_t full, len;
    g_autofree uint8_t *all = spc_take(LOG_SENSE(s->a, 0, 0x0c, 0, 0, 255), &full);
    for (unsigned alloc = 0; alloc <= full + 1; alloc++) {
        g_autofree uint8_t *d = spc_take(LOG_SENSE(s->a, 0, 0x0c, 0, 0, alloc), &len);
        g_assert_cmpmem(d, len, all, MIN(alloc, full));
    }
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"pages-of-a-thick-disk", test_pages_of_a_thick_disk},
        {"pages-of-a-thin-disk", test_pages_of_a_thin_disk, .thin = true},
        {"all-page-controls-are-taken", test_all_page_controls_are_taken},
        {"provisioning-page", test_provisioning_page, .thin = true},
        {"the-pointer-skips-parameters", test_the_pointer_skips_parameters, .thin = true},
        {"lists-have-no-parameters-to-point-at", test_lists_have_no_parameters_to_point_at},
        {"nothing-is-saved-or-pointed", test_nothing_is_saved_or_pointed},
        {"pages-that-are-not-there", test_pages_that_are_not_there},
        {"truncation-keeps-the-length", test_truncation_keeps_the_length, .thin = true},
    };
    return spc_main(argc, argv, "log", tests, G_N_ELEMENTS(tests));
}
