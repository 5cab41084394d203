/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameter tables: every type, its errors, defaults, secrets; sizes; and "did you mean". */
#include <string.h>

#include "error.h"
#include "plugin.h"

static const struct tgt_param table[] = {
    {"name", TGT_PARAM_STRING, 0, NULL, 0, 0, NULL, NULL, "a text"},
    {"path", TGT_PARAM_PATH, 0, "/tmp", 0, 0, NULL, NULL, "a path"},
    {"sync", TGT_PARAM_BOOL, 0, "yes", 0, 0, NULL, NULL, "a switch"},
    {"depth", TGT_PARAM_UINT, 0, "16", 1, 64, NULL, "commands", "a number"},
    {"size", TGT_PARAM_SIZE, 0, "1M", 4096, 0, NULL, "bytes", "a size"},
    {"mode", TGT_PARAM_ENUM, 0, "fast", 0, 0, "fast safe", NULL, "a choice"},
    {"password", TGT_PARAM_UINT, TGT_PARAM_SECRET, NULL, 0, 0, NULL, NULL, "a secret"},
};

static struct tgt_params *parse(const char *words, GError **error)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    return params_parse(table, G_N_ELEMENTS(table), sizeof table[0], list, error);
}

static void refused(const char *words, const char *sentence)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(parse(words, &error));
    g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    g_assert_cmpstr(error->message, ==, sentence);
}

static void defaults(void)
{
    struct tgt_params *p = params_parse(table, G_N_ELEMENTS(table), sizeof table[0], NULL, NULL);
    g_assert_nonnull(p);
    g_assert_null(params_str(p, "name"));
    g_assert_cmpstr(params_str(p, "path"), ==, "/tmp");
    g_assert_true(params_bool(p, "sync"));
    g_assert_cmpuint(params_uint(p, "depth"), ==, 16);
    g_assert_cmpuint(params_uint(p, "size"), ==, 1 << 20);
    g_assert_cmpstr(params_str(p, "mode"), ==, "fast");
    g_assert_null(params_text(p, "password"));
    g_assert_null(params_str(p, "nothing"));
    g_assert_cmpuint(params_uint(p, "nothing"), ==, 0);
    params_free(p);
    params_free(NULL);
}

