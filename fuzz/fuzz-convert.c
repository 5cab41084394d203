/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the readers of other targets' configurations. The first byte chooses one. */
#include <stdint.h>
#include <stdlib.h>

#include "../tools/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const readers[])(struct converted *, const char *, gsize,
                                   GError **) = {convert_targetcli, convert_ctld, convert_scst};
    g_autoptr(GError) error = NULL;
    if (size == 0)
        return 0;
    struct converted c = {model_new(), g_ptr_array_new_with_free_func(g_free)};
    bool ok =
        readers[data[0] % G_N_ELEMENTS(readers)](&c, (const char *)data + 1, size - 1, &error);
    if (ok == (error != NULL))
        abort();
    g_free(model_write(c.model, true));
    model_free(c.model);
    g_ptr_array_unref(c.remarks);
    return 0;
}
