/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* INQUIRY: standard data, vital product data, allocation lengths, where there is no logical unit.
 */
#include <string.h>
#include <tgt/scsi/be.h>

#include "identity.h"
#include "spc-scene.h"

#define INQUIRY(n, evpd, page, alloc)                                                              \
    SPC_IN(n, alloc, 0x12, evpd, page, (alloc) >> 8, (alloc)&0xff, 0)

static uint8_t *vpd(struct fake_nexus *n, uint8_t page, uint32_t *len)
{
    uint8_t *data = spc_take(INQUIRY(n, 1, page, 4096), len);
    g_assert_cmpuint(*len, ==, 4 + be_get(data + 2, 2));
    g_assert_cmphex(data[0], ==, 0x00);
    g_assert_cmphex(data[1], ==, page);
    return data;
}

static void test_standard_data(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(INQUIRY(s->a, 0, 0, 4096), &len);
    g_assert_cmpuint(len, ==, 96);
    g_assert_cmpmem(d, 8, "\x00\x00\x06\x12\x5b\x00\x10\x02", 8);
    g_assert_cmpmem(d + 8, 28, "TGT     VIRTUAL-DISK    0001", 28);
}

static void test_removable_medium_bit(struct spc *s)
{
    g_autofree uint8_t *d = spc_take(INQUIRY(s->a, 0, 0, 96), NULL);
    g_assert_cmphex(d[1], ==, 0x80);
}

static bool claims(const uint8_t *data, uint16_t version)
{
    for (unsigned i = 0; i < 8; i++)
        if (be_get(data + 58 + 2 * i, 2) == version)
            return true;
    return false;
}

static void test_version_descriptors(struct spc *s)
{
    g_autofree uint8_t *plain = spc_take(INQUIRY(s->a, 0, 0, 96), NULL);
    g_assert_true(claims(plain, 0x00a0)); /* SAM-5 */
    g_assert_true(claims(plain, 0x0460)); /* SPC-4 */
    g_assert_true(claims(plain, 0x04c0) || claims(plain, 0x04c3) || claims(plain, 0x04c5) ||
                  claims(plain, 0x04c8));
    g_assert_false(claims(plain, 0x0960));
    spc_set_protocol(s->b, TGT_PROTOCOL_ISCSI);
    g_autofree uint8_t *iscsi = spc_take(INQUIRY(s->b, 0, 0, 96), NULL);
    g_assert_true(claims(iscsi, 0x0960));
}

static void test_standard_data_have_no_page_code(struct spc *s)
{
    spc_field(INQUIRY(s->a, 0, 0x80, 255), 2, 7);
    spc_field(INQUIRY(s->a, 0, 1, 255), 2, 7);
}

static void test_reserved_bits(struct spc *s)
{
    spc_field(INQUIRY(s->a, 2, 0, 255), 1, 1);
    spc_field(SPC_IN(s->a, 96, 0x12, 0, 0, 0, 96, 4), 5, 2); /* NACA */
}

static void check_truncation(struct spc *s, uint8_t evpd, uint8_t page)
{
    uint32_t full, len;
    g_autofree uint8_t *all = spc_take(INQUIRY(s->a, evpd, page, 4096), &full);
    for (unsigned alloc = 0; alloc <= full + 2; alloc++) {
        g_autofree uint8_t *some = spc_take(INQUIRY(s->a, evpd, page, alloc), &len);
        g_assert_cmpmem(some, len, all, MIN(alloc, full));
    }
}

static void test_every_allocation_length(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *pages = vpd(s->a, 0x00, &len);
    check_truncation(s, 0, 0);
    for (unsigned i = 4; i < len; i++)
        check_truncation(s, 1, pages[i]);
}

static void test_more_room_than_data(struct spc *s)
{
    struct fake_cmd *c = SPC_IN(s->a, 255, 0x12, 0, 0, 0, 255, 0);
    g_assert_cmpint(c->residual_in, ==, 96 - 255);
    spc_good(c);
    c = SPC_IN(s->a, 36, 0x12, 0, 0, 0, 255, 0);
    g_assert_cmpint(c->residual_in, ==, 60);
    spc_good(c);
}

static void test_pages_are_listed_in_order(struct spc *s)
{
    static const uint8_t expected[] = {0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2};
    uint32_t len;
    g_autofree uint8_t *d = vpd(s->a, 0x00, &len);
    g_assert_cmpmem(d + 4, len - 4, expected, sizeof expected);
}

static void test_listed_pages_are_there_and_no_others(struct spc *s)
{
    uint32_t len, got;
    g_autofree uint8_t *list = vpd(s->a, 0x00, &len);
    for (unsigned page = 1; page < 256; page++) {
        if (memchr(list + 4, (int)page, len - 4) != NULL)
            g_free(vpd(s->a, (uint8_t)page, &got));
        else
            spc_field(INQUIRY(s->a, 1, (uint8_t)page, 255), 2, 7);
    }
}

static void test_serial_number(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = vpd(s->a, 0x80, &len);
    g_assert_cmpmem(d + 4, len - 4, s->lu->pub.serial, 32);
}

