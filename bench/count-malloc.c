/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what each thread of a program allocates and locks: LD_PRELOAD=.../count-malloc.so PROGRAM
 *
 * On SIGUSR1 and at the end it appends a line "PID THREAD COUNT... NAME" for each thread, and then
 * a line "PID end", to the file that COUNT_FILE names, or to standard error. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the order of the columns: X(NAME). */
#define COUNT_LIST(X) X(MALLOC) X(CALLOC) X(REALLOC) X(FREE) X(LOCK)

/* Each takes a lock: X(RESULT, NAME, LOCK). GLib's locks do not call those of the C library. */
#define LOCK_LIST(X)                                                                               \
    X(int, pthread_mutex_lock, pthread_mutex_t *)                                                  \
    X(int, pthread_rwlock_rdlock, pthread_rwlock_t *)                                              \
    X(int, pthread_rwlock_wrlock, pthread_rwlock_t *)                                              \
    X(void, g_mutex_lock, void *)                                                                  \
    X(void, g_rec_mutex_lock, void *)                                                              \
    X(void, g_rw_lock_reader_lock, void *)                                                         \
    X(void, g_rw_lock_writer_lock, void *)

enum count {
#define X(name) COUNT_##name,
    COUNT_LIST(X)
#undef X
        N_COUNTS
};

enum { THREADS_MAX = 1024 };

struct counts {
    pid_t thread;
    char name[16];
    unsigned long count[N_COUNTS];
};

/* Nobody hands these functions a state of their own, so it has to be global. What threads did that
 * have ended still counts. */
static struct counts all[THREADS_MAX];
static unsigned n_threads;
static int out = STDERR_FILENO;
static __thread struct counts *mine __attribute__((tls_model("initial-exec")));

static struct counts *new_counts(void)
{
    unsigned index = __atomic_fetch_add(&n_threads, 1, __ATOMIC_RELAXED);
    if (index >= THREADS_MAX)
        abort();
    all[index].thread = (pid_t)syscall(SYS_gettid);
    return &all[index];
}

static void add(enum count what)
{
    if (!mine)
        mine = new_counts();
    mine->count[what]++;
}

/* --- allocation: the C library's second names work before dlsym() does, which itself allocates ---
 */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size)
{
    add(COUNT_MALLOC);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    add(COUNT_CALLOC);
    return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    add(COUNT_REALLOC);
    return __libc_realloc(memory, size);
}

void free(void *memory)
{
    add(COUNT_FREE);
    __libc_free(memory);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    add(COUNT_MALLOC);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    add(COUNT_MALLOC);
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

/* --- locks --- */

#define X(result, name, type)                                                                      \
    result name(type lock);                                                                        \
    result name(type lock)                                                                         \
    {                                                                                              \
        static result (*next)(type);                                                               \
        if (!next)                                                                                 \
            next = (result(*)(type))dlsym(RTLD_NEXT, #name);                                       \
        add(COUNT_LOCK);                                                                           \
        return next(lock);                                                                         \
    }
LOCK_LIST(X)
#undef X

/* --- report --- */

static void read_name(struct counts *counts)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", counts->thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, counts->name, sizeof(counts->name) - 1);
    if (length > 0)
        counts->name[length - 1] = '\0';
    if (fd >= 0)
        close(fd);
}

static void put(const char *text, size_t length)
{
    if (write(out, text, length) < 0)
        abort();
}

static void report_thread(struct counts *counts)
{
    char line[256];
    int at = snprintf(line, sizeof(line), "%d %d", getpid(), counts->thread);
    for (unsigned i = 0; i < N_COUNTS; i++)
        at += snprintf(line + at, sizeof(line) - (size_t)at, " %lu", counts->count[i]);
    read_name(counts);
    at += snprintf(line + at, sizeof(line) - (size_t)at, " %s\n",
                   counts->name[0] ? counts->name : "-");
    put(line, (size_t)at);
}

/* Also of a signal: nothing here allocates or locks. */
static void report(int signal)
{
    char line[32];
    int error = errno;
    for (unsigned i = 0; i < n_threads; i++)
        report_thread(&all[i]);
    put(line, (size_t)snprintf(line, sizeof(line), "%d end\n", getpid()));
    errno = error;
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = report, .sa_flags = SA_RESTART};
    const char *path = getenv("COUNT_FILE");
    if (path)
        out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    sigaction(SIGUSR1, &action, NULL);
}

__attribute__((destructor)) static void end(void)
{
    report(0);
}
