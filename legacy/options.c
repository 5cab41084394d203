/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm's command line: getopt_long(3) with tgt's letters and words, numbers as strtoull(3) reads
 * them. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "adm.h"
#include "config.h"

#define LUN_MAX 65535

static const struct option long_options[] = {
    {"debug", no_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"lld", required_argument, NULL, 'L'},
    {"op", required_argument, NULL, 'o'},
    {"mode", required_argument, NULL, 'm'},
    {"tid", required_argument, NULL, 't'},
    {"sid", required_argument, NULL, 's'},
    {"cid", required_argument, NULL, 'c'},
    {"lun", required_argument, NULL, 'l'},
    {"name", required_argument, NULL, 'n'},
    {"value", required_argument, NULL, 'v'},
    {"backing-store", required_argument, NULL, 'b'},
    {"bstype", required_argument, NULL, 'E'},
    {"bsopts", required_argument, NULL, 'S'},
    {"bsoflags", required_argument, NULL, 'f'},
    {"blocksize", required_argument, NULL, 'y'},
    {"targetname", required_argument, NULL, 'T'},
    {"initiator-address", required_argument, NULL, 'I'},
    {"initiator-name", required_argument, NULL, 'Q'},
    {"user", required_argument, NULL, 'u'},
    {"password", required_argument, NULL, 'p'},
    {"host", required_argument, NULL, 'H'},
    {"force", no_argument, NULL, 'F'},
    {"params", required_argument, NULL, 'P'},
    {"bus", required_argument, NULL, 'B'},
    {"device-type", required_argument, NULL, 'Y'},
    {"outgoing", no_argument, NULL, 'O'},
    {"control-port", required_argument, NULL, 'C'},
    {0},
};

/* -F and -O take an argument in their short form only: scripts write "-F 1". */
static const char short_options[] = ":dhVL:o:m:t:s:c:l:n:v:b:E:f:y:T:I:Q:u:p:H:F:P:B:Y:O:C:S:";

static int see_help(struct adm *adm)
{
    g_string_append(adm->err, "Try `tgtadm --help' for more information.\n");
    return LEGACY_REFUSED;
}

/* Any base, trailing garbage is ignored ("1:" is 1), a sign is not. */
static int number(struct adm *adm, int letter, unsigned long long *value, unsigned long long max)
{
    char *end;
    const char *text = optarg + strspn(optarg, " \t");
    *value = strtoull(text, &end, 0);
    if (end == text || *text == '-' || *value == G_MAXUINT64) {
        g_string_append_printf(adm->err, "-%c argument value '%s' invalid\n", letter, optarg);
        return see_help(adm);
    }
    if (*value > max) {
        g_string_append_printf(adm->err, "-%c argument value '%s' out of range\n", letter, optarg);
        return see_help(adm);
    }
    return -1;
}

static int number_option(struct adm *adm, unsigned *where, int letter, unsigned long long max)
{
    unsigned long long value;
    int status = number(adm, letter, &value, max);
    if (status < 0 && where)
        *where = (unsigned)value;
    return status;
}

static int set_op(struct adm *adm)
{
    for (int op = ADM_NO_OP + 1; op <= ADM_OP_STOP; op++)
        if (strcmp(optarg, adm_op_word(op)) == 0) {
            adm->op = op;
            return -1;
        }
    adm_refuse(adm, "unknown operation: %s", optarg);
    return LEGACY_WORD;
}

static int set_mode(struct adm *adm)
{
    static const struct {
        enum adm_mode mode;
        const char *word, *alias;
    } modes[] = {
#define X(name, word, alias) {ADM_##name, word, alias},
        ADM_MODE_LIST(X)
#undef X
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++)
        if (strcmp(optarg, modes[i].word) == 0 || strcmp(optarg, modes[i].alias) == 0) {
            adm->mode = modes[i].mode;
            return -1;
        }
    adm_refuse(adm, "unknown mode: %s", optarg);
    return LEGACY_WORD;
}

static int set_sid(struct adm *adm)
{
    unsigned long long value = 0;
    int status = number(adm, 's', &value, G_MAXUINT64);
    adm->sid = value;
    return status;
}

static int set_type(struct adm *adm)
{
    static const char *const types[] = {"disk", "tape", "cd", "changer", "osd", "ssc", "pt", NULL};
    if (!g_strv_contains(types, optarg))
        return adm_refuse(adm, "unknown target type: %s", optarg);
    adm->type = strcmp(optarg, "ssc") == 0 ? "tape" : optarg;
    return -1;
}

static int set_port(struct adm *adm)
{
    unsigned long long value;
    adm->port = optarg;
    return number(adm, 'C', &value, 32767);
}

