#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program and a reader that knows only docs/format.md must see the same
in a database directory: rows, their order, and damage.

    test_reader.py SHELL RUN_SCRIPT HASH_LINES"""

import os
import random
import shutil
import subprocess
import sys
import time

from collision import key_of
from comparison import (assert_same, normal, reader_complaint, reader_tables,
                        run_steps, shell_complaint, shell_rows)
from log import ENDS_BATCH, Log
from reader import read_rows
from support import Shell, expect, run_cases
from xxh3 import xxh3_64


class Tools:
    def __init__(self, shell, run_script, hash_lines):
        self.shell = Shell(shell)
        self.run_script = run_script
        self.hash_lines = hash_lines


def run(tools, path, script):
    expect(tools.shell.run(path, script=script), status=0, errors="")


# ---- the parts ----

def the_hash_is_libxxhashs(tools, _):
    data = bytes(((i * 2654435761) & 0xFFFFFFFF) >> 24 for i in range(4200))
    lines = subprocess.run([tools.hash_lines], capture_output=True,
                           check=True).stdout.decode().splitlines()
    assert len(lines) > 1000
    for line in lines:
        size, seed, value = map(int, line.split())
        assert xxh3_64(data[:size], seed) == value, line


def tokens_and_timestamps_are_the_programs(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(1)
    script = "CREATE KEYSPACE ks; USE ks;" \
        "CREATE TABLE t (k blob PRIMARY KEY, v int);"
    for size in range(1, 50):
        key = dice.randbytes(size).hex()
        script += f"INSERT INTO t (k, v) VALUES (0x{key}, {size}) " \
            f"USING TIMESTAMP {dice.randrange(-2 ** 62, 2 ** 50)};"
    run(tools, path, script)
    _, out, _ = tools.shell.run(
        "--format", "csv", "-e",
        "SELECT k, token(k), writetime(v) FROM ks.t", path)
    ours = [f"{line['row']['k']},{line['token']},{line['timestamp']}"
            for line in read_rows(path)]
    assert out.split()[1:] == ours, "they differ"


def rows_of_one_token_come_in_the_order_of_their_keys(tools, folder):
    path = os.path.join(folder, "db")
    halves = (0, 42, 2 ** 64 - 1, 2 ** 63 - 1, 2 ** 63, 2 ** 63 + 1)
    script = "CREATE KEYSPACE ks; USE ks;" \
        "CREATE TABLE t (k blob PRIMARY KEY, v int);"
    for half in halves:
        for other in range(9):
            script += "INSERT INTO t (k, v) VALUES " \
                f"(0x{key_of(half, other).hex()}, {other});"
    run(tools, path, script)
    rows = assert_same(tools.shell, path)['"ks"."t"']
    assert len(rows) == 54
    tokens = {line["token"] for line in read_rows(path)}
    assert tokens == {0, 42, -1, 2 ** 63 - 1, 1 - 2 ** 63}


# ---- types ----

EVERY_TYPE = """
CREATE KEYSPACE types; USE types;
CREATE TABLE native (k int PRIMARY KEY, a ascii, b bigint, c blob,
    d boolean, e date, f double, g float, h inet, i smallint, j text, l time,
    m timestamp, n timeuuid, o tinyint, p uuid, q varchar);
INSERT INTO native (k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q) VALUES
    (1, 'a"\\b', -9223372036854775808, 0x00ff, true, '2020-02-29', 0.1, 0.1,
     '::1', -32768, 'h\u00e9llo \u6f22 \U0001f600', '23:59:59.999999999',
     '9999-12-31 23:59:59.999+0000', 50554d6e-29bb-11e5-b345-feff819cdc9f,
     -128, ffffffff-ffff-ffff-ffff-ffffffffffff, 'it''s');
INSERT INTO native (k, b, c, d, e, f, g, h, i, j, l, m, o) VALUES
    (2, 9223372036854775807, 0x, false, '-5877641-06-23', NaN, Infinity,
     '255.255.255.255', 32767, '', '00:00:00', '0001-01-01 00:00:00+0000',
     127);
INSERT INTO native (k, e, f, g, h, m) VALUES
    (-1, '5881580-07-11', 1e300, 3.4028235e38, '::ffff:1.2.3.4',
     99999999999999999);
