/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine without a socket: what can be seen of it only turn by turn, and what random initiators
 * do to it. */
#include <string.h>

#include "drive.h"
#include "fake-private.h"

/* One connection that is logged in; what was sent until then is taken away. */
struct scene {
    struct fake *fake;
    struct iscsi_conn *conn;
};

static void take_all(struct scene *s)
{
    GBytes *sent;
    while ((sent = fake_sent(s->fake)))
        g_bytes_unref(sent);
}

static void open_scene(struct scene *s, gconstpointer text)
{
    s->fake = fake_new();
    s->conn = fake_connect(s->fake);
    fake_login(s->fake, s->conn, text, text ? strlen(text) + 1 : 0);
    g_assert_nonnull(s->conn->session);
    take_all(s);
}

static void close_scene(struct scene *s, gconstpointer data)
{
    fake_free(s->fake);
}

/* The next PDU that was sent must be of this opcode. */
static union iscsi_bhs expect(struct scene *s, enum iscsi_opcode opcode)
{
    g_autoptr(GBytes) sent = fake_sent(s->fake);
    g_assert_nonnull(sent);
    union iscsi_bhs bhs;
    memcpy(&bhs, g_bytes_get_data(sent, NULL), sizeof(bhs));
    g_assert_cmphex(iscsi_opcode(&bhs), ==, opcode);
    return bhs;
}

static void expect_nothing(struct scene *s)
{
    g_assert_null(fake_sent(s->fake));
}

static union iscsi_bhs command(uint32_t itt, uint32_t cmdsn, uint8_t opcode, uint8_t later,
                               uint8_t blocks)
{
    union iscsi_bhs bhs = {.scsi_command = {
                               .opcode = ISCSI_OP_SCSI_COMMAND,
                               .flags = ISCSI_FINAL | (opcode == 0x28   ? ISCSI_READ
                                                       : opcode == 0x2a ? ISCSI_WRITE
                                                                        : 0),
                               .itt = be32(itt),
                               .cmdsn = be32(cmdsn),
                               .expected_length = be32(blocks * 512u),
                               .cdb = {opcode, later, [8] = blocks},
                           }};
    return bhs;
}

static void give(struct scene *s, const union iscsi_bhs *bhs, const void *data, size_t len)
{
    g_assert_true(fake_pdu(s->fake, s->conn, bhs, NULL, 0, data, len, true));
}

static union iscsi_bhs tmf(uint32_t itt, uint8_t function, uint32_t ref_itt)
{
    union iscsi_bhs bhs = {.tmf_request = {
                               .opcode = ISCSI_OP_TMF_REQUEST | ISCSI_OP_IMMEDIATE,
                               .function = ISCSI_FINAL | function,
                               .itt = be32(itt),
                               .ref_itt = be32(ref_itt),
                               .cmdsn = be32(2),
                           }};
    return bhs;
}

static void test_status_rides_on_data(struct scene *s, gconstpointer data)
{
    union iscsi_bhs bhs = command(1, 1, 0x28, 0, 8);
    give(s, &bhs, NULL, 0);
    fake_run(s->fake);
    union iscsi_bhs answer = expect(s, ISCSI_OP_DATA_IN);
    g_assert_cmphex(answer.data_in.flags, ==, ISCSI_FINAL | ISCSI_STATUS);
    g_assert_cmpuint(be24_get(answer.any.data_len), ==, 4096);
    expect_nothing(s);
}

/* RFC 7143 4.2.2.3: R2Ts and Data-In are numbered together, and only the latter are in ExpDataSN.
 */
static void test_numbers_of_both_directions(struct scene *s, gconstpointer data)
{
    static const uint8_t bytes[1024];
    static const uint8_t ahs[8] = {0, 5, 2, 0, 0, 0, 4, 0}; /* 1024 to be read */
    union iscsi_bhs bhs = command(1, 1, 0x53, 0, 2);
    bhs.scsi_command.flags = ISCSI_FINAL | ISCSI_READ | ISCSI_WRITE;
    g_assert_true(fake_pdu(s->fake, s->conn, &bhs, ahs, sizeof(ahs), NULL, 0, true));
    for (uint32_t i = 0; i < 2; i++) {
        fake_run(s->fake);
        union iscsi_bhs r2t = expect(s, ISCSI_OP_R2T);
        g_assert_cmpuint(be32_get(r2t.r2t.r2tsn), ==, i);
        union iscsi_bhs out = {.data_out = {.opcode = ISCSI_OP_DATA_OUT,
                                            .flags = ISCSI_FINAL,
                                            .itt = be32(1),
                                            .ttt = r2t.r2t.ttt,
                                            .offset = r2t.r2t.offset}};
        give(s, &out, bytes, 512);
    }
    fake_run(s->fake);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_DATA_IN).data_in.datasn), ==, 2);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_DATA_IN).data_in.datasn), ==, 3);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_SCSI_RESPONSE).scsi_response.exp_datasn), ==, 2);
}

