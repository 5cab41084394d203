/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MODE SENSE(6) and (10): header, block descriptor, pages and their four kinds of values. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "spc-scene.h"

#define SENSE6(n, b1, page, subpage, alloc) SPC_IN(n, alloc, 0x1a, b1, page, subpage, alloc, 0)
#define SENSE10(n, b1, page, subpage, alloc)                                                       \
    SPC_IN(n, alloc, 0x5a, b1, page, subpage, 0, 0, 0, (alloc) >> 8, (alloc)&0xff, 0)

#define DBD   0x08
#define LLBAA 0x10
enum { CURRENT = 0x00, CHANGEABLE = 0x40, DEFAULT = 0x80, SAVED = 0xc0 };

/* "mem" caches, so that WCE is set; PS is set, since there is a state directory. */
static const uint8_t caching[20] = {0x88, 18, 0x04};
static const uint8_t control[12] = {0x8a, 10, 0x02, 0x10};

static void test_header_and_descriptor_of_6(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(SENSE6(s->a, 0, 0x08, 0, 255), &len);
    g_assert_cmpuint(len, ==, 4 + 8 + 20);
    g_assert_cmpmem(d, 4, "\x1f\x00\x10\x08", 4);
    g_assert_cmpmem(d + 4, 8, "\x00\x00\x08\x00\x00\x00\x02\x00", 8);
    g_assert_cmpmem(d + 12, 20, caching, 20);
}

static void test_header_and_descriptor_of_10(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(SENSE10(s->a, 0, 0x08, 0, 255), &len);
    g_assert_cmpuint(len, ==, 8 + 8 + 20);
    g_assert_cmpmem(d, 8, "\x00\x22\x00\x10\x00\x00\x00\x08", 8);
    g_assert_cmpmem(d + 8, 8, "\x00\x00\x08\x00\x00\x00\x02\x00", 8);
    g_assert_cmpmem(d + 16, 20, caching, 20);
}

static void test_long_descriptor(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(SENSE10(s->a, LLBAA, 0x08, 0, 255), &len);
    g_assert_cmpuint(len, ==, 8 + 16 + 20);
    g_assert_cmpmem(d, 8, "\x00\x2a\x00\x10\x01\x00\x00\x10", 8);
    g_assert_cmpmem(d + 8, 16, "\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x02\0", 16);
}

static void test_no_descriptor_on_request(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *six = spc_take(SENSE6(s->a, DBD, 0x08, 0, 255), &len);
    g_assert_cmpmem(six, 4, "\x17\x00\x10\x00", 4);
    g_assert_cmpuint(len, ==, 24);
    g_autofree uint8_t *ten = spc_take(SENSE10(s->a, DBD | LLBAA, 0x08, 0, 255), &len);
    g_assert_cmpmem(ten, 8, "\x00\x1a\x00\x10\x00\x00\x00\x00", 8);
}

static void test_write_protection_shows(struct spc *s)
{
    g_autofree uint8_t *d = spc_take(SENSE6(s->a, DBD, 0x08, 0, 255), NULL);
    g_assert_cmphex(d[2], ==, 0x90);
}

static void expect_page(struct spc *s, uint8_t page, const void *bytes, size_t len)
{
    uint32_t got;
    g_autofree uint8_t *d = spc_take(SENSE6(s->a, DBD, page, 0, 255), &got);
    g_assert_cmpmem(d + 4, got - 4, bytes, len);
    g_autofree uint8_t *e = spc_take(SENSE10(s->a, DBD, page, 0, 255), &got);
    g_assert_cmpmem(e + 8, got - 8, bytes, len);
}

static void test_the_pages(struct spc *s)
{
    static const uint8_t recovery[12] = {0x81, 10}, power[40] = {0x9a, 38},
                         exceptions[12] = {0x9c, 10, 0x08};
    expect_page(s, 0x01, recovery, sizeof recovery);
    expect_page(s, 0x08, caching, sizeof caching);
    expect_page(s, 0x0a, control, sizeof control);
    expect_page(s, 0x1a, power, sizeof power);
    expect_page(s, 0x1c, exceptions, sizeof exceptions);
}

