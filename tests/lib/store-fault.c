/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test store "fault": memory with errors, delays and refusals as its options say. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

struct store {
    struct memory *memory;
    uint64_t delay_ns;
    int error[TGT_BS_OP_COUNT_];        /* negative errno by operation, 0: none */
    uint64_t from, to;                  /* errors hit operations that touch these bytes */
    uint64_t again;                     /* submits still to be answered with -EAGAIN; atomic */
    uint64_t max_transfer, max_discard; /* as the host is told; 0: no limit */
    char *journal; /* file that gets a line for each step of opening and closing; "": none */
    char *hold;    /* closing waits while there is such a file; "": none */
};

/* Lives in io->priv. */
struct delayed {
    struct tgt_op op;
    struct store *store;
    struct tgt_bs_io *io;
};

static const struct {
    const char *name;
    int code;
} errors[] = {{"none", 0},
              {"EIO", EIO},
              {"ENOSPC", ENOSPC},
              {"EROFS", EROFS},
              {"ETIMEDOUT", ETIMEDOUT},
              {"ENOMEM", ENOMEM},
              {"EOPNOTSUPP", EOPNOTSUPP}};

static int error_code(const char *name)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, name) == 0)
            return -errors[i].code;
    return 0;
}

static void options(struct store *s, const struct tgt_params *params)
{
    int flush = error_code(tgt_param_str(params, "flush"));
    s->delay_ns = tgt_param_uint(params, "delay_ms") * 1000000;
    s->error[TGT_BS_READ] = error_code(tgt_param_str(params, "read"));
    s->error[TGT_BS_WRITE] = error_code(tgt_param_str(params, "write"));
    s->error[TGT_BS_WRITE_ZEROES] = error_code(tgt_param_str(params, "zeroes"));
    if (s->error[TGT_BS_WRITE_ZEROES] == 0)
        s->error[TGT_BS_WRITE_ZEROES] = s->error[TGT_BS_WRITE];
    s->error[TGT_BS_FLUSH] = flush;
    s->error[TGT_BS_DISCARD] = error_code(tgt_param_str(params, "discard"));
    s->from = tgt_param_uint(params, "from");
    s->to = tgt_param_uint(params, "to");
    s->again = tgt_param_uint(params, "again");
    s->max_transfer = tgt_param_uint(params, "max_transfer");
    s->max_discard = tgt_param_uint(params, "max_discard");
    s->journal = g_strdup(tgt_param_str(params, "journal"));
    s->hold = g_strdup(tgt_param_str(params, "hold"));
}

static void note(const char *journal, const char *line)
{
    int fd = *journal ? open(journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && write(fd, line, strlen(line)) < 0)
        g_warning("%s cannot be written", journal);
    if (fd >= 0)
        close(fd);
}

static void wait_for(const char *hold)
{
    while (*hold && access(hold, F_OK) == 0)
        g_usleep(5000);
}

static int fault_open(const struct tgt_bs_open *args, struct tgt_bs_info *info, void **handle,
                      struct tgt_error *err)
{
    const char *fail = tgt_param_str(args->params, "open");
    if (error_code(fail) != 0)
        return tgt_error_set(err, -error_code(fail), "it was told to fail with %s", fail);
    const char *journal = tgt_param_str(args->params, "journal");
    note(journal, "opening\n");
    wait_for(tgt_param_str(args->params, "hold"));
    struct memory *m = memory_open(args, err);
    if (m == NULL)
        return -ENOMEM;
    note(journal, "open\n");
    struct store *s = g_new0(struct store, 1);
    s->memory = m;
    options(s, args->params);
    memory_info(m, info, true);
    info->max_transfer = (uint32_t)s->max_transfer;
    info->max_discard = s->max_discard;
    *handle = s;
    return 0;
}

static void fault_close(void *handle)
{
    struct store *s = handle;
    note(s->journal, "closing\n");
    wait_for(s->hold);
    memory_free(s->memory);
    note(s->journal, "closed\n");
    g_free(s->journal);
    g_free(s->hold);
    g_free(s);
}

