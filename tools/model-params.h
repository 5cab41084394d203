/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of logical units as they are written: by directives, and by tgtadm's --params. */
#ifndef TOOLS_MODEL_PARAMS_H
#define TOOLS_MODEL_PARAMS_H

#include "model-read.h"

/* A line "DIRECTIVE VALUE". */
void model_lun_take(struct model_reader *r, struct model_lun *lun, enum model_lun_key key,
                    const struct model_line *line);
/* A line "params KEY=VALUE,…", where ${tid} and ${lun} stand for numbers. */
void model_take_params(struct model_reader *r, struct model_lun *lun, const struct model_line *line,
                       unsigned tid);
void model_take_mode_page(struct model_reader *r, struct model_lun *lun,
                          const struct model_line *line, unsigned tid);
/* A mode page in one form: "8:0:18:16:0:…"; NULL: it is none. Free with g_free(). */
char *model_mode_page(const char *text);

#endif
