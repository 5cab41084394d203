/* SPDX-License-Identifier: MIT */
/* Wire formats of the SCSI Primary Commands (SPC-5): CDBs, INQUIRY and VPD, sense, mode, log,
 * reservations, reports.
 *
 * Field names are those of the standard; "NAME 7:4" are bits of a byte, most significant first.
 */
#ifndef TGT_SCSI_SPC_H
#define TGT_SCSI_SPC_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- CDBs ---- */

/** INQUIRY (SPC-5 6.7). */
struct spc_cdb_inquiry {
    uint8_t opcode;    /**< 12h */
    uint8_t evpd;      /**< EVPD 0 */
    uint8_t page_code; /**< PAGE CODE */
    be16_t allocation; /**< ALLOCATION LENGTH */
    uint8_t control;   /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_inquiry, 6);

/** REQUEST SENSE (SPC-5, REQUEST SENSE command). */
struct spc_cdb_request_sense {
    uint8_t opcode;      /**< 03h */
    uint8_t desc;        /**< DESC 0: descriptor format is wanted */
    uint8_t reserved[2]; /**< zero */
    uint8_t allocation;  /**< ALLOCATION LENGTH */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_request_sense, 6);

/** MODE SENSE(6) (SPC-5, MODE SENSE(6) command). */
struct spc_cdb_mode_sense6 {
    uint8_t opcode;     /**< 1Ah */
    uint8_t flags;      /**< DBD 3 */
    uint8_t page;       /**< PC 7:6, PAGE CODE 5:0 */
    uint8_t subpage;    /**< SUBPAGE CODE */
    uint8_t allocation; /**< ALLOCATION LENGTH */
    uint8_t control;    /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_mode_sense6, 6);

/** MODE SENSE(10) (SPC-5, MODE SENSE(10) command). */
struct spc_cdb_mode_sense10 {
    uint8_t opcode;      /**< 5Ah */
    uint8_t flags;       /**< LLBAA 4, DBD 3 */
    uint8_t page;        /**< PC 7:6, PAGE CODE 5:0 */
    uint8_t subpage;     /**< SUBPAGE CODE */
    uint8_t reserved[3]; /**< zero */
    be16_t allocation;   /**< ALLOCATION LENGTH */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_mode_sense10, 10);

/** MODE SELECT(6) (SPC-5, MODE SELECT(6) command). */
struct spc_cdb_mode_select6 {
    uint8_t opcode;           /**< 15h */
    uint8_t flags;            /**< PF 4, RTD 1, SP 0 */
    uint8_t reserved[2];      /**< zero */
    uint8_t parameter_length; /**< PARAMETER LIST LENGTH */
    uint8_t control;          /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_mode_select6, 6);

/** MODE SELECT(10) (SPC-5, MODE SELECT(10) command). */
struct spc_cdb_mode_select10 {
    uint8_t opcode;          /**< 55h */
    uint8_t flags;           /**< PF 4, RTD 1, SP 0 */
    uint8_t reserved[5];     /**< zero */
    be16_t parameter_length; /**< PARAMETER LIST LENGTH */
    uint8_t control;         /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_mode_select10, 10);

/** LOG SENSE (SPC-5, LOG SENSE command). */
struct spc_cdb_log_sense {
    uint8_t opcode;    /**< 4Dh */
    uint8_t flags;     /**< SP 0 */
    uint8_t page;      /**< PC 7:6, PAGE CODE 5:0 */
    uint8_t subpage;   /**< SUBPAGE CODE */
    uint8_t reserved;  /**< zero */
    be16_t pointer;    /**< PARAMETER POINTER */
    be16_t allocation; /**< ALLOCATION LENGTH */
    uint8_t control;   /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_log_sense, 10);

/** PERSISTENT RESERVE IN (SPC-5, PERSISTENT RESERVE IN command). */
struct spc_cdb_pr_in {
    uint8_t opcode;         /**< 5Eh */
    uint8_t service_action; /**< SERVICE ACTION 4:0 */
    uint8_t reserved[5];    /**< zero */
    be16_t allocation;      /**< ALLOCATION LENGTH */
    uint8_t control;        /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_pr_in, 10);

