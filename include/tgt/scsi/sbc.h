/* SPDX-License-Identifier: MIT */
/* Wire formats of the SCSI Block Commands (SBC-4): parameter data and parameter lists. */
#ifndef TGT_SCSI_SBC_H
#define TGT_SCSI_SBC_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/** READ CAPACITY(10) parameter data (SBC-4 5.20.2). */
struct sbc_capacity10 {
    be32_t last_lba;   /**< RETURNED LOGICAL BLOCK ADDRESS; ffffffffh: use READ CAPACITY(16) */
    be32_t block_size; /**< LOGICAL BLOCK LENGTH IN BYTES */
};
TGT_WIRE_SIZE(sbc_capacity10, 8);

/** READ CAPACITY(16) parameter data (SBC-4 5.21.2). */
struct sbc_capacity16 {
    be64_t last_lba;      /**< RETURNED LOGICAL BLOCK ADDRESS */
    be32_t block_size;    /**< LOGICAL BLOCK LENGTH IN BYTES */
    uint8_t protection;   /**< RC_BASIS 5:4, P_TYPE 3:1, PROT_EN 0 */
    uint8_t exponents;    /**< P_I_EXPONENT 7:4, LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT 3:0 */
    be16_t provisioning;  /**< LBPME 15, LBPRZ 14, LOWEST ALIGNED LOGICAL BLOCK ADDRESS 13:0 */
    uint8_t reserved[16]; /**< zero */
};
TGT_WIRE_SIZE(sbc_capacity16, 32);
#define SBC_CAPACITY_LBPME 0x8000u
#define SBC_CAPACITY_LBPRZ 0x4000u

/** GET LBA STATUS parameter data header (SBC-4 5.6.2). */
struct sbc_lba_status_header {
    be32_t length;       /**< PARAMETER DATA LENGTH: bytes behind this field */
    uint8_t reserved[4]; /**< zero (report type and condition of later revisions) */
};
TGT_WIRE_SIZE(sbc_lba_status_header, 8);

/** LBA status descriptor (SBC-4 5.6.3). */
struct sbc_lba_status {
    be64_t lba;          /**< first block */
    be32_t blocks;       /**< number of blocks that are alike */
    uint8_t status;      /**< PROVISIONING STATUS 3:0: 0 mapped, 1 deallocated, 2 anchored */
    uint8_t reserved[3]; /**< zero */
};
TGT_WIRE_SIZE(sbc_lba_status, 16);

/** UNMAP parameter list header (SBC-4 5.34.2). */
struct sbc_unmap_header {
    be16_t data_length;       /**< UNMAP DATA LENGTH: bytes behind this field */
    be16_t descriptor_length; /**< UNMAP BLOCK DESCRIPTOR DATA LENGTH */
    uint8_t reserved[4];      /**< zero */
};
TGT_WIRE_SIZE(sbc_unmap_header, 8);

/** UNMAP block descriptor (SBC-4 5.34.3). */
struct sbc_unmap_descriptor {
    be64_t lba;          /**< first block */
    be32_t blocks;       /**< number of blocks */
    uint8_t reserved[4]; /**< zero */
};
TGT_WIRE_SIZE(sbc_unmap_descriptor, 16);

/** FORMAT UNIT short parameter list header (SBC-4 5.4.2.2). */
struct sbc_format_header {
    uint8_t protection;   /**< PROTECTION FIELD USAGE 2:0 */
    uint8_t options;      /**< FOV 7, DPRY 6, DCRT 5, STPF 4, IP 3, IMMED 1 */
    be16_t defect_length; /**< DEFECT LIST LENGTH */
};
TGT_WIRE_SIZE(sbc_format_header, 4);

