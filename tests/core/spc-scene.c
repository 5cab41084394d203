/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets up a disk and two initiators, and judges what comes back. */
#include "spc-scene.h"

#include <tgt/scsi/be.h>

static void open_lu(struct spc *s, const struct spc_test *test)
{
    g_autoptr(GError) error = NULL;
    struct lu_request request = scene_request(fake_target(s->fake), 1);
    request.removable = test->removable;
    request.legacy_identity = test->legacy;
    request.thin = test->thin;
    request.read_only = test->read_only;
    fake_target(s->fake)->legacy = test->legacy;
    s->lu = scene_create(&request, &error);
    g_assert_no_error(error);
}

static void run_test(gconstpointer data)
{
    const struct spc_test *test = data;
    struct spc s = {.fake = test->no_state_dir ? scene_start_on(NULL) : scene_start()};
    open_lu(&s, test);
    s.a = fake_nexus_open(s.fake, 0, "iqn.2026-01.org.example:a");
    s.b = fake_nexus_open(s.fake, 1, "iqn.2026-01.org.example:b");
    fake_clear_attention(s.a, 1);
    fake_clear_attention(s.b, 1);
    test->fn(&s);
    scene_stop(s.fake);
}

int spc_main(int argc, char **argv, const char *suite, const struct spc_test *tests, unsigned count)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s", suite, tests[i].name);
        g_test_add_data_func(path, &tests[i], run_test);
    }
    return g_test_run();
}

void spc_good(struct fake_cmd *c)
{
    fake_expect_good(c);
    fake_cmd_free(c);
}

void spc_status(struct fake_cmd *c, enum tgt_status status)
{
    g_assert_cmpint(c->status, ==, status);
    fake_cmd_free(c);
}

void spc_sense(struct fake_cmd *c, enum tgt_sense sense)
{
    fake_expect_sense(c, sense);
    fake_cmd_free(c);
}

static void expect_pointer(const struct fake_cmd *c, bool in_cdb, unsigned byte, int bit)
{
    g_assert_cmphex(c->sense[0], ==, 0x70);
    g_assert_cmphex(c->sense[15], ==,
                    0x80u | (in_cdb ? 0x40u : 0) | (bit >= 0 ? 0x08u | (unsigned)bit : 0));
    g_assert_cmpuint(be_get(c->sense + 16, 2), ==, byte);
}

void spc_field(struct fake_cmd *c, unsigned byte, int bit)
{
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_CDB);
    expect_pointer(c, true, byte, bit);
    fake_cmd_free(c);
}

void spc_param(struct fake_cmd *c, unsigned byte, int bit)
{
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_PARAMETERS);
    expect_pointer(c, false, byte, bit);
    fake_cmd_free(c);
}

void spc_data(struct fake_cmd *c, const void *bytes, size_t len)
{
    fake_expect_good(c);
    g_assert_cmpmem(c->in, c->in_got, bytes, len);
    fake_cmd_free(c);
}

uint8_t *spc_take(struct fake_cmd *c, uint32_t *len)
{
    fake_expect_good(c);
    uint8_t *bytes = g_steal_pointer(&c->in);
    if (len)
        *len = c->in_got;
    fake_cmd_free(c);
    return bytes;
}

void spc_ready(struct fake_nexus *n)
{
    spc_good(SPC_RUN(n, 0, 0, 0, 0, 0, 0));
}

void spc_attention(struct fake_nexus *n, enum tgt_sense sense)
{
    spc_sense(SPC_RUN(n, 0, 0, 0, 0, 0, 0), sense);
    spc_ready(n);
}

struct protocol {
    struct fake_nexus *nexus;
    uint8_t protocol;
};

static void set_protocol(void *data)
{
    const struct protocol *p = data;
    fake_nexus_core(p->nexus)->protocol = p->protocol;
}

void spc_set_protocol(struct fake_nexus *n, uint8_t protocol)
{
    struct protocol p = {n, protocol};
    fake_call(fake_nexus_core(n)->thread, set_protocol, &p);
}
