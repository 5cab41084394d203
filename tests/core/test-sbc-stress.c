/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks under commands of several nexuses on several threads, while units are reset, resized,
 * deleted and made anew, and sessions come and go. Nothing may hang, leak or race. */
#include <string.h>
#include <tgt/scsi/be.h>

#include "sbc-scene.h"

#define NEXUSES  4
#define COMMANDS 24
#define ROUNDS   40
#define AREA     16 /* blocks */
#define GRANULE  8  /* blocks of which the stores keep one state */
#define SHARED   (NEXUSES * COMMANDS * AREA)

struct stress {
    struct disk d;
    GRand *rand;
    struct fake_nexus *n[NEXUSES];
    struct fake_cmd *c[NEXUSES][COMMANDS];
};

static const uint8_t data_out[16384];

/* Each command has blocks of its own, so that the stores need no locks for their memory. Those that
 * must be alone on their blocks share some: there a race would be a claim that is not kept. */
static uint32_t choose_lba(struct stress *s, uint8_t opcode, unsigned place)
{
    bool alone = opcode == 0x89 || opcode == 0x8b;
    return alone ? SHARED + GRANULE * (uint32_t)g_rand_int_range(s->rand, 0, 6) : place * AREA;
}

static struct fake_cmd *send_any(struct stress *s, unsigned i, unsigned k)
{
    static const uint8_t opcodes[] = {0x88, 0x88, 0x8a, 0x8a, 0x89, 0x8b, 0x8f, 0x91, 0x93, 0x9e};
    uint8_t cdb[16], opcode = opcodes[g_rand_int_range(s->rand, 0, G_N_ELEMENTS(opcodes))];
    uint32_t count = (uint32_t)g_rand_int_range(s->rand, 1, AREA + 1);
    disk_cdb16(cdb, opcode, 0, choose_lba(s, opcode, i * COMMANDS + k), count);
    if (opcode == 0x89) {
        be_put(cdb + 10, 4, 0);
        cdb[13] = (uint8_t)count;
    }
    if (opcode == 0x9e)
        cdb[1] = 0x12;
    struct fake_cmd *c = fake_cmd_new(s->n[i], 1, cdb, sizeof cdb);
    c->out = data_out;
    c->out_len = opcode == 0x8a || opcode == 0x8b ? count * 512
                 : opcode == 0x89                 ? count * 1024
                 : opcode == 0x93                 ? 512
                                                  : 0;
    c->in_len = opcode == 0x88 ? count * 512 : opcode == 0x9e ? 64 : 0;
    c->attr = (uint8_t)(g_rand_int_range(s->rand, 0, 4) == 0 ? g_rand_int_range(s->rand, 0, 3)
                                                             : TGT_TASK_SIMPLE);
    fake_submit(c);
    return c;
}

static struct fake_nexus *open_nexus(struct stress *s, unsigned i)
{
    g_autofree char *name = g_strdup_printf("iqn.2026-01.org.example:%u", i);
    return fake_nexus_open(s->d.f, i, name);
}

static void remake(struct stress *s, const struct disk_config *config)
{
    struct lu_request request = {
        .target = fake_target(s->d.f),
        .lun = 1,
        .type = "disk",
        .store = {.type = config->store, .options = (char *const *)config->options},
        .physical_exponent = -1,
    };
    fake_lun_delete(s->d.lu);
    s->d.lu = fake_lun_request(s->d.f, &request);
}

/* Its commands end, whichever way. */
static void reap(struct stress *s, unsigned i)
{
    for (unsigned k = 0; k < COMMANDS; k++) {
        if (s->c[i][k] != NULL) {
            fake_wait(s->c[i][k], FAKE_RELEASED);
            fake_cmd_free(s->c[i][k]);
        }
        s->c[i][k] = NULL;
    }
}

static void ended(GError *error, void *data)
{
    g_clear_error(&error);
    *(bool *)data = true;
}

static void disturb(struct stress *s, const struct disk_config *config)
{
    static const enum tgt_tmf_function functions[] = {
        TGT_TMF_LOGICAL_UNIT_RESET, TGT_TMF_CLEAR_TASK_SET, TGT_TMF_ABORT_TASK_SET};
    unsigned what = (unsigned)g_rand_int_range(s->rand, 0, 6), i = what % NEXUSES;
    bool done = false;
    if (what < G_N_ELEMENTS(functions)) {
        fake_tmf(s->n[i], functions[what], 1, 0);
    } else if (what == 3) {
        remake(s, config);
    } else if (what == 4) {
        lu_resize(s->d.lu, ended, &done);
        fake_until(&done);
    } else {
        fake_nexus_close_start(s->n[i]);
        reap(s, i);
        fake_nexus_wait(s->n[i]);
        s->n[i] = open_nexus(s, i);
    }
}

static void one_round(struct stress *s, const struct disk_config *config)
{
    for (unsigned k = 0; k < COMMANDS; k++)
        for (unsigned i = 0; i < NEXUSES; i++)
            s->c[i][k] = send_any(s, i, k);
    disturb(s, config);
    for (unsigned i = 0; i < NEXUSES; i++)
        reap(s, i);
}

static void stress(gconstpointer data)
{
    const struct disk_config *config = data;
    struct stress s = {.rand = g_rand_new_with_seed((guint32)g_test_rand_int())};
    disk_setup(&s.d, config);
    for (unsigned i = 0; i < NEXUSES; i++)
        s.n[i] = open_nexus(&s, i);
    for (unsigned i = 0; i < ROUNDS; i++)
        one_round(&s, config);
    fake_clear_attention(s.d.n, 1);
    disk_fill(&s.d, 0, 64, 0x5a);
    disk_expect_fill(&s.d, 0, 64, 0x5a);
    for (unsigned i = 0; i < NEXUSES; i++)
        fake_nexus_close(s.n[i]);
    disk_teardown(&s.d, config);
    g_rand_free(s.rand);
}

static const char *const plain[] = {"size=1M", NULL}, *const faulty[] = {"size=1M", "delay_ms=1",
                                                                         "again=50", NULL};
static const struct disk_config configs[] = {
    {.store = "mem", .ring = "auto", .threads = 2, .options = plain},
    {.store = "mem", .ring = "poll", .threads = 3, .options = plain},
    {.store = "mem-blocking", .ring = "auto", .threads = 2, .options = plain},
    {.store = "mem-threads", .ring = "poll", .threads = 2, .options = plain},
    {.store = "check", .ring = "auto", .threads = 3, .options = plain},
    {.store = "fault", .ring = "auto", .threads = 2, .options = faulty},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(configs); i++) {
        const struct disk_config *c = &configs[i];
        g_autofree char *path =
            g_strdup_printf("/sbc-stress/%s-%s-%u", c->store, c->ring, c->threads);
        g_test_add_data_func(path, c, stress);
    }
    return g_test_run();
}
