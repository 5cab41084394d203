/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of the test device type "probe": shared by the plugin and the tests that send them. */
#ifndef TESTS_PROBE_H
#define TESTS_PROBE_H

/* Opcodes. Block commands have the LBA in bytes 2-5 and the count in bytes 7-8, and touch no store: they check who is there at
 * the same time, for as many turns of the thread as byte 6 says. */
#define PROBE_NOP 0xc0       /* nothing */
#define PROBE_HOLD 0xc1      /* byte 1 bit 0: waits for PROBE_RESUME, else nothing */
#define PROBE_RESUME 0xc2    /* lets all go that wait, on all nexuses */
#define PROBE_MIRROR 0xc3    /* bidirectional: Data-Out, its length in bytes 2-5, comes back inverted; bytes 6-8: how much comes back */
#define PROBE_PARTIAL 0xc4   /* bytes 2-3: that many bytes of data, and CHECK CONDITION with FILEMARK DETECTED and INFORMATION */
#define PROBE_SENSE 0xc5     /* 252 bytes of sense data; byte i is i, in descriptor format */
#define PROBE_EJECT 0xc6     /* the medium goes */
#define PROBE_LOAD 0xc7      /* the medium comes back; MEDIUM CHANGED for all other nexuses */
#define PROBE_ATTENTION 0xc8 /* bytes 2-4: unit attention (key, ASC, ASCQ) for all nexuses */
#define PROBE_JOB 0xc9       /* byte 1: 0 begins a job, 1 sets progress to byte 2 of byte 3, 2 ends it */
#define PROBE_PRIV 0xca      /* device_priv must be zero; leaves it dirty */
#define PROBE_SCRATCH 0xcb   /* 64 KiB of scratch memory, filled and checked */
#define PROBE_LONG_CDB 0x7f  /* service action 1: CDBs of all lengths up to 260 bytes come back as data; 2: of 32 bytes */
#define PROBE_READ 0xd0      /* block commands: as a read, */
#define PROBE_WRITE 0xd1     /* a write, */
#define PROBE_RANGE 0xd2     /* alone on the blocks, */
#define PROBE_ALONE 0xd3     /* alone on the LU */
#define PROBE_VIOLATIONS 0xd4 /* 8 bytes: how often somebody was there who should not */
#define PROBE_LOG 0xd5       /* tags of PROBE_NOP, PROBE_HOLD and block commands in the order of their beginning, 8 bytes each; and forgets them */
#define PROBE_IN 0xd6        /* allocation length in bytes 7-8: bytes 2-5 say how much there is, byte i is i */
#define PROBE_STAY 0xd8       /* a block command like PROBE_READ that stays until PROBE_RESUME */
#define PROBE_OUT 0xd7       /* parameter list length in bytes 7-8: must be bytes i + byte 2 */

#endif
