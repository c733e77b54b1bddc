#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns greetings.txt into the rows of the C table that src/hello.c includes."""

import sys


def quote(text):
    """Returns text as a C string literal, all but plain ASCII as octal escapes."""
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}"
             for b in text.encode())
    return '"' + "".join(plain) + '"'


def rows(lines):
    """Yields a language, what stands before the name, and what stands behind."""
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        language, _, greeting = line.partition(" ")
        before, name, after = greeting.strip().partition("NAME")
        if not name:
            raise ValueError(f"line {number}: NAME does not occur in {line!r}")
        yield language, before, after


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as lines:
        table = sorted(rows(lines))
    with open(target, "w", encoding="ascii") as out:
        for row in table:
            out.write("{" + ", ".join(quote(text) for text in row) + "},\n")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as err:
        sys.exit(f"make-greetings: {sys.argv[1]}: {err}")
