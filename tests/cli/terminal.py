#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shell at a pseudo-terminal: prompts, editing, Tab, pages, signals.

    terminal.py SHELL
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

from harness import SCHEMA, Skip, main, quoted, same

PROMPT = "logstor:ks> "


class Terminal:
    def __init__(self, shell, folder, *arguments):
        environment = dict(os.environ, TERM="xterm", HOME=folder)
        environment.pop("XDG_STATE_HOME", None)
        environment.pop("LC_ALL", None)
        try:
            self.pid, self.file = pty.fork()
        except OSError as reason:
            raise Skip(f"no pseudo-terminal: {reason}") from reason
        if self.pid == 0:
            os.execve(shell.program, [shell.program, *arguments],
                      environment)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, 100, 0, 0))
        self.seen = ""

    def read(self, seconds):
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.file, 65536)
        except OSError:
            time.sleep(0.1)
            data = b""
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return data != b""

    def wait_for(self, text, seconds=20):
        """What came before ${text}."""
        end = time.time() + seconds
        while text not in self.seen:
            assert time.time() < end, \
                f"{text!a} did not come, but {self.seen!a}"
            self.read(1)
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.file, text if isinstance(text, bytes) else
                 text.encode())

    def run(self, line, prompt=PROMPT):
        """Types a line; what is printed before the next prompt."""
        self.type(line + "\n")
        self.wait_for("\n")
        return self.wait_for(prompt)

    def close(self):
        """The exit status, once it has ended."""
        end = time.time() + 20
        while time.time() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.file)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"did not end: {self.seen!a}")


def open_terminal(shell, folder, rows=0):
    terminal = Terminal(shell, folder)
    terminal.wait_for("logstor> ")
    script = os.path.join(folder, "setup.cql")
    with open(script, "w", encoding="utf-8") as file:
        file.write(SCHEMA + "".join(
            f"INSERT INTO t (k, v) VALUES ({k}, 'v{k}');\n"
            for k in range(rows)))
    terminal.type(f"SOURCE {quoted(script)}\n")
    terminal.wait_for(PROMPT, 60)
    return terminal


def it_says_what_it_is(shell, folder):
    path = os.path.join(folder, "a.db")
    terminal = Terminal(shell, folder, path)
    banner = terminal.wait_for("logstor> ").split("\n")
    assert re.fullmatch(r"logstor [0-9.]+, database .*a\.db", banner[0]), \
        banner
    same(banner[1], "Type HELP for help.")
    terminal.type("\x04")
    same(terminal.close(), 0)


