/* SPDX-License-Identifier: MIT */
/* Wire formats of the SCSI Media Changer Commands (SMC-3): CDBs, element status, mode pages of
 * changers.
 *
 * Field names are those of the standard; "NAME 7:4" are bits of a byte, most significant first.
 */
#ifndef TGT_SCSI_SMC_H
#define TGT_SCSI_SMC_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Element type codes (SMC-3, READ ELEMENT STATUS command). */
enum smc_element_type {
    SMC_ELEMENT_ALL = 0,           /**< in a CDB: all types */
    SMC_ELEMENT_TRANSPORT = 1,     /**< medium transport element: the robot */
    SMC_ELEMENT_STORAGE = 2,       /**< storage element: a slot */
    SMC_ELEMENT_IMPORT_EXPORT = 3, /**< import/export element: a mail slot */
    SMC_ELEMENT_DATA_TRANSFER = 4, /**< data transfer element: a drive */
};

/* ---- CDBs ---- */

/** POSITION TO ELEMENT (SMC-3, POSITION TO ELEMENT command). */
struct smc_cdb_position {
    uint8_t opcode;       /**< 2Bh */
    uint8_t reserved1;    /**< zero */
    be16_t transport;     /**< MEDIUM TRANSPORT ELEMENT ADDRESS */
    be16_t destination;   /**< DESTINATION ELEMENT ADDRESS */
    uint8_t reserved2[2]; /**< zero */
    uint8_t invert;       /**< INVERT 0 */
    uint8_t control;      /**< CONTROL */
};
TGT_WIRE_SIZE(smc_cdb_position, 10);

/** INITIALIZE ELEMENT STATUS WITH RANGE (SMC-3, of that command). */
struct smc_cdb_initialize_range {
    uint8_t opcode;       /**< 37h */
    uint8_t flags;        /**< FAST 1, RANGE 0 */
    be16_t start;         /**< STARTING ELEMENT ADDRESS */
    uint8_t reserved1[2]; /**< zero */
    be16_t count;         /**< NUMBER OF ELEMENTS */
    uint8_t reserved2;    /**< zero */
    uint8_t control;      /**< CONTROL */
};
TGT_WIRE_SIZE(smc_cdb_initialize_range, 10);

/** MOVE MEDIUM (SMC-3, MOVE MEDIUM command). */
struct smc_cdb_move {
    uint8_t opcode;       /**< A5h */
    uint8_t reserved1;    /**< zero */
    be16_t transport;     /**< MEDIUM TRANSPORT ELEMENT ADDRESS */
    be16_t source;        /**< SOURCE ELEMENT ADDRESS */
    be16_t destination;   /**< DESTINATION ELEMENT ADDRESS */
    uint8_t reserved2[2]; /**< zero */
    uint8_t invert;       /**< INVERT 0 */
    uint8_t control;      /**< CONTROL */
};
TGT_WIRE_SIZE(smc_cdb_move, 12);

/** EXCHANGE MEDIUM (SMC-3, EXCHANGE MEDIUM command). */
struct smc_cdb_exchange {
    uint8_t opcode;   /**< A6h */
    uint8_t reserved; /**< zero */
    be16_t transport; /**< MEDIUM TRANSPORT ELEMENT ADDRESS */
    be16_t source;    /**< SOURCE ELEMENT ADDRESS */
    be16_t first;     /**< FIRST DESTINATION ELEMENT ADDRESS */
    be16_t second;    /**< SECOND DESTINATION ELEMENT ADDRESS */
    uint8_t invert;   /**< INV1 1, INV2 0 */
    uint8_t control;  /**< CONTROL */
};
TGT_WIRE_SIZE(smc_cdb_exchange, 12);

/** READ ELEMENT STATUS (SMC-3, READ ELEMENT STATUS command). */
struct smc_cdb_read_status {
    uint8_t opcode;    /**< B8h */
    uint8_t type;      /**< VOLTAG 4, ELEMENT TYPE CODE 3:0 */
    be16_t start;      /**< STARTING ELEMENT ADDRESS */
    be16_t count;      /**< NUMBER OF ELEMENTS */
    uint8_t flags;     /**< CURDATA 1, DVCID 0 */
    be24_t allocation; /**< ALLOCATION LENGTH */
    uint8_t reserved;  /**< zero */
    uint8_t control;   /**< CONTROL */
};
TGT_WIRE_SIZE(smc_cdb_read_status, 12);

/* ---- Element status data ---- */

/** Element status data header (SMC-3, READ ELEMENT STATUS command). */
struct smc_status_header {
    be16_t first;     /**< FIRST ELEMENT ADDRESS REPORTED */
    be16_t count;     /**< NUMBER OF ELEMENTS AVAILABLE */
    uint8_t reserved; /**< zero */
    be24_t length;    /**< BYTE COUNT OF REPORT AVAILABLE: bytes behind the header */
};
TGT_WIRE_SIZE(smc_status_header, 8);

