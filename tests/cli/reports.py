#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How errors are told: the place, the line, the caret, the hint.

    reports.py SHELL
"""

import os

from harness import SCHEMA, expect, main, same

BAD = "SELECT * FROM nope.t;"  # its fault is behind "FROM "


def errors_of(shell, script, *options, status=2):
    options = options or ["-f", "-"]
    result = shell.run("-e", "CREATE KEYSPACE ks", *options, script=script)
    expect(result, status=status)
    return result[2]


def caret_of(errors):
    """(line that is shown, column of the caret, its width)."""
    lines = errors.split("\n")
    at = next(i for i, line in enumerate(lines)
              if line.strip() and not line.strip().strip("^"))
    return lines[at - 1], lines[at].index("^"), lines[at].count("^")


def the_caret_stands_under_the_fault(shell, _folder):
    errors = errors_of(shell, "USE ks; " + BAD)
    assert errors.startswith("<stdin>:1:23: InvalidRequest [2200]: "), errors
    line, column, width = caret_of(errors)
    same(line, "  USE ks; " + BAD)
    same(line[column:column + width], "nope")


def tabs_and_wide_letters_move_the_caret(shell, _folder):
    errors = errors_of(shell, "\t/* 漢字 */\t" + BAD)
    assert errors.startswith("<stdin>:1:25: "), errors
    line, column, _ = caret_of(errors)
    # Eight, up to the next tab stop: two letters of two cells each.
    same(line, "  " + " " * 8 + "/* 漢字 */".ljust(14) + BAD)
    same(column, 2 + 8 + 16 + BAD.index("nope"))


def lines_are_counted_through_statements_and_comments(shell, folder):
    path = os.path.join(folder, "a.cql")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("\ufeff-- first\r\nUSE ks; /* two\r\nlines; */\r\n"
                   "USE\r\nks;\r\n  " + BAD + "\r\n" + BAD)
    errors = errors_of(shell, "", "-f", path)
    assert f"{path}:6:17: " in errors, errors
    assert f"\n{path}:7:15: " in errors, errors
    assert "\r" not in errors and "\\r" not in errors, errors


def the_line_of_an_earlier_statement_is_shown_whole(shell, _folder):
    errors = errors_of(shell, "USE ks;\nUSE ks; " + BAD + " USE x")
    line, _, _ = caret_of(errors)
    same(line, "  USE ks; " + BAD + " USE x")


def long_lines_are_cut_around_the_fault(shell, _folder):
    script = "/* " + "x" * 5000 + " */ " + BAD + " -- " + "y" * 5000
    errors = errors_of(shell, script)
    line, column, width = caret_of(errors)
    same(line[column:column + width], "nope")
    assert len(line) < 120, line
    assert line.startswith("  ...") and line.endswith("..."), line


def faults_of_running_have_a_place_too(shell, _folder):
    errors = errors_of(shell, SCHEMA.replace("ks", "other") + "\n "
                       "INSERT INTO t (k) VALUES (1) USING TTL -1;")
    assert errors.startswith("<stdin>:4:"), errors


def each_source_of_text_has_its_name(shell, folder):
    with open(os.path.join(folder, "b.cql"), "w", encoding="utf-8") as file:
        file.write(BAD)
    result = shell.run("-e", "\n" + BAD, "-f", "b.cql", "-e",
                       "SOURCE 'b.cql'", "-f", "-", script=BAD, cwd=folder)
    expect(result, status=2, out="")
    places = [line.split(" ")[0] for line in result[2].split("\n")
              if ": InvalidRequest" in line]
    same(places, ["-e:2:15:", "b.cql:1:15:", "b.cql:1:15:",
                  "<stdin>:1:15:"])


def a_nul_inside_a_string_is_text(shell, _folder):
    script = SCHEMA.replace("ks", "other") + \
        "INSERT INTO t (k, v) VALUES (1, 'a\0b'); SELECT v FROM t;"
    for form, value in (("table", "a\\x00b\n"), ("expanded", " a\\x00b\n"),
                        ("json", '{"v": "a\\u0000b"}\n'),
                        ("csv", "v\na\0b\n")):
        result = shell.run("--format", form, script=script)
        expect(result, status=0, errors="")
        assert value in result[1], ascii(result[1])
        assert form == "csv" or "\0" not in result[1], ascii(result[1])


def a_nul_is_named(shell, _folder):
    errors = errors_of(shell, "USE ks;\nUSE k\0s; " + BAD)
    assert errors.startswith("<stdin>:2:6: SyntaxException [2000]: "), errors
    assert "\0" not in errors and "UTF-16" in errors, errors
    # The next statement ran.
    assert "<stdin>:2:24: " in errors, errors


def a_place_is_told_once(shell, _folder):
    errors = errors_of(shell, "USE ks;\nDELETE *;")
    assert errors.startswith("<stdin>:2:8: SyntaxException [2000]: no viab"), \
        errors
    errors = errors_of(shell, "SELECT k FROM ks.t WHERE k = ;")
    missing = "<stdin>:1:29: SyntaxException [2000]: Missing"
    assert errors.startswith(missing), errors
    assert "line " not in errors and "]: :" not in errors, errors


def utf_16_is_recognised(shell, folder):
    path = os.path.join(folder, "w.cql")
    with open(path, "w", encoding="utf-16") as file:
        file.write(BAD)
    errors = errors_of(shell, "", "-f", path)
    same(errors, f"logstor: cannot read {path}: it is UTF-16; save it as "
         "UTF-8\n")


def bytes_that_are_no_utf_8_are_an_error(shell, folder):
    path = os.path.join(folder, "l.cql")
    with open(path, "wb") as file:
        file.write(SCHEMA.replace("ks", "other").encode() +
                   b"INSERT INTO t (k, v) VALUES (1, 'caf\xe9');\n")
    errors = errors_of(shell, "", "-f", path)
    assert f"{path}:3:" in errors, errors


def texts_of_errors_cannot_drive_the_terminal(shell, _folder):
    errors = errors_of(shell, 'USE "a\x1b[31m\x9b\u202eb";')
    for text in ("\x1b", "\x9b", "\u202e"):
        assert text not in errors, ascii(errors)
    assert "\\x1b[31m" in errors, errors


def what_is_not_there_yet_says_so(shell, _folder):
    for text in ("COPY t TO 'f'", "TRACING ON", "DUMP", "SHOW HOST",
                 "FORMAT markdown"):
        result = shell.run("-e", text + ";")
        expect(result, status=2, out="", holds=["not supported yet"],
               lacks=["Syntax"])


def markers_have_no_values_here(shell, _folder):
    script = SCHEMA + "INSERT INTO t (k, v) VALUES (1, :word);"
    expect(shell.run(script=script + "SELECT count(*) FROM t WHERE k = 1;"),
           status=2, holds=["InvalidRequest [2200]: Invalid amount of bind"])
    status, out, errors = shell.run(
        "--format", "csv", script=script + "SELECT count(*) FROM t;")
    expect((status, "", errors), status=2, holds=["hint: the shell has no"])
    same(out, "count\n0\n")


def messages_and_results_keep_their_order(shell, _folder):
    script = SCHEMA + "SELECT k FROM t; FOO; SELECT v FROM t;"
    status, out, errors = shell.run(
        script=script, prefix=["sh", "-c", 'exec "$@" 2>&1', "sh"])
    expect((status, out, errors), status=2, errors="")
    same([out.index(" k\n") < out.index("Syntax") < out.index(" v\n")],
         [True])


CASES = [
    the_caret_stands_under_the_fault,
    tabs_and_wide_letters_move_the_caret,
    lines_are_counted_through_statements_and_comments,
    the_line_of_an_earlier_statement_is_shown_whole,
    long_lines_are_cut_around_the_fault,
    faults_of_running_have_a_place_too,
    each_source_of_text_has_its_name,
    a_nul_inside_a_string_is_text,
    a_nul_is_named,
    a_place_is_told_once,
    utf_16_is_recognised,
    bytes_that_are_no_utf_8_are_an_error,
    texts_of_errors_cannot_drive_the_terminal,
    what_is_not_there_yet_says_so,
    markers_have_no_values_here,
    messages_and_results_keep_their_order,
]

if __name__ == "__main__":
    main(CASES)
