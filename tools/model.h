/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a daemon serves, as a configuration file says it or as a running daemon does: targets,
 * logical units, accounts, rules. Both come as this model, so that they can be compared, written
 * and converted. */
#ifndef TOOLS_MODEL_H
#define TOOLS_MODEL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "conf.h"

/* How a value is written. Inside the model a switch is "yes" or "no", all else is text. */
enum model_kind {
    MODEL_TEXT,
    MODEL_WORD,
    MODEL_NUMBER,
    MODEL_ON_OFF,   /* on, off */
    MODEL_ONE_ZERO, /* 1, 0 */
};

/* What has to happen for a change. */
enum model_change {
    MODEL_SET,      /* lun.set */
    MODEL_IDENTITY, /* lun.set, but not while initiators use it */
    MODEL_ANEW,     /* the logical unit is made anew */
};

/* Keys of a logical unit: X(NAME, directive, tgtadm's parameter or NULL, key of lun.set or NULL,
 * member of lun.show, member of lun.create or NULL, kind, change, default or NULL: any). */
#define MODEL_LUN_LIST(X)                                                                          \
    X(TYPE, "device-type", NULL, NULL, "type", "type", WORD, ANEW, "disk")                         \
    X(BS, "bs-type", NULL, NULL, "bs", "bs", WORD, ANEW, NULL)                                     \
    X(BLOCK_SIZE, "block-size", NULL, NULL, "block_size", "block_size", NUMBER, ANEW, NULL)        \
    X(EXPONENT, "lbppbe", "lbppbe", "physical-exponent", "physical_exponent", "physical_exponent", \
      NUMBER, SET, NULL)                                                                           \
    X(LOWEST, "la_lba", "la_lba", "lowest-aligned", "lowest_aligned", NULL, NUMBER, SET, "0")      \
    X(GRANULARITY, "optimal_xfer_gran", "optimal_xfer_gran", "optimal-granularity",                \
      "optimal_granularity", NULL, NUMBER, SET, "0")                                               \
    X(OPTIMAL, "optimal_xfer_len", "optimal_xfer_len", "optimal-transfer", "optimal_transfer",     \
      NULL, NUMBER, SET, "0")                                                                      \
    X(ROTATION, "rotation_rate", "rotation_rate", "rotation-rate", "rotation_rate", NULL, NUMBER,  \
      SET, "0")                                                                                    \
    X(IDENTITY, "identity", NULL, NULL, NULL, NULL, WORD, ANEW, NULL)                              \
    X(UUID, "uuid", NULL, "uuid", "uuid", "uuid", WORD, IDENTITY, NULL)                            \
    X(SCSI_ID, "scsi_id", "scsi_id", "scsi-id", "scsi_id", NULL, TEXT, IDENTITY, NULL)             \
    X(SERIAL, "scsi_sn", "scsi_sn", "serial", "serial", "serial", TEXT, IDENTITY, NULL)            \
    X(VENDOR, "vendor_id", "vendor_id", "vendor", "vendor", "vendor", TEXT, IDENTITY, NULL)        \
    X(PRODUCT, "product_id", "product_id", "product", "product", "product", TEXT, IDENTITY, NULL)  \
    X(REVISION, "product_rev", "product_rev", "revision", "revision", "revision", TEXT, IDENTITY,  \
      NULL)                                                                                        \
    X(READ_ONLY, "readonly", "readonly", "read-only", "read_only", "read_only", ONE_ZERO, SET,     \
      "no")                                                                                        \
    X(REMOVABLE, "removable", "removable", "removable", "removable", "removable", ONE_ZERO, SET,   \
      NULL)                                                                                        \
    X(THIN, "thin", "thin_provisioning", "thin", "thin", "thin", ONE_ZERO, SET, "no")              \
    X(SENSE_FORMAT, "sense_format", "sense_format", "sense-format", "d_sense", NULL, ONE_ZERO,     \
      SET, "no")                                                                                   \
    X(SWP, "swp", "swp", "swp", "swp", NULL, ONE_ZERO, SET, "no")                                  \
    X(WRITE_CACHE, "write-cache", NULL, "write-cache", "write_cache", NULL, ON_OFF, SET, "yes")    \
    X(ONLINE, "online", "online", "online", "online", NULL, ONE_ZERO, SET, "yes")

enum model_lun_key {
#define X(name, ...) LUN_##name,
    MODEL_LUN_LIST(X)
#undef X
        LUN_KEYS
};

struct model_lun_row {
    const char *directive, *param, *set, *member, *create;
    enum model_kind kind;
    enum model_change change;
    const char *def;
};

extern const struct model_lun_row model_lun_rows[LUN_KEYS];

struct model_lun {
    unsigned number;
    struct conf_where where;
    char *path;            /* NULL: no medium */
    bool direct;           /* direct-store: identity comes from the device */
    bool absent;           /* its file is not there, and errors are to be ignored */
    bool in_use_allowed;   /* allow-in-use */
    GPtrArray *options;    /* char *: of the backing store, key=value, in order */
    GPtrArray *mode_pages; /* char *: pages as a whole, as tgtadm takes them */
    char *value[LUN_KEYS]; /* NULL: not said */
    unsigned users;        /* running: initiators that use it */
    const char *cached;    /* running: WRITE_CACHE if nobody says otherwise; NULL: not known */
};

/* A key with a value: parameters of transports. */
struct model_param {
    char *key, *value;
    struct conf_where where;
};

