/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgt-admin: brings the daemon in line with targets.conf. Options, outputs and exit
 * statuses are those of tgt; what it shows are tgtadm's command lines, but no process is started
 * for them, and no shell sees them. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin-run.h"
#include "admin-used.h"
#include "config.h"
#include "output.h"

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
    return run_read_conf(run) && run_reach(run) && (run->pretend || rehearse(run, wanted)) &&
           apply(run, wanted);
}

static bool show(struct run *run)
{
    struct command *c = run_command(run);
    command_words(c, "--op show --mode target");
    return run_do(run, c);
}

static bool run_targets(struct run *run, const struct wanted *wanted)
{
    if (!run_reach(run))
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
    run->exclusive = !wanted->show && (wanted->execute || wanted->update || wanted->remove);
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
    struct wanted wanted = {.help = argc < 2};
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
