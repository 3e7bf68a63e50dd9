#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scripts: how text becomes statements and commands, when they run, and how
it ends.

    scripts.py SHELL
"""

import os
import re
import resource
import select
import signal
import subprocess
import time

from harness import ROW, SCHEMA, Skip, expect, main, quoted, same

COUNT = "SELECT count(*) FROM t;"
CSV = ("--format", "csv")


class Pipe:
    """A shell that reads a pipe which stays open."""

    def __init__(self, shell, *arguments):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [shell.program, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def read(self, seconds=20):
        """What comes next."""
        stream = self.process.stdout
        assert select.select([stream], [], [], seconds)[0], "nothing came"
        return os.read(stream.fileno(), 65536).decode()

    def finish(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        return self.process.wait(timeout=30), errors


def statements_may_share_lines_and_cross_them(shell, _folder):
    script = "CREATE KEYSPACE ks;USE ks;;CREATE TABLE\nt (k int\n" \
        "PRIMARY KEY, v text);INSERT INTO t (k, v)\nVALUES (1, 'a;\nb') ;" \
        " -- SELECT;\n /* ; */ SELECT v FROM t"
    expect(shell.run(*CSV, script=script), status=0, errors="",
           out='v\n"a;\nb"\n')


def commands_end_with_their_line_or_semicolon(shell, _folder):
    script = "FORMAT csv\n" + SCHEMA + ROW + \
        "SELECT k FROM t; format JSON; SELECT k FROM t;\nFormat csv\n" \
        "SELECT k\nFROM t"
    expect(shell.run(script=script), status=0, errors="",
           out='k\n1\n{"k": 1}\nk\n1\n')


def describe_ends_with_its_line_too(shell, _folder):
    for text in ("DESC TABLES", "describe tables", "DESC TABLE t",
                 "Desc ks.t -- the table", "DESC TABLE \"t\" /* that */",
                 "DESC KEYSPACE", "DESC FULL SCHEMA", "DESC ONLY KEYSPACE ks",
                 "/* first */ DESC TABLE ks . t WITH INTERNALS\r"):
        status, out, errors = shell.run(
            *CSV, script=SCHEMA + text + "\nSELECT count(*) FROM t\n;")
        expect((status, out, errors), status=0, errors="")
        assert out.startswith("keyspace_name,"), out
        assert out.endswith("\ncount\n0\n"), out
    # A fault ends with its line as well, and what isn't whole goes on.
    expect(shell.run(*CSV, script=SCHEMA + "DESC TABLE nope\n" + COUNT),
           status=2, out="count\n0\n", holds=["<stdin>:3:12: Invalid"])
    for text in ("DESC\nTABLES", "DESC TABLE\nks.t;", "DESC ks.\nt",
                 "DESC /* a\n */ TABLES;", "DESC FULL\nSCHEMA;",
                 "DESC TABLE t; DESC\nTABLES"):
        status, out, errors = shell.run(*CSV, script=SCHEMA + text)
        expect((status, out, errors), status=0, errors="")


def commands_are_known_at_a_statements_start_only(shell, _folder):
    script = "CREATE KEYSPACE ks; USE ks; CREATE TABLE t (help int PRIMARY " \
        "KEY,\nexit text,\nhistory text);\nSELECT\nexit FROM t;"
    expect(shell.run(*CSV, script=script), status=0, errors="", out="exit\n")


def exit_ends_everything(shell, _folder):
    expect(shell.run("-e", "EXIT", "-e", "SELEC", "-f", "-",
                     script="SELEC"), status=0, out="", errors="")
    expect(shell.run("-e", "FOO; QUIT; FOO"), status=2)


def only_comments_are_nothing(shell, _folder):
    for script in ("", "\n", "-- a", "-- a\n", "/* a */", ";", " ; ;\n",
                   "// a", "\ufeff"):
        expect(shell.run(script=script), status=0, out="", errors="")


def what_does_not_end_is_an_error(shell, _folder):
    for script in (SCHEMA + "SELECT 'abc", SCHEMA + "SELECT \"k FROM t",
                   SCHEMA + "SELECT * FROM", SCHEMA + "SOURCE 'abc"):
        expect(shell.run(script=script), status=2, out="",
               holds=["<stdin>:3:"])


def statements_run_while_the_pipe_is_open(shell, _folder):
    pipe = Pipe(shell, *CSV)
    pipe.write(SCHEMA + COUNT + "\nINSERT INTO t (k) VAL")
    same(pipe.read(), "count\n0\n")
    pipe.write("UES (1);")
    pipe.write(COUNT)
    same(pipe.read(), "count\n1\n")
    pipe.write("SHOW VERS")
    pipe.write("ION")
    assert not select.select([pipe.process.stdout], [], [], 0.3)[0]
    pipe.write("\n")
    assert pipe.read().startswith("logstor "), "no version"
    pipe.write("SELECT k FROM t")
    same(pipe.process.poll(), None)
    same(pipe.finish(), (0, ""))


def what_was_printed_survives_a_kill(shell, folder):
    path = os.path.join(folder, "a.db")
    pipe = Pipe(shell, *CSV, path)
    pipe.write(SCHEMA + ROW + COUNT)
    same(pipe.read(), "count\n1\n")
    pipe.process.kill()
    pipe.finish()
    same(shell.count(path), 1)


def what_ran_before_a_pause_survives_a_kill(shell, folder):
    path = os.path.join(folder, "a.db")
    pipe = Pipe(shell, path)
    pipe.write(SCHEMA + ROW)
    # Nothing is printed: the shell gets time to see that no more comes.
    time.sleep(1)
    pipe.process.kill()
    pipe.finish()
    same(shell.count(path), 1)


def a_signal_ends_it_cleanly(shell, folder):
    for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129),
                           (signal.SIGINT, 130)):
        path = os.path.join(folder, f"{status}.db")
        pipe = Pipe(shell, *CSV, path)
        pipe.write(SCHEMA + ROW + COUNT + "INSERT INTO t (k) VALUES (2);")
        same(pipe.read(), "count\n1\n")
        time.sleep(0.3)
        pipe.process.send_signal(number)
        # It ends though the pipe is still open.
        same(pipe.process.wait(timeout=30), status)
        same(pipe.finish(), (status, ""))
        same(shell.count(path), 2)


def a_signal_while_it_opens_lets_nothing_run(shell, folder):
    path = os.path.join(folder, "a.db")
    expect(shell.run(path, script=SCHEMA + ROW), status=0, errors="")
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for pause in (0.3, 0.1, 0.5, 0.2, 0.4):
            # Opening waits for who has it, for about a second.
            holder = Pipe(shell, *CSV, path)
            holder.write("USE ks;" + COUNT)
            same(holder.read(), "count\n1\n")
            other = Pipe(shell, path, "-e", "TRUNCATE ks.t")
            time.sleep(pause)
            other.process.send_signal(number)
            time.sleep(0.05)
            holder.finish()
            found = other.finish()[0]
            same(shell.count(path), 1)
            if found == status:
                break
        else:
            raise AssertionError("it never came in the middle")


def an_interrupt_ends_a_running_statement(shell, _folder):
    script = SCHEMA + "".join(f"INSERT INTO t (k) VALUES ({k});"
                              for k in range(3000))
    pipe = Pipe(shell)
    pipe.write(script + "SELECT * FROM t;" * 30)
    # Its output fills the pipe, so that it hangs in the middle of a result.
    pipe.read(60)
    time.sleep(0.3)
    pipe.process.send_signal(signal.SIGINT)
    same(pipe.process.wait(timeout=30), 130)
    pipe.finish()


def wait_until_caught(process, number):
    """Before, a signal would end the process in its own way."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        if int(fields["SigCgt"], 16) >> number - 1 & 1:
            return
        time.sleep(0.01)


