/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identities of logical units: kept across daemons, unique, derived by fixed rules; tgt's own for
 * LUs made through tgtadm. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "daemon.h"
#include "error.h"
#include "identity.h"
#include "scene.h"
#include "state.h"

#define NAME "iqn.2026-01.org.example:disk"

static void test_text_of_a_uuid(void)
{
    static const char text[] = "01234567-89ab-cdef-0123-456789abcdef";
    uint8_t uuid[16];
    char back[37];
    g_assert_true(identity_parse(text, uuid));
    identity_format(uuid, back);
    g_assert_cmpstr(back, ==, text);
    g_assert_true(identity_parse("0123456789ABCDEF0123456789ABCDEF", uuid));
    identity_format(uuid, back);
    g_assert_cmpstr(back, ==, text);
}

static void test_no_uuid(void)
{
    static const char *const bad[] = {
        "", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdeg", "0123 4567-89ab-cdef-0123-456789abcdef"};
    uint8_t uuid[16];
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(identity_parse(bad[i], uuid));
}

static void load(const char *target, uint16_t lun, uint8_t uuid[16])
{
    g_autoptr(GError) error = NULL;
    g_assert_true(identity_load(target, lun, uuid, &error));
    g_assert_no_error(error);
}

static void test_an_identity_is_kept(void)
{
    uint8_t first[16], second[16], other[16];
    struct fake *f = scene_start();
    load(NAME, 1, first);
    load(NAME, 2, other);
    g_autofree char *dir = scene_stop_keep(f);
    g_assert_cmpint(memcmp(first, other, 16), !=, 0);
    f = scene_start_on(dir);
    load(NAME, 1, second);
    g_assert_cmpmem(first, 16, second, 16);
    load("iqn.2026-01.org.example:other", 1, other);
    g_assert_cmpint(memcmp(first, other, 16), !=, 0);
    scene_stop(f);
}

static void test_a_damaged_file_means_a_new_identity(void)
{
    static const char *const damaged[] = {"", "nonsense", "0123456789abcdef"};
    uint8_t last[16], next[16];
    struct fake *f = scene_start();
    load(NAME, 1, last);
    for (unsigned i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_assert_true(state_write("identities", NAME "/1", damaged[i], strlen(damaged[i]), NULL));
        load(NAME, 1, next);
        g_assert_cmpint(memcmp(last, next, 16), !=, 0);
        load(NAME, 1, last);
        g_assert_cmpmem(last, 16, next, 16);
    }
    scene_stop(f);
}

static void test_without_a_state_directory_each_one_is_new(void)
{
    uint8_t first[16], second[16];
    struct fake *f = scene_start_on(NULL);
    load(NAME, 1, first);
    load(NAME, 1, second);
    g_assert_cmpint(memcmp(first, second, 16), !=, 0);
    g_assert_cmpint(first[6] >> 4, ==, 4);
    g_assert_cmpint(first[8] >> 6, ==, 2);
    scene_stop(f);
}

static void test_what_cannot_be_kept_is_refused(void)
{
    uint8_t uuid[16] = {0};
    g_autoptr(GError) error = NULL;
    struct fake *f = scene_start_on("/dev/null/nowhere");
    g_assert_false(identity_load(NAME, 1, uuid, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "/dev/null/nowhere"));
    g_assert_false(identity_store(NAME, 1, uuid, NULL));
    scene_stop(f);
}

/* What could not be read is not written over: the other LUNs of the target are in it, too. */
static void test_what_cannot_be_read_stays(void)
{
    uint8_t uuid[16];
    g_autoptr(GError) error = NULL;
    struct fake *f = scene_start();
    g_autofree char *path =
        g_build_filename(daemon_get()->config.state_dir, "identities", NAME "_1", NULL);
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0); /* reading it fails with EISDIR */
    g_assert_false(identity_load(NAME, 1, uuid, &error));
    g_assert_nonnull(strstr(error->message, NAME));
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR));
    scene_stop(f);
}

static void test_a_damaged_file_is_set_aside(void)
{
    uint8_t uuid[16];
    gsize len;
    struct fake *f = scene_start();
    g_assert_true(state_write("identities", NAME "/4", "damaged", 7, NULL));
    load(NAME, 4, uuid);
    g_autofree char *path =
        g_build_filename(daemon_get()->config.state_dir, "identities", NAME "_4~damaged", NULL);
    g_autofree char *data = NULL;
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    g_assert_cmpmem(data, len, "damaged", 7);
    scene_stop(f);
}

/* Whatever targets are called, no file of one is taken for the temporary file of another. */
static void test_targets_do_not_share_files(void)
{
    static const char *const others[] = {NAME ".tmp", NAME "_1", NAME "~new", NAME "~damaged"};
    uint8_t first[16], again[16], other[16];
    struct fake *f = scene_start();
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        load(others[i], 1, first);
        load(NAME, (uint16_t)(i + 1), other);
        load(others[i], 1, again);
        g_assert_cmpmem(first, 16, again, 16);
    }
    scene_stop(f);
}

static void test_state_files_have_safe_names(void)
{
    gsize len;
    struct fake *f = scene_start();
    /* A name that nobody else has: its folder is one that all share. */
    g_autofree char *dir = g_path_get_basename(daemon_get()->config.state_dir);
    g_autofree char *name = g_strdup_printf("../../%s.x", dir),
                    *kept = g_strdup_printf("_.._.._%s.x", dir);
    g_assert_true(state_write("folder", name, "abc", 3, NULL));
    g_autofree char *data = state_read("folder", name, &len, NULL);
    g_assert_cmpmem(data, len, "abc", 3);
    g_autofree char *outside = g_strconcat(daemon_get()->config.state_dir, ".x", NULL);
    g_assert_false(g_file_test(outside, G_FILE_TEST_EXISTS));
    g_autofree char *folder = g_build_filename(daemon_get()->config.state_dir, "folder", NULL);
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(entries), ==, kept);
    g_assert_null(g_dir_read_name(entries));
    scene_stop(f);
}

