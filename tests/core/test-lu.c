/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical units: what can be made and what cannot, sizes and blocks, settings, deletion, new sizes, counters. */
#include <string.h>

#include "error.h"
#include "scene.h"

static struct fake *f;

static void expect(GError *error, int code, const char *text)
{
    g_assert_error(error, CORE_ERROR, code);
    if (strstr(error->message, text) == NULL)
        g_error("'%s' does not say '%s'", error->message, text);
    g_error_free(error);
}

static void expect_refusal(const struct lu_request *request, int code, const char *text)
{
    GError *error = NULL;
    g_assert_null(scene_create(request, &error));
    expect(error, code, text);
}

static struct lu_request disk(uint16_t lun)
{
    return scene_request(fake_target(f), lun);
}

static struct core_lu *sized(uint16_t lun, const char *size, uint32_t block_size)
{
    g_autofree char *option = g_strdup_printf("size=%s", size);
    char *options[] = {option, NULL};
    GError *error = NULL;
    struct lu_request request = disk(lun);
    request.store.options = options;
    request.block_size = block_size;
    struct core_lu *lu = scene_create(&request, &error);
    g_assert_no_error(error);
    return lu;
}

/* ---- Making ---- */

static void test_a_disk(void)
{
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    g_assert_true(target_lun(fake_target(f), 1) == lu);
    g_assert_cmpuint(lu_blocks(&lu->pub), ==, 2048);
    g_assert_cmpuint(lu->pub.block_size, ==, 512);
    g_assert_cmpuint(lu->pub.block_shift, ==, 9);
    g_assert_cmpstr(lu->pub.vendor, ==, "TGT     ");
    g_assert_cmpstr(lu->pub.product, ==, "VIRTUAL-DISK    ");
    g_assert_cmpstr(lu->pub.revision, ==, "0001");
    g_assert_cmpuint(strlen(lu->pub.serial), ==, 32);
    g_assert_false(tgt_lu_is(&lu->pub, TGT_LU_READ_ONLY | TGT_LU_REMOVABLE | TGT_LU_THIN | TGT_LU_OFFLINE));
}

static void test_blocks_of_4096_bytes(void)
{
    struct core_lu *lu = sized(1, "1M", 4096);
    g_assert_cmpuint(lu_blocks(&lu->pub), ==, 256);
    g_assert_cmpuint(lu->pub.block_shift, ==, 12);
}

static void test_a_piece_of_a_block_is_no_block(void)
{
    g_assert_cmpuint(lu_blocks(&sized(1, "10751", 512)->pub), ==, 20);
    g_assert_cmpuint(lu_blocks(&sized(2, "12287", 4096)->pub), ==, 2);
}

static void test_impossible_block_sizes(void)
{
    static const uint32_t sizes[] = {1, 256, 513, 1000, 8192, 0x80000000u};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct lu_request request = disk(1);
        request.block_size = sizes[i];
        expect_refusal(&request, CORE_ERROR_INVALID, "is not possible");
    }
}

static void test_smaller_than_a_block(void)
{
    static char *options[] = {(char *)"size=2048", NULL};
    struct lu_request request = disk(1);
    request.store.options = options;
    request.block_size = 4096;
    expect_refusal(&request, CORE_ERROR_INVALID, "smaller than one block");
}

static void test_physical_blocks(void)
{
    struct lu_request request = disk(1);
    request.physical_exponent = 3;
    g_assert_cmpuint(scene_create(&request, NULL)->pub.physical_exponent, ==, 3);
    request.lun = 2;
    request.physical_exponent = 16;
    expect_refusal(&request, CORE_ERROR_INVALID, "exponent");
}

static void test_lun_numbers(void)
{
    struct lu_request request = disk(16383);
    g_assert_nonnull(scene_create(&request, NULL));
    expect_refusal(&request, CORE_ERROR_EXISTS, "already has a LUN 16383");
    request.lun = 16384;
    expect_refusal(&request, CORE_ERROR_INVALID, "end at 16383");
}

static void test_unknown_types_and_stores(void)
{
    struct lu_request request = disk(1);
    request.type = "diskk";
    expect_refusal(&request, CORE_ERROR_NOT_FOUND, "did you mean 'disk'");
    request = disk(1);
    request.store.type = "memm";
    expect_refusal(&request, CORE_ERROR_NOT_FOUND, "did you mean 'mem'");
}

static void test_bad_options(void)
{
    static char *options[] = {(char *)"sise=1M", NULL};
    struct lu_request request = disk(1);
    request.store.options = options;
    expect_refusal(&request, CORE_ERROR_INVALID, "sise");
}

static void test_a_disk_needs_a_store_or_an_empty_slot(void)
{
    struct lu_request request = disk(1);
    request.store = (struct bs_request){0};
    expect_refusal(&request, CORE_ERROR_INVALID, "needs a backing store");
    request.removable = true;
    struct core_lu *lu = scene_create(&request, NULL);
    g_assert_nonnull(lu);
    g_assert_true(tgt_lu_is(&lu->pub, TGT_LU_NO_MEDIUM));
    g_assert_cmpuint(lu_blocks(&lu->pub), ==, 0);
}

