#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real kernel and real file systems, misbehaving: io_uring refused,
transfers cut short, EIO, a full file system, a file system that dies.

    real.py SHELL REFUSE BAD_DISK CRASH_DISK

What needs root or a loop device is skipped, by name, where it can't be had.
"""

import contextlib
import errno
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "shell"))
from support import Shell, Skip, expect, run_cases  # noqa: E402

CREATE = ("CREATE KEYSPACE ks; USE ks;"
          "CREATE TABLE t (k int PRIMARY KEY, v text);\n")
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2
ROUNDS = int(os.environ.get("ROUNDS", "12"))


def value_of(key, size=100):
    return f"{key}:" + "x" * size


def insert(key, size=100):
    return f"INSERT INTO t (k, v) VALUES ({key}, '{value_of(key, size)}');\n"


def rows(shell, path):
    """{key: value}."""
    status, out, errors = shell.run("--format", "csv", "-k", "ks", "-e",
                                    "SELECT k, v FROM t", path)
    expect((status, out, errors), status=0, errors="")
    return dict((int(key), value) for key, value in
                (line.split(",") for line in out.splitlines()[1:]))


# ---- io_uring refused ----

def refused(number):
    def run(context, folder):
        path = os.path.join(folder, "a.db")
        prefix = [context.refuse, str(number)]
        script = CREATE + "".join(insert(key) for key in range(500))
        result = context.shell.run(path, script=script, prefix=prefix)
        if result[0] == 125:
            raise Skip("the kernel has no seccomp filters")
        expect(result, status=0, out="", errors="")
        assert len(rows(context.shell, path)) == 500
        # And the other way round: written with the ring, read without.
        expect(context.shell.run(path, script="USE ks;" + insert(1000)),
               status=0, errors="")
        status, out, errors = context.shell.run(
            "-k", "ks", "--format", "csv", "-e", "SELECT count(*) FROM t",
            path, prefix=prefix)
        expect((status, out, errors), status=0, errors="")
        assert out.split()[1] == "501", out
    return run


def a_kernel_without_io_uring_is_no_hindrance(context, folder):
    refused(errno.ENOSYS)(context, folder)


def nor_is_one_that_forbids_it(context, folder):
    refused(errno.EPERM)(context, folder)


# ---- a disk that misbehaves, below pread and pwrite ----

def with_bad_disk(context, path, script, **how):
    if context.bad_disk is None:
        raise Skip("not with a sanitizer, which must be loaded first")
    # The loader takes a blank for the end of a name.
    preloaded = shutil.copy(context.bad_disk, os.path.dirname(path))
    environment = dict(os.environ, LD_PRELOAD=preloaded,
                       BAD_DISK_FILES=".segments")
    for name, number in how.items():
        environment["BAD_DISK_" + name.upper()] = str(number)
    done = subprocess.run(
        [context.refuse, str(errno.ENOSYS), context.shell.program,
         "--format", "csv", path], input=script.encode(),
        capture_output=True, timeout=120, check=False, env=environment)
    if done.returncode == 125:
        raise Skip("the kernel has no seccomp filters")
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def short_reads_and_writes_are_continued(context, folder):
    for seed in (1, 2, 3):
        path = os.path.join(folder, f"{seed}.db")
        script = CREATE + "".join(insert(key, key * 7)
                                  for key in range(800))
        expect(with_bad_disk(context, path, script, short=seed), status=0,
               errors="")
        expected = {key: value_of(key, key * 7) for key in range(800)}
        assert rows(context.shell, path) == expected
        status, out, errors = with_bad_disk(
            context, path, "SELECT k, v FROM ks.t;\n", short=seed)
        expect((status, out, errors), status=0, errors="")
        assert len(out.splitlines()) == 801


def acknowledged(out):
    """Every row is followed by a SELECT that acknowledges it."""
    return {int(line) for line in out.splitlines() if line.isdigit()}


def ask(key):
    return insert(key, 2000) + f"SELECT k FROM t WHERE k = {key};\n"


def a_failed_write_is_told_and_what_was_acknowledged_stays(context, folder):
    met = 0
    for number in range(1, 20):
        path = os.path.join(folder, f"{number}.db")
        script = CREATE + "".join(ask(key) for key in range(1000))
        status, out, errors = with_bad_disk(context, path, script,
                                            write=number)
        if status == 0:
            continue
        met += 1
        assert "Input/output error" in errors, errors
        if not acknowledged(out):
            continue
        found = rows(context.shell, path)
        lost = acknowledged(out) - found.keys()
        assert not lost, f"write {number}: lost {sorted(lost)}"
    assert met > 3, "the disk failed too seldom to prove anything"


def a_failed_sync_is_told_and_never_tried_again(context, folder):
    if context.bad_disk is None:
        raise Skip("not with a sanitizer, which must be loaded first")
    told = 0
    for number in range(1, 8):
        path = os.path.join(folder, f"{number}.db")
        script = CREATE + "".join(ask(key) for key in range(1000))
        status, out, errors = with_bad_disk(context, path, script,
                                            sync=number)
        assert "after a failed sync" not in errors, errors
        if "a sync failed" not in errors:
            continue
        assert status != 0 and "Input/output error" in errors, errors
        told += 1
        if acknowledged(out):
            found = rows(context.shell, path)
            assert acknowledged(out) <= found.keys(), errors
    assert told > 2, "the disk failed too seldom to prove anything"


def a_failed_read_is_an_error_and_no_answer(context, folder):
    path = os.path.join(folder, "a.db")
    script = CREATE + "".join(insert(key) for key in range(300))
    expect(context.shell.run(path, script=script), status=0, errors="")
    for number in (1, 2, 3):
        status, out, errors = with_bad_disk(
            context, path, "SELECT count(*) FROM ks.t; SELECT v FROM ks.t "
            "WHERE k = 7;\n", read=number)
        assert status != 0 or value_of(7) in out
        assert status == 0 or "Input/output error" in errors, errors
    assert len(rows(context.shell, path)) == 300


# ---- file systems of our own ----

def command(*words):
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip(f"{words[0]}: {done.stderr.decode().strip()}")
    return done.stdout.decode().strip()


def need_root():
    if os.geteuid() != 0:
        raise Skip("mounting needs root")


@contextlib.contextmanager
def mounted(folder, *how):
    need_root()
    place = os.path.join(folder, "mounted")
    os.makedirs(place, exist_ok=True)
    command("mount", *how, place)
    try:
        yield place
    finally:
        for _ in range(50):
            if subprocess.run(["umount", place], check=False,
                              capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def make_ext4(folder, megabytes):
    need_root()
    image = os.path.join(folder, "image")
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    command("mkfs.ext4", "-q", "-F", image)
    return image


def fill(context, path):
    """Inserts until the disk is full; how many rows were acknowledged."""
    key, taken = 0, 0
    while True:
        script = "" if key else CREATE
        script += "USE ks;" if key else ""
        script += "".join(insert(key + i, 1000) for i in range(2000))
        started = time.monotonic()
        status, _, errors = context.shell.run("--bail", path, script=script)
        taken = time.monotonic() - started
        if status != 0:
            assert "full" in errors, errors
            assert taken < 30, f"the error took {taken:.0f} s"
            return
        key += 2000
        assert key < 400000, "it never gets full"


def full_and_back(context, path):
    shell = context.shell
    fill(context, path)
    before = rows(shell, path)
    assert len(before) > 1000
    for key, value in before.items():
        assert value == value_of(key, 1000)
    # Full is full, at once, and reading and deleting go on.
    status, _, errors = shell.run("-k", "ks", "-e", insert(999999, 100000),
                                  path)
    assert status == 2 and "full" in errors, (status, errors)
    doomed = sorted(before)[::2]
    script = "USE ks;" + "".join(f"DELETE FROM t WHERE k = {key};\n"
                                 for key in doomed)
    expect(shell.run(path, script=script), status=0, errors="")
    after = rows(shell, path)
    assert after.keys() == before.keys() - set(doomed)
    # The room comes back by itself.
    script = "USE ks;" + "".join(insert(key, 1000)
                                 for key in doomed[:len(doomed) // 2])
    expect(shell.run(path, script=script), status=0, errors="")
    assert len(rows(shell, path)) == len(after) + len(doomed) // 2
    expect(shell.run("-e", "DROP TABLE ks.t; CREATE TABLE ks.t "
                     "(k int PRIMARY KEY, v text);", path), status=0,
           errors="")
    script = "USE ks;" + "".join(insert(key, 1000) for key in range(1000))
    expect(shell.run(path, script=script), status=0, errors="")
    assert len(rows(shell, path)) == 1000


def a_full_tmpfs_refuses_rows_and_takes_deletions(context, folder):
    with mounted(folder, "-t", "tmpfs", "-o", "size=24m", "tmpfs") as place:
        full_and_back(context, os.path.join(place, "a.db"))


def compacting_on_a_full_tmpfs_leaves_room_for_deletions(context, folder):
    """Only checkpoints win back there what COMPACT takes, and they need room,
    too."""
    shell = context.shell
    with mounted(folder, "-t", "tmpfs", "-o", "size=3m", "tmpfs") as place:
        path = os.path.join(place, "a.db")
        expect(shell.run("--segment-size", "64K", "--file-segments", "4", path,
                         script=CREATE), status=0, errors="")
        script = "USE ks;" + "".join(insert(key, 1000) for key in range(4000))
        status, _, errors = shell.run("--checkpoint-size", "256K", path,
                                      script=script)
        assert status == 2 and "full" in errors, (status, errors)
        expect(shell.run("-e", "COMPACT", path), status=0, errors="")
        script = "USE ks;" + "".join(f"DELETE FROM t WHERE k = {key};\n"
                                     for key in range(4000))
        expect(shell.run(path, script=script), status=0, errors="")
        script = "USE ks;" + insert(1, 1000)
        expect(shell.run(path, script=script), status=0, errors="")
        assert rows(shell, path).keys() == {1}


def storage_of(shell, path):
    status, out, errors = shell.run("--format", "json", "-e", "SHOW STORAGE",
                                    path)
    assert status == 0, errors
    return json.loads(out)


def fill_with(shell, path, size, megabytes):
    count = int(megabytes * 1.2 * (1 << 20) / size)
    script = CREATE + "USE ks;" + "".join(insert(key, size)
                                          for key in range(count))
    status, _, errors = shell.run("--bail", path, script=script)
    assert status == 2 and "disk full" in errors, (status, errors)


def fill_and_empty(context, folder, megabytes, size, compacts):
    """Statements that free room do, and then there is room."""
    shell = context.shell
    with mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m",
                 "tmpfs") as place:
        path = os.path.join(place, "a.db")
        fill_with(shell, path, size, megabytes)
        before = storage_of(shell, path)
        # Beside the rows: checkpoints of which three have room.
        full = before["keys"] * (size + 44 + 3 * 40) + (5 << 20)
        assert full > 0.7 * (megabytes << 20), f"full too early: {before}"
        for _ in range(compacts):
            expect(shell.run("-e", "COMPACT", path), status=0, errors="")
        left = storage_of(shell, path)["segments_free"]
        assert left >= min(3, before["segments_free"]), f"{left} are left"
        for statement in ("DELETE FROM ks.t WHERE k = 5",
                          "TRUNCATE ks.t", "DROP TABLE ks.t"):
            expect(shell.run("-e", statement, path), status=0, errors="")
        script = "USE ks; CREATE TABLE t (k int PRIMARY KEY, v text);"
        script += "".join(insert(key, size)
                          for key in range(before["keys"] // 2))
        expect(shell.run(path, script=script), status=0, errors="")
        assert len(rows(shell, path)) == before["keys"] // 2
        expect(shell.run("-e", "CHECK", path), status=0, errors="")


def whatever_frees_room_works_on_a_full_tmpfs(context, folder):
    cases = [(16, 2000, 1), (16, 50, 0)] if ROUNDS <= 12 else [
        (megabytes, size, compacts) for megabytes in (10, 16, 24, 40, 64)
        for size in (50, 300, 2000, 5000) for compacts in (0, 1, 2)]
    for megabytes, size, compacts in cases:
        try:
            fill_and_empty(context, folder, megabytes, size, compacts)
        except AssertionError as error:
            raise AssertionError(f"{megabytes} MiB, rows of {size} bytes, "
                                 f"{compacts} COMPACT: {error}") from error


def a_full_ext4_refuses_rows_and_takes_deletions(context, folder):
    image = make_ext4(folder, 32)
    with mounted(folder, "-o", "loop", image) as place:
        full_and_back(context, os.path.join(place, "a.db"))


class Life:
    """A table's keys and what each may hold, over many crashes."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.state = {}
        self.lost = 0
        self.found = 0

    def look(self, shell, path):
        """A key holds what was acknowledged last, or something newer."""
        found = rows(shell, path)
        for key, value in found.items():
            assert value in self.state.get(key, ()), f"row {key} is wrong"
        for key, values in self.state.items():
            self.lost += key not in found and None not in values
        self.found += len(found)
        self.state = {key: {value} for key, value in found.items()}

    def write(self, shell, path, crash, *options):
        """Writes until ${crash} is called in the middle of it."""
        sent, out = {}, b""
        with subprocess.Popen(
                [shell.program, "--format", "csv", *options, path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL) as process:
            script = "" if self.state else CREATE
            script += "USE ks;\n"
            for key in self.dice.sample(range(3000), 800):
                size = self.dice.choice((10, 200, 3000))
                sent[key] = value_of(key, size)
                script += insert(key, size)
                script += f"SELECT k FROM t WHERE k = {key};\n"
            feeder = threading.Thread(target=feed, args=(process, script))
            feeder.start()
            limit = self.dice.randrange(20, 600)
            while out.count(b"\n") < 2 * limit:
                line = process.stdout.readline()
                if not line:
                    break
                out += line
            crash()
            process.kill()
            process.wait()
            feeder.join()
        sure = acknowledged(out.decode())
        for key, value in sent.items():
            if key in sure:
                self.state[key] = {value}
            else:
                self.state.setdefault(key, {None}).add(value)


def feed(process, script):
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(script.encode())
        process.stdin.close()


def shut_down(place):
    descriptor = os.open(place, os.O_RDONLY)
    fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN,
                struct.pack("I", WITHOUT_FLUSHING_THE_LOG))
    os.close(descriptor)


