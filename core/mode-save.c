/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saved values of mode pages: one file per logical unit in the state directory, named by its UUID.
 */
#include <string.h>

#include "identity.h"
#include "log.h"
#include "mode.h"
#include "state.h"

#define FOLDER "modes"
#define GROUP  "saved"

bool mode_can_save(void)
{
    return state_kept();
}

static void page_key(const struct mode_page *page, char key[6])
{
    g_snprintf(key, 6, "%02x.%02x", page->code, page->subcode);
}

static char *to_hex(const uint8_t *bytes, unsigned len)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < len; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

static bool from_hex(const char *text, uint8_t *bytes, unsigned len)
{
    if (strlen(text) != 2 * (size_t)len || text[strspn(text, "0123456789abcdef")] != '\0')
        return false;
    for (unsigned i = 0; i < len; i++)
        bytes[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) << 4 |
                             g_ascii_xdigit_value(text[2 * i + 1]));
    return true;
}

static char *collect(struct core_lu *lu, gsize *len)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_mutex_lock(&lu->lock);
    for (guint i = 0; i < lu->modes->pages->len; i++) {
        const struct mode_page *page = g_ptr_array_index(lu->modes->pages, i);
        g_autofree char *hex = to_hex(page->saved, page->length);
        char key[6];
        page_key(page, key);
        g_key_file_set_string(file, GROUP, key, hex);
    }
    g_mutex_unlock(&lu->lock);
    return g_key_file_to_data(file, len, NULL);
}

bool mode_save(struct core_lu *lu, GError **error)
{
    char name[37];
    gsize len;
    identity_format(lu->pub.uuid, name);
    g_mutex_lock(&lu->modes->saving);
    g_autofree char *data = collect(lu, &len);
    bool ok = state_write(FOLDER, name, data, len, error);
    g_mutex_unlock(&lu->modes->saving);
    return ok;
}

/* What is not changeable comes from this version of the daemon, not from the file. */
static void restore_page(struct mode_page *page, GKeyFile *file)
{
    char key[6];
    g_autofree uint8_t *bytes = g_malloc0(page->length + 1u);
    page_key(page, key);
    g_autofree char *hex = g_key_file_get_string(file, GROUP, key, NULL);
    if (hex == NULL || !from_hex(hex, bytes, page->length))
        return;
    for (unsigned i = 0; i < page->length; i++)
        page->saved[i] = (uint8_t)((page->defaults[i] & ~page->changeable[i]) |
                                   (bytes[i] & page->changeable[i]));
}

void mode_restore(struct core_lu *lu, struct mode_values *values)
{
    char name[37];
    gsize len = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();
    identity_format(lu->pub.uuid, name);
    g_autofree char *data = state_read(FOLDER, name, &len, &error);
    if (data != NULL && g_key_file_load_from_data(file, data, len, G_KEY_FILE_NONE, &error))
        for (guint i = 0; i < values->pages->len; i++)
            restore_page(g_ptr_array_index(values->pages, i), file);
    if (error != NULL)
        log_warning("LUN %u: the saved mode pages cannot be read, the defaults are used: %s",
                    lu->lun, error->message);
}