/** PERSISTENT RESERVE OUT (SPC-5, PERSISTENT RESERVE OUT command). */
struct spc_cdb_pr_out {
    uint8_t opcode;          /**< 5Fh */
    uint8_t service_action;  /**< SERVICE ACTION 4:0 */
    uint8_t scope_type;      /**< SCOPE 7:4, TYPE 3:0 */
    uint8_t reserved[2];     /**< zero */
    be32_t parameter_length; /**< PARAMETER LIST LENGTH */
    uint8_t control;         /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_pr_out, 10);

/** REPORT LUNS (SPC-5, REPORT LUNS command). */
struct spc_cdb_report_luns {
    uint8_t opcode;        /**< A0h */
    uint8_t reserved1;     /**< zero */
    uint8_t select_report; /**< SELECT REPORT */
    uint8_t reserved2[3];  /**< zero */
    be32_t allocation;     /**< ALLOCATION LENGTH */
    uint8_t reserved3;     /**< zero */
    uint8_t control;       /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_report_luns, 12);

/** REPORT SUPPORTED OPERATION CODES (SPC-5, of that command). */
struct spc_cdb_report_opcodes {
    uint8_t opcode;           /**< A3h */
    uint8_t service_action;   /**< SERVICE ACTION 4:0: 0Ch */
    uint8_t options;          /**< RCTD 7, REPORTING OPTIONS 2:0 */
    uint8_t requested_opcode; /**< REQUESTED OPERATION CODE */
    be16_t requested_action;  /**< REQUESTED SERVICE ACTION */
    be32_t allocation;        /**< ALLOCATION LENGTH */
    uint8_t reserved;         /**< zero */
    uint8_t control;          /**< CONTROL */
};
TGT_WIRE_SIZE(spc_cdb_report_opcodes, 12);

/* ---- INQUIRY and vital product data ---- */

/** Standard INQUIRY data with version descriptors (SPC-5 6.7.2). */
struct spc_inquiry {
    uint8_t peripheral;          /**< PERIPHERAL QUALIFIER 7:5, PERIPHERAL DEVICE TYPE 4:0 */
    uint8_t removable;           /**< RMB 7, LU_CONG 6 */
    uint8_t version;             /**< VERSION: 6 SPC-4, 7 SPC-5 */
    uint8_t format;              /**< NORMACA 5, HISUP 4, RESPONSE DATA FORMAT 3:0: 2 */
    uint8_t additional_length;   /**< ADDITIONAL LENGTH: bytes behind this one */
    uint8_t flags5;              /**< SCCS 7, TPGS 5:4, 3PC 3, PROTECT 0 */
    uint8_t flags6;              /**< ENCSERV 6, MULTIP 4 */
    uint8_t flags7;              /**< CMDQUE 1 */
    char vendor[8];              /**< T10 VENDOR IDENTIFICATION, blank padded */
    char product[16];            /**< PRODUCT IDENTIFICATION, blank padded */
    char revision[4];            /**< PRODUCT REVISION LEVEL, blank padded */
    uint8_t vendor_specific[20]; /**< vendor specific */
    uint8_t reserved1[2];        /**< zero (bits of the parallel interface) */
    be16_t descriptors[8];       /**< VERSION DESCRIPTOR 1 to 8, 0: none */
    uint8_t reserved2[22];       /**< zero */
};
TGT_WIRE_SIZE(spc_inquiry, 96);

