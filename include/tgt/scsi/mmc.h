/* SPDX-License-Identifier: MIT */
/* Wire formats of the Multi-Media Commands (MMC-6): CDBs, configuration, disc and track
 * information, events, mode pages of optical drives.
 *
 * Field names are those of the standard; "NAME 7:4" are bits of a byte, most significant first.
 */
#ifndef TGT_SCSI_MMC_H
#define TGT_SCSI_MMC_H

#include <tgt/scsi/be.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- CDBs ---- */

/** READ TOC/PMA/ATIP (MMC-6, of that command). */
struct mmc_cdb_read_toc {
    uint8_t opcode;      /**< 43h */
    uint8_t msf;         /**< MSF 1 */
    uint8_t format;      /**< FORMAT 3:0 */
    uint8_t reserved[3]; /**< zero */
    uint8_t number;      /**< TRACK/SESSION NUMBER */
    be16_t allocation;   /**< ALLOCATION LENGTH */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(mmc_cdb_read_toc, 10);

/** GET CONFIGURATION (MMC-6, of that command). */
struct mmc_cdb_get_configuration {
    uint8_t opcode;      /**< 46h */
    uint8_t rt;          /**< RT 1:0: 0 all features, 1 current ones, 2 one feature */
    be16_t start;        /**< STARTING FEATURE NUMBER */
    uint8_t reserved[3]; /**< zero */
    be16_t allocation;   /**< ALLOCATION LENGTH */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(mmc_cdb_get_configuration, 10);

/** GET EVENT STATUS NOTIFICATION (MMC-6, of that command). */
struct mmc_cdb_get_event {
    uint8_t opcode;       /**< 4Ah */
    uint8_t polled;       /**< POLLED 0 */
    uint8_t reserved1[2]; /**< zero */
    uint8_t classes;      /**< NOTIFICATION CLASS REQUEST */
    uint8_t reserved2[2]; /**< zero */
    be16_t allocation;    /**< ALLOCATION LENGTH */
    uint8_t control;      /**< CONTROL */
};
TGT_WIRE_SIZE(mmc_cdb_get_event, 10);

/** READ DISC INFORMATION (MMC-6, of that command). */
struct mmc_cdb_read_disc_info {
    uint8_t opcode;      /**< 51h */
    uint8_t data_type;   /**< DATA TYPE 2:0: 0 standard */
    uint8_t reserved[5]; /**< zero */
    be16_t allocation;   /**< ALLOCATION LENGTH */
    uint8_t control;     /**< CONTROL */
};
TGT_WIRE_SIZE(mmc_cdb_read_disc_info, 10);

/** READ TRACK INFORMATION (MMC-6, of that command). */
struct mmc_cdb_read_track_info {
    uint8_t opcode;    /**< 52h */
    uint8_t type;      /**< OPEN 2, ADDRESS/NUMBER TYPE 1:0: 0 LBA, 1 track, 2 session */
    be32_t address;    /**< LOGICAL BLOCK ADDRESS/TRACK/SESSION NUMBER */
    uint8_t reserved;  /**< zero */
    be16_t allocation; /**< ALLOCATION LENGTH */
    uint8_t control;   /**< CONTROL */
};
TGT_WIRE_SIZE(mmc_cdb_read_track_info, 10);

/* ---- Features and events ---- */

/** Feature header of GET CONFIGURATION (MMC-6, GET CONFIGURATION command). */
struct mmc_feature_header {
    be32_t length;       /**< DATA LENGTH: bytes behind this field */
    uint8_t reserved[2]; /**< zero */
    be16_t profile;      /**< CURRENT PROFILE, 0: no medium */
};
TGT_WIRE_SIZE(mmc_feature_header, 8);

/** Header of a feature descriptor (MMC-6, feature descriptor generic format). */
struct mmc_feature {
    be16_t code;    /**< FEATURE CODE */
    uint8_t flags;  /**< VERSION 5:2, PERSISTENT 1, CURRENT 0 */
    uint8_t length; /**< ADDITIONAL LENGTH: bytes behind the header, a multiple of 4 */
};
TGT_WIRE_SIZE(mmc_feature, 4);

/** Profile descriptor of the Profile List feature, 0000h (MMC-6). */
struct mmc_profile {
    be16_t number;    /**< PROFILE NUMBER */
    uint8_t current;  /**< CURRENTP 0 */
    uint8_t reserved; /**< zero */
};
TGT_WIRE_SIZE(mmc_profile, 4);

/** Profiles (MMC-6, profile list). */
enum mmc_profile_number {
    MMC_PROFILE_NONE = 0x0000,             /**< no medium */
    MMC_PROFILE_CD_ROM = 0x0008,           /**< CD-ROM */
    MMC_PROFILE_CD_R = 0x0009,             /**< CD-R */
    MMC_PROFILE_CD_RW = 0x000a,            /**< CD-RW */
    MMC_PROFILE_DVD_ROM = 0x0010,          /**< DVD-ROM */
    MMC_PROFILE_DVD_R = 0x0011,            /**< DVD-R, sequential recording */
    MMC_PROFILE_DVD_RAM = 0x0012,          /**< DVD-RAM */
    MMC_PROFILE_DVD_RW_OVERWRITE = 0x0013, /**< DVD-RW, restricted overwrite */
    MMC_PROFILE_DVD_RW = 0x0014,           /**< DVD-RW, sequential recording */
    MMC_PROFILE_DVD_PLUS_RW = 0x001a,      /**< DVD+RW */
    MMC_PROFILE_DVD_PLUS_R = 0x001b,       /**< DVD+R */
    MMC_PROFILE_DVD_PLUS_R_DL = 0x002b,    /**< DVD+R dual layer */
    MMC_PROFILE_BD_ROM = 0x0040,           /**< BD-ROM */
    MMC_PROFILE_BD_R = 0x0041,             /**< BD-R, sequential recording */
    MMC_PROFILE_BD_RE = 0x0043,            /**< BD-RE */
};

/** Event header of GET EVENT STATUS NOTIFICATION (MMC-6, of that command). */
struct mmc_event_header {
    be16_t length;        /**< EVENT DESCRIPTOR LENGTH: bytes behind this field */
    uint8_t notification; /**< NEA 7, NOTIFICATION CLASS 2:0 */
    uint8_t supported;    /**< SUPPORTED EVENT CLASSES */
};
TGT_WIRE_SIZE(mmc_event_header, 4);

/** Media event descriptor (MMC-6, GET EVENT STATUS NOTIFICATION command). */
struct mmc_event_media {
    uint8_t event;      /**< MEDIA EVENT CODE 3:0 */
    uint8_t status;     /**< MEDIA PRESENT 1, DOOR OR TRAY OPEN 0 */
    uint8_t start_slot; /**< START SLOT */
    uint8_t end_slot;   /**< END SLOT */
};
TGT_WIRE_SIZE(mmc_event_media, 4);

/* ---- Discs, tracks, capacities ---- */

/** READ TOC/PMA/ATIP response header (MMC-6, of that command). */
struct mmc_toc_header {
    be16_t length; /**< DATA LENGTH: bytes behind this field */
    uint8_t first; /**< FIRST TRACK (format 0) or SESSION NUMBER (format 1) */
    uint8_t last;  /**< LAST TRACK or SESSION NUMBER */
};
TGT_WIRE_SIZE(mmc_toc_header, 4);

/** TOC track descriptor of formats 0 and 1 (MMC-6, READ TOC/PMA/ATIP command). */
struct mmc_toc_track {
    uint8_t reserved1;   /**< zero */
    uint8_t adr_control; /**< ADR 7:4, CONTROL 3:0 */
    uint8_t track;       /**< TRACK NUMBER; AAh: lead-out */
    uint8_t reserved2;   /**< zero */
    be32_t start;        /**< TRACK START ADDRESS: LBA, or 0, M, S, F */
};
TGT_WIRE_SIZE(mmc_toc_track, 8);

/** Standard disc information (MMC-6, READ DISC INFORMATION command). */
struct mmc_disc_info {
    be16_t length;  /**< DISC INFORMATION LENGTH: bytes behind this field */
    uint8_t status; /**< DISC INFORMATION DATA TYPE 7:5, ERASABLE 4, STATE OF LAST SESSION 3:2, DISC
                       STATUS 1:0 */
    uint8_t first_track;     /**< NUMBER OF FIRST TRACK ON DISC */
    uint8_t sessions;        /**< NUMBER OF SESSIONS, low byte */
    uint8_t last_first;      /**< FIRST TRACK NUMBER IN LAST SESSION, low byte */
    uint8_t last_last;       /**< LAST TRACK NUMBER IN LAST SESSION, low byte */
    uint8_t flags;           /**< DID_V 7, DBC_V 6, URU 5, DAC_V 4, BG FORMAT STATUS 1:0 */
    uint8_t disc_type;       /**< DISC TYPE */
    uint8_t sessions_high;   /**< NUMBER OF SESSIONS, high byte */
    uint8_t last_first_high; /**< FIRST TRACK NUMBER IN LAST SESSION, high byte */
    uint8_t last_last_high;  /**< LAST TRACK NUMBER IN LAST SESSION, high byte */
    be32_t disc_id;          /**< DISC IDENTIFICATION */
    be32_t lead_in;          /**< LAST SESSION LEAD-IN START ADDRESS */
    be32_t lead_out;         /**< LAST POSSIBLE LEAD-OUT START ADDRESS */
    uint8_t bar_code[8];     /**< DISC BAR CODE */
    uint8_t application;     /**< DISC APPLICATION CODE */
    uint8_t opc_tables;      /**< NUMBER OF OPC TABLES */
};
TGT_WIRE_SIZE(mmc_disc_info, 34);

/** Track information block (MMC-6, READ TRACK INFORMATION command). */
struct mmc_track_info {
    be16_t length;        /**< TRACK INFORMATION LENGTH: bytes behind this field */
    uint8_t track;        /**< TRACK NUMBER, low byte */
    uint8_t session;      /**< SESSION NUMBER, low byte */
    uint8_t reserved1;    /**< zero */
    uint8_t track_mode;   /**< LJRS 7:6, DAMAGE 5, COPY 4, TRACK MODE 3:0 */
    uint8_t data_mode;    /**< RT 7, BLANK 6, PACKET/INC 5, FP 4, DATA MODE 3:0 */
    uint8_t valid;        /**< LRA_V 1, NWA_V 0 */
    be32_t start;         /**< TRACK START ADDRESS */
    be32_t next_writable; /**< NEXT WRITABLE ADDRESS, if NWA_V is set */
    be32_t free_blocks;   /**< FREE BLOCKS */
    be32_t packet_size;   /**< FIXED PACKET SIZE/BLOCKING FACTOR */
    be32_t track_size;    /**< TRACK SIZE */
    be32_t last_recorded; /**< LAST RECORDED ADDRESS, if LRA_V is set */
    uint8_t track_high;   /**< TRACK NUMBER, high byte */
    uint8_t session_high; /**< SESSION NUMBER, high byte */
    uint8_t reserved2[2]; /**< zero */
};
TGT_WIRE_SIZE(mmc_track_info, 36);

/** Capacity list header (MMC-6, READ FORMAT CAPACITIES command). */
struct mmc_capacity_header {
    uint8_t reserved[3]; /**< zero */
    uint8_t length;      /**< CAPACITY LIST LENGTH: bytes behind the header */
};
TGT_WIRE_SIZE(mmc_capacity_header, 4);

/** Capacity descriptors: current/maximum, then formattable ones (MMC-6, READ FORMAT CAPACITIES
 * command). */
struct mmc_capacity {
    be32_t blocks;    /**< NUMBER OF BLOCKS */
    uint8_t type;     /**< current/maximum: DESCRIPTOR TYPE 1:0; formattable: FORMAT TYPE 7:2 */
    be24_t parameter; /**< current/maximum: BLOCK LENGTH; formattable: TYPE DEPENDENT PARAMETER */
};
TGT_WIRE_SIZE(mmc_capacity, 8);

/** Buffer capacity structure (MMC-6, READ BUFFER CAPACITY command). */
struct mmc_buffer_capacity {
    be16_t length;    /**< DATA LENGTH: bytes behind this field */
    uint8_t reserved; /**< zero */
    uint8_t block;    /**< BLOCK 0: lengths are in blocks */
    be32_t total;     /**< LENGTH OF THE BUFFER */
    be32_t available; /**< AVAILABLE LENGTH OF THE BUFFER */
};
TGT_WIRE_SIZE(mmc_buffer_capacity, 12);

/** Mechanism status header (MMC-6, MECHANISM STATUS command). */
struct mmc_mechanism {
    uint8_t slot;        /**< FAULT 7, CHANGER STATE 6:5, CURRENT SLOT 4:0, low bits */
    uint8_t state;       /**< MECHANISM STATE 7:5, DOOR OPEN 4, CURRENT SLOT 2:0, high bits */
    be24_t lba;          /**< CURRENT LBA */
    uint8_t slots;       /**< NUMBER OF SLOTS AVAILABLE 5:0 */
    be16_t table_length; /**< LENGTH OF SLOT TABLE */
};
TGT_WIRE_SIZE(mmc_mechanism, 8);

/* ---- Mode pages, behind the page header ---- */

/** Write Parameters mode page, 05h (MMC-6). */
struct mmc_mode_write {
    uint8_t write_type;     /**< BUFE 6, LS_V 5, TEST WRITE 4, WRITE TYPE 3:0 */
    uint8_t track_mode;     /**< MULTI-SESSION 7:6, FP 5, COPY 4, TRACK MODE 3:0 */
    uint8_t block_type;     /**< DATA BLOCK TYPE 3:0 */
    uint8_t link_size;      /**< LINK SIZE, if LS_V is set */
    uint8_t reserved1;      /**< zero */
    uint8_t application;    /**< INITIATOR APPLICATION CODE 5:0 */
    uint8_t session_format; /**< SESSION FORMAT */
    uint8_t reserved2;      /**< zero */
    be32_t packet_size;     /**< PACKET SIZE, if FP is set */
    be16_t audio_pause;     /**< AUDIO PAUSE LENGTH */
    uint8_t catalog[16];    /**< MEDIA CATALOG NUMBER */
    uint8_t isrc[16];       /**< INTERNATIONAL STANDARD RECORDING CODE */
    uint8_t subheader[4];   /**< SUB-HEADER BYTES */
};
TGT_WIRE_SIZE(mmc_mode_write, 50);

/** MM Capabilities and Mechanical Status mode page, 2Ah; write speed descriptors follow (MMC-6). */
struct mmc_mode_capabilities {
    uint8_t read;  /**< DVD-RAM READ 5, DVD-R READ 4, DVD-ROM READ 3, METHOD 2 2, CD-RW READ 1, CD-R
                      READ 0 */
    uint8_t write; /**< DVD-RAM WRITE 5, DVD-R WRITE 4, TEST WRITE 2, CD-RW WRITE 1, CD-R WRITE 0 */
    uint8_t flags4; /**< BUF 7, MULTI SESSION 6, MODE 2 FORM 2 5, MODE 2 FORM 1 4, DIGITAL PORTS
                       3:2, COMPOSITE 1, AUDIO PLAY 0 */
    uint8_t flags5; /**< READ BAR CODE 7, UPC 6, ISRC 5, C2 4, R-W DEINTERLEAVED 3, R-W SUPPORTED 2,
                       CD-DA ACCURATE 1, CD-DA 0 */
    uint8_t mechanism;     /**< LOADING MECHANISM TYPE 7:5, EJECT 3, PREVENT JUMPER 2, LOCK STATE 1,
                              LOCK 0 */
    uint8_t changer;       /**< P-W IN LEAD-IN 5, SIDE CHANGE 4, SLOT SELECTION 3, DISC PRESENCE 2,
                              CHANNEL MUTE 1, VOLUME LEVELS 0 */
    be16_t max_read_speed; /**< obsolete: MAXIMUM READ SPEED in kB/s */
    be16_t volume_levels;  /**< NUMBER OF VOLUME LEVELS SUPPORTED */
    be16_t buffer_size;    /**< BUFFER SIZE SUPPORTED in KiB */
    be16_t read_speed;     /**< obsolete: CURRENT READ SPEED in kB/s */
    uint8_t obsolete1;     /**< zero */
    uint8_t digital;       /**< LENGTH 5:4, LSBF 3, RCK 2, BCKF 1 */
    be16_t max_write_speed; /**< obsolete: MAXIMUM WRITE SPEED in kB/s */
    be16_t old_write_speed; /**< obsolete: CURRENT WRITE SPEED in kB/s */
    be16_t copy_management; /**< COPY MANAGEMENT REVISION SUPPORTED */
    uint8_t reserved[3];    /**< zero */
    uint8_t rotation;       /**< ROTATION CONTROL SELECTED 1:0 */
    be16_t write_speed;     /**< CURRENT WRITE SPEED SELECTED in kB/s */
    be16_t
        speed_descriptors; /**< NUMBER OF LOGICAL UNIT WRITE SPEED PERFORMANCE DESCRIPTOR TABLES */
};
TGT_WIRE_SIZE(mmc_mode_capabilities, 30);

/** Logical unit write speed performance descriptor of that page (MMC-6). */
struct mmc_mode_write_speed {
    uint8_t reserved; /**< zero */
    uint8_t rotation; /**< ROTATION CONTROL 2:0 */
    be16_t speed;     /**< WRITE SPEED SUPPORTED in kB/s */
};
TGT_WIRE_SIZE(mmc_mode_write_speed, 4);

#ifdef __cplusplus
}
#endif
#endif
