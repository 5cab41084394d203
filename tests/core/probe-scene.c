/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting the scene of tests of commands, and the small things they all do. */
#include "probe-scene.h"

#include <tgt/scsi/be.h>

void scene_set_up(struct scene *s, gconstpointer config)
{
    s->fake = fake_start(config);
    s->lu = fake_lun(s->fake, 0, "probe", "mem", (const char *const[]){"size=128K", NULL});
    s->n = scene_nexus(s, 0, "iqn.2026-11.org.example:first");
}

void scene_tear_down(struct scene *s, gconstpointer config)
{
    fake_stop(s->fake);
}

struct fake_nexus *scene_nexus(struct scene *s, unsigned thread, const char *name)
{
    struct fake_nexus *n = fake_nexus_open(s->fake, thread, name);
    fake_clear_attention(n, 0);
    return n;
}

struct fake_cmd *scene_run6(struct scene *s, uint8_t opcode, uint8_t b1, uint8_t b2, uint8_t b3,
                            uint8_t b4, uint32_t in_len)
{
    uint8_t cdb[6] = {opcode, b1, b2, b3, b4};
    return fake_run(s->n, 0, cdb, sizeof cdb, NULL, 0, in_len);
}

void scene_do(struct fake_nexus *n, uint8_t opcode, uint8_t b1, uint8_t b2)
{
    uint8_t cdb[6] = {opcode, b1, b2};
    fake_cmd_free(fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 0));
}

struct fake_cmd *scene_block(struct fake_nexus *n, uint8_t opcode, uint32_t lba, uint16_t count,
                             uint8_t turns)
{
    uint8_t cdb[10] = {opcode, [6] = turns};
    be_put(cdb + 2, 4, lba);
    be_put(cdb + 7, 2, count);
    return fake_cmd_new(n, 0, cdb, sizeof cdb);
}

struct fake_cmd *scene_cmd(struct fake_nexus *n, uint8_t opcode, uint8_t b1,
                           enum tgt_task_attr attr)
{
    uint8_t cdb[6] = {opcode, b1};
    struct fake_cmd *c = fake_cmd_new(n, 0, cdb, sizeof cdb);
    c->attr = (uint8_t)attr;
    return c;
}

void scene_expect_field(struct fake_cmd *c, unsigned byte, int bit)
{
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_CDB);
    g_assert_cmpuint(c->sense_len, ==, 18);
    g_assert_cmphex(c->sense[15], ==, bit < 0 ? 0xc0u : 0xc8u | (unsigned)bit);
    g_assert_cmpuint(be_get(c->sense + 16, 2), ==, byte);
}

GArray *scene_log(struct fake_nexus *n)
{
    uint8_t cdb[6] = {PROBE_LOG};
    GArray *tags = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 1u << 20);
    fake_expect_good(c);
    for (uint32_t at = 0; at < c->in_got; at += 8) {
        uint64_t tag = be_get(c->in + at, 8);
        g_array_append_val(tags, tag);
    }
    fake_cmd_free(c);
    return tags;
}

uint64_t scene_violations(struct fake_nexus *n)
{
    uint8_t cdb[6] = {PROBE_VIOLATIONS};
    struct fake_cmd *c = fake_run(n, 0, cdb, sizeof cdb, NULL, 0, 8);
    fake_expect_good(c);
    uint64_t violations = be_get(c->in, 8);
    fake_cmd_free(c);
    return violations;
}
