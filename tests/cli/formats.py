#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How results look: table, expanded, CSV, JSON, DESCRIBE.

    formats.py SHELL
"""

import csv
import io
import json

from harness import ROW, SCHEMA, expect, main, same

WIDE = SCHEMA + "CREATE TABLE u (k int PRIMARY KEY, " \
    "\"Na,me\" text, l list<text>, b blob);"


def rows(count):
    return "".join(f"INSERT INTO t (k, v) VALUES ({k}, 'v{k}');\n"
                   for k in range(count))


def output_of(shell, script, *options):
    status, out, errors = shell.run(*options, script=script)
    expect((status, out, errors), status=0, errors="")
    return out


def a_table_aligns_names_left_and_values_right(shell, _folder):
    script = SCHEMA + ROW + "SELECT k, v AS a_long_name FROM t;"
    same(output_of(shell, script),
         "\n k | a_long_name\n---+-------------\n 1 |         one\n"
         "\n(1 rows)\n")


def a_table_without_rows_still_has_its_header(shell, _folder):
    wanted = "\n k | v\n---+---\n\n\n(0 rows)\n"
    same(output_of(shell, SCHEMA + "SELECT * FROM t;"), wanted)
    same(output_of(shell, SCHEMA + "SELECT * FROM t;", "--format",
                   "expanded"), wanted)


def statements_without_rows_print_nothing(shell, _folder):
    same(output_of(shell, SCHEMA + ROW + "TRUNCATE t; DROP TABLE t;"), "")


def pages_of_a_script_have_one_header_and_their_own_widths(shell, _folder):
    out = output_of(shell, SCHEMA + rows(250) + "SELECT k FROM t;")
    lines = out.split("\n")
    same(lines[1:3], [" k", "-----"])
    same(out.count("-----"), 1)
    same(lines[-2], "(250 rows)")
    values = lines[3:253]
    same(sorted(int(v) for v in values), list(range(250)))
    for first in (0, 100, 200):
        page = values[first:first + 100]
        same(len({len(line) for line in page}), 1)
        same(len(page[0]), 1 + max(len(line.strip()) for line in page))


def paging_off_makes_one_page_and_a_number_others(shell, _folder):
    for command, sizes in (("PAGING OFF;", [250]), ("PAGING 7;", [7] * 35)):
        out = output_of(shell,
                        command + SCHEMA + rows(250) + "SELECT k FROM t;")
        values = out.split("\n")[3:253]
        at = 0
        for size in sizes:
            page = values[at:at + size]
            same(len(page[0]), 1 + max(len(v.strip()) for v in page))
            at += size


def expanded_rows_are_numbered_through_all_pages(shell, _folder):
    out = output_of(shell, "EXPAND ON;" + SCHEMA + rows(101) +
                    "SELECT k FROM t;")
    for number in (1, 100, 101):
        assert f"\n@ Row {number}\n---+-" in out, out
    assert out.endswith("\n\n\n(101 rows)\n"), out


def conditional_answers_have_no_count(shell, _folder):
    out = output_of(shell, SCHEMA + "INSERT INTO t (k, v) VALUES (1, 'a') "
                    "IF NOT EXISTS;")
    assert out.startswith("\n [applied]"), out
    assert out.rstrip().endswith("True"), out
    assert "rows)" not in out, out


def csv_is_rfc_4180(shell, _folder):
    script = WIDE + """
INSERT INTO u (k, "Na,me", l, b) VALUES (1, 'a,"b"\nc', ['x', 'y'], 0x00ff);
INSERT INTO u (k, "Na,me", l, b) VALUES (2, '', null, 0x);
INSERT INTO u (k, "Na,me") VALUES (3, 'null');
SELECT k, "Na,me", l, b FROM u WHERE k IN (1, 2, 3);"""
    out = output_of(shell, script, "--format", "csv")
    same(out, 'k,"Na,me",l,b\n'
         '1,"a,""b""\nc","[\'x\', \'y\']",0x00ff\n'
         '2,"",,0x\n3,null,,\n')
    read = list(csv.reader(io.StringIO(out)))
    same(read[1][1], 'a,"b"\nc')


def csv_has_a_header_even_without_rows(shell, _folder):
    same(output_of(shell, SCHEMA + "SELECT * FROM t;", "--format", "csv"),
         "k,v\n")


def json_has_an_object_for_each_line(shell, _folder):
    script = WIDE + """
