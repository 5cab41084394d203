/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line of the load generators. */
#include "load.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: load [OPTION...] iscsi://HOST[:PORT]/TARGET/LUN\n"
    "  --rw MODE           randread (default), randwrite, read, write, randrw, rw\n"
    "  --mix PERCENT       writes among randrw and rw (default 50)\n"
    "  --bs BYTES[k|m]     transfer of a command (default 4k)\n"
    "  --qd N              commands in flight per connection (default 32)\n"
    "  --connections N     sessions, one connection each (default 1)\n"
    "  --time SEC          measured time (default 2)\n"
    "  --warmup SEC        time before it (default 0.3)\n"
    "  --ops N             so many commands instead of a time, without warmup\n"
    "  --spin              poll without sleeping\n"
    "  --digests           CRC32C of headers and data, made and checked\n"
    "  --verify            check what is read against what was written before\n"
    "  --engine NAME       how to wait for sockets: epoll or uring\n"
    "  --idle              only log in, answer pings until stdin ends\n"
    "  --target-pid PID    also measure CPU time and context switches of this process\n"
    "  --initiator NAME    initiator name\n"
    "  --initial-r2t       ask for InitialR2T=Yes instead of No\n"
    "  --no-immediate      ask for ImmediateData=No instead of Yes\n"
    "  --max-recv BYTES, --first-burst BYTES, --max-burst BYTES   what to offer\n";

enum {
    OPT_RW = 1,
    OPT_MIX,
    OPT_BS,
    OPT_QD,
    OPT_CONNECTIONS,
    OPT_TIME,
    OPT_WARMUP,
    OPT_OPS,
    OPT_SPIN,
    OPT_DIGESTS,
    OPT_VERIFY,
    OPT_ENGINE,
    OPT_IDLE,
    OPT_TARGET_PID,
    OPT_INITIATOR,
    OPT_INITIAL_R2T,
    OPT_NO_IMMEDIATE,
    OPT_MAX_RECV,
    OPT_FIRST_BURST,
    OPT_MAX_BURST,
};

static const struct option long_options[] = {
    {"rw", required_argument, NULL, OPT_RW},
    {"mix", required_argument, NULL, OPT_MIX},
    {"bs", required_argument, NULL, OPT_BS},
    {"qd", required_argument, NULL, OPT_QD},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"time", required_argument, NULL, OPT_TIME},
    {"warmup", required_argument, NULL, OPT_WARMUP},
    {"ops", required_argument, NULL, OPT_OPS},
    {"spin", no_argument, NULL, OPT_SPIN},
    {"digests", no_argument, NULL, OPT_DIGESTS},
    {"verify", no_argument, NULL, OPT_VERIFY},
    {"engine", required_argument, NULL, OPT_ENGINE},
    {"idle", no_argument, NULL, OPT_IDLE},
    {"target-pid", required_argument, NULL, OPT_TARGET_PID},
    {"initiator", required_argument, NULL, OPT_INITIATOR},
    {"initial-r2t", no_argument, NULL, OPT_INITIAL_R2T},
    {"no-immediate", no_argument, NULL, OPT_NO_IMMEDIATE},
    {"max-recv", required_argument, NULL, OPT_MAX_RECV},
    {"first-burst", required_argument, NULL, OPT_FIRST_BURST},
    {"max-burst", required_argument, NULL, OPT_MAX_BURST},
    {NULL, 0, NULL, 0},
};

/* The transfer modes; a write percentage below 0 means "as --mix says". */
static const struct {
    const char *name;
    int write_percent;
    bool random;
} modes[] = {
    {"randread", 0, true}, {"randwrite", 100, true}, {"randrw", -1, true},
    {"read", 0, false},    {"write", 100, false},    {"rw", -1, false},
};

void load_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *load_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        load_die("out of memory");
    return memory;
}

static uint32_t parse_size(const char *text, uint32_t max)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end == 'k' || *end == 'K')
        value *= 1024, end++;
    else if (*end == 'm' || *end == 'M')
        value *= 1024 * 1024, end++;
    if (end == text || *end || !value || value > max)
        load_die("'%s' is not a number between 1 and %u", text, max);
    return (uint32_t)value;
}

