/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends logins to another address: one that the admin has set for the target, or one that a program
 * names. */
#include "redirect.h"

#include <arpa/inet.h>
#include <string.h>

#include "program.h"

#define PROGRAM_TIMEOUT_MS 5000u
/* Programs of one thread at one time; the logins behind them wait. */
#define PROGRAMS_MAX 4u

/* Where to. Texts are borrowed. */
struct place {
    const char *address; /* IPv4, IPv6 with or without brackets, or a DNS name */
    const char *port;
    bool permanent;
};

/* A login that waits for its program. */
struct iscsi_redirect_call {
    struct tgt_op op;
    struct iscsi_conn *conn; /* held, so that its thread stays as well */
    bool running;
    bool forgotten; /* its login is over */
    struct iscsi_program program;
};

/* ---- Places ---- */

static bool is_port(const char *text)
{
    guint64 port;
    return g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL);
}

/* Without brackets, if it is one that can be told: an address, or what may be a DNS name. */
static bool bare(const char *address, char *host, size_t size)
{
    size_t len = g_strlcpy(host, address, size);
    if (len == 0 || len >= size)
        return false;
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        memmove(host, host + 1, len - 1);
    }
    uint8_t bytes[16];
    if (strchr(host, ':'))
        return inet_pton(AF_INET6, host, bytes) == 1;
    return strspn(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-") == strlen(host);
}

/* In any spelling, but for zones. */
static bool same_address(const char *a, const char *b)
{
    uint8_t x[16], y[16];
    int family = strchr(a, ':') ? AF_INET6 : AF_INET;
    return inet_pton(family, a, x) == 1 && inet_pton(family, b, y) == 1 &&
           memcmp(x, y, family == AF_INET6 ? 16 : 4) == 0;
}

/* Where to is not known: to let it in here might be wrong. Always true: the login is answered. */
static bool refuse(struct iscsi_conn *c, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(struct iscsi_conn *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    g_autofree char *why = g_strdup_vprintf(fmt, args);
    va_end(args);
    iscsi_login_fail(c, ISCSI_LOGIN_TARGET_ERROR, why);
    return true;
}

/* As in tgt: who comes from the address that it would be sent to is let in here. True: the login is
 * answered. */
static bool send_to(struct iscsi_conn *c, const struct place *place)
{
    char host[256];
    if (!bare(place->address, host, sizeof(host)) || !is_port(place->port))
        return refuse(c, "it cannot be redirected to '%s' port '%s'", place->address, place->port);
    if (same_address(host, c->peer))
        return false;
    g_autofree char *text =
        g_strdup_printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, place->port);
    iscsi_login_redirect(c, text, place->permanent);
    return true;
}

/* ---- Programs ---- */

/* "ADDRESS:PORT:Temporary" or Permanent, as tgt's callbacks write it; changes the text. */
static bool parse(char *text, struct place *place)
{
    char *word = g_strchomp(text), *reason = strrchr(word, ':');
    if (!reason)
        return false;
    *reason++ = '\0';
    char *port = strrchr(word, ':');
    if (!port)
        return false;
    *port++ = '\0';
    *place = (struct place){word, port, strcmp(reason, "Permanent") == 0};
    return place->permanent || strcmp(reason, "Temporary") == 0;
}

/* True: the login is answered. Nothing written: it is for here. */
static bool judge(struct iscsi_conn *c, struct iscsi_program *program, bool ok)
{
    struct place place;
    if (!ok)
        return refuse(c, "RedirectCallback %s: %s", program->argv[0], program->why);
    if (!*g_strchomp(program->output))
        return false;
    if (parse(program->output, &place))
        return send_to(c, &place);
    return refuse(c,
                  "RedirectCallback %s writes something else than ADDRESS:PORT:Temporary or "
                  "ADDRESS:PORT:Permanent",
                  program->argv[0]);
}

static void call_free(struct iscsi_redirect_call *call)
{
    g_strfreev(call->program.argv);
    g_free(call);
}

static void start_next(struct iscsi_thread *thread);

static void finish(struct iscsi_redirect_call *call, bool ok)
{
    struct iscsi_conn *c = call->conn;
    if (call->forgotten)
        return;
    c->login->redirect = NULL;
    if (c->finishing || judge(c, &call->program, ok))
        return;
    iscsi_conn_unpause(c, ISCSI_PAUSE_LOGIN);
    iscsi_login_go_on(c);
}

static void called(struct tgt_op *op, int64_t res)
{
    struct iscsi_redirect_call *call = (struct iscsi_redirect_call *)op;
    struct iscsi_conn *c = call->conn;
    c->thread->programs--;
    start_next(c->thread);
    finish(call, res == 0);
    call_free(call);
    iscsi_conn_put(c);
}

static int64_t run(struct tgt_op *op)
{
    return iscsi_program_run(&((struct iscsi_redirect_call *)op)->program) ? 0 : -1;
}

static void start_next(struct iscsi_thread *thread)
{
    while (thread->programs < PROGRAMS_MAX && !g_queue_is_empty(&thread->program_queue)) {
        struct iscsi_redirect_call *call = g_queue_pop_head(&thread->program_queue);
        thread->programs++;
        call->running = true;
        tgt_op_call(thread->thread, &call->op, run);
    }
}

/* The words of the callback, then the target and who asks. */
static char **arguments(const struct iscsi_conn *c, const char *callback)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit_set(callback, " \t", -1);
    for (char **word = words; *word; word++)
        if (**word)
            g_strv_builder_add(builder, *word);
    g_strv_builder_add(builder, c->login->target_name);
    g_strv_builder_add(builder, c->peer);
    return g_strv_builder_end(builder);
}

static void ask_program(struct iscsi_conn *c, const char *callback)
{
    struct iscsi_redirect_call *call = g_new0(struct iscsi_redirect_call, 1);
    call->op.done = called;
    call->conn = c;
    call->program.argv = arguments(c, callback);
    call->program.timeout_ms = PROGRAM_TIMEOUT_MS;
    c->login->redirect = call;
    iscsi_conn_hold(c);
    iscsi_conn_pause(c, ISCSI_PAUSE_LOGIN);
    g_queue_push_tail(&c->thread->program_queue, call);
    start_next(c->thread);
}

void iscsi_redirect_forget(struct iscsi_redirect_call *call)
{
    if (!call)
        return;
    struct iscsi_conn *c = call->conn;
    call->forgotten = true;
    g_atomic_int_set(&call->program.stop, 1);
    if (call->running)
        return;
    g_queue_remove(&c->thread->program_queue, call);
    call_free(call);
    iscsi_conn_put(c);
}

/* ---- The target's parameters ---- */

static bool get(const struct iscsi_conn *c, const char *name, char *text, size_t size)
{
    size_t len = tgt_target_param_str(c->login->target, &tgt_plugin, name, text, size);
    return len > 0 && len < size;
}

bool iscsi_redirect_begin(struct iscsi_conn *c)
{
    char callback[1024], address[256], reason[16] = "";
    if (!c->login->target || c->login->redirect_asked)
        return false;
    c->login->redirect_asked = true;
    if (get(c, "RedirectCallback", callback, sizeof(callback)) && *g_strstrip(callback)) {
        ask_program(c, callback);
        return true;
    }
    if (!get(c, "RedirectAddress", address, sizeof(address)))
        return false;
    get(c, "RedirectReason", reason, sizeof(reason));
    g_autofree char *port = g_strdup_printf(
        "%u", (unsigned)tgt_target_param_uint(c->login->target, &tgt_plugin, "RedirectPort"));
    return send_to(c, &(struct place){address, port, strcmp(reason, "Permanent") == 0});
}