/* TTTs of one write follow each other, and none is the reserved one. */
static void test_ttt_wraps(struct scene *s, gconstpointer data)
{
    static const uint8_t bytes[512];
    union iscsi_bhs bhs = command(1, 1, 0x2a, 0, 4);
    s->conn->session->next_ttt = ISCSI_NO_TAG - 2;
    give(s, &bhs, NULL, 0);
    for (uint32_t i = 0; i < 4; i++) {
        fake_run(s->fake);
        union iscsi_bhs r2t = expect(s, ISCSI_OP_R2T);
        g_assert_cmphex(be32_get(r2t.r2t.ttt), ==, i);
        union iscsi_bhs out = {.data_out = {.opcode = ISCSI_OP_DATA_OUT,
                                            .flags = ISCSI_FINAL,
                                            .itt = be32(1),
                                            .ttt = r2t.r2t.ttt,
                                            .offset = r2t.r2t.offset}};
        give(s, &out, bytes, sizeof(bytes));
    }
    fake_run(s->fake);
    g_assert_cmphex(expect(s, ISCSI_OP_SCSI_RESPONSE).scsi_response.status, ==, TGT_STATUS_GOOD);
}

static void test_numbers_go_in_when_it_leaves(struct scene *s, gconstpointer data)
{
    for (uint32_t i = 1; i <= 3; i++) {
        union iscsi_bhs bhs = command(i, i, 0, 0, 0);
        give(s, &bhs, NULL, 0);
    }
    fake_run(s->fake);
    union iscsi_bhs first = expect(s, ISCSI_OP_SCSI_RESPONSE),
                    second = expect(s, ISCSI_OP_SCSI_RESPONSE);
    g_assert_cmpuint(be32_get(first.answer.exp_cmdsn), ==, 4);
    g_assert_cmpuint(be32_get(second.answer.statsn), ==, be32_get(first.answer.statsn) + 1);
}

/* What is under way is taken off the window; an answer opens it again. */
static void test_window(struct scene *s, gconstpointer data)
{
    uint32_t window = s->conn->session->window;
    for (uint32_t i = 1; i <= 50; i++) {
        union iscsi_bhs bhs = command(i, i, 0, 2, 0);
        give(s, &bhs, NULL, 0);
    }
    g_assert_cmpuint(iscsi_cmdsn_window(s->conn->session), ==, window);
    fake_run(s->fake);
    g_assert_cmpuint(iscsi_cmdsn_window(s->conn->session), ==, window + 50);
}

/* The window is shut and its commands vanish by a reset: a NOP-In says that it is open. */
static void vanish_with_full_window(struct scene *s)
{
    s->conn->session->window = 2;
    s->conn->session->max_cmdsn = 2;
    for (uint32_t i = 1; i <= 2; i++) {
        union iscsi_bhs bhs = command(i, i, 0, 2, 0);
        give(s, &bhs, NULL, 0);
    }
    for (GList *l = s->fake->cmds; l; l = l->next)
        ((struct tgt_cmd *)l->data)->aborted = true; /* by another initiator */
    fake_run(s->fake);
}

static void test_window_opens_silently(struct scene *s, gconstpointer data)
{
    vanish_with_full_window(s);
    union iscsi_bhs nop = expect(s, ISCSI_OP_NOP_IN);
    g_assert_cmphex(be32_get(nop.any.ttt), ==, ISCSI_NO_TAG);
    g_assert_cmpuint(be32_get(nop.answer.max_cmdsn), >=, 3);
}

