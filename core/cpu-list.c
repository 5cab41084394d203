/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of CPUs as the kernel writes them. */
#include "cpu-list.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "error.h"

static bool refuse(GError **error, const char *text)
{
    g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                "'%s' is no list of CPUs: numbers and ranges are wanted, such as 0-3,8", text);
    return false;
}

static bool add(GArray *cpus, const cpu_set_t *allowed, unsigned cpu, GError **error)
{
    if (!CPU_ISSET(cpu, allowed)) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "CPU %u is not there, or this process may not use it", cpu);
        return false;
    }
    for (guint i = 0; i < cpus->len; i++)
        if (g_array_index(cpus, unsigned, i) == cpu)
            return true;
    g_array_append_val(cpus, cpu);
    return true;
}

/* "3" or "0-3". */
static bool parse_range(const char *word, guint64 *first, guint64 *last)
{
    g_auto(GStrv) ends = g_strsplit(word, "-", 2);
    const char *end = ends[0] && ends[1] ? ends[1] : ends[0];
    return end && g_ascii_string_to_unsigned(ends[0], 10, 0, CPU_SETSIZE - 1, first, NULL) &&
           g_ascii_string_to_unsigned(end, 10, *first, CPU_SETSIZE - 1, last, NULL);
}

GArray *cpu_list_parse(const char *text, GError **error)
{
    cpu_set_t allowed;
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        CPU_ZERO(&allowed);
    for (char **w = words; *w != NULL; w++) {
        guint64 first, last;
        if (!parse_range(*w, &first, &last))
            return refuse(error, text), NULL;
        for (guint64 cpu = first; cpu <= last; cpu++)
            if (!add(cpus, &allowed, (unsigned)cpu, error))
                return NULL;
    }
    return cpus->len > 0 ? g_steal_pointer(&cpus) : (refuse(error, text), NULL);
}

/* How many from `i` on follow one another. */
static guint run_of(const GArray *cpus, guint i)
{
    guint n = 1;
    while (i + n < cpus->len &&
           g_array_index(cpus, unsigned, i + n) == g_array_index(cpus, unsigned, i) + n)
        n++;
    return n;
}

char *cpu_list_text(const GArray *cpus)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0, n; cpus && i < cpus->len; i += n) {
        unsigned first = g_array_index(cpus, unsigned, i);
        n = run_of(cpus, i);
        g_string_append_printf(text, "%s%u", i ? "," : "", first);
        if (n > 1)
            g_string_append_printf(text, "-%u", first + n - 1);
    }
    return g_string_free(text, FALSE);
}

static bool file_says(const char *folder, const char *supply, const char *name, const char *word)
{
    g_autofree char *path = g_build_filename(folder, supply, name, NULL), *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) && strcmp(g_strchomp(text), word) == 0;
}

/* Batteries of mice and keyboards say that they are those of a device. */
bool cpu_on_battery(const char *power_supplies)
{
    g_autoptr(GDir) dir = g_dir_open(power_supplies, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (file_says(power_supplies, name, "type", "Battery") &&
            !file_says(power_supplies, name, "scope", "Device"))
            return true;
    return false;
}
