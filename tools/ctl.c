/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers of tgtctl's commands: calls, parameters from the command line, and texts for eyes. */
#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "rpc.h"

enum ctl_exit ctl_wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("tgtctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return CTL_USAGE;
}

/* ---- Calls ---- */

enum ctl_exit ctl_exit_of(int code)
{
    switch (code) {
    case RPC_UNREACHABLE:
    case RPC_LATE:
        return CTL_UNREACHABLE;
    case CORE_ERROR_NOT_FOUND:
        return CTL_NOT_FOUND;
    case CORE_ERROR_EXISTS:
        return CTL_EXISTS;
    case CORE_ERROR_BUSY:
        return CTL_BUSY;
    case CORE_ERROR_PLUGIN:
        return CTL_PLUGIN;
    default:
        return CTL_REFUSED;
    }
}

bool ctl_forgives(const struct ctl *ctl)
{
    return (ctl->status == CTL_EXISTS && args_has(&ctl->args, "if-not-exists")) ||
           (ctl->status == CTL_NOT_FOUND && args_has(&ctl->args, "if-exists"));
}

static void *failed(struct ctl *ctl, struct rpc_error *error)
{
    ctl->status = ctl_exit_of(error->code);
    g_clear_pointer(&ctl->forgiven, g_free);
    if (ctl_forgives(ctl))
        ctl->forgiven = g_strdup(error->message);
    else
        fprintf(stderr, "tgtctl: %s\n", error->message);
    rpc_error_clear(error);
    return NULL;
}

static bool connect_rpc(struct ctl *ctl)
{
    struct rpc_error error = {0};
    if (ctl->rpc)
        return true;
    g_autofree char *path =
        rpc_path(args_value(&ctl->args, "socket"), args_value(&ctl->args, "control-port"));
    ctl->rpc = rpc_open(path, ctl->timeout_s, &error);
    return ctl->rpc || failed(ctl, &error);
}

json_t *ctl_call_telling(struct ctl *ctl, const char *method, json_t *params,
                         void (*fn)(const char *method, const json_t *params, void *data),
                         void *data)
{
    if (!connect_rpc(ctl)) {
        json_decref(params);
        return NULL;
    }
    rpc_on_notification(ctl->rpc, fn, data);
    return ctl_call(ctl, method, params);
}

/* A line for each change: it is as good in a log as for eyes. */
void ctl_print_progress(const char *method, const json_t *params, void *data)
{
    json_int_t asked = ctl_int(params, "asked"), left = ctl_int(params, "left");
    json_int_t seconds = ctl_int(params, "seconds");
    if (asked == 0)
        return;
    fprintf(stderr, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " sessions have gone",
            asked - left, asked);
    if (left > 0 && seconds > 0)
        fprintf(stderr, "; %" JSON_INTEGER_FORMAT " have %" JSON_INTEGER_FORMAT " s to log out",
                left, seconds);
    else if (left > 0)
        fprintf(stderr, "; %" JSON_INTEGER_FORMAT " are being dropped", left);
    fputc('\n', stderr);
}

json_t *ctl_call(struct ctl *ctl, const char *method, json_t *params)
{
    struct rpc_error error = {0};
    if (!connect_rpc(ctl)) {
        json_decref(params);
        return NULL;
    }
    json_t *result = rpc_call(ctl->rpc, method, params, &error);
    return result ? result : failed(ctl, &error);
}

static json_t *ask(struct ctl *ctl, const char *method, json_t *params)
{
    struct rpc_error error = {0};
    json_t *result = rpc_call(ctl->rpc, method, params, &error);
    rpc_error_clear(&error);
    return result;
}

/* Something else may have been in the way: a target's number that is taken. */
json_t *ctl_present(struct ctl *ctl, const char *method, json_t *params)
{
    json_t *object = ask(ctl, method, params);
    if (!object) {
        fprintf(stderr, "tgtctl: %s\n", ctl->forgiven);
        ctl->status = CTL_REFUSED;
    }
    return object;
}

