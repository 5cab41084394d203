/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The security stage without a socket: what the daemon lets no admin set up, and what takes time.
 */
#include <string.h>

#include "../chap.h"
#include "fake-private.h"

#define NAMES      "InitiatorName=iqn.2024-01.org.example:i\0TargetName=iqn.t\0"
#define TEXT(text) text, sizeof(text) - 1

struct scene {
    struct fake *fake;
    struct iscsi_conn *conn;
    char *answer; /* text of the last response, pairs in lines */
    uint16_t status;
    bool transit;
};

static void set_account(struct tgt_account *account, const char *name, const char *secret)
{
    g_strlcpy(account->name, name, sizeof(account->name));
    g_strlcpy(account->secret, secret, sizeof(account->secret));
}

static void open_scene(struct scene *s, gconstpointer data)
{
    s->fake = fake_new();
    set_account(&s->fake->incoming, "joe", "secret of the initiator");
}

static void close_scene(struct scene *s, gconstpointer data)
{
    g_free(s->answer);
    fake_free(s->fake);
}

static void take_response(struct scene *s)
{
    g_autoptr(GBytes) sent = fake_sent(s->fake);
    size_t size;
    g_assert_nonnull(sent);
    const char *at = g_bytes_get_data(sent, &size);
    const struct iscsi_login_response *response = (const void *)at;
    s->status = be16_get(response->status);
    s->transit = response->flags & ISCSI_TRANSIT;
    g_free(s->answer);
    s->answer = g_strndup("", size);
    memcpy(s->answer, at + ISCSI_BHS_LEN, size - ISCSI_BHS_LEN);
    for (size_t i = 0; i + 1 < size - ISCSI_BHS_LEN; i++)
        if (s->answer[i] == '\0')
            s->answer[i] = '\n';
}

/* A request of the security stage that wants to leave it. */
static void request(struct scene *s, const char *text, size_t len)
{
    union iscsi_bhs bhs = {.login_request = {
                               .opcode = ISCSI_OP_LOGIN_REQUEST | ISCSI_OP_IMMEDIATE,
                               .flags = ISCSI_TRANSIT | ISCSI_OPERATIONAL,
                               .isid = {0x80, 1, 2, 3, 4, 5},
                               .cmdsn = be32(1),
                           }};
    g_assert_true(fake_pdu(s->fake, s->conn, &bhs, NULL, 0, text, len, true));
    fake_run(s->fake);
    take_response(s);
}

static char *value_of(const struct scene *s, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(s->answer, "\n", -1);
    for (unsigned i = 0; lines[i]; i++)
        if (g_str_has_prefix(lines[i], key) && lines[i][strlen(key)] == '=')
            return g_strdup(lines[i] + strlen(key) + 1);
    g_error("no %s in %s", key, s->answer);
}

/* Up to the challenge; what goes with the secret is "0x…". */
static char *challenge(struct scene *s, const char *secret)
{
    uint8_t bytes[ISCSI_BINARY_MAX], digest[ISCSI_CHAP_DIGEST_MAX];
    size_t len;
    s->conn = fake_connect(s->fake);
    request(s, TEXT(NAMES "AuthMethod=CHAP\0"));
    g_assert_cmphex(s->status, ==, 0);
    request(s, TEXT("CHAP_A=5,7\0"));
    g_autofree char *id = value_of(s, "CHAP_I"), *text = value_of(s, "CHAP_C");
    g_assert_true(iscsi_binary_parse(text, bytes, &len));
    iscsi_chap_digest(ISCSI_CHAP_SHA256, (uint8_t)atoi(id), secret, bytes, len, digest);
    return iscsi_binary_text(digest, iscsi_chap_digest_size(ISCSI_CHAP_SHA256));
}

/* The whole login with a response that goes with `secret`; `more`: further pairs, "\n" between. */
static void log_in(struct scene *s, const char *secret, const char *more)
{
    g_autofree char *response = challenge(s, secret);
    g_autofree char *text = g_strdup_printf("CHAP_N=joe\nCHAP_R=%s\n%s", response, more);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n')
            text[i] = '\0';
    request(s, text, len);
}

static void test_one_way(struct scene *s, gconstpointer data)
{
    log_in(s, s->fake->incoming.secret, "");
    g_assert_cmphex(s->status, ==, 0);
    g_assert_true(s->transit);
    log_in(s, "another", "");
    g_assert_cmphex(s->status, ==, ISCSI_LOGIN_AUTH_FAILED);
}

static void test_both_ways(struct scene *s, gconstpointer data)
{
    set_account(&s->fake->outgoing, "disk", "secret of the target");
    log_in(s, s->fake->incoming.secret, "CHAP_I=9\nCHAP_C=0x0102\n");
    g_assert_cmphex(s->status, ==, 0);
    g_assert_true(s->transit);
    g_autofree char *name = value_of(s, "CHAP_N");
    g_assert_cmpstr(name, ==, "disk");
}

/* The daemon refuses to bind them; if they are there all the same, nobody gets in (9.2.1). */
static void test_one_secret_in_both_directions(struct scene *s, gconstpointer data)
{
    set_account(&s->fake->outgoing, "disk", s->fake->incoming.secret);
    log_in(s, s->fake->incoming.secret, "CHAP_I=9\nCHAP_C=0x0102\n");
    g_assert_cmphex(s->status, ==, ISCSI_LOGIN_AUTH_FAILED);
}

/* A log that anybody can fill tells nothing. */
static void test_warnings_are_few(struct scene *s, gconstpointer data)
{
    for (unsigned i = 0; i < 50; i++)
        log_in(s, "another", "");
    g_assert_cmpuint(s->fake->warnings, >, 5);
    g_assert_cmpuint(s->fake->warnings, <, 20);
    unsigned before = s->fake->warnings;
    fake_pass(s->fake, 60ull * 1000000000);
    log_in(s, "another", "");
    g_assert_cmpuint(s->fake->warnings, ==, before + 2); /* and how many there were */
}

static void test_warnings_name_who_and_no_secret(struct scene *s, gconstpointer data)
{
    log_in(s, "another", "");
    g_assert_nonnull(strstr(s->fake->warned, "'joe'"));
    g_assert_nonnull(strstr(s->fake->warned, "iqn.2024-01.org.example:i"));
    g_assert_null(strstr(s->fake->warned, s->fake->incoming.secret));
}

#define TEST(name, fn)                                                                             \
    g_test_add("/login-auth/" name, struct scene, NULL, open_scene, fn, close_scene)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("one-way", test_one_way);
    TEST("both-ways", test_both_ways);
    TEST("one-secret-in-both-directions", test_one_secret_in_both_directions);
    TEST("warnings-are-few", test_warnings_are_few);
    TEST("warnings-name-who-and-no-secret", test_warnings_name_who_and_no_secret);
    return g_test_run();
}
