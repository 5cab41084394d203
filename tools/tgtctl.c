/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtctl: finds the command in the tables, checks words and options against its row,
 * runs it; help. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl.h"
#include "output.h"
#include "plugin.h"
#include "rpc.h"

/* clang-format off */
const struct command *const ctl_families[] = {
    ctl_plugin_commands,
    ctl_target_commands,
    ctl_lun_commands,
    ctl_session_commands,
    ctl_portal_commands,
    ctl_acl_commands,
    ctl_account_commands,
    ctl_isns_commands,
    ctl_stats_commands,
    ctl_system_commands,
    ctl_config_commands,
    ctl_log_commands,
    ctl_serve_commands,
    ctl_schema_commands,
    ctl_completion_commands,
    ctl_explain_commands,
    NULL,
};
/* clang-format on */

#define TIMEOUT_MAX_S 86400u

static const char *const help_options[] = {"help", "version", NULL};
static const char *const common_options[] = {"socket", "control-port", "format", "timeout",
                                             "help",   "version",      NULL};

const char *const *ctl_options(const struct command *c)
{
    return c && c->private_daemon ? help_options : common_options;
}

#define EACH_COMMAND(c)                                                                            \
    for (const struct command *const *family_ = ctl_families; *family_; family_++)                 \
        for (const struct command *c = *family_; c->noun; c++)

/* ---- Help ---- */

static char *call_of(const struct command *c)
{
    return g_strjoin(" ", "tgtctl", c->noun, c->verb ? c->verb : c->usage, c->verb ? c->usage : "",
                     NULL);
}

static void print_commands(FILE *out, const char *noun)
{
    EACH_COMMAND(c) {
        if (noun && strcmp(noun, c->noun) != 0)
            continue;
        g_autofree char *call = g_strchomp(call_of(c));
        fprintf(out, "  %-45s  %s\n", call, c->help);
    }
}

