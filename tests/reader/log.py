# SPDX-License-Identifier: MIT
"""A database directory as docs/format.md describes it, up to the records
that count: what a checkpoint tells, recovery, versions.

Written from that page alone.  Where these files and the program disagree, one
of them or the page is wrong."""

import os

# Those that use a Log want these too.
from buffers import (BUFFER_HEADER, ENDS_BATCH, EXPIRING, PART,  # noqa: F401
                     ROW, TIE, TOMBSTONE, Buffer, Reader)
from checkpoint import Life, newest_checkpoint
from manifest import (MOVING, USER, Damage, damaged,  # noqa: F401
                      read_manifest, segment_files)
from murmur3 import token_of
from xxh3 import xxh3_64

REGISTRY, CATALOG, FREED, FIRST_TABLE = 1, 2, 3, 16


class Stream:
    """The buffers of one stream, and which of them count."""

    def __init__(self, log, number):
        manifest, checkpoint = log.manifest, log.checkpoint
        self.number = number
        self.voids = manifest.voids[number]
        self.start = checkpoint.starts[number] if checkpoint else 0
        self.base = max(self.start, manifest.horizon[number])
        self.watermark = max(self.start, manifest.watermarks[number])
        self.by_sequence = {}
        self.accepted = None   # the last write sequence that counts
        self.gapless = None    # up to it each counts or may be missing

    def is_void(self, sequence):
        return any(first <= sequence <= last for first, last in self.voids)

    def next_sequence(self, sequence, lives):
        """The first number behind ${sequence} that may not be missing."""
        sequence += 1
        before = None
        while before != sequence:
            before = sequence
            for first, last in self.voids:
                if first <= sequence <= last:
                    sequence = last + 1
            for life in lives:
                if life.first <= sequence <= life.last and \
                        sequence not in self.by_sequence:
                    sequence = life.last + 1
        return sequence

    def add(self, buffer):
        if not self.is_void(buffer.sequence):
            self.by_sequence.setdefault(buffer.sequence, []).append(buffer)

    def judge(self, log, lives):
        """Steps 5 and 6 of the page."""
        lives = [life for life in lives if life.stream == self.number]
        sequence = self.next_sequence(self.base, lives)
        accepted = self.watermark
        last = None
        while sequence in self.by_sequence:
            found = self.by_sequence[sequence]
            if len(found) > 1:
                raise damaged(found[1].name, found[1].at,
                              f"write sequence {sequence} stands there again")
            last = found[0]
            if sequence > self.watermark and last.ends_batch and \
                    last.part == last.parts - 1:
                accepted = sequence
            sequence = self.next_sequence(sequence, lives)
        if sequence <= self.watermark:
            raise log.missing(self, last, sequence)
        self.accepted = accepted
        self.gapless = sequence - 1

    def counted(self):
        return [found[0] for sequence, found in
                sorted(self.by_sequence.items()) if sequence <= self.accepted]