def an_unclean_end_is_told(shell, folder):
    path = os.path.join(folder, "a.db")
    with subprocess.Popen([shell.program, path], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdin.write(SCHEMA.encode() + b"SELECT * FROM t;")
        process.stdin.flush()
        process.stdout.read1(100)
        process.kill()
    # The blocks behind what was promised, as if a write had been torn.
    name = next(name for name in sorted(os.listdir(path))
                if name.endswith(".segments"))
    with open(os.path.join(path, name), "r+b") as file:
        used = len(file.read().rstrip(b"\0"))
        file.seek((used + 4095) // 4096 * 4096)
        file.write(b"torn" * 1024)
    copy = os.path.join(folder, "b.db")
    shutil.copytree(path, copy)
    same(shell.run("--format", "csv", "-e", "SELECT count(*) FROM ks.t",
                   copy), (0, "count\n0\n", ""))
    terminal = Terminal(shell, folder, path)
    banner = terminal.wait_for("logstor> ")
    assert re.search(r"\nThe last session did not end orderly; \d+ bytes of "
                     r"unfinished writes were dropped\.\n", banner), banner
    terminal.type("\x04")
    same(terminal.close(), 0)
    terminal = Terminal(shell, folder, path)
    assert "orderly" not in terminal.wait_for("logstor> ")
    terminal.type("\x04")
    same(terminal.close(), 0)


def commands_answer_on_the_screen_while_results_are_captured(shell, folder):
    path = os.path.join(folder, "x.txt")
    terminal = open_terminal(shell, folder, rows=1)
    assert "Results go to " in terminal.run(f"CAPTURE {quoted(path)}")
    same(terminal.run("CAPTURE"), "CAPTURE is on\n")
    same(terminal.run("SELECT k FROM t;"), "")
    same(terminal.run("PAGING 7"), "PAGING is now on, 7 rows a page\n")
    assert "SELECT k FROM t;" in terminal.run("HISTORY")
    terminal.type("nonsense\x03")
    terminal.wait_for(PROMPT)
    terminal.run("CAPTURE OFF")
    with open(path, encoding="utf-8") as file:
        same(file.read(), "\n k\n---\n 0\n\n(1 rows)\n")
    terminal.type("\x04")
    same(terminal.close(), 0)


def describe_ends_with_its_line(shell, folder):
    terminal = open_terminal(shell, folder)
    assert "t" in terminal.run("DESC TABLES")
    assert "CREATE TABLE ks.t (" in terminal.run("describe t -- that one")
    terminal.type("DESC\n")
    terminal.wait_for("   ... ")
    assert "CREATE TABLE ks.t (" in terminal.run("TABLE t")
    terminal.type("\x04")
    same(terminal.close(), 0)


def bytes_that_are_no_utf_8_are_refused(shell, folder):
    terminal = open_terminal(shell, folder)
    printed = terminal.run("INSERT INTO t (k, v) VALUES (1, 'x');")
    terminal.type("INSERT INTO t (k, v)\n")
    terminal.wait_for("   ... ")
    terminal.type(b"VALUES (1, 'caf\xe9');\n")
    terminal.wait_for("\n")
    printed = terminal.wait_for(PROMPT)
    assert "not valid UTF-8" in printed, printed
    assert "'x'" not in printed and "rows" not in printed, printed
    for data in (b"\xff", b"\xc3(", b"\xe6\xbc", b"\xed\xa0\x80", b"\x9b"):
        terminal.type(b"INSERT INTO t (k, v) VALUES (1, '" + data + b"');\n")
        terminal.wait_for("\n")
        assert "not valid UTF-8" in terminal.wait_for(PROMPT), data
    printed = terminal.run("SELECT v FROM t;")
    assert "\n x\n" in printed, printed
    terminal.type("\x04")
    same(terminal.close(), 0)


def tables_at_the_prompt_have_cqlshs_blank_lines(shell, folder):
    terminal = open_terminal(shell, folder, rows=1)
    same(terminal.run("SELECT * FROM t;"),
         "\n k | v\n---+----\n 0 | v0\n\n(1 rows)\n")
    same(terminal.run("INSERT INTO t (k) VALUES (5);"), "")
    terminal.type("exit\n")
    same(terminal.close(), 0)


def a_failure_at_the_prompt_is_no_failure_of_the_shell(shell, folder):
    terminal = open_terminal(shell, folder)
    printed = terminal.run("SELECT nope FROM t;")
    assert printed.startswith("InvalidRequest [2200]: "), printed
    assert "\n         ^^^^\n" in printed, printed
    terminal.type("QUIT;\n")
    same(terminal.close(), 0)


def statements_may_have_several_lines(shell, folder):
    terminal = open_terminal(shell, folder, rows=3)
    terminal.type("SELECT k\n")
    terminal.wait_for("   ... ")
    terminal.type("FROM t\n")
    terminal.wait_for("   ... ")
    assert "(3 rows)" in terminal.run("; SHOW VERSION")
    # All of it comes back as one entry of the history.
    printed = terminal.run("HISTORY 2")
    assert "SELECT k\nFROM t\n; SHOW VERSION\n" in printed, printed
    terminal.type("\x04")
    same(terminal.close(), 0)


def tab_completes_keywords_and_names(shell, folder):
    terminal = open_terminal(shell, folder)
    terminal.run("CREATE TABLE squirrels (k int PRIMARY KEY, "
                 "favourite_nut text);")
    terminal.type("DESCR\t")
    terminal.wait_for("IBE ")
    terminal.type("TABLE squi\t")
    terminal.wait_for("rrels ")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    terminal.type("INSERT INTO ks.squ\t")
    terminal.wait_for("irrels ")
    terminal.type("(favo\t")
    terminal.wait_for("urite_nut ")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    terminal.type("\x04")
    same(terminal.close(), 0)


def tab_offers_the_columns_where_one_must_stand(shell, folder):
    terminal = open_terminal(shell, folder)
    terminal.run("CREATE TABLE city (inhabitants int, mayor text, "
                 "name text PRIMARY KEY);")
    for text, wanted in (("INSERT INTO city (", "inhabitants  mayor  "),
                         ("INSERT INTO city (mayor, ", "inhabitants  mayor")):
        terminal.type(text + "\t")
        terminal.wait_for(text)
        terminal.wait_for("\n")
        listed = terminal.wait_for("\n")
        assert listed.startswith(wanted), listed
        same(len(listed.split()), 3)
        terminal.wait_for(PROMPT)
        terminal.type("\x03")
        terminal.wait_for(PROMPT)
    terminal.type("SELECT * FROM city WHERE in\t")
    terminal.wait_for("habitants ")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    # The keyword that follows a column, and options where they belong.
    terminal.type("SELECT * FROM city WHERE name = 'a' lim\t")
    terminal.wait_for("it ")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    terminal.type("CREATE TABLE u (k int PRIMARY KEY) WITH in_m\t")
    terminal.wait_for("emory ")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    terminal.type("\x04")
    same(terminal.close(), 0)


def ctrl_c_abandons_the_line(shell, folder):
    terminal = open_terminal(shell, folder)
    terminal.type("SELECT\n")
    terminal.wait_for("   ... ")
    terminal.type("nonsense")
    terminal.type("\x03")
    terminal.wait_for(PROMPT)
    assert terminal.run("SHOW VERSION").startswith("logstor ")
    terminal.type("\x04")
    same(terminal.close(), 0)


def ctrl_c_ends_a_statement_and_not_the_shell(shell, folder):
    terminal = open_terminal(shell, folder, rows=20000)
    terminal.run("PAGING 10")
    terminal.type("SELECT * FROM t;\n")
    terminal.wait_for("---MORE---")
    terminal.type("\x03")
    assert "rows)" not in terminal.wait_for(PROMPT)
    # And while it prints without a pause.
    terminal.run("PAGING OFF")
    terminal.type("SELECT * FROM t;\n")
    terminal.type("\x03")
    terminal.wait_for(PROMPT, 60)
    terminal.seen = ""
    terminal.type("SHOW VERSION\n")
    terminal.wait_for("logstor 0", 60)
    terminal.wait_for(PROMPT)
    terminal.type("\x04")
    same(terminal.close(), 0)


def long_results_pause_between_pages(shell, folder):
    terminal = open_terminal(shell, folder, rows=250)
    terminal.type("SELECT k FROM t;\n")
    page = terminal.wait_for("---MORE---")
    same(len(re.findall(r"^ +\d+$", page, re.M)), 100)
    terminal.type("\n")
    page = terminal.wait_for("---MORE---")
    # At a terminal each page has its header.
    assert "\n k\n" in page, page
    same(len(re.findall(r"^ +\d+$", page, re.M)), 100)
    terminal.type("\n")
    page = terminal.wait_for(PROMPT)
    assert "(250 rows)" in page, page
    # A last page that is full needs no pause behind it.
    terminal.run("PAGING 250")
    assert "---MORE---" not in terminal.run("SELECT k FROM t;")
    terminal.type("PAGING 100\n")
    terminal.wait_for(PROMPT)
    terminal.type("SELECT k FROM t;\n")
    terminal.wait_for("---MORE---")
    terminal.type("q\n")
    assert "rows)" not in terminal.wait_for(PROMPT)
    terminal.type("\x04")
    same(terminal.close(), 0)


def data_cannot_drive_the_terminal(shell, folder):
    terminal = open_terminal(shell, folder)
    script = os.path.join(folder, "evil.cql")
    with open(script, "w", encoding="utf-8") as file:
        file.write("INSERT INTO t (k, v) VALUES (1, "
                   "'a\x1b[31mb\u202ec\x9bd\x07e');")
    terminal.run(f"SOURCE {quoted(script)}")
    for form, special in (("table", "\\u202e"), ("expanded", "\\u202e"),
                          ("csv", "\\u202e"), ("json", "\\u202e")):
        terminal.run(f"FORMAT {form}")
        printed = terminal.run("SELECT v FROM t;")
        assert special in printed, ascii(printed)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]",
                             printed), ascii(printed)
    terminal.type("\x04")
    same(terminal.close(), 0)


