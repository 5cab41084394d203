/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection without a socket, and the host services that have nothing to do with commands. */
#include <errno.h>
#include <string.h>

#include "fake-private.h"

struct fake_timer {
    struct tgt_op *op;
    uint64_t at;
    bool cancelled;
};

static int no_load(const struct tgt_host *host, const struct tgt_params *params,
                   struct tgt_error *err)
{
    return 0;
}

static const struct tgt_transport_ops no_ops = {.struct_size = sizeof(no_ops)};

TGT_PLUGIN_DEFINE(TRANSPORT, "fake", "0", "LGPL-2.1-or-later", "Stands in for the transport.",
                  "transport:fake", &no_ops, no_load, NULL, TGT_NO_PARAMS);

/* The services have no argument that leads to the world. */
static GPrivate world = G_PRIVATE_INIT(NULL);

struct fake *fake_world(void)
{
    return g_private_get(&world);
}

/* ---- The datamover ---- */

static struct fake_conn *fake_conn(struct iscsi_conn *c)
{
    return (struct fake_conn *)c;
}

static void dm_send(struct iscsi_conn *c)
{
    fake_conn(c)->wants_flush = true;
}

static void dm_resume(struct iscsi_conn *c)
{
}

static void dm_finish(struct iscsi_conn *c)
{
    fake_conn(c)->finishing = true;
}

static void dm_close(struct iscsi_conn *c)
{
}

static void dm_free(struct iscsi_conn *c)
{
    struct fake_conn *f = fake_conn(c);
    f->fake->conns = g_list_remove(f->fake->conns, f);
    g_free(f);
}

static const struct iscsi_datamover datamover = {dm_send, dm_resume, dm_finish, dm_close, dm_free};

/* What goes out: header and data, as a test wants to see them. */
static GBytes *capture(const struct iscsi_tx *tx)
{
    GByteArray *bytes = g_byte_array_new();
    const struct iovec *iov = tx->iov;
    size_t left = tx->data_len, skip = tx->skip;
    g_byte_array_append(bytes, tx->bhs.bytes, ISCSI_BHS_LEN);
    for (; left > 0; iov++, skip = 0) {
        size_t now = MIN(left, iov->iov_len - skip);
        g_byte_array_append(bytes, (const guint8 *)iov->iov_base + skip, (guint)now);
        left -= now;
    }
    return g_byte_array_free_to_bytes(bytes);
}

static bool flush(struct fake *fake, struct fake_conn *f)
{
    struct iscsi_conn *c = &f->conn;
    bool any = f->wants_flush;
    f->wants_flush = false;
    while (any && !c->closed && c->tx_head) {
        if (!c->tx_head->sealed)
            iscsi_tx_seal(c, c->tx_head);
        if (fake->choking)
            return false;
        g_queue_push_tail(&fake->sent, capture(c->tx_head));
        iscsi_tx_pop(c);
    }
    if (any && !c->closed)
        iscsi_tx_drained(c);
    if (f->finishing && !c->closed)
        iscsi_conn_close(c, "the peer has closed, too");
    return any;
}

static bool flush_all(struct fake *fake)
{
    bool any = false;
    for (GList *l = fake->conns, *next; l; l = next) {
        struct fake_conn *f = l->data;
        iscsi_conn_hold(&f->conn);
        any |= flush(fake, f);
        next = l->next;
        iscsi_conn_put(&f->conn);
    }
    return any;
}

struct iscsi_conn *fake_connect(struct fake *fake)
{
    struct fake_conn *f = g_new0(struct fake_conn, 1);
    struct tgt_portal_args args = {.struct_size = sizeof(args), .tpgt = 1};
    f->fake = fake;
    f->conn.dm = &datamover;
    f->conn.portal = iscsi_portal_params_new(&args);
    g_strlcpy(f->conn.peer, "10.0.0.2", sizeof(f->conn.peer));
    g_strlcpy(f->conn.peer_port, "10.0.0.2:1000", sizeof(f->conn.peer_port));
    g_strlcpy(f->conn.local, "10.0.0.1", sizeof(f->conn.local));
    f->conn.local_port = 3260;
    fake->conns = g_list_append(fake->conns, f);
    f->conn.in_login = f->conn.counted = iscsi_admission_enter(&f->conn.portal->admission, 1);
    iscsi_conn_start(&f->conn, &fake->thread);
    return &f->conn;
}

