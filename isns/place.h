/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where initiators are sent: portals, as a server sees them. */
#ifndef ISNS_PLACE_H_
#define ISNS_PLACE_H_

#include <libisns/isns.h>

#include "world.h"

/* Those of `w`, each once; what listens on every address does so on `local`, at which the server
 * sees us. */
GArray *places_find(const struct world *w, const struct in6_addr *local);
/* Equal for equal portals; free with g_free(). */
char *places_text(const GArray *places);
/* "p ADDRESS PORT", and back: its two attributes. Free with g_free(). */
char *place_key(const struct place *place);
void place_put(isns_attr_list_t *list, const char *key);

#endif