/** Block Limits VPD page behind the page header (SBC-4 6.6.4). */
struct sbc_vpd_block_limits {
    uint8_t wsnz;                 /**< WSNZ 0 */
    uint8_t max_compare_write;    /**< MAXIMUM COMPARE AND WRITE LENGTH in blocks */
    be16_t optimal_granularity;   /**< OPTIMAL TRANSFER LENGTH GRANULARITY in blocks */
    be32_t max_transfer;          /**< MAXIMUM TRANSFER LENGTH in blocks */
    be32_t optimal_transfer;      /**< OPTIMAL TRANSFER LENGTH in blocks */
    be32_t max_prefetch;          /**< MAXIMUM PREFETCH LENGTH in blocks */
    be32_t max_unmap_blocks;      /**< MAXIMUM UNMAP LBA COUNT */
    be32_t max_unmap_descriptors; /**< MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT */
    be32_t unmap_granularity;     /**< OPTIMAL UNMAP GRANULARITY in blocks */
    be32_t unmap_alignment;       /**< UGAVALID 31, UNMAP GRANULARITY ALIGNMENT 30:0 */
    be64_t max_write_same;        /**< MAXIMUM WRITE SAME LENGTH in blocks */
    be32_t max_atomic;            /**< MAXIMUM ATOMIC TRANSFER LENGTH */
    be32_t atomic_alignment;      /**< ATOMIC ALIGNMENT */
    be32_t atomic_granularity;    /**< ATOMIC TRANSFER LENGTH GRANULARITY */
    be32_t max_atomic_boundary;   /**< MAXIMUM ATOMIC TRANSFER LENGTH WITH ATOMIC BOUNDARY */
    be32_t max_boundary;          /**< MAXIMUM ATOMIC BOUNDARY SIZE */
};
TGT_WIRE_SIZE(sbc_vpd_block_limits, 60);
#define SBC_UGAVALID 0x80000000u

/** Block Device Characteristics VPD page behind the page header (SBC-4 6.6.2). */
struct sbc_vpd_characteristics {
    be16_t rotation_rate; /**< MEDIUM ROTATION RATE: 0 not reported, 1 non-rotating, else rpm */
    uint8_t product_type; /**< PRODUCT TYPE */
    uint8_t form_factor;  /**< WABEREQ 7:6, WACEREQ 5:4, NOMINAL FORM FACTOR 3:0 */
    uint8_t flags;        /**< ZONED 5:4, FUAB 1, VBULS 0 */
    uint8_t reserved[55]; /**< zero */
};
TGT_WIRE_SIZE(sbc_vpd_characteristics, 60);

/** Logical Block Provisioning VPD page behind the page header (SBC-4 6.6.7). */
struct sbc_vpd_provisioning {
    uint8_t threshold_exponent; /**< THRESHOLD EXPONENT */
    uint8_t flags;              /**< LBPU 7, LBPWS 6, LBPWS10 5, LBPRZ 4:2, ANC_SUP 1, DP 0 */
    uint8_t type; /**< MINIMUM PERCENTAGE 7:3, PROVISIONING TYPE 2:0: 0 full, 1 resource, 2 thin */
    uint8_t threshold; /**< THRESHOLD PERCENTAGE */
};
TGT_WIRE_SIZE(sbc_vpd_provisioning, 4);

/** One parameter of the Logical Block Provisioning log page (SBC-4 6.4.5). */
struct sbc_log_provisioning {
    be16_t code;         /**< PARAMETER CODE: 1 available, 2 used LBA mapping resources */
    uint8_t control;     /**< DU 7, TSD 5, FORMAT AND LINKING 1:0 */
    uint8_t length;      /**< PARAMETER LENGTH: 8 */
    be32_t count;        /**< RESOURCE COUNT in threshold sets */
    uint8_t scope;       /**< SCOPE 1:0: 1 this LU's own, 2 may be shared */
    uint8_t reserved[3]; /**< zero */
};
TGT_WIRE_SIZE(sbc_log_provisioning, 12);

#ifdef __cplusplus
}
#endif
#endif
