/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU time and context switches of a process, summed over its threads. */
#include "load.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

static FILE *open_task(int pid, const char *task, const char *name)
{
    char path[320];
    snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, task, name);
    return fopen(path, "r");
}

/* schedstat counts nanoseconds, where stat counts ticks. */
static void add_cpu(struct usage *usage, int pid, const char *task)
{
    uint64_t cpu;
    FILE *file = open_task(pid, task, "schedstat");
    if (!file)
        return;
    if (fscanf(file, "%" SCNu64, &cpu) == 1)
        usage->cpu += cpu;
    fclose(file);
}

static void add_switches(struct usage *usage, int pid, const char *task)
{
    char line[256];
    uint64_t count;
    FILE *file = open_task(pid, task, "status");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &count) == 1)
            usage->voluntary += count;
        else if (sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &count) == 1)
            usage->involuntary += count;
    }
    if (file)
        fclose(file);
}

struct usage usage_of(int pid)
{
    char path[64];
    struct usage usage = {0};
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = pid ? opendir(path) : NULL;
    if (!dir)
        return usage;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        add_cpu(&usage, pid, entry->d_name);
        add_switches(&usage, pid, entry->d_name);
    }
    closedir(dir);
    return usage;
}
