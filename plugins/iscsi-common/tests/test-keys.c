/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Negotiation of keys: what each kind agrees to and answers (RFC 7143 6.2, 13). */
#include <string.h>

#include "../keys.h"

/* Both sides of one negotiation. */
struct scene {
    struct iscsi_params ours, agreed;
    struct iscsi_text text;
    struct iscsi_negotiation n;
};

static void open_scene(struct scene *s, gconstpointer data)
{
    *s = (struct scene){0};
    iscsi_params_default(&s->ours);
    iscsi_params_default(&s->agreed);
    s->ours.value[ISCSI_KEY_HeaderDigest] = 1u << ISCSI_DIGEST_NONE | 1u << ISCSI_DIGEST_CRC32C;
    s->ours.value[ISCSI_KEY_DataDigest] = 1u << ISCSI_DIGEST_NONE;
    s->ours.value[ISCSI_KEY_TaskReporting] = 1;
    s->ours.value[ISCSI_KEY_InitialR2T] = 0;
    s->ours.value[ISCSI_KEY_MaxBurstLength] = 1048576;
    s->ours.value[ISCSI_KEY_FirstBurstLength] = 262144;
    s->n = (struct iscsi_negotiation){.ours = &s->ours, .agreed = &s->agreed, .text = &s->text};
}

static void close_scene(struct scene *s, gconstpointer data)
{
    iscsi_text_clear(&s->text);
}

/* The answer to one key; NULL: none. */
static const char *offer(struct scene *s, const char *name, const char *value)
{
    const struct iscsi_key *key = iscsi_key_find(name);
    g_assert_nonnull(key);
    iscsi_text_clear(&s->text);
    g_assert_true(iscsi_key_negotiate(&s->n, key, value));
    s->n.seen |= 1ull << iscsi_key_id(key);
    return s->text.out ? strchr((char *)s->text.out->data, '=') + 1 : NULL;
}

static uint32_t agreed(const struct scene *s, const char *name)
{
    return s->agreed.value[iscsi_key_id(iscsi_key_find(name))];
}

static void test_lists(struct scene *s, gconstpointer data)
{
    g_assert_cmpstr(offer(s, "HeaderDigest", "Foo,CRC32C,None"), ==, "CRC32C");
    g_assert_cmpuint(agreed(s, "HeaderDigest"), ==, ISCSI_DIGEST_CRC32C);
    g_assert_cmpstr(offer(s, "HeaderDigest", "None,CRC32C"), ==, "None");
    g_assert_cmpstr(offer(s, "DataDigest", "CRC32C,None"), ==, "None");
    g_assert_cmpstr(offer(s, "DataDigest", "CRC32C"), ==, "Reject");
    g_assert_cmpstr(offer(s, "HeaderDigest", "crc32c"), ==, "Reject");
    g_assert_cmpstr(offer(s, "HeaderDigest", ""), ==, "Reject");
    g_assert_cmpstr(offer(s, "HeaderDigest", ",,,"), ==, "Reject");
    g_assert_cmpstr(offer(s, "TaskReporting", "FastAbort,RFC3720"), ==, "RFC3720");
}

static void test_booleans(struct scene *s, gconstpointer data)
{
    g_assert_cmpstr(offer(s, "InitialR2T", "No"), ==, "No");
    g_assert_cmpstr(offer(s, "InitialR2T", "Yes"), ==, "Yes");
    g_assert_cmpstr(offer(s, "ImmediateData", "No"), ==, "No");
    g_assert_cmpstr(offer(s, "ImmediateData", "Yes"), ==, "Yes");
    g_assert_cmpstr(offer(s, "DataPDUInOrder", "No"), ==, "Yes");
    g_assert_cmpstr(offer(s, "ImmediateData", "yes"), ==, "Reject");
    g_assert_cmpuint(agreed(s, "ImmediateData"), ==, 1);
}

static void test_numbers(struct scene *s, gconstpointer data)
{
    g_assert_cmpstr(offer(s, "MaxBurstLength", "65536"), ==, "65536");
    g_assert_cmpuint(agreed(s, "MaxBurstLength"), ==, 65536);
    g_assert_cmpstr(offer(s, "MaxBurstLength", "16777215"), ==, "1048576");
    g_assert_cmpstr(offer(s, "MaxBurstLength", "0x10000"), ==, "65536");
    g_assert_cmpstr(offer(s, "DefaultTime2Wait", "0"), ==, "2");
    g_assert_cmpstr(offer(s, "DefaultTime2Wait", "20"), ==, "20");
    g_assert_cmpstr(offer(s, "ErrorRecoveryLevel", "2"), ==, "0");
    g_assert_cmpstr(offer(s, "iSCSIProtocolLevel", "2"), ==, "1");
    g_assert_cmpstr(offer(s, "iSCSIProtocolLevel", "0"), ==, "0");
    g_assert_cmpstr(offer(s, "MaxConnections", "8"), ==, "1");
}

static void test_bad_numbers(struct scene *s, gconstpointer data)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "511",
                                      "16777216",
                                      "4294967808",
                                      "-1",
                                      "+65536",
                                      "0x",
                                      "0xfg",
                                      "65536abc",
                                      " 65536",
                                      "65536.0",
                                      "512~65536",
                                      "65536,1024",
                                      "99999999999999999999999",
                                      "18446744073709552128",
                                      "Reject"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpstr(offer(s, "MaxBurstLength", bad[i]), ==, "Reject");
    g_assert_cmpuint(agreed(s, "MaxBurstLength"), ==, 262144);
}