struct race {
    unsigned left, made;
    bool over;
};

static void one_ended(struct core_lu *lu, GError *error, void *data)
{
    struct race *race = data;
    race->made += lu != NULL;
    if (error != NULL)
        expect(error, CORE_ERROR_EXISTS, "LUN 1");
    race->over = --race->left == 0;
}

/* Both stores are opened; the second LU finds the number taken. */
static void test_two_requests_for_one_lun(void)
{
    struct race race = {.left = 2};
    struct lu_request request = disk(1);
    lu_create(&request, one_ended, &race);
    lu_create(&request, one_ended, &race);
    fake_until(&race.over);
    g_assert_cmpuint(race.made, ==, 1);
}

static void test_texts_are_checked(void)
{
    struct lu_request request = disk(1);
    request.vendor = "ninechars";
    expect_refusal(&request, CORE_ERROR_INVALID, "too long");
    request = disk(1);
    request.product = "seventeen letters";
    expect_refusal(&request, CORE_ERROR_INVALID, "too long");
    request = disk(1);
    request.serial = "b\xc3\xb6se";
    expect_refusal(&request, CORE_ERROR_INVALID, "ASCII");
    request = disk(1);
    request.uuid = "1234";
    expect_refusal(&request, CORE_ERROR_INVALID, "UUID");
}

static void test_given_texts(void)
{
    struct lu_request request = disk(1);
    request.vendor = "ACME";
    request.product = "Sixteen letters.";
    request.revision = "1";
    request.serial = "S/N 1";
    struct core_lu *lu = scene_create(&request, NULL);
    g_assert_cmpstr(lu->pub.vendor, ==, "ACME    ");
    g_assert_cmpstr(lu->pub.product, ==, "Sixteen letters.");
    g_assert_cmpstr(lu->pub.revision, ==, "1   ");
    g_assert_cmpstr(lu->pub.serial, ==, "S/N 1");
}

static void test_the_same_place_has_the_same_identity(void)
{
    uint8_t first[16];
    memcpy(first, scene_lu(fake_target(f), 1)->pub.uuid, 16);
    char *dir = scene_stop_keep(f);
    f = scene_start_on(dir);
    g_free(dir);
    g_assert_cmpmem(scene_lu(fake_target(f), 1)->pub.uuid, 16, first, 16);
    g_assert_cmpint(memcmp(scene_lu(fake_target(f), 2)->pub.uuid, first, 16), !=, 0);
}

static void test_a_given_uuid_is_kept(void)
{
    struct lu_request request = disk(1);
    request.uuid = "01234567-89ab-4def-8123-456789abcdef";
    fake_lun_delete(scene_create(&request, NULL));
    g_assert_cmpstr(scene_lu(fake_target(f), 1)->pub.serial, ==, "0123456789ab4def8123456789abcdef");
}

static void test_tgtadm_lus_look_like_those_of_tgt(void)
{
    struct lu_request request = disk(1);
    request.legacy_identity = true;
    struct core_lu *lu = scene_create(&request, NULL);
    g_assert_cmpstr(lu->pub.vendor, ==, "IET     ");
    g_assert_cmpstr(lu->pub.product, ==, "VIRTUAL-DISK    ");
    g_assert_cmpstr(lu->pub.revision, ==, "0001");
    g_assert_cmpstr(lu->scsi_id, ==, "IET     00010001");
    g_assert_cmpstr(lu->pub.serial, ==, "beaf11");
}

/* ---- Settings ---- */

static void set(struct core_lu *lu, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;
    lu_set(lu, key, value, &error);
    g_assert_no_error(error);
}

static void expect_unset(struct core_lu *lu, const char *key, const char *value, int code, const char *text)
{
    GError *error = NULL;
    g_assert_false(lu_set(lu, key, value, &error));
    expect(error, code, text);
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
    expect_unset(lu, "thin", "yes", CORE_ERROR_INVALID, "give space back");
    request = disk(2);
    request.store.read_only = request.thin = true;
    expect_refusal(&request, CORE_ERROR_INVALID, "thin");
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
    expect_unset(lu, "uuid", "01234567-89ab-4def-8123-456789abcdef", CORE_ERROR_BUSY, "without sessions");
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
    static const char *const bad[] = {"", "8", "8:0", "8:0:2:1", "8:0:1:1:2", "8:0:1:256", "8:0:1:x", "63:0:1:1", "8:255:1:1",
                                      "8:0:1:"};
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_unset(lu, "mode-page", bad[i], CORE_ERROR_INVALID, "code:subcode:length");
    expect_unset(lu, "mode-page", "8:0:1:0", CORE_ERROR_INVALID, "of that length");
}

/* ---- Deletion and sizes ---- */

static void test_deletion_frees_the_number(void)
{
    fake_lun_delete(scene_lu(fake_target(f), 1));
    g_assert_null(target_lun(fake_target(f), 1));
    g_assert_nonnull(scene_lu(fake_target(f), 1));
}

