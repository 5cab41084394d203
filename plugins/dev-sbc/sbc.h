/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Direct access block devices (SBC-4): what the files of this plugin share. */
#ifndef DEV_SBC_H
#define DEV_SBC_H

#include <errno.h>
#include <string.h>
#include <tgt/scsi/sbc.h>
#include <tgt/tgt.h>

/* Limits that are advertised in the Block Limits VPD page and enforced. */
#define SBC_SCRATCH               65536u      /* what one step of a long command works on */
#define SBC_MAX_COMPARE_WRITE     SBC_SCRATCH /* bytes of one half */
#define SBC_MAX_UNMAP_BLOCKS      (1u << 20)
#define SBC_MAX_UNMAP_DESCRIPTORS 256u
#define SBC_MAX_WRITE_SAME        (256u << 20) /* bytes */
#define SBC_PREFETCH              (4u << 20)   /* bytes that PRE-FETCH brings into the cache */

/* What a command of several steps remembers; lives in cmd->device_priv. */
struct sbc_walk {
    uint64_t offset;     /* bytes: where the walk is on the medium */
    uint64_t end;        /* bytes: where it ends */
    uint64_t step;       /* bytes of the step under way */
    uint64_t start;      /* bytes: where it began */
    struct iovec iov[4]; /* for the step under way */
    bool one_block;      /* compare each block with the first one of the data (BYTCHK 11b) */
    bool compare;        /* compare with the data */
};

/* Bytes from blocks. The core has checked the range, so this cannot overflow. */
static inline uint64_t sbc_bytes(const struct tgt_cmd *cmd, uint64_t blocks)
{
    return blocks << cmd->lu->block_shift;
}

/* What the store of a LU said; the row's checks made sure that there is a medium. */
static inline const struct tgt_bs_info *sbc_info(const struct tgt_lu *lu)
{
    return &lu->medium->info;
}

static inline struct sbc_walk *sbc_walk(struct tgt_cmd *cmd)
{
    return (struct sbc_walk *)cmd->device_priv;
}

/* Flags of a write: FUA as asked for by the CDB (`fua`), or because the write cache is disabled. */
unsigned sbc_write_flags(const struct tgt_cmd *cmd, bool fua);
bool sbc_is_thin(const struct tgt_lu *lu);
bool sbc_can_unmap(const struct tgt_lu *lu);

/* Read the next step of the walk, w->step bytes to w->iov[0], scratch memory of SBC_SCRATCH bytes;
 * `done` ends it. Without memory the command ends with BUSY. */
void sbc_walk_read(struct tgt_cmd *cmd, unsigned flags,
                   void (*done)(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result));

/* The usual end of a request to the store: GOOD, or the sense of the error. */
void sbc_end(struct tgt_cmd *cmd, const struct tgt_bs_io *io, int result);

/* sbc-rw.c */
void sbc_read(struct tgt_cmd *cmd);
void sbc_write(struct tgt_cmd *cmd);
/* sbc-verify.c */
int64_t sbc_verify_data_len(struct tgt_cmd *cmd);
int64_t sbc_write_verify_data_len(struct tgt_cmd *cmd);
void sbc_verify(struct tgt_cmd *cmd);
void sbc_write_verify(struct tgt_cmd *cmd);
/* sbc-cache.c */
void sbc_synchronize_cache(struct tgt_cmd *cmd);
void sbc_prefetch(struct tgt_cmd *cmd);
/* sbc-capacity.c */
void sbc_read_capacity10(struct tgt_cmd *cmd);
void sbc_read_capacity16(struct tgt_cmd *cmd);
void sbc_get_lba_status(struct tgt_cmd *cmd);
/* sbc-unmap.c */
void sbc_unmap(struct tgt_cmd *cmd);
/* sbc-same.c */
int64_t sbc_write_same_data_len(struct tgt_cmd *cmd);
void sbc_write_same(struct tgt_cmd *cmd);
uint64_t sbc_max_write_same(const struct tgt_lu *lu);
/* sbc-atomic.c */
int64_t sbc_compare_write_data_len(struct tgt_cmd *cmd);
void sbc_compare_write(struct tgt_cmd *cmd);
void sbc_orwrite(struct tgt_cmd *cmd);
uint32_t sbc_max_compare_write(const struct tgt_lu *lu);
/* sbc-format.c */
int64_t sbc_format_data_len(struct tgt_cmd *cmd);
void sbc_format_unit(struct tgt_cmd *cmd);
/* sbc-pages.c */
extern const struct tgt_vpd_page sbc_vpd[];
extern const struct tgt_mode_page sbc_modes[];
extern const struct tgt_log_page sbc_logs[];
#define SBC_VPD_COUNT  3
#define SBC_MODE_COUNT 2
#define SBC_LOG_COUNT  1
uint8_t sbc_mode_header(struct tgt_lu *lu);
unsigned sbc_block_descriptor(struct tgt_lu *lu, bool long_lba, uint8_t *buf);

#endif
