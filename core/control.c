/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON-RPC 2.0 over the tables of methods: finds the method, checks the parameters against its
 * table, replies. */
#include "control-method.h"

#include <string.h>

#include "control-client.h"
#include "daemon.h"
#include "log.h"
#include "plugin.h"

/* Errors of the protocol itself (JSON-RPC 2.0, 5.1); those of methods are enum core_error. */
enum {
    RPC_PARSE = -32700,
    RPC_REQUEST = -32600,
    RPC_METHOD = -32601,
    RPC_PARAMS = -32602,
};

/* Of a name that a client made up, no more than this is repeated. */
#define NAME_SHOWN 64

#define RPC_ERROR (g_quark_from_static_string("tgt-rpc-error"))

/* One request on its way. Owned by the method until it ends it. */
struct control_call {
    struct control_client *client;
    json_t *id; /* NULL: a notification, which gets no reply */
    const char *about;
    const char *change;      /* name of the method, if it changes something */
    struct client_hook hook; /* registered if it has a function */
    bool changes;            /* its success is a change of the configuration */
};

static void rpc_methods(struct control_call *call, const json_t *params);

static const struct control_method rpc[] = {
    {"rpc.methods", "List all methods with their parameters", true, rpc_methods, {{0}}},
    {0},
};

static const struct control_method *const families[] = {
    rpc,
    control_account_methods,
    control_acl_methods,
    control_isns_methods,
    control_config_methods,
    control_log_methods,
    control_lun_methods,
    control_map_methods,
    control_plugin_methods,
    control_portal_methods,
    control_session_methods,
    control_stats_methods,
    control_system_methods,
    control_target_methods,
};

static const char *kind_of(const GError *error)
{
    static const struct {
        int code;
        const char *kind;
    } kinds[] = {
        {RPC_PARSE, "parse"},
        {RPC_REQUEST, "request"},
        {RPC_METHOD, "method"},
        {RPC_PARAMS, "params"},
        {CORE_ERROR_INVALID, "invalid"},
        {CORE_ERROR_NOT_FOUND, "not-found"},
        {CORE_ERROR_EXISTS, "exists"},
        {CORE_ERROR_BUSY, "busy"},
        {CORE_ERROR_PLUGIN, "plugin"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].code == error->code)
            return kinds[i].kind;
    return "failed";
}

/* Errors of other domains (GFileError, …) have codes of their own. */
static int code_of(const GError *error)
{
    return error->domain == CORE_ERROR || error->domain == RPC_ERROR ? error->code
                                                                     : CORE_ERROR_FAILED;
}

static void call_end(struct control_call *call, const char *member, json_t *value)
{
    json_t *line = NULL;
    if (call->hook.fn)
        client_hook_remove(call->client, &call->hook);
    if (call->id)
        line = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", call->id, member, value);
    else
        json_decref(value);
    client_reply(call->client, line);
    json_decref(call->id);
    g_free(call);
}

void control_reply(struct control_call *call, json_t *result)
{
    if (call->changes)
        daemon_get()->generation++;
    call_end(call, "result", result ? result : json_object());
}

void control_fail(struct control_call *call, GError *error)
{
    g_autofree char *text = g_utf8_make_valid(error->message, -1);
    if (call->change) /* clients like tgtadm do not pass on why */
        log_notice("control: %s is refused: %s", call->change, text);
    error->code = code_of(error);
    json_t *data = json_pack("{s:s}", "kind", kind_of(error));
    control_put(data, "object", call->about);
    json_t *value =
        json_pack("{s:i, s:s, s:o}", "code", error->code, "message", text, "data", data);
    g_error_free(error);
    call_end(call, "error", value);
}

void control_end(struct control_call *call, GError *error)
{
    if (error)
        control_fail(call, error);
    else
        control_reply(call, NULL);
}

bool control_notify(struct control_call *call, const char *method, json_t *params)
{
    json_t *line =
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);
    return client_note(call->client, line);
}

