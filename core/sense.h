/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sense data (SPC-5 4.5) from its parts to bytes, in fixed or descriptor format. */
#ifndef CORE_SENSE_H
#define CORE_SENSE_H

#include <stdbool.h>
#include <stdint.h>
#include <tgt/sense.h>

struct tgt_cmd;
struct tgt_lu;

/* What one condition says. */
struct sense_data {
    enum tgt_sense sense;
    bool has_info;     /* `info` goes into the INFORMATION field */
    bool has_specific; /* `specific` goes into the sense key specific field; SKSV is set here */
    uint64_t info;
    uint8_t specific[3];
};

/* Most bytes that sense_encode() writes. */
#define SENSE_ENCODED_MAX 32

/* Pointer to a byte and bit (7 to 0, -1: none) of the CDB or of the parameter list
 * (SPC-5 4.5.2.4.2). */
void sense_set_field(struct sense_data *data, bool in_cdb, unsigned byte, int bit);
/* Progress of the long job of `lu` if one runs and `data` is its condition (SPC-5 4.5.2.4.4). */
void sense_set_progress(struct sense_data *data, const struct tgt_lu *lu);
/* Bytes written into `buf`, which has SENSE_ENCODED_MAX. */
unsigned sense_encode(uint8_t *buf, bool descriptor, const struct sense_data *data);
/* The command's sense, in the format of its LU. */
void sense_put(struct tgt_cmd *cmd, const struct sense_data *data);

#endif