/** Element status page header (SMC-3, READ ELEMENT STATUS command). */
struct smc_status_page {
    uint8_t type;             /**< ELEMENT TYPE CODE 3:0 */
    uint8_t flags;            /**< PVOLTAG 7, AVOLTAG 6 */
    be16_t descriptor_length; /**< ELEMENT DESCRIPTOR LENGTH */
    uint8_t reserved;         /**< zero */
    be24_t length; /**< BYTE COUNT OF DESCRIPTOR DATA AVAILABLE: bytes behind the header */
};
TGT_WIRE_SIZE(smc_status_page, 8);

/** What all element descriptors begin with; volume tags and a device identifier follow (SMC-3, READ
 * ELEMENT STATUS command). */
struct smc_element {
    be16_t address; /**< ELEMENT ADDRESS */
    uint8_t flags; /**< OIR 7, CMC 6, INENAB 5, EXENAB 4 (import/export), ACCESS 3, EXCEPT 2, IMPEXP
                      1, FULL 0 */
    uint8_t reserved1;    /**< zero */
    uint8_t asc;          /**< ADDITIONAL SENSE CODE, if EXCEPT is set */
    uint8_t ascq;         /**< ADDITIONAL SENSE CODE QUALIFIER, if EXCEPT is set */
    uint8_t reserved2[3]; /**< zero (in SMC-2 the bus address of a drive) */
    uint8_t medium;       /**< SVALID 7, INVERT 6, ED 3, MEDIUM TYPE 2:0 */
    be16_t source;        /**< SOURCE STORAGE ELEMENT ADDRESS, if SVALID is set */
};
TGT_WIRE_SIZE(smc_element, 12);

/** Volume tag information (SMC-3, volume tag information format). */
struct smc_volume_tag {
    char identifier[32]; /**< VOLUME IDENTIFIER, blank padded */
    uint8_t reserved[2]; /**< zero */
    be16_t sequence;     /**< VOLUME SEQUENCE NUMBER */
};
TGT_WIRE_SIZE(smc_volume_tag, 36);

/** Header of the device identifier of a drive, if DVCID was set (SMC-3, data transfer element
 * descriptor). */
struct smc_device_id {
    uint8_t code_set; /**< CODE SET 3:0 */
    uint8_t type;     /**< IDENTIFIER TYPE 3:0 */
    uint8_t reserved; /**< zero */
    uint8_t length;   /**< IDENTIFIER LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(smc_device_id, 4);

/* ---- Mode pages, behind the page header ---- */

/** Element Address Assignment mode page, 1Dh (SMC-3). */
struct smc_mode_addresses {
    be16_t first_transport;     /**< FIRST MEDIUM TRANSPORT ELEMENT ADDRESS */
    be16_t transports;          /**< NUMBER OF MEDIUM TRANSPORT ELEMENTS */
    be16_t first_storage;       /**< FIRST STORAGE ELEMENT ADDRESS */
    be16_t storages;            /**< NUMBER OF STORAGE ELEMENTS */
    be16_t first_import_export; /**< FIRST IMPORT/EXPORT ELEMENT ADDRESS */
    be16_t import_exports;      /**< NUMBER OF IMPORT/EXPORT ELEMENTS */
    be16_t first_data_transfer; /**< FIRST DATA TRANSFER ELEMENT ADDRESS */
    be16_t data_transfers;      /**< NUMBER OF DATA TRANSFER ELEMENTS */
    uint8_t reserved[2];        /**< zero */
};
TGT_WIRE_SIZE(smc_mode_addresses, 18);

/** Transport Geometry Parameters mode page, 1Eh: one descriptor for each medium transport element
 * (SMC-3). */
struct smc_mode_geometry {
    uint8_t rotate; /**< ROTATE 0 */
    uint8_t member; /**< MEMBER NUMBER IN TRANSPORT ELEMENT SET */
};
TGT_WIRE_SIZE(smc_mode_geometry, 2);

/** Device Capabilities mode page, 1Fh: who can store a medium, move it to whom, exchange it with
 * whom (SMC-3). */
struct smc_mode_capabilities {
    uint8_t store;        /**< STORDT 3, STORI/E 2, STORST 1, STORMT 0 */
    uint8_t reserved1;    /**< zero */
    uint8_t move[4];      /**< from MT, ST, I/E, DT: to DT 3, I/E 2, ST 1, MT 0 */
    uint8_t reserved2[4]; /**< zero */
    uint8_t exchange[4];  /**< of MT, ST, I/E, DT: with DT 3, I/E 2, ST 1, MT 0 */
    uint8_t reserved3[4]; /**< zero */
};
TGT_WIRE_SIZE(smc_mode_capabilities, 18);

#ifdef __cplusplus
}
#endif
#endif
