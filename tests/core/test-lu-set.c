/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be changed on a logical unit while it lives, and what is refused with which words. */
#include <string.h>

#include "error.h"
#include "scene.h"

static struct fake *f;

static void expect_refusal(const struct lu_request *request, int code, const char *text)
{
    GError *error = NULL;
    g_assert_null(scene_create(request, &error));
    scene_expect(error, code, text);
}

static struct lu_request disk(uint16_t lun)
{
    return scene_request(fake_target(f), lun);
}

/* ---- Settings ---- */

static void set(struct core_lu *lu, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;
    scene_set(lu, key, value, &error);
    g_assert_no_error(error);
}

static void expect_unset(struct core_lu *lu, const char *key, const char *value, int code,
                         const char *text)
{
    GError *error = NULL;
    g_assert_false(scene_set(lu, key, value, &error));
    scene_expect(error, code, text);
}

static void test_states_can_be_set(void)
{
    static const struct {
        const char *key;
        unsigned bit;
        bool inverted;
    } keys[] = {{"online", TGT_LU_OFFLINE, true},
                {"read-only", TGT_LU_READ_ONLY, false},
                {"removable", TGT_LU_REMOVABLE, false},
                {"thin", TGT_LU_THIN, false},
                {"swp", TGT_LU_SWP, false},
                {"write-cache", TGT_LU_WCE, false}};
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        set(lu, keys[i].key, "yes");
        g_assert_cmpint(tgt_lu_is(&lu->pub, keys[i].bit), ==, !keys[i].inverted);
        set(lu, keys[i].key, "0");
        g_assert_cmpint(tgt_lu_is(&lu->pub, keys[i].bit), ==, keys[i].inverted);
        set(lu, keys[i].key, "1");
        expect_unset(lu, keys[i].key, "maybe", CORE_ERROR_INVALID, "neither yes nor no");
        g_assert_cmpint(tgt_lu_is(&lu->pub, keys[i].bit), ==, !keys[i].inverted);
        set(lu, keys[i].key, keys[i].inverted ? "yes" : "no");
    }
}

static void test_sense_format(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    set(lu, "sense-format", "descriptor");
    g_assert_true(tgt_lu_is(&lu->pub, TGT_LU_D_SENSE));
    set(lu, "sense-format", "fixed");
    g_assert_false(tgt_lu_is(&lu->pub, TGT_LU_D_SENSE));
    expect_unset(lu, "sense-format", "other", CORE_ERROR_INVALID, "'fixed' or 'descriptor'");
}

static void test_unknown_settings(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    expect_unset(lu, "read_only", "yes", CORE_ERROR_INVALID, "did you mean 'read-only'?");
    expect_unset(lu, "xyzzy", "1", CORE_ERROR_INVALID, "no parameter 'xyzzy'");
}

static void test_what_a_store_cannot_do(void)
{
    struct lu_request request = disk(1);
    request.store.read_only = true;
    struct core_lu *lu = scene_create(&request, NULL);
    g_assert_true(tgt_lu_is(&lu->pub, TGT_LU_READ_ONLY));
    expect_unset(lu, "read-only", "no", CORE_ERROR_INVALID, "open for reading only");
    request = disk(2);
    request.store.type = "mem-blocking"; /* has the callback, and says that it cannot discard */
    expect_unset(scene_create(&request, NULL), "thin", "yes", CORE_ERROR_INVALID,
                 "give space back");
    request.lun = 3;
    request.thin = true;
    expect_refusal(&request, CORE_ERROR_INVALID, "thin");
    request.store.options = (char *[]){(char *)"size=1M", (char *)"thin=on", NULL};
    g_assert_nonnull(scene_create(&request, NULL));
}

static void test_an_empty_slot_stays_removable(void)
{
    struct lu_request request = disk(1);
    request.store = (struct bs_request){0};
    request.removable = true;
    expect_unset(scene_create(&request, NULL), "removable", "no", CORE_ERROR_INVALID, "removable");
}

