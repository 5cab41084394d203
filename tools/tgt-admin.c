/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgt-admin: brings the daemon in line with targets.conf. Options, outputs and exit
 * statuses are those of tgt; what it shows are tgtadm's command lines, but no process is started
 * for them, and no shell sees them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin-run.h"
#include "admin-used.h"
#include "config.h"
#include "output.h"

#define UNREACHABLE 107 /* as tgtadm has it */

/* What is asked for; the first of these that is there is done. */
struct wanted {
    bool help, show, execute, dump;
    const char *remove, *update, *offline, *ready; /* NULL: not asked for */
};

/* ---- Texts ---- */

static const char usage[] =
    "Usage: tgt-admin [OPTION]...\n"
    "Bring the SCSI target daemon in line with targets.conf, or show and change its targets.\n"
    "\n"
    "  -e, --execute             make the targets of the file, delete those that are not in it\n"
    "  -d, --delete TARGETS      delete targets that no initiator uses\n"
    "      --offline TARGETS     let no initiator log in to targets\n"
    "      --ready TARGETS       let initiators log in again\n"
    "      --update TARGETS      make targets anew as the file has them\n"
    "  -s, --show                show all targets\n"
    "      --dump                print targets as a file, without passwords and parameters\n"
    "  -c, --conf FILE           the file (default " TARGETS_CONF ")\n"
    "  -C, --control-port N      talk to the daemon that was started with this number\n"
    "      --ignore-errors       go on when a step fails\n"
    "  -f, --force               also targets and devices that are in use\n"
    "  -p, --pretend             only show the commands of tgtadm\n"
    "  -v, --verbose             show them and run them\n"
    "  -h, --help                this text\n"
    "\n"
    "TARGETS is ALL, the name of a target, or tid= and its number; 'help' tells more.\n";

static int help_of(const char *option)
{
    bool both = strcmp(option, "delete") == 0 || strcmp(option, "update") == 0;
    printf("      --%s TARGETS\n\n"
           "  --%s help       this text\n"
           "  --%s ALL        %s all targets\n"
           "  --%s tid=4      %s the target with the number 4\n"
           "  --%s iqn.2008-08.com.example:some.target\n"
           "                      %s the target of that name\n"
           "%s",
           option, option, option, option, option, option, option, option,
           both ? "\nA target that initiators use is left as it is, unless --force is given.\n"
                : "");
    return 0;
}

/* ---- The command line ---- */

enum { DELETE = 'd', OFFLINE = 0x100, READY, UPDATE, DUMP, IGNORE };

static const struct option options[] = {
    {"execute", no_argument, NULL, 'e'},
    {"delete", required_argument, NULL, DELETE},
    {"offline", required_argument, NULL, OFFLINE},
    {"ready", required_argument, NULL, READY},
    {"update", required_argument, NULL, UPDATE},
    {"show", no_argument, NULL, 's'},
    {"conf", required_argument, NULL, 'c'},
    {"control-port", required_argument, NULL, 'C'},
    {"ignore-errors", no_argument, NULL, IGNORE},
    {"force", no_argument, NULL, 'f'},
    {"pretend", no_argument, NULL, 'p'},
    {"dump", no_argument, NULL, DUMP},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool *flag_of(struct run *run, struct wanted *wanted, int letter)
{
    switch (letter) {
    case 'e':
        return &wanted->execute;
    case 's':
        return &wanted->show;
    case 'h':
        return &wanted->help;
    case DUMP:
        return &wanted->dump;
    case 'f':
        return &run->force;
    case 'p':
        return &run->pretend;
    case 'v':
        return &run->verbose;
    case IGNORE:
        return &run->ignore_errors;
    default:
        return NULL;
    }
}

static const char **text_of(struct run *run, struct wanted *wanted, int letter)
{
    switch (letter) {
    case 'c':
        return &run->conf_path;
    case 'C':
        return &run->port;
    case DELETE:
        return &wanted->remove;
    case UPDATE:
        return &wanted->update;
    case OFFLINE:
        return &wanted->offline;
    case READY:
        return &wanted->ready;
    default:
        return NULL;
    }
}

static bool parse(struct run *run, struct wanted *wanted, int argc, char **argv)
{
    int letter;
    while ((letter = getopt_long_only(argc, argv, "ed:sc:C:fpvh", options, NULL)) >= 0) {
        bool *flag = flag_of(run, wanted, letter);
        const char **text = text_of(run, wanted, letter);
        if (flag)
            *flag = true;
        else if (text)
            *text = optarg;
        else
            return false;
    }
    for (int i = optind; i < argc; i++)
        fprintf(stderr, "tgt-admin: '%s' is not an option, and left out of account\n", argv[i]);
    return true;
}

/* ---- The configuration ---- */

static bool load(struct run *run)
{
    g_autoptr(GError) error = NULL;
    const char *path = run->conf_path ? run->conf_path : TARGETS_CONF;
    if (access(path, R_OK) < 0) {
        fprintf(stderr, "Config file %s not found. Exiting...\n", path);
        run->status = ADMIN_MISSING;
        return false;
    }
    if (run->conf_path)
        run_say(run, "# Using %s as configuration file\n", path);
    run->conf = conf_load(path, &error);
    if (run->conf)
        return true;
    fprintf(stderr, "tgt-admin: %s\n", error->message);
    run->status = error->code == CONF_ERROR_MISSING ? ADMIN_MISSING : ADMIN_GRAMMAR;
    return false;
}

static bool index_targets(struct run *run)
{
    const char *stray = conf_first(run->conf->root, "target");
    if (stray)
        return run_wrong(run,
                         "'target %s' begins no block: write <target %s>!\n"
                         "Check your config file for errors.",
                         stray, stray);
    run->configured = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->conf->root->blocks->len; i++) {
        struct conf_block *block = run->conf->root->blocks->pdata[i];
        if (strcmp(block->name, "target") != 0)
            continue;
        if (!block->arg)
            return run_wrong(run,
                             "%s:%u: <target> has no name!\nCheck your config file for errors.",
                             block->where.file, block->where.line);
        g_hash_table_replace(run->configured, state_form(block->arg), block);
    }
    return true;
}

