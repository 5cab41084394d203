/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sense data byte by byte, in both formats, and through commands of a LU that has D_SENSE set. */
#include "sense.h"

#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "probe-scene.h"

static unsigned encode(uint8_t *buf, bool descriptor, const struct sense_data *data)
{
    memset(buf, 0xaa, SENSE_ENCODED_MAX);
    return sense_encode(buf, descriptor, data);
}

static void fixed(void)
{
    static const uint8_t want[18] = {0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0x00};
    struct sense_data data = {.sense = TGT_SENSE_INVALID_FIELD_IN_CDB};
    uint8_t buf[SENSE_ENCODED_MAX];
    unsigned len = encode(buf, false, &data);
    g_assert_cmpmem(buf, len, want, sizeof want);
}

static void descriptor(void)
{
    static const uint8_t want[8] = {0x72, 0x05, 0x24, 0x00};
    struct sense_data data = {.sense = TGT_SENSE_INVALID_FIELD_IN_CDB};
    uint8_t buf[SENSE_ENCODED_MAX];
    unsigned len = encode(buf, true, &data);
    g_assert_cmpmem(buf, len, want, sizeof want);
}

static void fixed_all_parts(void)
{
    static const uint8_t want[18] = {0xf0, 0, 0x0e, 0x12, 0x34, 0x56, 0x78, 10,   0,
                                     0,    0, 0,    0x1d, 0x00, 0,    0xcd, 0x01, 0x02};
    struct sense_data data = {.sense = TGT_SENSE_MISCOMPARE, .has_info = true, .info = 0x12345678};
    uint8_t buf[SENSE_ENCODED_MAX];
    sense_set_field(&data, true, 0x0102, 5);
    unsigned len = encode(buf, false, &data);
    g_assert_cmpmem(buf, len, want, sizeof want);
}

static void descriptor_all_parts(void)
{
    static const uint8_t want[28] = {0x72, 0x0e, 0x1d, 0x00, 0,    0,    0,    20,   0x00, 0x0a,
                                     0x80, 0,    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                     0x02, 0x06, 0,    0,    0x88, 0x00, 0x10, 0};
    struct sense_data data = {
        .sense = TGT_SENSE_MISCOMPARE, .has_info = true, .info = 0x0102030405060708};
    uint8_t buf[SENSE_ENCODED_MAX];
    sense_set_field(&data, false, 0x10, 0);
    unsigned len = encode(buf, true, &data);
    g_assert_cmpmem(buf, len, want, sizeof want);
}

/* Four bytes hold the INFORMATION field of the fixed format: more is not valid (SPC-5 4.5.3). */
static void information_of_more_than_32_bits(void)
{
    struct sense_data data = {
        .sense = TGT_SENSE_READ_ERROR, .has_info = true, .info = UINT64_C(1) << 32};
    uint8_t buf[SENSE_ENCODED_MAX];
    encode(buf, false, &data);
    g_assert_cmphex(buf[0], ==, 0x70);
    g_assert_cmpuint(be_get(buf + 3, 4), ==, 0);
    data.info--;
    encode(buf, false, &data);
    g_assert_cmphex(buf[0], ==, 0xf0);
    g_assert_cmphex(be_get(buf + 3, 4), ==, 0xffffffff);
}

static void field_pointers(void)
{
    for (int bit = -1; bit < 8; bit++) {
        struct sense_data data = {0};
        sense_set_field(&data, true, 3, bit);
        g_assert_cmphex(data.specific[0], ==, bit < 0 ? 0xc0u : 0xc8u | (unsigned)bit);
        sense_set_field(&data, false, 0xffff, bit);
        g_assert_cmphex(data.specific[0], ==, bit < 0 ? 0x80u : 0x88u | (unsigned)bit);
        g_assert_cmphex(be_get(data.specific + 1, 2), ==, 0xffff);
    }
}

static void names(void)
{
    g_assert_cmpstr(sense_name(TGT_SENSE_LBA_OUT_OF_RANGE), ==, "LBA_OUT_OF_RANGE");
    g_assert_cmpstr(sense_name((enum tgt_sense)0xfffff), ==, "?");
}

/* The format is the LU's, at the time of the command. */
static void format_of_the_lu(struct scene *s, gconstpointer data)
{
    lu_state(&s->lu->pub, TGT_LU_D_SENSE, 0);
    struct fake_cmd *c = scene_run6(s, PROBE_NOP, 0x01, 0, 0, 0, 0);
    fake_expect_sense(c, TGT_SENSE_INVALID_FIELD_IN_CDB);
    g_assert_cmphex(c->sense[0], ==, 0x72);
    g_assert_cmphex(c->sense[8], ==, 0x02);
    g_assert_cmphex(c->sense[12], ==, 0xc8);
    g_assert_cmpuint(be_get(c->sense + 13, 2), ==, 1);
    fake_cmd_free(c);
    c = scene_run6(s, PROBE_PARTIAL, 0, 0, 7, 0, 7);
    g_assert_cmphex(c->sense[8], ==, 0x00);
    g_assert_cmpuint(be_get(c->sense + 12, 8), ==, 7);
    fake_cmd_free(c);
    lu_state(&s->lu->pub, 0, TGT_LU_D_SENSE);
    c = scene_run6(s, PROBE_NOP, 0x01, 0, 0, 0, 0);
    g_assert_cmphex(c->sense[0], ==, 0x70);
    fake_cmd_free(c);
}

/* Without a LU there is nobody who could have asked for descriptors. */
static void fixed_without_lu(struct scene *s, gconstpointer data)
{
    uint8_t cdb[6] = {0x15};
    struct fake_cmd *c = fake_run(s->n, 9, cdb, sizeof cdb, NULL, 0, 0);
    fake_expect_sense(c, TGT_SENSE_LUN_NOT_SUPPORTED);
    g_assert_cmphex(c->sense[0], ==, 0x70);
    fake_cmd_free(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sense/fixed", fixed);
    g_test_add_func("/sense/descriptor", descriptor);
    g_test_add_func("/sense/fixed-all-parts", fixed_all_parts);
    g_test_add_func("/sense/descriptor-all-parts", descriptor_all_parts);
    g_test_add_func("/sense/information-of-more-than-32-bits", information_of_more_than_32_bits);
    g_test_add_func("/sense/field-pointers", field_pointers);
    g_test_add_func("/sense/names", names);
    SCENE_TEST("/sense/format-of-the-lu", format_of_the_lu);
    SCENE_TEST("/sense/fixed-without-lu", fixed_without_lu);
    return g_test_run();
}