static void test_serial_number_of_tgt(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = vpd(s->a, 0x80, &len);
    g_assert_cmpmem(d + 4, len - 4, "                              beaf11", 36);
}

static void test_extended_inquiry_data(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = vpd(s->a, 0x86, &len);
    g_assert_cmpuint(len, ==, 64);
    g_assert_cmphex(d[5], ==, 0x07); /* HEADSUP, ORDSUP, SIMPSUP */
    g_assert_cmphex(d[6], ==, 0x01); /* V_SUP: "mem" says that it caches */
    g_assert_cmphex(d[13], ==, TGT_SENSE_MAX);
}

/* ---- Device identification ---- */

/* The designator of this association and type, NULL: none. Its length in *len. */
static const uint8_t *designator(const uint8_t *page, unsigned association, unsigned type,
                                 unsigned *len)
{
    const uint8_t *end = page + 4 + be_get(page + 2, 2);
    for (const uint8_t *p = page + 4; p < end; p += 4 + p[3]) {
        g_assert_cmpuint(p + 4 + p[3] - page, <=, end - page);
        *len = p[3];
        if ((p[1] >> 4 & 3) == association && (p[1] & 0xf) == type)
            return p;
    }
    return NULL;
}

static void expect_designator(const uint8_t *page, unsigned association, unsigned type,
                              unsigned code_set, const void *value, unsigned len)
{
    unsigned got;
    const uint8_t *p = designator(page, association, type, &got);
    g_assert_nonnull(p);
    g_assert_cmphex(p[0] & 0xf, ==, code_set);
    g_assert_cmpmem(p + 4, got, value, len);
}

static void expect_name(const uint8_t *page, unsigned association, const char *name)
{
    char padded[256] = {0};
    g_strlcpy(padded, name, sizeof padded);
    expect_designator(page, association, 8, 3, padded, (unsigned)(strlen(name) + 4) & ~3u);
}

static void test_designators_of_the_lu(struct spc *s)
{
    uint32_t len;
    uint8_t naa[16];
    char name[40] = "naa.";
    g_autofree uint8_t *d = vpd(s->a, 0x83, &len);
    g_autofree char *t10 = g_strconcat("TGT     ", s->lu->pub.serial, NULL);
    identity_naa(s->lu, naa);
    for (unsigned i = 0; i < 16; i++)
        g_snprintf(name + 4 + 2 * i, 3, "%02X", naa[i]);
    expect_designator(d, 0, 3, 1, naa, 16);
    expect_designator(d, 0, 1, 2, t10, 40);
    expect_name(d, 0, name);
}

static void test_designators_of_port_and_device(struct spc *s)
{
    uint32_t len;
    spc_set_protocol(s->a, TGT_PROTOCOL_ISCSI);
    g_autofree uint8_t *d = vpd(s->a, 0x83, &len);
    expect_designator(d, 1, 4, 1, "\0\0\0\1", 4);
    expect_designator(d, 1, 5, 1, "\0\0\0\1", 4);
    expect_name(d, 1, "iqn.2026-11.org.example:fake,t,0x0001");
    expect_name(d, 2, "iqn.2026-11.org.example:fake");
}

static void test_the_protocol_is_told_where_it_counts(struct spc *s)
{
    uint32_t len;
    spc_set_protocol(s->a, TGT_PROTOCOL_ISCSI);
    g_autofree uint8_t *d = vpd(s->a, 0x83, &len);
    for (const uint8_t *p = d + 4; p < d + len; p += 4 + p[3]) {
        bool of_lu = (p[1] >> 4 & 3) == 0;
        g_assert_cmphex(p[1] & 0x80, ==, of_lu ? 0 : 0x80);
        g_assert_cmphex(p[0] >> 4, ==, of_lu ? 0 : TGT_PROTOCOL_ISCSI);
    }
    g_autofree uint8_t *none = vpd(s->b, 0x83, &len);
    for (const uint8_t *p = none + 4; p < none + len; p += 4 + p[3])
        g_assert_cmphex(p[1] & 0x80, ==, 0);
}

/* Byte for byte what Debian's tgt 1.0.85 says of target 1, LUN 1, in the same order. */
static void test_designators_of_tgt_come_first(struct spc *s)
{
    static const uint8_t t10[40] = {2,   1,   0,   36,  'I', 'E', 'T', ' ', ' ', ' ',
                                    ' ', ' ', '0', '0', '0', '1', '0', '0', '0', '1'};
    static const uint8_t naa[] = {1,    3, 0, 8, 0x30, 0, 0, 1, 0,    0, 0, 1, 1, 3, 0, 16,
                                  0x60, 0, 0, 0, 0,    0, 0, 0, 0x0e, 0, 0, 0, 0, 1, 0, 1};
    uint32_t len;
    g_autofree uint8_t *d = vpd(s->a, 0x83, &len);
    g_assert_cmpmem(d + 4, sizeof t10, t10, sizeof t10);
    g_assert_cmpmem(d + 44, sizeof naa, naa, sizeof naa);
}

