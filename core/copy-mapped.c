/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy-mapped.h"

#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The copy that a thread is at. */
struct copy {
    uintptr_t to, from;
    size_t length;
    sigjmp_buf out;
};

static _Thread_local struct copy *volatile under_way;
static struct sigaction before;

static bool within(uintptr_t address, uintptr_t begin, size_t length)
{
    return address - begin < length;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct copy *copy = under_way;
    uintptr_t address = (uintptr_t)info->si_addr;
    if (copy &&
        (within(address, copy->to, copy->length) || within(address, copy->from, copy->length)))
        siglongjmp(copy->out, 1);
    sigaction(SIGBUS, &before, NULL); /* it faults again, and then is somebody else's */
}

void copy_mapped_init(void)
{
    static gsize done;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (!g_once_init_enter(&done))
        return;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
    g_once_init_leave(&done, 1);
}

int copy_mapped(void *to, const void *from, size_t length)
{
    struct copy copy = {.to = (uintptr_t)to, .from = (uintptr_t)from, .length = length};
    int res = 0;
    if (sigsetjmp(copy.out, 0) == 0) {
        under_way = &copy;
        memcpy(to, from, length);
    } else
        res = -EFAULT;
    under_way = NULL;
    return res;
}
