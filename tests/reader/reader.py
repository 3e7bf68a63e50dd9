#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints all rows of a logstor database, reading its directory by itself:

    reader.py [--skip-checksums] [--now SECONDS] [--schema]
              [--checkpoint] DIRECTORY

Each row is a line of JSON: keyspace, table, token, timestamp, expires (or
null) and row, which holds the columns in the order of SELECT *.  Tables come
by name, their rows in the order of tokens.  Nothing is written, not even the
lock: the database should not be in use.

It is written from docs/format.md alone and shares no code with logstor, so
that a format which drifts from its page is noticed.  Damage ends it with one
line on standard error and status 1."""

import argparse
import sys
import time
from dataclasses import dataclass

from log import CATALOG, Damage, FIRST_TABLE, Log, Tables
from values import Cursor, Type, decode_type, decode_value, dump

KEY, REGULAR = 0, 1


@dataclass
class Column:
    id: int
    is_key: bool
    name: str
    type: Type


@dataclass
class Table:
    keyspace: str
    name: str
    storage_id: int
    columns: list
    options: list

    @property
    def keys(self):
        return [column for column in self.columns if column.is_key]


# ---- the catalog ----

def decode_options(cursor):
    options = []
    for _ in range(cursor.varint()):
        name = cursor.string().decode()
        options.append((name, cursor.string().decode()))
    names = [name.encode() for name, _ in options]
    if names != sorted(set(names)):
        raise ValueError("options out of order")
    cursor.finish()
    return options


def decode_column(cursor):
    id_ = cursor.varint()
    kind = cursor.byte()
    if kind not in (KEY, REGULAR):
        raise ValueError("a column of an unknown kind")
    name = cursor.string().decode()
    type_cursor = Cursor(cursor.string())
    type_ = decode_type(type_cursor)
    type_cursor.finish()
    return Column(id_, kind == KEY, name, type_)


def check_columns(columns, next_id):
    count = sum(column.is_key for column in columns)
    others = [column.name.encode() for column in columns[count:]]
    if count == 0 or any(column.is_key for column in columns[count:]) or \
            others != sorted(others):
        raise ValueError("columns out of order")
    if len({column.name for column in columns}) != len(columns) or \
            len({column.id for column in columns}) != len(columns) or \
            max(column.id for column in columns) >= next_id:
        raise ValueError("columns that clash")


def decode_table(keyspace, name, value):
    cursor = Cursor(value)
    if cursor.byte() != 1:
        raise ValueError("its version isn't known")
    cursor.take(16)
    storage_id = cursor.varint()
    next_id = cursor.varint()
    cursor.varint()
    columns = [decode_column(cursor) for _ in range(cursor.varint())]
    check_columns(columns, next_id)
    if storage_id < FIRST_TABLE:
        raise ValueError("its storage id is reserved")
    return Table(keyspace, name, storage_id, columns, decode_options(cursor))


def decode_keyspace(value):
    cursor = Cursor(value)
    if cursor.byte() != 1:
        raise ValueError("its version isn't known")
    return decode_options(cursor)


def read_catalog(tables, now):
    """({keyspace: options}, [Table]), both by name."""
    keyspaces = {}
    found = []
    for _, record in tables.rows(CATALOG, now):
        keyspace, zero, name = record.key[1:].partition(b"\0")
        try:
            if not zero or not keyspace or \
                    record.key[:1] != (b"t" if name else b"k"):
                raise ValueError("its key")
            if name:
                found.append(decode_table(keyspace.decode(), name.decode(),
                                          record.value))
            else:
                keyspaces[keyspace.decode()] = decode_keyspace(record.value)
        except ValueError as error:
            raise Damage(f"{record.place}: a row of the catalog makes no "
                         f"sense: {error}") from error
    for table in found:
        if table.keyspace not in keyspaces or \
                not tables.is_live(table.storage_id):
            raise Damage(f"table {table.keyspace}.{table.name} has no "
                         "keyspace or no storage")
    found.sort(key=lambda table: (table.keyspace, table.name))
    return keyspaces, found


# ---- rows ----

def split_key(table, key):
    if len(table.keys) == 1:
        return [key]
    cursor = Cursor(key)
    parts = []
    for _ in table.keys:
        parts.append(cursor.take(cursor.big_endian(2)))
        if cursor.byte() != 0:
            raise ValueError("a key's part doesn't end in 00")
    cursor.finish()
    return parts


def split_value(value):
    """{id: value}"""
    cursor = Cursor(value)
    if cursor.byte() != 1 or cursor.byte() & ~1:
        raise ValueError("version or flags aren't known")
    columns = {}
    last = -1
    while not cursor.is_at_end():
        id_ = cursor.varint()
        if id_ <= last:
            raise ValueError("columns out of order")
        columns[id_] = cursor.string()
        last = id_
    return columns


def decode_row(table, record):
    try:
        parts = split_key(table, record.key)
        stored = split_value(record.value)
        row = {column.name: decode_value(column.type, part)
               for column, part in zip(table.keys, parts)}
        for column in table.columns[len(parts):]:
            row[column.name] = decode_value(column.type,
                                            stored.get(column.id))
        return row
    except ValueError as error:
        raise Damage(f"{record.place}: a row of {table.keyspace}."
                     f"{table.name} makes no sense: {error}") from error


def read_tables(path, now, has_checksums, from_checkpoint):
    """(Tables, the time): by default it is what the database goes by, whose
    clock never runs backward."""
    log = Log(path, has_checksums, from_checkpoint)
    if now is None:
        now = max(int(time.time()), log.clock_us // 10 ** 6)
    return Tables(log, path), now


def read_rows(path, now=None, has_checksums=True, from_checkpoint=None):
    """Yields what is printed for each row."""
    tables, now = read_tables(path, now, has_checksums, from_checkpoint)
    for table in read_catalog(tables, now)[1]:
        for token, record in tables.rows(table.storage_id, now):
            yield {"keyspace": table.keyspace, "table": table.name,
                   "token": token, "timestamp": record.timestamp,
                   "expires": record.seconds or None,
                   "row": decode_row(table, record)}


def read_schema(path, now=None, has_checksums=True, from_checkpoint=None):
    tables, now = read_tables(path, now, has_checksums, from_checkpoint)
    keyspaces, found = read_catalog(tables, now)
    for keyspace in sorted(keyspaces):
        yield {"keyspace": keyspace, "options": dict(keyspaces[keyspace])}
    for table in found:
        yield {"keyspace": table.keyspace, "table": table.name,
               "key": [column.name for column in table.keys],
               "columns": {column.name: str(column.type)
                           for column in table.columns},
               "options": dict(table.options)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("--skip-checksums", action="store_true",
                        help="believe every byte: faster on large files")
    parser.add_argument("--now", type=int,
                        help="what the clock reads, in seconds since 1970")
    parser.add_argument("--schema", action="store_true",
                        help="print keyspaces and tables instead of rows")
    parser.add_argument("--checkpoint", action="store_true",
                        help="begin with the newest checkpoint, also where "
                        "the log alone would do")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    read = read_schema if options.schema else read_rows
    try:
        for line in read(options.directory, options.now,
                         not options.skip_checksums,
                         options.checkpoint or None):
            print(dump(line))
    except (Damage, OSError) as error:
        print(f"reader: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
