/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the reader of plugin files: whatever the bytes are, it comes back with a description or an
 * error, and reads nothing outside. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin-elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plugin_elf elf = {0};
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    /* It succeeds, or says why not. */
    if (plugin_elf_read(fd, &elf, &error) == (error != NULL))
        abort();
    plugin_elf_clear(&elf);
    close(fd);
    return 0;
}
