/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same load as load.c, but through libiscsi's asynchronous API: an initiator that others use.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

enum { DRAIN_SECONDS = 10 };

struct conn {
    struct iscsi_context *iscsi;
    const struct load_options *options;
    struct load_stats *stats;
    struct workload workload;
    uint64_t n_blocks;
    uint32_t block_size;
    struct request *requests;
    unsigned in_flight;
    bool draining;
};

/* A command in flight with its buffer. */
struct request {
    struct conn *conn;
    uint64_t start;
    bool write;
    unsigned char *buffer;
};

static void submit(struct request *request);

static void on_done(struct iscsi_context *iscsi, int status, void *data, void *private_data)
{
    struct request *request = private_data;
    struct conn *conn = request->conn;
    struct scsi_task *task = data;
    (void)iscsi;
    if (status != SCSI_STATUS_GOOD || task->residual_status != SCSI_RESIDUAL_NO_RESIDUAL)
        conn->stats->errors++;
    load_stats_add(conn->stats, load_now() - request->start);
    scsi_free_scsi_task(task);
    conn->in_flight--;
    if (!conn->draining)
        submit(request);
}

static struct scsi_task *submit_write(struct request *request, uint64_t lba)
{
    const struct conn *conn = request->conn;
    return iscsi_write16_task(conn->iscsi, (int)conn->options->lun, lba, request->buffer,
                              conn->options->transfer, (int)conn->block_size, 0, 0, 0, 0, 0,
                              on_done, request);
}

static struct scsi_task *submit_read(struct request *request, uint64_t lba)
{
    const struct conn *conn = request->conn;
    struct scsi_task *task =
        iscsi_read16_task(conn->iscsi, (int)conn->options->lun, lba, conn->options->transfer,
                          (int)conn->block_size, 0, 0, 0, 0, 0, on_done, request);
    if (task)
        scsi_task_add_data_in_buffer(task, (int)conn->options->transfer, request->buffer);
    return task;
}

static void submit(struct request *request)
{
    struct conn *conn = request->conn;
    struct load_io io = workload_next(&conn->workload);
    request->start = load_now();
    if (!(io.write ? submit_write(request, io.lba) : submit_read(request, io.lba)))
        load_die("%s", iscsi_get_error(conn->iscsi));
    conn->in_flight++;
}

static void log_in(struct conn *conn, unsigned index)
{
    const struct load_options *options = conn->options;
    char name[300], portal[300];
    snprintf(name, sizeof(name), "%s-%u", options->initiator, index);
    snprintf(portal, sizeof(portal), strchr(options->host, ':') ? "[%s]:%s" : "%s:%s",
             options->host, options->port);
    conn->iscsi = iscsi_create_context(name);
    if (!conn->iscsi)
        load_die("out of memory");
    iscsi_set_session_type(conn->iscsi, ISCSI_SESSION_NORMAL);
    iscsi_set_header_digest(conn->iscsi, ISCSI_HEADER_DIGEST_NONE);
    iscsi_set_targetname(conn->iscsi, options->target);
    iscsi_set_initial_r2t(conn->iscsi,
                          options->initial_r2t ? ISCSI_INITIAL_R2T_YES : ISCSI_INITIAL_R2T_NO);
    iscsi_set_immediate_data(conn->iscsi, options->immediate_data ? ISCSI_IMMEDIATE_DATA_YES
                                                                  : ISCSI_IMMEDIATE_DATA_NO);
    iscsi_set_noautoreconnect(conn->iscsi, 1);
    if (iscsi_full_connect_sync(conn->iscsi, portal, (int)options->lun))
        load_die("%s", iscsi_get_error(conn->iscsi));
}

static void read_capacity(struct conn *conn)
{
    struct scsi_task *task = iscsi_readcapacity16_sync(conn->iscsi, (int)conn->options->lun);
    if (!task || task->status != SCSI_STATUS_GOOD)
        load_die("READ CAPACITY (16) fails: %s", iscsi_get_error(conn->iscsi));
    struct scsi_readcapacity16 *capacity = scsi_datain_unmarshall(task);
    if (!capacity)
        load_die("the answer to READ CAPACITY (16) is too short");
    conn->n_blocks = capacity->returned_lba + 1;
    conn->block_size = capacity->block_length;
    scsi_free_scsi_task(task);
}

