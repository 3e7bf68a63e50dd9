# SPDX-License-Identifier: MIT
"""What the tests in this folder share with those in tests/shell, and a
database in memory to look at."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "shell"))

# pylint: disable=wrong-import-position,unused-import
from support import Shell, Skip, expect, run_cases  # noqa: E402,F401

SCHEMA = """CREATE KEYSPACE ks; USE ks;
CREATE TABLE t (k int PRIMARY KEY, v text);
"""
ROW = "INSERT INTO t (k, v) VALUES (1, 'one');\n"


def quoted(path):
    """As SOURCE and CAPTURE take it: $TMPDIR may hold quotes."""
    return "'" + path.replace("'", "''") + "'"


def same(got, wanted):
    assert got == wanted, f"got {got!a}, expected {wanted!a}"


def main(cases):
    run_cases(cases, Shell(sys.argv[1]))
