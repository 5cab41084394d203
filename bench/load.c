/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lean iSCSI initiator that loads a target: one thread, batched socket calls, JSON on stdout. */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 64, DRAIN_SECONDS = 10 };

struct load {
    struct load_options options;
    struct load_stats stats;
    struct conn *conns;
    int epoll;
};

static void watch(struct load *load, struct conn *conn, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = conn};
    if (epoll_ctl(load->epoll, operation, conn->fd, &event))
        load_die("epoll_ctl: %s", strerror(errno));
}

static void open_connections(struct load *load)
{
    load->conns = calloc(load->options.connections, sizeof(*load->conns));
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!load->conns || load->epoll < 0)
        load_die("out of resources");
    for (unsigned i = 0; i < load->options.connections; i++) {
        struct conn *conn = &load->conns[i];
        conn_init(conn, &load->options, &load->stats, i);
        conn_login(conn);
        conn_start(conn);
        conn->draining = load->options.idle;
        watch(load, conn, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void send_more(struct load *load, struct conn *conn, bool was_full)
{
    conn_fill(conn, load_now());
    bool full = !conn_flush(conn);
    if (full != was_full)
        watch(load, conn, EPOLL_CTL_MOD, EPOLLIN | (full ? EPOLLOUT : 0));
}

static void turn_connection(struct load *load, struct conn *conn, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        conn_receive(conn);
    send_more(load, conn, events & EPOLLOUT);
}

/* One turn of the loop; false: stdin has ended. */
static bool turn(struct load *load, int timeout)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(load->epoll, events, EVENTS, load->options.spin ? 0 : timeout);
    if (n < 0 && errno != EINTR)
        load_die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        if (!events[i].data.ptr)
            return false;
        turn_connection(load, events[i].data.ptr, events[i].events);
    }
    return true;
}

static void run_until(struct load *load, uint64_t end)
{
    while (load_now() < end)
        turn(load, 10);
}

static bool anything_in_flight(const struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++)
        if (conn_in_flight(&load->conns[i]))
            return true;
    return false;
}

static void drain(struct load *load)
{
    uint64_t end = load_now() + DRAIN_SECONDS * 1000000000ull;
    for (unsigned i = 0; i < load->options.connections; i++)
        load->conns[i].draining = true;
    while (anything_in_flight(load)) {
        if (load_now() > end)
            load_die("commands are still unanswered after %u s", DRAIN_SECONDS);
        turn(load, 10);
    }
}

static void measure(struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++)
        send_more(load, &load->conns[i], false);
    run_until(load, load_now() + (uint64_t)(load->options.warmup * 1e9));
    load_stats_start(&load->stats, &load->options);
    run_until(load, load_now() + (uint64_t)(load->options.seconds * 1e9));
    load_stats_stop(&load->stats, &load->options);
    drain(load);
    load_report(&load->stats, &load->options, &load->conns[0].session);
}

/* A file or /dev/null as stdin has ended already: then there is nothing to wait for. */
static bool watch_stdin(struct load *load)
{
    struct epoll_event event = {.events = EPOLLIN};
    return !epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
}

static void stay_idle(struct load *load)
{
    bool wait = watch_stdin(load);
    printf("{\"connections\": %u}\n", load->options.connections);
    fflush(stdout);
    while (wait && turn(load, -1))
        ;
}

static void close_connections(struct load *load)
{
    for (unsigned i = 0; i < load->options.connections; i++)
        conn_free(&load->conns[i]);
    free(load->conns);
    close(load->epoll);
}

int main(int argc, char **argv)
{
    static struct load load;
    load_options_parse(&load.options, argc, argv);
    open_connections(&load);
    if (load.options.idle)
        stay_idle(&load);
    else
        measure(&load);
    close_connections(&load);
    return load.stats.errors ? 2 : 0;
}
