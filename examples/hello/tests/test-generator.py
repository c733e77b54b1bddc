#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks tools/make-greetings.py, whose path is in the variable GENERATOR."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


def generate(text):
    """Returns the exit status, the table and stderr for a file of greetings."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "in.txt"), pathlib.Path(folder, "out.h")
        source.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, os.environ["GENERATOR"], source, target],
                              capture_output=True, encoding="utf-8", check=False)
        table = target.read_text(encoding="ascii") if target.exists() else None
        return done.returncode, table, done.stderr


class GeneratorTest(unittest.TestCase):
    def test_sorts_and_splits_at_the_name(self):
        status, table, _ = generate("# comment\n\nen  Hello, NAME!\nde  Hallo, NAME!\n")
        self.assertEqual(status, 0)
        self.assertEqual(table, '{"de", "Hallo, ", "!"},\n{"en", "Hello, ", "!"},\n')

    def test_escapes_what_c_would_read_otherwise(self):
        _, table, _ = generate('xx  "\\?NAMEé\n')
        self.assertEqual(table, '{"xx", "\\042\\134\\077", "\\303\\251"},\n')

    def test_refuses_a_greeting_without_a_name(self):
        status, table, err = generate("en  Hello, NAME!\nde  Hallo!\n")
        self.assertEqual((status, table), (1, None))
        self.assertIn("line 2: NAME does not occur", err)


if __name__ == "__main__":
    unittest.main()
