# SPDX-License-Identifier: MIT
"""What the tests of the shell as a process share: running it, looking at
directories, and TAP."""

import os
import subprocess
import sys
import tempfile
import traceback


class Skip(Exception):
    """Raised by a case that this machine can't run; the text says why."""


class Shell:
    def __init__(self, program):
        self.program = os.path.abspath(program)

    def run(self, *arguments, script=None, prefix=(), cwd=None, **more):
        """(status, output, errors) of a run that ends by itself."""
        source = {"stdin": subprocess.DEVNULL} if script is None else \
            {"input": script.encode()}
        done = subprocess.run([*prefix, self.program, *arguments], cwd=cwd,
                              capture_output=True, timeout=60, check=False,
                              **source, **more)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def make(self, path, rows=20):
        """A closed database with ${rows} rows in ks.t."""
        script = "CREATE KEYSPACE ks; USE ks;" \
            "CREATE TABLE t (k int PRIMARY KEY, v text);"
        for key in range(rows):
            script += f"INSERT INTO t (k, v) VALUES ({key}, 'value-{key}');"
        expect(self.run(path, script=script), status=0, errors="")

    def count(self, path):
        status, out, errors = self.run(
            "--format", "csv", "-e", "SELECT count(*) FROM ks.t", path)
        expect((status, out, errors), status=0)
        return int(out.split()[1])


def expect(result, status=None, out=None, errors=None, holds=(), lacks=()):
    """The parts that are given must be so; ${holds} must be in the errors."""
    got_status, got_out, got_errors = result
    assert status is None or got_status == status, \
        f"exit status {got_status}, expected {status}: {got_errors}"
    assert out is None or got_out == out, f"printed {got_out!a}, not {out!a}"
    assert errors is None or got_errors == errors, \
        f"complained {got_errors!a}, not {errors!a}"
    for text in holds:
        assert str(text) in got_errors, f"{text!a} is not in {got_errors!a}"
    for text in lacks:
        assert text not in got_errors, f"{text!a} is in {got_errors!a}"


def snapshot(path):
    """Everything about a directory that a refused opening may not change."""
    files = {}
    for directory, _, names in os.walk(path):
        for name in names:
            full = os.path.join(directory, name)
            status = os.lstat(full)
            content = b""
            if not os.path.islink(full) and os.path.isfile(full):
                with open(full, "rb") as file:
                    content = file.read()
            files[os.path.relpath(full, path)] = (
                status.st_mode, status.st_size, content)
    return files


def assert_unchanged(before, path):
    after = snapshot(path)
    for name in sorted(before.keys() | after.keys()):
        # Who had the lock last stands in it, and is nobody's data.
        if name == "lock":
            continue
        assert before.get(name) == after.get(name), f"{name} was changed"


def run_cases(cases, *context):
    """TAP: each case is a function that is named for the fact it shows and
    gets a directory of its own."""
    bad = 0
    print(f"1..{len(cases)}")
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        result = "ok"
        directive = ""
        with tempfile.TemporaryDirectory() as folder:
            # A test of permissions may hand it to another user.
            os.chmod(folder, 0o755)
            try:
                case(*context, folder)
            except Skip as reason:
                directive = f" # SKIP {reason}"
            except Exception:  # pylint: disable=broad-except
                result = "not ok"
                bad += 1
                for line in traceback.format_exc().splitlines()[-8:]:
                    print(f"# {line}")
        print(f"{result} {number} - {name}{directive}", flush=True)
    sys.exit(1 if bad else 0)
