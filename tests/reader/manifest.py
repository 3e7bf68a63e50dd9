# SPDX-License-Identifier: MIT
"""The manifest and the files of a database directory, as docs/format.md
describes them, and what all its files have in common."""

import os
import re
import struct
from dataclasses import dataclass, field

from xxh3 import MASK64, xxh3_64

PAGE = 4096
USER, MOVING = 1, 2
CLEAN, FORGOTTEN = 1, 2
NUMBER_MAX = 2 ** 63 - 1
FILE_SIZE_MAX = 256 + 2 * 65536 * 16 + 65536 * 4 + 4096


class Damage(Exception):
    """The bytes aren't what the format says; the text names the place."""


def damaged(name, offset, text):
    return Damage(f"{name} is damaged at offset {offset}: {text}")


def mix(left, right):
    value = (left * 0x9E3779B97F4A7C15 + right) & MASK64
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK64
    return value ^ (value >> 31)


def segment_seed(database_id, segment, segment_sequence):
    return mix(mix(database_id, segment), segment_sequence)


def rounded(size, to):
    return -(-size // to) * to


# ---- the manifest ----

@dataclass
class Manifest:
    version: int
    database_id: int
    secret: int
    segment_size: int
    file_segments: int
    files: int
    flags: int
    watermarks: dict     # of each stream
    generation: int      # how often it was written
    next_lsn: int
    segment: int         # where the user log goes on
    offset: int
    clock_us: int        # its high mark
    checkpoints: list    # (number, checksum of the head), the newest first
    horizon: dict        # of each stream
    voids: dict          # of each stream: [(first, last)]
    tail: list = field(default_factory=list)

    @property
    def watermark(self):
        return self.watermarks[USER]

    @property
    def is_forgotten(self):
        return bool(self.flags & FORGOTTEN)


HEADER_1 = struct.Struct("<Q8sIIQQIIQIIIIQQQQQQQqIIQQQQQII")
HEADER_2 = struct.Struct("<QQQI36s")
assert HEADER_1.size == 192 and HEADER_2.size == 64


def read_manifest(path):
    with open(os.path.join(path, "manifest"), "rb") as file:
        manifest = decode_manifest(file.read())
    aside = read_aside(path)
    if aside and aside.database_id == manifest.database_id and \
            aside.generation > manifest.generation + 1:
        raise Damage("manifest is an earlier one: manifest.tmp was written "
                     "long after it")
    return manifest


def read_aside(path):
    """The manifest aside, or None where there is no intact one."""
    try:
        with open(os.path.join(path, "manifest.tmp"), "rb") as file:
            return decode_manifest(file.read())
    except (OSError, Damage, struct.error):
        return None


def refuse_unless(fact, offset, text):
    if not fact:
        raise damaged("manifest", offset, text)


def check_envelope(data):
    """The parts that every version has; returns version and size."""
    refuse_unless(len(data) >= 192, 0, "it is too short")
    checksum, magic, version, size = struct.unpack_from("<Q8sII", data)
    refuse_unless(magic == b"LOGSTORM", 8, "its magic is wrong")
    refuse_unless(192 <= size <= len(data), 20, "its size is wrong")
    refuse_unless(checksum == xxh3_64(data[8:size]), 0,
                  "its checksum is wrong")
    if version not in (1, 2, 3):
        raise Damage(f"manifest: format version {version} isn't known")
    refuse_unless(version == 1 or size >= 256, 20, "its size is wrong")
    refuse_unless(len(data) % PAGE == 0 and len(data) <= FILE_SIZE_MAX and
                  not any(data[size:]), size, "its padding is wrong")
    return version, size


def decode_voids(data, at, count, next_sequence):
    voids = list(struct.iter_unpack("<QQ", data[at:at + 16 * count]))
    refuse_unless(len(voids) == count, 20, "its size is wrong")
    last = 0
    for index, (first, end) in enumerate(voids):
        refuse_unless(last < first <= end < next_sequence, at + 16 * index,
                      "its void ranges don't ascend")
        last = end
    return voids


def decode_manifest(data):
    version, size = check_envelope(data)
    (_, _, _, _, database_id, secret, segment_size, file_segments, size_max,
     shards, files, flags, next_table, generation, watermark, moving,
     next_sequence, next_moving, next_segment_sequence, next_lsn, clock_us,
     segment, offset, segment_sequence, newest, newest_sum, before,
     before_sum, user_voids, moving_voids) = HEADER_1.unpack_from(data)
    user_horizon = moving_horizon = segment_horizon = tail_count = 0
    if version > 1:
        user_horizon, moving_horizon, segment_horizon, tail_count, zeros = \
            HEADER_2.unpack_from(data, 192)
        refuse_unless(not any(zeros), 220, "reserved bytes are set")
    refuse_unless(database_id != 0, 24, "its database id is 0")
    refuse_unless(segment_size in (4096 << i for i in range(9)), 40,
                  "its segment size is wrong")
    refuse_unless(1 <= file_segments <= 65536, 44,
                  "its number of segments is wrong")
    refuse_unless(size_max == 0 or size_max >= 8 * segment_size, 48,
                  "its limit is impossible")
    refuse_unless(shards == 1, 56, "its number of shards is wrong")
    refuse_unless(flags & ~(CLEAN if version == 1 else
                            CLEAN | FORGOTTEN) == 0, 64,
                  "its flags are wrong")
    refuse_unless(newest > before or newest == before == 0, 152,
                  "its checkpoints don't descend")
    refuse_unless((newest or not newest_sum) and (before or not before_sum) and
                  (version > 1 or not newest), 152,
                  "its checkpoints are impossible")
    refuse_unless(next_sequence > watermark and next_moving > moving and
                  next_segment_sequence > segment_sequence and
                  next_lsn > 0 and next_table > 0, 96,
                  "its next numbers are wrong")
    refuse_unless(max(next_sequence, next_moving, next_segment_sequence,
                      next_lsn, generation, newest) <= NUMBER_MAX, 96,
                  "its numbers come to an end")
    refuse_unless(offset <= segment_size and offset % PAGE == 0 and
                  bool(offset) == bool(segment_sequence) and
                  (version == 1 or offset or not segment), 136,
                  "the place where the log goes on is wrong")
    refuse_unless(user_horizon <= watermark and moving_horizon <= moving and
                  segment_horizon <= next_segment_sequence, 192,
                  "its horizon is impossible")
    refuse_unless(flags & CLEAN or not tail_count, 216,
                  "a tail without an orderly close")
    header_size = 192 if version == 1 else 256
    tail_at = header_size + 16 * (user_voids + moving_voids)
    refuse_unless(size == tail_at + 4 * tail_count, 20, "its size is wrong")
    tail = [number for number, in
            struct.iter_unpack("<I", data[tail_at:size])]
    refuse_unless(tail == sorted(set(tail)), tail_at,
                  "its tail doesn't ascend")
    return Manifest(
        version, database_id, secret, segment_size, file_segments, files,
        flags, {USER: watermark, MOVING: moving}, generation, next_lsn,
        segment, offset, clock_us,
        [(newest, newest_sum), (before, before_sum)],
        {USER: user_horizon, MOVING: moving_horizon},
        {USER: decode_voids(data, header_size, user_voids, next_sequence),
         MOVING: decode_voids(data, header_size + 16 * user_voids,
                              moving_voids, next_moving)}, tail)


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
