/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A login under way. */
#ifndef ISCSI_LOGIN_H
#define ISCSI_LOGIN_H

#include "chap.h"
#include "conn.h"
#include "session.h"
#include "text.h"

/* Requests of one login, pieces of text among them (6.2 asks for at least six exchanges). */
#define ISCSI_LOGIN_REQUESTS_MAX 128u

/* What comes next in the security stage of who must be authenticated. */
enum iscsi_auth_step {
    ISCSI_AUTH_METHOD,
    ISCSI_AUTH_ALGORITHM, /* CHAP was agreed on */
    ISCSI_AUTH_RESPONSE,  /* the challenge has been sent */
    ISCSI_AUTH_DONE,
};

#define ISCSI_AUTH_KEYS 5u /* from CHAP_A to CHAP_R in keys.def */

struct iscsi_auth {
    bool required; /* as it was when the names were judged */
    bool chosen;   /* CHAP was agreed on */
    uint8_t step;  /* enum iscsi_auth_step */
    uint8_t id;
    enum iscsi_chap_algorithm algorithm;
    uint8_t challenge[ISCSI_CHAP_CHALLENGE];
    char *user;                         /* whose secret the initiator claims to know */
    const char *given[ISCSI_AUTH_KEYS]; /* values in the request that is being run */
};

/* Gone when full feature phase begins. */
struct iscsi_login {
    struct iscsi_login_request first; /* its ISID, TSIH, CID, ITT and CmdSN are in force (11.12) */
    struct iscsi_text text;
    struct iscsi_negotiation negotiation;
    struct iscsi_target_params wanted;
    struct iscsi_auth auth;
    const char *why;           /* what is wrong, where the status does not say it; constant text */
    GHashTable *unknown;       /* names of keys that are not known, to find duplicates */
    struct tgt_target *target; /* one reference; NULL in discovery sessions */
    char *initiator, *target_name, *session_type, *alias;
    unsigned requests, pairs;
    uint8_t stage;
    bool judged;                 /* names and target have been found good */
    bool declared;               /* our own keys of the operational stage were sent */
    bool evicted;                /* an older session had to go */
    struct iscsi_waiter *waiter; /* for that */
    uint16_t outcome;            /* enum iscsi_login_status of the request that is being run */
    bool redirect_asked;
    struct iscsi_redirect_call *redirect; /* a program is asked; NULL: none */
    char *address;               /* key of discovery sessions */
};

void iscsi_login_new(struct iscsi_conn *c);
void iscsi_login_free(struct iscsi_conn *c);

/* login-request.c: is the header right, on its own and as the next of this login? */
enum iscsi_login_status iscsi_login_check_header(struct iscsi_conn *c);
/* login-keys.c: all pairs of a complete request. */
enum iscsi_login_status iscsi_login_run_keys(struct iscsi_conn *c);
/* Is what is in force at the end of the negotiation acceptable to us? */
enum iscsi_login_status iscsi_login_check_agreed(const struct iscsi_conn *c);
/* login-auth.c: the method and the keys of CHAP as they come, then the step that they make. The
 * request may be one that fetches more of our answer. */
enum iscsi_login_status iscsi_auth_method(struct iscsi_login *login, const char *value);
void iscsi_auth_note(struct iscsi_login *login, const struct iscsi_key *key, const char *value);
enum iscsi_login_status iscsi_auth_run(struct iscsi_conn *c, bool fetching);
/* Nothing more is to be proved. */
bool iscsi_auth_passed(const struct iscsi_login *login);
/* The same by what is asked for now. */
bool iscsi_auth_still_passed(const struct iscsi_login *login);
/* May the login be in this stage, and ask to leave it? */
enum iscsi_login_status iscsi_auth_check_stage(struct iscsi_login *login, bool transit);
/* login-names.c: who wants what? Once, when the first request is complete. */
enum iscsi_login_status iscsi_login_judge_names(struct iscsi_conn *c);
/* The target of the login with one reference, if it may be used. */
enum iscsi_login_status iscsi_login_find_target(const struct iscsi_conn *c,
                                                struct tgt_target **target);
/* login-session.c: make the session; the last answer of the login goes out now or when an older
 * session has ended. */
void iscsi_login_establish(struct iscsi_conn *c);
void iscsi_login_session_key(const struct iscsi_conn *c, struct iscsi_session_key *key);

/* login.c: what has become of the request, now that it is known that the login stays here. */
void iscsi_login_go_on(struct iscsi_conn *c);

/* login-answer.c */
void iscsi_login_fail(struct iscsi_conn *c, enum iscsi_login_status status, const char *why);
/* `address`: with port. */
void iscsi_login_redirect(struct iscsi_conn *c, const char *address, bool permanent);
/* The next piece of text, with the T bit if `transit` and nothing is left to be said. */
void iscsi_login_answer(struct iscsi_conn *c, bool transit);
/* The last answer: full feature phase begins behind it. */
void iscsi_login_answer_final(struct iscsi_conn *c, uint16_t tsih);
const char *iscsi_login_status_text(enum iscsi_login_status status);

#endif