bool fake_is_open(const struct fake *fake, const struct iscsi_conn *c)
{
    for (const GList *l = fake->conns; l; l = l->next)
        if (l->data == c)
            return !c->closed && !c->finishing;
    return false;
}

/* Data in pieces, by both ways that there are. */
static void give_data(struct iscsi_conn *c, const uint8_t *data, size_t len)
{
    struct iovec iov[4];
    size_t room;
    while (len > 0) {
        unsigned count = len > 512 ? iscsi_rx_direct(c, (uint32_t)len, iov, 4, &room) : 0;
        size_t now = count > 0 ? MIN(room, len) : MIN(len, 300);
        const uint8_t *from = data;
        for (size_t left = count > 0 ? now : 0, i = 0; left > 0; i++) {
            size_t part = MIN(left, iov[i].iov_len);
            memcpy(iov[i].iov_base, from, part);
            from += part;
            left -= part;
        }
        if (count > 0)
            iscsi_rx_direct_done(c, now);
        else
            iscsi_rx_data(c, data, now);
        data += now;
        len -= now;
    }
}

/* A connection that waits for a buffer gets its data when it has one; one that never gets it is
 * given up by its timer. */
static bool wait_unpaused(struct fake *fake, struct iscsi_conn *c)
{
    for (unsigned i = 0; i < 40 && !c->closed && c->pause; i++)
        fake_pass(fake, 1000000000);
    return !c->closed && !c->pause;
}

bool fake_pdu(struct fake *fake, struct iscsi_conn *c, const union iscsi_bhs *bhs, const void *ahs,
              size_t ahs_len, const void *data, size_t len, bool data_ok)
{
    union iscsi_bhs header = *bhs;
    if (c->closed || c->pause)
        return false;
    header.any.ahs_words = (uint8_t)(ahs_len / 4);
    header.any.data_len = be24((uint32_t)len);
    iscsi_conn_hold(c);
    iscsi_rx_header(c, &header, ahs, ahs_len);
    bool go_on = len == 0 ? !c->closed : wait_unpaused(fake, c);
    if (go_on) {
        give_data(c, data, len);
        iscsi_rx_done(c, data_ok || len == 0);
    } else if (!c->closed) {
        iscsi_conn_close(c, "the fake does not wait any longer");
    }
    iscsi_conn_put(c);
    return go_on;
}

GBytes *fake_sent(struct fake *fake)
{
    return g_queue_pop_head(&fake->sent);
}

void fake_login_begin(struct fake *fake, struct iscsi_conn *c, const char *text, size_t len)
{
    static const char names[] = "InitiatorName=iqn.2024-01.org.example:i\0TargetName=iqn.t\0";
    union iscsi_bhs bhs = {.login_request = {
                               .opcode = ISCSI_OP_LOGIN_REQUEST | ISCSI_OP_IMMEDIATE,
                               .flags = ISCSI_TRANSIT | ISCSI_OPERATIONAL << 2 | ISCSI_FULL_FEATURE,
                               .isid = {0x80, 1, 2, 3, 4, 5},
                               .cmdsn = be32(1),
                           }};
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_byte_array_append(data, (const guint8 *)names, sizeof(names) - 1);
    if (len > 0)
        g_byte_array_append(data, (const guint8 *)text, (guint)len);
    fake_pdu(fake, c, &bhs, NULL, 0, data->data, data->len, true);
}

void fake_login(struct fake *fake, struct iscsi_conn *c, const char *text, size_t len)
{
    fake_login_begin(fake, c, text, len);
    fake_run(fake);
}

/* ---- Services ---- */

G_GNUC_PRINTF(2, 3)
static void host_log(enum tgt_log_level level, const char *fmt, ...)
{
    struct fake *fake = fake_world();
    va_list args;
    va_start(args, fmt);
    g_vsnprintf(fake->said, sizeof(fake->said), fmt, args);
    if (level != TGT_LOG_WARNING)
        return;
    fake->warnings++;
    g_strlcpy(fake->warned, fake->said, sizeof(fake->warned));
    va_end(args);
}

static int host_error_set(struct tgt_error *err, int code, const char *fmt, ...)
{
    return -code;
}

static uint64_t host_param_uint(const struct tgt_params *params, const char *name)
{
    for (unsigned i = 0; i < ISCSI_PORTAL_PARAM_COUNT; i++)
        if (strcmp(iscsi_portal_param_table[i].name, name) == 0)
            return strcmp(name, "send_queue") == 0
                       ? 1 << 20
                       : g_ascii_strtoull(iscsi_portal_param_table[i].def, NULL, 10);
    return 0;
}

