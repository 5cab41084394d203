/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the values of a logical unit are if nothing is said about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static bool is_legacy(const struct model_lun *lun)
{
    return g_strcmp0(lun->value[LUN_IDENTITY], "legacy") == 0;
}

static const char *type_of(const struct model_lun *lun)
{
    return lun->value[LUN_TYPE] ? lun->value[LUN_TYPE] : "disk";
}

static char *default_product(const struct model_lun *lun)
{
    static const struct {
        const char *type, *product;
    } products[] = {
        {"disk", "VIRTUAL-DISK"},
        {"tape", "VIRTUAL-TAPE"},
        {"cd", "VIRTUAL-CDROM"},
        {"changer", "VIRTUAL-CHANGER"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(products); i++)
        if (strcmp(products[i].type, type_of(lun)) == 0)
            return g_strdup(products[i].product);
    return g_strdup("VIRTUAL-DEVICE");
}

/* tgt makes it of numbers, we of the UUID. */
static char *default_serial(const struct model_lun *lun, unsigned tid)
{
    if (is_legacy(lun))
        return tid ? g_strdup_printf("beaf%u%u", tid, lun->number) : NULL;
    GString *serial = g_string_new(NULL);
    for (const char *p = lun->value[LUN_UUID]; p && *p; p++)
        if (*p != '-')
            g_string_append_c(serial, g_ascii_tolower(*p));
    return g_string_free(serial, serial->len == 0);
}

/* A bit of a mode page that is given as a whole: "yes" or "no"; NULL: the page is not given. */
static const char *page_bit(const struct model_lun *lun, const char *page, unsigned byte,
                            unsigned mask)
{
    for (guint i = 0; i < lun->mode_pages->len; i++) {
        const char *text = lun->mode_pages->pdata[i];
        if (!g_str_has_prefix(text, page))
            continue;
        g_auto(GStrv) numbers = g_strsplit(text, ":", -1); /* code, subcode, length, bytes */
        if (byte + 3 < g_strv_length(numbers))
            return strtoul(numbers[byte + 3], NULL, 10) & mask ? "yes" : "no";
    }
    return NULL;
}

/* Caching page, WCE; Control page, D_SENSE and SWP. */
static const char *by_mode_page(const struct model_lun *lun, enum model_lun_key key)
{
    switch (key) {
    case LUN_WRITE_CACHE:
        return page_bit(lun, "8:0:", 0, 0x04);
    case LUN_SENSE_FORMAT:
        return page_bit(lun, "10:0:", 0, 0x04);
    case LUN_SWP:
        return page_bit(lun, "10:0:", 2, 0x08);
    default:
        return NULL;
    }
}

char *model_lun_default(const struct model_lun *lun, enum model_lun_key key, unsigned tid)
{
    if (lun->direct && model_lun_rows[key].change == MODEL_IDENTITY)
        return NULL; /* the device's */
    switch (key) {
    case LUN_BS:
        return g_strdup(model_lun_bs(lun));
    case LUN_SCSI_ID:
        return is_legacy(lun) && tid ? g_strdup_printf("IET     %04x%04x", tid, lun->number) : NULL;
    case LUN_SERIAL:
        return default_serial(lun, tid);
    case LUN_VENDOR:
        return g_strdup(is_legacy(lun) ? "IET" : "TGT");
    case LUN_PRODUCT:
        return default_product(lun);
    case LUN_REVISION:
        return g_strdup("0001");
    case LUN_REMOVABLE:
        return g_strdup(strcmp(type_of(lun), "disk") == 0 && lun->path ? "no" : NULL);
    default:
        break;
    }
    const char *by_page = by_mode_page(lun, key);
    if (key == LUN_WRITE_CACHE && !by_page && lun->cached)
        return g_strdup(lun->cached);
    return g_strdup(by_page ? by_page : model_lun_rows[key].def);
}

char *model_lun_value(const struct model_lun *lun, enum model_lun_key key, unsigned tid)
{
    return lun->value[key] ? g_strdup(lun->value[key]) : model_lun_default(lun, key, tid);
}
