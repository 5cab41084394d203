/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode system. */
#include <string.h>

#include "adm.h"

static bool is_kind(const json_t *plugin, const char *kind)
{
    return g_strcmp0(adm_text(plugin, "kind"), kind) == 0;
}

void adm_print_drivers(struct adm *adm, const json_t *plugins, const json_t *targets)
{
    size_t i, k;
    json_t *p, *t;
    adm_say(adm, "LLDs:\n");
    json_array_foreach(plugins, i, p) {
        if (!is_kind(p, "transport"))
            continue;
        adm_say(adm, "    %s: %s\n", adm_text(p, "name"), adm_is_usable(p) ? "ready" : "error");
        if (g_strcmp0(adm_text(p, "name"), "iscsi") != 0)
            continue;
        json_array_foreach(targets, k, t)
            adm_say(adm, "        Target %lld: %s\n", adm_int(t, "tid"), adm_target_name(t));
    }
}

static void print_stores(struct adm *adm, const json_t *plugins)
{
    size_t i;
    json_t *p;
    adm_say(adm, "Backing stores:\n");
    json_array_foreach(plugins, i, p) {
        const char *name = adm_text(p, "name");
        if (is_kind(p, "backing-store") && adm_is_usable(p))
            adm_say(adm, "    %s%s\n", name,
                    strcmp(name, "rdwr") == 0 ? " (bsoflags sync:direct)" : "");
    }
}

static bool provides(const json_t *plugins, const char *word)
{
    size_t i;
    json_t *p;
    json_array_foreach(plugins, i, p) {
        const char *text = adm_text(p, "provides");
        g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);
        if (adm_is_usable(p) && g_strv_contains((const char *const *)words, word))
            return true;
    }
    return false;
}

/* The controller is LUN 0 of every target and needs no plugin. */
static void print_types(struct adm *adm, const json_t *plugins)
{
    static const struct {
        const char *word, *shown;
    } types[] = {
        {"type:disk", "disk"},      {"type:cd", "cd/dvd"},       {"type:osd", "osd"},
        {NULL, "controller"},       {"type:changer", "changer"}, {"type:tape", "tape"},
        {"type:pt", "passthrough"},
    };
    adm_say(adm, "Device types:\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
        if (!types[i].word || provides(plugins, types[i].word))
            adm_say(adm, "    %s\n", types[i].shown);
}

static void print_isns(struct adm *adm, const json_t *isns)
{
    static const struct {
        const char *name, *otherwise;
    } rows[] = {
        {"iSNS", "Off"},
        {"iSNSServerIP", ""},
        {"iSNSServerPort", "3205"},
        {"iSNSAccessControl", "Off"},
    };
    adm_say(adm, "iSNS:\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = adm_text(isns, rows[i].name);
        adm_say(adm, "    %s=%s\n", rows[i].name, value ? value : rows[i].otherwise);
    }
}

static void print(struct adm *adm, const json_t *system, const json_t *plugins)
{
    const char *state = adm_text(system, "state");
    struct rpc_error error = {0};
    json_t *isns = adm_try(adm, "isns.show", NULL, &error);
    adm_say(adm, "System:\n    State: %s\n    debug: %s\n", state ? state : "ready",
            adm_bool(system, "debug") ? "on" : "off");
    adm_print_drivers(adm, plugins, NULL);
    print_stores(adm, plugins);
    print_types(adm, plugins);
    print_isns(adm, isns);
    json_decref(isns);
    rpc_error_clear(&error);
}

int adm_system_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *system = adm_get(adm, "system.show", NULL, NULL, &status);
    json_t *plugins = system ? adm_get(adm, "plugin.list", NULL, NULL, &status) : NULL;
    if (plugins)
        print(adm, system, plugins);
    json_decref(plugins);
    json_decref(system);
    return status;
}

/* tgt's words are those of the methods, but for State, which has a capital letter here only. */
int adm_system_update(struct adm *adm)
{
    bool isns = g_str_has_prefix(adm->key, "iSNS"), state = strcmp(adm->key, "State") == 0;
    if (!isns && !state && strcmp(adm->key, "debug") != 0)
        return adm_error(adm, ADM_ERROR_INVALID);
    json_t *values = json_pack("{s:s}", state ? "state" : adm->key, adm->value);
    return adm_do(adm, isns ? "isns.set" : "system.set", json_pack("{s:o}", "values", values),
                  NULL);
}

/* Answered when the daemon has closed everything, so that the next one can start. */
int adm_system_delete(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *targets = adm_get(adm, "target.list", NULL, NULL, &status);
    bool empty = json_array_size(targets) == 0;
    json_decref(targets);
    if (status != LEGACY_OK)
        return status;
    return empty ? adm_do(adm, "system.shutdown", NULL, NULL) : adm_error(adm, ADM_ERROR_INVALID);
}
