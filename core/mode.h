/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mode pages of one logical unit: default, saved, current and changeable values. */
#ifndef CORE_MODE_H
#define CORE_MODE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lu.h"

/* Values of one page, without its header. */
struct mode_page {
    const struct tgt_mode_page *row; /* NULL: made by `lun set mode-page` */
    uint8_t code, subcode, length;
    uint8_t *defaults, *saved, *current, *changeable; /* `length` bytes each, one allocation */
    uint8_t *pending;                                 /* MODE SELECT at work */
    bool given; /* by `lun set mode-page`: its defaults are what was given last */
};

/* Under lu->lock. */
struct mode_values {
    GPtrArray *pages; /* struct mode_page, by code and subcode; page 0 comes last (SPC-5 7.5.1) */
    GMutex saving;    /* one writer of the file at a time, without lu->lock */
};

/* PAGE CONTROL. */
enum mode_control { MODE_CURRENT = 0, MODE_CHANGEABLE = 1, MODE_DEFAULT = 2, MODE_SAVED = 3 };

struct mode_page *mode_find(const struct mode_values *values, uint8_t code, uint8_t subcode);
const uint8_t *mode_page_values(const struct mode_page *page, enum mode_control control);
/* Bytes of the page with its header. */
unsigned mode_page_size(const struct mode_page *page);
/* Take over `pending` of all pages that differ from `current`, or none if a device refuses one:
 * then that one is returned. `changed` says whether there was a difference. lu->lock held. */
struct mode_page *mode_commit(struct core_lu *lu, bool *changed);
/* Set pending = current. lu->lock held. */
void mode_begin(struct core_lu *lu);

/* mode-save.c. Can values be saved at all? */
bool mode_can_save(void);
/* Write the saved values. Blocks; takes lu->lock for a moment. */
bool mode_save(struct core_lu *lu, GError **error);
/* Read them when the LU is made. */
void mode_restore(struct core_lu *lu, struct mode_values *values);

/* `lun set`: set bits of a page as MODE SELECT would, or a page as a whole as tgtadm does
 * ("8:0:18:0x10:0:…": code, subcode, length, bytes). All nexuses get MODE PARAMETERS CHANGED. Main
 * thread. */
bool mode_set_bits(struct core_lu *lu, uint8_t code, unsigned byte, uint8_t mask, bool on,
                   GError **error);
bool mode_set_page(struct core_lu *lu, const char *text, GError **error);
/* What mode_set_page() was given last for the page, in decimal numbers; NULL: nothing. Free with
 * g_free(). lu->lock held. */
char *mode_page_given(const struct mode_page *page);
/* Is that a Caching page without WCE? */
bool mode_page_without_cache(const char *text);

#endif
