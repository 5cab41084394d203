/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: levels, prefixes, and that nobody else's text makes lines of its own. And how failures
 * of plugins become errors. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "log-limit.h"
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
    if (!in_process("tgtd: error: a?tgtd: error: forged??[31mred\xc3\xa4 ??1m\xc2\xa7\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    log_error("%s", "a\ntgtd: error: forged\r\x1b[31mred\xc3\xa4 \xc2\x9b\x31m\xc2\xa7");
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

/* ---- The flight recorder ---- */

static const struct log_line *line_at(const GPtrArray *lines, guint index)
{
    return lines->pdata[index];
}

static void test_recorded(void)
{
    if (!in_process("tgtd: notice: two\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    guint64 before = log_last();
    log_info("one");
    log_notice("two");
    log_debug("not even looked at");
    g_autoptr(GPtrArray) all = log_recent(before, TGT_LOG_DEBUG);
    g_autoptr(GPtrArray) notices = log_recent(before, TGT_LOG_NOTICE);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_cmpstr(line_at(all, 0)->text, ==, "one");
    g_assert_cmpint(line_at(all, 0)->level, ==, TGT_LOG_INFO);
    g_assert_cmpint(line_at(all, 0)->time, >, 0);
    g_assert_cmpuint(notices->len, ==, 1);
    g_assert_cmpstr(line_at(notices, 0)->text, ==, "two");
}

static void test_ring_keeps_each_level(void)
{
    g_autofree struct log_ring *ring = g_new0(struct log_ring, 1);
    log_ring_add(ring, TGT_LOG_ERROR, 1, "rare");
    for (unsigned i = 0; i < 3 * LOG_RING_LINES + 7; i++)
        log_ring_add(ring, TGT_LOG_INFO, 2, "frequent");
    g_autoptr(GPtrArray) all = log_ring_read(ring, 0, TGT_LOG_DEBUG);
    g_assert_cmpuint(all->len, ==, 1 + LOG_RING_LINES);
    g_assert_cmpstr(line_at(all, 0)->text, ==, "rare");
    for (guint i = 2; i < all->len; i++)
        g_assert_cmpuint(line_at(all, i)->number, ==, line_at(all, i - 1)->number + 1);
    g_assert_cmpuint(line_at(all, all->len - 1)->number, ==, ring->last);
    g_autoptr(GPtrArray) new = log_ring_read(ring, ring->last - 2, TGT_LOG_DEBUG);
    g_assert_cmpuint(new->len, ==, 2);
}

static void test_ring_cuts_lines(void)
{
    g_autofree struct log_ring *ring = g_new0(struct log_ring, 1);
    g_autofree char *text = g_strnfill(5 * LOG_TEXT_BYTES, 'x');
    log_ring_add(ring, TGT_LOG_ERROR, 1, text);
    g_autoptr(GPtrArray) all = log_ring_read(ring, 0, TGT_LOG_ERROR);
    g_assert_cmpuint(strlen(line_at(all, 0)->text), ==, LOG_TEXT_BYTES - 1);
}

/* ---- Too many of a kind ---- */

static const char one_kind[] = "one %s", other_kind[64] = "other %s";

static void test_limit(void)
{
    g_autofree struct log_limit *limit = g_new0(struct log_limit, 1);
    unsigned left_out;
    const gint64 later = LOG_LIMIT_TIME_S * G_USEC_PER_SEC;
    for (unsigned i = 1; i < LOG_LIMIT_LINES; i++)
        g_assert_cmpint(log_limit_judge(limit, one_kind, i, &left_out), ==, LOG_PASS);
    g_assert_cmpint(log_limit_judge(limit, one_kind, 1000, &left_out), ==, LOG_PASS_LAST);
    for (unsigned i = 0; i < 5; i++)
        g_assert_cmpint(log_limit_judge(limit, one_kind, later, &left_out), ==, LOG_LEAVE_OUT);
    g_assert_cmpint(log_limit_judge(limit, one_kind, later + 1, &left_out), ==, LOG_PASS);
    g_assert_cmpuint(left_out, ==, 5);
    g_assert_cmpint(log_limit_judge(limit, one_kind, later + 2, &left_out), ==, LOG_PASS);
    g_assert_cmpuint(left_out, ==, 0);
}

static void test_limit_is_of_one_kind(void)
{
    g_autofree struct log_limit *limit = g_new0(struct log_limit, 1);
    unsigned left_out;
    for (unsigned i = 0; i < 2 * LOG_LIMIT_LINES; i++)
        log_limit_judge(limit, one_kind, 1, &left_out);
    g_assert_cmpint(log_limit_judge(limit, other_kind + 16, 1, &left_out), ==, LOG_PASS);
}

static void test_many_of_a_kind(void)
{
    if (!in_process(
            "tgtd: warning: peer 0\n*tgtd: warning: peer 99 (more like this is left out for "
            "a while)\ntgtd: warning: another\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    for (unsigned i = 0; i < 1000; i++)
        log_warning("peer %u", i);
    log_warning("another");
}

static void test_debugging_leaves_nothing_out(void)
{
    if (!in_process("*tgtd: warning: peer 999\n"))
        return;
    g_unsetenv("JOURNAL_STREAM");
    log_set_level(TGT_LOG_DEBUG);
    for (unsigned i = 0; i < 1000; i++)
        log_warning("peer %u", i);
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
    g_test_add_func("/log/recorded", test_recorded);
    g_test_add_func("/log/ring/levels", test_ring_keeps_each_level);
    g_test_add_func("/log/ring/cut", test_ring_cuts_lines);
    g_test_add_func("/log/limit/lines", test_limit);
    g_test_add_func("/log/limit/kinds", test_limit_is_of_one_kind);
    g_test_add_func("/log/limit/written", test_many_of_a_kind);
    g_test_add_func("/log/limit/debug", test_debugging_leaves_nothing_out);
    g_test_add_func("/error/take", test_error);
    return g_test_run();
}