class Log:
    """What counts in a database, from a checkpoint or (where nothing was
    forgotten) from nothing."""

    def __init__(self, path, has_checksums=True, from_checkpoint=None):
        self.manifest = read_manifest(path)
        self.reader = Reader(self.manifest, has_checksums)
        self.names = segment_files(path, self.manifest)
        self.checkpoint = None
        if from_checkpoint is None:
            from_checkpoint = self.manifest.is_forgotten
        if from_checkpoint:
            self.checkpoint, reasons = newest_checkpoint(path, self.manifest)
            if self.checkpoint is None and self.manifest.is_forgotten:
                raise Damage("no usable checkpoint: " + "; ".join(reasons))
        self.check_size(path)
        self.clock_us = max(self.manifest.clock_us, self.checkpoint.clock_us
                            if self.checkpoint else 0)
        self.streams = {number: Stream(self, number)
                        for number in (USER, MOVING)}
        self.lives = {}        # of each segment: the sequence that counts
        self.parts = {}        # by segment, for records of runs
        self.headless = None   # a place that doesn't begin with a buffer
        for number, name in enumerate(self.names):
            is_last = number == len(self.names) - 1
            for segment in self.reader.segments_of_file(path, number, name,
                                                        is_last):
                self.see_segment(*segment)
        self.judge()
        self.buffers = [buffer for number in (USER, MOVING)
                        for buffer in self.streams[number].counted()
                        if buffer.sequence > self.streams[number].start]
        self.buffers.sort(key=lambda buffer: buffer.stream)

    @property
    def watermark(self):
        return self.streams[USER].watermark

    def check_size(self, path):
        manifest = self.manifest
        sizes = [os.stat(os.path.join(path, name)).st_size
                 for name in self.names]
        whole = sum(size // manifest.segment_size for size in sizes)
        needed = max(manifest.segment + bool(manifest.offset),
                     len(self.checkpoint.places) if self.checkpoint else 0,
                     manifest.tail[-1] + 1 if manifest.tail else 0)
        if needed > whole:
            name, size = (self.names or ["the log"])[-1], (sizes or [0])[-1]
            end = size // manifest.segment_size * manifest.segment_size
            raise damaged(name, end, "it ends there, and segment "
                          f"{needed - 1} must be there")

    def see_segment(self, segment, buffers, is_begun, life_named):
        if is_begun and self.headless is None and \
                (not buffers or buffers[0].offset > 0):
            self.headless = segment
        for buffer in buffers:
            for number, stream in self.streams.items():
                stream.watermark = max(stream.watermark,
                                       buffer.watermarks[number])
            self.clock_us = max(self.clock_us, buffer.clock_us)
        life = self.find_life(segment, buffers, life_named)
        if life:
            self.lives[segment] = life
        for buffer in buffers:
            if buffer.segment_sequence == life:
                self.streams[buffer.stream].add(buffer)
                if buffer.kind == PART:
                    self.parts[segment] = buffer

    def find_life(self, segment, buffers, life_named):
        """The life whose buffers count, or 0."""
        if buffers and buffers[0].offset == 0:
            return buffers[0].segment_sequence
        places = self.checkpoint.places if self.checkpoint else []
        if segment < len(places) and not places[segment].is_free and \
                places[segment].sequence == life_named:
            return life_named
        return max((buffer.segment_sequence for buffer in buffers), default=0)

    # ---- judging ----

    def freed_lives(self):
        """From the checkpoint, and from rows of buffers that count, or may,
        where what was moved until then does."""
        lives = list(self.checkpoint.freed) if self.checkpoint else []
        gapless = self.streams[MOVING].gapless
        for stream in self.streams.values():
            for sequence, found in stream.by_sequence.items():
                if stream.accepted is None or sequence <= stream.accepted:
                    lives += [life for buffer in found
                              for life in self.rows_of_freed(buffer, stream)
                              if gapless is None or life.moving <= gapless]
        return lives

    def rows_of_freed(self, buffer, stream):
        if buffer.kind == PART:
            return
        try:
            for record in self.reader.records(buffer):
                if record.table == FREED:
                    yield decode_life(record)
        except Damage:
            # What doesn't count needn't make sense; the rest is looked at
            # again.
            if buffer.sequence <= stream.watermark:
                raise

    def judge(self):
        """Rows of table 3 count where their buffers do, and the buffers count
        only if rows explain what is missing before them."""
        before = None
        while before != self.ends():
            before = self.ends()
            lives = self.freed_lives()
            for stream in self.streams.values():
                stream.judge(self, lives)
            self.limit_moving()

    def ends(self):
        return [(stream.accepted, stream.gapless)
                for stream in self.streams.values()]

    def limit_moving(self):
        """Copies of what never happened didn't happen either."""
        lsn = max(self.manifest.next_lsn - 1,
                  self.checkpoint.lsn if self.checkpoint else 0,
                  *(buffer.lsn_max
                    for buffer in self.streams[USER].counted()), 0)
        moving = self.streams[MOVING]
        for buffer in moving.counted():
            if buffer.sequence > moving.watermark and \
                    any(record.lsn > lsn
                        for record in self.reader.records(buffer)):
                moving.accepted = moving.gapless = buffer.sequence - 1
                return

    def missing(self, stream, before, sequence):
        """The place to name: behind its predecessor when something stands
        there, else a place that doesn't begin with a buffer, else where the
        next segment begins."""
        segment = offset = 0
        if before:
            segment, offset = before.segment, before.end
            if not before.is_followed:
                segment = segment + 1 if self.headless is None else \
                    self.headless
                offset = 0
        number, place = divmod(segment, self.manifest.file_segments)
        return damaged(f"00-{number:06}.segments",
                       place * self.manifest.segment_size + offset,
                       f"the buffer with write sequence {sequence} of stream "
                       f"{stream.number} should stand there")

    # ---- records ----

    def whole_buffers(self):
        """Those that count; of a run, the first part with all of it."""
        for buffer in self.buffers:
            if buffer.kind != PART:
                yield buffer
            elif buffer.part == 0:
                run = self.run_at(buffer)
                if run is not None:
                    yield run
                elif not self.is_freed(buffer):
                    raise damaged(buffer.name, buffer.at,
                                  "a run's other parts are missing")

    def run_at(self, first):
        parts = [self.parts.get(first.segment + i)
                 for i in range(first.parts)]
        for index, part in enumerate(parts):
            if part is None or (part.part, part.parts, part.sequence,
                                part.segment_sequence) != \
                    (index, first.parts, first.sequence + index,
                     first.segment_sequence + index):
                return None
        return self.reader.joined(parts)

    def is_freed(self, first):
        """Of a run; a row for any part's life says it of all of them."""
        stream = self.streams[first.stream]
        return first.sequence <= stream.base or \
            any(0 <= life.sequence - first.segment_sequence < first.parts
                for life in self.freed_lives())

    def records(self):
        for buffer in self.whole_buffers():
            yield from self.reader.records(buffer)

    def record_of(self, entry, path):
        """What a checkpoint's entry leads to, or None when it is stale."""
        places = self.checkpoint.places
        size, name, at = self.place_of(entry.segment)
        parts = max(1, -(-entry.size // (size - BUFFER_HEADER)))
        if entry.offset + entry.size <= size:
            parts = 1
        for segment in range(entry.segment, entry.segment + parts):
            if segment >= len(places) or places[segment].is_free or \
                    self.lives.get(segment) != places[segment].sequence:
                return None
        with open(os.path.join(path, name), "rb") as file:
            file.seek(at)
            data = file.read(size * parts)
        data = data[:size] + b"".join(
            data[size * i + BUFFER_HEADER:size * (i + 1)]
            for i in range(1, parts))
        buffer = Buffer(name, at, 0, USER, 0, parts, entry.segment, 0,
                        places[entry.segment].sequence, 0, 0, {}, 0, False, 0,
                        0, data[:entry.offset + entry.size], False)
        record, found = self.reader.record_at(buffer, entry.offset)
        if found != entry.size or record.timestamp != entry.timestamp or \
                record.table != entry.table or \
                (token_of(record.key), xxh3_64(
                    record.key, self.manifest.secret)) != \
                (entry.token, entry.fingerprint):
            raise Damage(f"{record.place}: another record stands there")
        return record

    def place_of(self, segment):
        number, place = divmod(segment, self.manifest.file_segments)
        size = self.manifest.segment_size
        return size, f"00-{number:06}.segments", place * size


def decode_life(record):
    if not record.flags & ROW or len(record.key) != 8 or \
            len(record.value) not in (24, 32):
        raise Damage(f"{record.place}: a row of table 3 makes no sense")
    return Life(int.from_bytes(record.key, "little"),
                int.from_bytes(record.value[4:8], "little"),
                int.from_bytes(record.value[8:16], "little"),
                int.from_bytes(record.value[16:24], "little"),
                int.from_bytes(record.value[24:], "little"))


# ---- versions ----

class Tables:
    """Of each table and key, the version that counts."""

    def __init__(self, log, path):
        self.newest = {}
        self.dropped = set()
        self.created = set()
        for record in log.records():
            if record.table == REGISTRY:
                self.register(record)
            self.keep(record)
        if log.checkpoint:
            self.created |= set(log.checkpoint.tables)
            self.load(log, path)
        known = self.created | self.dropped | {REGISTRY, CATALOG, FREED}
        for table in sorted(self.newest.keys() - known):
            raise Damage(f"records of table {table}, which the registry "
                         "doesn't know")

    def register(self, record):
        table = int.from_bytes(record.key, "little")
        value = record.value
        if not record.flags & ROW or len(record.key) != 4 or \
                table < FIRST_TABLE or \
                value not in (b"\1\1\0\0", b"\1\1\1\0", b"\1\2\0\0"):
            raise Damage(f"{record.place}: a row of the registry makes no "
                         "sense")
        (self.created if value[1] == 1 else self.dropped).add(table)

    def keep(self, record):
        rows = self.newest.setdefault(record.table, {})
        old = rows.get(record.key)
        if old is None or order(record) > order(old):
            rows[record.key] = record

    def load(self, log, path):
        """Entries of keys that no replayed record has."""
        replayed = {(table, token_of(key),
                     xxh3_64(key, log.manifest.secret))
                    for table, rows in self.newest.items() for key in rows}
        for entry in log.checkpoint.entries:
            if (entry.table, entry.token, entry.fingerprint) in replayed or \
                    entry.is_tombstone or not self.is_live(entry.table):
                continue
            record = log.record_of(entry, path)
            if record is not None:
                self.newest.setdefault(entry.table, {})[record.key] = record
            elif not entry.seconds or \
                    log.clock_us < entry.seconds * 10 ** 6:
                raise Damage(f"table {entry.table}: the row with token "
                             f"{entry.token} is gone from segment "
                             f"{entry.segment}")

    def is_live(self, table):
        return table == CATALOG or table >= FIRST_TABLE and \
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
