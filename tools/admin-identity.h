/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a SCSI device says of itself, for the logical unit that passes it on. */
#ifndef TOOLS_ADMIN_IDENTITY_H
#define TOOLS_ADMIN_IDENTITY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is "not said". Texts are printable ASCII. */
struct identity {
    char vendor[9], product[17], revision[5], serial[256];
    uint16_t granularity; /* of transfers, in blocks */
    uint32_t optimal;     /* length of a transfer, in blocks */
    uint32_t block_size;  /* bytes */
    uint8_t exponent;     /* of blocks per physical block */
    uint16_t aligned;     /* the lowest block that begins a physical one */
    bool has_capacity;    /* the last three have been said */
};

/* Ask a device. False: it is none of SCSI, or it does not answer. */
bool identity_read(struct identity *identity, const char *path, GError **error);

/* Take in answers of `len` bytes: INQUIRY (SPC-5 6.6.2), its page 80h (7.7.18), its page B0h (SBC-4
 * 6.6.4), READ CAPACITY(16) (SBC-4 5.21.2). What is not there is left as it is. */
void identity_take_inquiry(struct identity *identity, const uint8_t *data, size_t len);
void identity_take_serial(struct identity *identity, const uint8_t *data, size_t len);
void identity_take_limits(struct identity *identity, const uint8_t *data, size_t len);
void identity_take_capacity(struct identity *identity, const uint8_t *data, size_t len);

#define IDENTITY_VALUES 8
struct identity_value {
    const char *key; /* of tgtadm's --params */
    char text[256];
};
/* All that has been said, for tgtadm; returns how many values that are. */
unsigned identity_values(const struct identity *identity,
                         struct identity_value values[IDENTITY_VALUES]);

#endif
