/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tgtadm --mode system. */
#include <string.h>

#include "adm.h"

static bool is_kind(const json_t *plugin, const char *kind)
{
    return g_strcmp0(adm_text(plugin, "kind"), kind) == 0;
}

static void print_drivers(struct adm *adm, const json_t *plugins)
{
    size_t i;
    json_t *p;
    adm_say(adm, "LLDs:\n");
    json_array_foreach(plugins, i, p)
        if (is_kind(p, "transport"))
            adm_say(adm, "    %s: %s\n", adm_text(p, "name"), adm_is_usable(p) ? "ready" : "error");
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

int adm_system_show(struct adm *adm)
{
    int status = LEGACY_OK;
    json_t *system = adm_get(adm, "system.show", NULL, NULL, &status);
    json_t *plugins = system ? adm_get(adm, "plugin.list", NULL, NULL, &status) : NULL;
    if (plugins) {
        adm_say(adm, "System:\n    State: ready\n    debug: %s\n",
                adm_bool(system, "debug") ? "on" : "off");
        print_drivers(adm, plugins);
        print_stores(adm, plugins);
        print_types(adm, plugins);
        adm_say(adm, "iSNS:\n    iSNS=Off\n    iSNSServerIP=\n    iSNSServerPort=3205\n    "
                     "iSNSAccessControl=Off\n");
    }
    json_decref(plugins);
    json_decref(system);
    return status;
}
