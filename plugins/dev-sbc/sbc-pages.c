/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VPD pages B0, B1, B2, mode pages 01 and 08, log page 0C of disks (SBC-4 clause 6). */
#include "sbc.h"

/* ---- VPD ---- */

static uint32_t blocks_of(const struct tgt_lu *lu, uint64_t bytes)
{
    uint64_t blocks = bytes >> lu->block_shift;
    return blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)blocks;
}

/* What the admin has set, else what the store says; no longer than the longest. */
static uint32_t optimal_transfer(const struct tgt_lu *lu, const struct tgt_bs_info *info)
{
    uint32_t set = __atomic_load_n(&lu->optimal_transfer, __ATOMIC_RELAXED),
             blocks = set ? set : blocks_of(lu, info->optimal_transfer),
             most = blocks_of(lu, lu->max_transfer);
    return blocks < most ? blocks : most;
}

static uint16_t granularity(const struct tgt_lu *lu)
{
    uint16_t set = __atomic_load_n(&lu->optimal_granularity, __ATOMIC_RELAXED);
    return set ? set : (uint16_t)(1u << __atomic_load_n(&lu->physical_exponent, __ATOMIC_RELAXED));
}

static int put(uint8_t *buf, size_t size, const void *page, size_t len)
{
    memcpy(buf, page, len < size ? len : size);
    return (int)len;
}

static int vpd_block_limits(struct tgt_lu *lu, struct tgt_nexus *nexus, uint8_t *buf, size_t size)
{
    static const struct tgt_bs_info none;
    const struct tgt_bs_info *info = lu->medium ? sbc_info(lu) : &none;
    struct sbc_vpd_block_limits page = {
        .max_compare_write = (uint8_t)sbc_max_compare_write(lu),
        .optimal_granularity = be16(granularity(lu)),
        .max_transfer = be32(blocks_of(lu, lu->max_transfer)),
        .optimal_transfer = be32(optimal_transfer(lu, info)),
        .max_prefetch = be32(blocks_of(lu, SBC_PREFETCH)),
        .max_write_same = be64(sbc_max_write_same(lu)),
    };
    (void)nexus;
    if (sbc_can_unmap(lu)) {
        uint32_t unit = blocks_of(lu, info->discard_granularity);
        page.max_unmap_blocks = be32(SBC_MAX_UNMAP_BLOCKS);
        page.max_unmap_descriptors = be32(SBC_MAX_UNMAP_DESCRIPTORS);
        page.unmap_granularity = be32(unit ? unit : 1);
        page.unmap_alignment = be32(SBC_UGAVALID);
    }
    return put(buf, size, &page, sizeof page);
}

static int vpd_characteristics(struct tgt_lu *lu, struct tgt_nexus *nexus, uint8_t *buf,
                               size_t size)
{
    bool rotates = lu->medium != NULL && sbc_info(lu)->rotational;
    uint16_t set = __atomic_load_n(&lu->rotation_rate, __ATOMIC_RELAXED);
    struct sbc_vpd_characteristics page = {.rotation_rate = be16(set ? set : rotates ? 0 : 1)};
    (void)nexus;
    return put(buf, size, &page, sizeof page);
}

/* A threshold set is 1 MiB: resource counts of the log page are in this unit. */
static uint8_t threshold_exponent(const struct tgt_lu *lu)
{
    return (uint8_t)(20 - lu->block_shift);
}

static int vpd_provisioning(struct tgt_lu *lu, struct tgt_nexus *nexus, uint8_t *buf, size_t size)
{
    struct sbc_vpd_provisioning page = {0};
    (void)nexus;
    if (sbc_is_thin(lu)) {
        page.threshold_exponent = threshold_exponent(lu);
        page.type = 2;
    }
    if (sbc_can_unmap(lu))
        page.flags = (uint8_t)(0xe0 | (sbc_info(lu)->discard_zeroes ? 1 << 2 : 0));
    return put(buf, size, &page, sizeof page);
}