def a_fifo_is_opened_once(shell, folder):
    """Its writer would be left without a reader the first time."""
    path = os.path.join(folder, "fifo")
    os.mkfifo(path)
    with subprocess.Popen([shell.program, *CSV, "-f", path],
                          stdout=subprocess.PIPE) as process:
        with open(path, "wb") as fifo:
            fifo.write((SCHEMA + COUNT).encode())
        try:
            same(process.communicate(timeout=10)[0], b"count\n0\n")
        finally:
            process.kill()
        same(process.returncode, 0)
    for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        with subprocess.Popen([shell.program, "-f", path],
                              stderr=subprocess.PIPE) as process:
            wait_until_caught(process, number)
            time.sleep(0.3)  # it waits for a writer by now
            process.send_signal(number)
            same(process.communicate(timeout=30)[1], b"")
            same(process.returncode, status)


def bail_ends_scripts_within_scripts(shell, folder):
    with open(os.path.join(folder, "in.cql"), "w", encoding="utf-8") as file:
        file.write("FOO;\nBAR;")
    script = "SOURCE 'in.cql';\nBAZ; SHOW VERSION;"
    status, out, errors = shell.run(script=script, cwd=folder)
    expect((status, out, errors), status=2, holds=["FOO", "BAR", "BAZ"])
    assert out.startswith("logstor"), out
    expect(shell.run("--bail", script=script, cwd=folder), status=2, out="",
           holds=["FOO"], lacks=["BAR", "BAZ"])