struct model_map {
    char *initiator;
    unsigned lun, as;
    bool read_only;
    struct conf_where where;
};

struct model_account {
    char *name, *password; /* NULL: not known */
    struct conf_where where;
};

struct model_target {
    char *name;
    struct conf_where where;
    unsigned tid; /* 0: not said */
    char *driver; /* NULL: not said */
    char *alias;  /* NULL: none */
    bool online;
    bool legacy;           /* LUN 0 is tgt's controller, identities come from numbers */
    bool identity_said;    /* `legacy` is what the file says, not only what a new target gets */
    bool chap;             /* auth */
    bool any;              /* match any */
    GPtrArray *params;     /* struct model_param */
    GPtrArray *addresses;  /* char * */
    GPtrArray *initiators; /* char * */
    GPtrArray *incoming;   /* char *: names of accounts */
    char *outgoing;        /* name, or NULL */
    GPtrArray *maps;       /* struct model_map */
    GPtrArray *luns;       /* struct model_lun, by number */
    unsigned sessions;     /* running */
    bool wrong;            /* there are mistakes in it */
};

struct model_portal {
    char *transport, *address; /* with port */
    GPtrArray *options;        /* char *: key=value */
    struct conf_where where;
};

#define MODEL_ISNS_LIST(X)                                                                         \
    X(iSNS, "Off")                                                                                 \
    X(iSNSServerIP, "")                                                                            \
    X(iSNSServerPort, "3205")                                                                      \
    X(iSNSAccessControl, "Off")

enum model_isns {
#define X(name, def) MODEL_##name,
    MODEL_ISNS_LIST(X)
#undef X
        MODEL_ISNS_KEYS
};

extern const char *const model_isns_names[MODEL_ISNS_KEYS];
extern const char *const model_isns_defaults[MODEL_ISNS_KEYS];

struct model {
    char *discovery_auth;        /* "none" or "chap"; NULL: not said */
    GPtrArray *targets;          /* struct model_target, in order */
    GHashTable *by_name;         /* name -> struct model_target */
    GPtrArray *accounts;         /* struct model_account, in order */
    GPtrArray *portals;          /* struct model_portal */
    GPtrArray *incoming;         /* char *: accounts for discovery */
    char *outgoing;              /* or NULL */
    char *isns[MODEL_ISNS_KEYS]; /* NULL: not said */
    bool ignore_errors;
    bool leaves_out;             /* what cannot be served is left out (config-source.h) */
    unsigned target_wrongs;      /* calls of conf_wrong() that were about a target */
    char *default_driver;        /* or NULL */
    char *control_port;          /* or NULL */
    json_int_t generation;       /* running: of the configuration */
    GHashTable *defaults;        /* running: parameters of targets -> what they begin with */
    GHashTable *portal_defaults; /* running: "key=value" that a portal of iscsi has anyway */
    GHashTable *features; /* running: names of what the daemon can do ("account", "isns", …) */
};

/* At most so many bytes of a text, without a character that is cut in two; free with g_free(). */
char *model_beginning(const char *text, size_t most);

struct model *model_new(void);
void model_free(struct model *model); /* NULL is fine */
/* So many mistakes were found in it. */
void model_blame(struct model *model, struct model_target *target, unsigned wrongs);
void model_target_remove(struct model *model, struct model_target *target);
/* Nothing is left but the name and the number: it is offline, without logical units, for nobody. */
void model_target_empty(struct model_target *target);
struct model_target *model_target_add(struct model *model, const char *name,
                                      struct conf_where where);
struct model_target *model_target(const struct model *model, const char *name);
struct model_lun *model_lun_add(struct model_target *target, unsigned number,
                                struct conf_where where);
struct model_lun *model_lun(const struct model_target *target, unsigned number);
void model_lun_set(struct model_lun *lun, enum model_lun_key key, const char *value);
struct model_account *model_account(const struct model *model, const char *name);
struct model_account *model_account_add(struct model *model, const char *name, const char *password,
                                        struct conf_where where);
/* Whether discovery wants accounts: what is said, or what follows from the accounts. */
const char *model_discovery_auth(const struct model *model);
/* NULL: it is not among them. */
struct model_param *model_param(const struct model_target *target, const char *key);
void model_param_set(struct model_target *target, const char *key, const char *value,
                     struct conf_where where);
bool model_has(const GPtrArray *texts, const char *text);
/* The backing store's name; "rdwr" for a path without one; NULL: no medium. */
const char *model_lun_bs(const struct model_lun *lun);
/* model-default.c: what a value is if the model does not say it; NULL: nothing certain. `tid`:
 * number of the target, 0: not known. Free with g_free(). */
char *model_lun_default(const struct model_lun *lun, enum model_lun_key key, unsigned tid);
/* What the model says, else the default. */
char *model_lun_value(const struct model_lun *lun, enum model_lun_key key, unsigned tid);
unsigned model_lun_count(const struct model *model);

/* ---- Where models come from, and where they go ---- */

/* model-read.c: what a file means. Remarks and errors become notes of `conf`; the model is complete
 * but for what is wrong. */
struct model *model_read(struct conf *conf);
/* model-write.c: as a targets.conf, a directive a line. Passwords are written only with
 * `secrets`. */
char *model_write(const struct model *model, bool secrets);
/* model-json.c: the same for programs, without passwords. */
json_t *model_json(const struct model *model);

#endif
