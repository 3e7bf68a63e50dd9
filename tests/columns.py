#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No line of C is wider than 80 columns, tabs counted as 8.

    columns.py TOP
"""

import os
import sys

FOLDERS = ("base", "types", "parser", "storage", "planner", "include", "cli",
           "bench", "examples", "tests")
COLUMNS = 80


def sources(top, folder):
    for directory, folders, names in os.walk(os.path.join(top, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(directory, name), top)


def wide_lines(top, name):
    with open(os.path.join(top, name), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if len(line.rstrip("\n").expandtabs(8)) > COLUMNS:
                yield f"{name}:{number}"


def main(top):
    bad = 0
    print(f"1..{len(FOLDERS)}")
    for number, folder in enumerate(FOLDERS, 1):
        wide = [place for name in sources(top, folder)
                for place in wide_lines(top, name)]
        for place in wide:
            print(f"# {place} is wider than {COLUMNS} columns")
        bad += bool(wide)
        print(f"{'not ' if wide else ''}ok {number} - {folder}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
