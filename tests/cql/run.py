#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden scripts: each NAME.cql runs through the real shell, and what comes
out must equal the files beside it, byte for byte.

    run.py SHELL [NAME...]     BLESS=1 writes the files instead: review the
                               difference like code

NAME.out is standard output. NAME.err, where there is one, is standard error,
then a line "[exit status N]"; without it the script must end silently with
status 0.

A script's first lines may say how it is run:
    -- options: --format csv      more arguments for the shell
    -- reopen                     (anywhere, on a line of its own) what
                                  follows runs in a new process on the same
                                  database
"""

import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "reader"))

from comparison import assert_same  # noqa: E402
from log import Damage  # noqa: E402
from support import Shell  # noqa: E402

REOPEN = "-- reopen"


def parts(text):
    """The script cut at its "-- reopen" lines, each part with blank lines in
    front, so that line numbers in errors stay those of the file."""
    lines = text.splitlines(keepends=True)
    cuts = [i for i, line in enumerate(lines) if line.strip() == REOPEN]
    for start, end in zip([0] + cuts, cuts + [len(lines)]):
        yield "\n" * start + "".join(lines[start:end])


def run_script(shell, name):
    with open(os.path.join(FOLDER, name + ".cql"), "rb") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    found = re.search(r"^-- options: (.*)$", text, re.M)
    options = shlex.split(found.group(1)) if found else []
    out, err, status = b"", b"", 0
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for part in parts(text):
            script = os.path.join(folder, name + ".cql")
            with open(script, "wb") as file:
                file.write(part.encode("utf-8", "surrogateescape"))
            done = subprocess.run(
                [shell, *options, "-f", name + ".cql", "test.db"],
                cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=60, check=False)
            out += done.stdout
            err += done.stderr
            status = done.returncode or status
        if os.path.exists(os.path.join(folder, "test.db", "manifest")):
            faults = compare(shell, os.path.join(folder, "test.db"))
    if err or status:
        err += b"[exit status %d]\n" % status
    return out, err, faults


def compare(shell, path):
    """The independent reader must see what is left as the shell does; twice,
    since a row may expire between the two."""
    faults = []
    for _ in range(2):
        try:
            assert_same(Shell(shell), path)
            return []
        except (AssertionError, Damage) as fault:
            faults = [f"tests/reader: {fault}"]
    return faults


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def bless(path, content):
    if content or path.endswith(".out"):
        with open(path, "wb") as file:
            file.write(content)
    elif os.path.exists(path):
        os.remove(path)


def difference(path, expected, actual):
    return difflib.unified_diff(
        expected.decode("utf-8", "backslashreplace").splitlines(),
        actual.decode("utf-8", "backslashreplace").splitlines(),
        path + " (expected)", path + " (now)", lineterm="")


def check(shell, name):
    *printed, faults = run_script(shell, name)
    for suffix, actual in zip((".out", ".err"), printed):
        path = os.path.join(FOLDER, name + suffix)
        if os.environ.get("BLESS"):
            bless(path, actual)
        elif (expected := read(path)) != actual:
            faults += list(difference(name + suffix, expected, actual)) or \
                [f"{name}{suffix} differs in bytes that don't show"]
        if suffix == ".out" and not os.path.exists(path):
            faults.append(f"{name}.out is missing: review it, then BLESS=1")
    return faults


def main(shell, names):
    names = names or sorted(entry[:-4] for entry in os.listdir(FOLDER)
                            if entry.endswith(".cql"))
    shell = os.path.abspath(shell)
    bad = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        faults = check(shell, name)
        for fault in faults:
            print(f"# {fault}")
        bad += bool(faults)
        print(f"{'not ' if faults else ''}ok {number} - {name}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