def source_finds_no_end_and_no_file(shell, folder):
    loop = os.path.join(folder, "loop.cql")
    with open(loop, "w", encoding="utf-8") as file:
        file.write("SOURCE 'loop.cql'")
    expect(shell.run("-f", "loop.cql", cwd=folder), status=2,
           holds=["nested"])
    expect(shell.run("-e", "SOURCE 'nope.cql'; SOURCE", cwd=folder),
           status=2, holds=["cannot read nope.cql", "usage: SOURCE"])
    expect(shell.run("-e", f"SOURCE {quoted(folder)}"), status=2,
           holds=["Is a directory"])


def capture_appends_to_a_file(shell, folder):
    path = os.path.join(folder, "it's.txt")
    script = SCHEMA + ROW + f"FORMAT csv; CAPTURE {quoted(path)}; " \
        "SELECT k FROM t; CAPTURE OFF; SELECT v FROM t;"
    for _ in range(2):
        expect(shell.run(script=script), status=0, errors="",
               out="v\none\n")
    with open(path, encoding="utf-8") as file:
        same(file.read(), "k\n1\nk\n1\n")
    expect(shell.run("-e", f"CAPTURE {quoted(folder + '/no/such')}; "
                     "SHOW VERSION"), status=2, holds=["cannot write"])


def only_results_are_captured(shell, folder):
    path = os.path.join(folder, "x.txt")
    script = SCHEMA + ROW + f"FORMAT csv; CAPTURE {quoted(path)}; CAPTURE; " \
        "SELECT k FROM t; PAGING; SHOW VERSION; HELP USE; CAPTURE OFF;"
    status, out, errors = shell.run(script=script)
    expect((status, out, errors), status=0, errors="")
    assert out.startswith("CAPTURE is on\nPAGING is on, 100 rows a page\n"
                          "logstor "), out
    assert "USE keyspace;" in out, out
    with open(path, encoding="utf-8") as file:
        same(file.read(), "k\n1\n")


def a_screen_that_is_gone_ends_a_capture_quietly(shell, folder):
    path = os.path.join(folder, "x.txt")
    script = SCHEMA + ROW + f"FORMAT csv; CAPTURE {quoted(path)}; " \
        "SELECT k FROM t; SHOW VERSION"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([shell.program], input=script.encode(),
                          stdout=writer, stderr=subprocess.PIPE, timeout=30,
                          check=False)
    os.close(writer)
    same((done.returncode, done.stderr), (141, b""))
    with open(path, encoding="utf-8") as file:
        same(file.read(), "k\n1\n")


def a_full_capture_ends_and_is_told(shell, _folder):
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    script = SCHEMA + "CAPTURE '/dev/full';" + COUNT + "CAPTURE OFF;" + COUNT
    status, out, errors = shell.run(*CSV, script=script)
    expect((status, out, errors), status=2, out="count\n0\n",
           holds=["captured file"])


def safe_leaves_other_files_alone(shell, folder):
    path = os.path.join(folder, "x")
    expect(shell.run("--safe", "-e", f"CAPTURE {quoted(path)}; "
                     f"SOURCE {quoted(path)};"),
           status=2, holds=["CAPTURE is not allowed",
                            "SOURCE is not allowed"])
    assert not os.path.exists(path)


def the_keyspace_is_taken_as_it_is(shell, folder):
    path = os.path.join(folder, "a.db")
    expect(shell.run("-e", 'CREATE KEYSPACE "Big"; CREATE TABLE "Big".t '
                     "(k int PRIMARY KEY);", path), status=0, errors="")
    expect(shell.run("-k", "Big", *CSV, "-e", COUNT, path), status=0,
           out="count\n0\n")
    for name in ("big", 'a"; SELEC; --', ""):
        result = shell.run("-k", name, "-e", COUNT, path)
        expect(result, status=1, out="")
        assert result[2].startswith("logstor: "), result


def nothing_runs_when_a_script_is_missing(shell, folder):
    path = os.path.join(folder, "a.db")
    expect(shell.run("-e", SCHEMA, "-f", "/no/such.cql", path), status=1,
           holds=["/no/such.cql"])
    assert not os.path.exists(path)


