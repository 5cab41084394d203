/* SPDX-License-Identifier: MIT */
/* Wire formats of the Object-Based Storage Device Commands (OSD and OSD-2): the CDB in its parts,
 * and attribute lists.
 *
 * An OSD CDB is 200 bytes: osd_cdb, osd_security_v1; an OSD-2 CDB is 236 bytes: osd_cdb,
 * osd_security_v2. Field names are those of the standards; "NAME 7:4" are bits of a byte, most
 * significant first.
 */
#ifndef TGT_SCSI_OSD_H
#define TGT_SCSI_OSD_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Byte 11 of the CDB, GET/SET CDBFMT 5:4: which form the attribute parameters have (OSD-2, basic
 * CDB format). */
enum osd_cdbfmt {
    OSD_CDBFMT_SET_ONE = 0x10, /**< osd_attributes_one (OSD-2 only) */
    OSD_CDBFMT_PAGE = 0x20,    /**< osd_attributes_page */
    OSD_CDBFMT_LIST = 0x30,    /**< osd_attributes_list */
};

/** Attribute parameters in page format (OSD-2, get and set attributes parameters). */
struct osd_attributes_page {
    be32_t get_page;       /**< GET ATTRIBUTES PAGE */
    be32_t get_allocation; /**< GET ATTRIBUTES ALLOCATION LENGTH */
    be32_t get_offset;     /**< RETRIEVED ATTRIBUTES OFFSET */
    be32_t set_page;       /**< SET ATTRIBUTE PAGE */
    be32_t set_number;     /**< SET ATTRIBUTE NUMBER */
    be32_t set_length;     /**< SET ATTRIBUTE LENGTH */
    be32_t set_offset;     /**< SET ATTRIBUTES OFFSET */
};
TGT_WIRE_SIZE(osd_attributes_page, 28);

/** Attribute parameters in list format (OSD-2, get and set attributes parameters). */
struct osd_attributes_list {
    be32_t get_length;      /**< GET ATTRIBUTES LIST LENGTH */
    be32_t get_list_offset; /**< GET ATTRIBUTES LIST OFFSET */
    be32_t get_allocation;  /**< GET ATTRIBUTES ALLOCATION LENGTH */
    be32_t get_offset;      /**< RETRIEVED ATTRIBUTES OFFSET */
    be32_t set_length;      /**< SET ATTRIBUTES LIST LENGTH */
    be32_t set_offset;      /**< SET ATTRIBUTES LIST OFFSET */
    uint8_t reserved[4];    /**< zero */
};
TGT_WIRE_SIZE(osd_attributes_list, 28);

/** Attribute parameters that set one attribute (OSD-2, get and set attributes parameters). */
struct osd_attributes_one {
    be32_t page;       /**< SET ATTRIBUTE PAGE */
    be32_t number;     /**< SET ATTRIBUTE NUMBER */
    be16_t length;     /**< SET ATTRIBUTE LENGTH */
    uint8_t value[18]; /**< SET ATTRIBUTE VALUE */
};
TGT_WIRE_SIZE(osd_attributes_one, 28);

/** Bytes 32 to 51 of the CDB in OSD. */
struct osd_range_v1 {
    be32_t list_identifier; /**< LIST IDENTIFIER */
    be64_t length;          /**< LENGTH or ALLOCATION LENGTH */
    be64_t start;           /**< STARTING BYTE ADDRESS */
};
TGT_WIRE_SIZE(osd_range_v1, 20);

/** Bytes 32 to 51 of the CDB in OSD-2. */
struct osd_range_v2 {
    be64_t length;          /**< LENGTH or ALLOCATION LENGTH */
    be64_t start;           /**< STARTING BYTE ADDRESS */
    be32_t list_identifier; /**< LIST IDENTIFIER or CDB CONTINUATION LENGTH */
};
TGT_WIRE_SIZE(osd_range_v2, 20);

/** Bytes 0 to 79 of the CDB, the same in both versions but for bytes 32 to 51 (OSD-2, basic CDB
 * format). */
