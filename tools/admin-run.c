/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the steps of tgt-admin are shown and taken. */
#include "admin-run.h"

#include <stdarg.h>
#include <stdio.h>

static bool talks(const struct run *run)
{
    return !run->rehearsal && (run->verbose || run->pretend);
}

void run_say(const struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (talks(run))
        puts(text);
}

void run_warn(const struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (!run->rehearsal && !talks(run))
        fprintf(stderr, "tgt-admin: %s\n", text);
}

bool run_wrong(struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    puts(text);
    run->status = ADMIN_WRONG;
    return false;
}

bool run_missing(struct run *run, const char *option, const char *target)
{
    return run_wrong(run,
                     "\nOption %s has a missing value!\n"
                     "Check your config file for errors (target: %s)",
                     option, target);
}

struct command *run_command(const struct run *run)
{
    return command_new(run->instance);
}

void run_show(const struct run *run, struct command *command)
{
    run_say(run, "%s", command->text->str);
    command_free(command);
}

static bool failed(struct run *run, const struct command *command, int status)
{
    if (run->ignore_errors)
        return true;
    printf("Command:\n\t%s\nexited with code: %d.\n", command->text->str, status);
    run->status = status;
    return false;
}

bool run_do(struct run *run, struct command *command)
{
    bool ok = true;
    run_say(run, "%s", command->text->str);
    if (!run->pretend && !run->rehearsal) {
        fflush(stdout);
        g_ptr_array_add(command->words, NULL);
        int status = admin_run(run->admin, (const char *const *)command->words->pdata);
        ok = status == 0 || failed(run, command, status);
    }
    command_free(command);
    return ok;
}