static void values(void)
{
    g_autoptr(GError) error = NULL;
    struct tgt_params *p = parse(
        "name=a=b;c path=/x sync=off depth=0x10 size=3G mode=safe password=7 depth=5", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(params_str(p, "name"), ==, "a=b;c");
    g_assert_cmpstr(params_str(p, "path"), ==, "/x");
    g_assert_false(params_bool(p, "sync"));
    g_assert_cmpuint(params_uint(p, "depth"), ==, 5);
    g_assert_cmpuint(params_uint(p, "size"), ==, 3ull << 30);
    g_assert_cmpstr(params_text(p, "size"), ==, "3G");
    g_assert_cmpstr(params_str(p, "mode"), ==, "safe");
    g_assert_cmpuint(params_uint(p, "password"), ==, 7);
    g_assert_cmpstr(params_text(p, "password"), ==, "***");
    params_free(p);
}

static void bare_words(void)
{
    struct tgt_params *p = parse("sync", NULL);
    g_assert_true(params_bool(p, "sync"));
    params_free(p);
    refused("depth", "parameter depth needs a value: depth=...");
}

static void wrong_values(void)
{
    refused("sync=maybe", "parameter sync: 'maybe' is not what it takes: on or off");
    refused("depth=-1", "parameter depth: '-1' is not what it takes: a number");
    refused("depth=", "parameter depth: '' is not what it takes: a number");
    refused("depth=65", "parameter depth: 65 is not within 1 to 64 commands");
    refused("depth=18446744073709551616",
            "parameter depth: '18446744073709551616' is not what it takes: a number");
    refused("size=1", "parameter size: 1 is too small, at least 4096 bytes is needed");
    refused(
        "size=big",
        "parameter size: 'big' is not what it takes: a number of bytes such as 4096, 64M or 1G");
    refused("mode=slow", "parameter mode: 'slow' is not what it takes: fast safe");
    refused("mode=", "parameter mode: '' is not what it takes: fast safe");
    refused("password=hunter2", "parameter password: '***' is not what it takes: a number");
}

static void unknown_names(void)
{
    refused("dept=1", "there is no parameter dept, did you mean depth?");
    refused("zzzzzz=1",
            "there is no parameter zzzzzz: name, path, sync, depth, size, mode, password");
    g_autoptr(GError) error = NULL;
    char *words[] = {(char *)"x=1", NULL};
    g_assert_null(params_parse(NULL, 0, sizeof table[0], words, &error));
    g_assert_cmpstr(error->message, ==, "there is no parameter x: none is taken here");
}

static void required(void)
{
    static const struct tgt_param needs[] = {
        {"pool", TGT_PARAM_STRING, TGT_PARAM_REQUIRED, NULL, 0, 0, NULL, NULL, "the pool to use"}};
    g_autoptr(GError) error = NULL;
    g_assert_null(params_parse(needs, 1, sizeof needs[0], NULL, &error));
    g_assert_cmpstr(error->message, ==, "parameter pool is required: the pool to use");
}

static void set(void)
{
    g_autoptr(GError) error = NULL;
    struct tgt_params *p = parse("depth=7", NULL);
    g_assert_true(params_set(p, "depth", "9", &error));
    g_assert_cmpuint(params_uint(p, "depth"), ==, 9);
    g_assert_false(params_set(p, "depth", "99", &error));
    g_assert_cmpuint(params_uint(p, "depth"), ==, 9);
    g_clear_error(&error);
    g_assert_false(params_set(p, "width", "9", &error));
    params_free(p);
}

/* A plugin built with a larger struct tgt_param than ours. */
static void strides(void)
{
    struct {
        struct tgt_param param;
        char newer[24];
    } wide[2] = {{table[0], ""}, {table[3], ""}};
    char *words[] = {(char *)"depth=3", NULL};
    struct tgt_params *p = params_parse(&wide[0].param, 2, sizeof wide[0], words, NULL);
    g_assert_nonnull(p);
    g_assert_cmpuint(params_uint(p, "depth"), ==, 3);
    params_free(p);
}

static void sizes(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"512", 512},
        {"4K", 4096},
        {"4k", 4096},
        {"64M", 64ull << 20},
        {"1G", 1ull << 30},
        {"2T", 2ull << 40},
        {"3P", 3ull << 50},
        {"1GiB", 1ull << 30},
        {"16383P", 16383ull << 50},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",   "K", "-1", " 1", "1 ", "1.5G", "0x10", "1GB", "1E", "16384P", "18446744073709551616",
        "1KK"};
    uint64_t n;
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(parse_size(good[i].text, &n, NULL));
        g_assert_cmpuint(n, ==, good[i].value);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(parse_size(bad[i], &n, &error));
        g_assert_error(error, CORE_ERROR, CORE_ERROR_INVALID);
    }
}

static void shown_words_keep_secrets(void)
{
    static char *words[] = {(char *)"size=4096", (char *)"password=7", (char *)"sync", NULL};
    struct tgt_params *p = params_parse(table, G_N_ELEMENTS(table), sizeof table[0], words, NULL);
    g_auto(GStrv) shown = params_shown(p, words);
    g_autofree char *text = g_strjoinv(" ", shown);
    g_assert_cmpstr(text, ==, "size=4096 password=*** sync");
    params_free(p);
}

static void suggestions(void)
{
    static const char *const words[] = {"rdwr", "null", "rbd", "aio", NULL};
    static const char *const none[] = {NULL};
    g_assert_cmpstr(suggest("rwdr", words), ==, "rdwr");
    g_assert_cmpstr(suggest("RDWR", words), ==, "rdwr");
    g_assert_cmpstr(suggest("nul", words), ==, "null");
    g_assert_cmpstr(suggest("rdb", words), ==, "rbd");
    g_assert_null(suggest("tape", words));
    g_assert_null(suggest("x", words));
    g_assert_null(suggest("", words));
    g_assert_null(suggest("rdwr", none));
    g_autofree char *long_word = g_strnfill(100000, 'a');
    g_assert_null(suggest(long_word, words));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/abi/params/defaults", defaults);
    g_test_add_func("/abi/params/values", values);
    g_test_add_func("/abi/params/bare_words", bare_words);
    g_test_add_func("/abi/params/wrong_values", wrong_values);
    g_test_add_func("/abi/params/unknown_names", unknown_names);
    g_test_add_func("/abi/params/required", required);
    g_test_add_func("/abi/params/set", set);
    g_test_add_func("/abi/params/strides", strides);
    g_test_add_func("/abi/params/sizes", sizes);
    g_test_add_func("/abi/params/shown_words_keep_secrets", shown_words_keep_secrets);
    g_test_add_func("/abi/params/suggestions", suggestions);
    return g_test_run();
}