/* What is being sent already has older numbers in it. */
static void test_window_opens_behind_a_pdu(struct scene *s, gconstpointer data)
{
    union iscsi_bhs ping = {.any = {.opcode = ISCSI_OP_NOP_OUT | ISCSI_OP_IMMEDIATE,
                                    .flags = ISCSI_FINAL,
                                    .itt = be32(7),
                                    .ttt = be32(ISCSI_NO_TAG)}};
    fake_choke(s->fake, true);
    give(s, &ping, NULL, 0);
    fake_run(s->fake);
    vanish_with_full_window(s);
    fake_choke(s->fake, false);
    fake_run(s->fake);
    expect(s, ISCSI_OP_NOP_IN);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_NOP_IN).answer.max_cmdsn), >=, 3);
}

static void test_command_waits_for_buffer(struct scene *s, gconstpointer data)
{
    static const uint8_t block[4096];
    union iscsi_bhs write = command(1, 1, 0x2a, 0, 8), other = command(2, 2, 0, 0, 0);
    fake_starve(s->fake, true);
    give(s, &write, block, sizeof(block));
    give(s, &other, NULL, 0);
    fake_run(s->fake);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_SCSI_RESPONSE).any.itt), ==, 2);
    g_assert_cmpuint(s->fake->thread.stashed, ==, sizeof(block));
    fake_starve(s->fake, false);
    fake_run(s->fake);
    g_assert_cmpuint(be32_get(expect(s, ISCSI_OP_SCSI_RESPONSE).any.itt), ==, 1);
    g_assert_cmpuint(s->fake->thread.stashed, ==, 0);
}

/* Nothing may wait for ever: without buffers the write ends with BUSY. */
static void test_no_buffer_at_all(struct scene *s, gconstpointer data)
{
    static const uint8_t block[4096];
    union iscsi_bhs write = command(1, 1, 0x2a, 0, 8);
    fake_starve(s->fake, true);
    s->fake->thread.stashed = ISCSI_STASH_THREAD_MAX;
    give(s, &write, block, sizeof(block)); /* goes on when the engine has given it up */
    s->fake->thread.stashed = 0;
    fake_starve(s->fake, false);
    fake_run(s->fake);
    g_assert_cmphex(expect(s, ISCSI_OP_SCSI_RESPONSE).scsi_response.status, ==, TGT_STATUS_BUSY);
}

static void test_lu_reset_waits_for_data(struct scene *s, gconstpointer data)
{
    union iscsi_bhs write = command(1, 1, 0x2a, 0, 8),
                    reset = tmf(9, TGT_TMF_LOGICAL_UNIT_RESET, 0);
    give(s, &write, NULL, 0);
    fake_run(s->fake);
    expect(s, ISCSI_OP_R2T);
    give(s, &reset, NULL, 0);
    fake_run(s->fake);
    expect_nothing(s);
    for (unsigned i = 0; i < 4; i++)
        fake_pass(s->fake, 1000000000);
    g_assert_cmpuint(expect(s, ISCSI_OP_TMF_RESPONSE).answer.response, ==, TGT_TMF_COMPLETE);
    expect_nothing(s);
}

static void test_abort_task_does_not_wait(struct scene *s, gconstpointer data)
{
    union iscsi_bhs write = command(1, 1, 0x2a, 0, 8), abort_task = tmf(9, TGT_TMF_ABORT_TASK, 1);
    give(s, &write, NULL, 0);
    fake_run(s->fake);
    expect(s, ISCSI_OP_R2T);
    give(s, &abort_task, NULL, 0);
    fake_run(s->fake);
    g_assert_cmpuint(expect(s, ISCSI_OP_TMF_RESPONSE).answer.response, ==, TGT_TMF_COMPLETE);
    expect_nothing(s);
}

/* A command that has been answered in the same turn does not exist any more (11.6.1). */
static void test_abort_of_an_answered_task(struct scene *s, gconstpointer data)
{
    union iscsi_bhs done = command(1, 1, 0, 0, 0), abort_task = tmf(9, TGT_TMF_ABORT_TASK, 1);
    give(s, &done, NULL, 0);
    give(s, &abort_task, NULL, 0);
    fake_run(s->fake);
    expect(s, ISCSI_OP_SCSI_RESPONSE);
    g_assert_cmpuint(expect(s, ISCSI_OP_TMF_RESPONSE).answer.response, ==, TGT_TMF_NO_TASK);
}