static void dump(const json_t *value, size_t flags)
{
    json_dumpf(value, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    putchar('\n');
}

bool ctl_json(const struct ctl *ctl, json_t *result)
{
    size_t i;
    json_t *element;
    if (!ctl->json)
        return false;
    if (ctl->format == CTL_FORMAT_JSON)
        dump(result, JSON_INDENT(2));
    else if (!json_is_array(result))
        dump(result, JSON_COMPACT);
    else
        json_array_foreach(result, i, element)
            dump(element, JSON_COMPACT);
    json_decref(result);
    return true;
}

void ctl_print(const struct ctl *ctl, struct table *table)
{
    if (ctl->format == CTL_FORMAT_PLAIN)
        table_print_plain(table);
    else
        table_print(table);
}

enum ctl_exit ctl_do(struct ctl *ctl, const char *method, json_t *params)
{
    json_t *result = ctl_call(ctl, method, params);
    if (!result)
        return ctl->status;
    if (!ctl_json(ctl, result))
        json_decref(result);
    return CTL_OK;
}

/* ---- Parameters ---- */

const char *ctl_word(const struct ctl *ctl, guint index)
{
    return args_word(&ctl->args, index + (ctl->command->verb ? 2 : 1));
}

json_t *ctl_target_params(const struct ctl *ctl)
{
    const char *target = ctl_word(ctl, 0);
    return target ? json_pack("{s:s}", "target", target) : json_object();
}

json_t *ctl_lun_params(const struct ctl *ctl)
{
    const char *word = ctl_word(ctl, 0), *slash = strrchr(word, '/');
    guint64 lun;
    if (!slash || slash == word ||
        !g_ascii_string_to_unsigned(slash + 1, 10, 0, G_MAXUINT16, &lun, NULL)) {
        ctl_wrong("'%s' is no logical unit: TARGET/NUMBER is wanted, such as @1/1", word);
        return NULL;
    }
    g_autofree char *target = g_strndup(word, slash - word);
    return json_pack("{s:s, s:i}", "target", target, "lun", (int)lun);
}

bool ctl_put_values(const struct ctl *ctl, json_t *params)
{
    return ctl_put_values_from(ctl, 1, params);
}

bool ctl_put_values_from(const struct ctl *ctl, guint first, json_t *params)
{
    json_t *values = json_object();
    json_object_set_new(params, "values", values);
    for (guint i = first; ctl_word(ctl, i); i++) {
        const char *word = ctl_word(ctl, i), *equals = strchr(word, '=');
        if (!equals || equals == word) {
            ctl_wrong("'%s' is not KEY=VALUE", word);
            return false;
        }
        g_autofree char *key = g_strndup(word, equals - word);
        json_object_set_new(values, key, json_string(equals + 1));
    }
    return true;
}

void ctl_put_options(const struct ctl *ctl, json_t *params)
{
    for (const char *const *name = ctl->command->options; *name; name++) {
        const char *value = args_value(&ctl->args, *name);
        if (!value)
            continue;
        g_autofree char *member = g_strdelimit(g_strdup(*name), "-", '_');
        json_object_set_new(params, member,
                            option_find(*name)->value ? json_string(value) : json_true());
    }
}

void ctl_put_opts(const struct ctl *ctl, json_t *params)
{
    const GPtrArray *given = args_values(&ctl->args, "opt");
    json_t *options = json_array();
    for (guint i = 0; given && i < given->len; i++)
        json_array_append_new(options, json_string(given->pdata[i]));
    json_object_del(params, "opt");
    json_object_set_new(params, "options", options);
}

bool ctl_put_number(const struct ctl *ctl, json_t *params, const char *option)
{
    const char *value = args_value(&ctl->args, option);
    g_autofree char *member = g_strdelimit(g_strdup(option), "-", '_');
    guint64 number;
    if (!value)
        return true;
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT32, &number, NULL)) {
        ctl_wrong("--%s: '%s' is not a number", option, value);
        return false;
    }
    json_object_set_new(params, member, json_integer((json_int_t)number));
    return true;
}

/* ---- Texts ---- */

const char *ctl_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

json_int_t ctl_int(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool ctl_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static void append_word(GString *text, const char *word)
{
    g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "", word);
}

char *ctl_acl_text(const json_t *acl)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(acl, "addresses"), i, rule)
        append_word(text, json_string_value(rule));
    json_array_foreach(json_object_get(acl, "initiators"), i, rule)
        append_word(text, json_string_value(rule));
    return g_string_free(text, FALSE);
}

char *ctl_auth_text(const char *auth, const json_t *accounts)
{
    GString *text = g_string_new(auth);
    bool incoming = false;
    size_t i;
    json_t *a;
    json_array_foreach(accounts, i, a) {
        bool outgoing = ctl_bool(a, "outgoing");
        g_string_append_printf(text, "  %s%s", ctl_text(a, "name"), outgoing ? " (outgoing)" : "");
        incoming |= !outgoing;
    }
    if (strcmp(auth, "chap") == 0 && !incoming)
        g_string_append(text, "  nobody: no incoming account is bound");
    return g_string_free(text, FALSE);
}

char *ctl_lun_state(const json_t *lun)
{
    static const struct {
        const char *member, *word;
    } flags[] = {
        {"read_only", "read-only"}, {"thin", "thin"}, {"removable", "removable"},
        {"stopped", "stopped"},     {"busy", "busy"},
    };
    GString *text = g_string_new(ctl_bool(lun, "online") ? "online" : "offline");
    if (!ctl_bool(lun, "medium"))
        append_word(text, "no-medium");
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
        if (ctl_bool(lun, flags[i].member))
            append_word(text, flags[i].word);
    return g_string_free(text, FALSE);
}
