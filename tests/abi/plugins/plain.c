/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object that is no plugin. */
int plain_answer(void);

int plain_answer(void)
{
    return 42;
}
