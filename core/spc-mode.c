/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mode pages that every device type has: Control, Power Condition, Informational Exceptions
 * Control (SPC-5 7.5). */
#include "lu.h"
#include "spc.h"

/* Byte and bit numbers count behind the two bytes of the page header. */
#define CONTROL_D_SENSE 0x04 /* byte 0; GLTSD beside it is 02h */
#define CONTROL_SWP     0x08 /* byte 2 */

/* GLTSD: log parameters are not saved; QUEUE ALGORITHM MODIFIER 1: tasks may be reordered. */
static const uint8_t control_defaults[10] = {0x02, 0x10};
static const uint8_t control_changeable[10] = {CONTROL_D_SENSE, 0, CONTROL_SWP};

static int control_apply(struct tgt_lu *lu, const uint8_t *page)
{
    unsigned set =
        (page[0] & CONTROL_D_SENSE ? TGT_LU_D_SENSE : 0) | (page[2] & CONTROL_SWP ? TGT_LU_SWP : 0);
    lu_state(lu, set, ~set & (TGT_LU_D_SENSE | TGT_LU_SWP));
    return 0;
}

/* No timers run, no power condition is ever entered. */
static const uint8_t power_defaults[38];
static const uint8_t power_changeable[38];

/* DEXCPT: no exceptions are reported. */
static const uint8_t exceptions_defaults[10] = {0x08};
static const uint8_t exceptions_changeable[10];

const struct tgt_mode_page spc_modes[] = {
    {.code = 0x0a,
     .length = sizeof control_defaults,
     .defaults = control_defaults,
     .changeable = control_changeable,
     .apply = control_apply},
    {.code = 0x1a,
     .length = sizeof power_defaults,
     .defaults = power_defaults,
     .changeable = power_changeable},
    {.code = 0x1c,
     .length = sizeof exceptions_defaults,
     .defaults = exceptions_defaults,
     .changeable = exceptions_changeable},
};
const unsigned spc_mode_count = sizeof spc_modes / sizeof spc_modes[0];