void control_on_gone(struct control_call *call, void (*fn)(void *data), void *data)
{
    call->hook = (struct client_hook){fn, data};
    client_hook_add(call->client, &call->hook);
}

void control_about(struct control_call *call, const char *object)
{
    call->about = object;
}

static const struct control_method *find_method(const char *name)
{
    for (unsigned f = 0; f < G_N_ELEMENTS(families); f++)
        for (const struct control_method *m = families[f]; m->name; m++)
            if (strcmp(m->name, name) == 0)
                return m;
    return NULL;
}

static bool unknown_method(const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned f = 0; f < G_N_ELEMENTS(families); f++)
        for (const struct control_method *m = families[f]; m->name; m++)
            g_ptr_array_add(names, (gpointer)m->name);
    g_ptr_array_add(names, NULL);
    const char *near =
        strlen(name) < NAME_SHOWN ? suggest(name, (const char *const *)names->pdata) : NULL;
    g_autofree char *hint = near ? g_strdup_printf("; did you mean '%s'?", near) : g_strdup("");
    g_set_error(error, RPC_ERROR, RPC_METHOD, "there is no method '%.*s'%s", NAME_SHOWN, name,
                hint);
    return false;
}

static const struct control_param *find_param(const struct control_method *m, const char *name)
{
    for (const struct control_param *p = m->params; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static uint64_t max_of(const struct control_param *p)
{
    return p->max ? p->max : UINT32_MAX;
}

static bool all_strings(const json_t *value)
{
    size_t i;
    json_t *element;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, element)
        if (!json_is_string(element))
            return false;
    return true;
}

static bool map_of_strings(json_t *value)
{
    const char *key;
    json_t *element;
    if (!json_is_object(value))
        return false;
    json_object_foreach(value, key, element)
        if (!json_is_string(element))
            return false;
    return true;
}

static bool fits(const struct control_param *p, json_t *value)
{
    switch (p->type) {
    case CONTROL_STRING:
        return json_is_string(value);
    case CONTROL_UINT:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               (uint64_t)json_integer_value(value) <= max_of(p);
    case CONTROL_BOOL:
        return json_is_boolean(value);
    case CONTROL_STRINGS:
        return all_strings(value);
    case CONTROL_MAP:
        return map_of_strings(value);
    default:
        return false;
    }
}

static const char *type_name(enum control_type type)
{
    static const char *const names[] = {"",
#define X(name, word) word,
                                        CONTROL_TYPE_LIST(X)
#undef X
    };
    return names[type];
}

static bool misfit(const struct control_param *p, GError **error)
{
    if (p->type == CONTROL_UINT)
        g_set_error(error, RPC_ERROR, RPC_PARAMS,
                    "'%s' must be a number from 0 to %" G_GUINT64_FORMAT, p->name, max_of(p));
    else
        g_set_error(error, RPC_ERROR, RPC_PARAMS, "'%s' must be of type %s", p->name,
                    type_name(p->type));
    return false;
}

static bool check_params(const struct control_method *m, json_t *params, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach(params, name, value) {
        const struct control_param *p = find_param(m, name);
        if (p && !fits(p, value))
            return misfit(p, error);
        if (p)
            continue;
        g_set_error(error, RPC_ERROR, RPC_PARAMS, "%s has no parameter '%.*s'", m->name, NAME_SHOWN,
                    name);
        return false;
    }
    for (const struct control_param *p = m->params; p->name; p++) {
        if (!p->required || json_object_get(params, p->name))
            continue;
        g_set_error(error, RPC_ERROR, RPC_PARAMS, "%s needs the parameter '%s'", m->name, p->name);
        return false;
    }
    return true;
}

static const struct control_method *check(const struct control_client *client, const char *name,
                                          json_t *params, GError **error)
{
    const struct control_method *m = find_method(name);
    if (!m)
        return unknown_method(name, error), NULL;
    if (client_is_read_only(client) && !m->read_only && !(m->report && client_may_report(client))) {
        g_set_error(error, CORE_ERROR, CORE_ERROR_INVALID,
                    "%s changes things: not on the read-only socket", name);
        return NULL;
    }
    return check_params(m, params, error) ? m : NULL;
}

static bool is_request(const json_t *request)
{
    const json_t *id = json_object_get(request, "id"), *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    return version && strcmp(version, "2.0") == 0 &&
           json_is_string(json_object_get(request, "method")) &&
           (!id || json_is_string(id) || json_is_integer(id) || json_is_null(id)) &&
           (!params || json_is_object(params));
}

static void run_request(struct control_call *call, const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "method"));
    json_t *params = json_object_get(request, "params"), *none = NULL;
    GError *error = NULL;
    if (!params)
        params = none = json_object();
    const struct control_method *m = check(call->client, name, params, &error);
    if (m && !m->read_only) {
        log_info("control: %s", name);
        call->change = m->name;
    }
    call->changes = m && !m->read_only && !m->keeps && !m->report;
    if (m)
        m->fn(call, params);
    else
        control_fail(call, error);
    json_decref(none);
}

