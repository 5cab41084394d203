/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers of Login Requests: versions, stages, and what must not change during a login (RFC
 * 7143 11.12). */
#include <string.h>

#include "login.h"

static bool same_login(const struct iscsi_login_request *a, const struct iscsi_login_request *b)
{
    return memcmp(a->isid, b->isid, sizeof(a->isid)) == 0 &&
           be16_get(a->tsih) == be16_get(b->tsih) && be32_get(a->itt) == be32_get(b->itt) &&
           be16_get(a->cid) == be16_get(b->cid);
}

/* 6.3: from security to the operational stage or to full feature phase, and from the operational
 * stage there. */
static bool stages_valid(const struct iscsi_conn *c, uint8_t flags)
{
    uint8_t current = flags >> 2 & 3, next = flags & 3;
    bool transit = flags & ISCSI_TRANSIT;
    if (current > ISCSI_OPERATIONAL || current != c->login->stage)
        return false;
    if (!transit)
        return true;
    return !(flags & ISCSI_CONTINUE) && next > current && next != 2;
}

enum iscsi_login_status iscsi_login_check_header(struct iscsi_conn *c)
{
    const struct iscsi_login_request *request = &c->rx.bhs.login_request;
    if (request->version_min > 0)
        return ISCSI_LOGIN_VERSION; /* 0 is the only version there is */
    if (!same_login(request, &c->login->first) || !stages_valid(c, request->flags))
        return ISCSI_LOGIN_INITIATOR_ERROR;
    if (++c->login->requests > ISCSI_LOGIN_REQUESTS_MAX)
        return ISCSI_LOGIN_INITIATOR_ERROR;
    return ISCSI_LOGIN_SUCCESS;
}
