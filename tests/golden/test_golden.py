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
from log import (EXPIRING, MOVING, USER, Log,  # noqa: E402
                 read_manifest)
from make import NOW  # noqa: E402
from reader import read_rows  # noqa: E402
from support import (Shell, assert_unchanged, expect,  # noqa: E402
                     run_cases, snapshot)
from values import dump  # noqa: E402


class Golden:
    """What one version of the format left behind."""

    def __init__(self, version):
        self.version = version
        self.folder = os.path.join(HERE, f"format-{version}")
        self.database = os.path.join(self.folder, "database")

    def text_of(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def expected_tables(self):
        tables = {}
        for line in self.text_of("rows.jsonl").split("\n")[:-1]:
            line = json.loads(line)
            tables.setdefault(name(line), []).append(normal(line["row"]))
        return tables

    def copy_into(self, folder):
        path = os.path.join(folder, "db")
        shutil.copytree(self.database, path)
        return path

    def assert_shows_its_rows(self, shell, path):
        for table, rows in self.expected_tables().items():
            found = shell_rows(shell, path, table)
            assert found == rows, f"{table} is {found}, not {rows}"


def it_holds_what_makes_reading_hard(golden, _, __):
    manifest = read_manifest(golden.database)
    log = Log(golden.database)
    assert manifest.version == golden.version
    assert manifest.voids[USER] and manifest.watermark
    user = [buffer for buffer in log.buffers if buffer.stream == USER]
    assert user[-1].sequence > log.watermark
    assert not all(buffer.ends_batch for buffer in user)
    assert len(log.names) > 1
    # Whatever this machine's clock says, what had a TTL is over.
    assert log.clock_us > 10 ** 6 * max(
        [record.seconds for record in log.records()
         if record.flags & EXPIRING], default=0)


def it_holds_what_version_3_brought(golden, _, __):
    log = Log(golden.database)
    assert any(life.moving for life in log.freed_lives())


def it_holds_what_version_2_brought(golden, _, __):
    manifest = read_manifest(golden.database)
    log = Log(golden.database)
    assert manifest.is_forgotten and manifest.checkpoints[1][0]
    assert manifest.horizon[USER] and manifest.horizon[MOVING]
    assert any(buffer.stream == MOVING for buffer in log.buffers)
    places = log.checkpoint.places
    assert max(place.life for place in places) > 1
    assert any(place.is_free for place in places)
    assert log.checkpoint.freed
    size = manifest.segment_size
    assert any(entry.size > size for entry in log.checkpoint.entries)
    # COMPACT leaves none in the newest checkpoint any more.
    assert golden.version > 2 or \
        any(entry.is_tombstone for entry in log.checkpoint.entries)


def the_reader_prints_exactly_its_rows(golden, _, __):
    lines = [dump(line) + "\n" for line in read_rows(golden.database, NOW)]
    assert "".join(lines) == golden.text_of("rows.jsonl")


def the_program_shows_exactly_its_rows(golden, shell, folder):
    path = golden.copy_into(folder)
    golden.assert_shows_its_rows(shell, path)
    golden.assert_shows_its_rows(shell, path)


def reading_alone_shows_them_and_changes_nothing(golden, shell, folder):
    path = golden.copy_into(folder)
    before = snapshot(path)
    for table, rows in golden.expected_tables().items():
        done = shell.run("--readonly", "--format", "json", "-e",
                         f"SELECT * FROM {table}", path)
        expect(done, status=0, errors="")
        assert [normal(json.loads(line))
                for line in done[1].split("\n") if line] == rows
    assert_unchanged(before, path)


def check_finds_no_fault(golden, shell, folder):
    path = golden.copy_into(folder)
    for _ in range(2):
        expect(shell.run("--format", "json", "-e", "CHECK", path), status=0,
               out="", errors="")


def the_schema_is_what_it_was(golden, shell, folder):
    path = golden.copy_into(folder)
    expect(shell.run("-e", "DESCRIBE SCHEMA", path), status=0, errors="",
           out=golden.text_of("schema.cql"))


def it_can_be_written_to(golden, shell, folder):
    path = golden.copy_into(folder)
    script = "USE geo; INSERT INTO types (k, j) VALUES (5, 'new');" \
        "DELETE FROM types WHERE k = 1; DROP TABLE cut;"
    expect(shell.run(path, script=script), status=0, errors="")
    found = assert_same(shell, path, now=NOW)
    expected = golden.expected_tables()
    assert len(found['"geo"."types"']) == len(expected['"geo"."types"'])
    assert '"geo"."cut"' not in found
    assert found['"geo"."city"'] == expected['"geo"."city"'] == \
        reader_tables(path, NOW)['"geo"."city"']


def of_version(version, case):
    def run(shell, folder):
        case(Golden(version), shell, folder)
    run.__name__ = f"format {version}: {case.__name__}"
    return run


ALL = (it_holds_what_makes_reading_hard, the_reader_prints_exactly_its_rows,
       the_program_shows_exactly_its_rows,
       reading_alone_shows_them_and_changes_nothing, check_finds_no_fault,
       the_schema_is_what_it_was, it_can_be_written_to)
CASES = [of_version(version, case) for version in (1, 2, 3) for case in ALL] + \
    [of_version(version, it_holds_what_version_2_brought)
     for version in (2, 3)] + \
    [of_version(3, it_holds_what_version_3_brought)]

if __name__ == "__main__":
    run_cases(CASES, Shell(sys.argv[1]))
