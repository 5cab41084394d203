/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes, changes and resets the values of mode pages. */
#include "mode.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "lu-cache.h"
#include "spc.h"

/* ---- Pages ---- */

static unsigned sort_key(const struct mode_page *page)
{
    unsigned code = page->code == 0 ? 0x40 : page->code;
    return code << 8 | page->subcode;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct mode_page *x = *(const struct mode_page *const *)a,
                           *y = *(const struct mode_page *const *)b;
    return (gint)sort_key(x) - (gint)sort_key(y);
}

static struct mode_page *page_new(uint8_t code, uint8_t subcode, uint8_t length)
{
    struct mode_page *page = g_new0(struct mode_page, 1);
    page->code = code;
    page->subcode = subcode;
    page->length = length;
    page->defaults = g_malloc0(5 * (gsize)length + 1);
    page->saved = page->defaults + length;
    page->current = page->saved + length;
    page->changeable = page->current + length;
    page->pending = page->changeable + length;
    return page;
}

static void page_free(gpointer data)
{
    struct mode_page *page = data;
    g_free(page->defaults);
    g_free(page);
}

struct mode_page *mode_find(const struct mode_values *values, uint8_t code, uint8_t subcode)
{
    for (guint i = 0; i < values->pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(values->pages, i);
        if (page->code == code && page->subcode == subcode)
            return page;
    }
    return NULL;
}

const uint8_t *mode_page_values(const struct mode_page *page, enum mode_control control)
{
    const uint8_t *values[] = {page->current, page->changeable, page->defaults, page->saved};
    return values[control];
}

unsigned mode_page_size(const struct mode_page *page)
{
    return (page->subcode ? 4u : 2u) + page->length;
}

static int apply(struct core_lu *lu, const struct mode_page *page, const uint8_t *values)
{
    return page->row != NULL && page->row->apply != NULL ? page->row->apply(&lu->pub, values) : 0;
}

/* ---- Making ---- */

static void add_row(struct mode_values *values, struct core_lu *lu, const struct tgt_mode_page *row)
{
    if (mode_find(values, row->code, row->subcode) != NULL)
        return;
    struct mode_page *page = page_new(row->code, row->subcode, row->length);
    page->row = row;
    memcpy(page->defaults, row->defaults, row->length);
    memcpy(page->changeable, row->changeable, row->length);
    if (row->init != NULL)
        row->init(&lu->pub, page->defaults);
    memcpy(page->saved, page->defaults, row->length);
    g_ptr_array_add(values->pages, page);
}

static void add_rows(struct mode_values *values, struct core_lu *lu,
                     const struct tgt_mode_page *rows, unsigned count, size_t size)
{
    const char *p = (const char *)rows;
    for (unsigned i = 0; i < count; i++, p += size)
        add_row(values, lu, (const struct tgt_mode_page *)p);
}

/* The device can refuse what was saved when it had another store. */
static void settle(struct core_lu *lu, struct mode_page *page)
{
    memcpy(page->current, page->saved, page->length);
    if (apply(lu, page, page->current) == 0)
        return;
    log_notice("LUN %u: the saved mode page %02xh is not possible any more, its defaults are used",
               lu->lun, page->code);
    memcpy(page->saved, page->defaults, page->length);
    memcpy(page->current, page->defaults, page->length);
    apply(lu, page, page->current);
}

struct mode_values *mode_values_new(struct core_lu *lu)
{
    struct mode_values *values = g_new0(struct mode_values, 1);
    const struct tgt_device_ops *device = lu->device;
    g_mutex_init(&values->saving);
    values->pages = g_ptr_array_new_with_free_func(page_free);
    add_rows(values, lu, device->mode, device->mode_count, device->mode_size);
    add_rows(values, lu, spc_modes, spc_mode_count, sizeof spc_modes[0]);
    g_ptr_array_sort(values->pages, compare);
    mode_restore(lu, values);
    for (guint i = 0; i < values->pages->len; i++)
        settle(lu, g_ptr_array_index(values->pages, i));
    return values;
}

void mode_values_free(struct mode_values *values)
{
    if (values == NULL)
        return;
    g_ptr_array_unref(values->pages);
    g_mutex_clear(&values->saving);
    g_free(values);
}

void mode_values_reset(struct core_lu *lu)
{
    for (guint i = 0; i < lu->modes->pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        if (!lu_cache_stays(lu, page))
            settle(lu, page);
    }
}

/* ---- Changing ---- */

void mode_begin(struct core_lu *lu)
{
    for (guint i = 0; i < lu->modes->pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        memcpy(page->pending, page->current, page->length);
    }
}

static bool differs(const struct mode_page *page)
{
    return memcmp(page->pending, page->current, page->length) != 0;
}

/* Pages before `end` have been applied: put their old values back. */
static void undo(struct core_lu *lu, guint end)
{
    for (guint i = 0; i < end; i++) {
        struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        if (differs(page))
            apply(lu, page, page->current);
    }
}