static void test_deletion_with_sessions(void)
{
    struct fake_nexus *a = fake_nexus_open(f, 0, "iqn.2026-01.org.example:a");
    struct fake_nexus *b = fake_nexus_open(f, 1, "iqn.2026-01.org.example:b");
    struct core_lu *lu = scene_lu(fake_target(f), 20);
    fake_clear_attention(a, 20);
    fake_clear_attention(b, 20);
    fake_lun_delete(lu);
    struct fake_cmd *c = fake_run(a, 20, "\0\0\0\0\0", 6, NULL, 0, 0);
    fake_expect_sense(c, TGT_SENSE_LUN_NOT_SUPPORTED);
    fake_cmd_free(c);
    fake_nexus_close(a);
    fake_nexus_close(b);
}

static void test_a_store_of_fixed_size(void)
{
    GError *error = NULL;
    g_assert_false(scene_resize(scene_lu(fake_target(f), 1), &error));
    expect(error, CORE_ERROR_INVALID, "cannot change its size");
}

static void test_nothing_to_resize(void)
{
    GError *error = NULL;
    struct lu_request request = disk(1);
    request.store = (struct bs_request){0};
    request.removable = true;
    g_assert_false(scene_resize(scene_create(&request, NULL), &error));
    expect(error, CORE_ERROR_INVALID, "no medium");
}

/* ---- Counters ---- */

static void test_counts_outlive_the_session(void)
{
    struct lu_counters sum;
    struct core_lu *lu = scene_lu(fake_target(f), 1);
    struct fake_nexus *n = fake_nexus_open(f, 0, "iqn.2026-01.org.example:i");
    static const uint8_t read10[10] = {0x28, [8] = 2};
    fake_clear_attention(n, 1);
    fake_cmd_free(fake_run(n, 1, read10, sizeof read10, NULL, 0, 1024));
    lu_counters(lu, &sum);
    g_assert_cmpuint(sum.reads, ==, 1);
    g_assert_cmpuint(sum.read_bytes, ==, 1024);
    fake_nexus_close(n);
    lu_counters(lu, &sum);
    g_assert_cmpuint(sum.reads, ==, 1);
    g_assert_cmpuint(sum.read_bytes, ==, 1024);
    g_assert_cmpuint(sum.writes, ==, 0);
}

static void with_scene(gconstpointer data)
{
    f = scene_start();
    ((GTestFunc)data)();
    scene_stop(f);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestFunc fn;
    } tests[] = {
        {"a-disk", test_a_disk},
        {"blocks-of-4096-bytes", test_blocks_of_4096_bytes},
        {"a-piece-of-a-block-is-no-block", test_a_piece_of_a_block_is_no_block},
        {"impossible-block-sizes", test_impossible_block_sizes},
        {"smaller-than-a-block", test_smaller_than_a_block},
        {"physical-blocks", test_physical_blocks},
        {"lun-numbers", test_lun_numbers},
        {"unknown-types-and-stores", test_unknown_types_and_stores},
        {"bad-options", test_bad_options},
        {"a-disk-needs-a-store-or-an-empty-slot", test_a_disk_needs_a_store_or_an_empty_slot},
        {"two-requests-for-one-lun", test_two_requests_for_one_lun},
        {"texts-are-checked", test_texts_are_checked},
        {"given-texts", test_given_texts},
        {"the-same-place-has-the-same-identity", test_the_same_place_has_the_same_identity},
        {"a-given-uuid-is-kept", test_a_given_uuid_is_kept},
        {"tgtadm-lus-look-like-those-of-tgt", test_tgtadm_lus_look_like_those_of_tgt},
        {"states-can-be-set", test_states_can_be_set},
        {"sense-format", test_sense_format},
        {"unknown-settings", test_unknown_settings},
        {"what-a-store-cannot-do", test_what_a_store_cannot_do},
        {"an-empty-slot-stays-removable", test_an_empty_slot_stays_removable},
        {"identity-settings", test_identity_settings},
        {"identity-is-fixed-while-initiators-know-it", test_identity_is_fixed_while_initiators_know_it},
        {"tgtadm-cuts-long-identities", test_tgtadm_cuts_long_identities},
        {"a-mode-page-as-a-whole", test_a_mode_page_as_a_whole},
        {"a-mode-page-of-the-admins-own", test_a_mode_page_of_the_admins_own},
        {"bad-mode-pages", test_bad_mode_pages},
        {"deletion-frees-the-number", test_deletion_frees_the_number},
        {"deletion-with-sessions", test_deletion_with_sessions},
        {"a-store-of-fixed-size", test_a_store_of_fixed_size},
        {"nothing-to-resize", test_nothing_to_resize},
        {"counts-outlive-the-session", test_counts_outlive_the_session},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/lu/%s", tests[i].name);
        g_test_add_data_func(path, tests[i].fn, with_scene);
    }
    return g_test_run();
}