def a_file_system_that_dies_loses_nothing_acknowledged(context, folder):
    image = make_ext4(folder, 96)
    life = Life(7)
    for _ in range(ROUNDS):
        with mounted(folder, "-o", "loop", image) as place:
            path = os.path.join(place, "a.db")
            if life.state:
                life.look(context.shell, path)
            life.write(context.shell, path, lambda: shut_down(place))
    assert life.lost == 0, f"{life.lost} acknowledged rows are lost"
    assert life.found > 500


class CrashDisk:
    """A loop device on a disk that forgets what wasn't flushed."""

    def __init__(self, program, folder):
        need_root()
        if program == "none":
            raise Skip("there is no libfuse to build the disk with")
        self.place = os.path.join(folder, "disk")
        os.mkdir(self.place)
        self.process = subprocess.Popen([program, "-s", "-f", self.place],
                                        stderr=subprocess.DEVNULL)
        for _ in range(100):
            if os.path.exists(os.path.join(self.place, "disk")):
                break
            time.sleep(0.02)
        else:
            self.process.kill()
            raise Skip("FUSE can't be mounted here")
        self.device = None
        self.attach()
        command("mkfs.ext4", "-q", "-F", self.device)

    def attach(self):
        self.device = command("losetup", "-f", "--show", "--direct-io=on",
                              os.path.join(self.place, "disk"))

    def order(self, text):
        with open(os.path.join(self.place, "control"), "w",
                  encoding="utf-8") as control:
            control.write(text)

    def back(self):
        subprocess.run(["losetup", "-d", self.device], check=False)
        self.order("revive")
        self.attach()

    def end(self):
        subprocess.run(["losetup", "-d", self.device], check=False)
        subprocess.run(["umount", self.place], check=False)
        self.process.wait()


