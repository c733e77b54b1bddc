/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "hello.h"

#include <stdio.h>
#include <string.h>

struct greeting {
    const char *language;
    const char *before; /* what stands before the name */
    const char *after;  /* what stands behind it */
};

static const struct greeting greetings[] = {
#include "greetings.h"
};

static const size_t ngreetings = sizeof(greetings) / sizeof(greetings[0]);

int
hello_greet(char *buf, size_t size, const char *language, const char *name)
{
    for (size_t i = 0; i < ngreetings; i++) {
        const struct greeting *g = &greetings[i];

        if (strcmp(g->language, language) == 0)
            return snprintf(buf, size, "%s%s%s", g->before, name, g->after);
    }
    return -1;
}

const char *
hello_language(size_t i)
{
    return i < ngreetings ? greetings[i].language : NULL;
}
