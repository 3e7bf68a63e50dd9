#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program and the independent reader must see the same where places live
several times, records move, rows go through runs of segments and checkpoints
spare reading: test_lives.py SHELL RUN_SCRIPT"""

import os
import random
import shutil
import sys
import time

from buffers import FULL, PART, TIE
from checkpoint import newest_checkpoint
from comparison import assert_same, reader_complaint, run_steps, \
    shell_complaint, shell_rows, tables_by
from log import Log
from manifest import MOVING, USER, read_manifest
from support import Shell, run_cases

SMALL = {"segment": 8192, "segments": 16, "checkpoint": 1,
         "size_max": 200 * 8192}
CREATE = "CREATE KEYSPACE ks; USE ks;" \
    "CREATE TABLE t (k int PRIMARY KEY, v text);" \
    "CREATE TABLE u (k int PRIMARY KEY, v text);"


class Tools:
    def __init__(self, shell, run_script):
        self.shell = Shell(shell)
        self.run_script = run_script


def churn(dice, count, keys=60):
    """Overwrites and deletions, a buffer each."""
    for number in range(count):
        table = dice.choice("ttu")
        key = dice.randrange(keys)
        roll = dice.random()
        if roll < 0.15:
            yield f"DELETE FROM ks.{table} WHERE k = {key};"
        elif roll < 0.2:
            yield f"INSERT INTO ks.{table} (k, v) VALUES ({key}, 'brief') " \
                "USING TTL 100000;"
        else:
            yield f"INSERT INTO ks.{table} (k, v) VALUES ({key}, " \
                f"'{number} {'v' * dice.randrange(3000)}');"


def copied(path, folder):
    copy = os.path.join(folder, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy)
    return copy


def compare_before_and_after(tools, path, folder):
    """As it was left, and once more after the program has opened it."""
    copy = copied(path, folder)
    found = assert_same(tools.shell, copy)
    assert assert_same(tools.shell, copy) == found
    return found


def places_are_used_again(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(1)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 400)], **SMALL)
    for ending in ("die", "leave", "die", "leave"):
        run_steps(tools.run_script, path, list(churn(dice, 400)), ending,
                  **SMALL)
        compare_before_and_after(tools, path, folder)
    log = Log(path)
    assert max(buffer.life for buffer in log.buffers) > 2
    assert log.freed_lives(), "no row of table 3 was wanted"
    manifest = read_manifest(path)
    assert manifest.checkpoints[1][0] > 2
    assert manifest.horizon[USER] > 0


def an_orderly_close_lists_what_a_reader_needs(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(2)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 500)], **SMALL)
    manifest = read_manifest(path)
    checkpoint = newest_checkpoint(path, manifest)[0]
    assert manifest.flags & 1 and checkpoint and manifest.tail
    log = Log(path, from_checkpoint=True)
    behind = {buffer.segment for buffer in log.buffers
              if not log.is_freed(buffer)}
    assert behind <= set(manifest.tail)
    compare_before_and_after(tools, path, folder)


def moved_records_are_found_where_they_went(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(3)
    run_steps(tools.run_script, path,
              [CREATE, *churn(dice, 150), "COMPACT;"], **SMALL)
    log = Log(path, from_checkpoint=False) \
        if not read_manifest(path).is_forgotten else Log(path)
    # COMPACT may end with checkpoints: then these tell what moved before.
    moved = [buffer for buffer in log.buffers if buffer.stream == MOVING] + \
        [place for place in (log.checkpoint.places if log.checkpoint else ())
         if place.stream == MOVING and not place.is_free]
    assert moved and any(part.kind == FULL for part in moved)
    compare_before_and_after(tools, path, folder)
    for ending in ("die", "leave", "leave"):
        run_steps(tools.run_script, path,
                  [*churn(dice, 200), "COMPACT;", *churn(dice, 50)], ending,
                  **SMALL)
        compare_before_and_after(tools, path, folder)


def a_damaged_header_may_still_name_the_life(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(31)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 400)], **SMALL)
    before = tables_by(path, None, True)
    manifest = read_manifest(path)
    checkpoint = newest_checkpoint(path, manifest)[0]
    known = {entry.segment for entry in checkpoint.entries
             if entry.table > 15 and
             checkpoint.places[entry.segment].stream == MOVING}
    number, place = divmod(min(known - {*manifest.tail, manifest.segment}),
                           manifest.file_segments)
    name = os.path.join(path, f"00-{number:06}.segments")
    with open(name, "r+b") as file:
        # The clock's mark: of no other use here.
        file.seek(place * manifest.segment_size + 80)
        file.write(b"?")
    assert tables_by(path, None, True) == before
    for table, rows in before.items():
        assert shell_rows(tools.shell, path, table) == rows


def tombstones_that_were_dropped_stay_deletions(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(4)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 300)], **SMALL)
    # Many deletions, then enough log for some checkpoints.
    run_steps(tools.run_script, path,
              ["DELETE FROM ks.t WHERE k IN "
               f"({', '.join(map(str, range(4, 60)))});",
               *churn(dice, 600, 4)], "die", **SMALL)
    assert read_manifest(path).is_forgotten
    found = compare_before_and_after(tools, path, folder)
    assert len(found['"ks"."t"']) <= 4 and len(found['"ks"."u"']) > 4
    # Nothing but a checkpoint tells what is deleted now.
    copy = copied(path, folder)
    for number in range(3):
        name = os.path.join(copy, f"00-{number}.checkpoint")
        if os.path.exists(name):
            os.truncate(name, 100)
    assert reader_complaint(copy) and shell_complaint(tools.shell, copy)


def expired_rows_that_were_dropped_stay_away(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(9)
    steps = [f"INSERT INTO ks.t (k, v) VALUES ({key}, 'new') USING TTL 1;"
             for key in range(60)]
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 200), *steps],
              **SMALL)
    time.sleep(2.1)
    for ending in ((), ("die",), ("leave",)):
        run_steps(tools.run_script, path, list(churn(dice, 300, 4)), *ending,
                  **SMALL)
        found = compare_before_and_after(tools, path, folder)
        assert len(found['"ks"."t"']) <= 4 and len(found['"ks"."u"']) > 4
    assert read_manifest(path).is_forgotten


def the_older_checkpoint_tells_the_same(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(5)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 700)], **SMALL)
    for ending in ((), ("die",), ("leave",)):
        run_steps(tools.run_script, path, list(churn(dice, 150)), *ending,
                  **SMALL)
        manifest = read_manifest(path)
        (newest, _), (older, _) = manifest.checkpoints
        assert newest and older
        expected = tables_by(path, None, True)
        copy = copied(path, folder)
        name = os.path.join(copy, f"00-{newest % 3}.checkpoint")
        with open(name, "r+b") as file:
            file.seek(200)
            file.write(b"x")
        assert Log(copy, from_checkpoint=True).checkpoint.name == \
            f"00-{older % 3}.checkpoint"
        assert tables_by(copy, None, True) == expected
        assert assert_same(tools.shell, copy, warning=os.path.basename(name)
                           ) == expected
        assert assert_same(tools.shell, copy) == expected


def large_rows_go_through_runs(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(6)
    options = {**SMALL, "segments": 64, "size_max": 0}
    steps = [CREATE]
    for number in range(60):
        key = dice.randrange(8)
        size = dice.choice((100, 7900, 8030, 16000, 50000, 200000))
        steps.append(f"INSERT INTO ks.t (k, v) VALUES ({key}, "
                     f"'{number} {'r' * size}');")
        if number % 9 == 8:
            steps.append(f"DELETE FROM ks.t WHERE k = {key};")
    run_steps(tools.run_script, path, steps[:30], **options)
    assert any(buffer.kind == PART for buffer in Log(path).buffers)
    compare_before_and_after(tools, path, folder)
    for ending, part in (("die", steps[30:50]), ("leave", steps[50:])):
        run_steps(tools.run_script, path, part, ending, **options)
        compare_before_and_after(tools, path, folder)


def ties_are_told_by_their_flag(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(7)

    def ties(count):
        for number in range(count):
            yield f"INSERT INTO ks.t (k, v) VALUES ({dice.randrange(9)}, " \
                f"'{dice.randrange(10 ** 6)}') USING TIMESTAMP " \
                f"{1000 + number // 40};"
            yield from churn(dice, 1, 5)
    run_steps(tools.run_script, path, [CREATE, *ties(150)], **SMALL)
    assert any(record.flags & TIE
               for record in Log(path).records()) or \
        read_manifest(path).is_forgotten
    compare_before_and_after(tools, path, folder)
    for ending in ("die", "leave"):
        run_steps(tools.run_script, path, list(ties(150)), ending, **SMALL)
        compare_before_and_after(tools, path, folder)


def dropped_tables_are_gone_for_both(tools, folder):
    path = os.path.join(folder, "db")
    dice = random.Random(8)
    run_steps(tools.run_script, path, [CREATE, *churn(dice, 100)], **SMALL)
    for round_ in range(5):
        run_steps(tools.run_script, path,
                  ["CREATE TABLE ks.w (k int PRIMARY KEY, v text);",
                   *(f"INSERT INTO ks.w (k, v) VALUES ({i}, '{'w' * 2000}');"
                     for i in range(40)),
                   "TRUNCATE ks.u;", *churn(dice, 150), "DROP TABLE ks.w;",
                   *churn(dice, 150)],
                  *("die", "leave")[:round_ % 2], **SMALL)
        found = compare_before_and_after(tools, path, folder)
        assert sorted(found) == ['"ks"."t"', '"ks"."u"']


CASES = (
    places_are_used_again,
    an_orderly_close_lists_what_a_reader_needs,
    moved_records_are_found_where_they_went,
    a_damaged_header_may_still_name_the_life,
    tombstones_that_were_dropped_stay_deletions,
    expired_rows_that_were_dropped_stay_away,
    the_older_checkpoint_tells_the_same,
    large_rows_go_through_runs,
    ties_are_told_by_their_flag,
    dropped_tables_are_gone_for_both,
)

if __name__ == "__main__":
    run_cases(CASES, Tools(*sys.argv[1:]))
