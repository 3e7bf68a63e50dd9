#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up meson's test logs into the one line that tests/run.sh ends with.

    summary.py TESTLOG.json...

A test that speaks TAP counts as many as it reports; any other counts one. A
log that is missing is a failure: a build that ran nothing proves nothing.
"""

import json
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b[ \t]*\d*[ \t]*-?[ \t]*(.*)$")
# Lines that are shown with a failure; the whole is in meson's log.
REASONS_MAX = 40
DIRECTIVE = re.compile(r"#\s*(skip|todo)\b\s*(.*)$", re.I)


class Totals:
    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = []
        self.failures = []

    def fail(self, name, reasons=()):
        self.failed += 1
        self.failures.append((name, list(reasons)[-REASONS_MAX:]))


def add_tap(totals, name, output):
    """Comments in front of a result are its reasons; cmocka, which knows
    better, writes them behind it."""
    reasons, behind = [], None
    for line in output.splitlines():
        found = TAP_LINE.match(line)
        if not found:
            if line.startswith("#"):
                (reasons if behind is None else behind).append(line)
            continue
        is_bad, text = found.groups()
        directive = DIRECTIVE.search(text)
        if directive and directive.group(1).lower() == "skip":
            totals.skipped.append(f"{name}: {text}")
        elif is_bad:
            totals.fail(f"{name}: {text}", reasons)
        else:
            totals.passed += 1
        behind = totals.failures[-1][1] if is_bad and not reasons else None
        reasons = []


def add_test(totals, build, test):
    name = f"{build}/{test['name']}"
    before = totals.passed, totals.failed, len(totals.skipped)
    output = test.get("stdout", "")
    if re.search(r"^1\.\.\d+", output, re.M):
        add_tap(totals, name, output)
    is_good = test["result"] in ("OK", "EXPECTEDFAIL")
    if is_good and before == (totals.passed, totals.failed,
                              len(totals.skipped)):
        totals.passed += 1
    elif test["result"] == "SKIP" and len(totals.skipped) == before[2]:
        totals.skipped.append(name)
    elif not is_good and test["result"] != "SKIP" \
            and totals.failed == before[1]:
        totals.fail(f"{name}: {test['result'].lower()}")


def add_log(totals, path):
    build = path.split("/")[-3]
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except (OSError, ValueError) as error:
        totals.fail(f"{build}: no test log ({error})")
        return
    if not tests:
        totals.fail(f"{build}: no test ran")
    for test in tests:
        add_test(totals, build, test)


def main(paths):
    totals = Totals()
    for path in paths:
        add_log(totals, path)
    for name in totals.skipped:
        print(f"skipped: {name}")
    for name, reasons in totals.failures:
        print(f"failed: {name}")
        for line in reasons:
            print(f"    {line}")
    line = f"{totals.passed} passed, {totals.failed} failed"
    if totals.skipped:
        line += f", {len(totals.skipped)} skipped"
    print(line)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
