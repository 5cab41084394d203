/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical units: what can be made and what cannot, sizes and blocks, deletion, new sizes, counters.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    g_assert_false(
        tgt_lu_is(&lu->pub, TGT_LU_READ_ONLY | TGT_LU_REMOVABLE | TGT_LU_THIN | TGT_LU_OFFLINE));
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
        scene_expect(error, CORE_ERROR_EXISTS, "LUN 1");
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
    g_assert_cmpstr(scene_lu(fake_target(f), 1)->pub.serial, ==,
                    "0123456789ab4def8123456789abcdef");
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
    scene_expect(error, CORE_ERROR_INVALID, "cannot change its size");
}

static void test_nothing_to_resize(void)
{
    GError *error = NULL;
    struct lu_request request = disk(1);
    request.store = (struct bs_request){0};
    request.removable = true;
    g_assert_false(scene_resize(scene_create(&request, NULL), &error));
    scene_expect(error, CORE_ERROR_INVALID, "no medium");
}

/* A LU on a file of 1 MiB, with an initiator that has seen it. */
struct file {
    char *path;
    struct core_lu *lu;
    struct fake_nexus *n;
};

static struct file file_new(uint32_t block_size)
{
    struct file file = {.path = g_strdup("/tmp/tgt-core-XXXXXX")};
    struct lu_request request = disk(1);
    int fd = g_mkstemp(file.path);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    request.store = (struct bs_request){.type = "rdwr", .path = file.path};
    request.block_size = block_size;
    file.lu = scene_create(&request, NULL);
    g_assert_nonnull(file.lu);
    file.n = fake_nexus_open(f, 0, "iqn.2026-01.org.example:i");
    fake_clear_attention(file.n, 1);
    return file;
}

static void file_free(struct file *file)
{
    g_unlink(file->path);
    g_free(file->path);
}

static struct fake_cmd *ready(struct fake_nexus *n)
{
    return fake_run(n, 1, "\0\0\0\0\0", 6, NULL, 0, 0);
}

static void expect_size(struct file *file, off_t bytes, uint64_t blocks)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(truncate(file->path, bytes), ==, 0);
    scene_resize(file->lu, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lu_blocks(&file->lu->pub), ==, blocks);
    struct fake_cmd *c = ready(file->n);
    fake_expect_sense(c, TGT_SENSE_CAPACITY_CHANGED);
    fake_cmd_free(c);
}

static void test_new_sizes(void)
{
    struct file file = file_new(512);
    expect_size(&file, 4 << 20, 8192);
    expect_size(&file, 1000, 1);
    expect_size(&file, (off_t)3 << 40, UINT64_C(3) << 31);
    file_free(&file);
}

static void test_the_same_size_is_no_news(void)
{
    struct file file = file_new(512);
    g_assert_cmpint(truncate(file.path, (1 << 20) + 511), ==, 0);
    g_assert_true(scene_resize(file.lu, NULL));
    struct fake_cmd *c = ready(file.n);
    fake_expect_good(c);
    fake_cmd_free(c);
    file_free(&file);
}

static void test_too_small_is_refused(void)
{
    struct file file = file_new(4096);
    GError *error = NULL;
    g_assert_cmpint(truncate(file.path, 2048), ==, 0);
    g_assert_false(scene_resize(file.lu, &error));
    scene_expect(error, CORE_ERROR_INVALID, "smaller than one block");
    g_assert_cmpuint(lu_blocks(&file.lu->pub), ==, 256);
    file_free(&file);
}

static void expect_resized(struct file *file, uint64_t size, bool shrink)
{
    g_autoptr(GError) error = NULL;
    struct stat st;
    scene_resize_to(file->lu, size, shrink, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lu_blocks(&file->lu->pub), ==, size / 512);
    g_assert_cmpint(stat(file->path, &st), ==, 0);
    g_assert_cmpuint((uint64_t)st.st_size, ==, size);
    struct fake_cmd *c = ready(file->n);
    fake_expect_sense(c, TGT_SENSE_CAPACITY_CHANGED);
    fake_cmd_free(c);
}

static void test_the_store_is_resized(void)
{
    struct file file = file_new(512);
    expect_resized(&file, 4 << 20, false);
    expect_resized(&file, 2 << 20, true);
    file_free(&file);
}

static void expect_not_resized(struct core_lu *lu, uint64_t size, const char *text)
{
    GError *error = NULL;
    uint64_t blocks = lu_blocks(&lu->pub);
    g_assert_false(scene_resize_to(lu, size, false, &error));
    scene_expect(error, CORE_ERROR_INVALID, text);
    g_assert_cmpuint(lu_blocks(&lu->pub), ==, blocks);
}

static void test_sizes_that_cannot_be(void)
{
    struct file file = file_new(512);
    expect_not_resized(file.lu, (1 << 20) + 1, "no number of blocks");
    expect_not_resized(file.lu, 0, "no number of blocks");
    expect_not_resized(file.lu, 1 << 19, "would be lost");
    expect_not_resized(scene_lu(fake_target(f), 2), 2 << 20, "does not change sizes");
    file_free(&file);
}

static void count_down(GError *error, void *data)
{
    g_clear_error(&error);
    --*(unsigned *)data;
}

/* The store is not closed under the worker that looks at its size. */
static void test_deletion_waits_for_a_look_at_the_size(void)
{
    struct file file = file_new(512);
    unsigned left = 3;
    lu_resize(file.lu, count_down, &left);
    lu_resize(file.lu, count_down, &left);
    lu_delete(file.lu, count_down, &left);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(target_lun(fake_target(f), 1));
    file_free(&file);
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

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
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
        {"deletion-frees-the-number", test_deletion_frees_the_number},
        {"deletion-with-sessions", test_deletion_with_sessions},
        {"a-store-of-fixed-size", test_a_store_of_fixed_size},
        {"nothing-to-resize", test_nothing_to_resize},
        {"the-store-is-resized", test_the_store_is_resized},
        {"sizes-that-cannot-be", test_sizes_that_cannot_be},
        {"new-sizes", test_new_sizes},
        {"the-same-size-is-no-news", test_the_same_size_is_no_news},
        {"too-small-is-refused", test_too_small_is_refused},
        {"deletion-waits-for-a-look-at-the-size", test_deletion_waits_for_a_look_at_the_size},
        {"counts-outlive-the-session", test_counts_outlive_the_session},
    };
    return scene_main(argc, argv, "lu", &f, tests, G_N_ELEMENTS(tests));
}