INSERT INTO native (k, e, f, g, h, m) VALUES
    (3, '0001-01-01', -0.0, 1.17549435e-38, '2001:db8::8:800:200c:417a', -1);
INSERT INTO native (k, e, f, g, h) VALUES
    (4, '-0001-12-31', 5e-324, 1.4e-45, '2001:db8:0:0:1:0:0:1');
INSERT INTO native (k, f, g, h) VALUES (5, 1e16, 16777216, '1:0:2:3:4:5:6:7');
INSERT INTO native (k, f, g) VALUES (6, 123456789012345680, 123456.789);
INSERT INTO native (k, f, g) VALUES (7, 0.0001, 1e-4);
INSERT INTO native (k, f, g) VALUES (8, 0.00001, 1e-5);
INSERT INTO native (k) VALUES (9);
INSERT INTO native (k, j) VALUES (10, 'lines
and	tabs and \x01\x1f\x7f\u2028');

CREATE TABLE nested (k text PRIMARY KEY, l list<int>, s set<text>,
    m map<text, double>, n map<int, frozen<map<uuid, frozen<set<date>>>>>,
    t tuple<int, text, frozen<list<float>>>, fl frozen<list<smallint>>,
    b set<boolean>, mf map<float, inet>, mt map<frozen<tuple<int, text>>,
    blob>, md map<date, time>, ml map<frozen<list<text>>, int>);
INSERT INTO nested (k, l, s, m, n, t, fl, b, mf, mt, md, ml) VALUES ('full',
    [3, 1, 2, 1], {'b', 'a', ''}, {'y': 1.5, 'x': NaN},
    {2: {50554d6e-29bb-41e5-b345-feff819cdc9f: {'2020-01-01', '1960-01-01'}},
     -1: {}}, (1, null, [0.5, 0.1]), [-1, 1], {true, false},
    {0.1: '::', -1e10: '1.2.3.4'}, {(1, 'x'): 0x01, (2, null): 0x},
    {'2020-02-03': '01:02:03'}, {['a"', 'b']: 1, []: 2});
INSERT INTO nested (k, l, s, m, fl) VALUES ('empty', [], {}, {}, []);
INSERT INTO nested (k, t) VALUES ('short', (7));
INSERT INTO nested (k) VALUES ('null');
CREATE TABLE "Key_only" ("K" inet PRIMARY KEY);
INSERT INTO "Key_only" ("K") VALUES ('::1');
INSERT INTO "Key_only" ("K") VALUES ('0.0.0.1');
INSERT INTO "Key_only" ("K") VALUES ('::1.2.3.4');
INSERT INTO "Key_only" ("K") VALUES ('::1:2');
INSERT INTO "Key_only" ("K") VALUES ('fe80::1:0');
CREATE TABLE nothing (k int PRIMARY KEY, v int);
"""
KEY_TYPES = {
    "ascii": ("'a'", "'~'"), "bigint": ("-1", "1"), "blob": ("0x00", "0xff"),
    "boolean": ("true", "false"), "date": ("'2020-01-01'", "'1960-01-01'"),
    "double": ("1.5", "-0.0", "NaN"), "float": ("0.1", "Infinity"),
    "inet": ("'::'", "'1.1.1.1'"), "smallint": ("-3", "3"),
    "text": ("'\u00e9'", "'x'"), "time": ("'00:00:01'", "'01:00:00'"),
    "timestamp": ("0", "'2020-01-01'"), "tinyint": ("1", "-1"),
    "timeuuid": ("50554d6e-29bb-11e5-b345-feff819cdc9f",),
    "uuid": ("50554d6e-29bb-41e5-b345-feff819cdc9f",),
    "frozen<list<int>>": ("[1, 2]", "[]"),
    "frozen<map<int, text>>": ("{1: 'x', 0: 'y'}",),
    "frozen<tuple<int, text>>": ("(1, 'a')", "(2, null)")}


def values_of_all_types_are_the_same(tools, folder):
    path = os.path.join(folder, "db")
    script = EVERY_TYPE
    tables = ['"types"."native"', '"types"."nested"', '"types"."Key_only"',
              '"types"."nothing"']
    for number, (type_, values) in enumerate(KEY_TYPES.items()):
        script += f"CREATE TABLE k{number} (k {type_} PRIMARY KEY, v int);"
        tables.append(f'"types"."k{number}"')
        for value in values:
            script += f"INSERT INTO k{number} (k, v) VALUES ({value}, 1);"
    run(tools, path, script)
    found = assert_same(tools.shell, path, tables)
    assert len(found['"types"."native"']) == 11
    assert len(found['"types"."nested"']) == 4


def composite_keys_are_the_same(tools, folder):
    path = os.path.join(folder, "db")
    script = "CREATE KEYSPACE ks; USE ks;" \
        "CREATE TABLE two (a text, b int, z int, c text, " \
        "PRIMARY KEY ((b, a)));" \
        "CREATE TABLE three (x uuid, y blob, w tinyint, " \
        "PRIMARY KEY ((w, y, x)));"
    for number in range(200):
        script += "INSERT INTO two (a, b, c, z) VALUES " \
            f"('{'k' * (number % 7)}', {number}, 'v{number}', {-number});" \
            "INSERT INTO three (x, y, w) VALUES " \
            f"({number:08x}-0000-4000-8000-000000000000, " \
            f"0x{number:02x}{'00' * (number % 5)}, {number % 128});"
    run(tools, path, script)
    found = assert_same(tools.shell, path,
                        ['"ks"."two"', '"ks"."three"'])
    assert [len(rows) for rows in found.values()] == [200, 200]


# ---- versions, tombstones, tables, several openings ----

def random_writes(dice, table, count):
    script = ""
    for _ in range(count):
        key = dice.randrange(80)
        # Few timestamps, so that equal ones meet.
        using = dice.choice(("", "", f" USING TIMESTAMP {dice.randrange(9)}"))
        if dice.random() < 0.3:
            script += f"DELETE FROM {table}{using} WHERE k = {key};"
        else:
            text = "x" * dice.choice((0, 5, 500, 3000))
            script += f"INSERT INTO {table} (k, v, t) VALUES " \
                f"({key}, {dice.randrange(10 ** 6)}, '{text}'){using};"
    return script


def overwritten_deleted_and_dropped_rows_are_gone_for_both(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(2)
    create = "CREATE TABLE {} (k int PRIMARY KEY, v int, t text);"
    script = "CREATE KEYSPACE ks; CREATE KEYSPACE other; USE ks;"
    for table in ("kept", "truncated", "dropped", "again"):
        script += create.format(table)
    script += create.format("other.t") + "INSERT INTO other.t (k) VALUES (1);"
    run(tools, path, script)
    for opening in range(4):
        script = "USE ks;"
        for table in ("kept", "truncated", "again") + \
                ("dropped",) * (opening < 2):
            script += random_writes(dice, table, 60)
        if opening == 1:
            script += "TRUNCATE truncated; DROP TABLE dropped;" \
                "DROP TABLE again;" + create.format("again") + \
                "INSERT INTO again (k, v) VALUES (1000, 1);"
        if opening == 2:
            script += "TRUNCATE truncated; DROP KEYSPACE other;"
        run(tools, path, script)
    found = assert_same(tools.shell, path,
                        [f'"ks"."{table}"'
                         for table in ("again", "kept", "truncated")])
    assert all(len(rows) > 10 for rows in found.values())


def expired_rows_are_gone_for_both(tools, folder):
    path = os.path.join(folder, "db")
    run(tools, path, """
        CREATE KEYSPACE ks; USE ks;
        CREATE TABLE t (k int PRIMARY KEY, v int);
        CREATE TABLE d (k int PRIMARY KEY) WITH default_time_to_live = 1;
        INSERT INTO t (k, v) VALUES (1, 1) USING TTL 1;
        INSERT INTO t (k, v) VALUES (2, 1) USING TTL 100000;
        INSERT INTO t (k, v) VALUES (3, 1);
        INSERT INTO t (k, v) VALUES (4, 1);
        INSERT INTO t (k, v) VALUES (4, 2) USING TTL 1;
        INSERT INTO d (k) VALUES (1);
        INSERT INTO d (k) VALUES (2) USING TTL 0;""")
    begun = int(time.time())
    time.sleep(2.1)
    found = assert_same(tools.shell, path, ['"ks"."d"', '"ks"."t"'])
    assert [len(rows) for rows in found.values()] == [1, 2], found
    # The program has only one clock; of the reader's, any.
    assert len(list(read_rows(path, begun - 100))) == 6
    assert len(list(read_rows(path, begun + 200000))) == 2


# ---- unclean ends ----

WIDE = "w" * 900


def steps(dice, count):
    """Writes, some of them batches that go through several buffers."""
    yield "CREATE KEYSPACE ks; USE ks;" \
        "CREATE TABLE t (k text PRIMARY KEY, v text);"
    for number in range(count):
        keys = [f"'{WIDE}{dice.randrange(40)}'" for _ in range(12)]
        if number % 4 == 3:
            yield f"DELETE FROM ks.t WHERE k IN ({', '.join(keys)});"
        else:
            yield "".join(
                f"INSERT INTO ks.t (k, v) VALUES ({key}, "
                f"'{number} {'v' * dice.randrange(900)}');"
                for key in keys[:dice.randrange(1, 7)])


def without_one_buffer(tools, path, buffer, folder):
    """Both must reject the same when ${buffer} never arrived; and stay at it
    when it turns up again after the program has opened the rest."""
    copy = os.path.join(folder, "copy")
    shutil.copytree(path, copy)
    name = os.path.join(copy, buffer.name)
    with open(name, "r+b") as file:
        file.seek(buffer.at)
        file.write(bytes(len(buffer.data)))
    before = assert_same(tools.shell, copy)
    with open(name, "r+b") as file:
        file.seek(buffer.at)
        file.write(buffer.data)
    assert assert_same(tools.shell, copy) == before
    shutil.rmtree(copy)
    return before


def a_torn_log_ends_at_the_same_place(tools, folder):
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(3), 24), "leave")
    log = Log(path)
    assert len(log.names) > 1, "the log should go through several files"
    above = [buffer for buffer in log.buffers
             if buffer.sequence > log.watermark]
    assert len(above) > 10, "watermarks should lag"
    assert not all(buffer.ends_batch for buffer in above), \
        "some batch should go through several buffers"
    seen = [normal(without_one_buffer(tools, path, buffer, folder))
            for buffer in above[2::3]]
    assert len(set(seen)) > 4, "the ends should differ"
    # Whole again, and once more after the program has taken it all.
    whole = assert_same(tools.shell, path)
    assert assert_same(tools.shell, path) == whole
    run(tools, path, "INSERT INTO ks.t (k, v) VALUES ('new', 'new');")
    rows = assert_same(tools.shell, path)['"ks"."t"']
    assert len(rows) == len(whole['"ks"."t"']) + 1


def kill_while_writing(tools, path, delay, first):
    """A shell with SIGKILL at some moment; returns the next number."""
    process = subprocess.Popen([tools.shell.program, path],
                               stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    end = time.monotonic() + delay
    number = first
    try:
        while time.monotonic() < end:
            for _ in range(20):
                process.stdin.write(
                    f"INSERT INTO ks.t (k, v) VALUES ({number % 700}, "
                    f"'{number} {'v' * (number * 7 % 300)}');\n".encode())
                number += 1
            process.stdin.flush()
            # Many small buffers, and not more than Python likes to read.
            time.sleep(0.004)
    finally:
        process.kill()
        process.communicate()
    return number


def what_a_killed_writer_leaves_is_read_the_same(tools, folder):
    path = os.path.join(folder, "db")
    run(tools, path, "CREATE KEYSPACE ks; USE ks;"
        "CREATE TABLE t (k int PRIMARY KEY, v text);")
    number = 0
    for delay in (0.15, 0.1, 0.25):
        number = kill_while_writing(tools, path, delay, number)
        # In a copy first, so that the next kill meets a log that the reader
        # has seen unclean and the program has not.
        copy = os.path.join(folder, "copy")
        shutil.copytree(path, copy)
        left = assert_same(tools.shell, copy, ['"ks"."t"'])
        assert assert_same(tools.shell, copy) == left
        assert left['"ks"."t"'], "the writer wrote nothing before its end"
        shutil.rmtree(copy)
    run(tools, path, "DELETE FROM ks.t WHERE k IN (1, 2, 3);")
    assert_same(tools.shell, path, ['"ks"."t"'])


# ---- damage ----

def flip(name, at):
    with open(name, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x40]))


def damage_is_seen_at_the_same_place(tools, folder):
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(4), 12))
    log = Log(path)
    assert log.watermark == log.buffers[-1].sequence
    assert any(record.flags & ENDS_BATCH for record in log.records())
    dice = random.Random(5)
    for buffer in log.buffers:
        at = buffer.at + dice.choice((0, 9, 33, 50, 70, 130, len(
            buffer.data) - 1, dice.randrange(len(buffer.data))))
        name = os.path.join(path, buffer.name)
        flip(name, at)
        ours = reader_complaint(path)
        theirs = shell_complaint(tools.shell, path)
        assert ours == theirs == (buffer.name, buffer.at), \
            f"byte {at} of {buffer.name}: {ours} and {theirs}"
        flip(name, at)
    assert reader_complaint(path) is None
    assert_same(tools.shell, path)


def what_was_acknowledged_must_be_there_after_a_crash(tools, folder):
    """The manifest says nothing yet, but headers have watermarks."""
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(7), 12), "die")
    log = Log(path)
    assert log.manifest.watermark == 0 < log.watermark
    for buffer in log.buffers:
        name = os.path.join(path, buffer.name)
        flip(name, buffer.at + 40)
        place = (buffer.name, buffer.at) \
            if buffer.sequence <= log.watermark else None
        assert reader_complaint(path) == place, buffer
        assert shell_complaint(tools.shell, path) == place, buffer
        flip(name, buffer.at + 40)
    assert_same(tools.shell, path)


def a_file_that_the_manifest_does_not_count_yet_is_read(tools, folder):
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(8), 20), "leave")
    last = Log(path).buffers[-1]
    number = int(last.name[3:9])
    assert number > 0
    # As if the crash had come before the manifest counted the last file.
    for later in range(number + 1, 9):
        name = os.path.join(path, f"00-{later:06}.segments")
        if os.path.exists(name):
            os.remove(name)
    name = os.path.join(path, "manifest")
    with open(name, "r+b") as file:
        data = bytearray(file.read())
        data[60:64] = number.to_bytes(4, "little")
        size = int.from_bytes(data[20:24], "little")
        data[0:8] = xxh3_64(data[8:size]).to_bytes(8, "little")
        file.seek(0)
        file.write(data)
    assert Log(path).buffers[-1].sequence == last.sequence
    assert_same(tools.shell, path)


def padding_is_nobodys(tools, folder):
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(4), 6))
    before = assert_same(tools.shell, path)
    for buffer in Log(path).buffers:
        padded = buffer.end - buffer.offset
        if padded > len(buffer.data):
            flip(os.path.join(path, buffer.name), buffer.at + padded - 1)
    assert assert_same(tools.shell, path) == before


def no_byte_of_the_manifest_may_differ(tools, folder):
    path = os.path.join(folder, "db")
    tools.shell.make(path)
    name = os.path.join(path, "manifest")
    for at in (*range(0, 256, 5), 256, 4095):
        flip(name, at)
        assert reader_complaint(path), f"byte {at}: the reader"
        assert shell_complaint(tools.shell, path), f"byte {at}: the shell"
        flip(name, at)
    assert_same(tools.shell, path)


def a_manifest_may_be_longer_than_necessary(tools, folder):
    path = os.path.join(folder, "db")
    tools.shell.make(path)
    with open(os.path.join(path, "manifest"), "ab") as file:
        file.write(bytes(8192))
    assert_same(tools.shell, path)


def an_earlier_manifest_is_known_by_the_one_aside(tools, folder):
    path = os.path.join(folder, "db")
    name = os.path.join(path, "manifest")
    tools.shell.make(path)
    with open(name, "rb") as file:
        earlier = file.read()

    def with_the_earlier_one(complains):
        copy = os.path.join(folder, "copy")
        shutil.copytree(path, copy)
        with open(os.path.join(copy, "manifest"), "wb") as file:
            file.write(earlier)
        assert bool(reader_complaint(copy)) == complains, "the reader"
        assert bool(shell_complaint(tools.shell, copy)) == complains, \
            "the shell"
        if not complains:
            assert assert_same(tools.shell, copy) == reader_tables(path)
        shutil.rmtree(copy)

    # One behind, as far as the one aside tells, the end may have come before
    # the two were exchanged.
    for number, complains in ((100, False), (101, False), (102, True)):
        run(tools, path, f"INSERT INTO ks.t (k) VALUES ({number});")
        with_the_earlier_one(complains)


def wrong_files_are_refused_by_both(tools, folder):
    path = os.path.join(folder, "db")
    other = os.path.join(folder, "other")
    for each in (path, other):
        run_steps(tools.run_script, each, steps(random.Random(6), 12))
    first, second = (os.path.join(path, f"00-00000{i}.segments")
                     for i in range(2))

    def both_refuse(what):
        assert reader_complaint(path), f"{what}: the reader"
        assert shell_complaint(tools.shell, path), f"{what}: the shell"

    os.rename(second, second + ".away")
    both_refuse("a missing file")
    shutil.copy(os.path.join(other, "00-000001.segments"), second)
    both_refuse("a file of another database")
    assert all("belongs to another database" in complaint for complaint in
               (reader_complaint(path), shell_complaint(tools.shell, path)))
    os.rename(second + ".away", second)
    for name in ("00-000099.segments", "01-000000.segments",
                 "00-0000000.segments"):
        shutil.copy(first, os.path.join(path, name))
        both_refuse(name)
        os.remove(os.path.join(path, name))
    os.truncate(first, 65536 - 8192)
    both_refuse("a short file")
    os.truncate(first, 65536)
    both_refuse("a file with zeros at its end")
    shutil.copytree(other, path, dirs_exist_ok=True)
    assert_same(tools.shell, path)


def a_cut_file_is_seen_at_the_same_place(tools, folder):
    path = os.path.join(folder, "db")
    run_steps(tools.run_script, path, steps(random.Random(9), 12),
              segments=256)
    log = Log(path)
    last = os.path.join(path, log.names[0])
    with open(last, "rb") as file:
        data = file.read()
    end = 8192 * (log.manifest.segment + bool(log.manifest.offset))
    for size in (end, end - 1, end - 8192, 8192, 8191, 1, 0):
        os.truncate(last, size)
        ours = reader_complaint(path)
        theirs = shell_complaint(tools.shell, path)
        assert ours == theirs and (ours is None) == (size == end), \
            f"{size} bytes of {end}: {ours} and {theirs}"
        with open(last, "wb") as file:
            file.write(data)
    assert_same(tools.shell, path)


def checksums_may_be_skipped(tools, folder):
    path = os.path.join(folder, "db")
    tools.shell.make(path)
    lines = list(read_rows(path, has_checksums=False))
    rows = shell_rows(tools.shell, path, "ks.t")
    assert [normal(line["row"]) for line in lines] == rows and len(rows) == 20


CASES = (
    the_hash_is_libxxhashs,
    tokens_and_timestamps_are_the_programs,
    rows_of_one_token_come_in_the_order_of_their_keys,
    values_of_all_types_are_the_same,
    composite_keys_are_the_same,
    overwritten_deleted_and_dropped_rows_are_gone_for_both,
    expired_rows_are_gone_for_both,
    a_torn_log_ends_at_the_same_place,
    what_a_killed_writer_leaves_is_read_the_same,
    damage_is_seen_at_the_same_place,
    what_was_acknowledged_must_be_there_after_a_crash,
    a_file_that_the_manifest_does_not_count_yet_is_read,
    padding_is_nobodys,
    no_byte_of_the_manifest_may_differ,
    a_manifest_may_be_longer_than_necessary,
    an_earlier_manifest_is_known_by_the_one_aside,
    wrong_files_are_refused_by_both,
    a_cut_file_is_seen_at_the_same_place,
    checksums_may_be_skipped,
)

if __name__ == "__main__":
    run_cases(CASES, Tools(*sys.argv[1:]))
