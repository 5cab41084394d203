/* SPDX-License-Identifier: MIT */
/* Transports: how commands and data come and go.
 *
 * This ABI needs the very same minor until 2.0.
 */
#ifndef TGT_TRANSPORT_H
#define TGT_TRANSPORT_H

#include <tgt/cmd.h>
#include <tgt/op.h>
#include <tgt/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A target (SCSI target device); opaque, reference counted. */
struct tgt_target;

/** A portal as the admin asked for it. */
struct tgt_portal_args {
    uint32_t struct_size;            /**< set by the host */
    const char *address;             /**< numeric IPv4 or IPv6 address, "0.0.0.0", "::" */
    uint16_t port;                   /**< 0: let the kernel choose */
    uint16_t tpgt;                   /**< target portal group tag */
    const struct tgt_params *params; /**< values of portal_params (login_timeout, …) */
    int fd; /**< 1.1: a socket that listens there already, kept from the daemon before: to be used
               instead of a new one, and taken over, also if portal_open() fails. -1: none */
};

/** What a portal has become; filled by portal_open(). */
struct tgt_portal_info {
    uint32_t struct_size; /**< set by the host */
    char address[64];     /**< numeric address as it listens */
    uint16_t port;        /**< the port it listens on */
    int fd; /**< 1.1: the socket that listens, which the service manager may keep for the next
               daemon; stays the transport's. -1 (as the host has set it): there is none to keep */
    char announce[272]; /**< 1.1: "ADDRESS:PORT" that initiators are told instead, where addresses
                           are translated on the way; "": none. Set by the host */
};

/** Protocol identifiers (SPC-5 7.6.1). */
enum tgt_protocol {
    TGT_PROTOCOL_SRP = 4,   /**< SRP */
    TGT_PROTOCOL_ISCSI = 5, /**< iSCSI, over TCP or iSER */
    TGT_PROTOCOL_NONE = 15, /**< no specific protocol */
};

/** A new I_T nexus. Strings are copied. */
struct tgt_nexus_args {
    uint32_t struct_size;       /**< sizeof(struct tgt_nexus_args), set by the caller */
    struct tgt_target *target;  /**< the target port's device */
    struct tgt_thread *thread;  /**< the I/O thread on which it lives (the caller's own) */
    const char *initiator;      /**< initiator device name */
    const char *initiator_port; /**< SCSI initiator port name ("iqn…,i,0x…"); equal names are the
                                   same I_T nexus */
    const char *target_port;    /**< SCSI target port name ("iqn…,t,0x0001") */
    uint16_t relative_port;     /**< relative target port identifier, from 1 */
    uint16_t tpgt;              /**< target port group */
    uint8_t protocol;           /**< enum tgt_protocol */
    const char *alias;          /**< initiator alias or NULL */
    const char *peer;           /**< peer address as text, "10.0.0.5:51234" */
    const char *session;        /**< session identifier as text ("isid tsih"), for listings */
    const char *detail;         /**< negotiated values, "Key=value Key=value", for listings */
    void *priv;                 /**< the transport's own; given back by tgt_nexus_priv() */
    bool lost_before; /**< an older nexus of this initiator port was dropped: unit attention NEXUS
                         LOSS */
    bool stable_data; /**< data-in is checksummed: it may not change between the checksum and the
                         last byte sent, so stores do not lend memory to this nexus's reads. A transport that
                         copies what cmd->in_lent says does not need it */
};

/** Longest name and longest secret of an account, in bytes. */
#define TGT_ACCOUNT_MAX 255

/** An account: a name and the secret that goes with it, both NUL-terminated. Wipe it after use
 * (explicit_bzero). */
struct tgt_account {
    char name[TGT_ACCOUNT_MAX + 1];   /**< as the peer says or is told */
    char secret[TGT_ACCOUNT_MAX + 1]; /**< never to be sent, logged or listed */
};

/** Why the core wants a nexus gone. */
enum tgt_close_reason {
    TGT_CLOSE_ADMIN = 1,    /**< session kill */
    TGT_CLOSE_SHUTDOWN = 2, /**< the daemon ends, or is drained */
    TGT_CLOSE_TARGET = 3,   /**< the target was deleted or access was withdrawn */
    TGT_CLOSE_RESET = 4,    /**< TARGET COLD RESET or I_T NEXUS RESET */
};

/** The table of a transport. Const and static in the plugin. */
struct tgt_transport_ops {
    uint32_t struct_size;   /**< sizeof(struct tgt_transport_ops) */
    uint32_t cmd_priv_size; /**< bytes of cmd->transport_priv, at most TGT_TRANSPORT_CMD_PRIV_MAX */
    uint32_t portal_param_count, target_param_count,
        param_size; /**< elements of the two tables, sizeof(struct tgt_param) */
    const struct tgt_param *portal_params; /**< options of a portal */
    const struct tgt_param *target_params; /**< parameters of each target (`target set`), read by
                                              tgt_target_param_…() */

    /** Start to listen. Main thread. Returns 0 and the portal, or a negative errno with `err`
     * filled. Required. */
    int (*portal_open)(const struct tgt_portal_args *args, struct tgt_portal_info *info,
                       void **portal, struct tgt_error *err);
    /** Stop to listen; established sessions stay. Main thread. When the call returns, nothing
     * refers to `portal`. Required. */
    void (*portal_close)(void *portal);
    /** An I/O thread begins or ends; on that thread. Before `thread_detach` all nexuses are closed;
     * it must close all connections that are still logging in and free what it keeps for the
     * thread. `data` is read back by tgt_thread_data(). Optional. */
    int (*thread_attach)(struct tgt_thread *thread, void **data);
    /** See thread_attach; `data` is what it gave. */
    void (*thread_detach)(struct tgt_thread *thread, void *data);
    /** cmd->out has its buffer (out.len bytes): fill it and call tgt_cmd_data_ready(). On the
     * command's thread, possibly from within tgt_cmd_submit(). Required. */
    void (*data_out)(struct tgt_cmd *cmd);
    /** Send data, status and sense, then tgt_cmd_release(). If cmd->aborted: send nothing, just
     * swallow what the initiator still owes and release. On the command's thread, possibly from
     * within tgt_cmd_submit(). Required. */
    void (*respond)(struct tgt_cmd *cmd);
    /** A command in DATA_OUT was aborted (cmd->aborted is set): end the wait for its data soon by
     * tgt_cmd_data_ready(cmd, -ECANCELED). iSCSI waits for the Data-Out already asked for (RFC
     * 7143 4.2.3.3). Required. */
    void (*abort)(struct tgt_cmd *cmd);
    /** The core wants the nexus gone: close it, ending in tgt_nexus_close(). On the nexus's thread.
     * Required. */
    void (*nexus_close)(struct tgt_nexus *nexus, enum tgt_close_reason reason);
    /** 1.1: ask the initiator to log out within so many seconds (RFC 7143 11.9.1, event 1). What
     * it does not do by then the core does by nexus_close(). On the nexus's thread. Optional:
     * without it the nexus is closed at once. */
    void (*nexus_logout)(struct tgt_nexus *nexus, unsigned seconds);
};

#ifdef __cplusplus
}
#endif
#endif
