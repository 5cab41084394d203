/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtctl completion: scripts for shells, and the words that they ask for. All of it comes from the
 * tables of commands and options. */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "completion-scripts.h"

/* ---- Offers ---- */

/* One line each: nothing from outside breaks it. */
static char *one_line(const char *text)
{
    char *line = g_strdup(text);
    for (char *c = line; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return line;
}

static bool is_found(const struct typing *t, const char *word)
{
    size_t len = strlen(word);
    for (guint i = 0; i < t->found->len; i++) {
        const char *other = t->found->pdata[i];
        if (strncmp(other, word, len) == 0 && (other[len] == '\0' || other[len] == '\t'))
            return true;
    }
    return false;
}

void complete_offer(struct typing *t, const char *word, const char *help)
{
    if (!word || !g_str_has_prefix(word, t->present))
        return;
    g_autofree char *plain = one_line(word), *told = help && *help ? one_line(help) : NULL;
    if (!is_found(t, plain))
        g_ptr_array_add(t->found, g_strjoin(told ? "\t" : NULL, plain, told, NULL));
}

static void offer_option(struct typing *t, const char *name)
{
    g_autofree char *word = g_strdup_printf("--%s", name);
    complete_offer(t, word, option_find(name)->help);
}

/* ---- What is an argument? ---- */

/* Words in usages and option tables: what stands there is one of these. The noun matters for NAME.
 */
static const struct {
    const char *noun, *word, *kind;
} arguments[] = {
    {"schema", "METHOD", "methods"},
    {"call", "METHOD", "methods"},
    {"plugin", "NAME", "plugins"},
    {"acl", "IQN", "initiators"},
    {"account", "U", "accounts"},
    {"portal", "ADDR:PORT", "portals"},
    {NULL, "T", "targets"},
    {NULL, "T/N", "luns"},
    {NULL, "SID", "sessions"},
    {"--initiator", "IQN", "initiators"},
    {"--bs", "STORE", "stores"},
    {"--transport", "NAME", "transports"},
    {NULL, "LEVEL", "error|warning|notice|info|debug"},
    {NULL, "PATH", "files"},
    {NULL, "FILE", "files"},
    {NULL, "IMAGE", "files"},
};

static void offer_choices(struct typing *t, const char *choices)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    for (char **w = words; *w; w++)
        complete_offer(t, *w, NULL);
}

/* Names of files, words to choose from, or what the daemon knows. */
static void offer_kind(struct typing *t, const char *kind)
{
    if (strchr(kind, '|'))
        offer_choices(t, kind);
    else if (strcmp(kind, "files") == 0)
        t->files = true;
    else
        complete_live(t, kind);
}

static void offer_one(struct typing *t, const char *where, const char *word)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(arguments); i++)
        if ((!arguments[i].noun || strcmp(arguments[i].noun, where) == 0) &&
            strcmp(arguments[i].word, word) == 0) {
            offer_kind(t, arguments[i].kind);
            return;
        }
    if (!g_ascii_isupper(word[0]))
        complete_offer(t, word, NULL);
}

/* "read|write", "T|--discovery", or one of them. */
static void offer_argument(struct typing *t, const char *where, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, "|", -1);
    for (char **w = words; *w; w++)
        offer_one(t, where, *w);
}

static void offer_value(struct typing *t)
{
    const struct option_row *row = option_find(t->option);
    g_autofree char *where = g_strdup_printf("--%s", row->name);
    if (row->value)
        offer_argument(t, where, row->value);
}

/* ---- Positions ---- */

static void offer_nouns(struct typing *t)
{
    for (const struct command *const *family = ctl_families; *family; family++)
        for (const struct command *c = *family; c->noun; c++)
            complete_offer(t, c->noun, c->verb ? NULL : c->help);
}

static void offer_verbs(struct typing *t, const char *noun)
{
    for (const struct command *const *family = ctl_families; *family; family++)
        for (const struct command *c = *family; c->noun; c++)
            if (c->verb && strcmp(c->noun, noun) == 0)
                complete_offer(t, c->verb, c->help);
}

static void offer_options(struct typing *t, const struct command *c)
{
    for (unsigned i = 0; c && i < CTL_OPTIONS_MAX && c->options[i]; i++)
        offer_option(t, c->options[i]);
    if (c && c->tolerates)
        offer_option(t, c->tolerates);
    for (const char *const *o = ctl_options(c); *o; o++)
        offer_option(t, *o);
}

/* "T[/N]" stands for a target or a logical unit; "[T]" and "IMAGE..." may be left out or repeated.
 */
static void offer_usage(struct typing *t, const char *noun, char *word)
{
    if (g_str_has_suffix(word, "..."))
        word[strlen(word) - 3] = '\0';
    if (strstr(word, "T[/N]")) {
        complete_live(t, "targets");
        complete_live(t, "luns");
        return;
    }
    g_strdelimit(word, "[]", ' ');
    offer_argument(t, noun, g_strstrip(word));
}

/* "T --address CIDR | --initiator IQN | all", "list [FILE] | restore ID [FILE]": words that stand
 * for themselves. */