static void test_changeable_values(struct spc *s)
{
    static const uint8_t wce[20] = {0x88, 18, 0x04}, bits[12] = {0x8a, 10, 0x04, 0, 0x08},
                         power[40] = {0x9a, 38};
    expect_page(s, CHANGEABLE | 0x08, wce, sizeof wce);
    expect_page(s, CHANGEABLE | 0x0a, bits, sizeof bits);
    expect_page(s, CHANGEABLE | 0x1a, power, sizeof power);
}

static void test_default_and_saved_values(struct spc *s)
{
    static const uint8_t changed[20] = {0x88, 18};
    g_assert_true(scene_set(s->lu, "write-cache", "off", NULL));
    fake_clear_attention(s->a, 1);
    expect_page(s, CURRENT | 0x08, changed, sizeof changed);
    expect_page(s, DEFAULT | 0x08, caching, sizeof caching);
    expect_page(s, SAVED | 0x08, caching, sizeof caching);
}

static void test_nothing_can_be_saved_without_a_state_directory(struct spc *s)
{
    static const uint8_t page[12] = {0x0a, 10, 0x02, 0x10};
    spc_sense(SENSE6(s->a, 0, SAVED | 0x0a, 0, 255), TGT_SENSE_SAVING_NOT_SUPPORTED);
    spc_sense(SENSE10(s->a, 0, SAVED | 0x3f, 0, 255), TGT_SENSE_SAVING_NOT_SUPPORTED);
    expect_page(s, CURRENT | 0x0a, page, sizeof page); /* PS is 0 */
}

static void test_all_pages_in_ascending_order(struct spc *s)
{
    static const uint8_t codes[] = {0x01, 0x08, 0x0a, 0x1a, 0x1c};
    uint32_t len, at = 8;
    g_autofree uint8_t *d = spc_take(SENSE10(s->a, DBD, 0x3f, 0, 4096), &len);
    for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++, at += 2u + d[at + 1])
        g_assert_cmphex(d[at], ==, 0x80 | codes[i]);
    g_assert_cmpuint(at, ==, len);
    g_assert_cmpuint(be_get(d, 2), ==, len - 2);
}

static void test_page_0_comes_last(struct spc *s)
{
    uint32_t len;
    g_assert_true(scene_set(s->lu, "mode-page", "0:0:1:0xee", NULL));
    fake_clear_attention(s->a, 1);
    g_autofree uint8_t *d = spc_take(SENSE6(s->a, DBD, 0x3f, 0, 255), &len);
    g_assert_cmpmem(d + len - 3, 3, "\x80\x01\xee", 3);
}

static void test_subpages(struct spc *s)
{
    static const uint8_t extension[] = {0xca, 0x01, 0x00, 0x02, 0x11, 0x22};
    uint32_t len;
    g_assert_true(scene_set(s->lu, "mode-page", "10:1:2:0x11:0x22", NULL));
    fake_clear_attention(s->a, 1);
    g_autofree uint8_t *one = spc_take(SENSE6(s->a, DBD, 0x0a, 0x01, 255), &len);
    g_assert_cmpmem(one + 4, len - 4, extension, sizeof extension);
    expect_page(s, 0x0a, control, sizeof control);
    g_autofree uint8_t *both = spc_take(SENSE6(s->a, DBD, 0x0a, 0xff, 255), &len);
    g_assert_cmpmem(both + 4, 12, control, 12);
    g_assert_cmpmem(both + 16, len - 16, extension, sizeof extension);
}

