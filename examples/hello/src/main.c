/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>

#include "hello.h"

static int
usage(FILE *out)
{
    fputs("usage: hello [--language CODE] [NAME]\n       hello --list\n", out);
    return out == stdout ? 0 : 2;
}

static int
list(void)
{
    const char *language;

    for (size_t i = 0; (language = hello_language(i)) != NULL; i++)
        puts(language);
    return 0;
}

static int
greet(const char *language, const char *name)
{
    char buf[256];
    int len = hello_greet(buf, sizeof(buf), language, name);

    if (len < 0) {
        fprintf(stderr, "hello: unknown language: %s (see hello --list)\n", language);
        return 1;
    }
    if ((size_t)len >= sizeof(buf)) {
        fprintf(stderr, "hello: the name is too long\n");
        return 1;
    }
    puts(buf);
    return 0;
}

int
main(int argc, char **argv)
{
    const char *language = "en";
    const char *name = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout);
        if (strcmp(argv[i], "--list") == 0)
            return list();
        if (strcmp(argv[i], "--language") == 0 && i + 1 < argc)
            language = argv[++i];
        else if (argv[i][0] != '-' && name == NULL)
            name = argv[i];
        else
            return usage(stderr);
    }
    return greet(language, name ? name : "world");
}
