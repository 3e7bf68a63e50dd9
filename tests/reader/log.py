# SPDX-License-Identifier: MIT
"""A database directory as docs/format.md describes it, up to the records
that count: manifest, segment files, buffers, recovery, versions.

Written from that page alone.  Where this file and the program disagree, one
of the two or the page is wrong."""

import os
import re
import struct
from dataclasses import dataclass

from murmur3 import token_of
from xxh3 import MASK64, xxh3_64

PAGE = 4096
BUFFER_HEADER = 128
RECORD_HEADER = 36
REGISTRY, CATALOG, FIRST_TABLE = 1, 2, 16
ROW, TOMBSTONE, EXPIRING, ENDS_BATCH = 1, 2, 4, 8
TIMESTAMP_MIN = -2 ** 63


class Damage(Exception):
    """The bytes aren't what the format says; the text names the place."""


def damaged(name, offset, text):
    return Damage(f"{name} is damaged at offset {offset}: {text}")


def segment_seed(database_id, segment, segment_sequence):
    return mix(mix(database_id, segment), segment_sequence)


def mix(left, right):
    value = (left * 0x9E3779B97F4A7C15 + right) & MASK64
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK64
    return value ^ (value >> 31)


def rounded(size, to):
    return -(-size // to) * to


# ---- the manifest ----

@dataclass
class Manifest:
    database_id: int
    segment_size: int
    file_segments: int
    files: int
    watermark: int
    segment: int         # where the log goes on
    offset: int
    clock_us: int        # its high mark
    voids: list


MANIFEST = struct.Struct("<Q8sIIQQIIQIIIIQQQQQQQqIIQ16s16sII")
assert MANIFEST.size == 192


def read_manifest(path):
    name = os.path.join(path, "manifest")
    with open(name, "rb") as file:
        data = file.read()

    def refuse_unless(fact, offset, text):
        if not fact:
            raise damaged("manifest", offset, text)

    refuse_unless(len(data) >= 192, 0, "it is too short")
    (checksum, magic, version, size, database_id, _, segment_size,
     file_segments, size_max, shards, files, flags, next_table, _, watermark,
     moving, next_sequence, next_moving, next_segment_sequence, next_lsn,
     clock_us, segment, offset, segment_sequence, newest, before, user_voids,
     moving_voids) = MANIFEST.unpack_from(data)
    refuse_unless(magic == b"LOGSTORM", 8, "its magic is wrong")
    refuse_unless(192 <= size <= len(data), 20, "its size is wrong")
    refuse_unless(checksum == xxh3_64(data[8:size]), 0,
                  "its checksum is wrong")
    if version != 1:
        raise Damage(f"manifest: format version {version} isn't known")
    refuse_unless(len(data) == rounded(size, PAGE) and
                  not any(data[size:]), size, "its padding is wrong")
    refuse_unless(database_id != 0, 24, "its database id is 0")
    refuse_unless(segment_size in (4096 << i for i in range(9)), 40,
                  "its segment size is wrong")
    refuse_unless(1 <= file_segments <= 65536, 44,
                  "its number of segments is wrong")
    refuse_unless(size_max == 0 or size_max >= 8 * segment_size, 48,
                  "its limit is impossible")
    refuse_unless(shards == 1, 56, "its number of shards is wrong")
    refuse_unless(flags & ~1 == 0, 64, "its flags are wrong")
    refuse_unless(not any(newest + before), 152, "it names a checkpoint")
    refuse_unless(moving == 0 and moving_voids == 0, 88,
                  "it has a moving stream")
    refuse_unless(next_sequence > watermark and next_moving > 0 and
                  next_segment_sequence > segment_sequence and
                  next_lsn > 0 and next_table > 0, 96,
                  "its next numbers are wrong")
    refuse_unless(offset <= segment_size and offset % PAGE == 0 and
                  bool(offset) == bool(segment_sequence), 136,
                  "the place where the log goes on is wrong")
    refuse_unless(size == 192 + 16 * user_voids, 20, "its size is wrong")
    voids = list(struct.iter_unpack("<QQ", data[192:size]))
    last = 0
    for index, (first, end) in enumerate(voids):
        refuse_unless(last < first <= end < next_sequence, 192 + 16 * index,
                      "its void ranges don't ascend")
        last = end
    return Manifest(database_id, segment_size, file_segments, files,
                    watermark, segment, offset, clock_us, voids)


# ---- segment files ----

def segment_files(path, manifest):
    """The names of the files to read, in order."""
    counted = [f"00-{i:06}.segments" for i in range(manifest.files)]
    extra = f"00-{manifest.files:06}.segments"
    present = {name for name in os.listdir(path)
               if re.fullmatch(r"[0-9]{2}-[0-9]{6,10}\.segments", name)}
    for name in counted:
        if name not in present:
            raise Damage(f"{name} is missing")
    for name in sorted(present - set(counted) - {extra}):
        raise Damage(f"{name} doesn't belong to the database")
    return counted + [extra] * (extra in present)


# ---- buffers ----

HEADER = struct.Struct("<Q4sHBBHHHHIIQIIQIIQQqqqQQQ")
assert HEADER.size == BUFFER_HEADER


@dataclass
class Buffer:
    name: str            # the file
    at: int              # the offset in it
    segment: int
    offset: int          # in the segment
    segment_sequence: int
    sequence: int
    watermark: int
    clock_us: int
    ends_batch: bool
    count: int           # of records
    lsn_max: int
    data: bytes          # header and records
    is_followed: bool    # something stands behind it

    @property
    def end(self):
        """Where the next one would begin, from the segment's start."""
        return rounded(self.offset + len(self.data), PAGE)


@dataclass
class Record:
    lsn: int
    timestamp: int
    table: int
    flags: int
    seconds: int         # of deletion or expiry, 0 without
    key: bytes
    value: bytes
    segment_sequence: int
    place: str


class Reader:
    """Reads buffers of one database."""

    def __init__(self, manifest, has_checksums=True):
        self.manifest = manifest
        self.has_checksums = has_checksums

    def buffer_at(self, name, file_at, segment, data, offset):
        """The buffer at ${offset} of the segment ${data}, or None where no
        intact one stands."""
        if len(data) - offset < BUFFER_HEADER:
            return None
        (checksum, magic, version, kind, stream, flags, part, parts, zero,
         its_segment, its_offset, segment_sequence, lives, size, sequence,
         records, table, watermark, moving, clock_us, first, last, lsn,
         database_id, zero_too) = HEADER.unpack_from(data, offset)
        end = offset + BUFFER_HEADER + size
        is_foreign = database_id != self.manifest.database_id
        at = file_at + offset
        if magic != b"LGSB" or end > len(data) or \
                (its_segment, its_offset) != (segment, offset) or \
                is_foreign and at != 0:
            return None
        if self.has_checksums or is_foreign:
            seed = mix(segment_seed(database_id, segment, segment_sequence),
                       offset)
            if checksum != xxh3_64(data[offset + 8:end], seed):
                return None
        if is_foreign:
            raise Damage(f"{name} belongs to another database")
        if version > 1:
            raise Damage(f"{name}: format version {version} at offset {at} "
                         "isn't known")
        if (version, kind, stream, part, parts, zero, table, moving, first,
                last, zero_too) != (1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0) or \
                flags & ~1 or segment_sequence == 0 or lives == 0 or \
                not watermark < sequence:
            raise damaged(name, at, "the buffer's header makes no sense")
        behind = rounded(end, PAGE)
        return Buffer(name, at, segment, offset, segment_sequence, sequence,
                      watermark, clock_us, bool(flags & 1), records, lsn,
                      data[offset:end], any(data[behind:behind + PAGE]))

    def records(self, buffer):
        at = BUFFER_HEADER
        count = flags = 0
        while at < len(buffer.data):
            record, size = self.record_at(buffer, at)
            if record.lsn > buffer.lsn_max:
                raise self.bad_record(buffer, at, "its LSN is too large")
            yield record
            at += size
            count += 1
            flags = record.flags
        if count != buffer.count or \
                bool(flags & ENDS_BATCH) != buffer.ends_batch:
            raise damaged(buffer.name, buffer.at,
                          "the buffer's header and its records disagree")

    @staticmethod
    def bad_record(buffer, at, text):
        return damaged(buffer.name, buffer.at + at,
                       f"a record makes no sense: {text}")

    def record_at(self, buffer, at):
        """The record at ${at} of the buffer, and its size."""
        def refuse_unless(fact, text):
            if not fact:
                raise self.bad_record(buffer, at, text)

        data = buffer.data
        refuse_unless(len(data) - at >= RECORD_HEADER, "it is cut")
        checksum, lsn, timestamp, table, value_size, key_size, flags, zero = \
            struct.unpack_from("<QQqIIHBB", data, at)
        has_seconds = bool(flags & (TOMBSTONE | EXPIRING))
        key_at = at + RECORD_HEADER + 8 * has_seconds
        value_at = key_at + key_size
        end = rounded(value_at + value_size, 8)
        refuse_unless(end <= len(data), "it is cut")
        if self.has_checksums:
            seed = mix(segment_seed(self.manifest.database_id,
                                    buffer.segment, buffer.segment_sequence),
                       (buffer.offset + at) | 1)
            refuse_unless(checksum == xxh3_64(data[at + 8:end], seed),
                          "its checksum is wrong")
        refuse_unless(zero == 0 and flags & ~15 == 0, "reserved bits are set")
        refuse_unless(key_size > 0, "it has no key")
        refuse_unless(bool(flags & ROW) != bool(flags & TOMBSTONE),
                      "it is neither row nor tombstone")
        refuse_unless(flags & ROW or not flags & EXPIRING and
                      value_size == 0, "a tombstone with a row's parts")
        refuse_unless(timestamp != TIMESTAMP_MIN, "its timestamp")
        refuse_unless(not any(data[value_at + value_size:end]), "its padding")
        seconds = int.from_bytes(data[key_at - 8:key_at], "little") \
            if has_seconds else 0
        refuse_unless(not flags & EXPIRING or 0 < seconds < 2 ** 32,
                      "its expiry")
        return Record(lsn, timestamp, table, flags, seconds,
                      data[key_at:value_at],
                      data[value_at:value_at + value_size],
                      buffer.segment_sequence,
                      f"{buffer.name} at offset {buffer.at + at}"), end - at

    def buffers_of_segment(self, name, file_at, segment, data):
        offset = 0
        while offset < len(data):
            buffer = self.buffer_at(name, file_at, segment, data, offset)
            if buffer is None:
                offset += PAGE
                continue
            yield buffer
            offset = buffer.end

    def buffers_of_file(self, path, number, name, is_last):
        size = self.manifest.segment_size
        full = size * self.manifest.file_segments
        with open(os.path.join(path, name), "rb") as file:
            length = os.fstat(file.fileno()).st_size
            if length > full or length < full and not is_last:
                raise Damage(f"{name} has {length} bytes, not {full}")
            if length < size and number < self.manifest.files:
                raise damaged(name, 0, "no whole segment is left of it")
            for index in range(length // size):
                data = file.read(size)
                # Most of a young file is zeros.
                if any(data):
                    yield from self.buffers_of_segment(
                        name, index * size,
                        number * self.manifest.file_segments + index, data)


# ---- what counts ----

class Log:
    """The buffers of a database that count."""

    def __init__(self, path, has_checksums=True):
        self.manifest = read_manifest(path)
        self.reader = Reader(self.manifest, has_checksums)
        self.names = segment_files(path, self.manifest)
        self.check_position(path)
        self.watermark = self.manifest.watermark
        self.clock_us = self.manifest.clock_us
        by_sequence = {}
        for number, name in enumerate(self.names):
            is_last = number == len(self.names) - 1
            for buffer in self.reader.buffers_of_file(path, number, name,
                                                      is_last):
                self.watermark = max(self.watermark, buffer.watermark)
                self.clock_us = max(self.clock_us, buffer.clock_us)
                if not self.is_void(buffer.sequence):
                    by_sequence.setdefault(buffer.sequence,
                                           []).append(buffer)
        self.buffers = self.accept(by_sequence)
        self.check_lives()

    def check_position(self, path):
        manifest = self.manifest
        sizes = [os.stat(os.path.join(path, name)).st_size
                 for name in self.names]
        whole = sum(size // manifest.segment_size for size in sizes)
        if manifest.segment + bool(manifest.offset) > whole:
            name, size = (self.names or ["the log"])[-1], (sizes or [0])[-1]
            end = size // manifest.segment_size * manifest.segment_size
            raise damaged(name, end, "it ends there, and the log goes on "
                          f"in segment {manifest.segment}")

    def check_lives(self):
        lives = {}
        for buffer in self.buffers:
            if lives.setdefault(buffer.segment, buffer.segment_sequence) != \
                    buffer.segment_sequence:
                raise damaged(buffer.name, buffer.at,
                              "the segment holds buffers of two lives")

    def is_void(self, sequence):
        return any(first <= sequence <= last
                   for first, last in self.manifest.voids)

    def next_sequence(self, sequence):
        """The first number behind ${sequence} that isn't void."""
        sequence += 1
        for first, last in self.manifest.voids:
            if first <= sequence <= last:
                sequence = last + 1
        return sequence

    def accept(self, by_sequence):
        """Steps 4 and 5 of the page."""
        run = []
        sure = 0
        sequence = self.next_sequence(0)
        while sequence in by_sequence:
            found = by_sequence[sequence]
            if len(found) > 1:
                raise damaged(found[1].name, found[1].at,
                              f"write sequence {sequence} stands there again")
            run.append(found[0])
            if sequence <= self.watermark:
                sure = len(run)
            sequence = self.next_sequence(sequence)
        if sequence <= self.watermark:
            raise self.missing(run, sequence)
        while len(run) > sure and not run[-1].ends_batch:
            run.pop()
        return run

    def missing(self, run, sequence):
        """Behind its predecessor, or where the next segment begins when
        nothing was ever written there."""
        segment = offset = 0
        if run:
            segment, offset = run[-1].segment, run[-1].end
            if not run[-1].is_followed:
                segment, offset = segment + 1, 0
        number, place = divmod(segment, self.manifest.file_segments)
        return damaged(f"00-{number:06}.segments",
                       place * self.manifest.segment_size + offset,
                       f"the buffer with write sequence {sequence} should "
                       "stand there")

    def records(self):
        for buffer in self.buffers:
            yield from self.reader.records(buffer)


# ---- versions ----

class Tables:
    """Of each table and key, the version that counts."""

    def __init__(self, log):
        self.newest = {}
        self.dropped = set()
        self.created = set()
        for record in log.records():
            if record.table == REGISTRY:
                self.register(record)
            self.keep(record)
        known = self.created | self.dropped | {REGISTRY, CATALOG}
        for table in sorted(self.newest.keys() - known):
            raise Damage(f"records of table {table}, which the registry "
                         "doesn't know")

    def register(self, record):
        table = int.from_bytes(record.key, "little")
        value = record.value
        if not record.flags & ROW or len(record.key) != 4 or \
                table < FIRST_TABLE or value not in (b"\1\1\0\0",
                                                     b"\1\2\0\0"):
            raise Damage(f"{record.place}: a row of the registry makes no "
                         "sense")
        (self.created if value[1] == 1 else self.dropped).add(table)

    def keep(self, record):
        rows = self.newest.setdefault(record.table, {})
        old = rows.get(record.key)
        if old is None or order(record) > order(old):
            rows[record.key] = record

    def is_live(self, table):
        return table == CATALOG or \
            table in self.created and table not in self.dropped

    def rows(self, table, now):
        """(token, record) of each row of ${table} that there is at ${now}
        seconds since 1970, in the order of tokens and keys."""
        found = [(token_of(record.key), record)
                 for record in self.newest.get(table, {}).values()
                 if record.flags & ROW and
                 (not record.flags & EXPIRING or now < record.seconds)]
        found.sort(key=lambda entry: (entry[0], entry[1].key))
        return found


def order(record):
    return record.timestamp, record.lsn, record.segment_sequence
