/* SPDX-License-Identifier: MIT */
/* What every plugin is: descriptor, parameters, and the rules of the ABI.
 *
 * ABI rules
 *  - Every table that crosses the border begins with its struct_size. Fields are only appended. The
 * receiver copies min(sizeof ours, theirs) into a zeroed private copy; a field that is not there is
 * NULL or 0.
 *  - A plugin is loaded if its major equals the host's and the minor that it needs is not above the
 * host's.
 *  - Backing stores: stable from 1.0 on. Transports and device types need the very same minor
 * until 2.0.
 *  - Arrays of structs carry the size of their element beside the count.
 *  - No symbol is imported from the daemon: all services come in the table that load() is given
 * (host.h).
 *
 * Change log
 *  - 1.0 (2026-11): first ABI.
 *  - 1.1 (2026-11): transports: nexus_logout() asks for a logout with a deadline; portals take over
 * a socket that listens already, and show theirs (`fd`); tgt_target_find() without a name asks
 * whether logins are taken; portals may be announced by another address (tgt_portal_info.announce);
 * targets are visited rather than named (tgt_target_visit()), and belong to portal groups
 * (tgt_target_in_group()). Device types: a logical unit has geometry that the admin sets
 * (tgt_lu.lowest_aligned to rotation_rate). Backing stores: resize().
 */
#ifndef TGT_PLUGIN_H
#define TGT_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The ABI that these headers describe. */
#define TGT_ABI_MAJOR 1
#define TGT_ABI_MINOR 1

/** The minor that a plugin needs. A plugin that uses only what 1.N offered may define it lower
 * before the include. */
#ifndef TGT_ABI_NEEDS_MINOR
#define TGT_ABI_NEEDS_MINOR TGT_ABI_MINOR
#endif

/** First word of the descriptor: "TGTP" in memory on a little-endian machine. */
#define TGT_PLUGIN_MAGIC 0x50544754u

/** Longest plugin name; names match [a-z0-9][a-z0-9-]*. */
#define TGT_PLUGIN_NAME_MAX 31

/** Kinds of plugins. */
enum tgt_plugin_kind {
    TGT_PLUGIN_BACKING_STORE = 1, /**< `ops` is a struct tgt_bs_ops (bs.h) */
    TGT_PLUGIN_DEVICE_TYPE = 2,   /**< `ops` is a struct tgt_device_ops (device.h) */
    TGT_PLUGIN_TRANSPORT = 3,     /**< `ops` is a struct tgt_transport_ops (transport.h) */
};

/** Types of parameter values. */
enum tgt_param_type {
    TGT_PARAM_STRING = 1, /**< any text */
    TGT_PARAM_PATH = 2,   /**< the path of a file, for completion and help */
    TGT_PARAM_BOOL = 3,   /**< on/off, yes/no, true/false, 1/0 */
    TGT_PARAM_UINT = 4,   /**< an unsigned decimal or 0x number */
    TGT_PARAM_SIZE = 5,   /**< bytes; suffixes K M G T P are powers of 1024 */
    TGT_PARAM_ENUM = 6,   /**< one of the words in `choices` */
};

/** One parameter that a plugin declares. The table feeds parsing, `tgtctl plugin info`, completion
 * and manual pages. */
struct tgt_param {
    const char *name;    /**< as typed by the admin */
    uint32_t type;       /**< enum tgt_param_type */
    uint32_t flags;      /**< TGT_PARAM_SECRET, TGT_PARAM_REQUIRED */
    const char *def;     /**< default as text, or NULL for none */
    uint64_t min, max;   /**< range for UINT and SIZE; both 0: no limit */
    const char *choices; /**< for ENUM: words separated by blanks; else NULL */
    const char *unit;    /**< "bytes", "ms", …; NULL for none */
    const char *help;    /**< one sentence */
};
#define TGT_PARAM_SECRET   1u /**< never shown or logged */
#define TGT_PARAM_REQUIRED 2u /**< an object cannot be made without it */

/** Parsed and checked values of a parameter table; opaque. Read with tgt_param_str() and its
 * sisters (host.h). */
struct tgt_params;

/** A place for the host to put the reason of a failure; opaque. Fill with tgt_error_set() (host.h).
 */
struct tgt_error;

/** The services of the host (host.h). */
struct tgt_host;

/** The descriptor: one const data symbol `tgt_plugin`, read and checked before any callback is
 * called. */
