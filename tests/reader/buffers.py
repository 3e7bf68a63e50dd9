# SPDX-License-Identifier: MIT
"""Buffers and the records in them, as docs/format.md describes them."""

import dataclasses
import os
import struct
from dataclasses import dataclass

from manifest import (MOVING, NUMBER_MAX, PAGE, USER, Damage, damaged, mix,
                      rounded, segment_seed)
from xxh3 import xxh3_64

BUFFER_HEADER = 128
RECORD_HEADER = 36
MIXED, FULL, PART = 1, 2, 3
ROW, TOMBSTONE, EXPIRING, ENDS_BATCH, TIE = 1, 2, 4, 8, 16
TIMESTAMP_MIN = -2 ** 63

HEADER = struct.Struct("<Q4sHBBHHHHIIQIIQIIQQqqqQQQ")
assert HEADER.size == BUFFER_HEADER


@dataclass
class Buffer:
    name: str            # the file
    at: int              # the offset in it
    kind: int
    stream: int
    part: int
    parts: int
    segment: int
    offset: int          # in the segment
    segment_sequence: int
    life: int
    sequence: int
    watermarks: dict
    clock_us: int
    ends_batch: bool
    count: int           # of records
    lsn_max: int
    data: bytes          # header and records
    is_followed: bool    # something stands behind it

    @property
    def watermark(self):
        return self.watermarks[self.stream]

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


def is_possible(version, kind, stream, flags, part, parts, offset, size,
                segment_size, table, first, last):
    """Whether a version writes this combination of numbers."""
    if kind == MIXED:
        fits = part == 0 and parts == 1 and table == first == last == 0
    elif kind == FULL:
        fits = part == 0 and parts == 1 and table != 0 and first <= last
    else:
        fits = kind == PART and part < parts and parts > 1 and \
            table == first == last == 0 and \
            (part == parts - 1 or size == segment_size - BUFFER_HEADER)
    if stream == MOVING:
        fits = fits and kind != PART and offset == 0 and flags & 1
    else:
        fits = fits and stream == USER and kind != FULL and \
            (kind == MIXED or offset == 0)
    return fits and (version > 1 or (kind, stream) == (MIXED, USER))


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
        if version > 3:
            raise Damage(f"{name}: format version {version} at offset {at} "
                         "isn't known")
        watermarks = {USER: watermark, MOVING: moving}
        if zero or zero_too or flags & ~1 or 0 in (
                version, segment_sequence, lives) or \
                not is_possible(version, kind, stream, flags, part, parts,
                                offset, size, len(data), table, first,
                                last) or \
                not watermarks[stream] < sequence or \
                max(sequence, segment_sequence, lsn, watermark,
                    moving) > NUMBER_MAX:
            raise damaged(name, at, "the buffer's header makes no sense")
        behind = rounded(end, PAGE)
        return Buffer(name, at, kind, stream, part, parts, segment, offset,
                      segment_sequence, lives, sequence, watermarks, clock_us,
                      bool(flags & 1), records, lsn, data[offset:end],
                      any(data[behind:behind + PAGE]))

    def life_named(self, segment, data):
        """What the header at a segment's start says of the life it is in,
        whether or not the buffer is intact; 0 where it is no such header."""
        header = HEADER.unpack_from(data)
        is_ours = header[1] == b"LGSB" and \
            (header[9], header[10]) == (segment, 0) and \
            header[-2] == self.manifest.database_id
        return header[11] if is_ours else 0

    def joined(self, parts):
        """The parts of a run as one buffer of one record."""
        first, last = parts[0], parts[-1]
        return dataclasses.replace(
            first, ends_batch=last.ends_batch, lsn_max=last.lsn_max,
            data=first.data + b"".join(part.data[BUFFER_HEADER:]
                                       for part in parts[1:]))

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
        refuse_unless(zero == 0 and flags & ~31 == 0, "reserved bits are set")
        refuse_unless(key_size > 0, "it has no key")
        refuse_unless(bool(flags & ROW) != bool(flags & TOMBSTONE),
                      "it is neither row nor tombstone")
        refuse_unless(flags & ROW or not flags & EXPIRING and
                      value_size == 0, "a tombstone with a row's parts")
        refuse_unless(timestamp != TIMESTAMP_MIN, "its timestamp")
        refuse_unless(lsn <= NUMBER_MAX, "its LSN")
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

    def segments_of_file(self, path, number, name, is_last):
        """Yields (segment, its buffers, its first block isn't zero, the life
        that its header names) of each whole one."""
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
                segment = number * self.manifest.file_segments + index
                # Most of a young file is zeros.
                found = list(self.buffers_of_segment(
                    name, index * size, segment, data)) if any(data) else []
                yield segment, found, any(data[:PAGE]), \
                    self.life_named(segment, data)
