# SPDX-License-Identifier: MIT
"""The independent reader's rows beside those that the shell prints."""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "shell"))

from log import Damage, read_manifest  # noqa: E402
from reader import read_rows, read_schema  # noqa: E402
from support import expect  # noqa: E402

PLACE = re.compile(r"(\S+) is damaged at offset (\d+)")


def normal(value):
    """One spelling for what JSON can spell in several ways."""
    return json.dumps(value, ensure_ascii=False)


def shell_rows(shell, path, table, warning=None):
    """${warning}: a text that is in what it prints beside the rows."""
    done = shell.run("--format", "json", "-e", f"SELECT * FROM {table}", path)
    if warning is None:
        expect(done, status=0, errors="")
    else:
        expect(done, status=0, holds=[warning])
    # Not splitlines(): text may hold other things that end lines.
    return [normal(json.loads(line))
            for line in done[1].split("\n") if line]


def tables_by(path, now, from_checkpoint):
    tables = {name(line): [] for line in
              read_schema(path, now, from_checkpoint=from_checkpoint)
              if "table" in line}
    for line in read_rows(path, now, from_checkpoint=from_checkpoint):
        tables[name(line)].append(normal(line["row"]))
    return tables


def reader_tables(path, now=None):
    """{"ks"."table": its rows}, also of tables without rows.  Where the log
    alone tells them, a checkpoint must tell the same."""
    tables = tables_by(path, now, None)
    manifest = read_manifest(path)
    if manifest.checkpoints[0][0] and not manifest.is_forgotten:
        assert tables_by(path, now, True) == tables, \
            "the log and the checkpoint tell different rows"
    return tables


def name(line):
    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    return f"{quoted(line['keyspace'])}.{quoted(line['table'])}"


def assert_same(shell, path, expected_tables=None, now=None, warning=None):
    """Both must show the same tables and rows.  The reader goes first: the
    shell changes what it opens, and gives its ${warning} once."""
    found = reader_tables(path, now)
    if expected_tables is not None:
        assert sorted(found) == sorted(expected_tables), \
            f"the reader found {sorted(found)}"
    for table, rows in found.items():
        theirs = shell_rows(shell, path, table, warning)
        warning = None
        for number, pair in enumerate(zip(rows, theirs)):
            assert pair[0] == pair[1], \
                f"row {number} of {table}: {pair[0]} and {pair[1]}"
        assert len(rows) == len(theirs), \
            f"{table}: {len(rows)} rows and {len(theirs)}"
    return found


def reader_complaint(path):
    """Where the reader sees damage: (file, offset), or the whole text when it
    names no place; None when it sees none."""
    try:
        for _ in read_rows(path):
            pass
    except Damage as damage:
        return place_in(str(damage))
    return None


def shell_complaint(shell, path):
    # Not to repair anything: read only.
    status, _, errors = shell.run("--readonly", "-e", "DESCRIBE KEYSPACES",
                                  path)
    return None if status == 0 else place_in(errors)


def place_in(text):
    found = PLACE.search(text)
    return (os.path.basename(found[1]), int(found[2])) if found else text


def run_steps(program, path, steps, *ending, segment=8192, segments=8,
              checkpoint=0, size_max=0):
    """Runs CQL with a database geometry of one's own, a buffer (at least) for
    each of ${steps}; ${ending} may be "die" or "leave" (run_script.c)."""
    numbers = (segment, segments, checkpoint, size_max)
    subprocess.run([program, path, *map(str, numbers), *ending],
                   input="-- step\n".join(step + "\n" for step in steps)
                   .encode(), check=True, timeout=60)
