/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clock that times are measured with. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic, in nanoseconds; without a system call where the kernel's vDSO can do it. */
static inline uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif
