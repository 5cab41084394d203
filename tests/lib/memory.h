/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory as a medium, shared by the test stores: bytes, and a map of what has storage. */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <tgt/tgt.h>

/* Storage is counted in granules of this many bytes. */
#define MEMORY_GRANULE 4096u

struct memory {
    uint8_t *bytes; /* mmapped, `size` bytes */
    uint64_t size;
    uint8_t *allocated; /* a byte per granule: 1 = has storage */
};

/* The option that all of them have. */
#define MEMORY_PARAM_SIZE                                                                          \
    {                                                                                              \
        .name = "size", .type = TGT_PARAM_SIZE, .def = "64M", .min = 512, .unit = "bytes",         \
        .help = "Size of the disk."                                                                \
    }

/* Memory of the size that the options say; NULL with `err` filled if there is not that much. */
struct memory *memory_open(const struct tgt_bs_open *args, struct tgt_error *err);
void memory_free(struct memory *memory); /* NULL is fine */
/* Do one operation at once; 0 or a negative errno. */
int memory_do(struct memory *memory, struct tgt_bs_io *io);
void memory_usage(const struct memory *memory, uint64_t *used);
/* What open() says of such a medium: everything native, a write-back cache if asked for. */
void memory_info(const struct memory *memory, struct tgt_bs_info *info, bool write_back);

#endif