static void test_declared_segment(struct scene *s, gconstpointer data)
{
    const struct iscsi_key *key = iscsi_key_get(ISCSI_KEY_MaxRecvDataSegmentLength);
    g_assert_null(offer(s, key->name, "16777215"));
    g_assert_cmpuint(agreed(s, key->name), ==, 16777215);
    g_assert_false(iscsi_key_negotiate(&s->n, key, "511"));
    g_assert_false(iscsi_key_negotiate(&s->n, key, "many"));
    g_assert_cmpuint(agreed(s, key->name), ==, 16777215);
}

/* 13.14: not above MaxBurstLength, in whatever order they come. */
static void test_first_burst(struct scene *s, gconstpointer data)
{
    g_assert_cmpstr(offer(s, "FirstBurstLength", "16777215"), ==, "262144");
    g_assert_cmpstr(offer(s, "MaxBurstLength", "8192"), ==, "8192");
    g_assert_cmpstr(offer(s, "FirstBurstLength", "65536"), ==, "8192");
}

/* 13.13: the default is in force where the initiator offers no MaxBurstLength. */
static void test_first_burst_alone(struct scene *s, gconstpointer data)
{
    s->ours.value[ISCSI_KEY_FirstBurstLength] = 1048576;
    g_assert_cmpstr(offer(s, "FirstBurstLength", "1048576"), ==, "262144");
    s->ours.value[ISCSI_KEY_MaxBurstLength] = 4096;
    g_assert_cmpstr(offer(s, "FirstBurstLength", "1048576"), ==, "4096");
}

static void test_obsolete_and_foreign(struct scene *s, gconstpointer data)
{
    g_assert_cmpstr(offer(s, "IFMarker", "Yes"), ==, "No");
    g_assert_cmpstr(offer(s, "OFMarker", "No"), ==, "No");
    g_assert_cmpstr(offer(s, "IFMarkInt", "1~2"), ==, "Reject");
    g_assert_cmpstr(offer(s, "TargetAddress", "1.2.3.4"), ==, "Reject");
    g_assert_cmpstr(offer(s, "RDMAExtensions", "Yes"), ==, "No");
    g_assert_null(offer(s, "X#NodeArchitecture", "anything"));
}

static void test_discovery(struct scene *s, gconstpointer data)
{
    s->n.discovery = true;
    g_assert_cmpstr(offer(s, "MaxBurstLength", "65536"), ==, "Irrelevant");
    g_assert_cmpstr(offer(s, "ImmediateData", "No"), ==, "Irrelevant");
    g_assert_cmpstr(offer(s, "HeaderDigest", "None"), ==, "None");
    g_assert_cmpuint(agreed(s, "ImmediateData"), ==, 1);
}

static void test_names_of_keys(void)
{
    g_assert_null(iscsi_key_find("headerdigest"));
    g_assert_null(iscsi_key_find("HeaderDigest "));
    g_assert_null(iscsi_key_find(""));
    for (unsigned i = 0; i < ISCSI_KEY_COUNT; i++)
        g_assert_true(iscsi_key_find(iscsi_key_get(i)->name) == iscsi_key_get(i));
}

static void test_list_bits(void)
{
    const struct iscsi_key *key = iscsi_key_get(ISCSI_KEY_HeaderDigest);
    g_assert_cmpuint(iscsi_list_bits(key, "CRC32C,None"), ==, 3);
    g_assert_cmpuint(iscsi_list_bits(key, "None"), ==, 1);
    g_assert_cmpuint(iscsi_list_bits(key, "MD5,CRC32C"), ==, 2);
    g_assert_cmpuint(iscsi_list_bits(key, ""), ==, 0);
}

static void test_description(void)
{
    struct iscsi_params params;
    iscsi_params_default(&params);
    params.value[ISCSI_KEY_HeaderDigest] = ISCSI_DIGEST_CRC32C;
    g_autofree char *text = iscsi_params_describe(&params);
    g_assert_nonnull(strstr(text, "HeaderDigest=CRC32C DataDigest=None"));
    g_assert_nonnull(strstr(text, " InitialR2T=Yes "));
    g_assert_nonnull(strstr(text, " MaxBurstLength=262144 "));
}

#define ADD(name, fn) g_test_add(name, struct scene, NULL, open_scene, fn, close_scene)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/keys/lists", test_lists);
    ADD("/keys/booleans", test_booleans);
    ADD("/keys/numbers", test_numbers);
    ADD("/keys/bad-numbers", test_bad_numbers);
    ADD("/keys/declared-segment", test_declared_segment);
    ADD("/keys/first-burst", test_first_burst);
    ADD("/keys/first-burst-alone", test_first_burst_alone);
    ADD("/keys/obsolete-and-foreign", test_obsolete_and_foreign);
    ADD("/keys/discovery", test_discovery);
    g_test_add_func("/keys/names-of-keys", test_names_of_keys);
    g_test_add_func("/keys/list-bits", test_list_bits);
    g_test_add_func("/keys/description", test_description);
    return g_test_run();
}
