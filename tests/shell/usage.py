#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shell as a process: options, exit status, input and output streams,
signals, and a terminal.

    usage.py SHELL
"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

from support import Shell, expect, run_cases

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


def errors_name_file_line_and_column(shell, folder):
    with open(os.path.join(folder, "a.cql"), "w", encoding="utf-8") as file:
        file.write("\n\n  SELECT * FROM nope.t;\n")
    expect(shell.run("-f", "a.cql", cwd=folder), status=2, out="",
           holds=["a.cql:3:17: InvalidRequest [2200]: Keyspace nope does not "
                  "exist", "SELECT * FROM nope.t;"])
    expect(shell.run(script="SELECT * FROM nope.t"), status=2,
           holds=["<stdin>:1:15: InvalidRequest [2200]"])
    expect(shell.run("-e", "SELECT * FROM nope.t"), status=2,
           holds=["-e:1:15: InvalidRequest [2200]"])


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
        process.wait(timeout=30)
    assert "Sanitizer" not in errors and "assert" not in errors, errors


def a_full_output_device_is_an_error(shell, _folder):
    if not os.path.exists("/dev/full"):
        return
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [shell.program, "-e", SCHEMA + "SELECT * FROM t"], stdout=full,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20,
            check=False)
    assert done.returncode != 0, "exit status 0 though nothing was printed"


def an_interrupt_ends_a_script(shell, folder):
    path = os.path.join(folder, "a.db")
    with subprocess.Popen([shell.program, path], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write((SCHEMA + "SELECT * FROM t;\n").encode())
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdin.write(b"SELECT * FROM t;\n" * 3)
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.read()
        process.stderr.read()
    assert process.returncode == 130, process.returncode


class Terminal:
    """The shell at a pseudo-terminal."""

    def __init__(self, shell, folder, *arguments):
        environment = dict(os.environ, TERM="dumb", HOME=folder,
                           XDG_STATE_HOME=os.path.join(folder, "state"))
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(shell.program, [shell.program, *arguments],
                      environment)
        self.seen = ""

    def wait_for(self, text, seconds=20):
        end = time.time() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.file], [], [],
                                        max(0, end - time.time()))
            assert ready, f"{text!a} did not come, but {self.seen!a}"
            try:
                self.seen += os.read(self.file, 65536).decode()
            except OSError:
                raise AssertionError(
                    f"ended without {text!a}: {self.seen!a}") from None
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.file, text.encode())

    def close(self):
        """The exit status, once it has ended by itself."""
        end = time.time() + 20
        while time.time() < end:
            if select.select([self.file], [], [], 0.05)[0]:
                try:
                    os.read(self.file, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.file)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("did not end")


def a_terminal_gets_prompts_and_a_private_history(shell, folder):
    terminal = Terminal(shell, folder, os.path.join(folder, "a.db"))
    terminal.wait_for("logstor> ")
    terminal.type("CREATE KEYSPACE ks;\n")
    terminal.wait_for("logstor> ")
    terminal.type("USE ks;\n")
    terminal.wait_for("logstor:ks> ")
    terminal.type("CREATE TABLE t (\n")
    terminal.wait_for("   ... ")
    terminal.type("k int PRIMARY KEY);\n")
    terminal.wait_for("logstor:ks> ")
    terminal.type("SELECT nope FROM t;\n")
    text = terminal.wait_for("logstor:ks> ")
    assert "InvalidRequest [2200]: " in text and "<stdin>" not in text, text
    terminal.type("EXIT\n")
    status = terminal.close()
    # A statement failed, but at a prompt that is no failure of the shell.
    assert status in (0, 2), status
    history = os.path.join(folder, "state", "logstor", "history")
    assert os.stat(history).st_mode & 0o777 == 0o600
    with open(history, encoding="utf-8") as file:
        text = file.read()
    assert "KEYSPACE" in text, text


def ctrl_c_ends_the_line_and_not_the_shell(shell, folder):
    terminal = Terminal(shell, folder)
    terminal.wait_for("logstor> ")
    terminal.type("SELECT * FROM\n")
    terminal.wait_for("   ... ")
    terminal.type("\x03")
    terminal.wait_for("logstor> ")
    terminal.type("DESCRIBE KEYSPACES;\n")
    terminal.wait_for("logstor> ")
    terminal.type("\x04")
    assert terminal.close() == 0


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
    errors_name_file_line_and_column,
    a_reader_that_goes_away_ends_it_quietly,
    a_full_output_device_is_an_error,
    an_interrupt_ends_a_script,
    a_terminal_gets_prompts_and_a_private_history,
    ctrl_c_ends_the_line_and_not_the_shell,
    data_cannot_drive_the_terminal,
]

if __name__ == "__main__":
    run_cases(CASES, Shell(sys.argv[1]))
