/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identity of a SCSI device, taken from what it answers. There need be no device here. */
#include <string.h>
#include <unistd.h>

#include "admin-identity.h"

static const char *value(const struct identity *identity, const char *key)
{
    static struct identity_value values[IDENTITY_VALUES];
    unsigned n = identity_values(identity, values);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(values[i].key, key) == 0)
            return values[i].text;
    return NULL;
}

static void inquiry(uint8_t data[36])
{
    memset(data, 0, 36);
    memcpy(data + 8, "ACME    Disk 3000       1.0a", 28);
}

static void test_inquiry(void)
{
    uint8_t data[36];
    struct identity identity = {0};
    inquiry(data);
    identity_take_inquiry(&identity, data, sizeof(data));
    g_assert_cmpstr(value(&identity, "vendor_id"), ==, "ACME    ");
    g_assert_cmpstr(value(&identity, "product_id"), ==, "Disk 3000       ");
    g_assert_cmpstr(value(&identity, "product_rev"), ==, "1.0a");
}

static void test_short_inquiry(void)
{
    uint8_t data[36];
    struct identity identity = {0};
    inquiry(data);
    identity_take_inquiry(&identity, data, 35);
    g_assert_null(value(&identity, "vendor_id"));
}

/* Whatever a device says, it ends up on a command line and in a terminal. */
static void test_unprintable_inquiry(void)
{
    uint8_t data[36];
    struct identity identity = {0};
    inquiry(data);
    memcpy(data + 8, "A\n\x1b\0\xff\x7fZ,", 8);
    identity_take_inquiry(&identity, data, sizeof(data));
    g_assert_cmpstr(value(&identity, "vendor_id"), ==, "A     Z,");
}

static void test_serial(void)
{
    static const uint8_t data[] = {0, 0x80, 0, 8, ' ', ' ', 'S', '1', '2', '3', ' ', ' ', 'x', 'x'};
    struct identity identity = {0};
    identity_take_serial(&identity, data, sizeof(data));
    g_assert_cmpstr(value(&identity, "scsi_sn"), ==, "S123  ");
}

/* A length that is a lie ends with the answer. */
static void test_serial_that_is_cut_off(void)
{
    static const uint8_t data[] = {0, 0x80, 0xff, 0xff, 'S', '1'};
    struct identity identity = {0};
    identity_take_serial(&identity, data, sizeof(data));
    g_assert_cmpstr(value(&identity, "scsi_sn"), ==, "S1");
    identity = (struct identity){0};
    identity_take_serial(&identity, data, 3);
    g_assert_null(value(&identity, "scsi_sn"));
}

/* Old devices answer with the standard data, whatever page was asked for. */
static void test_other_page(void)
{
    uint8_t data[36];
    struct identity identity = {0};
    inquiry(data);
    identity_take_serial(&identity, data, sizeof(data));
    identity_take_limits(&identity, data, sizeof(data));
    g_assert_null(value(&identity, "scsi_sn"));
    g_assert_null(value(&identity, "optimal_xfer_gran"));
}

static void test_limits(void)
{
    static const uint8_t data[64] = {0, 0xb0, 0, 60, [7] = 64, [14] = 1, [15] = 2};
    struct identity identity = {0};
    identity_take_limits(&identity, data, sizeof(data));
    g_assert_cmpstr(value(&identity, "optimal_xfer_gran"), ==, "64");
    g_assert_cmpstr(value(&identity, "optimal_xfer_len"), ==, "258");
}

static void test_capacity(void)
{
    static const uint8_t data[32] = {[10] = 0x10, [13] = 0x33, [14] = 0xc0, [15] = 7};
    struct identity identity = {0};
    g_assert_null(value(&identity, "lbppbe"));
    identity_take_capacity(&identity, data, sizeof(data));
    g_assert_cmpuint(identity.block_size, ==, 4096);
    g_assert_cmpstr(value(&identity, "lbppbe"), ==, "3");
    g_assert_cmpstr(value(&identity, "la_lba"), ==, "7");
}

static void test_no_device(void)
{
    g_autoptr(GError) error = NULL;
    struct identity identity = {0};
    g_assert_false(identity_read(&identity, "/dev/null", &error));
    g_assert_cmpstr(error->message, ==, "it is no SCSI device");
    g_clear_error(&error);
    g_assert_false(identity_read(&identity, "/nonexistent", &error));
    g_assert_nonnull(strstr(error->message, "No such file"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/identity/inquiry", test_inquiry);
    g_test_add_func("/identity/short-inquiry", test_short_inquiry);
    g_test_add_func("/identity/unprintable-inquiry", test_unprintable_inquiry);
    g_test_add_func("/identity/serial", test_serial);
    g_test_add_func("/identity/serial-that-is-cut-off", test_serial_that_is_cut_off);
    g_test_add_func("/identity/other-page", test_other_page);
    g_test_add_func("/identity/limits", test_limits);
    g_test_add_func("/identity/capacity", test_capacity);
    g_test_add_func("/identity/no-device", test_no_device);
    return g_test_run();
}