static void test_the_identity_is_the_same_on_all_paths(struct spc *s)
{
    uint32_t len;
    unsigned x, y;
    g_autofree uint8_t *a = vpd(s->a, 0x83, &len), *b = vpd(s->b, 0x83, &len);
    const uint8_t *p = designator(a, 0, 3, &x), *q = designator(b, 0, 3, &y);
    g_assert_cmpmem(p, x + 4, q, y + 4);
}

/* ---- No logical unit ---- */

static struct fake_cmd *elsewhere(struct fake_nexus *n, uint16_t lun, uint8_t evpd, uint8_t page)
{
    return fake_run(n, lun, SPC_CDB(0x12, evpd, page, 0, 255, 0), NULL, 0, 255);
}

static void test_missing_luns_say_so(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *zero = spc_take(elsewhere(s->a, 0, 0, 0), &len);
    g_assert_cmpuint(len, ==, 96);
    g_assert_cmphex(zero[0], ==, 0x3f);
    g_assert_cmphex(zero[2], ==, 6);
    g_autofree uint8_t *other = spc_take(elsewhere(s->a, 300, 0, 0), &len);
    g_assert_cmphex(other[0], ==, 0x7f);
}

static void test_missing_luns_have_one_page(struct spc *s)
{
    spc_data(elsewhere(s->a, 0, 1, 0), "\x3f\x00\x00\x01\x00", 5);
    spc_field(elsewhere(s->a, 0, 1, 0x83), 2, 7);
}

static void test_the_controller_of_tgtadm_targets(struct spc *s)
{
    uint32_t len;
    g_autofree uint8_t *d = spc_take(elsewhere(s->a, 0, 0, 0), &len);
    g_assert_cmphex(d[0], ==, 0x0c);
    g_assert_cmpmem(d + 8, 28, "IET     Controller      0001", 28);
    spc_data(elsewhere(s->a, 0, 1, 0), "\x0c\x00\x00\x01\x00", 5);
    spc_good(fake_run(s->a, 0, SPC_CDB(0, 0, 0, 0, 0, 0), NULL, 0, 0));
    g_autofree uint8_t *other = spc_take(elsewhere(s->a, 2, 0, 0), &len);
    g_assert_cmphex(other[0], ==, 0x7f);
}

/* ---- Attention and state ---- */

static void test_attention_stays(struct spc *s)
{
    itl_attention_add(g_ptr_array_index(s->lu->itls, 0), TGT_SENSE_MEDIUM_CHANGED);
    itl_attention_add(g_ptr_array_index(s->lu->itls, 1), TGT_SENSE_MEDIUM_CHANGED);
    spc_good(INQUIRY(s->a, 0, 0, 96));
    spc_good(INQUIRY(s->b, 0, 0, 96));
    spc_attention(s->a, TGT_SENSE_MEDIUM_CHANGED);
    spc_attention(s->b, TGT_SENSE_MEDIUM_CHANGED);
}

static void test_answers_in_all_states(struct spc *s)
{
    lu_state(&s->lu->pub, TGT_LU_OFFLINE | TGT_LU_STOPPED | TGT_LU_NO_MEDIUM, 0);
    g_assert_true(lu_job_begin(&s->lu->pub, TGT_SENSE_FORMAT_IN_PROGRESS));
    uint32_t len;
    g_autofree uint8_t *list = vpd(s->a, 0x00, &len);
    for (unsigned i = 4; i < len; i++)
        spc_good(INQUIRY(s->a, 1, list[i], 255));
    lu_job_end(&s->lu->pub);
}

int main(int argc, char **argv)
{
    static const struct spc_test tests[] = {
        {"standard-data", test_standard_data},
        {"removable-medium-bit", test_removable_medium_bit, .removable = true},
        {"version-descriptors", test_version_descriptors},
        {"standard-data-have-no-page-code", test_standard_data_have_no_page_code},
        {"reserved-bits", test_reserved_bits},
        {"every-allocation-length", test_every_allocation_length},
        {"more-room-than-data", test_more_room_than_data},
        {"pages-are-listed-in-order", test_pages_are_listed_in_order},
        {"listed-pages-are-there-and-no-others", test_listed_pages_are_there_and_no_others},
        {"serial-number", test_serial_number},
        {"serial-number-of-tgt", test_serial_number_of_tgt, .legacy = true},
        {"extended-inquiry-data", test_extended_inquiry_data},
        {"designators-of-the-lu", test_designators_of_the_lu},
        {"designators-of-port-and-device", test_designators_of_port_and_device},
        {"the-protocol-is-told-where-it-counts", test_the_protocol_is_told_where_it_counts},
        {"designators-of-tgt-come-first", test_designators_of_tgt_come_first, .legacy = true},
        {"the-identity-is-the-same-on-all-paths", test_the_identity_is_the_same_on_all_paths},
        {"missing-luns-say-so", test_missing_luns_say_so},
        {"missing-luns-have-one-page", test_missing_luns_have_one_page},
        {"the-controller-of-tgtadm-targets", test_the_controller_of_tgtadm_targets, .legacy = true},
        {"attention-stays", test_attention_stays},
        {"answers-in-all-states", test_answers_in_all_states},
    };
    return spc_main(argc, argv, "inquiry", tests, G_N_ELEMENTS(tests));
}
