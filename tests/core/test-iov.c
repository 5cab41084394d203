/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes in pieces: copies, comparisons and windows at every border. */
#include <glib.h>
#include <string.h>

#include "iov.h"

struct fixture {
    char a[3], b[5], c[8];
    struct iovec iov[4];
};

/* 16 bytes 'a' to 'p' in pieces of 3, 0, 5 and 8. */
static void setup(struct fixture *f, gconstpointer data)
{
    memcpy(f->a, "abc", 3);
    memcpy(f->b, "defgh", 5);
    memcpy(f->c, "ijklmnop", 8);
    f->iov[0] = (struct iovec){f->a, 3};
    f->iov[1] = (struct iovec){f->b, 0};
    f->iov[2] = (struct iovec){f->b, 5};
    f->iov[3] = (struct iovec){f->c, 8};
}

static void test_get(struct fixture *f, gconstpointer data)
{
    for (size_t at = 0; at <= 17; at++) {
        for (size_t len = 0; len <= 17; len++) {
            char dst[18] = {0};
            size_t have = at < 16 ? MIN(len, 16 - at) : 0;
            g_assert_cmpuint(iov_get(f->iov, 4, at, dst, len), ==, have);
            g_assert_cmpmem(dst, have, &"abcdefghijklmnop"[MIN(at, 16)], have);
            g_assert_cmpint(dst[have], ==, 0);
        }
    }
}

static void test_put(struct fixture *f, gconstpointer data)
{
    char all[16];
    g_assert_cmpuint(iov_put(f->iov, 4, 2, "XYZ", 3), ==, 3);
    g_assert_cmpuint(iov_put(f->iov, 4, 14, "123", 3), ==, 2);
    g_assert_cmpuint(iov_put(f->iov, 4, 16, "1", 1), ==, 0);
    iov_get(f->iov, 4, 0, all, 16);
    g_assert_cmpmem(all, 16, "abXYZfghijklmn12", 16);
}

static void test_compare(struct fixture *f, gconstpointer data)
{
    g_assert_cmpuint(iov_compare(f->iov, 4, 0, "abcdefghijklmnop", 16), ==, 16);
    g_assert_cmpuint(iov_compare(f->iov, 4, 4, "efghiXkl", 8), ==, 5);
    g_assert_cmpuint(iov_compare(f->iov, 4, 2, "X", 1), ==, 0);
}

static void test_window(struct fixture *f, gconstpointer data)
{
    struct iovec w[4];
    uint64_t len = 9;
    g_assert_cmpuint(iov_window(f->iov, 4, 2, w, 4, &len), ==, 3);
    g_assert_cmpuint(len, ==, 9);
    g_assert_cmpmem(w[0].iov_base, w[0].iov_len, "c", 1);
    g_assert_cmpmem(w[1].iov_base, w[1].iov_len, "defgh", 5);
    g_assert_cmpmem(w[2].iov_base, w[2].iov_len, "ijk", 3);
    len = 100;
    g_assert_cmpuint(iov_window(f->iov, 4, 0, w, 2, &len), ==, 2);
    g_assert_cmpuint(len, ==, 8);
    len = 5;
    g_assert_cmpuint(iov_window(f->iov, 4, 16, w, 4, &len), ==, 0);
    g_assert_cmpuint(len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name, fn) g_test_add("/iov/" name, struct fixture, NULL, setup, fn, NULL)
    T("get copies any part", test_get);
    T("put stops at the end", test_put);
    T("compare finds the first difference", test_compare);
    T("window cuts pieces", test_window);
    return g_test_run();
}
