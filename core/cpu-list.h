/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which CPUs the I/O threads run on, and whether it is right to spin on them. */
#ifndef CORE_CPU_LIST_H
#define CORE_CPU_LIST_H

#include <glib.h>
#include <stdbool.h>

/* "0-3,8": the numbers in the order given, each once (elements: unsigned). NULL with INVALID: no
 * list, or a CPU that this process may not use. */
GArray *cpu_list_parse(const char *text, GError **error);
/* The shortest text of it; "" for NULL. Free with g_free(). */
char *cpu_list_text(const GArray *cpus);
/* Does this machine run on a battery at times? */
bool cpu_on_battery(const char *power_supplies);

#endif