struct tgt_plugin {
    uint32_t magic;       /**< TGT_PLUGIN_MAGIC */
    uint16_t abi_major;   /**< TGT_ABI_MAJOR of the headers used */
    uint16_t abi_minor;   /**< the lowest minor that it needs */
    uint32_t struct_size; /**< sizeof(struct tgt_plugin) */
    uint32_t kind;        /**< enum tgt_plugin_kind */
    const char *name;     /**< unique among plugins of a kind */
    const char *version;  /**< the plugin's own version */
    const char *licence;  /**< SPDX expression */
    const char *summary;  /**< one line */
    const void *ops;      /**< table of the kind; const, static */
    /** Called once on the main thread after the checks and before any other callback. Returns 0, or
     * a negative errno with `err` filled. It runs in a process of its own first, where a crash does
     * no harm: it should do nothing that is seen outside, and use only the services under
     * "Everywhere" of host.h. The macro below wraps it so that the host table is ready for the
     * inline callers of host.h. May be NULL. */
    int (*load)(const struct tgt_host *host, const struct tgt_params *params,
                struct tgt_error *err);
    /** Called on the main thread when nothing uses the plugin any more. The code stays mapped. May
     * be NULL. */
    void (*unload)(void);
    const struct tgt_param *params; /**< plugin-wide parameters ([params] of its drop-in file) */
    uint32_t param_count;           /**< elements in `params` */
    uint32_t param_size;            /**< sizeof(struct tgt_param) */
};

/** Parameters arguments for TGT_PLUGIN_DEFINE. */
#define TGT_NO_PARAMS NULL, 0
/** An array of struct tgt_param as the last argument of TGT_PLUGIN_DEFINE. */
#define TGT_PARAMS(array) (array), (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define TGT_KIND_NAME_BACKING_STORE "backing-store"
#define TGT_KIND_NAME_DEVICE_TYPE   "device-type"
#define TGT_KIND_NAME_TRANSPORT     "transport"
#define TGT_STR_(x)                 #x
#define TGT_STR(x)                  TGT_STR_(x)

#if defined(__has_attribute)
#if __has_attribute(retain)
#define TGT_KEEP_ __attribute__((used, retain, section(".tgt.plugin")))
#endif
#endif
#ifndef TGT_KEEP_
#define TGT_KEEP_ __attribute__((used, section(".tgt.plugin")))
#endif

#ifdef __cplusplus
#define TGT_EXTERN_C_ extern "C"
}
#else
#define TGT_EXTERN_C_ extern
#endif

/** Defines a plugin: its descriptor, its identity in the ELF section `.tgt.plugin`, and the host
 * table. Once per plugin, at file scope, in a file that includes <tgt/tgt.h>.
 *
 *  - KIND: BACKING_STORE, DEVICE_TYPE or TRANSPORT;
 *  - NAME, VERSION, LICENCE, SUMMARY: string literals;
 *  - PROVIDES: what loads it on first use: "bs:NAME", "type:NAME" or "transport:NAME"; several
 *    are separated by blanks;
 *  - OPS: the address of the const table of the kind;
 *  - LOAD, UNLOAD: callbacks or NULL;
 *  - last: TGT_NO_PARAMS or TGT_PARAMS(array).
 */
#define TGT_PLUGIN_DEFINE(KIND, NAME, VERSION, LICENCE, SUMMARY, PROVIDES, OPS, LOAD, UNLOAD, ...) \
    TGT_KEEP_ static const char tgt_plugin_info_[] = "kind=" TGT_KIND_NAME_##KIND                  \
        "\0name=" NAME "\0version=" VERSION                                                        \
        "\0abi=" TGT_STR(TGT_ABI_MAJOR) "." TGT_STR(TGT_ABI_NEEDS_MINOR) "\0provides=" PROVIDES    \
                                                                         "\0licence=" LICENCE      \
                                                                         "\0summary=" SUMMARY;     \
    struct tgt_host tgt_host_table_;                                                               \
    static int tgt_plugin_load_(const struct tgt_host *host_, const struct tgt_params *params_,    \
                                struct tgt_error *err_)                                            \
    {                                                                                              \
        int (*load_)(const struct tgt_host *, const struct tgt_params *, struct tgt_error *) =     \
            LOAD;                                                                                  \
        tgt_host_adopt_(host_);                                                                    \
        return load_ ? load_(host_, params_, err_) : 0;                                            \
    }                                                                                              \
    TGT_EXTERN_C_ __attribute__((visibility("default"))) const struct tgt_plugin tgt_plugin;       \
    const struct tgt_plugin tgt_plugin = {TGT_PLUGIN_MAGIC,                                        \
                                          TGT_ABI_MAJOR,                                           \
                                          TGT_ABI_NEEDS_MINOR,                                     \
                                          (uint32_t)sizeof(struct tgt_plugin),                     \
                                          TGT_PLUGIN_##KIND,                                       \
                                          NAME,                                                    \
                                          VERSION,                                                 \
                                          LICENCE,                                                 \
                                          SUMMARY,                                                 \
                                          OPS,                                                     \
                                          tgt_plugin_load_,                                        \
                                          UNLOAD,                                                  \
                                          __VA_ARGS__,                                             \
                                          (uint32_t)sizeof(struct tgt_param)}

#endif