static double parse_seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value < 86400))
        load_die("'%s' is not a time in seconds", text);
    return value;
}

static int parse_mode(struct load_options *options, const char *text)
{
    for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        if (strcmp(modes[i].name, text))
            continue;
        options->random = modes[i].random;
        return modes[i].write_percent;
    }
    load_die("unknown mode '%s'", text);
}

/* "iscsi://HOST[:PORT]/TARGET/LUN"; an IPv6 address stands in brackets. */
static bool parse_url(struct load_options *options)
{
    char extra;
    options->port[0] = '\0';
    if (sscanf(options->url, "iscsi://[%255[^]]]:%15[0-9]/%255[^/]/%u%c", options->host,
               options->port, options->target, &options->lun, &extra) == 4)
        return true;
    if (sscanf(options->url, "iscsi://%255[^:/]:%15[0-9]/%255[^/]/%u%c", options->host,
               options->port, options->target, &options->lun, &extra) == 4)
        return true;
    strcpy(options->port, "3260");
    return sscanf(options->url, "iscsi://%255[^:/]/%255[^/]/%u%c", options->host, options->target,
                  &options->lun, &extra) == 3;
}

/* Options with a number or a name; false: not one of them. */
static bool parse_value(struct load_options *options, int option, const char *text)
{
    switch (option) {
    case OPT_BS:
        options->transfer = parse_size(text, 16 << 20);
        return true;
    case OPT_QD:
        options->depth = parse_size(text, 1024);
        return true;
    case OPT_CONNECTIONS:
        options->connections = parse_size(text, 4096);
        return true;
    case OPT_TIME:
        options->seconds = parse_seconds(text);
        return true;
    case OPT_WARMUP:
        options->warmup = parse_seconds(text);
        return true;
    case OPT_OPS:
        options->ops = parse_size(text, UINT32_MAX);
        return true;
    case OPT_ENGINE:
        options->engine = text;
        return true;
    case OPT_TARGET_PID:
        options->target_pid = (int)parse_size(text, INT32_MAX);
        return true;
    case OPT_INITIATOR:
        options->initiator = text;
        return true;
    case OPT_MAX_RECV:
        options->max_recv_segment = parse_size(text, 0xffffff);
        return true;
    case OPT_FIRST_BURST:
        options->first_burst = parse_size(text, 0xffffff);
        return true;
    case OPT_MAX_BURST:
        options->max_burst = parse_size(text, 0xffffff);
        return true;
    default:
        return false;
    }
}

static bool parse_flag(struct load_options *options, int option)
{
    switch (option) {
    case OPT_SPIN:
        options->spin = true;
        return true;
    case OPT_IDLE:
        options->idle = true;
        return true;
    case OPT_DIGESTS:
        options->digests = true;
        return true;
    case OPT_VERIFY:
        options->verify = true;
        return true;
    case OPT_INITIAL_R2T:
        options->initial_r2t = true;
        return true;
    case OPT_NO_IMMEDIATE:
        options->immediate_data = false;
        return true;
    default:
        return false;
    }
}

static const struct load_options defaults = {
    .initiator = "iqn.2000-01.org.tgt:load",
    .transfer = 4096,
    .depth = 32,
    .connections = 1,
    .warmup = 0.3,
    .seconds = 2,
    .random = true,
    .immediate_data = true,
    .max_recv_segment = 262144,
    .first_burst = 262144,
    .max_burst = 1048576,
};

void load_options_parse(struct load_options *options, int argc, char **argv)
{
    int option, write_percent = 0;
    unsigned mix = 50;
    *options = defaults;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_RW)
            write_percent = parse_mode(options, optarg);
        else if (option == OPT_MIX)
            mix = parse_size(optarg, 100);
        else if (!parse_value(options, option, optarg) && !parse_flag(options, option))
            fputs(usage, stderr), exit(1);
    }
    if (argc - optind != 1)
        fputs(usage, stderr), exit(1);
    options->url = argv[optind];
    if (!parse_url(options))
        load_die("'%s' is not iscsi://HOST[:PORT]/TARGET/LUN", options->url);
    options->write_percent = write_percent < 0 ? mix : (unsigned)write_percent;
}
