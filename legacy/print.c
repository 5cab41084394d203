/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listings of tgtadm, byte for byte as tgt prints them: programs parse indentation, order and
 * words. */
#include <string.h>

#include "adm.h"

const char *adm_target_name(const json_t *target)
{
    const char *given = adm_text(target, "given");
    return given ? given : adm_text(target, "name");
}

static const char *yes(bool value)
{
    return value ? "Yes" : "No";
}

char *adm_address(const char *peer)
{
    const char *colon = peer ? strrchr(peer, ':') : NULL;
    if (!colon)
        return g_strdup(peer ? peer : "unknown");
    if (peer[0] == '[' && colon - peer >= 2)
        return g_strndup(peer + 1, colon - peer - 2);
    return g_strndup(peer, colon - peer);
}

static void print_nexuses(struct adm *adm, const json_t *sessions)
{
    size_t i;
    json_t *s;
    adm_say(adm, "    I_T nexus information:\n");
    json_array_foreach(sessions, i, s) {
        const char *alias = adm_text(s, "alias");
        g_autofree char *address = adm_address(adm_text(s, "peer"));
        adm_say(adm, "        I_T nexus: %lld\n", adm_int(s, "sid"));
        adm_say(adm, "            Initiator: %s alias: %s\n", adm_text(s, "initiator"),
                alias && *alias ? alias : "none");
        adm_say(adm, "            Connection: 0\n");
        adm_say(adm, "                IP Address: %s\n", address);
    }
}

static bool has_option(const json_t *lun, const char *name)
{
    size_t i;
    json_t *option;
    json_array_foreach(json_object_get(lun, "options"), i, option) {
        g_auto(GStrv) parts = g_strsplit(json_string_value(option), "=", 2);
        static const char *const on[] = {"1", "on", "yes", "true", NULL};
        if (parts[0] && strcmp(parts[0], name) == 0 && (!parts[1] || g_strv_contains(on, parts[1])))
            return true;
    }
    return false;
}

static const char *flags_of(const json_t *lun)
{
    bool sync = has_option(lun, "sync"), direct = has_option(lun, "direct");
    return sync && direct ? "sync:direct" : sync ? "sync" : direct ? "direct" : "";
}

static char *scsi_id_of(const json_t *lun)
{
    const char *id = adm_text(lun, "scsi_id"), *vendor = adm_text(lun, "vendor"),
               *serial = adm_text(lun, "serial");
    return id ? g_strdup(id)
              : g_strdup_printf("%-8s%s", vendor ? vendor : "", serial ? serial : "");
}

static const char *type_of(const json_t *lun)
{
    const char *type = adm_text(lun, "type");
    return g_strcmp0(type, "cd") == 0 ? "cd/dvd" : type;
}

/* Millions of bytes, rounded. */
static long long megabytes(long long bytes)
{
    return bytes / 1000000 + (bytes % 1000000 >= 500000);
}

static void print_block(struct adm *adm, long long number, const char *type, const char *id,
                        const char *serial, long long size, long long block_size, const json_t *lun)
{
    const char *bs = lun ? adm_text(lun, "bs") : "null", *path = adm_text(lun, "path");
    adm_say(adm,
            "        LUN: %lld\n"
            "            Type: %s\n"
            "            SCSI ID: %s\n"
            "            SCSI SN: %s\n"
            "            Size: %lld MB, Block size: %lld\n"
            "            Online: %s\n"
            "            Removable media: %s\n"
            "            Prevent removal: %s\n"
            "            Readonly: %s\n"
            "            SWP: %s\n"
            "            Thin-provisioning: %s\n"
            "            Backing store type: %s\n"
            "            Backing store path: %s\n"
            "            Backing store flags: %s\n",
            number, type, id, serial, megabytes(size), block_size,
            yes(!lun || (adm_bool(lun, "online") && adm_bool(lun, "medium"))),
            yes(adm_bool(lun, "removable")), yes(adm_bool(lun, "prevented")),
            yes(adm_bool(lun, "read_only")), yes(adm_bool(lun, "swp")), yes(adm_bool(lun, "thin")),
            bs ? bs : "rdwr", path ? path : "None", flags_of(lun));
}

void adm_print_lun(struct adm *adm, const json_t *lun)
{
    g_autofree char *id = scsi_id_of(lun);
    const char *serial = adm_text(lun, "serial");
    print_block(adm, adm_int(lun, "lun"), type_of(lun), id, serial ? serial : "",
                adm_int(lun, "size"), adm_int(lun, "block_size"), lun);
}

static void print_controller(struct adm *adm, long long tid)
{
    g_autofree char *id = g_strdup_printf("IET     %04llx%04x", tid, 0);
    g_autofree char *serial = g_strdup_printf("beaf%lld%d", tid, 0);
    print_block(adm, 0, "controller", id, serial, 0, 1, NULL);
}

/* LUN 0 of a target that tgtadm made: tgt has a controller there, and programs count on it. */
bool adm_has_controller(const json_t *target)
{
    const json_t *luns = json_object_get(target, "luns");
    bool zero = json_array_size(luns) > 0 && adm_int(json_array_get(luns, 0), "lun") == 0;
    return !zero && adm_bool(target, "legacy");
}

static void print_luns(struct adm *adm, const json_t *target)
{
    size_t i;
    const json_t *luns = json_object_get(target, "luns");
    json_t *lun;
    adm_say(adm, "    LUN information:\n");
    if (adm_has_controller(target))
        print_controller(adm, adm_int(target, "tid"));
    json_array_foreach(luns, i, lun)
        adm_print_lun(adm, lun);
}

static void print_rules(struct adm *adm, const json_t *rules)
{
    size_t i;
    json_t *rule;
    json_array_foreach(rules, i, rule) {
        const char *text = json_string_value(rule);
        adm_say(adm, "        %s\n", g_ascii_strcasecmp(text, "all") == 0 ? "ALL" : text);
    }
}

static void print_accounts(struct adm *adm, const json_t *accounts)
{
    size_t i;
    json_t *account;
    adm_say(adm, "    Account information:\n");
    json_array_foreach(accounts, i, account)
        adm_say(adm, "        %s%s\n", adm_text(account, "name"),
                adm_bool(account, "outgoing") ? " (outgoing)" : "");
}

/* Only where it was set on the target itself. */
static void print_nop(struct adm *adm, const json_t *target)
{
    const json_t *params = json_object_get(json_object_get(target, "params"), "iscsi");
    const char *interval = adm_text(params, "nop_interval"), *count = adm_text(params, "nop_count");
    if (interval && strcmp(interval, "0") != 0)
        adm_say(adm, "        Nop interval: %s\n", interval);
    if (count && strcmp(count, "0") != 0)
        adm_say(adm, "        Nop count: %s\n", count);
}

void adm_print_target(struct adm *adm, const json_t *target)
{
    const json_t *acl = json_object_get(target, "acl");
    adm_say(adm, "Target %lld: %s\n", adm_int(target, "tid"), adm_target_name(target));
    adm_say(adm, "    System information:\n        Driver: iscsi\n        State: %s\n",
            adm_text(target, "state"));
    print_nop(adm, target);
    print_nexuses(adm, json_object_get(target, "sessions"));
    print_luns(adm, target);
    print_accounts(adm, json_object_get(target, "accounts"));
    adm_say(adm, "    ACL information:\n");
    print_rules(adm, json_object_get(acl, "addresses"));
    print_rules(adm, json_object_get(acl, "initiators"));
}
