/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon serves, as targets.conf. The layout is tgt's, which people edit with sed; what it
 * cannot say stands in blocks, so that the file gives the same targets again. */
#include <stdio.h>
#include <string.h>

#include "admin-run.h"

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static long long integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* Blanks and quotes at both ends would be lost. */
static bool wants_quotes(const char *value)
{
    return *value == '\0' || strchr(" \t\"", *value) || strchr(" \t\"", value[strlen(value) - 1]);
}

/* In targets.conf a # begins a comment, and a backslash is for such signs. */
static char *escaped(const char *value)
{
    g_autoptr(GString) s = g_string_new(value);
    g_string_replace(s, "\\", "\\\\", 0);
    g_string_replace(s, "#", "\\#", 0);
    return wants_quotes(value) ? g_strdup_printf("\"%s\"", s->str) : g_strdup(s->str);
}

static void print_option(const char *indent, const char *key, const char *value)
{
    g_autofree char *shown = escaped(value);
    printf("%s%s %s\n", indent, key, shown);
}

/* ---- Logical units ---- */

static bool is_plain(const json_t *lun)
{
    return strcmp(text(lun, "bs"), "rdwr") == 0 && strcmp(text(lun, "type"), "disk") == 0 &&
           integer(lun, "block_size") == 512;
}

/* Numbers go by the order of the paths. */
static bool keeps_number(const json_t *luns, size_t i)
{
    const json_t *lun = json_array_get(luns, i), *next = json_array_get(luns, i + 1);
    return integer(lun, "lun") == (long long)i + 1 &&
           (!next || strcmp(text(lun, "path"), text(next, "path")) < 0);
}

static bool all_plain(const json_t *luns)
{
    for (size_t i = 0; i < json_array_size(luns); i++)
        if (!is_plain(json_array_get(luns, i)) || !keeps_number(luns, i))
            return false;
    return true;
}

/* The name of a block knows no backslashes. */
static bool fits_block(const char *path)
{
    return !strpbrk(path, "#\n") && !(wants_quotes(path) && strchr(path, '"'));
}

static void print_block(const json_t *lun)
{
    const char *path = text(lun, "path"), *quote = wants_quotes(path) ? "\"" : "";
    if (!fits_block(path)) {
        printf("\t# LUN %lld is left out: its path cannot stand here\n", integer(lun, "lun"));
        return;
    }
    printf("\t<backing-store %s%s%s>\n\t\tlun %lld\n", quote, path, quote, integer(lun, "lun"));
    if (strcmp(text(lun, "type"), "disk") != 0)
        print_option("\t\t", "device-type", text(lun, "type"));
    if (strcmp(text(lun, "bs"), "rdwr") != 0)
        print_option("\t\t", "bs-type", text(lun, "bs"));
    if (integer(lun, "block_size") != 512 && strcmp(text(lun, "type"), "disk") == 0)
        printf("\t\tblock-size %lld\n", integer(lun, "block_size"));
    puts("\t</backing-store>");
}

static void print_luns(const json_t *luns)
{
    size_t i;
    json_t *lun;
    bool plain = all_plain(luns);
    json_array_foreach(luns, i, lun) {
        if (plain)
            print_option("\t", "backing-store", text(lun, "path"));
        else
            print_block(lun);
    }
}

/* ---- Who may use a target ---- */

static void print_accounts(const json_t *accounts, bool outgoing)
{
    size_t i;
    json_t *account;
    json_array_foreach(accounts, i, account)
        if (json_is_true(json_object_get(account, "outgoing")) == outgoing)
            printf("\t%s %s PLEASE_CORRECT_THE_PASSWORD\n",
                   outgoing ? "outgoinguser" : "incominguser", text(account, "name"));
}

static void print_rules(const json_t *rules, const char *key)
{
    size_t i;
    json_t *rule;
    json_array_foreach(rules, i, rule)
        print_option("\t", key, json_string_value(rule));
}

static bool are_all(const json_t *addresses)
{
    return json_array_size(addresses) == 1 &&
           g_ascii_strcasecmp(json_string_value(json_array_get(addresses, 0)), "all") == 0;
}

/* Without a rule, targets.conf lets all in. */
static void print_acl(const json_t *acl)
{
    const json_t *addresses = json_object_get(acl, "addresses"),
                 *initiators = json_object_get(acl, "initiators");
    if (json_array_size(addresses) == 0 && json_array_size(initiators) == 0)
        puts("\t# nobody may use it: without this rule, all might\n\tinitiator-address 0.0.0.0");
    else if (!are_all(addresses))
        print_rules(addresses, "initiator-address");
    print_rules(initiators, "initiator-name");
}

static void print_target(const struct known_target *t)
{
    const json_t *accounts = json_object_get(t->said, "accounts");
    printf("<target %s>\n", t->name);
    print_luns(json_object_get(t->said, "luns"));
    print_accounts(accounts, false);
    print_accounts(accounts, true);
    print_acl(json_object_get(t->said, "acl"));
    puts("</target>\n");
}

bool admin_dump(struct run *run)
{
    g_autoptr(GPtrArray) targets = state_targets(run->state);
    if (targets->len > 0)
        puts("default-driver iscsi\n");
    for (guint i = 0; i < targets->len; i++)
        print_target(targets->pdata[i]);
    return true;
}
