/* SPDX-License-Identifier: MIT */
/* Wire formats of the SCSI Stream Commands (SSC-4): CDBs, positions, densities, mode pages of tape
 * drives.
 *
 * Field names are those of the standard; "NAME 7:4" are bits of a byte, most significant first.
 */
#ifndef TGT_SCSI_SSC_H
#define TGT_SCSI_SSC_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- CDBs ---- */

/** READ(6) and WRITE(6) (SSC-4, READ(6) and WRITE(6) commands). */
struct ssc_cdb_rw6 {
    uint8_t opcode;  /**< 08h READ(6), 0Ah WRITE(6) */
    uint8_t flags;   /**< SILI 1 (READ only), FIXED 0 */
    be24_t length;   /**< TRANSFER LENGTH: blocks if FIXED, else bytes */
    uint8_t control; /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_rw6, 6);

/** WRITE FILEMARKS(6) (SSC-4, WRITE FILEMARKS(6) command). */
struct ssc_cdb_write_filemarks6 {
    uint8_t opcode;  /**< 10h */
    uint8_t flags;   /**< IMMED 0 */
    be24_t count;    /**< FILEMARK COUNT */
    uint8_t control; /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_write_filemarks6, 6);

/** SPACE(6) (SSC-4, SPACE(6) command). */
struct ssc_cdb_space6 {
    uint8_t opcode;  /**< 11h */
    uint8_t code;    /**< CODE 3:0: 0 blocks, 1 filemarks, 3 end-of-data */
    be24_t count;    /**< COUNT, two's complement; negative: backwards */
    uint8_t control; /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_space6, 6);

/** SPACE(16) (SSC-4, SPACE(16) command). */
struct ssc_cdb_space16 {
    uint8_t opcode;          /**< 91h */
    uint8_t code;            /**< CODE 3:0 */
    uint8_t reserved1[2];    /**< zero */
    be64_t count;            /**< COUNT, two's complement */
    be16_t parameter_length; /**< PARAMETER LENGTH */
    uint8_t reserved2;       /**< zero */
    uint8_t control;         /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_space16, 16);

/** ERASE(6) (SSC-4, ERASE(6) command). */
struct ssc_cdb_erase6 {
    uint8_t opcode;      /**< 19h */
    uint8_t flags;       /**< IMMED 1, LONG 0 */
    uint8_t reserved[3]; /**< zero */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_erase6, 6);

/** LOAD UNLOAD (SSC-4, LOAD UNLOAD command). */
struct ssc_cdb_load_unload {
    uint8_t opcode;      /**< 1Bh */
    uint8_t immed;       /**< IMMED 0 */
    uint8_t reserved[2]; /**< zero */
    uint8_t flags;       /**< HOLD 3, EOT 2, RETEN 1, LOAD 0 */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_load_unload, 6);

/** LOCATE(10) (SSC-4, LOCATE(10) command). */
struct ssc_cdb_locate10 {
    uint8_t opcode;    /**< 2Bh */
    uint8_t flags;     /**< BT 2, CP 1, IMMED 0 */
    uint8_t reserved1; /**< zero */
    be32_t location;   /**< LOGICAL OBJECT IDENTIFIER */
    uint8_t reserved2; /**< zero */
    uint8_t partition; /**< PARTITION */
    uint8_t control;   /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_locate10, 10);

