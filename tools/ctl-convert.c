/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl config convert: other targets' configurations as targets.conf. */
#include <stdio.h>
#include <string.h>

#include "convert.h"
#include "ctl.h"

static const struct format {
    const char *name;
    bool (*convert)(struct converted *c, const char *text, gsize len, GError **error);
} formats[] = {
    {"targetcli", convert_targetcli},
    {"ctl.conf", convert_ctld},
    {"scst", convert_scst},
};

static void print_converted(const struct converted *c)
{
    g_autofree char *text = model_write(c->model, true);
    for (guint i = 0; i < c->remarks->len; i++) {
        g_autofree char *remark = g_strdelimit(g_strdup(c->remarks->pdata[i]), "\r\n\\", ' ');
        printf("# Note: %s\n", remark);
    }
    fputs(text, stdout);
}

static enum ctl_exit convert(const struct format *format, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize len;
    struct converted c = {model_new(), g_ptr_array_new_with_free_func(g_free)};
    bool ok =
        g_file_get_contents(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text, &len, &error);
    bool read = ok;
    ok = ok && format->convert(&c, text, len, &error);
    if (ok)
        print_converted(&c);
    else
        fprintf(stderr, "tgtctl: %s%s%s\n", read ? path : "", read ? ": " : "", error->message);
    model_free(c.model);
    g_ptr_array_unref(c.remarks);
    return ok ? CTL_OK : CTL_INVALID;
}

enum ctl_exit config_convert(struct ctl *ctl)
{
    const char *from = args_value(&ctl->args, "from");
    for (unsigned i = 0; from && i < G_N_ELEMENTS(formats); i++)
        if (strcmp(formats[i].name, from) == 0)
            return convert(&formats[i], ctl_word(ctl, 0));
    return ctl_wrong("--from is targetcli, ctl.conf or scst%s%s%s", from ? ", not '" : "",
                     from ? from : "", from ? "'" : "");
}
