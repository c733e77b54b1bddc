/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>

#include "hello.h"

static int number;
static int failed;

static void
check(int good, const char *what)
{
    printf("%s %d - %s\n", good ? "ok" : "not ok", ++number, what);
    failed += !good;
}

static void
check_greeting(const char *language, const char *want)
{
    char got[64] = "";
    int len = hello_greet(got, sizeof(got), language, "Ada");

    check(len == (int)strlen(want) && strcmp(got, want) == 0, want);
}

int
main(void)
{
    char small[8] = "before";
    char percent[32] = "";
    size_t n = 0;

    check_greeting("en", "Hello, Ada!");
    check_greeting("de", "Hallo, Ada!");
    check_greeting("es", "\302\241Hola, Ada!");
    check_greeting("fr", "Bonjour, Ada !");

    check(hello_greet(small, sizeof(small), "xx", "Ada") == -1, "an unknown language is refused");
    check(strcmp(small, "before") == 0, "... and the buffer is left alone");
    check(hello_greet(small, sizeof(small), "en", "Ada") == 11, "the whole length is returned");
    check(strcmp(small, "Hello, ") == 0, "... and what fits ends with a NUL");
    hello_greet(percent, sizeof(percent), "en", "100%s");
    check(strcmp(percent, "Hello, 100%s!") == 0, "a percent sign in a name is only a sign");

    while (hello_language(n) != NULL) {
        if (n > 0)
            check(strcmp(hello_language(n - 1), hello_language(n)) < 0, "languages are sorted");
        n++;
    }
    check(n == 5, "there are five languages");

    printf("1..%d\n", number);
    return failed != 0;
}