def usage_errors_say_what_to_do(shell, _folder):
    for arguments, words in (
            (["--forma"], "needs an argument"),
            (["-x"], "unknown or ambiguous option -x"),
            (["-e"], "needs an argument"),
            (["--sync", "later", "-e", ""], "full, group or off"),
            (["--format", "xml"], "table, expanded, csv or json"),
            (["--format", "insert"], "not supported yet"),
            (["a", "b"], "more than one"),
            ([""], "empty"),
            (["--readonly"], "DATABASE"),
            (["--salvage", "a"], "two directories"),
            (["--salvage", "a", "b", "c"], "two directories"),
            (["--salvage", "a", "b", "-e", ""], "runs nothing"),
            (["--salvage", "a", "b", "--format", "json"], "no other option"),
            (["--max-size", "much"], "64K, 32M or 4G"),
            (["--cache-size", "4 "], "64K, 32M or 4G"),
            (["--cache-size", "4KB"], "64K, 32M or 4G"),
            (["--cache-size", "-1"], "64K, 32M or 4G"),
            (["--max-size", "99999999999999999999"], "64K, 32M or 4G"),
            (["--checkpoint-size", "16777216T"], "64K, 32M or 4G"),
            (["--separator-size", ""], "64K, 32M or 4G"),
            (["--segment-size", "4G"], "too large"),
            (["--file-segments", "0"], "too small")):
        expect(shell.run(*arguments), status=1, out="",
               holds=[words, "--help"])
    status, out, errors = shell.run("--help")
    expect((status, out, errors), status=0, errors="")
    for option in ("--execute", "--file", "--keyspace", "--format", "--bail",
                   "--sync", "--readonly", "--safe", "--version",
                   "--max-size", "--cache-size", "--separator-size",
                   "--checkpoint-size", "--eager-separation",
                   "--segment-size", "--file-segments", "--salvage"):
        assert option in out, option
    assert "141" in out, out
    assert all(len(line) < 80 for line in out.split("\n")), out


def usage_errors_cannot_drive_the_terminal(shell, _folder):
    evil = "a\x1b[31m\u202eb"
    for arguments in (["--" + evil], ["-\x1b"], [evil, evil],
                      ["--sync", evil], ["--format", evil],
                      ["-k", evil, "-e", ""], ["-f", evil],
                      [evil + "/b/c", "-e", ""], ["-e", f"SOURCE '{evil}'"],
                      ["-e", f"CAPTURE '/no/{evil}'"],
                      ["-e", f"USE \"{evil}\""], ["-e", f"SELECT '{evil}'"],
                      ["-e", f"INSERT INTO \"{evil}\".t (k) VALUES ('"],
                      ["-e", f"FORMAT '{evil}'"], ["-e", f"HELP '{evil}'"],
                      ["-e", f"SHOW '{evil}'"]):
        status, out, errors = shell.run(*arguments)
        assert status in (1, 2) and out == "" and errors != "", arguments
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]",
                             errors), ascii(errors)


def a_name_cannot_forge_a_message(shell, folder):
    name = "a\nlogstor: all is well"
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write("SELEC")
    for arguments in (["-f", name], ["-k", name, "-e", ""],
                      ["-e", f"USE \"{name}\""], ["--sync", name]):
        _, _, errors = shell.run(*arguments, cwd=folder)
        assert "\nlogstor: all" not in errors, errors


def help_knows_every_command(shell, _folder):
    _, out, errors = shell.run("-e", "HELP")
    same(errors, "")
    for name in ("HELP", "EXIT", "SOURCE", "CAPTURE", "FORMAT", "EXPAND",
                 "PAGING", "TIMING", "CONSISTENCY", "SHOW", "SELECT",
                 "CHECK", "COMPACT", "TYPES"):
        assert f"  {name} " in out, name
        expect(shell.run("-e", f"HELP {name.lower()}"), status=0, errors="")
    expect(shell.run("-e", "HELP nothing"), status=2, holds=["no help"])
    statements, _, others = out.partition("\nStatements of CQL:\n")[2] \
        .partition("\nAlso:\n")
    assert "  SELECT " in statements and "  TYPES " not in statements, out
    assert "  TYPES " in others, out


