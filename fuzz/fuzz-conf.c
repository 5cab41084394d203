/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the parser of targets.conf, and what its words mean. Nothing is included: the file system
 * stays out of it. */
#include <stdint.h>
#include <stdlib.h>

#include "../tools/conf.h"
#include "../tools/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned values_of(const struct conf_block *block)
{
    unsigned values = 0;
    for (guint i = 0; i < block->options->len; i++) {
        const struct conf_option *option = block->options->pdata[i];
        if (conf_option(block, option->key) != option || option->values->len == 0)
            abort();
        values += option->values->len;
    }
    for (guint i = 0; i < block->blocks->len; i++) {
        const struct conf_block *b = block->blocks->pdata[i];
        if (conf_block(block, b->name, b->arg) != b)
            abort();
        values += values_of(b);
    }
    return values;
}

static void understand(struct conf *conf)
{
    struct model *model = model_read(conf);
    g_free(model_write(model, true));
    model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    struct conf *conf = conf_parse("fuzz", size > 0 ? (const char *)data : "", size, false, &error);
    if (!conf == !error || (conf && values_of(conf->root) > size))
        abort();
    if (conf)
        understand(conf);
    conf_free(conf);
    return 0;
}