static const char *host_param_str(const struct tgt_params *params, const char *name)
{
    for (unsigned i = 0; i < ISCSI_PORTAL_PARAM_COUNT; i++)
        if (strcmp(iscsi_portal_param_table[i].name, name) == 0)
            return iscsi_portal_param_table[i].def;
    return NULL;
}

static void host_thread_post(struct tgt_thread *thread, struct tgt_msg *msg)
{
    g_queue_push_tail(&fake_world()->msgs, msg);
}

static uint64_t host_thread_now(struct tgt_thread *thread)
{
    return fake_world()->now;
}

static void host_op_timeout(struct tgt_thread *thread, struct tgt_op *op, uint64_t ns)
{
    struct fake_timer *timer = g_new0(struct fake_timer, 1);
    timer->op = op;
    timer->at = fake_world()->now + ns;
    fake_world()->timers = g_list_append(fake_world()->timers, timer);
}

static void host_op_cancel(struct tgt_thread *thread, struct tgt_op *op)
{
    for (GList *l = fake_world()->timers; l; l = l->next) {
        struct fake_timer *timer = l->data;
        timer->cancelled |= timer->op == op;
    }
}

static bool run_timers(struct fake *fake)
{
    for (GList *l = fake->timers; l; l = l->next) {
        struct fake_timer *timer = l->data;
        if (!timer->cancelled && timer->at > fake->now)
            continue;
        struct tgt_op *op = timer->op;
        int64_t res = timer->cancelled ? -ECANCELED : 0;
        fake->timers = g_list_delete_link(fake->timers, l);
        g_free(timer);
        op->done(op, res);
        return true;
    }
    return false;
}

static bool run_message(struct fake *fake)
{
    struct tgt_msg *msg =
        fake->reverse ? g_queue_pop_tail(&fake->msgs) : g_queue_pop_head(&fake->msgs);
    if (msg)
        msg->fn(msg);
    return msg != NULL;
}

void fake_run(struct fake *fake)
{
    while (run_message(fake) || run_timers(fake) || fake_core_run(fake) || flush_all(fake)) {
    }
}

void fake_pass(struct fake *fake, uint64_t ns)
{
    fake->now += ns;
    fake_run(fake);
}

void fake_starve(struct fake *fake, bool starving)
{
    fake->starving = starving;
}

void fake_choke(struct fake *fake, bool choking)
{
    fake->choking = choking;
    for (GList *l = fake->conns; l; l = l->next)
        ((struct fake_conn *)l->data)->wants_flush |= !choking;
}

void fake_hinder(struct fake *fake, unsigned dirs)
{
    fake->hinders = dirs;
}

void fake_reverse(struct fake *fake)
{
    fake->reverse = true;
}

/* ---- The world ---- */

static void thread_gone(struct iscsi_thread *thread)
{
}

static void plug_in(void)
{
    struct tgt_host host = {
        .struct_size = sizeof(host),
        .log = host_log,
        .error_set = host_error_set,
        .param_uint = host_param_uint,
        .param_str = host_param_str,
        .thread_post = host_thread_post,
        .thread_now = host_thread_now,
        .op_timeout = host_op_timeout,
        .op_cancel = host_op_cancel,
    };
    fake_core_services(&host);
    tgt_plugin.load(&host, NULL, NULL);
}

struct fake *fake_new(void)
{
    struct fake *fake = g_new0(struct fake, 1);
    g_private_set(&world, fake);
    plug_in();
    fake->now = 100000000000;
    g_queue_init(&fake->msgs);
    g_queue_init(&fake->sent);
    fake->engine = iscsi_engine_new();
    fake->thread.free = thread_gone;
    iscsi_thread_init(&fake->thread, NULL, fake->engine);
    return fake;
}

void fake_free(struct fake *fake)
{
    fake->starving = false;
    fake_choke(fake, false);
    iscsi_thread_detach(&fake->thread);
    fake_run(fake);
    g_assert(!fake->conns && !fake->cmds && !fake->timers && fake->nexuses == 0);
    g_assert(fake->thread.kept.bytes == 0 && fake->thread.kept.lasting == 0);
    iscsi_engine_unref(fake->engine);
    g_queue_clear_full(&fake->sent, (GDestroyNotify)g_bytes_unref);
    g_private_set(&world, NULL);
    g_free(fake);
}