def help_knows_other_names_and_longer_ones(shell, _folder):
    for words, text in (("DESC", "DESCRIBE KEYSPACES"), ("QUIT", "EXIT"),
                        ("CLS", "CLEAR"), ("DESC TABLE", "DESCRIBE TABLE"),
                        ("DROP TABLE", "DROP TABLE"), 
                        ("INSERT INTO", "VALUES"), ("TYPE", "tinyint")):
        status, out, errors = shell.run("-e", f"HELP {words}")
        expect((status, out, errors), status=0, errors="")
        assert text in out, (words, out)
    for words in ("CREATE INDEX", "SELEC", "SELECTED"):
        expect(shell.run("-e", f"HELP {words}"), status=2, out="",
               holds=["no help about " + words])


def help_shows_statements_that_work(shell, _folder):
    """What HELP says about a statement is what DESCRIBE, INSERT, … take."""
    script = SCHEMA + ROW + """
        SELECT k AS key, token(k), writetime(v), ttl(v) FROM ks.t
        WHERE k IN (1, 2) LIMIT 1;
        SELECT count(*) FROM t WHERE token(k) > 0 AND token(k) <= 5;
        INSERT INTO t (k) VALUES (2) IF NOT EXISTS USING TTL 100;
        INSERT INTO t (k) VALUES (2) USING TTL 100 AND TIMESTAMP 1;
        DELETE FROM t USING TIMESTAMP 1 WHERE k = 1;
        DELETE FROM t WHERE k = 1 IF EXISTS;
        CREATE TABLE IF NOT EXISTS u (a int, b int, PRIMARY KEY ((a, b)))
        WITH default_time_to_live = 5 AND comment = 'x';
        TRUNCATE TABLE u; TRUNCATE u; DROP TABLE IF EXISTS u;
        DESCRIBE KEYSPACES; DESCRIBE KEYSPACE ks; DESCRIBE TABLES;
        DESCRIBE TABLE t; DESCRIBE SCHEMA; DESCRIBE CLUSTER; DESCRIBE t;
        EXPLAIN SELECT * FROM t; EXPLAIN DELETE FROM t WHERE k = 1;
        DROP KEYSPACE IF EXISTS ks;"""
    expect(shell.run(script=script), status=0, errors="")



def commands_check_their_words(shell, _folder):
    for text in ("EXPAND maybe", "PAGING 0", "PAGING -1", "PAGING 1 2",
                 "PAGING 99999999999", "TIMING sometimes", "EXIT now",
                 "FORMAT a b", "FORMAT xyz", "CONSISTENCY MOST", "SERIAL",
                 "HELP 'x", "SOURCE a b c d e f", "HISTORY x"):
        result = shell.run("-e", text)
        expect(result, status=2, out="", holds=["-e:1:1: Error: "])


def settings_answer_when_asked(shell, _folder):
    expect(shell.run("-e", "EXPAND; PAGING; TIMING; FORMAT; EXPAND ON; "
                     "PAGING 5; FORMAT; PAGING; CONSISTENCY QUORUM; CAPTURE"),
           status=0, errors="",
           out="EXPAND is off\nPAGING is on, 100 rows a page\n"
           "TIMING is off\nFORMAT is table\nFORMAT is expanded\n"
           "PAGING is on, 5 rows a page\nCAPTURE is off\n")


def timing_goes_to_the_messages(shell, _folder):
    status, out, errors = shell.run(
        *CSV, script=SCHEMA + "TIMING ON; " + COUNT)
    same((status, out), (0, "count\n0\n"))
    assert errors.startswith("Time: ") and errors.endswith(" ms\n"), errors


def large_scripts_cost_no_more_than_their_size(shell, folder):
    small = os.path.join(folder, "small.cql")
    large = os.path.join(folder, "large.cql")
    for path, count in ((small, 2000), (large, 32000)):
        with open(path, "w", encoding="utf-8") as file:
            # All on one line, which is the hard case.
            file.write(SCHEMA.replace("\n", " ") + " ".join(
                f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 180}');"
                for k in range(count)) + " SELEC; " + COUNT)
    seconds = {}
    for path, count in ((small, 2000), (large, 32000)):
        start = time.monotonic()
        status, out, _ = shell.run(*CSV, "-f", path)
        seconds[count] = time.monotonic() - start
        same((status, out), (2, f"count\n{count}\n"))
    # Sixteen times as much: ten times beside that is for noise.
    assert seconds[32000] < 160 * max(seconds[2000], 0.02), seconds


