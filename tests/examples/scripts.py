#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/run.sh and examples/unicode.sh, from another directory and with
standard input closed, twice: the second run installs and builds nothing.

    scripts.py TOP
"""

import os
import subprocess
import sys


def check(top, name, words):
    path = os.path.join(top, "examples", name)
    for _ in range(2):
        done = subprocess.run(["sh", path], cwd="/", capture_output=True,
                              stdin=subprocess.DEVNULL, text=True,
                              timeout=300, check=False)
        if done.returncode != 0:
            return [f"exit status {done.returncode}",
                    *done.stdout.splitlines()[-20:],
                    *done.stderr.splitlines()[-20:]]
    faults = [f"printed no {word!a}" for word in words
              if word not in done.stdout]
    faults += [f"the second run said {line!a}"
               for line in done.stdout.splitlines()
               if line.startswith(("== installing", "== configuring",
                                   "== building"))]
    return faults


CASES = [
    ("run.sh", ["rows)", "to open the shell"]),
    ("unicode.sh", ["GREEK CAPITAL LETTER OMEGA", "EURO SIGN", "34924",
                    "VULGAR FRACTION THREE QUARTERS", "CREATE TABLE",
                    "all 34924 characters are there"]),
]


def main(top):
    bad = 0
    print(f"1..{len(CASES)}")
    for number, (name, words) in enumerate(CASES, 1):
        faults = check(top, name, words)
        for fault in faults:
            print(f"# {fault}")
        bad += bool(faults)
        print(f"{'not ' if faults else ''}ok {number} - examples/{name}",
              flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