/* 8192 Data-In PDUs are made in batches, not at once. */
static void test_small_segments(struct scene *s, gconstpointer data)
{
    union iscsi_bhs read = command(1, 1, 0x28, 0, 200);
    give(s, &read, NULL, 0);
    unsigned queued = 0, count = 0;
    for (struct iscsi_tx *tx = s->conn->tx_head; tx; tx = tx->next)
        queued++;
    g_assert_cmpuint(queued, <=, 32);
    fake_run(s->fake);
    for (GBytes *sent; (sent = fake_sent(s->fake)); count++) {
        union iscsi_bhs bhs;
        memcpy(&bhs, g_bytes_get_data(sent, NULL), sizeof(bhs));
        g_assert_cmpuint(be32_get(bhs.data_in.datasn), ==, count);
        g_assert_cmpuint(be32_get(bhs.data_in.offset), ==, count * 512);
        g_bytes_unref(sent);
    }
    g_assert_cmpuint(count, ==, 200);
}

static void test_newer_session_replaces_older(struct scene *s, gconstpointer data)
{
    struct iscsi_conn *newer = fake_connect(s->fake);
    fake_login(s->fake, newer, NULL, 0);
    g_assert_false(fake_is_open(s->fake, s->conn));
    g_assert_nonnull(newer->session);
}

/* All of them wait for the same session, and the last one wakes up first. */
static void test_latest_login_prevails(struct scene *s, gconstpointer data)
{
    struct iscsi_conn *logins[3];
    for (unsigned i = 0; i < G_N_ELEMENTS(logins); i++) {
        logins[i] = fake_connect(s->fake);
        fake_login_begin(s->fake, logins[i], NULL, 0);
    }
    fake_reverse(s->fake);
    fake_run(s->fake);
    g_assert_false(fake_is_open(s->fake, logins[0]) || fake_is_open(s->fake, logins[1]));
    g_assert_true(fake_is_open(s->fake, logins[2]));
    g_assert_nonnull(logins[2]->session);
}

static void test_answers_are_bounded(struct scene *s, gconstpointer data)
{
    union iscsi_bhs nop = {.any = {.opcode = ISCSI_OP_NOP_OUT | ISCSI_OP_IMMEDIATE,
                                   .flags = ISCSI_FINAL,
                                   .itt = be32(7),
                                   .ttt = be32(ISCSI_NO_TAG)}};
    unsigned taken = 0;
    while (taken < 1000 && fake_pdu(s->fake, s->conn, &nop, NULL, 0, NULL, 0, true))
        taken++;
    g_assert_cmpuint(taken, <, 100);
    fake_run(s->fake);
    g_assert_true(fake_pdu(s->fake, s->conn, &nop, NULL, 0, NULL, 0, true));
}

/* ---- Too slow while others wait ---- */

#define SECOND 1000000000ull

/* A write whose data comes in Data-Out PDUs of one byte, and what was sent of it. */
struct drip {
    union iscsi_bhs pdu;
    uint32_t offset;
};

static struct drip begin_write(struct scene *s, uint32_t itt)
{
    union iscsi_bhs write = command(itt, itt, 0x2a, 0, 8);
    give(s, &write, NULL, 0);
    fake_run(s->fake);
    union iscsi_bhs r2t = expect(s, ISCSI_OP_R2T);
    return (struct drip){
        .pdu = {.data_out = {.opcode = ISCSI_OP_DATA_OUT, .itt = be32(itt), .ttt = r2t.r2t.ttt}}};
}

static void drip(struct scene *s, struct drip *d)
{
    static const uint8_t byte;
    d->pdu.data_out.datasn = d->pdu.data_out.offset = be32(d->offset++);
    give(s, &d->pdu, &byte, 1);
}

static void send_rest(struct scene *s, struct drip *d)
{
    static const uint8_t block[4096];
    d->pdu.data_out.flags = ISCSI_FINAL;
    d->pdu.data_out.datasn = d->pdu.data_out.offset = be32(d->offset);
    give(s, &d->pdu, block, sizeof(block) - d->offset);
    fake_run(s->fake);
}

static void finish_write(struct scene *s, struct drip *d)
{
    send_rest(s, d);
    expect(s, ISCSI_OP_SCSI_RESPONSE);
}