def a_statement_may_come_in_many_pieces(shell, _folder):
    value = "it''s; -- " * 10000
    with subprocess.Popen([shell.program, *CSV], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        text = SCHEMA + f"INSERT INTO t (k, v) VALUES (1, '{value}'); " + \
            COUNT
        for at in range(0, len(text), 1000):
            process.stdin.write(text[at:at + 1000].encode())
            process.stdin.flush()
        out, errors = process.communicate(timeout=60)
    same((out, errors), (b"count\n1\n", b""))


def a_long_statement_that_comes_slowly_costs_little(shell, _folder):
    text = (SCHEMA + f"INSERT INTO t (k, v) VALUES (1, 0x{'ab' * (8 << 20)});"
            ).encode()
    seconds = []
    for size in (len(text), 32 << 10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        with subprocess.Popen([shell.program], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            for at in range(0, len(text), size):
                process.stdin.write(text[at:at + size])
                process.stdin.flush()
                time.sleep(0.002)
            process.communicate(timeout=120)
        seconds.append(
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    # Looking at all of it for each piece would cost hundreds of times.
    assert seconds[1] < 10 * seconds[0] + 0.5, seconds


def without_more_descriptors_it_is_full(shell, folder):
    path = os.path.join(folder, "a.db")
    few = ("prlimit", "--nofile=64")
    rows = "USE ks;" + "".join(
        f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 2000}');\n"
        for k in range(400))
    expect(shell.run("--segment-size", "4K", "--file-segments", "8", path,
                     script=SCHEMA), status=0, out="", errors="")
    status, out, errors = shell.run("--bail", path, script=rows, prefix=few)
    expect((status, out, errors), status=2, out="",
           holds=["Overloaded [1001]", "Too many open files",
                  "allow the process more open files"])
    for _ in range(2):
        expect(shell.run(path, "-e", "DELETE FROM ks.t WHERE k = 1",
                         prefix=few), status=0, out="", errors="")
    # The program takes as many as it may have.
    expect(shell.run(path, script=rows,
                     prefix=("prlimit", "--nofile=64:4096")),
           status=0, out="", errors="")
    same(shell.count(path), 400)


def a_lost_commit_is_never_a_success(shell, folder):
    """All statements are fine, and the write that makes them durable isn't:
    a limit on file sizes fails it where the log goes on."""
    path = os.path.join(folder, "a.db")
    limit = ("prlimit", "--fsize=4096")
    shell.make(path)
    script = "".join(f"INSERT INTO ks.t (k, v) VALUES ({k}, 'x');\n"
                     for k in range(100, 105))
    count = "SELECT count(*) FROM ks.t;"
    for extra in ("", count, "EXIT", count + count + "CAPTURE"):
        expect(shell.run(*CSV, path, script=script + extra, prefix=limit),
               status=2, out="", holds=["not saved", "File too large"])
    # Not when nobody would read what is printed, either.
    done = subprocess.run([*limit, shell.program, path], check=False,
                          input=(script + count).encode(), timeout=30,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    same(done.returncode, 2)
    same(shell.count(path), 20)


CASES = [
    statements_may_share_lines_and_cross_them,
    commands_end_with_their_line_or_semicolon,
    describe_ends_with_its_line_too,
    without_more_descriptors_it_is_full,
    a_lost_commit_is_never_a_success,
    commands_are_known_at_a_statements_start_only,
    exit_ends_everything,
    only_comments_are_nothing,
    what_does_not_end_is_an_error,
    statements_run_while_the_pipe_is_open,
    what_was_printed_survives_a_kill,
    what_ran_before_a_pause_survives_a_kill,
    a_signal_ends_it_cleanly,
    a_signal_while_it_opens_lets_nothing_run,
    an_interrupt_ends_a_running_statement,
    a_fifo_is_opened_once,
    bail_ends_scripts_within_scripts,
    source_finds_no_end_and_no_file,
    capture_appends_to_a_file,
    only_results_are_captured,
    a_screen_that_is_gone_ends_a_capture_quietly,
    a_full_capture_ends_and_is_told,
    safe_leaves_other_files_alone,
    the_keyspace_is_taken_as_it_is,
    nothing_runs_when_a_script_is_missing,
    usage_errors_say_what_to_do,
    usage_errors_cannot_drive_the_terminal,
    a_name_cannot_forge_a_message,
    help_knows_every_command,
    help_knows_other_names_and_longer_ones,
    help_shows_statements_that_work,
    commands_check_their_words,
    settings_answer_when_asked,
    timing_goes_to_the_messages,
    large_scripts_cost_no_more_than_their_size,
    a_statement_may_come_in_many_pieces,
    a_long_statement_that_comes_slowly_costs_little,
]

if __name__ == "__main__":
    # Whoever runs this may ignore it, and that is inherited.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    main(CASES)
