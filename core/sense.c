/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds sense data: fixed and descriptor format, field pointers, INFORMATION, progress; names of
 * conditions. */
#include "sense.h"

#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "lu.h"

/* Formats and descriptors (SPC-5 4.5.2, 4.5.3). */
#define FIXED_CURRENT                0x70
#define FIXED_LEN                    18
#define FIXED_VALID                  0x80
#define DESCRIPTOR_CURRENT           0x72
#define DESCRIPTOR_HEADER            8
#define DESCRIPTOR_INFORMATION       0x00
#define DESCRIPTOR_INFORMATION_LEN   12
#define DESCRIPTOR_INFORMATION_VALID 0x80
#define DESCRIPTOR_SPECIFIC          0x02
#define DESCRIPTOR_SPECIFIC_LEN      8

/* Sense key specific field. */
#define SKSV    0x80
#define SKS_CDB 0x40
#define SKS_BPV 0x08

void sense_set_field(struct sense_data *data, bool in_cdb, unsigned byte, int bit)
{
    data->has_specific = true;
    data->specific[0] =
        (uint8_t)(SKSV | (in_cdb ? SKS_CDB : 0) | (bit >= 0 ? SKS_BPV | (bit & 7) : 0));
    be_put(data->specific + 1, 2, byte);
}

/* In 65536ths. */
static uint16_t progress_of(const struct core_lu *lu)
{
    uint64_t done = __atomic_load_n(&lu->job_done, __ATOMIC_RELAXED);
    uint64_t total = __atomic_load_n(&lu->job_total, __ATOMIC_RELAXED);
    if (total == 0)
        return 0;
    double part = (double)done / (double)total * 65536.0;
    return part >= 65535.0 ? 65535 : (uint16_t)part;
}

void sense_set_progress(struct sense_data *data, const struct tgt_lu *lu)
{
    unsigned key = TGT_SENSE_GET_KEY(data->sense);
    if (lu == NULL || (key != TGT_KEY_NOT_READY && key != TGT_KEY_NO_SENSE) ||
        !tgt_lu_is(lu, TGT_LU_JOB) ||
        __atomic_load_n(&core_lu(lu)->job_sense, __ATOMIC_RELAXED) != data->sense)
        return;
    data->has_specific = true;
    data->specific[0] = SKSV;
    be_put(data->specific + 1, 2, progress_of(core_lu(lu)));
}

/* INFORMATION has four bytes here: what does not fit is not valid (SPC-5 4.5.3). */
static unsigned encode_fixed(uint8_t *buf, const struct sense_data *data)
{
    bool valid = data->has_info && data->info <= UINT32_MAX;
    memset(buf, 0, FIXED_LEN);
    buf[0] = FIXED_CURRENT | (valid ? FIXED_VALID : 0);
    buf[2] = (uint8_t)TGT_SENSE_GET_KEY(data->sense);
    if (valid)
        be_put(buf + 3, 4, data->info);
    buf[7] = FIXED_LEN - 8;
    buf[12] = (uint8_t)TGT_SENSE_GET_ASC(data->sense);
    buf[13] = (uint8_t)TGT_SENSE_GET_ASCQ(data->sense);
    if (data->has_specific)
        memcpy(buf + 15, data->specific, 3);
    return FIXED_LEN;
}

static unsigned put_descriptor(uint8_t *buf, uint8_t type, unsigned len)
{
    memset(buf, 0, len);
    buf[0] = type;
    buf[1] = (uint8_t)(len - 2);
    return len;
}

static unsigned encode_descriptors(uint8_t *buf, const struct sense_data *data)
{
    unsigned len = DESCRIPTOR_HEADER;
    memset(buf, 0, DESCRIPTOR_HEADER);
    buf[0] = DESCRIPTOR_CURRENT;
    buf[1] = (uint8_t)TGT_SENSE_GET_KEY(data->sense);
    buf[2] = (uint8_t)TGT_SENSE_GET_ASC(data->sense);
    buf[3] = (uint8_t)TGT_SENSE_GET_ASCQ(data->sense);
    if (data->has_info) {
        uint8_t *d = buf + len;
        len += put_descriptor(d, DESCRIPTOR_INFORMATION, DESCRIPTOR_INFORMATION_LEN);
        d[2] = DESCRIPTOR_INFORMATION_VALID;
        be_put(d + 4, 8, data->info);
    }
    if (data->has_specific) {
        uint8_t *d = buf + len;
        len += put_descriptor(d, DESCRIPTOR_SPECIFIC, DESCRIPTOR_SPECIFIC_LEN);
        memcpy(d + 4, data->specific, 3);
    }
    buf[7] = (uint8_t)(len - DESCRIPTOR_HEADER);
    return len;
}

_Static_assert(SENSE_ENCODED_MAX >=
                   DESCRIPTOR_HEADER + DESCRIPTOR_INFORMATION_LEN + DESCRIPTOR_SPECIFIC_LEN,
               "room");

unsigned sense_encode(uint8_t *buf, bool descriptor, const struct sense_data *data)
{
    return descriptor ? encode_descriptors(buf, data) : encode_fixed(buf, data);
}

void sense_put(struct tgt_cmd *cmd, const struct sense_data *data)
{
    bool descriptor = cmd->lu != NULL && tgt_lu_is(cmd->lu, TGT_LU_D_SENSE);
    cmd->sense_len = (uint8_t)sense_encode(cmd->sense, descriptor, data);
}

void sense_build(struct tgt_cmd *cmd, enum tgt_sense sense)
{
    struct sense_data data = {.sense = sense};
    sense_set_progress(&data, cmd->lu);
    sense_put(cmd, &data);
}

const char *sense_name(enum tgt_sense sense)
{
    static const struct {
        enum tgt_sense sense;
        const char *name;
    } names[] = {
#define X(name, key, asc, ascq, text) {TGT_SENSE_##name, #name},
        TGT_SENSE_LIST(X)
#undef X
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].sense == sense)
            return names[i].name;
    return "?";
}