/* One byte each second; false: the connection has been closed. */
static bool drip_for(struct scene *s, struct drip *d, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        fake_pass(s->fake, SECOND);
        if (!fake_is_open(s->fake, s->conn))
            return false;
        drip(s, d);
    }
    return true;
}

static void expect_closed_for(struct scene *s, const char *why)
{
    g_assert_false(fake_is_open(s->fake, s->conn));
    g_assert_nonnull(strstr(s->fake->said, why));
}

/* stall_timeout is 60 s, and a connection is looked at every 7.5 s. */
static void test_slow_writer_while_others_wait(struct scene *s, gconstpointer data)
{
    struct drip d = begin_write(s, 1);
    fake_hinder(s->fake, TGT_DIR_OUT);
    g_assert_true(drip_for(s, &d, 60));
    g_assert_false(drip_for(s, &d, 8));
    expect_closed_for(s, "sends its data too slowly");
}

static void test_slow_writer_alone(struct scene *s, gconstpointer data)
{
    struct drip d = begin_write(s, 1);
    g_assert_true(drip_for(s, &d, 300));
    fake_hinder(s->fake, TGT_DIR_IN);
    g_assert_true(drip_for(s, &d, 300));
}

/* Time counts from when others wait, and anew after a break. */
static void test_slow_writer_while_others_wait_at_times(struct scene *s, gconstpointer data)
{
    struct drip d = begin_write(s, 1);
    g_assert_true(drip_for(s, &d, 100));
    for (unsigned i = 0; i < 5; i++) {
        fake_hinder(s->fake, TGT_DIR_OUT);
        g_assert_true(drip_for(s, &d, 50));
        fake_hinder(s->fake, TGT_DIR_NONE);
        g_assert_true(drip_for(s, &d, 10));
    }
    fake_hinder(s->fake, TGT_DIR_OUT);
    g_assert_false(drip_for(s, &d, 70));
}

/* Others wait all the time, but no command of this one takes long. */
static void test_fast_writer_while_others_wait(struct scene *s, gconstpointer data)
{
    fake_hinder(s->fake, TGT_DIR_OUT);
    for (uint32_t i = 1; i < 20; i += 2) {
        struct drip one = begin_write(s, i), other = begin_write(s, i + 1);
        g_assert_true(drip_for(s, &one, 20));
        finish_write(s, &one);
        g_assert_true(drip_for(s, &other, 20));
        finish_write(s, &other);
    }
}

/* What comes is not read: that is no fault of the peer. */
static void test_writer_that_is_not_read(struct scene *s, gconstpointer data)
{
    struct drip d = begin_write(s, 1);
    fake_hinder(s->fake, TGT_DIR_OUT);
    g_assert_true(drip_for(s, &d, 30));
    iscsi_conn_pause(s->conn, ISCSI_PAUSE_KEPT);
    for (unsigned i = 0; i < 50; i++)
        fake_pass(s->fake, SECOND);
    iscsi_conn_unpause(s->conn, ISCSI_PAUSE_KEPT);
    g_assert_true(drip_for(s, &d, 20));
    g_assert_false(drip_for(s, &d, 30));
}

static void begin_stuck_read(struct scene *s)
{
    union iscsi_bhs read = command(1, 1, 0x28, 0, 8);
    fake_choke(s->fake, true);
    give(s, &read, NULL, 0);
}

static bool is_open_after(struct scene *s, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++)
        fake_pass(s->fake, SECOND);
    return fake_is_open(s->fake, s->conn);
}

static void test_slow_reader_while_others_wait(struct scene *s, gconstpointer data)
{
    begin_stuck_read(s);
    fake_hinder(s->fake, TGT_DIR_IN);
    g_assert_true(is_open_after(s, 60));
    g_assert_false(is_open_after(s, 8));
    expect_closed_for(s, "takes its data too slowly");
}

static void test_slow_reader_while_others_wait_to_write(struct scene *s, gconstpointer data)
{
    begin_stuck_read(s);
    fake_hinder(s->fake, TGT_DIR_OUT);
    g_assert_true(is_open_after(s, 100));
}

/* Time counts from when a command began to wait for what it waits for now. */
static void test_slow_writer_takes_its_answer_slowly(struct scene *s, gconstpointer data)
{
    struct drip d = begin_write(s, 1);
    fake_hinder(s->fake, TGT_DIR_OUT);
    g_assert_true(drip_for(s, &d, 50));
    fake_choke(s->fake, true);
    send_rest(s, &d);
    g_assert_true(is_open_after(s, 59));
    g_assert_false(is_open_after(s, 9));
}