static void test_what_is_not_there_is_no_error(void)
{
    g_autoptr(GError) error = NULL;
    struct fake *f = scene_start();
    g_assert_null(state_read("folder", "name", NULL, &error));
    g_assert_no_error(error);
    scene_stop(f);
}

/* ---- Designators ---- */

static void check_naa(const struct core_lu *lu, const char *expected)
{
    uint8_t naa[16];
    GString *text = g_string_new(NULL);
    identity_naa(lu, naa);
    for (unsigned i = 0; i < sizeof naa; i++)
        g_string_append_printf(text, "%02x", naa[i]);
    g_assert_cmpstr(text->str, ==, expected);
    g_string_free(text, TRUE);
}

static void test_naa_and_serial_come_from_the_uuid(void)
{
    struct core_lu lu = {0};
    g_assert_true(identity_parse("01234567-89ab-4def-8123-456789abcdef", lu.pub.uuid));
    identity_derive(&lu);
    check_naa(&lu, "6027467789ab4def8123456789abcdef");
    g_assert_cmpstr(lu.pub.serial, ==, "0123456789ab4def8123456789abcdef");
}

/* As Debian's tgt 1.0.85 answers; udev and multipath names were made of these. */
static void test_a_tgtadm_lu_has_the_identity_of_tgt(void)
{
    struct tgt_target target = {.tid = 3};
    struct core_lu lu = {.target = &target, .lun = 17, .identity_legacy = true};
    uint8_t local[8];
    identity_derive(&lu);
    g_assert_cmpstr(lu.scsi_id, ==, "IET     00030011");
    g_assert_cmpstr(lu.pub.serial, ==, "beaf317");
    check_naa(&lu, "60000000000000000e00000000030011");
    identity_naa_local(&lu, local);
    g_assert_cmpmem(local, 8, "\x30\x00\x00\x03\x00\x00\x00\x11", 8);
}

static void test_the_naa_of_a_tgtadm_lu_follows_its_scsi_id(void)
{
    static const char *const cases[][2] = {
        {"volume-1234", "600000000000000000000000 00e01234"},
        {"mpatha", "60000000000000000000000000 00a00a"},
        {"volume-123e4567-e89b-12d3-a456-42661", "6e0123e45670e89b012d30a456042661"},
        {"", "60000000000000000000000000000000"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct core_lu lu = {.identity_legacy = true};
        g_auto(GStrv) parts = g_strsplit(cases[i][1], " ", -1);
        g_autofree char *expected = g_strjoinv("", parts);
        g_strlcpy(lu.scsi_id, cases[i][0], sizeof lu.scsi_id);
        check_naa(&lu, expected);
    }
}

static void test_the_uuid_of_a_tgtadm_lu_is_always_the_same(void)
{
    uint8_t a[16], b[16];
    identity_legacy_uuid("x", 1, a);
    identity_legacy_uuid("x", 1, b);
    g_assert_cmpmem(a, 16, b, 16);
    identity_legacy_uuid("x", 2, b);
    g_assert_cmpint(memcmp(a, b, 16), !=, 0);
    identity_legacy_uuid("y", 1, b);
    g_assert_cmpint(memcmp(a, b, 16), !=, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR);
    g_test_add_func("/identity/text-of-a-uuid", test_text_of_a_uuid);
    g_test_add_func("/identity/no-uuid", test_no_uuid);
    g_test_add_func("/identity/an-identity-is-kept", test_an_identity_is_kept);
    g_test_add_func("/identity/a-damaged-file-means-a-new-identity",
                    test_a_damaged_file_means_a_new_identity);
    g_test_add_func("/identity/without-a-state-directory-each-one-is-new",
                    test_without_a_state_directory_each_one_is_new);
    g_test_add_func("/identity/what-cannot-be-kept-is-refused",
                    test_what_cannot_be_kept_is_refused);
    g_test_add_func("/identity/what-cannot-be-read-stays", test_what_cannot_be_read_stays);
    g_test_add_func("/identity/a-damaged-file-is-set-aside", test_a_damaged_file_is_set_aside);
    g_test_add_func("/identity/targets-do-not-share-files", test_targets_do_not_share_files);
    g_test_add_func("/identity/naa-and-serial-come-from-the-uuid",
                    test_naa_and_serial_come_from_the_uuid);
    g_test_add_func("/identity/a-tgtadm-lu-has-the-identity-of-tgt",
                    test_a_tgtadm_lu_has_the_identity_of_tgt);
    g_test_add_func("/identity/the-naa-of-a-tgtadm-lu-follows-its-scsi-id",
                    test_the_naa_of_a_tgtadm_lu_follows_its_scsi_id);
    g_test_add_func("/identity/the-uuid-of-a-tgtadm-lu-is-always-the-same",
                    test_the_uuid_of_a_tgtadm_lu_is_always_the_same);
    g_test_add_func("/state/files-have-safe-names", test_state_files_have_safe_names);
    g_test_add_func("/state/what-is-not-there-is-no-error", test_what_is_not_there_is_no_error);
    return g_test_run();
}