const struct tgt_vpd_page sbc_vpd[SBC_VPD_COUNT] = {
    {0xb0, vpd_block_limits},
    {0xb1, vpd_characteristics},
    {0xb2, vpd_provisioning},
};

/* ---- Mode pages ---- */

/* Read-Write Error Recovery (SBC-4 6.5.10): errors are reported, nothing is changeable. */
static const uint8_t recovery_defaults[10];
static const uint8_t recovery_changeable[10];

/* Caching (SBC-4 6.5.6): WCE is byte 2 bit 2 of the page, 0 bit 2 here. */
#define CACHING_WCE 0x04
static const uint8_t caching_defaults[18];
static const uint8_t caching_changeable[18] = {CACHING_WCE};

static void caching_init(struct tgt_lu *lu, uint8_t *page)
{
    bool cached = lu->medium != NULL && sbc_info(lu)->write_back;
    if (cached)
        page[0] |= CACHING_WCE;
    tgt_lu_state(lu, cached ? TGT_LU_WCE : 0, cached ? 0 : TGT_LU_WCE);
}

/* A store without a volatile cache has nothing to enable. */
static int caching_apply(struct tgt_lu *lu, const uint8_t *page)
{
    bool enable = page[0] & CACHING_WCE;
    if (enable && (lu->medium == NULL || !sbc_info(lu)->write_back))
        return -EINVAL;
    tgt_lu_state(lu, enable ? TGT_LU_WCE : 0, enable ? 0 : TGT_LU_WCE);
    return 0;
}

const struct tgt_mode_page sbc_modes[SBC_MODE_COUNT] = {
    {0x01, 0, sizeof recovery_defaults, recovery_defaults, recovery_changeable, NULL, NULL},
    {0x08, 0, sizeof caching_defaults, caching_defaults, caching_changeable, caching_init,
     caching_apply},
};

/* DEVICE-SPECIFIC PARAMETER (SBC-4 6.5.1): WP and DPOFUA. */
uint8_t sbc_mode_header(struct tgt_lu *lu)
{
    return (uint8_t)(0x10 | (tgt_lu_is(lu, TGT_LU_READ_ONLY | TGT_LU_SWP) ? 0x80 : 0));
}

/* Mode parameter block descriptors (SBC-4 6.5.2). */
unsigned sbc_block_descriptor(struct tgt_lu *lu, bool long_lba, uint8_t *buf)
{
    uint64_t blocks = tgt_lu_blocks(lu);
    memset(buf, 0, 16);
    if (long_lba) {
        be_put(buf, 8, blocks);
        be_put(buf + 12, 4, lu->block_size);
        return 16;
    }
    be_put(buf, 4, blocks > UINT32_MAX ? UINT32_MAX : blocks);
    be_put(buf + 5, 3, lu->block_size);
    return 8;
}

/* ---- Log pages ---- */

static struct sbc_log_provisioning resource(struct tgt_lu *lu, uint16_t code, uint64_t bytes,
                                            uint8_t scope)
{
    uint64_t sets = bytes >> (lu->block_shift + threshold_exponent(lu));
    return (struct sbc_log_provisioning){.code = be16(code),
                                         .control = 0x03,
                                         .length = 8,
                                         .count =
                                             be32(sets > UINT32_MAX ? UINT32_MAX : (uint32_t)sets),
                                         .scope = scope};
}

/* Logical Block Provisioning: only where the LU is thin and the store knows its figures. */
static int log_provisioning(struct tgt_lu *lu, uint8_t *buf, size_t size)
{
    uint64_t used, available;
    if (!sbc_is_thin(lu) || tgt_lu_usage(lu, &used, &available) < 0)
        return -1;
    struct sbc_log_provisioning page[2] = {resource(lu, 1, available, 2), resource(lu, 2, used, 1)};
    return put(buf, size, page, sizeof page);
}

const struct tgt_log_page sbc_logs[SBC_LOG_COUNT] = {{0x0c, 0, log_provisioning}};
