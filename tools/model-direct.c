/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A direct-store is known to initiators by what the device itself says. */
#include <string.h>

#include "admin-identity.h"
#include "model-check.h"

static void take_text(struct model_lun *lun, enum model_lun_key key, const char *text)
{
    g_autofree char *stripped = g_strchomp(g_strdup(text));
    if (*stripped && !lun->value[key])
        model_lun_set(lun, key, stripped);
}

static void take_number(struct model_lun *lun, enum model_lun_key key, unsigned number)
{
    g_autofree char *text = g_strdup_printf("%u", number);
    take_text(lun, key, text);
}

static void take_device(struct conf *conf, const struct model_target *t, struct model_lun *lun)
{
    g_autoptr(GError) error = NULL;
    struct identity identity = {0};
    if (!identity_read(&identity, lun->path, &error)) {
        conf_warn(conf, lun->where,
                  "LUN %u of %s is no SCSI device: it gets an identity as a "
                  "backing-store does (%s)",
                  lun->number, t->name, error->message);
        lun->direct = false;
        return;
    }
    take_text(lun, LUN_VENDOR, identity.vendor);
    take_text(lun, LUN_PRODUCT, identity.product);
    take_text(lun, LUN_REVISION, identity.revision);
    take_text(lun, LUN_SERIAL, identity.serial);
    if (!identity.has_capacity)
        return;
    take_number(lun, LUN_BLOCK_SIZE, identity.block_size);
    take_number(lun, LUN_EXPONENT, identity.exponent);
}

void model_take_devices(struct conf *conf, struct model *model)
{
    for (guint i = 0; i < model->targets->len; i++) {
        const struct model_target *t = model->targets->pdata[i];
        for (guint k = 0; k < t->luns->len; k++) {
            struct model_lun *lun = t->luns->pdata[k];
            if (lun->direct && lun->path)
                take_device(conf, t, lun);
        }
    }
}