struct osd_cdb {
    uint8_t opcode;            /**< 7Fh */
    uint8_t control;           /**< CONTROL */
    uint8_t reserved1[5];      /**< zero */
    uint8_t additional_length; /**< ADDITIONAL CDB LENGTH: 192 in OSD, 228 in OSD-2 */
    be16_t service_action;     /**< SERVICE ACTION: 88xxh */
    uint8_t options;           /**< DPO 4, FUA 3 */
    uint8_t format;            /**< GET/SET CDBFMT 5:4; the rest is command specific */
    uint8_t timestamps;        /**< TIMESTAMPS CONTROL */
    uint8_t reserved2[3];      /**< zero */
    be64_t partition;          /**< PARTITION_ID */
    be64_t object;             /**< USER_OBJECT_ID, COLLECTION_OBJECT_ID or a requested one */
    uint8_t range[20];         /**< struct osd_range_v1 or osd_range_v2 */
    uint8_t attributes[28];    /**< struct osd_attributes_page, _list or _one */
};
TGT_WIRE_SIZE(osd_cdb, 80);

/** Bytes 80 to 199 of an OSD CDB (OSD, capability and security parameters). */
struct osd_security_v1 {
    uint8_t capability[80];      /**< CAPABILITY */
    uint8_t integrity_check[20]; /**< REQUEST INTEGRITY CHECK VALUE */
    uint8_t nonce[12];           /**< REQUEST NONCE */
    be32_t data_in_offset;       /**< DATA-IN INTEGRITY CHECK VALUE OFFSET */
    be32_t data_out_offset;      /**< DATA-OUT INTEGRITY CHECK VALUE OFFSET */
};
TGT_WIRE_SIZE(osd_security_v1, 120);

/** Bytes 80 to 235 of an OSD-2 CDB (OSD-2, capability and security parameters). */
struct osd_security_v2 {
    uint8_t capability[104];     /**< CAPABILITY */
    uint8_t integrity_check[32]; /**< REQUEST INTEGRITY CHECK VALUE */
    uint8_t nonce[12];           /**< REQUEST NONCE */
    be32_t data_in_offset;       /**< DATA-IN INTEGRITY CHECK VALUE OFFSET */
    be32_t data_out_offset;      /**< DATA-OUT INTEGRITY CHECK VALUE OFFSET */
};
TGT_WIRE_SIZE(osd_security_v2, 156);

/** Header of an attributes list in OSD (OSD, attributes lists). */
struct osd_list_header_v1 {
    uint8_t type;     /**< LIST TYPE 3:0: 1 to be retrieved, 9 retrieved or to be set */
    uint8_t reserved; /**< zero */
    be16_t length;    /**< LIST LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(osd_list_header_v1, 4);

/** Header of an attributes list in OSD-2 (OSD-2, attributes lists). */
struct osd_list_header_v2 {
    uint8_t type;        /**< LIST TYPE 3:0 */
    uint8_t reserved[3]; /**< zero */
    be32_t length;       /**< LIST LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(osd_list_header_v2, 8);

/** Entry of a list of attributes to be retrieved (OSD-2, attributes lists). */
struct osd_attribute_id {
    be32_t page;   /**< ATTRIBUTES PAGE */
    be32_t number; /**< ATTRIBUTE NUMBER */
};
TGT_WIRE_SIZE(osd_attribute_id, 8);

/** Entry of a list of attributes with values in OSD; the value follows, without padding (OSD,
 * attributes lists). */
struct osd_attribute_v1 {
    be32_t page;   /**< ATTRIBUTES PAGE */
    be32_t number; /**< ATTRIBUTE NUMBER */
    be16_t length; /**< ATTRIBUTE LENGTH; FFFFh: undefined */
};
TGT_WIRE_SIZE(osd_attribute_v1, 10);

/** Entry of a list of attributes with values in OSD-2; the value follows, padded to 8 bytes (OSD-2,
 * attributes lists). */
struct osd_attribute_v2 {
    be32_t page;         /**< ATTRIBUTES PAGE */
    be32_t number;       /**< ATTRIBUTE NUMBER */
    uint8_t reserved[6]; /**< zero */
    be16_t length;       /**< ATTRIBUTE LENGTH; FFFFh: undefined */
};
TGT_WIRE_SIZE(osd_attribute_v2, 16);

#ifdef __cplusplus
}
#endif
#endif