static void test_identity_settings(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    set(lu, "vendor", "ACME");
    set(lu, "product", "P");
    set(lu, "revision", "9");
    set(lu, "serial", "S");
    g_assert_cmpstr(lu->pub.vendor, ==, "ACME    ");
    g_assert_cmpstr(lu->pub.product, ==, "P               ");
    g_assert_cmpstr(lu->pub.revision, ==, "9   ");
    g_assert_cmpstr(lu->pub.serial, ==, "S");
    expect_unset(lu, "vendor", "too long a vendor", CORE_ERROR_INVALID, "too long");
    set(lu, "uuid", "01234567-89ab-4def-8123-456789abcdef");
    g_assert_cmpstr(lu->pub.serial, ==, "0123456789ab4def8123456789abcdef");
}

static void test_identity_is_fixed_while_initiators_know_it(void)
{
    static const char *const keys[] = {"vendor", "product", "revision", "serial", "scsi-id"};
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    struct fake_nexus *n = fake_nexus_open(f, 0, "iqn.2026-01.org.example:i");
    fake_clear_attention(n, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        expect_unset(lu, keys[i], "X", CORE_ERROR_BUSY, "without sessions");
    expect_unset(lu, "uuid", "01234567-89ab-4def-8123-456789abcdef", CORE_ERROR_BUSY,
                 "without sessions");
    fake_nexus_close(n);
    set(lu, "vendor", "X");
}

static void test_tgtadm_cuts_long_identities(void)
{
    struct lu_request request = disk(1);
    request.legacy_identity = true;
    struct core_lu *lu = scene_create(&request, NULL);
    set(lu, "scsi-id", "volume-123e4567-e89b-12d3-a456-426614174000");
    set(lu, "serial", "volume-123e4567-e89b-12d3-a456-426614174000");
    g_assert_cmpstr(lu->scsi_id, ==, "volume-123e4567-e89b-12d3-a456-42661");
    g_assert_cmpstr(lu->pub.serial, ==, "volume-123e4567-e89b-12d3-a456-42661");
    expect_unset(lu, "uuid", "01234567-89ab-4def-8123-456789abcdef", CORE_ERROR_INVALID, "tgtadm");
}

/* ---- Mode pages as tgtadm writes them ---- */

static void expect_page(struct core_lu *lu, uint8_t code, const void *bytes, size_t len)
{
    uint8_t page[64];
    int got = lu_mode_get(&lu->pub, code, 0, page, sizeof page);
    g_assert_cmpint(got, ==, len);
    g_assert_cmpmem(page, len, bytes, len);
}

static void test_a_mode_page_as_a_whole(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    g_assert_true(tgt_lu_is(&lu->pub, TGT_LU_WCE));
    set(lu, "mode-page", "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0");
    expect_page(lu, 8, "\x10\0\xff\xff\0\0\xff\xff\xff\xff\x80\x14\0\0\0\0\0", 18);
    g_assert_false(tgt_lu_is(&lu->pub, TGT_LU_WCE));
}

static void test_a_mode_page_of_the_admins_own(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    set(lu, "mode-page", "0x2a:0:2:0xab:010");
    expect_page(lu, 0x2a, "\xab\x08", 2);
}

static void test_bad_mode_pages(void)
{
    static const char *const bad[] = {"",          "8",       "8:0",      "8:0:2:1",   "8:0:1:1:2",
                                      "8:0:1:256", "8:0:1:x", "63:0:1:1", "8:255:1:1", "8:0:1:"};
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_unset(lu, "mode-page", bad[i], CORE_ERROR_INVALID, "code:subcode:length");
    expect_unset(lu, "mode-page", "8:0:1:0", CORE_ERROR_INVALID, "of that length");
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"states-can-be-set", test_states_can_be_set},
        {"sense-format", test_sense_format},
        {"unknown-settings", test_unknown_settings},
        {"what-a-store-cannot-do", test_what_a_store_cannot_do},
        {"an-empty-slot-stays-removable", test_an_empty_slot_stays_removable},
        {"identity-settings", test_identity_settings},
        {"identity-is-fixed-while-initiators-know-it",
         test_identity_is_fixed_while_initiators_know_it},
        {"tgtadm-cuts-long-identities", test_tgtadm_cuts_long_identities},
        {"a-mode-page-as-a-whole", test_a_mode_page_as_a_whole},
        {"a-mode-page-of-the-admins-own", test_a_mode_page_of_the_admins_own},
        {"bad-mode-pages", test_bad_mode_pages},
    };
    return scene_main(argc, argv, "lu-set", &f, tests, G_N_ELEMENTS(tests));
}
