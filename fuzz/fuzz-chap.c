/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes CHAP: binary values and lists of algorithms, and whole logins that know no secret.
 * Whatever they send, in whatever order, they get no session. */
#include <stdlib.h>
#include <string.h>

#include "../plugins/iscsi-common/chap.h"
#include "../plugins/iscsi-common/tests/fake-private.h"

#define NAMES "InitiatorName=iqn.2024-01.org.example:i\0TargetName=iqn.t\0"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken comes out the same from our own text. */
static void parse(const char *text)
{
    uint8_t bytes[ISCSI_BINARY_MAX], again[ISCSI_BINARY_MAX];
    size_t len = 0, len_again = 0;
    enum iscsi_chap_algorithm algorithm;
    iscsi_chap_choose(text, ISCSI_CHAP_SHA1, &algorithm);
    if (algorithm != ISCSI_CHAP_NONE &&
        (algorithm < ISCSI_CHAP_SHA1 || !iscsi_chap_name(algorithm)))
        abort();
    if (!iscsi_binary_parse(text, bytes, &len))
        return;
    g_autofree char *ours = iscsi_binary_text(bytes, len);
    if (len == 0 || !iscsi_binary_parse(ours, again, &len_again) || len != len_again ||
        memcmp(bytes, again, len) != 0)
        abort();
}

/* What it would take long to find: bytes from 0x80 on stand for these. */
static const char *const words[] = {
    "AuthMethod=", "CHAP_A=", "CHAP_N=", "CHAP_R=", "CHAP_I=", "CHAP_C=", "CHAP",
    "None",        ",",       "joe",     "disk",    "0x",      "0b",      "5,6,7,8",
};

static void append_byte(GByteArray *text, uint8_t byte)
{
    const char *word =
        byte >= 0x80 && byte - 0x80u < G_N_ELEMENTS(words) ? words[byte - 0x80] : NULL;
    if (word)
        g_byte_array_append(text, (const guint8 *)word, (guint)strlen(word));
    else
        g_byte_array_append(text, &byte, 1);
}

/* One request: a byte of flags, and text. */
static void request(struct fake *fake, struct iscsi_conn *c, const uint8_t *data, size_t size,
                    bool first)
{
    union iscsi_bhs bhs = {.login_request = {
                               .opcode = ISCSI_OP_LOGIN_REQUEST | ISCSI_OP_IMMEDIATE,
                               .flags = size ? data[0] : 0,
                               .isid = {0x80, 1, 2, 3, 4, 5},
                               .cmdsn = be32(1),
                           }};
    g_autoptr(GByteArray) text = g_byte_array_new();
    if (first)
        g_byte_array_append(text, (const guint8 *)NAMES, sizeof(NAMES) - 1);
    for (size_t i = 1; i < size; i++)
        append_byte(text, data[i]);
    fake_pdu(fake, c, &bhs, NULL, 0, text->data, MIN(text->len, 8192), true);
    fake_run(fake);
}

/* Requests are separated by a byte that is in no text. */
static void log_in(const uint8_t *data, size_t size)
{
    struct fake *fake = fake_new();
    struct iscsi_conn *c = fake_connect(fake);
    strcpy(fake->incoming.name, "joe");
    strcpy(fake->incoming.secret, "what nobody sends");
    strcpy(fake->outgoing.name, "disk");
    strcpy(fake->outgoing.secret, "what nobody is told");
    for (bool first = true; size > 0 && fake_is_open(fake, c); first = false) {
        const uint8_t *end = memchr(data, 0xff, size);
        size_t len = end ? (size_t)(end - data) : size;
        request(fake, c, data, len, first);
        if (fake_is_open(fake, c) && c->session)
            abort();
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    fake_free(fake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    parse(text);
    log_in(data, size);
    return 0;
}
