/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of the test device type "probe": shared by the plugin and the tests that send them.
 */
#ifndef TESTS_PROBE_H
#define TESTS_PROBE_H

/* Opcodes. */
enum {
    /* Nothing. */
    PROBE_NOP = 0xc0,
    /* Byte 1 bit 0: waits for PROBE_RESUME; else nothing. */
    PROBE_HOLD = 0xc1,
    /* Lets all go that wait, on all nexuses. */
    PROBE_RESUME = 0xc2,
    /* Bidirectional: Data-Out, its length in bytes 2-5, comes back inverted, bytes 6-8 of it. */
    PROBE_MIRROR = 0xc3,
    /* Bytes 2-3: bytes of data, and CHECK CONDITION with FILEMARK DETECTED and INFORMATION. */
    PROBE_PARTIAL = 0xc4,
    /* 252 bytes of sense data in descriptor format; byte i is i. */
    PROBE_SENSE = 0xc5,
    /* The medium goes. */
    PROBE_EJECT = 0xc6,
    /* The medium comes back; MEDIUM CHANGED for all other nexuses. */
    PROBE_LOAD = 0xc7,
    /* Bytes 2-4: unit attention (key, ASC, ASCQ) for all nexuses. */
    PROBE_ATTENTION = 0xc8,
    /* Byte 1: 0 begins a job, 1 sets progress to byte 2 of byte 3, 2 ends it. */
    PROBE_JOB = 0xc9,
    /* device_priv must be zero; leaves it dirty. */
    PROBE_PRIV = 0xca,
    /* 64 KiB of scratch memory, filled and checked. */
    PROBE_SCRATCH = 0xcb,

    /* Block commands have the LBA in bytes 2-5 and the count in bytes 7-8, and touch no store: they
     * check who is there at the same time, for as many turns of the thread as byte 6 says. */
    PROBE_READ = 0xd0,
    PROBE_WRITE = 0xd1,
    /* Alone on the blocks. */
    PROBE_RANGE = 0xd2,
    /* Alone on the LU. */
    PROBE_ALONE = 0xd3,
    /* As PROBE_READ, but stays until PROBE_RESUME. */
    PROBE_STAY = 0xd8,
    /* 8 bytes: how often somebody was there who should not. */
    PROBE_VIOLATIONS = 0xd4,
    /* Tags of PROBE_NOP, PROBE_HOLD and block commands in the order of their beginning, 8 bytes
     * each; and forgets them. */
    PROBE_LOG = 0xd5,

    /* Allocation length in bytes 7-8; bytes 2-5 say how much there is; byte i is i. */
    PROBE_IN = 0xd6,
    /* Parameter list length in bytes 7-8; byte i must be i + byte 2 of the CDB. */
    PROBE_OUT = 0xd7,

    /* Service action 1: CDBs of all lengths up to 260 bytes come back as data; 2: of 32 bytes. */
    PROBE_LONG_CDB = 0x7f,
};

#endif
