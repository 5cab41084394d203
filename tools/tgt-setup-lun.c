/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgt-setup-lun: a target with a logical unit, and who may use it, by one command. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "output.h"

struct setup {
    const char *name, *device, *bstype, *block, *transport, *port;
    const char *const *initiators; /* ends with NULL */
    struct admin *admin;
    char *iqn;
    char tid[16], lun[16];
};

static const char usage[] =
    "usage:\n"
    "\ttgt-setup-lun -n tgt_name -d dev -b bs_name -B block_size -t transport -C control_port "
    "[initiator_IP1 initiator_IP2 ...]\n"
    "defaults:\n"
    "\tbacking store: rdwr\n"
    "\ttransport: iscsi\n"
    "\tinitiator: ALL\n"
    "\tcontrol port: -\n"
    "examples:\n"
    "\ttgt-setup-lun -n tgt-1 -d /dev/sdb1 192.168.1.2\n"
    "\ttgt-setup-lun -n tgt-2 -d /tmp/null -b null -t iser\n"
    "\ttgt-setup-lun -n tgt-3 -d ~/disk3.bin -b rdwr 192.168.1.2 192.168.1.3\n"
    "A disk of 4096-byte blocks needs -B 4096, or the file systems on it are not found.\n";

/* What people read, and programs, stands on standard output: errors, too. */
static bool refuse(const char *format, ...) G_GNUC_PRINTF(1, 2);
static bool refuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("Error: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
    return false;
}

/* ---- The command line ---- */

static const char **field_of(struct setup *setup, int letter)
{
    static const char letters[] = "ndbBtC";
    const char **fields[] = {&setup->name,  &setup->device,    &setup->bstype,
                             &setup->block, &setup->transport, &setup->port};
    const char *found = strchr(letters, letter);
    return found ? fields[found - letters] : NULL;
}

/* -1: go on; else the exit status. */
static int parse(struct setup *setup, int argc, char **argv)
{
    int letter;
    while ((letter = getopt(argc, argv, "+n:d:b:B:t:C:h")) >= 0) {
        const char **field = field_of(setup, letter);
        if (letter == 'h' || !field) {
            fputs(usage, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? 0 : 1;
        }
        *field = optarg;
    }
    setup->initiators = (const char *const *)argv + optind;
    if (argc > 1)
        return -1;
    fputs(usage, stdout);
    return 1;
}

static bool check(const struct setup *setup)
{
    if (!setup->device)
        return refuse("a device is mandatory");
    if (!setup->name || !*setup->name)
        return refuse("a target name is mandatory");
    return true;
}

/* A name that is complete is taken as it is. */
static char *full_name(const char *name)
{
    static const char *const formats[] = {"iqn.", "eui.", "naa."};
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++)
        if (g_str_has_prefix(name, formats[i]))
            return g_strdup(name);
    return g_strdup_printf("iqn.2001-04.com.%s-%s", g_get_host_name(), name);
}

/* ---- The steps ---- */

/* A command of tgtadm; ends with NULL. */
static bool run(struct setup *setup, const char *first, ...) G_GNUC_NULL_TERMINATED;
static bool run(struct setup *setup, const char *first, ...)
{
    const char *words[24] = {"--lld", setup->transport, first};
    va_list args;
    va_start(args, first);
    for (unsigned n = 3; n < G_N_ELEMENTS(words) - 1; n++)
        if (!(words[n] = va_arg(args, const char *)))
            break;
    va_end(args);
    fflush(stdout);
    return admin_run(setup->admin, words) == 0;
}

static bool make_target(struct setup *setup)
{
    printf("Creating new target (name=%s, tid=%s)\n", setup->iqn, setup->tid);
    return run(setup, "--op", "new", "--mode", "target", "--tid", setup->tid, "-T", setup->iqn,
               NULL) ||
           refuse("failed to create target (name=%s, tid=%s)", setup->iqn, setup->tid);
}

/* Options that are not given end the list of words, so that they stand last. */
static bool make_lun(struct setup *setup)
{
    const char *bstype = setup->bstype ? setup->bstype : "rdwr";
    printf("Adding a logical unit (%s) to target, tid=%s\n", setup->device, setup->tid);
    if (setup->bstype)
        printf("Setting backing store type: %s\n", setup->bstype);
    return run(setup, "--op", "new", "--mode", "logicalunit", "--tid", setup->tid, "--lun",
               setup->lun, "-b", setup->device, "-E", bstype, setup->block ? "-y" : NULL,
               setup->block, NULL) ||
           refuse("failed to add a logical unit (%s) to target, tid=%s", setup->device, setup->tid);
}

static bool let_in(struct setup *setup, const char *initiator)
{
    return run(setup, "--op", "bind", "--mode", "target", "--tid", setup->tid, "-I", initiator,
               NULL) ||
           refuse("failed to let %s use target, tid=%s", initiator, setup->tid);
}

static bool let_all_in(struct setup *setup)
{
    if (!*setup->initiators) {
        puts("Accepting connections from all initiators");
        return let_in(setup, "ALL");
    }
    g_autofree char *list = g_strjoinv(" ", (char **)setup->initiators);
    printf("Accepting connections from %s\n", list);
    for (const char *const *i = setup->initiators; *i; i++)
        if (!let_in(setup, *i))
            return false;
    return true;
}

/* Nothing half done is left behind. */
static bool undo(struct setup *setup)
{
    printf("Deleting new target, tid=%s\n", setup->tid);
    run(setup, "--op", "delete", "--mode", "target", "--tid", setup->tid, NULL);
    return false;
}

static bool set_up_new(struct setup *setup, const json_t *targets)
{
    g_snprintf(setup->tid, sizeof(setup->tid), "%u", admin_next_tid(targets));
    g_strlcpy(setup->lun, "1", sizeof(setup->lun));
    return make_target(setup) && ((make_lun(setup) && let_all_in(setup)) || undo(setup));
}

/* ---- A target that is there already ---- */

static bool wants_lun(void)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO))
        return false;
    fputs("Add a new lun to the existing target? (yes/NO): ", stdout);
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && strcmp(g_strchomp(answer), "yes") == 0;
}

static json_int_t next_lun(const json_t *target)
{
    size_t i;
    json_t *lun;
    json_int_t highest = 0;
    json_array_foreach(json_object_get(target, "luns"), i, lun)
        highest = MAX(highest, json_integer_value(json_object_get(lun, "lun")));
    return highest + 1;
}

static bool set_up_existing(struct setup *setup, const json_t *target)
{
    refuse("target named %s already exists", setup->iqn);
    if (!wants_lun())
        return false;
    g_snprintf(setup->tid, sizeof(setup->tid), "%" JSON_INTEGER_FORMAT,
               json_integer_value(json_object_get(target, "tid")));
    g_snprintf(setup->lun, sizeof(setup->lun), "%" JSON_INTEGER_FORMAT, next_lun(target));
    return make_lun(setup);
}

/* A number is looked for with all others kept away; a question is asked without. */
static json_t *list_targets(struct setup *setup)
{
    json_t *targets = admin_targets(setup->admin);
    if (!targets || admin_target_named(targets, setup->iqn))
        return targets;
    json_decref(targets);
    admin_lock(setup->admin);
    return admin_targets(setup->admin);
}

static bool set_up(struct setup *setup)
{
    setup->admin = admin_open(setup->port);
    json_t *targets = setup->admin ? list_targets(setup) : NULL;
    const json_t *target = admin_target_named(targets, setup->iqn);
    bool ok = targets && (target ? set_up_existing(setup, target) : set_up_new(setup, targets));
    json_decref(targets);
    admin_close(setup->admin);
    return ok;
}

int main(int argc, char **argv)
{
    struct setup setup = {.transport = "iscsi"};
    int status = parse(&setup, argc, argv);
    if (status >= 0)
        return status;
    if (!check(&setup))
        return 1;
    if (setup.port)
        printf("Control port: %s\n", setup.port);
    printf("Using transport: %s\n", setup.transport);
    fflush(stdout);
    setup.iqn = full_name(setup.name);
    bool ok = set_up(&setup);
    g_free(setup.iqn);
    return output_written("tgt-setup-lun") && ok ? 0 : 1;
}
