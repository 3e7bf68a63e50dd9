#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a golden database: make.py SHELL RUN_SCRIPT DIRECTORY

It is for a new version of the format.  A directory that is committed is never
made again, since its worth is that an older program wrote it."""

import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "reader"))

from comparison import run_steps  # noqa: E402
from log import USER, Log, read_manifest  # noqa: E402
from reader import read_rows  # noqa: E402
from support import Shell, expect  # noqa: E402
from values import dump  # noqa: E402

# Behind the expiry of everything in it, so that every clock agrees.
NOW = 4000000000
GEOMETRY = {"segment": 8192, "segments": 16, "checkpoint": 1,
            "size_max": 48 * 8192}

FIRST = ["""
CREATE KEYSPACE geo WITH replication = {'class': 'SimpleStrategy',
    'replication_factor': 1};
CREATE KEYSPACE "Other";
USE geo;
CREATE TABLE city (country text, name text, people int, area double,
    founded date, PRIMARY KEY ((country, name)))
    WITH comment = 'it''s small';
CREATE TABLE types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean,
    e date, f double, g float, h inet, i smallint, j text, l time,
    m timestamp, n timeuuid, o tinyint, p uuid, q list<int>, r set<text>,
    s map<text, int>, t tuple<int, text>, u frozen<list<inet>>,
    v map<int, frozen<set<date>>>);
CREATE TABLE brief (k int PRIMARY KEY, v int) WITH default_time_to_live = 1;
CREATE TABLE cut (k int PRIMARY KEY, v text);
CREATE TABLE gone (k int PRIMARY KEY, v text);
CREATE TABLE "Other"."MixedNames" ("K" uuid PRIMARY KEY);
""", """
USE geo;
INSERT INTO types (k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t,
    u, v) VALUES (1, 'a"b', -5, 0x00ff, true, '2020-02-03', 0.1, 3.14159,
    '::1', -3, 'h\u00e9llo \U0001f600', '12:34:56.789',
    '2020-02-03 04:05:06.789+0000', 50554d6e-29bb-11e5-b345-feff819cdc9f, -1,
    50554d6e-29bb-41e5-b345-feff819cdc9f, [3, 1], {'x', 'a'},
    {'b': 1, 'a': 2}, (1, null), ['1.2.3.4', '::2'],
    {2: {'2020-01-01', '1960-01-01'}, 1: {}});
INSERT INTO types (k, f, g, m, e, h) VALUES (2, NaN, -Infinity,
    99999999999999999, '-5877641-06-23', '255.255.255.255');
INSERT INTO types (k, c, j) VALUES (3, 0x, '');
INSERT INTO types (k) VALUES (4);
INSERT INTO "Other"."MixedNames" ("K") VALUES
    (50554d6e-29bb-41e5-b345-feff819cdc9f);
INSERT INTO brief (k, v) VALUES (1, 1);
INSERT INTO brief (k, v) VALUES (2, 1) USING TTL 0;
INSERT INTO cut (k, v) VALUES (1, 'before it was truncated');
INSERT INTO gone (k, v) VALUES (1, 'dropped with its table');
""", "TRUNCATE geo.cut; INSERT INTO geo.cut (k, v) VALUES (2, 'behind it');",
         "DROP TABLE geo.gone;",
         # Larger than a segment, and one that is gone again.
         f"INSERT INTO geo.types (k, j) VALUES (6, '{'run' * 9000}');",
         f"INSERT INTO geo.types (k, j) VALUES (7, '{'gone' * 5000}');",
         "DELETE FROM geo.types WHERE k = 7;"]


def cities(first, count, note):
    for number in range(first, first + count):
        name = f"{note} {number}"
        yield "INSERT INTO geo.city (country, name, people, area) VALUES " \
            f"('{'ABC'[number % 3]}', '{name}', {number * 1000}, " \
            f"{number / 8});" \
            f"INSERT INTO geo.city (country, name, people) VALUES " \
            f"('tie', '{number % 4}', {number}) USING TIMESTAMP 1000;"


WIDE = "w" * 700


def batches(count):
    """Batches that go through several buffers."""
    for number in range(count):
        keys = ", ".join(f"('{WIDE}{number}{i}')" for i in range(14))
        yield "INSERT INTO geo.city (country, name) VALUES " \
            f"('{WIDE}{number}0', 'deleted');"
        yield "DELETE FROM geo.city WHERE country IN " \
            f"({keys.replace('(', '').replace(')', '')}) AND " \
            "name = 'deleted';"


def churn(count, note):
    """Overwrites, so that places are used again, and deletions in between."""
    for number in range(count):
        key = number % 17
        yield "INSERT INTO geo.city (country, name, people) VALUES " \
            f"('churn', '{key}', {number});" \
            f"INSERT INTO geo.types (k, j) VALUES ({100 + key}, " \
            f"'{note} {number} {'x' * (number * 97 % 2000)}');"
        if number % 5 == 0:
            yield f"DELETE FROM geo.types WHERE k = {100 + (key + 3) % 17};"


def lose(path, from_end):
    """Takes a buffer above the watermark away, as a crash can."""
    log = Log(path)
    buffer = [buffer for buffer in log.buffers
              if buffer.stream == USER][-from_end]
    assert buffer.sequence > log.watermark, "it was acknowledged"
    with open(os.path.join(path, buffer.name), "r+b") as file:
        file.seek(buffer.at)
        file.write(bytes(len(buffer.data)))


def main():
    shell, program, target = Shell(sys.argv[1]), sys.argv[2], sys.argv[3]
    path = os.path.join(target, "database")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(target, exist_ok=True)
    run_steps(program, path, FIRST + list(cities(0, 6, "first")), **GEOMETRY)
    # So that the log's own clock is behind the expiry of what has a TTL.
    time.sleep(2.5)
    # Reuse, checkpoints, what they drop, and records that move.
    run_steps(program, path, [*churn(150, "reuse"), "COMPACT;",
                              *churn(600, "again"), "COMPACT;"], **GEOMETRY)
    assert read_manifest(path).is_forgotten
    # A crash: one write was lost, those behind it never happened.
    run_steps(program, path, [*cities(10, 3, "second"), *batches(1),
                              *cities(20, 3, "never")], "leave", **GEOMETRY)
    lose(path, 3)
    run_steps(program, path, [*cities(30, 3, "third"), *churn(20, "third")],
              **GEOMETRY)
    # And another one, that no program has seen yet, with a log behind the
    # last checkpoint.
    run_steps(program, path, [*churn(10, "fourth"), *batches(1), "COMPACT;",
                              *cities(40, 3, "fourth"),
                              *cities(50, 3, "never")], "leave",
              **{**GEOMETRY, "checkpoint": 1 << 30})
    lose(path, 3)
    for extra in ("lock", "manifest.tmp"):
        os.remove(os.path.join(path, extra))
    with open(os.path.join(target, "rows.jsonl"), "w",
              encoding="utf-8") as file:
        for line in read_rows(path, NOW):
            file.write(dump(line) + "\n")
    result = shell.run("--readonly", "-e", "DESCRIBE SCHEMA", path)
    expect(result, status=0, errors="")
    with open(os.path.join(target, "schema.cql"), "w",
              encoding="utf-8") as file:
        file.write(result[1])


if __name__ == "__main__":
    main()
