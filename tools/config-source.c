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

bool source_load(struct source *s, const char *path, bool leaves_out)
{
    g_autoptr(GError) error = NULL;
    *s = (struct source){.conf = conf_load(source_is_standard(path) ? "/dev/stdin" : path, &error)};
    if (!s->conf) {
        fprintf(stderr, "tgtctl: %s\n", error->message);
        return false;
    }
    s->model = model_read(s->conf);
    s->model->leaves_out = leaves_out;
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

bool source_can_be_served(const struct source *s)
{
    unsigned wrongs = s->conf->wrongs;
    return wrongs == 0 || (s->model->leaves_out && wrongs == s->model->target_wrongs);
}

void source_leave_out(struct source *s, const struct model *live)
{
    for (guint i = s->model->targets->len; i > 0; i--) {
        struct model_target *t = s->model->targets->pdata[i - 1];
        if (!t->wrong)
            continue;
        fprintf(stderr, "tgtctl: %s is %s because of mistakes\n", t->name,
                model_target(live, t->name) ? "left as it is" : "offline and empty");
        if (model_target(live, t->name))
            model_target_remove(s->model, t);
        else
            model_target_empty(t);
    }
}