def letters_of_all_kinds_can_be_typed(shell, folder):
    terminal = open_terminal(shell, folder)
    terminal.run("INSERT INTO t (k, v) VALUES (1, 'é漢🙂');")
    assert "é漢🙂" in terminal.run("SELECT v FROM t;")
    terminal.type("\x04")
    same(terminal.close(), 0)


def the_history_is_private_and_comes_back(shell, folder):
    terminal = Terminal(shell, folder)
    terminal.wait_for("logstor> ")
    terminal.type("SHOW VERSION\n")
    terminal.wait_for("logstor> ")
    terminal.type("\x04")
    same(terminal.close(), 0)
    path = os.path.join(folder, ".local", "state", "logstor")
    same(os.stat(path).st_mode & 0o777, 0o700)
    same(os.stat(os.path.join(path, "history")).st_mode & 0o777, 0o600)
    same(os.listdir(path), ["history"])
    terminal = Terminal(shell, folder)
    terminal.wait_for("logstor> ")
    terminal.type("\x1b[A")
    terminal.wait_for("SHOW VERSION")
    terminal.type("\n")
    terminal.wait_for("logstor 0")
    terminal.wait_for("logstor> ")
    terminal.type("\x04")
    same(terminal.close(), 0)


def shells_that_end_together_lose_no_history(shell, folder):
    first, second = Terminal(shell, folder), Terminal(shell, folder)
    for terminal, text in ((first, "PAGING 11"), (second, "PAGING 22")):
        terminal.wait_for("logstor> ")
        terminal.run(text, "logstor> ")
    for terminal in (first, second):
        terminal.type("\x04")
        same(terminal.close(), 0)
    third = Terminal(shell, folder)
    third.wait_for("logstor> ")
    printed = third.run("HISTORY", "logstor> ")
    assert "PAGING 11\nPAGING 22\n" in printed, printed
    third.type("\x04")
    same(third.close(), 0)
    same(os.listdir(os.path.join(folder, ".local", "state", "logstor")),
         ["history"])