struct mode_page *mode_commit(struct core_lu *lu, bool *changed)
{
    GPtrArray *pages = lu->modes->pages;
    *changed = false;
    for (guint i = 0; i < pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(pages, i);
        if (!differs(page) || apply(lu, page, page->pending) == 0)
            continue;
        undo(lu, i);
        return page;
    }
    for (guint i = 0; i < pages->len; i++) {
        struct mode_page *page = g_ptr_array_index(pages, i);
        *changed = *changed || differs(page);
        memcpy(page->current, page->pending, page->length);
    }
    return NULL;
}

int lu_mode_get(struct tgt_lu *pub, uint8_t code, uint8_t subcode, uint8_t *buf, size_t size)
{
    struct core_lu *lu = core_lu(pub);
    int len = -ENOENT;
    g_mutex_lock(&lu->lock);
    const struct mode_page *page = mode_find(lu->modes, code, subcode);
    if (page != NULL) {
        len = page->length;
        memcpy(buf, page->current, MIN(size, page->length));
    }
    g_mutex_unlock(&lu->lock);
    return len;
}

/* ---- `lun set` ---- */

static bool finish(struct core_lu *lu, const struct mode_page *refused, bool changed,
                   GError **error)
{
    if (refused != NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "the device type or the backing store cannot do that");
        return false;
    }
    if (changed)
        lu_attention(&lu->pub, TGT_SENSE_MODE_PARAMETERS_CHANGED, NULL);
    return true;
}

static bool no_page(struct core_lu *lu, uint8_t code, GError **error)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "LUN %u has no mode page %02xh of that length", lu->lun, code);
    return false;
}

bool mode_set_bits(struct core_lu *lu, uint8_t code, unsigned byte, uint8_t mask, bool on,
                   GError **error)
{
    bool changed = false;
    const struct mode_page *refused = NULL;
    g_mutex_lock(&lu->lock);
    struct mode_page *page = mode_find(lu->modes, code, 0);
    bool there = page != NULL && byte < page->length;
    if (there) {
        mode_begin(lu);
        page->pending[byte] =
            (uint8_t)(on ? page->pending[byte] | mask : page->pending[byte] & ~mask);
        refused = mode_commit(lu, &changed);
    }
    g_mutex_unlock(&lu->lock);
    return there ? finish(lu, refused, changed, error) : no_page(lu, code, error);
}

/* "8:0:18:0x10:…": all numbers below 256, as many bytes as the length says. */
static bool parse_page(const char *text, GByteArray *numbers)
{
    g_auto(GStrv) words = g_strsplit(text, ":", -1);
    for (char **w = words; *w != NULL; w++) {
        char *end;
        guint64 value = g_ascii_strtoull(*w, &end, 0);
        guint8 byte = (guint8)value;
        if (*w[0] == '\0' || *end != '\0' || value > 255)
            return false;
        g_byte_array_append(numbers, &byte, 1);
    }
    return numbers->len >= 3 && numbers->len - 3 == numbers->data[2];
}

/* As with tgt, the bytes become the values of the page whatever is changeable; a page that the
 * device type does not have appears. */
static struct mode_page *page_for(struct core_lu *lu, const uint8_t *numbers)
{
    struct mode_page *page = mode_find(lu->modes, numbers[0], numbers[1]);
    if (page == NULL && lu->modes->pages->len < 64) {
        page = page_new(numbers[0], numbers[1], numbers[2]);
        g_ptr_array_add(lu->modes->pages, page);
        g_ptr_array_sort(lu->modes->pages, compare);
    }
    return page != NULL && page->length == numbers[2] ? page : NULL;
}

bool mode_page_without_cache(const char *text)
{
    g_autoptr(GByteArray) numbers = g_byte_array_new();
    return parse_page(text, numbers) && numbers->data[0] == 0x08 && numbers->data[1] == 0 &&
           numbers->len > 3 && !(numbers->data[3] & 0x04);
}

bool mode_set_page(struct core_lu *lu, const char *text, GError **error)
{
    bool changed = false;
    const struct mode_page *refused = NULL;
    g_autoptr(GByteArray) numbers = g_byte_array_new();
    if (!parse_page(text, numbers) || numbers->data[0] >= 0x3f || numbers->data[1] == 0xff) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "a mode page is written code:subcode:length:byte:byte…, with as many bytes as "
                    "the length says");
        return false;
    }
    g_mutex_lock(&lu->lock);
    struct mode_page *page = page_for(lu, numbers->data);
    if (page != NULL) {
        mode_begin(lu);
        memcpy(page->pending, numbers->data + 3, page->length);
        refused = mode_commit(lu, &changed);
        if (refused == NULL) {
            memcpy(page->defaults, page->current, page->length);
            page->given = true;
        }
    }
    g_mutex_unlock(&lu->lock);
    return page != NULL ? finish(lu, refused, changed, error)
                        : no_page(lu, numbers->data[0], error);
}

char *mode_page_given(const struct mode_page *page)
{
    if (!page->given)
        return NULL;
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%u:%u:%u", page->code, page->subcode, page->length);
    for (unsigned i = 0; i < page->length; i++)
        g_string_append_printf(text, ":%u", page->defaults[i]);
    return g_string_free(text, FALSE);
}
