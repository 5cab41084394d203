/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store null: zeroes that are lent or copied, and nothing is kept. */
#include <string.h>

#include "drive-store.h"

static struct drive *open_null(const char *option)
{
    char *options[] = {(char *)option, NULL};
    return drive_open("poll", NULL, options, false, NULL);
}

static void test_size(void)
{
    struct drive *d = open_null(NULL);
    g_autofree char *why = NULL;
    char *odd[] = {(char *)"size=1000", NULL};
    g_assert_cmpuint(d->info.size, ==, G_GUINT64_CONSTANT(1) << 30);
    drive_close(d);
    d = open_null("size=3T");
    g_assert_cmpuint(d->info.size, ==, G_GUINT64_CONSTANT(3) << 40);
    drive_close(d);
    g_assert_null(drive_open("poll", NULL, odd, false, &why));
    g_assert_nonnull(strstr(why, "size=1000"));
}

static void test_operations(void)
{
    struct drive *d = open_null(NULL);
    char data[8192];
    bool mapped;
    memset(data, 'x', sizeof(data));
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE, TGT_BS_FUA, 4096, data, sizeof(data)), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_READ, 0, 4096, data, sizeof(data)), ==, 0);
    for (unsigned i = 0; i < sizeof(data); i++)
        g_assert_cmpint(data[i], ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_FLUSH, 0, 0, NULL, 0), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_DISCARD, 0, 0, NULL, 4096), ==, 0);
    g_assert_cmpint(drive_do(d, TGT_BS_WRITE_ZEROES, 0, 0, NULL, 4096), ==, 0);
    g_assert_cmpuint(drive_extent(d, 4096, 1 << 20, &mapped), ==, 1 << 20);
    g_assert_false(mapped);
    drive_close(d);
}

/* What is lent is as long as was asked for, all zeroes, and lent only if there are pieces enough.
 */
static void test_lend(void)
{
    struct drive *d = open_null(NULL);
    static const uint64_t lengths[] = {512, 65536, 65537, 4 << 20};
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct tgt_bs_io io = {.op = TGT_BS_READ, .offset = 512, .length = lengths[i]};
        struct iovec iov[64];
        uint64_t sum = 0;
        unsigned n = d->ops->lend(d->handle, &io, iov, G_N_ELEMENTS(iov));
        g_assert_cmpuint(n, >, 0);
        for (unsigned j = 0; j < n; j++) {
            sum += iov[j].iov_len;
            for (size_t k = 0; k < iov[j].iov_len; k++)
                g_assert_cmpint(((const char *)iov[j].iov_base)[k], ==, 0);
        }
        g_assert_cmpuint(sum, ==, lengths[i]);
        d->ops->giveback(d->handle, &io);
        g_assert_cmpuint(d->ops->lend(d->handle, &io, iov, n - 1), ==, 0);
    }
    drive_close(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/null/size", test_size);
    g_test_add_func("/null/operations", test_operations);
    g_test_add_func("/null/lend", test_lend);
    return g_test_run();
}
