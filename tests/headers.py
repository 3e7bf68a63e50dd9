#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone, so that including one never needs another.

    headers.py TOP COMPILER...
"""

import os
import subprocess
import sys

FOLDERS = ("base", "types", "parser", "storage", "planner", "include", "cli")


def headers(top):
    for folder in FOLDERS:
        for directory, folders, names in os.walk(os.path.join(top, folder)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".h"):
                    yield os.path.relpath(os.path.join(directory, name), top)


def main(top, compiler):
    names = list(headers(top))
    bad = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        done = subprocess.run(
            compiler + ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                        "-Wpedantic", "-Werror", "-fsyntax-only", "-I", top,
                        "-x", "c", "-"],
            input=f'#include "{name}"\nint headers_alone;\n',
            capture_output=True, text=True, check=False)
        for line in done.stderr.splitlines():
            print(f"# {line}")
        bad += done.returncode != 0
        print(f"{'not ' if done.returncode else ''}ok {number} - {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