INSERT INTO u (k, "Na,me", l, b) VALUES (1, '"q" \\ \nx', ['x'], 0x00ff);
INSERT INTO u (k) VALUES (2);
SELECT k, "Na,me", l, b, k AS "a""b" FROM u WHERE k IN (1, 2);"""
    out = output_of(shell, script, "--format", "json")
    lines = out.splitlines()
    same(lines[1],
         '{"k": 2, "Na,me": null, "l": null, "b": null, "a\\"b": 2}')
    same(json.loads(lines[0]), {"k": 1, "Na,me": '"q" \\ \nx', "l": ["x"],
                                "b": "0x00ff", 'a"b': 1})
    same(len(lines), 2)


def json_numbers_are_json(shell, _folder):
    script = SCHEMA + """
CREATE TABLE n (k int PRIMARY KEY, f float, d double, b boolean);
INSERT INTO n (k, f, d, b) VALUES (1, 0.1, 1e100, true);
SELECT * FROM n;"""
    out = output_of(shell, script, "--format", "json")
    same(json.loads(out), {"k": 1, "b": True, "d": 1e100, "f": 0.1})


def names_cannot_drive_the_terminal(shell, _folder):
    script = SCHEMA + ROW + \
        "SELECT k AS \"a\x1b[31m\nb\\c\" FROM t WHERE k = 1;"
    out = output_of(shell, script)
    same(out.split("\n")[1], " a\\x1b[31m\\nb\\\\c")


def describe_lists_names_and_prints_definitions(shell, _folder):
    out = output_of(shell, SCHEMA + "DESCRIBE TABLES;")
    same(out, "\nt\n\n")
    out = output_of(shell, "CREATE KEYSPACE ks; CREATE TABLE ks.b "
                    "(k int PRIMARY KEY); CREATE TABLE ks.a "
                    "(k int PRIMARY KEY); DESCRIBE TABLES;")
    assert "\nKeyspace ks\n-----------\na  b\n" in out, out
    out = output_of(shell, SCHEMA + "DESCRIBE TABLE t;")
    assert out.startswith("\nCREATE TABLE ks.t (\n"), out
    assert out.endswith(";\n\n"), out
    out = output_of(shell, SCHEMA + "DESCRIBE KEYSPACES;")
    assert "ks" in out.split(), out


def many_names_stand_in_columns(shell, _folder):
    names = [f"table_number_{i:02}" for i in range(20)]
    script = SCHEMA + "DROP TABLE t;" + "".join(
        f"CREATE TABLE {name} (k int PRIMARY KEY);" for name in names)
    out = output_of(shell, script + "DESCRIBE TABLES;")
    lines = out.strip().split("\n")
    assert all(len(line) <= 80 for line in lines), out
    same(lines[0].split(), names[::len(lines)])
    columns = [line.split() for line in lines]
    down = [row[i] for i in range(len(columns[0])) for row in columns
            if i < len(row)]
    same(down, names)


def describe_is_rows_for_programs(shell, _folder):
    out = output_of(shell, SCHEMA + "DESCRIBE TABLE t;", "--format", "json")
    row = json.loads(out)
    same((row["keyspace_name"], row["name"]), ("ks", "t"))
    assert row["create_statement"].startswith("CREATE TABLE ks.t"), row


def explain_is_a_table_that_keeps_its_indentation(shell, _folder):
    script = SCHEMA + "EXPLAIN SELECT * FROM t WHERE k = 1;"
    lines = output_of(shell, script).split("\n")
    same(lines[1], " plan")
    plan = [row["plan"] for row in csv.DictReader(
        io.StringIO(output_of(shell, script, "--format", "csv")))]
    same(lines[3:3 + len(plan)], [" " + line for line in plan])


CASES = [
    a_table_aligns_names_left_and_values_right,
    a_table_without_rows_still_has_its_header,
    statements_without_rows_print_nothing,
    pages_of_a_script_have_one_header_and_their_own_widths,
    paging_off_makes_one_page_and_a_number_others,
    expanded_rows_are_numbered_through_all_pages,
    conditional_answers_have_no_count,
    csv_is_rfc_4180,
    csv_has_a_header_even_without_rows,
    json_has_an_object_for_each_line,
    json_numbers_are_json,
    names_cannot_drive_the_terminal,
    describe_lists_names_and_prints_definitions,
    many_names_stand_in_columns,
    describe_is_rows_for_programs,
    explain_is_a_table_that_keeps_its_indentation,
]

if __name__ == "__main__":
    main(CASES)