static bool check_single(struct run *run, const char *key, bool given)
{
    const struct conf_option *option = conf_option(run->conf->root, key);
    return !option || (option->values->len == 1 && !given) ||
           run_wrong(run,
                     "Multiple %s definitions are not allowed!\nCheck your config file for errors.",
                     key);
}

static bool read_common(struct run *run)
{
    if (!check_single(run, "default-driver", false) ||
        !check_single(run, "control-port", run->port != NULL))
        return false;
    const char *port = conf_first(run->conf->root, "control-port");
    const struct conf_option *ignore = conf_option(run->conf->root, "ignore-errors");
    if (port)
        run->port = port;
    for (guint i = 0; ignore && i < ignore->values->len; i++)
        if (g_strcmp0(((struct conf_value *)ignore->values->pdata[i])->text, "yes") == 0)
            run->ignore_errors = true;
    return true;
}

/* ---- The daemon ---- */

/* What the daemon says is asked once: a rehearsal changes nothing. */
static bool know(struct run *run)
{
    json_t *targets = run->admin ? admin_targets(run->admin) : json_array();
    json_t *accounts = !run->admin ? json_array() : targets ? admin_accounts(run->admin) : NULL;
    if (targets && accounts) {
        run->state = state_new(targets, accounts);
        return true;
    }
    json_decref(targets);
    run->status = UNREACHABLE;
    return false;
}

/* Commands can be shown without a daemon, as if it had no targets. Instance 0 is the one that is
 * meant anyway, so that the environment may say where it is. */
static bool reach(struct run *run)
{
    run->instance = g_strdup(run->port ? run->port : "0");
    run->admin = admin_open(g_strcmp0(run->port, "0") == 0 ? NULL : run->port);
    if (run->admin || run->pretend)
        return know(run);
    run->status = UNREACHABLE;
    return false;
}

const struct used *run_used(struct run *run)
{
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    size_t l;
    json_t *lun;
    if (run->used)
        return run->used;
    run->used = used_new(run->admin ? admin_pid(run->admin) : 0);
    for (guint i = 0; i < targets->len; i++)
        json_array_foreach(
            json_object_get(((struct known_target *)targets->pdata[i])->said, "luns"), l, lun) {
            const char *path = json_string_value(json_object_get(lun, "path"));
            if (path)
                used_add(run->used, path);
        }
    return run->used;
}

/* ---- What is done ---- */

static bool apply(struct run *run, const struct wanted *wanted)
{
    return wanted->execute ? admin_execute(run) : admin_update(run, wanted->update);
}

/* Nothing is touched before the whole configuration has been found to make sense. */
static bool rehearse(struct run *run, const struct wanted *wanted)
{
    run->rehearsal = true;
    bool ok = apply(run, wanted);
    run->rehearsal = run->driver_said = false;
    state_reset(run->state);
    return ok;
}

static bool run_file(struct run *run, const struct wanted *wanted)
{
    return load(run) && read_common(run) && index_targets(run) && reach(run) &&
           (run->pretend || rehearse(run, wanted)) && apply(run, wanted);
}

static bool show(struct run *run)
{
    struct command *c = run_command(run);
    command_words(c, "--op show --mode target");
    return run_do(run, c);
}

static bool run_targets(struct run *run, const struct wanted *wanted)
{
    if (!reach(run))
        return false;
    if (wanted->show)
        return show(run);
    if (wanted->remove)
        return admin_delete(run, wanted->remove);
    if (wanted->dump)
        return admin_dump(run);
    return admin_set_state(run, wanted->offline ? wanted->offline : wanted->ready,
                           wanted->offline ? "offline" : "ready");
}

/* -1: nothing of that. */
static int say_help(const struct wanted *wanted)
{
    const char *const values[] = {wanted->remove, wanted->offline, wanted->ready, wanted->update};
    static const char *const names[] = {"delete", "offline", "ready", "update"};
    if (wanted->help)
        return fputs(usage, stdout) == EOF;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_strcmp0(values[i], "help") == 0)
            return help_of(names[i]);
    return -1;
}

static bool act(struct run *run, const struct wanted *wanted)
{
    if (wanted->offline && wanted->ready)
        return run_wrong(run, "Invalid value (you can't use both ready and offline)!");
    if (!wanted->show && (wanted->execute || (wanted->update && !wanted->remove)))
        return run_file(run, wanted);
    if (wanted->show || wanted->remove || wanted->dump || wanted->offline || wanted->ready)
        return run_targets(run, wanted);
    puts("No action specified.");
    return true;
}

static void clear(struct run *run)
{
    used_free(run->used);
    state_free(run->state);
    admin_close(run->admin);
    if (run->configured)
        g_hash_table_unref(run->configured);
    conf_free(run->conf);
    g_free(run->instance);
}

int main(int argc, char **argv)
{
    struct run run = {0};
    struct wanted wanted = {0};
    if (!parse(&run, &wanted, argc, argv))
        return ADMIN_WRONG;
    int status = say_help(&wanted);
    if (status < 0) {
        bool ok = act(&run, &wanted);
        status = ok ? 0 : run.status;
    }
    clear(&run);
    return output_written("tgt-admin") || status != 0 ? status : ADMIN_WRONG;
}