static void test_all_pages_with_and_without_subpages(struct spc *s)
{
    uint32_t plain, all;
    g_assert_true(scene_set(s->lu, "mode-page", "10:1:2:0x11:0x22", NULL));
    fake_clear_attention(s->a, 1);
    g_free(spc_take(SENSE10(s->a, DBD, 0x3f, 0x00, 4096), &plain));
    g_free(spc_take(SENSE10(s->a, DBD, 0x3f, 0xff, 4096), &all));
    g_assert_cmpuint(all, ==, plain + 6);
}

static void test_pages_that_are_not_there(struct spc *s)
{
    spc_field(SENSE6(s->a, 0, 0x02, 0, 255), 2, 5);
    spc_field(SENSE10(s->a, 0, 0x3e, 0xff, 255), 2, 5);
    spc_field(SENSE6(s->a, 0, 0x0a, 0x01, 255), 3, 7);
    spc_field(SENSE6(s->a, 0, 0x3f, 0x01, 255), 3, 7);
}

static void test_reserved_bits(struct spc *s)
{
    spc_field(SENSE6(s->a, LLBAA, 0x08, 0, 255), 1, 4);
    spc_field(SENSE10(s->a, 0x20, 0x08, 0, 255), 1, 5);
}

static void test_truncation_keeps_the_length(struct spc *s)
{
    uint32_t len, full;
    g_autofree uint8_t *all = spc_take(SENSE6(s->a, 0, 0x3f, 0, 255), &full);
    for (unsigned alloc = 0; alloc <= 255; alloc++) {
        g_autofree uint8_t *six = spc_take(SENSE6(s->a, 0, 0x3f, 0, (uint8_t)alloc), &len);
        g_assert_cmpmem(six, len, all, MIN(alloc, full));
        g_autofree uint8_t *ten = spc_take(SENSE10(s->a, 0, 0x3f, 0, alloc), &len);
        g_assert_cmpuint(len, ==, MIN(alloc, full + 4));
        if (alloc >= 2)
            g_assert_cmpuint(be_get(ten, 2), ==, full + 2);
    }
}

static void test_six_says_at_most_255(struct spc *s)
{
    GString *page = g_string_new("0x20:0:250");
    uint32_t len;
    for (unsigned i = 0; i < 250; i++)
        g_string_append(page, ":1");
    g_assert_true(scene_set(s->lu, "mode-page", page->str, NULL));
    g_string_free(page, TRUE);
    fake_clear_attention(s->a, 1);
    g_autofree uint8_t *six = spc_take(SENSE6(s->a, DBD, 0x3f, 0, 255), &len);
    g_assert_cmphex(six[0], ==, 255);
    g_autofree uint8_t *ten = spc_take(SENSE10(s->a, DBD, 0x3f, 0, 4096), &len);
    g_assert_cmpuint(be_get(ten, 2), ==, len - 2);
    g_assert_cmpuint(len, >, 256);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"header-and-descriptor-of-6", test_header_and_descriptor_of_6},
        {"header-and-descriptor-of-10", test_header_and_descriptor_of_10},
        {"long-descriptor", test_long_descriptor},
        {"no-descriptor-on-request", test_no_descriptor_on_request},
        {"write-protection-shows", test_write_protection_shows, .read_only = true},
        {"the-pages", test_the_pages},
        {"changeable-values", test_changeable_values},
        {"default-and-saved-values", test_default_and_saved_values},
        {"nothing-can-be-saved-without-a-state-directory",
         test_nothing_can_be_saved_without_a_state_directory, .no_state_dir = true},
        {"all-pages-in-ascending-order", test_all_pages_in_ascending_order},
        {"page-0-comes-last", test_page_0_comes_last},
        {"subpages", test_subpages},
        {"all-pages-with-and-without-subpages", test_all_pages_with_and_without_subpages},
        {"pages-that-are-not-there", test_pages_that_are_not_there},
        {"reserved-bits", test_reserved_bits},
        {"truncation-keeps-the-length", test_truncation_keeps_the_length},
        {"six-says-at-most-255", test_six_says_at_most_255},
    };
    return spc_main(argc, argv, "mode-sense", tests, G_N_ELEMENTS(tests));
}