/** Header of a VPD page (SPC-5 7.7). */
struct spc_vpd_header {
    uint8_t peripheral; /**< PERIPHERAL QUALIFIER 7:5, PERIPHERAL DEVICE TYPE 4:0 */
    uint8_t page_code;  /**< PAGE CODE */
    be16_t length;      /**< PAGE LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_vpd_header, 4);

/** Header of a designation descriptor (SPC-5 7.7, Device Identification VPD page). */
struct spc_designator {
    uint8_t code_set; /**< PROTOCOL IDENTIFIER 7:4, CODE SET 3:0: 1 binary, 2 ASCII, 3 UTF-8 */
    uint8_t type; /**< PIV 7, ASSOCIATION 5:4: 0 LU, 1 target port, 2 target device; DESIGNATOR TYPE
                     3:0 */
    uint8_t reserved; /**< zero */
    uint8_t length;   /**< DESIGNATOR LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_designator, 4);

/** Designator types (SPC-5 7.7, Device Identification VPD page). */
enum spc_designator_type {
    SPC_DESIGNATOR_VENDOR_SPECIFIC = 0x0,   /**< vendor specific */
    SPC_DESIGNATOR_T10 = 0x1,               /**< T10 vendor ID based */
    SPC_DESIGNATOR_EUI64 = 0x2,             /**< EUI-64 based */
    SPC_DESIGNATOR_NAA = 0x3,               /**< NAA */
    SPC_DESIGNATOR_RELATIVE_PORT = 0x4,     /**< relative target port identifier */
    SPC_DESIGNATOR_TARGET_PORT_GROUP = 0x5, /**< target port group */
    SPC_DESIGNATOR_LU_GROUP = 0x6,          /**< logical unit group */
    SPC_DESIGNATOR_MD5 = 0x7,               /**< MD5 logical unit identifier */
    SPC_DESIGNATOR_NAME = 0x8,              /**< SCSI name string */
};

/** Relative target port or target port group designator behind its header (SPC-5 7.7, Device
 * Identification VPD page). */
struct spc_designator_number {
    uint8_t reserved[2]; /**< zero */
    be16_t number;       /**< RELATIVE TARGET PORT IDENTIFIER or TARGET PORT GROUP */
};
TGT_WIRE_SIZE(spc_designator_number, 4);

/** Extended INQUIRY Data VPD page behind the page header (SPC-5 7.7). */
struct spc_vpd_extended {
    uint8_t checks;     /**< ACTIVATE_MICROCODE 7:6, SPT 5:3, GRD_CHK 2, APP_CHK 1, REF_CHK 0 */
    uint8_t attributes; /**< UASK_SUP 5, GROUP_SUP 4, PRIOR_SUP 3, HEADSUP 2, ORDSUP 1, SIMPSUP 0 */
    uint8_t cache;      /**< WU_SUP 3, CRD_SUP 2, NV_SUP 1, V_SUP 0 */
    uint8_t clearing;   /**< P_I_I_SUP 4, LUICLR 0 */
    uint8_t referrals;  /**< R_SUP 4, HSSRELEF 1 */
    uint8_t microcode;  /**< MULTI I_T NEXUS MICROCODE DOWNLOAD 3:0 */
    be16_t self_test_minutes; /**< EXTENDED SELF-TEST COMPLETION MINUTES */
    uint8_t activation;       /**< POA_SUP 7, HRA_SUP 6, VSA_SUP 5 */
    uint8_t max_sense;        /**< MAXIMUM SUPPORTED SENSE DATA LENGTH */
    uint8_t reserved[50];     /**< zero */
};
TGT_WIRE_SIZE(spc_vpd_extended, 60);

/* ---- Sense data ---- */

/** Fixed format sense data (SPC-5 4.5, fixed format). */
struct spc_sense_fixed {
    uint8_t response;          /**< VALID 7, RESPONSE CODE 6:0: 70h current, 71h deferred */
    uint8_t obsolete;          /**< zero */
    uint8_t key;               /**< FILEMARK 7, EOM 6, ILI 5, SDAT_OVFL 4, SENSE KEY 3:0 */
    be32_t information;        /**< INFORMATION */
    uint8_t additional_length; /**< ADDITIONAL SENSE LENGTH: bytes behind this one */
    be32_t command_specific;   /**< COMMAND-SPECIFIC INFORMATION */
    uint8_t asc;               /**< ADDITIONAL SENSE CODE */
    uint8_t ascq;              /**< ADDITIONAL SENSE CODE QUALIFIER */
    uint8_t fru;               /**< FIELD REPLACEABLE UNIT CODE */
    uint8_t key_specific[3];   /**< SKSV 7 of the first, SENSE KEY SPECIFIC INFORMATION */
};
TGT_WIRE_SIZE(spc_sense_fixed, 18);

/** Header of descriptor format sense data (SPC-5 4.5, descriptor format). */
struct spc_sense_descriptors {
    uint8_t response;          /**< RESPONSE CODE 6:0: 72h current, 73h deferred */
    uint8_t key;               /**< SENSE KEY 3:0 */
    uint8_t asc;               /**< ADDITIONAL SENSE CODE */
    uint8_t ascq;              /**< ADDITIONAL SENSE CODE QUALIFIER */
    uint8_t overflow;          /**< SDAT_OVFL 7 */
    uint8_t reserved[2];       /**< zero */
    uint8_t additional_length; /**< ADDITIONAL SENSE LENGTH: bytes behind this one */
};
TGT_WIRE_SIZE(spc_sense_descriptors, 8);

/** Information or command-specific information sense data descriptor (SPC-5 4.5, descriptor
 * format). */
struct spc_sense_information {
    uint8_t type; /**< DESCRIPTOR TYPE: 00h information, 01h command-specific information */
    uint8_t additional_length; /**< ADDITIONAL LENGTH: 0Ah */
    uint8_t valid;             /**< VALID 7, of the information descriptor only */
    uint8_t reserved;          /**< zero */
    be64_t information;        /**< INFORMATION or COMMAND-SPECIFIC INFORMATION */
};
TGT_WIRE_SIZE(spc_sense_information, 12);

/** Sense key specific sense data descriptor (SPC-5 4.5, descriptor format). */
struct spc_sense_key_specific {
    uint8_t type;              /**< DESCRIPTOR TYPE: 02h */
    uint8_t additional_length; /**< ADDITIONAL LENGTH: 06h */
    uint8_t reserved1[2];      /**< zero */
    uint8_t key_specific[3];   /**< SKSV 7 of the first, SENSE KEY SPECIFIC INFORMATION */
    uint8_t reserved2;         /**< zero */
};
TGT_WIRE_SIZE(spc_sense_key_specific, 8);

/** Stream commands or block commands sense data descriptor (SPC-5 4.5, descriptor format). */
struct spc_sense_stream {
    uint8_t type;              /**< DESCRIPTOR TYPE: 04h stream, 05h block */
    uint8_t additional_length; /**< ADDITIONAL LENGTH: 02h */
    uint8_t reserved;          /**< zero */
    uint8_t flags;             /**< FILEMARK 7, EOM 6 (both stream only), ILI 5 */
};
TGT_WIRE_SIZE(spc_sense_stream, 4);

/* ---- Mode parameters ---- */

/** Mode parameter header of the 6-byte commands (SPC-5 7.5). */
struct spc_mode_header6 {
    uint8_t length;            /**< MODE DATA LENGTH: bytes behind this one */
    uint8_t medium_type;       /**< MEDIUM TYPE */
    uint8_t device_specific;   /**< DEVICE-SPECIFIC PARAMETER */
    uint8_t descriptor_length; /**< BLOCK DESCRIPTOR LENGTH */
};
TGT_WIRE_SIZE(spc_mode_header6, 4);

/** Mode parameter header of the 10-byte commands (SPC-5 7.5). */
struct spc_mode_header10 {
    be16_t length;            /**< MODE DATA LENGTH: bytes behind this field */
    uint8_t medium_type;      /**< MEDIUM TYPE */
    uint8_t device_specific;  /**< DEVICE-SPECIFIC PARAMETER */
    uint8_t long_lba;         /**< LONGLBA 0 */
    uint8_t reserved;         /**< zero */
    be16_t descriptor_length; /**< BLOCK DESCRIPTOR LENGTH */
};
TGT_WIRE_SIZE(spc_mode_header10, 8);

/** General mode parameter block descriptor (SPC-5 7.5). */
struct spc_mode_descriptor {
    uint8_t density;     /**< DENSITY CODE */
    be24_t blocks;       /**< NUMBER OF BLOCKS */
    uint8_t reserved;    /**< zero */
    be24_t block_length; /**< BLOCK LENGTH */
};
TGT_WIRE_SIZE(spc_mode_descriptor, 8);

/** Header of a mode page in page_0 format (SPC-5 7.5). */
struct spc_mode_page {
    uint8_t code;   /**< PS 7, SPF 6: 0, PAGE CODE 5:0 */
    uint8_t length; /**< PAGE LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_mode_page, 2);

/** Header of a mode page in sub_page format (SPC-5 7.5). */
struct spc_mode_subpage {
    uint8_t code;    /**< PS 7, SPF 6: 1, PAGE CODE 5:0 */
    uint8_t subcode; /**< SUBPAGE CODE */
    be16_t length;   /**< PAGE LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_mode_subpage, 4);

/** Disconnect-Reconnect mode page, 02h, behind the page header (SPC-5 7.5). */
struct spc_mode_disconnect {
    uint8_t full_ratio;      /**< BUFFER FULL RATIO */
    uint8_t empty_ratio;     /**< BUFFER EMPTY RATIO */
    be16_t inactivity_limit; /**< BUS INACTIVITY LIMIT */
    be16_t disconnect_limit; /**< DISCONNECT TIME LIMIT */
    be16_t connect_limit;    /**< CONNECT TIME LIMIT */
    be16_t max_burst;        /**< MAXIMUM BURST SIZE in 512 bytes */
    uint8_t flags;           /**< EMDP 7, FAIR ARBITRATION 6:4, DIMM 3, DTDC 2:0 */
    uint8_t reserved;        /**< zero */
    be16_t first_burst;      /**< FIRST BURST SIZE in 512 bytes */
};
TGT_WIRE_SIZE(spc_mode_disconnect, 14);

/** Control mode page, 0Ah, behind the page header (SPC-5 7.5). */
struct spc_mode_control {
    uint8_t flags2;           /**< TST 7:5, TMF_ONLY 4, DPICZ 3, D_SENSE 2, GLTSD 1, RLEC 0 */
    uint8_t flags3;           /**< QUEUE ALGORITHM MODIFIER 7:4, NUAR 3, QERR 2:1 */
    uint8_t flags4;           /**< RAC 6, UA_INTLCK_CTRL 5:4, SWP 3 */
    uint8_t flags5;           /**< ATO 7, TAS 6, ATMPE 5, RWWP 4, AUTOLOAD MODE 2:0 */
    uint8_t obsolete[2];      /**< zero */
    be16_t busy_timeout;      /**< BUSY TIMEOUT PERIOD in 100 ms */
    be16_t self_test_seconds; /**< EXTENDED SELF-TEST COMPLETION TIME */
};
TGT_WIRE_SIZE(spc_mode_control, 10);

/** Control Extension mode page, 0Ah/01h, behind the page header (SPC-5 7.5). */
struct spc_mode_control_extension {
    uint8_t flags;        /**< TCMOS 2, SCSIP 1, IALUAE 0 */
    uint8_t priority;     /**< INITIAL COMMAND PRIORITY 3:0 */
    uint8_t max_sense;    /**< MAXIMUM SENSE DATA LENGTH */
    uint8_t reserved[25]; /**< zero */
};
TGT_WIRE_SIZE(spc_mode_control_extension, 28);

/** Power Condition mode page, 1Ah, behind the page header (SPC-5 7.5). */
struct spc_mode_power {
    uint8_t precedence;   /**< PM_BG_PRECEDENCE 7:6, STANDBY_Y 0 */
    uint8_t enables;      /**< IDLE_C 3, IDLE_B 2, IDLE_A 1, STANDBY_Z 0 */
    be32_t idle_a;        /**< IDLE_A CONDITION TIMER in 100 ms */
    be32_t standby_z;     /**< STANDBY_Z CONDITION TIMER in 100 ms */
    be32_t idle_b;        /**< IDLE_B CONDITION TIMER in 100 ms */
    be32_t idle_c;        /**< IDLE_C CONDITION TIMER in 100 ms */
    be32_t standby_y;     /**< STANDBY_Y CONDITION TIMER in 100 ms */
    uint8_t reserved[15]; /**< zero */
    uint8_t ccf;          /**< CCF IDLE 7:6, CCF STANDBY 5:4, CCF STOPPED 3:2 */
};
TGT_WIRE_SIZE(spc_mode_power, 38);

/** Informational Exceptions Control mode page, 1Ch, behind the page header (SPC-5 7.5). */
struct spc_mode_exceptions {
    uint8_t flags;       /**< PERF 7, EBF 5, EWASC 4, DEXCPT 3, TEST 2, EBACKERR 1, LOGERR 0 */
    uint8_t method;      /**< MRIE 3:0 */
    be32_t interval;     /**< INTERVAL TIMER in 100 ms */
    be32_t report_count; /**< REPORT COUNT */
};
TGT_WIRE_SIZE(spc_mode_exceptions, 10);

/* ---- Log parameters and medium auxiliary memory ---- */

/** Header of a log page (SPC-5 7.3). */
struct spc_log_page {
    uint8_t code;    /**< DS 7, SPF 6, PAGE CODE 5:0 */
    uint8_t subcode; /**< SUBPAGE CODE */
    be16_t length;   /**< PAGE LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_log_page, 4);

/** Header of a log parameter (SPC-5 7.3). */
struct spc_log_parameter {
    be16_t code;     /**< PARAMETER CODE */
    uint8_t control; /**< DU 7, TSD 5, FORMAT AND LINKING 1:0 */
    uint8_t length;  /**< PARAMETER LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_log_parameter, 4);

/** Header of a medium auxiliary memory attribute (SPC-5 7.4). */
struct spc_attribute {
    be16_t identifier; /**< ATTRIBUTE IDENTIFIER */
    uint8_t format;    /**< READ ONLY 7, FORMAT 1:0: 0 binary, 1 ASCII, 2 text */
    be16_t length;     /**< ATTRIBUTE LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_attribute, 5);

/* ---- Reports ---- */

/** REPORT LUNS parameter data header; 8 bytes per LUN follow (SPC-5, REPORT LUNS command). */
struct spc_luns_header {
    be32_t length;       /**< LUN LIST LENGTH: bytes behind the header */
    uint8_t reserved[4]; /**< zero */
};
TGT_WIRE_SIZE(spc_luns_header, 8);

/** Target port group descriptor header (SPC-5, REPORT TARGET PORT GROUPS command). */
struct spc_port_group {
    uint8_t state;      /**< PREF 7, ASYMMETRIC ACCESS STATE 3:0 */
    uint8_t support;    /**< T_SUP 7, O_SUP 6, LBD_SUP 4, U_SUP 3, S_SUP 2, AN_SUP 1, AO_SUP 0 */
    be16_t group;       /**< TARGET PORT GROUP */
    uint8_t reserved;   /**< zero */
    uint8_t status;     /**< STATUS CODE */
    uint8_t vendor;     /**< vendor specific */
    uint8_t port_count; /**< TARGET PORT COUNT */
};
TGT_WIRE_SIZE(spc_port_group, 8);

/** Target port descriptor (SPC-5, REPORT TARGET PORT GROUPS command). */
struct spc_port_descriptor {
    uint8_t obsolete[2];  /**< zero */
    be16_t relative_port; /**< RELATIVE TARGET PORT IDENTIFIER */
};
TGT_WIRE_SIZE(spc_port_descriptor, 4);

/** Command descriptor of the all_commands format (SPC-5, REPORT SUPPORTED OPERATION CODES command).
 */
struct spc_opcode_descriptor {
    uint8_t opcode;        /**< OPERATION CODE */
    uint8_t reserved1;     /**< zero */
    be16_t service_action; /**< SERVICE ACTION */
    uint8_t reserved2;     /**< zero */
    uint8_t flags;         /**< CTDP 1, SERVACTV 0 */
    be16_t cdb_length;     /**< CDB LENGTH */
};
TGT_WIRE_SIZE(spc_opcode_descriptor, 8);

/** One_command format header; CDB USAGE DATA follows (SPC-5, REPORT SUPPORTED OPERATION CODES
 * command). */
struct spc_opcode_one {
    uint8_t reserved; /**< zero */
    uint8_t support;  /**< CTDP 7, SUPPORT 2:0: 0 unknown, 1 not supported, 3 as in the standard, 5
                         vendor specific */
    be16_t cdb_size;  /**< CDB SIZE: bytes of CDB USAGE DATA */
};
TGT_WIRE_SIZE(spc_opcode_one, 4);

/** Command timeouts descriptor (SPC-5, REPORT SUPPORTED OPERATION CODES command). */
struct spc_opcode_timeouts {
    be16_t length;            /**< DESCRIPTOR LENGTH: 000Ah */
    uint8_t reserved;         /**< zero */
    uint8_t command_specific; /**< command specific */
    be32_t nominal;           /**< NOMINAL COMMAND PROCESSING TIMEOUT in seconds */
    be32_t recommended;       /**< RECOMMENDED COMMAND TIMEOUT in seconds */
};
TGT_WIRE_SIZE(spc_opcode_timeouts, 12);

/** Basic parameter data (SPC-5, REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS command). */
struct spc_tmfs {
    uint8_t functions0;        /**< ATS 7, ATSS 6, CACAS 5, CTSS 4, LURS 3, QTS 2 */
    uint8_t functions1;        /**< QAES 2, QTSS 1, ITNRS 0 */
    uint8_t reserved;          /**< zero */
    uint8_t additional_length; /**< ADDITIONAL DATA LENGTH: 00h, or 0Ch in the extended format */
};
TGT_WIRE_SIZE(spc_tmfs, 4);

/* ---- Persistent reservations ---- */

/** Header of READ KEYS, READ RESERVATION and READ FULL STATUS parameter data (SPC-5, PERSISTENT
 * RESERVE IN command). */
struct spc_pr_header {
    be32_t generation; /**< PRGENERATION */
    be32_t length;     /**< ADDITIONAL LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(spc_pr_header, 8);

/** The reservation behind the header (SPC-5, READ RESERVATION service action). */
struct spc_pr_reservation {
    be64_t key;           /**< RESERVATION KEY */
    uint8_t obsolete1[4]; /**< zero */
    uint8_t reserved;     /**< zero */
    uint8_t scope_type;   /**< SCOPE 7:4, TYPE 3:0 */
    uint8_t obsolete2[2]; /**< zero */
};
TGT_WIRE_SIZE(spc_pr_reservation, 16);

/** Parameter data (SPC-5, REPORT CAPABILITIES service action). */
struct spc_pr_capabilities {
    be16_t length;        /**< LENGTH: 0008h */
    uint8_t capabilities; /**< RLR_C 7, CRH 4, SIP_C 3, ATP_C 2, PTPL_C 0 */
    uint8_t state;        /**< TMV 7, ALLOW COMMANDS 6:4, PTPL_A 0 */
    uint8_t types0;       /**< WR_EX_AR 7, EX_AC_RO 6, WR_EX_RO 5, EX_AC 3, WR_EX 1 */
    uint8_t types1;       /**< EX_AC_AR 0 */
    uint8_t reserved[2];  /**< zero */
};
TGT_WIRE_SIZE(spc_pr_capabilities, 8);

/** Full status descriptor header; the TransportID follows (SPC-5, READ FULL STATUS service action).
 */
struct spc_pr_full_status {
    be64_t key;           /**< RESERVATION KEY */
    uint8_t reserved1[4]; /**< zero */
    uint8_t flags;        /**< ALL_TG_PT 1, R_HOLDER 0 */
    uint8_t scope_type;   /**< SCOPE 7:4, TYPE 3:0 */
    uint8_t reserved2[4]; /**< zero */
    be16_t relative_port; /**< RELATIVE TARGET PORT IDENTIFIER */
    be32_t length;        /**< ADDITIONAL DESCRIPTOR LENGTH: bytes of the TransportID */
};
TGT_WIRE_SIZE(spc_pr_full_status, 24);

/** Basic parameter list (SPC-5, PERSISTENT RESERVE OUT command). */
struct spc_pr_out {
    be64_t key;           /**< RESERVATION KEY */
    be64_t action_key;    /**< SERVICE ACTION RESERVATION KEY */
    uint8_t obsolete1[4]; /**< zero */
    uint8_t flags;        /**< SPEC_I_PT 3, ALL_TG_PT 2, APTPL 0 */
    uint8_t reserved;     /**< zero */
    uint8_t obsolete2[2]; /**< zero */
};
TGT_WIRE_SIZE(spc_pr_out, 24);

/** REGISTER AND MOVE parameter list header; the TransportID follows (SPC-5, PERSISTENT RESERVE OUT
 * command). */
struct spc_pr_move {
    be64_t key;           /**< RESERVATION KEY */
    be64_t action_key;    /**< SERVICE ACTION RESERVATION KEY */
    uint8_t reserved;     /**< zero */
    uint8_t flags;        /**< UNREG 1, APTPL 0 */
    be16_t relative_port; /**< RELATIVE TARGET PORT IDENTIFIER */
    be32_t length;        /**< TRANSPORTID PARAMETER DATA LENGTH */
};
TGT_WIRE_SIZE(spc_pr_move, 24);

/** Header of the TransportID of an iSCSI initiator; its name follows (SPC-5 7.6). */
struct spc_transport_id_iscsi {
    uint8_t
        protocol; /**< TPID FORMAT 7:6: 0 device name, 1 port name; PROTOCOL IDENTIFIER 3:0: 5 */
    uint8_t reserved; /**< zero */
    be16_t length;    /**< ADDITIONAL LENGTH: bytes behind the header, a multiple of 4 */
};
TGT_WIRE_SIZE(spc_transport_id_iscsi, 4);

#ifdef __cplusplus
}
#endif
#endif
