# SPDX-License-Identifier: MIT
"""A checkpoint's file, as docs/format.md describes it."""

import os
import struct
from dataclasses import dataclass

from manifest import MOVING, PAGE, USER, Damage, damaged, mix
from xxh3 import xxh3_64

SEGMENTS, TABLES, FREED, ENTRIES = 1, 2, 3, 4
IS_FREE, IS_OPEN = 1, 2

HEAD = struct.Struct("<Q8sIIQQQQQQQqIIIIQQ")
SEGMENT = struct.Struct("<QQQQqqIIIBBBB")
TABLE = struct.Struct("<IIQ")
LIFE = struct.Struct("<QQQIB3s")
ENTRY = struct.Struct("<qQqQ")
assert (HEAD.size, SEGMENT.size, TABLE.size, LIFE.size, ENTRY.size) == \
    (120, 64, 16, 32, 32)


@dataclass
class Place:
    sequence: int
    life: int
    is_free: bool
    is_open: bool
    kind: int
    stream: int


@dataclass
class Life:
    """A row of table 3."""
    sequence: int
    stream: int
    first: int
    last: int
    moving: int = 0   # settled when it died


@dataclass
class Entry:
    table: int
    token: int
    fingerprint: int
    timestamp: int
    segment: int
    offset: int
    size: int
    seconds: int
    is_tombstone: bool


class Checkpoint:
    """All of one, checked."""

    def __init__(self, path, manifest, number, checksum):
        self.manifest = manifest
        self.name = f"00-{number % 3}.checkpoint"
        try:
            with open(os.path.join(path, self.name), "rb") as file:
                self.data = file.read()
        except FileNotFoundError as error:
            raise Damage(f"{self.name} is missing") from error
        self.read_head(number, checksum)
        self.places, self.tables, self.freed, self.entries = [], [], [], []
        self.last = (0, 0)
        for index in range(self.blocks):
            self.read_block(index)
        self.refuse_unless(
            self.counts == (len(self.places), len(self.tables),
                            len(self.freed), len(self.entries)),
            0, "it holds something else than its head says")

    def refuse_unless(self, fact, offset, text):
        if not fact:
            raise damaged(self.name, offset, text)

    def read_head(self, number, checksum):
        head = self.data[:PAGE]
        self.refuse_unless(len(head) == PAGE, 0, "it is too short")
        seed = mix(self.manifest.database_id, number)
        (its_checksum, magic, version, self.size, database_id, its_number,
         salt, user, moving, self.segment_sequence, self.lsn, self.clock_us,
         self.next_table, segments, tables, freed, entries, self.blocks) = \
            HEAD.unpack_from(head)
        self.refuse_unless(magic == b"LOGSTORC", 8, "its magic is wrong")
        self.refuse_unless(its_checksum == checksum ==
                           xxh3_64(head[8:], seed), 0,
                           "it isn't the one that the manifest names")
        self.refuse_unless((database_id, its_number) ==
                           (self.manifest.database_id, number) and
                           version in (2, 3) and
                           self.size in (4096 << i for i in range(5)) and
                           not any(head[HEAD.size:]), 16,
                           "it holds impossible numbers")
        self.refuse_unless(PAGE + self.blocks * self.size <= len(self.data),
                           112, "it is shorter than it says")
        self.seed = mix(seed, salt)
        self.starts = {USER: user, MOVING: moving}
        self.counts = segments, tables, freed, entries

    def read_block(self, index):
        at = PAGE + index * self.size
        block = self.data[at:at + self.size]
        checksum, used, zero = struct.unpack_from("<QII", block)
        self.refuse_unless(checksum == xxh3_64(block[8:],
                                               mix(self.seed, index)),
                           at, "a block's checksum is wrong")
        self.refuse_unless(0 < used <= self.size - 16 and zero == 0 and
                           not any(block[16 + used:]), at + 8,
                           "a block makes no sense")
        end = at + 16 + used
        at += 16
        while at < end:
            at = self.read_group(at, end)

    def read_group(self, at, end):
        self.refuse_unless(end - at >= 12, at, "a group is cut")
        section, table, count = struct.unpack_from("<III", self.data, at)
        self.refuse_unless(count > 0 and self.last <= (section, table) and
                           SEGMENTS <= section <= ENTRIES and
                           bool(table) == (section == ENTRIES), at,
                           "a group stands where none can be")
        self.last = section, table
        at += 12
        read = (self.read_segment, self.read_table, self.read_life,
                self.read_entry)[section - 1]
        for _ in range(count):
            size = read(at, table)
            self.refuse_unless(at + size <= end, at, "a group is cut")
            at += size
        return at

    def read_segment(self, at, _):
        (sequence, first, last, _, first_token, last_token, _, life, _, kind,
         stream, moves, flags) = SEGMENT.unpack_from(self.data, at)
        self.refuse_unless(
            sequence < self.segment_sequence and
            bool(sequence) == bool(life) and flags in (0, IS_FREE, IS_OPEN) and
            (flags & IS_FREE or sequence and 1 <= kind <= 3 and
             stream in (USER, MOVING) and moves <= 3 and first <= last and
             first_token <= last_token), at, "a segment is impossible")
        self.places.append(Place(sequence, life, bool(flags & IS_FREE),
                                 bool(flags & IS_OPEN),
                                 kind, stream))
        return SEGMENT.size

    def read_table(self, at, _):
        table, flags, _ = TABLE.unpack_from(self.data, at)
        self.refuse_unless((not self.tables or self.tables[-1] < table) and
                           0 < table < self.next_table and flags & ~1 == 0,
                           at, "a table is impossible")
        self.tables.append(table)
        return TABLE.size

    def read_life(self, at, _):
        sequence, first, last, _, stream, zeros = \
            LIFE.unpack_from(self.data, at)
        self.refuse_unless(sequence and 0 < first <= last and
                           stream in (USER, MOVING) and not any(zeros), at,
                           "a freed life is impossible")
        self.freed.append(Life(sequence, stream, first, last))
        return LIFE.size

    def read_entry(self, at, table):
        token, fingerprint, timestamp, place = \
            ENTRY.unpack_from(self.data, at)
        start = at
        at += ENTRY.size
        size = place >> 48 & 0xFFF
        if size == 0:
            size = int.from_bytes(self.data[at:at + 4], "little")
            self.refuse_unless(size >= 4096, at, "an entry's size")
            at += 4
        seconds = 0
        if place >> 60 & 1:
            seconds = int.from_bytes(self.data[at:at + 4], "little")
            self.refuse_unless(seconds > 0, at, "an entry's seconds")
            at += 4
        entry = Entry(table, token, fingerprint, timestamp,
                      place & 0x7FFFFFFF, (place >> 31 & 0x1FFFF) * 8,
                      size * 8, seconds, bool(place >> 62 & 1))
        last = self.entries[-1] if self.entries else None
        self.refuse_unless(
            place >> 63 == 0 and table in self.tables and
            128 <= entry.offset < self.manifest.segment_size and
            (last is None or last.table < table or
             (last.token, last.fingerprint) < (token, fingerprint)), start,
            "an entry is impossible")
        self.entries.append(entry)
        return at - start


def newest_checkpoint(path, manifest):
    """The newest one that is whole, or None; and why."""
    reasons = []
    for number, checksum in manifest.checkpoints:
        if number == 0:
            continue
        try:
            return Checkpoint(path, manifest, number, checksum), reasons
        except (Damage, struct.error) as damage:
            reasons.append(str(damage))
    return None, reasons