static int fault_result(struct store *s, struct tgt_bs_io *io)
{
    bool data = io->op == TGT_BS_READ || io->op == TGT_BS_WRITE;
    if (data && s->max_transfer != 0 && io->length > s->max_transfer)
        return -EINVAL;
    bool hit = io->op == TGT_BS_FLUSH || (io->offset < s->to && io->offset + io->length > s->from);
    return hit && s->error[io->op] ? s->error[io->op] : memory_do(s->memory, io);
}

static void woken(struct tgt_op *op, int64_t res)
{
    struct delayed *d = (struct delayed *)op;
    tgt_bs_io_done(d->io, res == -ECANCELED ? -ECANCELED : fault_result(d->store, d->io));
}

static bool refuse(struct store *s)
{
    uint64_t left = __atomic_load_n(&s->again, __ATOMIC_RELAXED);
    while (left > 0)
        if (__atomic_compare_exchange_n(&s->again, &left, left - 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

static void fault_submit(void *chan, struct tgt_bs_io *io)
{
    struct store *s = chan;
    struct delayed *d = io->priv;
    *d = (struct delayed){.op.done = woken, .store = s, .io = io};
    if (refuse(s))
        tgt_bs_io_done(io, -EAGAIN);
    else if (s->delay_ns > 0)
        tgt_op_timeout(io->thread, &d->op, s->delay_ns);
    else
        tgt_bs_io_done(io, fault_result(s, io));
}

static void fault_cancel(void *chan, struct tgt_bs_io *io)
{
    struct store *s = chan;
    if (s->delay_ns > 0)
        tgt_op_cancel(io->thread, &((struct delayed *)io->priv)->op);
}

#define CHOICES "none EIO ENOSPC EROFS ETIMEDOUT ENOMEM EOPNOTSUPP"
#define FAIL(op)                                                                                   \
    {                                                                                              \
        .name = op, .type = TGT_PARAM_ENUM, .def = "none", .choices = CHOICES,                     \
        .help = "Error of " op "."                                                                 \
    }

static const struct tgt_param lu_params[] = {
    MEMORY_PARAM_SIZE,
    {.name = "delay_ms",
     .type = TGT_PARAM_UINT,
     .def = "0",
     .unit = "ms",
     .help = "Delay of every operation."},
    {.name = "again",
     .type = TGT_PARAM_UINT,
     .def = "0",
     .help = "How many submits are answered with EAGAIN first."},
    {.name = "from",
     .type = TGT_PARAM_SIZE,
     .def = "0",
     .unit = "bytes",
     .help = "Errors hit from this offset on."},
    {.name = "to",
     .type = TGT_PARAM_SIZE,
     .def = "8P",
     .unit = "bytes",
     .help = "Errors hit below this offset."},
    {.name = "max_transfer",
     .type = TGT_PARAM_SIZE,
     .def = "0",
     .unit = "bytes",
     .help = "Largest read or write, 0: no limit."},
    {.name = "max_discard",
     .type = TGT_PARAM_SIZE,
     .def = "0",
     .unit = "bytes",
     .help = "Largest discard or zeroing, 0: no limit."},
    {.name = "journal",
     .type = TGT_PARAM_PATH,
     .def = "",
     .help = "File that gets a line for each step of opening and closing."},
    {.name = "hold",
     .type = TGT_PARAM_PATH,
     .def = "",
     .help = "Opening and closing wait while there is such a file."},
    FAIL("open"),
    FAIL("read"),
    FAIL("write"),
    FAIL("zeroes"),
    FAIL("flush"),
    FAIL("discard"),
};

static const struct tgt_bs_ops fault_ops = {
    .struct_size = sizeof(struct tgt_bs_ops),
    .model = TGT_BS_ASYNC,
    .io_priv_size = sizeof(struct delayed),
    .lu_param_count = sizeof lu_params / sizeof lu_params[0],
    .lu_param_size = sizeof lu_params[0],
    .lu_params = lu_params,
    .open = fault_open,
    .close = fault_close,
    .submit = fault_submit,
    .cancel = fault_cancel,
};

TGT_PLUGIN_DEFINE(BACKING_STORE, "fault", "1.0", "LGPL-2.1-or-later",
                  "Test store: errors and delays on command", "bs:fault", &fault_ops, NULL, NULL,
                  TGT_NO_PARAMS);
