/* SPDX-License-Identifier: GPL-2.0-or-later */

#ifndef HELLO_H
#define HELLO_H

#include <stddef.h>

/*
 * hello_greet writes the greeting for name in the language, a code such as "en",
 * into buf, which holds size bytes, and always ends it with a NUL.
 *
 * It returns how long the whole greeting is, without the NUL; the greeting was
 * cut short if that is size or more. It returns -1 for an unknown language and
 * leaves buf alone.
 */
int hello_greet(char *buf, size_t size, const char *language, const char *name);

/*
 * hello_language returns the code of language number i, counted from 0 and
 * sorted, or NULL behind the last one.
 */
const char *hello_language(size_t i);

#endif
