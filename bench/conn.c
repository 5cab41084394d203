/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life of a connection, and the memory that it needs. */
#include "verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void conn_init(struct conn *conn, const struct load_options *options, struct load_stats *stats,
               unsigned index)
{
    unsigned share = options->ops / options->connections;
    *conn = (struct conn){.fd = -1, .options = options, .stats = stats, .index = index};
    conn->left = options->ops ? share + (index < options->ops % options->connections) : UINT32_MAX;
}

/* Enough entries for all PDUs that all commands can have queued at once, and for pings. */
static uint32_t ring_size(const struct conn *conn)
{
    uint32_t segment = conn->session.send_segment;
    uint64_t per_command = 2 + (conn->options->transfer + segment - 1) / segment, size = 64;
    while (size < per_command * conn->options->depth + 16)
        size *= 2;
    return (uint32_t)size;
}

static void make_slots(struct conn *conn)
{
    unsigned depth = conn->options->depth, transfer = conn->options->transfer;
    size_t own = conn->options->verify ? transfer : 0; /* bytes that only one slot uses */
    conn->slots = load_allocate(depth * sizeof(*conn->slots));
    conn->free_slots = load_allocate(depth * sizeof(*conn->free_slots));
    conn->payload = load_allocate(own ? depth * own : transfer);
    for (unsigned i = 0; i < transfer; i++)
        conn->payload[i] = (uint8_t)(i * 131 >> 3);
    for (; conn->n_free < depth; conn->n_free++) {
        conn->slots[conn->n_free].data = conn->payload + conn->n_free * own;
        conn->free_slots[conn->n_free] = conn->n_free;
    }
}

void conn_start(struct conn *conn)
{
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
    conn->in = load_allocate(IN_SIZE);
    conn->out_size = ring_size(conn);
    conn->out = load_allocate(conn->out_size * sizeof(*conn->out));
    conn->iov = load_allocate(IOV_COUNT * sizeof(*conn->iov));
    make_slots(conn);
    workload_init(&conn->workload, conn->options, conn->index, conn->n_blocks, conn->block_size);
    if (conn->options->verify)
        conn->verify = verify_new(&conn->workload);
}

void conn_free(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    free(conn->in);
    free(conn->slots);
    free(conn->free_slots);
    free(conn->out);
    free(conn->iov);
    free(conn->payload);
    verify_free(conn->verify);
}

unsigned conn_in_flight(const struct conn *conn)
{
    return conn->options->depth - conn->n_free;
}
