#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shell as a process among others: exit status, the order of scripts,
paths, and streams that are closed, gone or full.

    usage.py SHELL
"""

import os
import re
import subprocess
import sys

from support import Shell, Skip, expect, run_cases

SCHEMA = "CREATE KEYSPACE ks; USE ks; CREATE TABLE t (k int PRIMARY KEY);"


def the_exit_status_tells_what_went_wrong(shell, folder):
    path = os.path.join(folder, "a.db")
    expect(shell.run("--help"), status=0, errors="")
    expect(shell.run("--version"), status=0, errors="")
    expect(shell.run("--nonsense"), status=1, out="")
    expect(shell.run("--format", "html", "-e", "SELECT 1"), status=1, out="")
    expect(shell.run("a.db", "b.db"), status=1, out="")
    expect(shell.run("-k", "nope", "-e", "SELECT 1", path), status=1,
           holds=["nope"])
    expect(shell.run("-f", os.path.join(folder, "missing.cql"), path),
           status=1, holds=["missing.cql"])
    expect(shell.run("-e", "SELEC", path), status=2, out="")
    expect(shell.run("-e", SCHEMA, path), status=0, out="", errors="")


def later_statements_run_unless_told_to_bail(shell, _folder):
    script = SCHEMA + "SELEC; SELECT count(*) FROM t;"
    status, out, errors = shell.run(script=script)
    expect((status, out, errors), status=2, holds=["SyntaxException"])
    assert "(1 rows)" in out, out
    expect(shell.run("--bail", script=script), status=2, out="")


def scripts_run_in_the_order_given(shell, folder):
    one = os.path.join(folder, "one.cql")
    with open(one, "w", encoding="utf-8") as file:
        file.write(SCHEMA + "INSERT INTO t (k) VALUES (1)")
    result = shell.run("--format", "csv", "-f", one,
                       "-e", "INSERT INTO t (k) VALUES (2)", "-f", "-",
                       "-e", "SELECT count(*) FROM t",
                       script="INSERT INTO t (k) VALUES (3)")
    expect(result, status=0, out="count\n3\n", errors="")


def a_path_and_a_directory_may_hold_spaces_and_quotes(shell, folder):
    path = os.path.join(folder, "it's a \"database\"")
    expect(shell.run("-e", SCHEMA, path), status=0, errors="")
    expect(shell.run("-k", "ks", "-e", "SELECT k FROM t", path), status=0,
           errors="")


def a_closed_standard_input_is_an_empty_script(shell, _folder):
    done = subprocess.run([shell.program], close_fds=True, check=False,
                          preexec_fn=lambda: os.close(0), timeout=20,
                          capture_output=True)
    assert done.returncode in (0, 1), done
    assert done.stdout == b"", done.stdout


def a_reader_that_goes_away_ends_it_quietly(shell, _folder):
    script = SCHEMA + "".join(
        f"INSERT INTO t (k) VALUES ({k});" for k in range(3000)) + \
        "SELECT * FROM t;" * 30
    with subprocess.Popen([shell.program], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.close()
        try:
            process.stdin.write(script.encode())
            process.stdin.close()
        except BrokenPipeError:
            pass
        errors = process.stderr.read().decode()
        status = process.wait(timeout=30)
    # As of a program that SIGPIPE ends.
    assert (status, errors) == (141, ""), (status, errors)


def what_failed_is_told_though_the_reader_went_away(shell, _folder):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [shell.program, "-e", "SELEC; " + SCHEMA + "SELECT * FROM t"],
        stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
        timeout=20, check=False)
    os.close(writer)
    assert done.returncode == 2 and b"SELEC" in done.stderr, done


def a_full_output_device_is_an_error(shell, _folder):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [shell.program, "-e", SCHEMA + "SELECT * FROM t"], stdout=full,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20,
            check=False)
    assert done.returncode != 0, "exit status 0 though nothing was printed"


def data_cannot_drive_the_terminal(shell, _folder):
    script = SCHEMA + \
        "CREATE TABLE u (k int PRIMARY KEY, v text);" \
        "INSERT INTO u (k, v) VALUES (1, 'a\x1b[2Jb\x07c\x9bd\re');"
    for form in ("table", "expanded"):
        status, out, errors = shell.run(
            "--format", form, script=script + "SELECT v FROM u;")
        expect((status, out, errors), status=0, errors="")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out), ascii(out)


CASES = [
    the_exit_status_tells_what_went_wrong,
    later_statements_run_unless_told_to_bail,
    scripts_run_in_the_order_given,
    a_path_and_a_directory_may_hold_spaces_and_quotes,
    a_closed_standard_input_is_an_empty_script,
    a_reader_that_goes_away_ends_it_quietly,
    what_failed_is_told_though_the_reader_went_away,
    a_full_output_device_is_an_error,
    data_cannot_drive_the_terminal,
]

if __name__ == "__main__":
    run_cases(CASES, Shell(sys.argv[1]))
