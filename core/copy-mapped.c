/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy-mapped.h"

#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

/* The smallest that there are. */
#define PAGE 4096u

/* The copy that a thread is at. */
struct copy {
    uintptr_t to, from;
    size_t length;
    sigjmp_buf out;
};

static _Thread_local struct copy *volatile under_way;
static struct sigaction before;

/* Some processors, and the kernel for broken memory, tell the page only. */
static bool within(uintptr_t address, uintptr_t begin, size_t length)
{
    uintptr_t page = begin & ~(uintptr_t)(PAGE - 1);
    return address - page < begin - page + length;
}

static bool is_copys(const struct copy *copy, const siginfo_t *info)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    return copy && info->si_code > 0 && info->si_code != BUS_MCEERR_AO &&
           (within(address, copy->to, copy->length) || within(address, copy->from, copy->length));
}

/* What is not the copy's is what it would be without us. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
    struct copy *copy = under_way;
    if (is_copys(copy, info)) {
        pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
        siglongjmp(copy->out, 1);
    }
    sigaction(SIGBUS, &before, NULL);
    raise(SIGBUS);
}

void copy_mapped_init(void)
{
    static gsize done;
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER};
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
        atomic_signal_fence(memory_order_seq_cst);
        memcpy(to, from, length);
        atomic_signal_fence(memory_order_seq_cst);
    } else
        res = -EFAULT;
    under_way = NULL;
    return res;
}
