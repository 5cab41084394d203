/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins that look well until they are tried: each is refused with a sentence of its own, and the
 * daemon lives. */
#include "error.h"
#include "scene.h"

#define TRIED                                                                                      \
    " when it was tried in a process of its own, it must load cleanly: replace it, then run "      \
    "'tgtctl plugin load "

/* A plugin that looks well until it is tried. */
static void tried(struct scene *s, const char *name, enum plugin_state state, const char *reason)
{
    g_autofree char *provides = g_strconcat("bs:", name, NULL);
    const char *path = scene_put(s, 0, name);
    scene_open(s);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    scene_refused(s, path, provides, state, reason);
}

static void contradiction(struct scene *s)
{
    const char *path = scene_put_changed(s, "name=good", "name=evil");
    scene_open(s);
    scene_refused(s, path, "bs:good", PLUGIN_FAILED,
                  " contradicts itself: its section .tgt.plugin says name 'evil', its descriptor "
                  "'good', both must be the same: build it again");
}

static void no_descriptor(struct scene *s)
{
    tried(s, "no-descriptor", PLUGIN_FAILED,
          " does not export the symbol tgt_plugin, which TGT_PLUGIN_DEFINE makes: build it again");
}

static void no_open(struct scene *s)
{
    tried(s, "no-open", PLUGIN_FAILED,
          " lacks the callback 'open', which every backing store must have: its maker must correct "
          "it");
}

static void no_read(struct scene *s)
{
    tried(s, "no-read", PLUGIN_FAILED,
          " lacks the callback 'read', which every backing store of the blocking model must have: "
          "its maker must correct it");
}

static void no_submit(struct scene *s)
{
    tried(s, "no-submit", PLUGIN_FAILED,
          " lacks the callback 'submit', which every backing store that is not of the blocking "
          "model must have: its maker must correct it");
}

static void no_giveback(struct scene *s)
{
    tried(s, "no-giveback", PLUGIN_FAILED,
          " has the callback 'lend', but not 'giveback', which must come with it: its maker must "
          "correct it");
}

static void no_exec(struct scene *s)
{
    const char *path = scene_put(s, 0, "no-exec");
    scene_open(s);
    scene_refused(s, path, "type:no-exec", PLUGIN_FAILED,
                  " lacks the callback 'exec', which every command must have, in element 0 "
                  "(READ(10)) of 'ops': its maker must correct it");
}

static void no_respond(struct scene *s)
{
    const char *path = scene_put(s, 0, "no-respond");
    scene_open(s);
    scene_refused(s, path, "transport:no-respond", PLUGIN_FAILED,
                  " lacks the callback 'respond', which every transport must have: its maker must "
                  "correct it");
}

static void bad_model(struct scene *s)
{
    tried(s, "bad-model", PLUGIN_FAILED,
          " has the unknown model 9, one of 1 (asynchronous), 2 (blocking) or 3 (own threads) is "
          "needed: its maker must correct it");
}

static void large_priv(struct scene *s)
{
    tried(s, "large-priv", PLUGIN_FAILED,
          " wants an io_priv_size of 4096 bytes, this tgtd gives at most 384: upgrade tgtd, or its "
          "maker must make do with less");
}

static void crash_in_constructor(struct scene *s)
{
    tried(s, "crash-constructor", PLUGIN_FAILED,
          " crashed in its constructors (signal 11, Segmentation fault)" TRIED
          "crash-constructor'");
}

static void crash_in_load(struct scene *s)
{
    tried(s, "crash-load", PLUGIN_FAILED,
          " crashed in its load() (signal 11, Segmentation fault)" TRIED "crash-load'");
}

static void exit_in_load(struct scene *s)
{
    tried(s, "exit-load", PLUGIN_FAILED,
          " ended the process in its load() (exit status 0)" TRIED "exit-load'");
}

static void hang_in_load(struct scene *s)
{
    g_setenv("TGT_PLUGIN_PROBE_TIMEOUT", "1", TRUE);
    tried(s, "hang-load", PLUGIN_FAILED,
          " did not come back from its load() within 1 s" TRIED "hang-load'");
    g_unsetenv("TGT_PLUGIN_PROBE_TIMEOUT");
}

static void load_says_no(struct scene *s)
{
    tried(s, "fail-load", PLUGIN_FAILED,
          " was loaded, but could not start (no device of type frob): correct that, then run "
          "'tgtctl plugin load fail-load'");
}

/* Asked again without a reason, what crashed is not run again. */
static void crash_once_only(struct scene *s)
{
    crash_in_load(s);
    g_assert_null(plugin_use(s->plugins, "bs:crash-load", NULL));
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "crash-load\n");
}

static void wrong_parameter(struct scene *s)
{
    const char *path = scene_put(s, 0, "good");
    scene_conf(s, 1, "good", "[params]\nlevel=10\n");
    scene_open(s);
    g_autofree char *sentence =
        g_strdup_printf(" has a wrong parameter in %s/good.conf (parameter level: 10 is not within "
                        "1 to 9): correct that, then run "
                        "'tgtctl plugin load good'",
                        s->conf[1]);
    scene_refused(s, path, "bs:good", PLUGIN_FAILED, sentence);
}

