/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of tgtctl: words, and options that may stand anywhere. */
#include "args.h"

#include <stdio.h>
#include <string.h>

#include "plugin.h"

const struct option_row option_rows[] = {
    {"socket", 0, "PATH",
     "control socket of the daemon (default $TGT_CONTROL, then /run/tgtd/control)"},
    {"control-port", 'C', "N", "number of the daemon's instance, as tgtd -C"},
    {"format", 0, "table|json|jsonl|plain",
     "for eyes (default), or for programs: JSON, its elements by line, columns between tabs"},
    {"timeout", 0, "SECONDS",
     "how long to wait for the daemon (default 10, but for a store or a plugin as long as it "
     "takes)"},
    {"help", 'h', NULL, "say what a command does and takes"},
    {"version", 'V', NULL, "print the version"},
    {"address", 0, "CIDR", "an address, or a range such as 10.0.0.0/8 or 2001:db8::/32"},
    {"as", 0, "N", "number by which the initiator knows the logical unit (default: its own)"},
    {"block-size", 0, "BYTES", "logical block size: 512 (default), 4096, …"},
    {"bs", 0, "STORE", "backing store plugin, such as rdwr; without one there is no medium"},
    {"by", 0, "lun|session|initiator|plugin", "what a line is to be of (default lun)"},
    {"close", 0, NULL, "close the sessions that are not let in any more"},
    {"count", 0, "N", "how often to print (default: until Ctrl-C)"},
    {"deadline", 0, "SECONDS",
     "how long initiators have to log out before they are dropped (default 10)"},
    {"discovery", 0, NULL, "for discovery instead of a target"},
    {"dry-run", 0, NULL, "only say what would be done"},
    {"force", 0, NULL, "also what is in use: sessions are closed, accounts unbound"},
    {"from", 0, "FORMAT", "whose configuration it is: targetcli, ctl.conf or scst"},
    {"if-exists", 0, NULL, "do not fail when there is nothing to delete"},
    {"if-not-exists", 0, NULL, "do not fail when it is there already; it stays as it is"},
    {"initiator", 0, "IQN", "iSCSI name of an initiator"},
    {"interval", 0, "SECONDS", "how often to look (default 1)"},
    {"kind", 0, "KIND",
     "of plugins: backing-store, device-type or transport, where a name stands for several; of "
     "histograms: latency (default) or size"},
    {"leave-out", 0, NULL, "leave out targets with mistakes, and files that are not there"},
    {"legacy", 0, NULL,
     "as tgtadm makes it: identity from the numbers of target and unit, a controller at LUN 0"},
    {"once", 0, NULL, "one screen, without taking over the terminal"},
    {"op", 0, "read|write|other", "only this class of commands"},
    {"level", 0, "LEVEL", "up to this level: error, warning, notice, info or debug"},
    {"opt", 0, "KEY=VALUE", "option of the backing store or the portal; may be repeated"},
    {"outgoing", 0, NULL, "for the target to prove who it is, instead of initiators"},
    {"password-credential", 0, "NAME", "take the secret from a credential of the systemd unit"},
    {"password-file", 0, "PATH", "take the secret from the first line of a file"},
    {"password-stdin", 0, NULL, "take the secret from standard input; it is not shown"},
    {"path", 0, "PATH", "what the backing store is to open"},
    {"portal", 0, "ADDR:PORT", "where to listen (default 127.0.0.1:3260)"},
    {"product", 0, "TEXT", "product identification, up to 16 characters"},
    {"prune", 0, NULL, "also remove what the file does not have"},
    {"read-only", 0, NULL, "initiators cannot write"},
    {"recorded", 0, NULL, "begin with the lines that log dump would list"},
    {"removable", 0, NULL, "the medium can be ejected"},
    {"revision", 0, "TEXT", "product revision, up to 4 characters"},
    {"running", 0, NULL, "what the daemon serves, instead of what a file says"},
    {"serial", 0, "TEXT", "unit serial number"},
    {"shrink", 0, NULL, "also smaller: what is behind the new end is lost"},
    {"size", 0, "SIZE", "size of an image that does not exist yet (default 1G)"},
    {"sort", 0, "name|iops|bytes|latency|errors", "what to sort by (default iops)"},
    {"stage", 0, "receive|scsi|store|send|total", "part of a command's time (default total)"},
    {"thin", 0, NULL, "thin provisioned: initiators can give space back"},
    {"tid", 0, "N", "number of the target (default: the lowest free one)"},
    {"transport", 0, "NAME", "transport plugin (default iscsi)"},
    {"type", 0, "TYPE", "device type (default disk)"},
    {"vendor", 0, "TEXT", "vendor identification, up to 8 characters"},
    {0},
};

