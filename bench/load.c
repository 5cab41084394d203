/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lean iSCSI initiator that loads a target: one thread, batched socket calls, JSON on stdout. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { DRAIN_SECONDS = 10, TURN_MS = 10 };

struct load {
    struct load_options options;
    struct load_stats stats;
    struct conn *conns;
    const struct engine *engine;
    void *waiting; /* the engine's state */
};

/* The first is the default. Neither is faster: with 4 KiB at a depth of 32 and of 1, and with 256
 * KiB at 8, their medians differ by less than their spread, and so does what the target reaches.
 * epoll also works where io_uring is refused. */
static const struct engine *const engines[] = {
    &engine_epoll,
#ifdef HAVE_ENGINE_URING
    &engine_uring,
#endif
};

static const struct engine *find_engine(const char *name)
{
    if (!name)
        return engines[0];
    for (unsigned i = 0; i < sizeof(engines) / sizeof(*engines); i++)
        if (!strcmp(engines[i]->name, name))
            return engines[i];
    load_die("there is no engine '%s' here", name);
}

/* Thousands of connections are more than the usual limit of descriptors. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void open_connections(struct load *load)
{
    unsigned n = load->options.connections;
    load->conns = load_allocate(n * sizeof(*load->conns));
    for (unsigned i = 0; i < n; i++) {
        conn_init(&load->conns[i], &load->options, &load->stats, i);
        conn_login(&load->conns[i]);
        conn_start(&load->conns[i]);
    }
    load->waiting = load->engine->open(load->conns, n, load->options.spin);
}

static void begin_no_more(struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++)
        load->conns[i].left = 0;
}

static void begin(struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++) {
        conn_fill(&load->conns[i], load_now());
        load->engine->send(load->waiting, &load->conns[i]);
    }
}

static void run_for(struct load *load, double seconds)
{
    uint64_t end = load_now() + (uint64_t)(seconds * 1e9);
    while (load_now() < end)
        load->engine->turn(load->waiting, TURN_MS);
}

static bool is_done(const struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++)
        if (load->conns[i].left || conn_in_flight(&load->conns[i]))
            return false;
    return true;
}

/* A target that answers nothing at all must not keep us for ever. */
static void run_to_end(struct load *load)
{
    uint64_t ops = load->stats.ops, end = load_now() + DRAIN_SECONDS * 1000000000ull;
    while (!is_done(load)) {
        if (ops != load->stats.ops)
            end = load_now() + DRAIN_SECONDS * 1000000000ull;
        else if (load_now() > end)
            load_die("commands are still unanswered after %u s", DRAIN_SECONDS);
        ops = load->stats.ops;
        load->engine->turn(load->waiting, TURN_MS);
    }
}

static void measure_time(struct load *load)
{
    begin(load);
    run_for(load, load->options.warmup);
    load_stats_start(&load->stats, &load->options);
    run_for(load, load->options.seconds);
    load_stats_stop(&load->stats, &load->options);
    begin_no_more(load);
    run_to_end(load);
}

static void measure_ops(struct load *load)
{
    load_stats_start(&load->stats, &load->options);
    begin(load);
    run_to_end(load);
    load_stats_stop(&load->stats, &load->options);
}

static void report_idle(const struct load *load)
{
    unsigned n = load->options.connections;
    uint64_t login = 0;
    for (unsigned i = 0; i < n; i++)
        login += load->conns[i].login_time;
    printf("{\"connections\": %u, \"login_us\": %.1f}\n", n, (double)login / n / 1000);
    fflush(stdout);
}

static void stay_idle(struct load *load)
{
    begin_no_more(load);
    bool wait = load->engine->watch_stdin(load->waiting);
    report_idle(load);
    while (wait && load->engine->turn(load->waiting, -1))
        ;
}

static void measure(struct load *load)
{
    if (load->options.ops)
        measure_ops(load);
    else
        measure_time(load);
    load_report(&load->stats, &load->options, &load->conns[0].session);
}

static void close_connections(struct load *load)
{
    load->engine->close(load->waiting);
    for (unsigned i = 0; i < load->options.connections; i++)
        conn_free(&load->conns[i]);
    free(load->conns);
}

int main(int argc, char **argv)
{
    static struct load load;
    load_options_parse(&load.options, argc, argv);
    load.engine = find_engine(load.options.engine);
    raise_limit();
    open_connections(&load);
    if (load.options.idle)
        stay_idle(&load);
    else
        measure(&load);
    close_connections(&load);
    return load.stats.errors ? 2 : 0;
}