static struct control_call *call_new(struct control_client *client, json_t *id)
{
    struct control_call *call = g_new0(struct control_call, 1);
    call->client = client;
    call->id = json_incref(id);
    client_call_begin(client);
    return call;
}

/* What cannot be understood is answered with a null id (JSON-RPC 2.0, 5). */
static void refuse(struct control_client *client, int code, const char *what)
{
    json_t *id = json_null();
    control_fail(call_new(client, id), g_error_new(RPC_ERROR, code, "%s", what));
    json_decref(id);
}

void control_run(struct control_client *client, const char *line, size_t len)
{
    json_error_t why;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!request)
        refuse(client, RPC_PARSE, why.text);
    else if (!is_request(request))
        refuse(client, RPC_REQUEST,
               "not a JSON-RPC 2.0 request: jsonrpc, method, params (an object) and id are wanted");
    else
        run_request(call_new(client, json_object_get(request, "id")), request);
    json_decref(request);
}

const char *control_text(const json_t *params, const char *name)
{
    return json_string_value(json_object_get(params, name));
}

uint64_t control_uint(const json_t *params, const char *name)
{
    return json_integer_value(json_object_get(params, name));
}

bool control_bool(const json_t *params, const char *name)
{
    return json_is_true(json_object_get(params, name));
}

char **control_strings(const json_t *params, const char *name)
{
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    size_t i;
    json_t *element;
    json_array_foreach(json_object_get(params, name), i, element)
        g_strv_builder_add(list, json_string_value(element));
    return g_strv_builder_end(list);
}

void control_put(json_t *object, const char *name, const char *text)
{
    if (!text)
        return;
    if (g_utf8_validate(text, -1, NULL)) {
        json_object_set_new_nocheck(object, name, json_string_nocheck(text));
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_object_set_new(object, name, json_string(valid));
}

static json_t *describe_param(const struct control_param *p)
{
    json_t *o = json_pack("{s:s, s:s, s:b, s:s}", "name", p->name, "type", type_name(p->type),
                          "required", p->required, "help", p->help);
    if (p->type == CONTROL_UINT)
        json_object_set_new(o, "max", json_integer(max_of(p)));
    return o;
}

static json_t *describe_method(const struct control_method *m)
{
    json_t *params = json_array();
    for (const struct control_param *p = m->params; p->name; p++)
        json_array_append_new(params, describe_param(p));
    return json_pack("{s:s, s:s, s:b, s:o}", "name", m->name, "summary", m->summary, "read_only",
                     m->read_only, "params", params);
}

static void rpc_methods(struct control_call *call, const json_t *params)
{
    json_t *list = json_array();
    for (unsigned f = 0; f < G_N_ELEMENTS(families); f++)
        for (const struct control_method *m = families[f]; m->name; m++)
            json_array_append_new(list, describe_method(m));
    control_reply(call, list);
}
