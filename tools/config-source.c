/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that a command of tgtctl config is about. */
#include "config-source.h"

#include <string.h>

#include "config-file.h"
#include "ctl.h"
#include "model-check.h"

const char *source_file(const struct ctl *ctl, guint word)
{
    return ctl_word(ctl, word) ? ctl_word(ctl, word) : CONFIG_FILE;
}

bool source_is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

void source_clear(struct source *s)
{
    model_free(s->model);
    conf_free(s->conf);
}

bool source_load(struct source *s, const char *path)
{
    g_autoptr(GError) error = NULL;
    *s = (struct source){.conf = conf_load(source_is_standard(path) ? "/dev/stdin" : path, &error)};
    if (!s->conf) {
        fprintf(stderr, "tgtctl: %s\n", error->message);
        return false;
    }
    s->model = model_read(s->conf);
    model_check(s->conf, s->model);
    return true;
}

void source_print_notes(const struct conf *conf, FILE *out)
{
    for (guint i = 0; i < conf->notes->len; i++) {
        g_autofree char *text = conf_note_text(conf->notes->pdata[i]);
        fprintf(out, "%s\n", text);
    }
}
