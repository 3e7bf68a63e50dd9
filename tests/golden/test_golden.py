#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Databases that earlier programs wrote must open for ever, and show what
they showed: test_golden.py SHELL"""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "reader"))

from comparison import (assert_same, name, normal,  # noqa: E402
                        reader_tables, shell_rows)
from log import EXPIRING, Log, read_manifest  # noqa: E402
from make import NOW  # noqa: E402
from reader import read_rows  # noqa: E402
from support import (Shell, assert_unchanged, expect,  # noqa: E402
                     run_cases, snapshot)
from values import dump  # noqa: E402


def golden(*parts):
    return os.path.join(HERE, "format-1", *parts)


def text_of(*parts):
    with open(golden(*parts), encoding="utf-8") as file:
        return file.read()


def expected_tables():
    tables = {}
    for line in text_of("rows.jsonl").split("\n")[:-1]:
        line = json.loads(line)
        tables.setdefault(name(line), []).append(normal(line["row"]))
    return tables


def copy_into(folder):
    path = os.path.join(folder, "db")
    shutil.copytree(golden("database"), path)
    return path


def assert_shows_its_rows(shell, path):
    for table, rows in expected_tables().items():
        found = shell_rows(shell, path, table)
        assert found == rows, f"{table} is {found}, not {rows}"


def it_holds_what_makes_reading_hard(_, __):
    manifest = read_manifest(golden("database"))
    log = Log(golden("database"))
    assert manifest.voids and manifest.watermark
    assert log.buffers[-1].sequence > log.watermark
    assert not all(buffer.ends_batch for buffer in log.buffers)
    assert len(log.names) > 1
    # Whatever this machine's clock says, what had a TTL is over.
    expiries = [record.seconds for record in log.records()
                if record.flags & EXPIRING]
    assert expiries and log.clock_us > max(expiries) * 10 ** 6


def the_reader_prints_exactly_its_rows(_, __):
    lines = [dump(line) + "\n" for line in read_rows(golden("database"), NOW)]
    assert "".join(lines) == text_of("rows.jsonl")


def the_program_shows_exactly_its_rows(shell, folder):
    path = copy_into(folder)
    assert_shows_its_rows(shell, path)
    assert_shows_its_rows(shell, path)


def reading_alone_shows_them_and_changes_nothing(shell, folder):
    path = copy_into(folder)
    before = snapshot(path)
    for table, rows in expected_tables().items():
        done = shell.run("--readonly", "--format", "json", "-e",
                         f"SELECT * FROM {table}", path)
        expect(done, status=0, errors="")
        assert [normal(json.loads(line))
                for line in done[1].split("\n") if line] == rows
    assert_unchanged(before, path)


def the_schema_is_what_it_was(shell, folder):
    path = copy_into(folder)
    expect(shell.run("-e", "DESCRIBE SCHEMA", path), status=0, errors="",
           out=text_of("schema.cql"))


def it_can_be_written_to(shell, folder):
    path = copy_into(folder)
    script = "USE geo; INSERT INTO types (k, j) VALUES (5, 'new');" \
        "DELETE FROM types WHERE k = 1; DROP TABLE cut;"
    expect(shell.run(path, script=script), status=0, errors="")
    found = assert_same(shell, path, now=NOW)
    expected = expected_tables()
    assert len(found['"geo"."types"']) == len(expected['"geo"."types"'])
    assert '"geo"."cut"' not in found
    assert found['"geo"."city"'] == expected['"geo"."city"'] == \
        reader_tables(path, NOW)['"geo"."city"']


CASES = (it_holds_what_makes_reading_hard, the_reader_prints_exactly_its_rows,
         the_program_shows_exactly_its_rows,
         reading_alone_shows_them_and_changes_nothing,
         the_schema_is_what_it_was, it_can_be_written_to)

if __name__ == "__main__":
    run_cases(CASES, Shell(sys.argv[1]))