def signals_that_end_it_leave_the_database_closed(shell, folder):
    path = os.path.join(folder, "a.db")
    for number in (signal.SIGTERM, signal.SIGHUP):
        terminal = Terminal(shell, folder, path)
        terminal.wait_for("logstor> ")
        os.kill(terminal.pid, number)
        same(terminal.close(), 128 + number)


LINE = re.compile(r"\r([A-Za-z]+): \d+ %, [0-9.]+ [A-Za-z]+ of [0-9.]+ "
                  r"[A-Za-z]+[^\r]*\r +\r")


def make_large(shell, folder):
    """A database that takes a moment to go through, and its script."""
    path, script = (os.path.join(folder, name) for name in ("a.db", "a.cql"))
    with open(script, "w", encoding="utf-8") as file:
        file.write(SCHEMA + "".join(
            f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 200}');\n"
            for k in range(60000)))
    same(shell.run("--sync", "off", path, "-f", script), (0, "", ""))
    return path, script


def pause(pid, after, seconds=0.8):
    """What takes long is long if it stands still for a while."""
    time.sleep(after)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def attempts():
    """Delays after which a short work may be under way."""
    return [0.04 * 1.25 ** i for i in range(15)]


def progress_is_a_line_that_goes_away(shell, folder):
    path, script = make_large(shell, folder)
    other = os.path.join(folder, "b.db")
    for what, arguments in (("script", (other, "-f", script)),
                            ("CHECK", (path, "-e", "CHECK;" * 5)),
                            ("salvage", ("--salvage", path,
                                         os.path.join(folder, "new")))):
        for delay in attempts():
            terminal = Terminal(shell, folder, *arguments)
            pause(terminal.pid, delay)
            same(terminal.close(), 0)
            shown = LINE.findall(terminal.seen)
            shutil.rmtree(other, ignore_errors=True)
            shutil.rmtree(os.path.join(folder, "new"), ignore_errors=True)
            if shown:
                break
        same(set(shown), {what})
        # Nothing is left of it.
        assert "%" not in LINE.sub("", terminal.seen), terminal.seen


def where_errors_are_no_terminal_there_is_no_progress(shell, folder):
    _, script = make_large(shell, folder)
    with subprocess.Popen(
            [shell.program, os.path.join(folder, "b.db"), "-f", script],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pause(process.pid, 0.1)
        same(process.communicate(timeout=60), (b"", b""))


def ctrl_c_ends_compact_and_the_database_is_as_good(shell, folder):
    made, _ = make_large(shell, folder)
    path = os.path.join(folder, "b.db")
    for delay in attempts():
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(made, path)
        terminal = Terminal(shell, folder, path, "-e",
                            "COMPACT; SELECT * FROM ks.t")
        time.sleep(delay)
        os.kill(terminal.pid, signal.SIGSTOP)
        terminal.type("\x03")
        os.kill(terminal.pid, signal.SIGCONT)
        status = terminal.close()
        if "ServerError" in terminal.seen:
            break
    same(status, 130)
    assert "-e:1:1: ServerError [0000]: the statement was interrupted\n" in \
        terminal.seen, terminal.seen
    same(shell.run("--format", "csv", path, "-e",
                   "CHECK; SELECT count(*) FROM ks.t"),
         (0, "file,offset,fault\ncount\n60000\n", ""))


CASES = [
    it_says_what_it_is,
    an_unclean_end_is_told,
    commands_answer_on_the_screen_while_results_are_captured,
    describe_ends_with_its_line,
    bytes_that_are_no_utf_8_are_refused,
    tables_at_the_prompt_have_cqlshs_blank_lines,
    a_failure_at_the_prompt_is_no_failure_of_the_shell,
    statements_may_have_several_lines,
    tab_completes_keywords_and_names,
    tab_offers_the_columns_where_one_must_stand,
    ctrl_c_abandons_the_line,
    ctrl_c_ends_a_statement_and_not_the_shell,
    long_results_pause_between_pages,
    data_cannot_drive_the_terminal,
    letters_of_all_kinds_can_be_typed,
    the_history_is_private_and_comes_back,
    shells_that_end_together_lose_no_history,
    signals_that_end_it_leave_the_database_closed,
    progress_is_a_line_that_goes_away,
    where_errors_are_no_terminal_there_is_no_progress,
    ctrl_c_ends_compact_and_the_database_is_as_good,
]

if __name__ == "__main__":
    # Whoever runs this may ignore it, and that is inherited.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    main(CASES)
