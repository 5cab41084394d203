/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser of targets.conf: where things were read, what it refuses, what it remarks. What the
 * grammar means is compared with Perl in test_conf_grammar.py. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "conf.h"

static struct conf *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct conf *conf = conf_parse("f", text, strlen(text), false, &error);
    g_assert_no_error(error);
    return conf;
}

static void refused(const char *text, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(conf_parse("f", text, strlen(text), false, &error));
    g_assert_cmpstr(error->message, ==, why);
}

/* The only remark. */
static void remarked(const char *text, const char *remark)
{
    struct conf *conf = parse(text);
    g_assert_cmpuint(conf->notes->len, ==, 1);
    g_autofree char *got = conf_note_text(conf->notes->pdata[0]);
    g_assert_cmpstr(got, ==, remark);
    conf_free(conf);
}

static const struct conf_value *value_at(const struct conf_block *block, const char *key, guint i)
{
    const struct conf_option *option = conf_option(block, key);
    g_assert_nonnull(option);
    g_assert_cmpuint(i, <, option->values->len);
    return option->values->pdata[i];
}

static void test_lines(void)
{
    struct conf *conf = parse("# c\na 1\n\nb 2 \\\n 3\na <<E\nx\nE\n<t u>\na 4\n</t>\n");
    g_assert_cmpuint(value_at(conf->root, "a", 0)->where.line, ==, 2);
    g_assert_cmpuint(value_at(conf->root, "b", 0)->where.line, ==, 4);
    g_assert_cmpuint(value_at(conf->root, "a", 1)->where.line, ==, 6);
    const struct conf_block *block = conf_block(conf->root, "t", "u");
    g_assert_cmpuint(block->where.line, ==, 9);
    g_assert_cmpuint(value_at(block, "a", 0)->where.line, ==, 10);
    g_assert_cmpstr(value_at(block, "a", 0)->where.file, ==, "f");
    conf_free(conf);
}

static void test_values(void)
{
    struct conf *conf = parse("a\nb =\na 1\n");
    g_assert_null(conf_first(conf->root, "a"));
    g_assert_cmpstr(conf_first(conf->root, "b"), ==, "");
    g_assert_cmpstr(value_at(conf->root, "a", 1)->text, ==, "1");
    g_assert_null(conf_option(conf->root, "c"));
    conf_free(conf);
}

/* A '#' that touches a word may have been meant otherwise. */
static void test_cut(void)
{
    struct conf *conf = parse("a p#2\nb p #2\nc p\\#2\nd p#1 \\\n2\ne p#1\\\n");
    g_assert_true(value_at(conf->root, "a", 0)->cut);
    g_assert_false(value_at(conf->root, "b", 0)->cut);
    g_assert_false(value_at(conf->root, "c", 0)->cut);
    g_assert_cmpstr(value_at(conf->root, "c", 0)->text, ==, "p#2");
    g_assert_true(value_at(conf->root, "d", 0)->cut);
    conf_free(conf);
}

/* Perl refuses it; we do not. */
static void test_option_and_block_of_one_name(void)
{
    struct conf *conf = parse("<t u>\nb /a\n<b /c>\nlun 1\n</b>\nb /d\n</t>\n");
    const struct conf_block *block = conf_block(conf->root, "t", "u");
    g_assert_cmpstr(value_at(block, "b", 1)->text, ==, "/d");
    g_assert_cmpstr(conf_first(conf_block(block, "b", "/c"), "lun"), ==, "1");
    conf_free(conf);
}

static void test_refusals(void)
{
    refused("a 1\n<t u>\nb 2\n", "f:2: the block <t> has no end: </t> is missing");
    refused("a 1\n</t>\n", "f:2: </t> ends a block that was not begun");
    g_autofree char *line = g_strnfill(CONF_LINE_MAX + 1, 'x');
    g_autofree char *deep = g_strnfill(0, ' ');
    refused(line, "f:1: the line is longer than 65536 bytes");
    for (unsigned i = 0; i < CONF_DEPTH_MAX + 1; i++) {
        char *deeper = g_strconcat(deep, "<t u>\n", NULL);
        g_free(deep);
        deep = deeper;
    }
    refused(deep, "f:17: blocks are nested more than 16 deep");
}