static void without_helper(struct scene *s)
{
    g_autofree char *helper = g_strdup(g_getenv("TGT_PLUGIN_PROBE"));
    scene_put(s, 0, "good");
    scene_open(s);
    g_setenv("TGT_PLUGIN_PROBE", "/nonexistent/probe", TRUE);
    struct plugin *used = plugin_use(s->plugins, "bs:good", NULL);
    g_assert_nonnull(used);
    plugin_unuse(used);
    g_setenv("TGT_PLUGIN_PROBE", helper, TRUE);
}

/* ---- Without waiting ---- */

struct answers {
    unsigned count;
    struct plugin *plugin[2];
    GError *error[2];
};

static void answer(struct plugin *plugin, GError *error, void *data)
{
    struct answers *a = data;
    g_assert_cmpuint(a->count, <, 2);
    a->plugin[a->count] = plugin;
    a->error[a->count++] = error;
}

/* Two requests at once; neither is answered from within the call. */
static void ask_twice(struct scene *s, const char *provides, struct answers *a)
{
    plugin_get(s->plugins, provides, answer, a);
    plugin_get(s->plugins, provides, answer, a);
    g_assert_cmpuint(a->count, ==, 0);
}

static void await(struct answers *a)
{
    while (a->count < 2)
        g_main_context_iteration(NULL, TRUE);
}

/* A line from the probe, one from here. */
static void one_probe_for_all(struct scene *s)
{
    struct answers a = {0};
    scene_put(s, 0, "good");
    scene_open(s);
    ask_twice(s, "bs:good", &a);
    await(&a);
    g_assert_true(a.plugin[0] && a.plugin[0] == a.plugin[1]);
    g_assert_cmpuint(a.plugin[0]->users, ==, 2);
    plugin_get(s->plugins, "bs:good", answer, &(struct answers){.count = 1});
    g_assert_cmpuint(a.plugin[0]->users, ==, 3);
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "good\ngood\n");
    for (unsigned i = 0; i < 3; i++)
        plugin_unuse(a.plugin[0]);
}

static void one_refusal_for_all(struct scene *s)
{
    struct answers a = {0};
    scene_put(s, 0, "crash-load");
    scene_open(s);
    ask_twice(s, "bs:crash-load", &a);
    await(&a);
    g_assert_error(a.error[0], CORE_ERROR, CORE_ERROR_PLUGIN);
    g_assert_cmpstr(a.error[0]->message, ==, a.error[1]->message);
    g_autofree char *marks = scene_marks(s);
    g_assert_cmpstr(marks, ==, "crash-load\n");
    g_clear_error(&a.error[0]);
    g_clear_error(&a.error[1]);
}

static bool has_run(struct scene *s)
{
    g_autofree char *marks = scene_marks(s);
    return *marks != '\0';
}

/* It has ten seconds, which nobody waits for: neither who looks at the list nor the end. */
static void hanging_holds_nobody_up(struct scene *s)
{
    struct answers a = {0};
    const char *path = scene_put(s, 0, "hang-load");
    scene_open(s);
    gint64 start = g_get_monotonic_time();
    ask_twice(s, "bs:hang-load", &a);
    while (!has_run(s))
        g_usleep(1000);
    scene_expect(s, path, PLUGIN_FOUND, NULL);
    g_assert_cmpuint(a.count, ==, 0);
    plugins_stop(s->plugins);
    await(&a);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_error(a.error[i], CORE_ERROR, CORE_ERROR_BUSY);
        g_assert_cmpstr(a.error[i]->message, ==, "tgtd is ending");
        g_clear_error(&a.error[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct scene_test tests[] = {
        {"contradiction", contradiction},
        {"no_descriptor", no_descriptor},
        {"no_open", no_open},
        {"no_read", no_read},
        {"no_submit", no_submit},
        {"no_giveback", no_giveback},
        {"no_exec", no_exec},
        {"no_respond", no_respond},
        {"bad_model", bad_model},
        {"large_priv", large_priv},
        {"crash_in_constructor", crash_in_constructor},
        {"crash_in_load", crash_in_load},
        {"exit_in_load", exit_in_load},
        {"hang_in_load", hang_in_load},
        {"load_says_no", load_says_no},
        {"crash_once_only", crash_once_only},
        {"wrong_parameter", wrong_parameter},
        {"without_helper", without_helper},
        {"one_probe_for_all", one_probe_for_all},
        {"one_refusal_for_all", one_refusal_for_all},
        {"hanging_holds_nobody_up", hanging_holds_nobody_up},
    };
    g_test_init(&argc, &argv, NULL);
    scene_add("/abi/attempts", tests, G_N_ELEMENTS(tests));
    return g_test_run();
}
