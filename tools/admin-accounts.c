/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts of targets.conf: made once, bound where they are named. */
#include "admin-accounts.h"

#include <string.h>

/* A word, without the quotes around it. */
static char *next_word(const char **text)
{
    const char *begin = *text + strspn(*text, " \t"), *end = begin + strcspn(begin, " \t");
    *text = end;
    if (begin < end && *begin == '"')
        begin++;
    if (begin < end && end[-1] == '"')
        end--;
    return g_strndup(begin, (gsize)(end - begin));
}

bool account_parse(const char *text, char **name, char **password)
{
    *name = *password = NULL;
    if (!text)
        return false;
    *name = next_word(&text);
    *password = next_word(&text);
    return **name && **password;
}

/* The file says what the password is: it would not change otherwise, as long as the daemon runs. */
static bool renew(struct run *run, const char *name, const char *password)
{
    if (run->pretend || run->rehearsal || !state_take_account(run->state, name))
        return true;
    if (admin_set_password(run->admin, name, password) || run->ignore_errors)
        return true;
    run->status = ADMIN_WRONG;
    return false;
}

bool account_ensure(struct run *run, const char *driver, const char *name, const char *password)
{
    if (state_has_account(run->state, name))
        return renew(run, name, password);
    state_add_account(run->state, name);
    struct command *c = run_command(run);
    if (driver)
        command_option(c, "--lld", driver);
    command_words(c, "--mode account --op new");
    command_equals(c, "--user", name);
    command_equals(c, "--password", password);
    return run_do(run, c);
}
