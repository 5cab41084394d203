/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads a blocking backing store from a directory as the daemon would, and reads back what it
 * writes: use-store DIR NAME [KEY=VALUE...] */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "plugin.h"

#define LEN 65536u

struct store {
    const struct tgt_bs_ops *ops;
    struct tgt_bs_info info;
    void *handle;
};

static bool open_store(struct store *s, const struct plugin *plugin, char **words, GError **error)
{
    struct tgt_error err = {0};
    struct tgt_params *params = params_parse(plugin->bs.lu_params, plugin->bs.lu_param_count,
                                             plugin->bs.lu_param_size, words, error);
    if (!params)
        return false;
    const struct tgt_bs_open args = {.struct_size = sizeof args, .params = params};
    s->ops = &plugin->bs;
    s->info.struct_size = sizeof s->info;
    int result = s->ops->open(&args, &s->info, &s->handle, &err);
    params_free(params);
    if (result != 0)
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "open: %s", err.text);
    return result == 0;
}

static bool equal(const struct store *s, uint64_t offset, const uint8_t *want)
{
    uint8_t got[LEN];
    memset(got, 0x55, sizeof got);
    return s->ops->read(s->handle, got, LEN, offset) == 0 && memcmp(got, want, LEN) == 0;
}

/* First and last bytes, and that nothing else has changed. */
static bool try_store(const struct store *s, GError **error)
{
    static const uint8_t zeroes[LEN];
    uint8_t data[LEN];
    uint64_t last = s->info.size - LEN;
    for (unsigned i = 0; i < LEN; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    bool ok = s->info.size >= 3 * LEN && equal(s, 0, zeroes) &&
              s->ops->write(s->handle, data, LEN, 0) == 0 &&
              s->ops->write(s->handle, data, LEN, last) == 0 && equal(s, 0, data) &&
              equal(s, last, data) && equal(s, LEN, zeroes);
    if (ok && s->ops->discard)
        ok = s->ops->discard(s->handle, LEN, 0) == 0 && equal(s, 0, zeroes) && equal(s, last, data);
    if (!ok)
        g_set_error(error, CORE_ERROR, CORE_ERROR_FAILED, "what was read is not what was written");
    return ok;
}

static bool use(struct plugin *plugin, char **words, GError **error)
{
    struct store s = {0};
    if (!open_store(&s, plugin, words, error))
        return false;
    bool ok = try_store(&s, error);
    s.ops->close(s.handle);
    plugin_unuse(plugin);
    return plugin_unload(plugin, ok ? error : NULL) && ok;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: use-store DIR NAME [KEY=VALUE...]\n");
        return 2;
    }
    char *dirs[] = {argv[1], NULL};
    g_autofree char *provides = g_strconcat("bs:", argv[2], NULL);
    struct plugins *plugins = plugins_new(dirs, NULL);
    struct plugin *plugin = plugin_use(plugins, provides, &error);
    bool ok = plugin && use(plugin, argv + 3, &error);
    if (!ok)
        fprintf(stderr, "%s\n", error->message);
    plugins_free(plugins);
    return ok ? 0 : 1;
}