static void make_requests(struct conn *conn)
{
    conn->requests = load_allocate(conn->options->depth * sizeof(*conn->requests));
    for (unsigned i = 0; i < conn->options->depth; i++) {
        conn->requests[i].conn = conn;
        conn->requests[i].buffer = load_allocate(conn->options->transfer);
    }
}

static void open_connection(struct conn *conn, const struct load_options *options,
                            struct load_stats *stats, unsigned index)
{
    conn->options = options;
    conn->stats = stats;
    log_in(conn, index);
    read_capacity(conn);
    workload_init(&conn->workload, options, index, conn->n_blocks, conn->block_size);
    make_requests(conn);
}

static void turn(struct conn *conns, struct pollfd *fds, unsigned n, bool spin)
{
    for (unsigned i = 0; i < n; i++) {
        fds[i].fd = iscsi_get_fd(conns[i].iscsi);
        fds[i].events = (short)iscsi_which_events(conns[i].iscsi);
    }
    if (poll(fds, n, spin ? 0 : 10) < 0 && errno != EINTR)
        load_die("poll: %s", strerror(errno));
    for (unsigned i = 0; i < n; i++)
        if (fds[i].revents && iscsi_service(conns[i].iscsi, fds[i].revents))
            load_die("%s", iscsi_get_error(conns[i].iscsi));
}

static void run_until(struct conn *conns, struct pollfd *fds, uint64_t end)
{
    while (load_now() < end)
        turn(conns, fds, conns->options->connections, conns->options->spin);
}

static bool anything_in_flight(const struct conn *conns)
{
    for (unsigned i = 0; i < conns->options->connections; i++)
        if (conns[i].in_flight)
            return true;
    return false;
}

static void drain(struct conn *conns, struct pollfd *fds)
{
    uint64_t end = load_now() + DRAIN_SECONDS * 1000000000ull;
    for (unsigned i = 0; i < conns->options->connections; i++)
        conns[i].draining = true;
    while (anything_in_flight(conns)) {
        if (load_now() > end)
            load_die("commands are still unanswered after %u s", DRAIN_SECONDS);
        turn(conns, fds, conns->options->connections, false);
    }
}

static void measure(struct conn *conns, struct pollfd *fds, struct load_stats *stats)
{
    const struct load_options *options = conns->options;
    for (unsigned i = 0; i < options->connections; i++)
        for (unsigned j = 0; j < options->depth; j++)
            submit(&conns[i].requests[j]);
    run_until(conns, fds, load_now() + (uint64_t)(options->warmup * 1e9));
    load_stats_start(stats, options);
    run_until(conns, fds, load_now() + (uint64_t)(options->seconds * 1e9));
    load_stats_stop(stats, options);
    drain(conns, fds);
    load_report(stats, options, NULL);
}

static void close_connection(struct conn *conn)
{
    iscsi_logout_sync(conn->iscsi);
    iscsi_destroy_context(conn->iscsi);
    for (unsigned i = 0; i < conn->options->depth; i++)
        free(conn->requests[i].buffer);
    free(conn->requests);
}

int main(int argc, char **argv)
{
    static struct load_options options;
    static struct load_stats stats;
    load_options_parse(&options, argc, argv);
    if (options.idle || options.ops || options.digests || options.verify || options.engine)
        load_die("--idle, --ops, --digests, --verify and --engine are for the other generator");
    struct conn *conns = load_allocate(options.connections * sizeof(*conns));
    struct pollfd *fds = load_allocate(options.connections * sizeof(*fds));
    for (unsigned i = 0; i < options.connections; i++)
        open_connection(&conns[i], &options, &stats, i);
    measure(conns, fds, &stats);
    for (unsigned i = 0; i < options.connections; i++)
        close_connection(&conns[i]);
    free(conns);
    free(fds);
    return stats.errors ? 2 : 0;
}
