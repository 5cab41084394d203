/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The security stage: which method, and the steps of CHAP, each in its turn (RFC 7143 6.3.2, 9.2.1,
 * 12.1). */
#include <string.h>

#include "chap.h"
#include "login.h"

#define KEY(name) (1u << (ISCSI_KEY_CHAP_##name - ISCSI_KEY_CHAP_A))

static bool list_has(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1);
    return g_strv_contains((const char *const *)words, word);
}

static enum iscsi_login_status refuse(struct iscsi_login *login, enum iscsi_login_status status,
                                      const char *why)
{
    login->why = why;
    return status;
}

/* ---- What comes in a request ---- */

/* Who must be authenticated is served by CHAP only, and others by None, which is no method at all:
 * nobody has an account there. */
enum iscsi_login_status iscsi_auth_method(struct iscsi_login *login, const char *value)
{
    const char *method = login->auth.required ? "CHAP" : "None";
    if (login->stage != ISCSI_SECURITY) {
        iscsi_text_put(&login->text, "AuthMethod", "Reject");
        return ISCSI_LOGIN_SUCCESS;
    }
    if (!list_has(value, method))
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED,
                      login->auth.required ? "the initiator does not offer CHAP"
                                           : "the initiator does not offer to go without "
                                             "authentication, and no account is asked for here");
    login->auth.chosen = login->auth.required;
    iscsi_text_put(&login->text, "AuthMethod", method);
    return ISCSI_LOGIN_SUCCESS;
}

void iscsi_auth_note(struct iscsi_login *login, const struct iscsi_key *key, const char *value)
{
    login->auth.given[iscsi_key_id(key) - ISCSI_KEY_CHAP_A] = value;
}

static const char *given(const struct iscsi_login *login, enum iscsi_key_id id)
{
    return login->auth.given[id - ISCSI_KEY_CHAP_A];
}

static unsigned given_set(const struct iscsi_login *login)
{
    unsigned set = 0;
    for (unsigned i = 0; i < ISCSI_AUTH_KEYS; i++)
        set |= login->auth.given[i] ? 1u << i : 0;
    return set;
}

/* ---- CHAP_A: an algorithm is chosen, and the challenge goes out ---- */

static enum iscsi_login_status send_challenge(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    struct iscsi_auth *auth = &login->auth;
    if (!iscsi_random(&auth->id, 1) ||
        !iscsi_chap_challenge(c->thread->engine->chap_key, auth->challenge))
        return refuse(login, ISCSI_LOGIN_OUT_OF_RESOURCES, "the system has no random numbers");
    g_autofree char *challenge = iscsi_binary_text(auth->challenge, sizeof(auth->challenge));
    iscsi_text_put_number(&login->text, "CHAP_A", auth->algorithm);
    iscsi_text_put_number(&login->text, "CHAP_I", auth->id);
    iscsi_text_put(&login->text, "CHAP_C", challenge);
    auth->step = ISCSI_AUTH_RESPONSE;
    return ISCSI_LOGIN_SUCCESS;
}

static enum iscsi_login_status take_algorithm(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    const char *list = given(login, ISCSI_KEY_CHAP_A);
    if (!list)
        return ISCSI_LOGIN_MISSING_PARAMETER;
    if (!iscsi_chap_choose(list, login->wanted.auth.weakest, &login->auth.algorithm))
        return refuse(login, ISCSI_LOGIN_INITIATOR_ERROR, "CHAP_A is no list of numbers");
    if (!login->auth.algorithm)
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED,
                      "the initiator offers no algorithm that chap_weakest lets pass");
    return send_challenge(c);
}

/* ---- CHAP_N, CHAP_R: the initiator proves who it is ---- */

/* What came in the second step. */
struct response {
    uint8_t digest[ISCSI_BINARY_MAX];
    size_t len;
    bool mutual; /* with the rest: prove who you are, too */
    uint32_t id;
    uint8_t challenge[ISCSI_BINARY_MAX];
    size_t challenge_len;
};

static enum iscsi_login_status parse_response(struct iscsi_login *login, struct response *r)
{
    const char *name = given(login, ISCSI_KEY_CHAP_N), *digest = given(login, ISCSI_KEY_CHAP_R);
    const char *id = given(login, ISCSI_KEY_CHAP_I), *challenge = given(login, ISCSI_KEY_CHAP_C);
    if (!name || !digest || !id != !challenge)
        return ISCSI_LOGIN_MISSING_PARAMETER;
    r->mutual = id != NULL;
    login->auth.user = g_strdup(name);
    if (!iscsi_binary_parse(digest, r->digest, &r->len))
        return ISCSI_LOGIN_INITIATOR_ERROR;
    if (r->mutual && (!iscsi_number_parse(id, &r->id) || r->id > UINT8_MAX ||
                      !iscsi_binary_parse(challenge, r->challenge, &r->challenge_len)))
        return ISCSI_LOGIN_INITIATOR_ERROR;
    return ISCSI_LOGIN_SUCCESS;
}

/* Is the response the one that goes with this secret? */
static bool matches(const struct iscsi_auth *auth, const char *secret, const struct response *r)
{
    uint8_t digest[ISCSI_CHAP_DIGEST_MAX];
    size_t size = iscsi_chap_digest_size(auth->algorithm);
    iscsi_chap_digest(auth->algorithm, auth->id, secret, auth->challenge, sizeof(auth->challenge),
                      digest);
    bool same = iscsi_chap_equal(digest, r->digest, size) & (r->len == size);
    explicit_bzero(digest, sizeof(digest));
    return same;
}

/* A name that nobody has is worked on as any other: neither answer nor time tells the peer which
 * names there are. The log may. */