static void test_long_entries(void)
{
    g_autofree char *half = g_strnfill(CONF_LINE_MAX / 2 + 10, 'x');
    g_autofree char *joined = g_strconcat("a ", half, "\\\n", half, "\n", NULL);
    g_autofree char *document = g_strconcat("\na <<E\n", half, "\n", half, "\nE\n", NULL);
    refused(joined, "f:1: the line is longer than 65536 bytes");
    refused(document, "f:2: the here-document is longer than 65536 bytes");
}

static void test_no_text(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(conf_parse("f", "a\0b", 3, false, &error));
    g_assert_cmpstr(error->message, ==, "f:1: the file is not a text");
}

static void test_remarks(void)
{
    remarked("<t u>\na 1\n</s>\n", "f:3: warning: </s> ends the block <t> of line 1");
    remarked("a 1\nb 2\\\n",
             "f:2: warning: the file ends behind a backslash: the line is left out");
    remarked("a <<E\nb\n", "f:1: warning: the here-document has no end line 'E': it is left out");
    remarked("/* a\nb\n", "f:2: warning: a comment that begins with '/*' has no end");
    remarked("a */ b\n",
             "f:1: warning: '*/' without '/*': everything before it on the line is left out");
}

/* ---- Files ---- */

static char *file_with(const char *folder, const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static char *folder_new(void)
{
    char *folder = g_dir_make_tmp("test-conf-XXXXXX", NULL);
    g_assert_nonnull(folder);
    return folder;
}

static void load_refused(const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(conf_load(path, &error));
    g_assert_true(g_str_has_suffix(error->message, why));
}

static void test_missing_files(void)
{
    g_autofree char *folder = folder_new();
    g_autofree char *a = file_with(folder, "a.conf", "x 1\ninclude /nowhere/b.conf\n");
    load_refused("/nowhere/a.conf", "the file '/nowhere/a.conf' does not exist");
    load_refused(a, "/nowhere/b.conf' does not exist");
    g_unlink(a);
    g_rmdir(folder);
}

/* Also where the current directory is another one. */
static void test_include_beside_the_main_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = folder_new();
    g_autofree char *b = file_with(folder, "beside-b.conf", "y 2\n");
    g_autofree char *a = file_with(folder, "a.conf", "include beside-b.conf\ninclude beside-*\n");
    struct conf *conf = conf_load(a, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(conf->files->len, ==, 2);
    g_assert_cmpstr(value_at(conf->root, "y", 0)->where.file, ==, b);
    conf_free(conf);
    g_unlink(a);
    g_unlink(b);
    g_rmdir(folder);
}

static void test_include_depth(void)
{
    g_autofree char *folder = folder_new(), *first = NULL;
    for (unsigned i = 0; i <= CONF_DEPTH_MAX; i++) {
        g_autofree char *name = g_strdup_printf("%u", i);
        g_autofree char *text = g_strdup_printf("include %s/%u\n", folder, i + 1);
        g_autofree char *path = file_with(folder, name, text);
        if (i == 0)
            first = g_steal_pointer(&path);
    }
    load_refused(first, "includes are nested more than 16 deep");
    for (unsigned i = 0; i <= CONF_DEPTH_MAX; i++) {
        g_autofree char *path = g_strdup_printf("%s/%u", folder, i);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static void test_endless_things(void)
{
    load_refused("/dev/zero", "/dev/zero is longer than 16777216 bytes");
    g_autofree char *folder = folder_new();
    g_autofree char *a = file_with(folder, "a.conf",
                                   "include /x/{1,2,3,4,5,6,7,8,9}{1,2,3,4,5,6,7,8,9}"
                                   "{1,2,3,4,5,6,7,8,9}{1,2,3,4,5,6,7,8,9}\n");
    load_refused(a, "stand for more than 10000 names");
    g_unlink(a);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/lines", test_lines);
    g_test_add_func("/conf/values", test_values);
    g_test_add_func("/conf/cut", test_cut);
    g_test_add_func("/conf/option-and-block-of-one-name", test_option_and_block_of_one_name);
    g_test_add_func("/conf/refusals", test_refusals);
    g_test_add_func("/conf/long-entries", test_long_entries);
    g_test_add_func("/conf/no-text", test_no_text);
    g_test_add_func("/conf/remarks", test_remarks);
    g_test_add_func("/conf/missing-files", test_missing_files);
    g_test_add_func("/conf/include-beside-the-main-file", test_include_beside_the_main_file);
    g_test_add_func("/conf/include-depth", test_include_depth);
    g_test_add_func("/conf/endless-things", test_endless_things);
    return g_test_run();
}
