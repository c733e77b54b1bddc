#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the program as a user would: test-program.py HELLO"""

import subprocess
import sys
import unittest

HELLO = sys.argv.pop(1)


def hello(*args):
    """Returns the exit status, stdout and stderr of a call."""
    done = subprocess.run([HELLO, *args], capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout, done.stderr


class ProgramTest(unittest.TestCase):
    def test_greets_the_world(self):
        self.assertEqual(hello(), (0, "Hello, world!\n", ""))

    def test_greets_by_name_and_language(self):
        self.assertEqual(hello("--language", "ja", "Ada"), (0, "Adaさん、こんにちは。\n", ""))

    def test_lists_languages(self):
        self.assertEqual(hello("--list"), (0, "de\nen\nes\nfr\nja\n", ""))

    def test_refuses_an_unknown_language(self):
        status, out, err = hello("--language", "xx")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("unknown language: xx", err)

    def test_refuses_a_name_that_does_not_fit(self):
        status, out, err = hello("x" * 300)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("too long", err)

    def test_refuses_what_it_does_not_know(self):
        for args in (["--loud"], ["--language"], ["Ada", "Grace"]):
            status, out, err = hello(*args)
            self.assertEqual((status, out), (2, ""), args)
            self.assertIn("usage:", err)


if __name__ == "__main__":
    unittest.main()
