/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both rings, verb by verb, with the same tests. */
#include "ring-fixture.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_file_tests();
    add_socket_tests();
    add_cancel_tests();
    add_fresh_tests();
    add_wait_tests();
    add_worker_tests();
    return g_test_run();
}
