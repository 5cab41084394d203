/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: levels, prefixes, and that nobody else's text makes lines of its own. And how failures
 * of plugins become errors. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "log.h"

/* Run this test in a process of its own and compare what it writes to stderr. */
static bool in_process(const char *expected)
{
    if (g_test_subprocess())
        return true;
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(expected);
    return false;
}

static void test_levels(void)
{
    if (!in_process(
            "tgtd: error: one\ntgtd: warning: two\ntgtd: notice: three\ntgtd: debug: six\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    log_error("one");
    log_warning("t%s", "wo");
    log_notice("three");
    log_info("four");
    log_debug("five");
    log_set_level(TGT_LOG_DEBUG);
    g_assert_cmpint(log_get_level(), ==, TGT_LOG_DEBUG);
    log_debug("six");
}

static void test_journal(void)
{
    if (!in_process("<3>one\n<5>two\n"))
        return;
    g_setenv("JOURNAL_STREAM", "8:1", TRUE);
    log_error("one");
    log_notice("two");
}

static void test_plain(void)
{
    if (!in_process("tgtd: error: a?tgtd: error: forged??[31mred\xc3\xa4\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    log_error("%s", "a\ntgtd: error: forged\r\x1b[31mred\xc3\xa4");
}

static void test_long(void)
{
    if (!in_process("tgtd: error: xxx*xxx\ntgtd: error: next\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    g_autofree char *text = g_strnfill(100000, 'x');
    log_error("%s", text);
    log_error("next");
}

static void expect_error(int code, const char *text, int result, int kind, const char *message)
{
    struct tgt_error err = {0};
    g_autoptr(GError) error = NULL;
    if (text)
        g_assert_cmpint(core_error_set(&err, code, "%s", text), ==, -code);
    g_assert_false(core_error_take(&error, &err, result, "store"));
    g_assert_error(error, CORE_ERROR, kind);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_error(void)
{
    expect_error(ENOENT, "no file", -EIO, CORE_ERROR_NOT_FOUND, "store: no file");
    expect_error(EBUSY, "in use", -EBUSY, CORE_ERROR_BUSY, "store: in use");
    expect_error(EINVAL, "odd", -EINVAL, CORE_ERROR_INVALID, "store: odd");
    expect_error(0, NULL, -EEXIST, CORE_ERROR_EXISTS, "store: File exists");
    expect_error(0, NULL, -EIO, CORE_ERROR_FAILED, "store: Input/output error");
    expect_error(EIO, "bytes \xff", -EIO, CORE_ERROR_FAILED, "store: bytes \xef\xbf\xbd");
    g_assert_cmpint(core_error_set(NULL, EIO, "nobody listens"), ==, -EIO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/levels", test_levels);
    g_test_add_func("/log/journal", test_journal);
    g_test_add_func("/log/plain", test_plain);
    g_test_add_func("/log/long", test_long);
    g_test_add_func("/error/take", test_error);
    return g_test_run();
}
