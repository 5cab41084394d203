/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean ...?": the nearest of some words. */
#include <string.h>

#include "plugin.h"

#define WORD_MAX 64u

/* Number of letters to insert, delete, replace or swap with the next one (optimal string
 * alignment). */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_len; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= b_len; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++)
        for (size_t j = 1; j <= b_len; j++) {
            char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
            unsigned best = MIN(d[i - 1][j], d[i][j - 1]) + 1;
            best = MIN(best, d[i - 1][j - 1] + (x != y));
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && y == g_ascii_tolower(a[i - 2]))
                best = MIN(best, d[i - 2][j - 2] + 1);
            d[i][j] = best;
        }
    return d[a_len][b_len];
}

const char *suggest(const char *word, const char *const *words)
{
    const char *found = NULL;
    size_t len = strlen(word);
    unsigned best =
        (unsigned)len / 3 + 2; /* a third of the letters may be wrong, and one in any case */
    for (; len <= WORD_MAX && *words; words++) {
        size_t other = strlen(*words);
        unsigned d = other <= WORD_MAX ? distance(word, len, *words, other) : best;
        if (d < best && d < MAX(len, other)) {
            best = d;
            found = *words;
        }
    }
    return found;
}