const struct option_row *option_find(const char *name)
{
    for (const struct option_row *o = option_rows; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

const struct option_row *option_find_letter(char letter)
{
    for (const struct option_row *o = option_rows; o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

static bool unknown(const char *word)
{
    const char *names[128] = {0};
    for (unsigned i = 0; option_rows[i].name && i < G_N_ELEMENTS(names) - 1; i++)
        names[i] = option_rows[i].name;
    const char *near = g_str_has_prefix(word, "--") ? suggest(word + 2, names) : NULL;
    fprintf(stderr, "tgtctl: there is no option '%s'", word);
    if (near)
        fprintf(stderr, "; did you mean '--%s'?", near);
    fputc('\n', stderr);
    return false;
}

static void store(struct args *args, const struct option_row *row, const char *value)
{
    GPtrArray *values = g_hash_table_lookup(args->options, row->name);
    if (!values) {
        values = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(args->options, (gpointer)row->name, values);
    }
    g_ptr_array_add(values, g_strdup(value));
}

/* `inline_value`: what stood behind "=" or a letter, or NULL. Returns how many further words were
 * taken, or -1. */
static int take_option(struct args *args, const struct option_row *row, const char *inline_value,
                       const char *next)
{
    if (!row->value && inline_value) {
        fprintf(stderr, "tgtctl: option '--%s' takes no value\n", row->name);
        return -1;
    }
    if (row->value && !inline_value && !next) {
        fprintf(stderr, "tgtctl: option '--%s' needs a value: %s\n", row->name, row->value);
        return -1;
    }
    store(args, row, !row->value ? "" : inline_value ? inline_value : next);
    return row->value && !inline_value;
}

static int take(struct args *args, const char *word, const char *next)
{
    const char *equals = strchr(word, '=');
    const struct option_row *row;
    if (g_str_has_prefix(word, "--")) {
        g_autofree char *name =
            equals ? g_strndup(word + 2, equals - word - 2) : g_strdup(word + 2);
        row = option_find(name);
        return row ? take_option(args, row, equals ? equals + 1 : NULL, next) : unknown(word) - 1;
    }
    row = option_find_letter(word[1]);
    return row ? take_option(args, row, word[2] ? word + 2 : NULL, next) : unknown(word) - 1;
}

/* What goes to the daemon is JSON. */
static bool is_text(const char *word)
{
    if (g_utf8_validate(word, -1, NULL))
        return true;
    fprintf(stderr, "tgtctl: an argument is not UTF-8 text\n");
    return false;
}

static void free_values(gpointer values)
{
    g_ptr_array_unref(values);
}

bool args_parse(struct args *args, int argc, char **argv)
{
    bool options = true;
    args->words = g_ptr_array_new();
    args->options = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_values);
    for (int i = 1; i < argc; i++) {
        int taken = 0;
        if (!is_text(argv[i]))
            return false;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1])
            taken = take(args, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        else
            g_ptr_array_add(args->words, argv[i]);
        if (taken < 0)
            return false;
        i += taken;
    }
    return true;
}

void args_clear(struct args *args)
{
    g_ptr_array_unref(args->words);
    g_hash_table_unref(args->options);
}

const GPtrArray *args_values(const struct args *args, const char *option)
{
    return g_hash_table_lookup(args->options, option);
}

bool args_has(const struct args *args, const char *option)
{
    return args_values(args, option) != NULL;
}

const char *args_value(const struct args *args, const char *option)
{
    const GPtrArray *values = args_values(args, option);
    return values ? values->pdata[values->len - 1] : NULL;
}

const char *args_word(const struct args *args, guint index)
{
    return index < args->words->len ? args->words->pdata[index] : NULL;
}