static const char **text_of(struct adm *adm, int letter)
{
    switch (letter) {
    case 'L':
        return &adm->lld;
    case 'b':
        return &adm->path;
    case 'E':
        return &adm->bstype;
    case 'S':
        return &adm->bsopts;
    case 'f':
        return &adm->bsoflags;
    case 'y':
        return &adm->blocksize;
    case 'T':
        return &adm->name;
    case 'I':
        return &adm->address;
    case 'Q':
        return &adm->initiator;
    case 'P':
        return &adm->params;
    case 'n':
        return &adm->key;
    case 'v':
        return &adm->value;
    case 'u':
        return &adm->user;
    case 'p':
        return &adm->password;
    default:
        return NULL;
    }
}

static int answer(struct adm *adm, const char *text)
{
    g_string_append(adm->out, text);
    return LEGACY_OK;
}

/* -B is read, too: adm_check() says that there are no buses. */
static int option(struct adm *adm, int letter)
{
    const char **text = text_of(adm, letter);
    if (text)
        *text = optarg;
    switch (letter) {
    case 'h':
        return answer(adm, adm_usage);
    case 'V':
        return answer(adm, PACKAGE_VERSION "\n");
    case 'o':
        return set_op(adm);
    case 'm':
        return set_mode(adm);
    case 't':
        return number_option(adm, &adm->tid, letter, G_MAXINT32);
    case 'l':
        return number_option(adm, &adm->lun, letter, LUN_MAX);
    case 's':
        return set_sid(adm);
    case 'c':
        return number_option(adm, &adm->cid, letter, G_MAXUINT32);
    case 'H':
        return number_option(adm, NULL, letter, G_MAXINT32);
    case 'O':
        adm->outgoing = true;
        return -1;
    case 'C':
        return set_port(adm);
    case 'Y':
        return set_type(adm);
    case 'F':
        adm->force = true;
        return -1;
    default:
        return -1;
    }
}

/* ---- What getopt would say, if it did not say it to standard error ---- */

/* "--dev=x" is an abbreviation of --device-type. */
static bool is_short_for(const char *word, const char *name)
{
    size_t len = strcspn(word, "=");
    return strncmp(word, name, len) == 0;
}

/* Unknown, or short for several. */
static void say_unknown(struct adm *adm, const char *word)
{
    g_autoptr(GString) fitting = g_string_new(NULL);
    for (const struct option *o = long_options; o->name; o++)
        if (is_short_for(word, o->name))
            g_string_append_printf(fitting, " '--%s'", o->name);
    if (fitting->len > 0)
        g_string_append_printf(adm->err, "%s: option '--%s' is ambiguous; possibilities:%s\n",
                               adm->program, word, fitting->str);
    else
        g_string_append_printf(adm->err, "%s: unrecognized option '--%s'\n", adm->program, word);
}

static const char *name_of(int letter)
{
    const struct option *o = long_options;
    while (o->name && o->val != letter)
        o++;
    return o->name;
}

/* `word`: what getopt has just looked at; the argument is missing. */
static void say_missing(struct adm *adm, const char *word)
{
    if (g_str_has_prefix(word, "--"))
        g_string_append_printf(adm->err, "%s: option '--%s' requires an argument\n", adm->program,
                               name_of(optopt));
    else
        g_string_append_printf(adm->err, "%s: option requires an argument -- '%c'\n", adm->program,
                               optopt);
}

/* getopt has returned '?' or ':'. */
static int complain(struct adm *adm, int letter, const char *word)
{
    if (letter == ':')
        say_missing(adm, word);
    else if (optopt == 0)
        say_unknown(adm, word + strlen("--"));
    else if (optopt != ':' && strchr(short_options, optopt))
        g_string_append_printf(adm->err, "%s: option '--%s' doesn't allow an argument\n",
                               adm->program, name_of(optopt));
    else
        g_string_append_printf(adm->err, "%s: invalid option -- '%c'\n", adm->program, optopt);
    return see_help(adm);
}

static int take(struct adm *adm, int letter, const char *word)
{
    if (letter == '?' || letter == ':')
        return complain(adm, letter, word);
    adm->given[letter & 127] = true;
    return option(adm, letter);
}

int adm_parse(struct adm *adm, int argc, char **argv)
{
    adm->program = argc > 0 ? argv[0] : "tgtadm";
    opterr = 0;
    optind = 0; /* begin anew */
    int letter, status = -1;
    while (status < 0 &&
           (letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
        status = take(adm, letter, argv[optind - 1]);
    if (!adm->lld || !*adm->lld) /* an empty variable of a script is no driver */
        adm->lld = "iscsi";
    if (status >= 0 || optind == argc)
        return status;
    adm_refuse(adm, "unrecognized option '%s'", argv[optind]);
    return see_help(adm);
}