def cut_power(context, folder, rounds, *options):
    disk = CrashDisk(context.crash_disk, folder)
    life = Life(11)
    try:
        for number in range(rounds):
            with mounted(folder, disk.device) as place:
                path = os.path.join(place, "a.db")
                if life.state:
                    life.look(context.shell, path)
                life.write(context.shell, path,
                           lambda n=number: disk.order(f"cut {n}"), *options)
            disk.back()
    finally:
        disk.end()
    return life


def power_cuts_below_ext4_lose_nothing_acknowledged(context, folder):
    life = cut_power(context, folder, ROUNDS)
    assert life.lost == 0, f"{life.lost} acknowledged rows are lost"
    assert life.found > 500


def without_syncing_they_do(context, folder):
    """The test above can fail."""
    for number in range(24):  # a slow writer may lose nothing
        place = os.path.join(folder, str(number))
        os.mkdir(place)
        try:
            life = cut_power(context, place, ROUNDS, "--sync", "off")
        except AssertionError as error:
            # What was lost may be the database, or a newer version of a row.
            known = ("damaged", "missing", "is wrong", "no database in",
                     "does not exist")
            if any(text in str(error) for text in known):
                return
            raise
        if life.lost > 0:
            return
    raise AssertionError("nothing was lost without syncing")


class Context:
    def __init__(self, shell, refuse, bad_disk, crash_disk):
        self.shell = Shell(shell)
        self.refuse = os.path.abspath(refuse)
        self.bad_disk = None if bad_disk == "none" else \
            os.path.abspath(bad_disk)
        self.crash_disk = crash_disk


if __name__ == "__main__":
    run_cases([
        a_kernel_without_io_uring_is_no_hindrance,
        nor_is_one_that_forbids_it,
        short_reads_and_writes_are_continued,
        a_failed_write_is_told_and_what_was_acknowledged_stays,
        a_failed_sync_is_told_and_never_tried_again,
        a_failed_read_is_an_error_and_no_answer,
        a_full_tmpfs_refuses_rows_and_takes_deletions,
        compacting_on_a_full_tmpfs_leaves_room_for_deletions,
        whatever_frees_room_works_on_a_full_tmpfs,
        a_full_ext4_refuses_rows_and_takes_deletions,
        a_file_system_that_dies_loses_nothing_acknowledged,
        power_cuts_below_ext4_lose_nothing_acknowledged,
        without_syncing_they_do,
    ], Context(*sys.argv[1:5]))