/* It does not wait for its initiator, but for its store. */
static void test_slow_store_while_others_wait(struct scene *s, gconstpointer data)
{
    union iscsi_bhs read = command(1, 1, 0x28, 2, 8);
    give(s, &read, NULL, 0);
    GList *waiting = g_steal_pointer(&s->fake->cmds);
    fake_hinder(s->fake, TGT_DIR_BIDI);
    g_assert_true(is_open_after(s, 100));
    s->fake->cmds = waiting;
    fake_run(s->fake);
}

/* Nobody looks after a connection without tasks. */
static void test_idle_has_no_timer(struct scene *s, gconstpointer data)
{
    union iscsi_bhs bhs = command(1, 1, 0, 0, 0);
    give(s, &bhs, NULL, 0);
    fake_run(s->fake);
    g_assert_cmpuint(s->conn->timers[ISCSI_TIMER_SLOW], !=, 0);
    g_assert_true(is_open_after(s, 8));
    g_assert_cmpuint(s->conn->timers[ISCSI_TIMER_SLOW], ==, 0);
}

/* Many lives of bytes that mean nothing. */
static void test_random(void)
{
    uint8_t data[4096];
    for (unsigned round = 0; round < 3000; round++) {
        for (size_t i = 0; i < sizeof(data); i += 4)
            be_put(data + i, 4, g_random_int());
        drive(data, (size_t)g_random_int_range(1, sizeof(data)));
    }
}

#define ADD(name, text, fn) g_test_add(name, struct scene, text, open_scene, fn, close_scene)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/engine/status-rides-on-data", NULL, test_status_rides_on_data);
    ADD("/engine/numbers-of-both-directions", "MaxBurstLength=512",
        test_numbers_of_both_directions);
    ADD("/engine/ttt-wraps", "MaxBurstLength=512", test_ttt_wraps);
    ADD("/engine/numbers-go-in-when-it-leaves", NULL, test_numbers_go_in_when_it_leaves);
    ADD("/engine/window", NULL, test_window);
    ADD("/engine/window-opens-silently", NULL, test_window_opens_silently);
    ADD("/engine/window-opens-behind-a-pdu", NULL, test_window_opens_behind_a_pdu);
    ADD("/engine/command-waits-for-buffer", NULL, test_command_waits_for_buffer);
    ADD("/engine/no-buffer-at-all", NULL, test_no_buffer_at_all);
    ADD("/engine/lu-reset-waits-for-data", NULL, test_lu_reset_waits_for_data);
    ADD("/engine/abort-task-does-not-wait", NULL, test_abort_task_does_not_wait);
    ADD("/engine/abort-of-an-answered-task", NULL, test_abort_of_an_answered_task);
    ADD("/engine/small-segments", "MaxRecvDataSegmentLength=512", test_small_segments);
    ADD("/engine/newer-session-replaces-older", NULL, test_newer_session_replaces_older);
    ADD("/engine/latest-login-prevails", NULL, test_latest_login_prevails);
    ADD("/engine/answers-are-bounded", NULL, test_answers_are_bounded);
    ADD("/engine/slow/writer", NULL, test_slow_writer_while_others_wait);
    ADD("/engine/slow/writer-alone", NULL, test_slow_writer_alone);
    ADD("/engine/slow/writer-with-breaks", NULL, test_slow_writer_while_others_wait_at_times);
    ADD("/engine/slow/fast-writer", NULL, test_fast_writer_while_others_wait);
    ADD("/engine/slow/writer-that-is-not-read", NULL, test_writer_that_is_not_read);
    ADD("/engine/slow/reader", NULL, test_slow_reader_while_others_wait);
    ADD("/engine/slow/reader-other-direction", NULL, test_slow_reader_while_others_wait_to_write);
    ADD("/engine/slow/writer-then-reader", NULL, test_slow_writer_takes_its_answer_slowly);
    ADD("/engine/slow/store", NULL, test_slow_store_while_others_wait);
    ADD("/engine/slow/idle", NULL, test_idle_has_no_timer);
    g_test_add_func("/engine/random", test_random);
    return g_test_run();
}