static void print_option(const char *name)
{
    const struct option_row *o = option_find(name);
    g_autofree char *form =
        g_strdup_printf("--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    if (o->letter)
        printf("  -%c, %-22s  %s\n", o->letter, form, o->help);
    else
        printf("      %-22s  %s\n", form, o->help);
}

static enum ctl_exit help_all(void)
{
    puts("Usage: tgtctl [OPTION]... NOUN VERB [ARGUMENT]...\nAsk and change the SCSI target daemon "
         "tgtd.\n\nCommands:");
    print_commands(stdout, NULL);
    puts("\nOptions, anywhere on the command line:");
    for (const char *const *o = common_options; *o; o++)
        print_option(*o);
    puts("\nT is the name of a target or @ and its number. 'tgtctl NOUN VERB --help' tells more "
         "about a command.\n\nExit status:");
#define X(name, number, meaning) printf("  %2d  %s\n", number, meaning);
    CTL_EXIT_LIST(X)
#undef X
    return CTL_OK;
}

static enum ctl_exit help_command(const struct command *c)
{
    g_autofree char *call = call_of(c);
    printf("Usage: %s\n%s.\n", call, c->help);
    if (c->options[0] || c->tolerates)
        puts("\nOptions:");
    for (const char *const *o = c->options; *o; o++)
        print_option(*o);
    if (c->tolerates)
        print_option(c->tolerates);
    return CTL_OK;
}

/* ---- Which command? ---- */

const struct command *ctl_find(const char *noun, const char *verb)
{
    EACH_COMMAND(c)
        if (strcmp(c->noun, noun) == 0 && (!c->verb || (verb && strcmp(c->verb, verb) == 0)))
            return c;
    return NULL;
}

static bool is_noun(const char *word)
{
    EACH_COMMAND(c)
        if (strcmp(c->noun, word) == 0)
            return true;
    return false;
}

/* What other tools call it. */
static const char *synonym(const char *word)
{
    static const char *const pairs[][2] = {
        {"remove", "delete"},  {"rm", "delete"},  {"del", "delete"},
        {"destroy", "delete"}, {"new", "create"}, {"ls", "list"},
        {"info", "show"},      {"kill", "close"}, {"status", "show"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (strcmp(pairs[i][0], word) == 0)
            return pairs[i][1];
    return word;
}

/* Nouns, or the verbs of a noun. */
static const char *nearest(const char *word, const char *noun)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    EACH_COMMAND(c)
        if (!noun || strcmp(noun, c->noun) == 0)
            g_ptr_array_add(words, (gpointer)(noun ? c->verb : c->noun));
    g_ptr_array_add(words, NULL);
    const char *wanted = noun ? synonym(word) : word;
    return suggest(wanted, (const char *const *)words->pdata);
}

static enum ctl_exit no_such_command(const char *noun, const char *verb)
{
    bool known = is_noun(noun);
    const char *near = known ? verb ? nearest(verb, noun) : NULL : nearest(noun, NULL);
    if (known && !verb)
        fprintf(stderr, "tgtctl: %s: what is to be done?\n", noun);
    else
        fprintf(stderr, "tgtctl: there is no command '%s%s%s'\n", noun, known ? " " : "",
                known ? verb : "");
    if (near)
        fprintf(stderr, "did you mean '%s%s%s'?\n", known ? noun : near, known ? " " : "",
                known ? near : "");
    else
        print_commands(stderr, known ? noun : NULL);
    return CTL_USAGE;
}

/* ---- Does the command line fit? ---- */

static bool takes(const char *const *options, const char *name)
{
    for (; *options; options++)
        if (strcmp(*options, name) == 0)
            return true;
    return false;
}

static bool options_fit(const struct ctl *ctl)
{
    GHashTableIter i;
    gpointer name;
    g_hash_table_iter_init(&i, ctl->args.options);
    while (g_hash_table_iter_next(&i, &name, NULL)) {
        bool common = takes(ctl_options(ctl->command), name);
        if (common || takes(ctl->command->options, name) ||
            g_strcmp0(ctl->command->tolerates, name) == 0)
            continue;
        g_autofree char *call = call_of(ctl->command);
        ctl_wrong("option '--%s' has no meaning here: %s", (const char *)name, call);
        return false;
    }
    return true;
}

static bool words_fit(const struct ctl *ctl)
{
    const struct command *c = ctl->command;
    guint given = ctl->args.words->len - (c->verb ? 2 : 1);
    if (given >= c->min && (given <= c->max || (c->max == 0 && c->min > 0)))
        return true;
    g_autofree char *call = call_of(c);
    ctl_wrong("%s: %s", given < c->min ? "something is missing" : "too much", call);
    return false;
}

static bool format_fits(struct ctl *ctl)
{
    static const char *const words[] = {
#define X(name, word) word,
        CTL_FORMAT_LIST(X)
#undef X
    };
    const char *format = args_value(&ctl->args, "format");
    if (format && g_strcmp0(format, ctl->command->format) == 0)
        return true;
    for (unsigned i = 0; format && i < CTL_FORMATS; i++)
        if (strcmp(format, words[i]) == 0) {
            ctl->format = i;
            ctl->json = i == CTL_FORMAT_JSON || i == CTL_FORMAT_JSONL;
            return true;
        }
    return !format || !ctl_wrong("--format is table, json, jsonl or plain, not '%s'", format);
}

static bool port_fits(const struct ctl *ctl)
{
    const char *port = args_value(&ctl->args, "control-port");
    if (!port || g_ascii_string_to_unsigned(port, 10, 0, 65535, NULL, NULL))
        return true;
    ctl_wrong("--control-port: '%s' is not the number of a daemon", port);
    return false;
}

static bool timeout_fits(struct ctl *ctl)
{
    const char *text = args_value(&ctl->args, "timeout");
    guint64 seconds = 0;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, TIMEOUT_MAX_S, &seconds, NULL)) {
        ctl_wrong("--timeout: '%s' is no number of seconds from 1 to %u", text, TIMEOUT_MAX_S);
        return false;
    }
    ctl->timeout_s = seconds;
    return true;
}

static enum ctl_exit run(struct ctl *ctl)
{
    const char *noun = args_word(&ctl->args, 0), *verb = args_word(&ctl->args, 1);
    bool help = args_has(&ctl->args, "help");
    if (args_has(&ctl->args, "version"))
        return puts("tgtctl " PACKAGE_VERSION), CTL_OK;
    if (!noun)
        return help ? help_all() : ctl_wrong("which command? 'tgtctl --help' lists them");
    ctl->command = ctl_find(noun, verb);
    if (!ctl->command && help && is_noun(noun))
        return print_commands(stdout, noun), CTL_OK;
    if (!ctl->command)
        return no_such_command(noun, verb);
    if (help)
        return help_command(ctl->command);
    if (!options_fit(ctl) || !words_fit(ctl) || !format_fits(ctl) || !port_fits(ctl) ||
        !timeout_fits(ctl))
        return CTL_USAGE;
    enum ctl_exit status = ctl->command->fn(ctl);
    return status != CTL_OK && status == ctl->status && ctl_forgives(ctl) ? CTL_OK : status;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    enum ctl_exit status = args_parse(&ctl.args, argc, argv) ? run(&ctl) : CTL_USAGE;
    rpc_close(ctl.rpc);
    g_free(ctl.forgiven);
    args_clear(&ctl.args);
    return output_written("tgtctl") || status != CTL_OK ? status : CTL_REFUSED;
}