/** LOCATE(16) (SSC-4, LOCATE(16) command). */
struct ssc_cdb_locate16 {
    uint8_t opcode;      /**< 92h */
    uint8_t flags;       /**< DEST_TYPE 4:3: 0 object, 1 file, 3 end-of-data; CP 1, IMMED 0 */
    uint8_t bam;         /**< BAM 0 */
    uint8_t partition;   /**< PARTITION */
    be64_t location;     /**< LOGICAL IDENTIFIER */
    uint8_t reserved[3]; /**< zero */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(ssc_cdb_locate16, 16);

/* ---- Parameter data ---- */

/** READ BLOCK LIMITS parameter data (SSC-4, READ BLOCK LIMITS command). */
struct ssc_block_limits {
    uint8_t granularity; /**< GRANULARITY 4:0 */
    be24_t max;          /**< MAXIMUM BLOCK LENGTH LIMIT */
    be16_t min;          /**< MINIMUM BLOCK LENGTH LIMIT */
};
TGT_WIRE_SIZE(ssc_block_limits, 6);

/** READ POSITION, short form (SSC-4, READ POSITION command). */
struct ssc_position_short {
    uint8_t flags;         /**< BOP 7, EOP 6, LOCU 5, BYCU 4, LOLU 2, PERR 1, BPEW 0 */
    uint8_t partition;     /**< PARTITION NUMBER */
    uint8_t reserved1[2];  /**< zero */
    be32_t first;          /**< FIRST LOGICAL OBJECT LOCATION */
    be32_t last;           /**< LAST LOGICAL OBJECT LOCATION */
    uint8_t reserved2;     /**< zero */
    be24_t buffer_objects; /**< NUMBER OF LOGICAL OBJECTS IN OBJECT BUFFER */
    be32_t buffer_bytes;   /**< NUMBER OF BYTES IN OBJECT BUFFER */
};
TGT_WIRE_SIZE(ssc_position_short, 20);

/** READ POSITION, long form (SSC-4, READ POSITION command). */
struct ssc_position_long {
    uint8_t flags;       /**< BOP 7, EOP 6, MPU 3, LONU 2, BPEW 0 */
    uint8_t reserved[3]; /**< zero */
    be32_t partition;    /**< PARTITION NUMBER */
    be64_t object;       /**< LOGICAL OBJECT NUMBER */
    be64_t file;         /**< LOGICAL FILE IDENTIFIER */
    be64_t obsolete;     /**< zero */
};
TGT_WIRE_SIZE(ssc_position_long, 32);

/** READ POSITION, extended form (SSC-4, READ POSITION command). */
struct ssc_position_extended {
    uint8_t flags;            /**< BOP 7, EOP 6, LOCU 5, BYCU 4, LOLU 2, PERR 1, BPEW 0 */
    uint8_t partition;        /**< PARTITION NUMBER */
    be16_t additional_length; /**< ADDITIONAL LENGTH: 001Ch */
    uint8_t reserved;         /**< zero */
    be24_t buffer_objects;    /**< NUMBER OF LOGICAL OBJECTS IN OBJECT BUFFER */
    be64_t first;             /**< FIRST LOGICAL OBJECT LOCATION */
    be64_t last;              /**< LAST LOGICAL OBJECT LOCATION */
    be64_t buffer_bytes;      /**< NUMBER OF BYTES IN OBJECT BUFFER */
};
TGT_WIRE_SIZE(ssc_position_extended, 32);

/** REPORT DENSITY SUPPORT header (SSC-4, REPORT DENSITY SUPPORT command). */
struct ssc_density_header {
    be16_t length;       /**< AVAILABLE DENSITY SUPPORT LENGTH: bytes behind this field */
    uint8_t reserved[2]; /**< zero */
};
TGT_WIRE_SIZE(ssc_density_header, 4);

/** Density support data block descriptor (SSC-4, REPORT DENSITY SUPPORT command). */
struct ssc_density {
    uint8_t primary;      /**< PRIMARY DENSITY CODE */
    uint8_t secondary;    /**< SECONDARY DENSITY CODE */
    uint8_t flags;        /**< WRTOK 7, DUP 6, DEFLT 5, DLV 0 */
    be16_t length;        /**< DESCRIPTOR LENGTH, if DLV is set */
    be24_t bits_per_mm;   /**< BITS PER MM */
    be16_t media_width;   /**< MEDIA WIDTH in 0,1 mm */
    be16_t tracks;        /**< TRACKS */
    be32_t capacity;      /**< CAPACITY in 1 000 000 bytes */
    char organization[8]; /**< ASSIGNING ORGANIZATION, blank padded */
    char name[8];         /**< DENSITY NAME, blank padded */
    char description[20]; /**< DESCRIPTION, blank padded */
};
TGT_WIRE_SIZE(ssc_density, 52);

/** Sequential-Access Device Capabilities VPD page, B0h, behind the page header (SSC-4). */
struct ssc_vpd_capabilities {
    uint8_t flags;    /**< TSMC 1, WORM 0 */
    uint8_t reserved; /**< zero */
};
TGT_WIRE_SIZE(ssc_vpd_capabilities, 2);

/* ---- Mode pages, behind the page header ---- */

/** Data Compression mode page, 0Fh (SSC-4). */
struct ssc_mode_compression {
    uint8_t compression;   /**< DCE 7, DCC 6 */
    uint8_t decompression; /**< DDE 7, RED 6:5 */
    be32_t algorithm;      /**< COMPRESSION ALGORITHM */
    be32_t de_algorithm;   /**< DECOMPRESSION ALGORITHM */
    uint8_t reserved[4];   /**< zero */
};
TGT_WIRE_SIZE(ssc_mode_compression, 14);

/** Device Configuration mode page, 10h (SSC-4). */
struct ssc_mode_configuration {
    uint8_t format;           /**< CAF 5, ACTIVE FORMAT 4:0 */
    uint8_t partition;        /**< ACTIVE PARTITION */
    uint8_t full_ratio;       /**< WRITE OBJECT BUFFER FULL RATIO */
    uint8_t empty_ratio;      /**< READ OBJECT BUFFER EMPTY RATIO */
    be16_t write_delay;       /**< WRITE DELAY TIME in 100 ms */
    uint8_t flags8;           /**< OBR 7, LOIS 6, RSMK 5, AVC 4, SOCF 3:2, ROBO 1, REW 0 */
    uint8_t gap_size;         /**< GAP SIZE */
    uint8_t flags10;          /**< EOD DEFINED 7:5, EEG 4, SEW 3, SWP 2, BAML 1, BAM 0 */
    be24_t early_warning;     /**< OBJECT BUFFER SIZE AT EARLY WARNING */
    uint8_t select_algorithm; /**< SELECT DATA COMPRESSION ALGORITHM */
    uint8_t flags15; /**< WTRE 7:6, OIR 5, REWIND ON RESET 4:3, ASOCWP 2, PERSWP 1, PRMWP 0 */
};
TGT_WIRE_SIZE(ssc_mode_configuration, 14);

/** Device Configuration Extension mode page, 10h/01h (SSC-4). */
struct ssc_mode_configuration_extension {
    uint8_t flags;                     /**< TARPF 3, TASER 2, TARPC 1, TAPLSD 0 */
    uint8_t write_mode;                /**< WRITE MODE 7:4, SHORT ERASE MODE 3:0 */
    be16_t programmable_early_warning; /**< PEWS */
    uint8_t vcelbre;                   /**< VCELBRE 0 */
    uint8_t reserved[23];              /**< zero */
};
TGT_WIRE_SIZE(ssc_mode_configuration_extension, 28);

/** Medium Partition mode page, 11h; a be16_t PARTITION SIZE for each partition follows (SSC-4). */
struct ssc_mode_partition {
    uint8_t max_additional; /**< MAXIMUM ADDITIONAL PARTITIONS */
    uint8_t defined;        /**< ADDITIONAL PARTITIONS DEFINED */
    uint8_t flags;          /**< FDP 7, SDP 6, IDP 5, PSUM 4:3, POFM 2, CLEAR 1, ADDP 0 */
    uint8_t recognition;    /**< MEDIUM FORMAT RECOGNITION */
    uint8_t units;          /**< PARTITIONING TYPE 7:4, PARTITION UNITS 3:0 */
    uint8_t reserved;       /**< zero */
};
TGT_WIRE_SIZE(ssc_mode_partition, 6);

#ifdef __cplusplus
}
#endif
#endif
