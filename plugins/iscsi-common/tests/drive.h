/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes taken for the doings of initiators: PDUs, time, want of buffers. For fuzzing and for random
 * tests. */
#ifndef DRIVE_H
#define DRIVE_H

#include <stddef.h>
#include <stdint.h>

/* Runs a whole life of the engine; it is an error if anything is left behind. */
void drive(const uint8_t *data, size_t size);

#endif
