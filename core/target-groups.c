/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portal groups of targets: through which portals one can be reached. */
#include <string.h>

#include "error.h"
#include "target.h"

static GArray *parse(const char *value)
{
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (char **w = words; *w != NULL; w++) {
        guint64 number;
        if (!g_ascii_string_to_unsigned(*w, 10, 1, G_MAXUINT16, &number, NULL)) {
            g_array_unref(groups);
            return NULL;
        }
        uint16_t group = (uint16_t)number;
        g_array_append_val(groups, group);
    }
    return groups;
}

bool target_set_groups(struct tgt_target *target, const char *value, GError **error)
{
    GArray *groups = parse(value), *old = target->groups;
    if (groups == NULL) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "portal_groups are numbers from 1 to 65535 with commas between them, or '' for "
                    "all, not '%s'",
                    value);
        return false;
    }
    g_mutex_lock(&target->lock);
    target->groups = groups;
    g_mutex_unlock(&target->lock);
    g_array_unref(old);
    return true;
}

char *target_groups_text(const struct tgt_target *target)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < target->groups->len; i++)
        g_string_append_printf(text, "%s%u", i ? "," : "",
                               g_array_index(target->groups, uint16_t, i));
    return g_string_free(text, FALSE);
}

bool target_has_group(const struct tgt_target *target, uint16_t tpgt)
{
    const GArray *groups = target->groups;
    bool found = groups->len == 0;
    for (guint i = 0; i < groups->len && !found; i++)
        found = g_array_index(groups, uint16_t, i) == tpgt;
    return found;
}

bool target_in_group(const struct tgt_target *target, uint16_t tpgt)
{
    struct tgt_target *t = (struct tgt_target *)target;
    g_mutex_lock(&t->lock);
    bool found = target_has_group(t, tpgt);
    g_mutex_unlock(&t->lock);
    return found;
}
