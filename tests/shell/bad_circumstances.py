#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad circumstances, as the shell's user meets them: each gets a clear error,
and nothing is lost or changed.

    bad_circumstances.py SHELL FORGE_VERSION
"""

import os
import re
import shutil
import subprocess
import sys
import time

from support import (Shell, Skip, assert_unchanged, expect, run_cases,
                     snapshot)


def segment_files(path):
    """The data files of a database: everything but manifests and lock."""
    return sorted(name for name in os.listdir(path)
                  if name not in ("manifest", "manifest.tmp", "lock"))


def refuses(shell, path, *holds, status=1):
    before = snapshot(path)
    result = shell.run("-e", "SELECT count(*) FROM ks.t", path)
    expect(result, status=status, out="", holds=holds)
    assert_unchanged(before, path)


def a_second_opener_is_told_who_has_the_database(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    with subprocess.Popen([shell.program, path], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as first:
        first.stdin.write(b"SELECT count(*) FROM ks.t;\n")
        first.stdin.flush()
        assert first.stdout.readline() != b"", "no answer to the first"
        try:
            refuses(shell, path, first.pid)
        finally:
            first.stdin.close()
            first.stdout.read()
    assert shell.count(path) == 20


def a_directory_that_is_no_database_is_left_alone(shell, _, folder):
    path = os.path.join(folder, "letters")
    os.mkdir(path)
    with open(os.path.join(path, "notes.txt"), "w",
              encoding="utf-8") as file:
        file.write("dear diary\n")
    refuses(shell, path, path)


def a_file_in_place_of_the_directory_is_refused(shell, _, folder):
    path = os.path.join(folder, "a.db")
    with open(path, "w", encoding="utf-8") as file:
        file.write("not a directory\n")
    expect(shell.run("-e", "SELECT 1", path), status=1, out="", holds=[path])
    with open(path, encoding="utf-8") as file:
        assert file.read() == "not a directory\n"


def a_parent_that_is_missing_is_refused(shell, _, folder):
    path = os.path.join(folder, "nowhere", "a.db")
    expect(shell.run("-e", "SELECT 1", path), status=1, out="", holds=[path])
    assert not os.path.exists(os.path.dirname(path))


def a_missing_data_file_is_named(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    for name in segment_files(path):
        copy = os.path.join(folder, "copy.db")
        shutil.copytree(path, copy)
        os.remove(os.path.join(copy, name))
        refuses(shell, copy, name)
        shutil.rmtree(copy)


def a_missing_manifest_is_no_new_database(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    os.remove(os.path.join(path, "manifest"))
    refuses(shell, path, path)


def a_data_file_of_another_database_is_named(shell, _, folder):
    path = os.path.join(folder, "a.db")
    other = os.path.join(folder, "b.db")
    shell.make(path)
    shell.make(other)
    name = segment_files(path)[0]
    shutil.copy(os.path.join(other, name), os.path.join(path, name))
    refuses(shell, path, name)


def an_empty_or_cut_data_file_is_named(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    name = segment_files(path)[0]
    for size in (0, 4096, 5000):
        copy = os.path.join(folder, f"{size}.db")
        shutil.copytree(path, copy)
        os.truncate(os.path.join(copy, name), size)
        refuses(shell, copy, name)


def what_is_no_file_neither_hangs_nor_passes(shell, _, folder):
    path, new = os.path.join(folder, "a.db"), os.path.join(folder, "new.db")
    shell.make(path)
    copy = os.path.join(folder, "copy.db")
    # A data file that isn't one is a loss, the manifest is none.
    for name, status in ((segment_files(path)[0], 2), ("manifest", 0)):
        for make in (os.mkfifo, os.mkdir,
                     lambda at: os.symlink("/dev/zero", at)):
            shutil.copytree(path, copy)
            os.remove(os.path.join(copy, name))
            make(os.path.join(copy, name))
            refuses(shell, copy, f"/{name}: it isn't a regular file")
            expect(shell.run("--readonly", copy, "-e", "CHECK"), status=1,
                   out="", holds=[f"/{name}: it isn't a regular file"])
            expect(shell.run("--salvage", copy, new), status=status,
                   holds=[f": {copy}/{name}: it isn't a regular file"])
            shutil.rmtree(new)
            shutil.rmtree(copy)


def a_newer_format_version_is_refused_by_its_number(shell, forge, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    subprocess.run([forge, os.path.join(path, "manifest")], check=True)
    refuses(shell, path, "version 4")


def a_damaged_manifest_is_named(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    name = os.path.join(path, "manifest")
    with open(name, "rb") as file:
        content = bytearray(file.read())
    for offset in (0, 9, 25, 60, 90, 140):
        damaged = bytearray(content)
        damaged[offset] ^= 0x10
        with open(name, "wb") as file:
            file.write(damaged)
        refuses(shell, path, "manifest")


def a_hint_is_a_command_that_can_be_pasted(shell, _, folder):
    for number, name in enumerate(("a b", "it's $HOME", "-e", "plain")):
        path = os.path.join(folder, name)
        shell.make(path)
        with open(os.path.join(path, "manifest"), "wb") as file:
            file.write(b"x" * 4096)
        status, _, errors = shell.run("-e", "SELECT 1", "--", name,
                                      cwd=folder)
        assert status == 1, errors
        found = re.search(r"^  hint: (logstor --salvage .* NEW) saves",
                          errors, re.M)
        assert found, errors
        done = subprocess.run(
            ["sh", "-c", f'logstor() {{ "$PROGRAM" "$@"; }}; NEW=new{number}; '
             + found[1].replace("NEW", '"$NEW"')], cwd=folder, timeout=60,
            env=dict(os.environ, PROGRAM=shell.program), check=False,
            capture_output=True)
        assert done.returncode == 0, (found[1], done)
        assert shell.count(os.path.join(folder, f"new{number}")) == 20


def a_long_path_leaves_room_for_the_reason(shell, _, folder):
    path = folder + "/deep" * 700
    expect(shell.run("-e", "SELECT 1", path), status=1, out="",
           holds=["deep/deep: No such file or directory"])
    expect(shell.run("--salvage", path, folder + "/new"), status=1, out="",
           holds=["cannot salvage " + path, "No such file or directory"])
    expect(shell.run("-f", path), status=1, out="",
           holds=["cannot read " + path + ": No such file or directory"])


def a_damaged_record_is_named_by_file_and_offset(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    name = segment_files(path)[0]
    full = os.path.join(path, name)
    with open(full, "rb") as file:
        content = bytearray(file.read())
    at = content.index(b"value-3")
    content[at] ^= 0x01
    with open(full, "wb") as file:
        file.write(content)
    before = snapshot(path)
    status, out, errors = shell.run("-e", "SELECT count(*) FROM ks.t", path)
    expect((status, out, errors), status=1, out="", holds=[name])
    assert_unchanged(before, path)
    offsets = [int(word) for word in
               errors.replace(",", " ").replace(":", " ").split()
               if word.isdigit()]
    assert any(at - 131072 <= offset <= at for offset in offsets), \
        f"no offset at or before {at} in {errors!a}"


def every_flipped_bit_of_the_data_is_noticed(shell, _, folder):
    """Some sixty bytes of what was written, one at a time: an error that
    names the file, or the very same rows (a byte that nothing depends on)."""
    path = os.path.join(folder, "a.db")
    copy = os.path.join(folder, "copy.db")
    shell.make(path)
    name = segment_files(path)[0]
    with open(os.path.join(path, name), "rb") as file:
        content = file.read()
    used = len(content.rstrip(b"\0"))
    query = ("--format", "csv", "-e", "SELECT * FROM ks.t", copy)
    shutil.copytree(path, copy)
    good = shell.run(*query)
    noticed = 0
    for offset in range(5, used, max(97, used // 60)):
        shutil.rmtree(copy)
        shutil.copytree(path, copy)
        with open(os.path.join(copy, name), "r+b") as file:
            file.seek(offset)
            file.write(bytes([content[offset] ^ 0x40]))
        result = shell.run(*query)
        if result != good:
            expect(result, status=1, out="", holds=[name])
            noticed += 1
    assert noticed > 0, "no damage was noticed at all"


def as_nobody():
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not installed")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def a_directory_without_permission_says_so(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    prefix = as_nobody()
    program = os.path.join(folder, "logstor")
    shutil.copy(shell.program, program)
    if not prefix:
        os.chmod(path, 0)
    try:
        result = Shell(program).run("-e", "SELECT * FROM ks.t", path,
                                    prefix=prefix)
        expect(result, status=1, out="", holds=["ermission denied", path])
    finally:
        os.chmod(path, 0o700)
    assert shell.count(path) == 20


def a_parent_without_permission_says_so(shell, _, folder):
    prefix = as_nobody()
    parent = os.path.join(folder, "locked")
    os.mkdir(parent, 0o755)
    program = os.path.join(folder, "logstor")
    shutil.copy(shell.program, program)
    if not prefix:
        os.chmod(parent, 0o500)
    path = os.path.join(parent, "a.db")
    result = Shell(program).run("-e", "SELECT 1", path, prefix=prefix)
    os.chmod(parent, 0o755)
    expect(result, status=1, out="", holds=["ermission denied"])


def database_files_are_private(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    assert os.stat(path).st_mode & 0o777 == 0o700
    for name in os.listdir(path):
        mode = os.stat(os.path.join(path, name)).st_mode & 0o777
        assert mode == 0o600, f"{name} has mode {mode:o}"


def fill(shell, path, prefix=()):
    """Writes until it fails; reads must go on in the same session. Returns
    how many rows that shell then counted."""
    body = "x" * 20000
    script = "CREATE KEYSPACE ks; USE ks;" \
        "CREATE TABLE t (k int PRIMARY KEY, v text);\n"
    for key in range(6000):
        script += f"INSERT INTO t (k, v) VALUES ({key}, '{body}');\n"
        if key % 50 == 0:
            script += "SELECT v FROM t WHERE k = -1;\n"
    script += "SELECT count(*) AS counted FROM t;\n"
    status, out, errors = shell.run("--format", "csv", path, script=script,
                                    prefix=prefix)
    assert status == 2, f"exit status {status}: {errors[:500]}"
    lines = out.split()
    return int(lines[lines.index("counted") + 1]), errors


def is_whole(shell, path):
    status, out, errors = shell.run("--format", "csv", "-e",
                                    "SELECT v FROM ks.t", path)
    expect((status, "", errors), status=0)
    bodies = out.split()[1:]
    assert all(body == "x" * 20000 for body in bodies), "a torn row"
    return len(bodies)


def a_full_disk_is_an_error_that_loses_nothing(shell, _, folder):
    if os.geteuid() != 0:
        raise Skip("only root can mount a small disk")
    mounted = os.path.join(folder, "small")
    os.mkdir(mounted)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48M", "tmpfs",
                           mounted], capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("mounting a tmpfs is not allowed here")
    try:
        path = os.path.join(mounted, "a.db")
        counted, errors = fill(shell, path)
        assert "space" in errors or "full" in errors, errors[:500]
        assert counted > 500, f"only {counted} rows fit"
        found = is_whole(shell, path)
        assert found >= counted, f"{found} rows left of {counted}"
        expect(shell.run("-k", "ks", "-e", "DELETE FROM t WHERE k = 1", path),
               status=0, errors="")
        assert is_whole(shell, path) == found - 1
    finally:
        subprocess.run(["umount", mounted], check=False)


def a_file_size_limit_is_an_error_that_loses_nothing(shell, _, folder):
    """RLIMIT_FSIZE also sends SIGXFSZ, which would end the process."""
    path = os.path.join(folder, "a.db")
    counted, errors = fill(shell, path,
                           prefix=("prlimit", "--fsize=10000000"))
    assert errors.strip(), "no error was printed"
    assert counted > 100, f"only {counted} rows fit"
    assert is_whole(shell, path) >= counted


def a_tiny_file_size_limit_is_an_error_too(shell, _, folder):
    path = os.path.join(folder, "a.db")
    result = shell.run("-e", "CREATE KEYSPACE ks", path,
                       prefix=("prlimit", "--fsize=8192"))
    expect(result, status=2, out="", holds=["File too large"])
    expect(shell.run("-e", "CREATE KEYSPACE IF NOT EXISTS ks", path),
           status=0, errors="")


def a_row_too_large_is_refused_before_anything_is_written(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    before = snapshot(path)
    script = "INSERT INTO ks.t (k, v) VALUES (1, '" + "x" * (16 << 20) + \
        "');\n"
    expect(shell.run(path, script=script), status=2, out="",
           holds=["InvalidRequest", "large"])
    after = snapshot(path)
    for name in segment_files(path):
        assert before[name] == after[name], f"{name} was written"
    status, out, errors = shell.run(
        "--format", "csv", "-e", "SELECT v FROM ks.t WHERE k = 1", path)
    expect((status, out, errors), status=0, out="v\nvalue-1\n", errors="")


def read_only_changes_nothing(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    before = snapshot(path)
    expect(shell.run("--readonly", "-e", "SELECT count(*) FROM ks.t", path),
           status=0, errors="")
    expect(shell.run("--readonly", "-e",
                     "INSERT INTO ks.t (k, v) VALUES (1, 'no')", path),
           status=2, out="")
    assert_unchanged(before, path)
    missing = os.path.join(folder, "missing.db")
    expect(shell.run("--readonly", "-e", "SELECT 1", missing), status=1)
    assert not os.path.exists(missing)


def a_row_expires(shell, _, folder):
    path = os.path.join(folder, "a.db")
    shell.make(path)
    expect(shell.run("-k", "ks", "-e",
                     "INSERT INTO t (k, v) VALUES (100, 'gone soon') "
                     "USING TTL 2", path), status=0, errors="")
    assert shell.count(path) == 21, "gone at once"
    time.sleep(3.1)
    assert shell.count(path) == 20, "still there after its time"
    query = ("--format", "csv", "-e", "SELECT v FROM ks.t WHERE k = 100",
             path)
    expect(shell.run(*query), status=0, out="v\n", errors="")


CASES = [
    a_second_opener_is_told_who_has_the_database,
    a_directory_that_is_no_database_is_left_alone,
    a_file_in_place_of_the_directory_is_refused,
    a_parent_that_is_missing_is_refused,
    a_missing_data_file_is_named,
    a_missing_manifest_is_no_new_database,
    a_data_file_of_another_database_is_named,
    an_empty_or_cut_data_file_is_named,
    what_is_no_file_neither_hangs_nor_passes,
    a_newer_format_version_is_refused_by_its_number,
    a_damaged_manifest_is_named,
    a_hint_is_a_command_that_can_be_pasted,
    a_long_path_leaves_room_for_the_reason,
    a_damaged_record_is_named_by_file_and_offset,
    every_flipped_bit_of_the_data_is_noticed,
    a_directory_without_permission_says_so,
    a_parent_without_permission_says_so,
    database_files_are_private,
    a_full_disk_is_an_error_that_loses_nothing,
    a_file_size_limit_is_an_error_that_loses_nothing,
    a_tiny_file_size_limit_is_an_error_too,
    a_row_too_large_is_refused_before_anything_is_written,
    read_only_changes_nothing,
    a_row_expires,
]

if __name__ == "__main__":
    run_cases(CASES, Shell(sys.argv[1]), os.path.abspath(sys.argv[2]))