static enum iscsi_login_status check_initiator(struct iscsi_login *login, const struct response *r)
{
    struct tgt_account account;
    bool known = tgt_auth_find(login->target, login->auth.user, &account);
    bool same = matches(&login->auth, known ? account.secret : "nobody's secret", r);
    explicit_bzero(&account, sizeof(account));
    if (known && same)
        return ISCSI_LOGIN_SUCCESS;
    return refuse(login, ISCSI_LOGIN_AUTH_FAILED,
                  known ? "the secret is wrong" : "no such account is bound here");
}

/* ---- CHAP_I, CHAP_C: we prove who we are ---- */

static void send_response(struct iscsi_login *login, const struct tgt_account *account,
                          const struct response *r)
{
    uint8_t digest[ISCSI_CHAP_DIGEST_MAX];
    enum iscsi_chap_algorithm algorithm = login->auth.algorithm;
    iscsi_chap_digest(algorithm, (uint8_t)r->id, account->secret, r->challenge, r->challenge_len,
                      digest);
    g_autofree char *text = iscsi_binary_text(digest, iscsi_chap_digest_size(algorithm));
    iscsi_text_put(&login->text, "CHAP_N", account->name);
    iscsi_text_put(&login->text, "CHAP_R", text);
}

/* 9.2.1: no challenge may come back to who made it, and no secret may serve both directions.
 *
 * The standard leaves it to the initiator whether it asks us. An admin who binds an outgoing
 * account wants it asked, though: an initiator that does not would talk to any other machine as
 * well, and its admin would never know. chap_mutual=optional lets it
 * pass. */
static enum iscsi_login_status answer(struct iscsi_conn *c, const struct tgt_account *outgoing,
                                      const struct response *r)
{
    struct iscsi_login *login = c->login;
    if (*outgoing->secret && matches(&login->auth, outgoing->secret, r))
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED, "one secret serves both directions");
    if (!r->mutual && *outgoing->secret && login->wanted.auth.mutual)
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED,
                      "the initiator does not ask the target to prove who it is, which "
                      "chap_mutual=optional would let pass");
    if (!r->mutual)
        return ISCSI_LOGIN_SUCCESS;
    if (iscsi_chap_is_ours(c->thread->engine->chap_key, r->challenge, r->challenge_len))
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED, "the initiator sends our challenge back");
    if (!*outgoing->secret)
        return refuse(login, ISCSI_LOGIN_AUTH_FAILED,
                      "the initiator asks the target to prove who it is, but no outgoing account "
                      "is bound");
    send_response(login, outgoing, r);
    return ISCSI_LOGIN_SUCCESS;
}

static enum iscsi_login_status take_response(struct iscsi_conn *c)
{
    struct iscsi_login *login = c->login;
    struct response r = {0};
    struct tgt_account outgoing;
    enum iscsi_login_status status = parse_response(login, &r);
    if (status == ISCSI_LOGIN_SUCCESS)
        status = check_initiator(login, &r);
    if (status != ISCSI_LOGIN_SUCCESS)
        return status;
    tgt_auth_find(login->target, NULL, &outgoing);
    status = answer(c, &outgoing, &r);
    explicit_bzero(&outgoing, sizeof(outgoing));
    if (status == ISCSI_LOGIN_SUCCESS)
        login->auth.step = ISCSI_AUTH_DONE;
    return status;
}

/* ---- Steps ---- */

/* Keys that each step takes. */
static const unsigned allowed[] = {
    [ISCSI_AUTH_METHOD] = 0,
    [ISCSI_AUTH_ALGORITHM] = KEY(A),
    [ISCSI_AUTH_RESPONSE] = KEY(N) | KEY(R) | KEY(I) | KEY(C),
    [ISCSI_AUTH_DONE] = 0,
};

static enum iscsi_login_status run_step(struct iscsi_conn *c)
{
    struct iscsi_auth *auth = &c->login->auth;
    if (given_set(c->login) & ~allowed[auth->step])
        return refuse(c->login, ISCSI_LOGIN_INITIATOR_ERROR, "a step of CHAP out of its turn");
    switch (auth->step) {
    case ISCSI_AUTH_ALGORITHM:
        return take_algorithm(c);
    case ISCSI_AUTH_RESPONSE:
        return take_response(c);
    case ISCSI_AUTH_METHOD:
        auth->step = auth->chosen ? ISCSI_AUTH_ALGORITHM : ISCSI_AUTH_METHOD;
        return ISCSI_LOGIN_SUCCESS;
    default:
        return ISCSI_LOGIN_SUCCESS;
    }
}

enum iscsi_login_status iscsi_auth_run(struct iscsi_conn *c, bool fetching)
{
    if (fetching && !given_set(c->login))
        return ISCSI_LOGIN_SUCCESS;
    enum iscsi_login_status status = run_step(c);
    memset(c->login->auth.given, 0, sizeof(c->login->auth.given));
    return status;
}

bool iscsi_auth_passed(const struct iscsi_login *login)
{
    return !login->auth.required || login->auth.step == ISCSI_AUTH_DONE;
}

bool iscsi_auth_still_passed(const struct iscsi_login *login)
{
    return login->auth.step == ISCSI_AUTH_DONE || !tgt_auth_required(login->target);
}

/* 6.3: who begins with the operational stage, or wants to leave the security stage without any
 * method, does not want to be authenticated. */
enum iscsi_login_status iscsi_auth_check_stage(struct iscsi_login *login, bool transit)
{
    bool begun = login->auth.step != ISCSI_AUTH_METHOD;
    if (iscsi_auth_passed(login) || (login->stage == ISCSI_SECURITY && (begun || !transit)))
        return ISCSI_LOGIN_SUCCESS;
    return refuse(login, ISCSI_LOGIN_AUTH_FAILED, "the initiator does not authenticate itself");
}
