/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the iSCSI engine with PDUs, time and want of buffers: it answers or closes, keeps its own
 * books, and leaves nothing behind. */
#include "../plugins/iscsi-common/tests/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drive(data, size);
    return 0;
}
