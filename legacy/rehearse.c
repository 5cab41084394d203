/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command without a daemon: its calls are noted down, and answered as if everything was there. */
#include <string.h>

#include "adm.h"
#include "session.h"

struct rehearsal {
    const struct adm *adm;
    json_t *calls;
    bool killed; /* the session has been closed: it is gone from the list */
};

static json_t *sessions(const struct rehearsal *r)
{
    return r->killed ? json_array()
                     : json_pack("[{s:I, s:s, s:s}]", "sid", (json_int_t)r->adm->sid, "initiator",
                                 "", "peer", "");
}

/* A daemon without targets is the one that can be ended, and whose drivers can be stopped. */
static json_t *targets(const struct rehearsal *r)
{
    bool wanted = r->adm->mode == ADM_SESSION || r->adm->mode == ADM_CONNECTION;
    return wanted ? json_pack("[{s:i, s:s, s:o}]", "tid", 1, "name", "", "sessions", sessions(r))
                  : json_array();
}

json_t *rehearsal_answer(struct rehearsal *r, const char *method, json_t *params)
{
    if (!params)
        params = json_object();
    json_array_append_new(r->calls, json_pack("{s:s, s:o}", "method", method, "params", params));
    r->killed = r->killed || strcmp(method, "session.kill") == 0;
    if (strcmp(method, "session.list") == 0)
        return sessions(r);
    if (strcmp(method, "target.list") == 0)
        return targets(r);
    return g_str_has_suffix(method, ".list") ? json_array() : json_object();
}

static int rehearse(struct adm *adm, int argc, char **argv)
{
    int status = adm_parse(adm, argc, argv);
    adm->legacy->driver = g_strdup(adm->lld);
    if (status < 0)
        status = adm_check(adm);
    return status < 0 ? adm_run(adm) : status;
}

json_t *legacy_rehearse(int argc, char **argv, char **port, GString *err)
{
    struct rehearsal r = {.calls = json_array()};
    struct legacy legacy = {.rehearsal = &r};
    g_autoptr(GString) out = g_string_new(NULL);
    struct adm adm = {.legacy = &legacy, .out = out, .err = err};
    r.adm = &adm;
    int status = rehearse(&adm, argc, argv);
    g_free(legacy.driver);
    *port = g_strdup(adm.port);
    if (status == LEGACY_OK)
        return r.calls;
    json_decref(r.calls);
    return NULL;
}