static void offer_alternatives(struct typing *t, char **usage)
{
    for (; *usage; usage++)
        if (strcmp(*usage, "|") == 0 && usage[1] && g_ascii_islower(usage[1][0]))
            complete_offer(t, usage[1], NULL);
}

/* What the usage says of the argument at this place; the last one if it may be repeated. */
static void offer_word(struct typing *t, const struct command *c, guint index)
{
    g_auto(GStrv) usage = g_strsplit(c->usage, " ", -1);
    guint n = g_strv_length(usage);
    if (n > 0 && index >= n && g_str_has_suffix(usage[n - 1], "..."))
        index = n - 1;
    if (index >= n)
        return;
    if (usage[index][0] == '-' || (index == 0 && g_ascii_islower(usage[0][0])))
        offer_alternatives(t, usage);
    if (!strchr("-|", usage[index][0]))
        offer_usage(t, c->noun, usage[index]);
}

static const struct command *find(const struct typing *t, guint *index)
{
    const char *noun = t->words->len > 0 ? t->words->pdata[0] : NULL,
               *verb = t->words->len > 1 ? t->words->pdata[1] : NULL;
    const struct command *c = noun ? ctl_find(noun, verb) : NULL;
    if (c)
        *index = t->words->len - (c->verb ? 2 : 1);
    return c;
}

static void offer(struct typing *t)
{
    guint index;
    const struct command *c = find(t, &index);
    if (t->option)
        offer_value(t);
    else if (t->present[0] == '-')
        offer_options(t, c);
    else if (t->words->len == 0)
        offer_nouns(t);
    else if (c)
        offer_word(t, c, index);
    else if (t->words->len == 1)
        offer_verbs(t, t->words->pdata[0]);
}

/* ---- What has been typed ---- */

static void note_value(struct typing *t, const struct option_row *row, const char *value)
{
    if (strcmp(row->name, "socket") == 0)
        t->socket = value;
    if (strcmp(row->name, "control-port") == 0)
        t->port = value;
}

/* The option that waits for its value in the next word; NULL: none does. */
static const struct option_row *read_option(struct typing *t, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, equals - word) : g_strdup(word);
    const struct option_row *row =
        g_str_has_prefix(name, "--") ? option_find(name + 2) : option_find_letter(name[1]);
    if (row && equals)
        note_value(t, row, equals + 1);
    return row && row->value && !equals && (name[1] == '-' || !name[2]) ? row : NULL;
}

static void read_typed(struct typing *t, const GPtrArray *words, guint from)
{
    const struct option_row *waits = NULL;
    for (guint i = from; i + 1 < words->len; i++) {
        const char *word = words->pdata[i];
        if (waits) {
            note_value(t, waits, word);
            waits = NULL;
        } else if (word[0] == '-' && word[1]) {
            waits = read_option(t, word);
        } else {
            g_ptr_array_add(t->words, (gpointer)word);
        }
    }
    t->option = waits ? waits->name : NULL;
}

/* "--format=js": only the value is completed, but all of it is said. */
static void split_present(struct typing *t, const char *present, char **prefix)
{
    const char *equals = strchr(present, '=');
    t->present = present;
    if (t->option || !g_str_has_prefix(present, "--") || !equals)
        return;
    g_autofree char *name = g_strndup(present + 2, equals - present - 2);
    const struct option_row *row = option_find(name);
    t->option = row ? row->name : NULL;
    t->present = equals + 1;
    *prefix = g_strndup(present, equals + 1 - present);
}

static void print_found(const struct typing *t, const char *prefix)
{
    if (t->files)
        puts(":files");
    for (guint i = 0; i < t->found->len; i++)
        printf("%s%s\n", prefix ? prefix : "", (char *)t->found->pdata[i]);
}

/* The words behind "completion words". */
static enum ctl_exit print_words(const struct ctl *ctl)
{
    const GPtrArray *all = ctl->args.words;
    g_autoptr(GPtrArray) words = g_ptr_array_new(), found = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *prefix = NULL;
    struct typing t = {.words = words, .found = found};
    if (all->len < 3)
        return CTL_OK;
    read_typed(&t, all, 2);
    split_present(&t, all->pdata[all->len - 1], &prefix);
    offer(&t);
    print_found(&t, prefix);
    return CTL_OK;
}

static enum ctl_exit completion(struct ctl *ctl)
{
    const char *shell = ctl_word(ctl, 0);
    if (strcmp(shell, "words") == 0)
        return print_words(ctl);
    if (ctl_word(ctl, 1))
        return ctl_wrong("too much: one shell is wanted");
    for (unsigned i = 0; i < G_N_ELEMENTS(completion_scripts); i++)
        if (strcmp(completion_scripts[i].shell, shell) == 0)
            return fputs(completion_scripts[i].text, stdout), CTL_OK;
    return ctl_wrong("there is no completion for '%s': bash, zsh or fish", shell);
}

const struct command ctl_completion_commands[] = {
    {"completion",
     NULL,
     "bash|zsh|fish",
     "Print the completion of words for a shell",
     1,
     0,
     completion,
     {NULL}},
    {0},
};
