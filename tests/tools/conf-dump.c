/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the trees of configuration files as JSON, a line each, for comparison with what Perl makes
 * of them: {"options": {KEY: [VALUE...]}, "blocks": [{"name", "arg", ...}], "notes": [TEXT...]}, or
 * {"error": TEXT}. */
#include <jansson.h>
#include <stdio.h>

#include "conf.h"

/* Bytes are characters, as they are for Perl. */
static char *latin(const char *text)
{
    return g_convert(text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

static json_t *text_or_null(const char *text)
{
    g_autofree char *shown = text ? latin(text) : NULL;
    return shown ? json_string(shown) : json_null();
}

static json_t *dump_options(const struct conf_block *block)
{
    json_t *options = json_object();
    for (guint i = 0; i < block->options->len; i++) {
        const struct conf_option *o = block->options->pdata[i];
        json_t *values = json_array();
        for (guint k = 0; k < o->values->len; k++)
            json_array_append_new(
                values, text_or_null(((const struct conf_value *)o->values->pdata[k])->text));
        g_autofree char *key = latin(o->key);
        json_object_set_new(options, key, values);
    }
    return options;
}

static json_t *dump(const struct conf_block *block)
{
    json_t *blocks = json_array();
    for (guint i = 0; i < block->blocks->len; i++) {
        const struct conf_block *b = block->blocks->pdata[i];
        json_t *o = dump(b);
        json_object_set_new(o, "name", text_or_null(b->name));
        json_object_set_new(o, "arg", text_or_null(b->arg));
        json_array_append_new(blocks, o);
    }
    return json_pack("{s:o, s:o}", "options", dump_options(block), "blocks", blocks);
}

static json_t *of_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    struct conf *conf = conf_load(path, &error);
    json_t *tree = conf ? dump(conf->root) : json_pack("{s:s}", "error", error->message);
    json_t *notes = json_array();
    for (guint i = 0; conf && i < conf->notes->len; i++) {
        g_autofree char *text = conf_note_text(conf->notes->pdata[i]);
        json_array_append_new(notes, json_string(text));
    }
    json_object_set_new(tree, "notes", notes);
    conf_free(conf);
    return tree;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        json_t *tree = of_file(argv[i]);
        json_dumpf(tree, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
        json_decref(tree);
    }
    return 0;
}
