#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SHOW STORAGE in its forms, CHECK and COMPACT, and the options that say how a
database is kept.

    upkeep.py SHELL
"""

import json
import os
import re
import shutil
import signal
import subprocess

from harness import ROW, SCHEMA, expect, main, same

WANTED = """keys live_bytes dead_bytes disk_bytes segments segments_free
    user_bytes_written device_bytes_written write_amplification
    space_amplification index_bytes index_bytes_per_key cache_bytes cache_hits
    cache_misses compactions separator_flushes checkpoints
    recovery_ms""".split()


def storage_of(shell, *options, script=""):
    result = shell.run(*options, "--format", "json", "-f", "-",
                       script=script + "SHOW STORAGE;")
    expect(result, status=0, errors="")
    return json.loads(result[1].split("\n")[-2])


def as_json_it_is_one_object(shell, folder):
    path = os.path.join(folder, "a.db")
    facts = storage_of(shell, path, script=SCHEMA + ROW)
    for name in WANTED:
        assert isinstance(facts[name], (int, float)), name
    same(facts["keys"], 1)
    assert facts["user_bytes_written"] > 0, facts
    same(round(facts["write_amplification"], 6),
         round(facts["device_bytes_written"] / facts["user_bytes_written"],
               6))
    same(round(facts["space_amplification"], 6),
         round(facts["disk_bytes"] / facts["live_bytes"], 6))
    same(round(facts["index_bytes_per_key"], 6),
         round(facts["index_bytes"] / facts["keys"], 6))
    same(len(facts["mixed_by_live_share"]), 10)
    # Counts are since opening, what is there stays.
    facts = storage_of(shell, path, "--readonly")
    same((facts["keys"], facts["user_bytes_written"],
          facts["write_amplification"]), (1, 0, None))


def for_reading_it_is_a_list_and_a_chart(shell, _folder):
    for script in ("SHOW STORAGE;", "show storage\n", "Show Storage"):
        status, out, errors = shell.run(script=SCHEMA + ROW + script)
        expect((status, out, errors), status=0, errors="")
        for name in WANTED:
            assert re.search(rf"^ {name} +\| [0-9.]+( \(.*\))?$", out,
                             re.M), (name, out)
        same(len(re.findall(r"^ +\d+ - +\d+% \|", out, re.M)), 10)
        assert re.search(r"^   0 -  10% \| +1 \| +\d+ \| -{40}$", out,
                         re.M), out
        assert "by_live_share" not in out and "rows)" not in out, out
        assert all(len(line) < 80 for line in out.split("\n")), out


def in_other_forms_it_is_a_row(shell, _folder):
    status, out, errors = shell.run("--format", "csv",
                                    script="SHOW STORAGE;")
    expect((status, out, errors), status=0, errors="")
    same(len(out.split("\n")), 3)
    assert out.startswith("keys,"), out
    status, out, errors = shell.run("--format", "expanded",
                                    script="SHOW STORAGE;")
    expect((status, out, errors), status=0, errors="", holds=[])
    assert "@ Row 1" in out and "(1 rows)" in out, out


def compact_says_what_it_won(shell, folder):
    status, out, errors = shell.run(
        "--format", "json", os.path.join(folder, "a.db"),
        "-f", "-", script=SCHEMA + ROW * 100 + "COMPACT\nSELECT v FROM t;")
    expect((status, out, errors), status=0, errors="")
    row, answer, _ = out.split("\n")
    same(list(json.loads(row)), [
        "segments_before", "segments_after", "dead_bytes_before",
        "dead_bytes_after", "live_bytes", "moved_bytes", "disk_bytes"])
    same(answer, '{"v": "one"}')
    expect(shell.run("--readonly", os.path.join(folder, "a.db"), "-e",
                     "COMPACT"), status=2, out="", holds=["reading only"])


def damage(path, text):
    """Flips a bit of what is stored."""
    for name in sorted(os.listdir(path)):
        with open(os.path.join(path, name), "r+b") as file:
            at = file.read().find(text)
            if at >= 0:
                file.seek(at)
                file.write(bytes([text[0] ^ 1]))
                return name
    raise AssertionError(f"{text} isn't there")


def check_tells_by_the_exit_status(shell, folder):
    path = os.path.join(folder, "a.db")
    expect(shell.run(path, "-f", "-", script=SCHEMA + ROW), status=0)
    for options in ((), ("--readonly",)):
        for text in ("CHECK;", "check\n", "CHECK"):
            expect(shell.run("--format", "csv", *options, path, "-f", "-",
                             script=text),
                   status=0, out="file,offset,fault\n", errors="")


def check_finds_what_breaks_meanwhile(shell, folder):
    for options in ((), ("--bail",)):
        path = os.path.join(folder, f"{len(options)}.db")
        with subprocess.Popen(
                [shell.program, "--format", "json", *options, path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            process.stdin.write((SCHEMA + ROW + "SELECT v FROM t;").encode())
            process.stdin.flush()
            same(process.stdout.readline(), b'{"v": "one"}\n')
            name = damage(path, b"one")
            out, errors = process.communicate(
                b"CHECK; SELECT count(*) FROM t;", timeout=60)
        same((process.returncode, errors), (2, b""))
        lines = out.decode().split("\n")
        fault = json.loads(lines[0])
        same(list(fault), ["file", "offset", "fault"])
        same(fault["file"], name)
        assert fault["offset"] >= 0 and fault["fault"], fault
        # Faults are no reason to go on, with --bail.
        same('"count"' in out.decode(), not options)


def salvage_says_what_it_saved_and_lost(shell, folder):
    old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
    rows = "".join(f"INSERT INTO t (k, v) VALUES ({k}, 'value-{k}.');"
                   for k in range(100))
    expect(shell.run(old, "-f", "-", script=SCHEMA + rows), status=0)
    expect(shell.run("--salvage", old, new), status=0, errors="",
           out="ks.t: 100 rows\nsaved 100 rows of 1 table, 1.7 KiB of keys "
           f"and values, in {new}; nothing is lost\n")
    expect(shell.run("--salvage", old, new), status=1, out="",
           holds=["cannot salvage", "is not empty"])
    damage(old, b"value-77.")
    # It doesn't open any more; what can be saved is.
    expect(shell.run(old, "-e", "CHECK"), status=1, out="",
           holds=["damaged at offset",
                  "\n  hint: logstor --salvage ",
                  " NEW saves every intact row\n"])
    shutil.rmtree(new)
    status, out, errors = shell.run("--salvage", old, new)
    expect((status, out, errors), status=2,
           out="ks.t: 99 rows\nsaved 99 rows of 1 table, 1.6 KiB of keys and "
           f"values, in {new}; 1 loss\n")
    assert re.search(rf"^lost: {old}/00-000000.segments at offset \d+: ",
                     errors, re.M), errors
    assert errors.count("lost: ") == 1, errors
    expect(shell.run(new, "--format", "csv", "-e", "SELECT v FROM ks.t WHERE "
                     "k IN (76, 77, 78); CHECK"), status=0, errors="",
           out="v\nvalue-76.\nvalue-78.\nfile,offset,fault\n")
    missing = os.path.join(folder, "missing")
    expect(shell.run("--salvage", missing, missing + "2"), status=1, out="",
           holds=["No such file"])
    assert not os.path.exists(missing + "2")
    os.mkdir(missing)
    expect(shell.run("--salvage", missing, missing + "2"), status=1, out="",
           holds=["holds nothing of a logstor database"])
    assert not os.path.exists(missing + "2")


def salvage_tells_what_holds_no_rows_from_losses(shell, folder):
    old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
    expect(shell.run(old, "-f", "-", script=SCHEMA + ROW), status=0)
    os.remove(os.path.join(old, "manifest"))
    status, out, errors = shell.run("--salvage", old, new)
    expect((status, out, errors), status=0,
           out="ks.t: 1 row\nsaved 1 row of 1 table, 11 bytes of keys and "
           f"values, in {new}; nothing is lost\n")
    assert errors.startswith(
        f"damaged, but holds no rows: {old}/manifest: it is missing\n"), errors
    assert "lost: " not in errors, errors
    shutil.rmtree(new)
    os.remove(os.path.join(old, "00-000000.segments"))
    expect(shell.run("--salvage", old, new), status=1, out="",
           holds=["holds nothing of a logstor database"])


def salvage_passes_by_what_is_nobodys(shell, folder):
    old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
    expect(shell.run(old, "-f", "-", script=SCHEMA + ROW), status=0)
    stray = os.path.join(old, "00-999999.segments")
    with open(stray, "wb") as file:
        file.write(bytes(4096))
    for without in ((), ("manifest",)):
        for name in without:
            os.remove(os.path.join(old, name))
        status, out, errors = shell.run("--salvage", old, new)
        expect((status, out, errors), status=0,
               out="ks.t: 1 row\nsaved 1 row of 1 table, 11 bytes of keys and "
               f"values, in {new}; nothing is lost\n")
        assert f"{stray}: it isn't one of the database's files" in errors, \
            errors
        same((errors.count(".segments: "), errors.count("lost: ")), (1, 0))
        shutil.rmtree(new)


def salvage_writes_nothing_into_what_is_damaged(shell, folder):
    old, link = os.path.join(folder, "old"), os.path.join(folder, "link")
    expect(shell.run(old, "-f", "-", script=SCHEMA + ROW), status=0)
    inside = os.path.join(old, "inside")
    os.mkdir(inside)
    os.symlink(inside, link)
    for new in (inside, link, os.path.join(inside, "deeper")):
        expect(shell.run("--salvage", old, new), status=1, out="",
               holds=["is inside of", "must stay as it is"])
        same(os.listdir(inside), [])


def what_a_salvage_cannot_say_is_a_failure(shell, folder):
    old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
    expect(shell.run(old, "-f", "-", script=SCHEMA + ROW), status=0)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([shell.program, "--salvage", old, new],
                              stdout=full, stderr=subprocess.PIPE, timeout=60)
    same((done.returncode, done.stderr),
         (2, b"logstor: cannot write the output: No space left on device\n"))
    # Saved all the same.
    expect(shell.run(new, "--format", "csv", "-e", "SELECT v FROM ks.t"),
           status=0, out="v\none\n")
    shutil.rmtree(new)
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([shell.program, "--salvage", old, new],
                          stdout=write_end, stderr=subprocess.PIPE, timeout=60)
    os.close(write_end)
    same((done.returncode, done.stderr), (141, b""))


def stop_salvage(shell, old, new, number):
    """Its status and errors, when the signal came in its middle, else None."""
    with subprocess.Popen([shell.program, "--salvage", old, new],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        while process.poll() is None and not os.path.exists(
                os.path.join(new, "unfinished-salvage")):
            pass
        process.send_signal(number)
        errors = process.communicate()[1]
        if process.returncode == 0:
            shutil.rmtree(new)
            return None
        return process.returncode, errors


def a_stopped_salvage_leaves_no_database(shell, folder):
    old, new = os.path.join(folder, "old"), os.path.join(folder, "new")
    rows = "".join(f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 400}');"
                   for k in range(5000))
    expect(shell.run("--sync", "off", old, "-f", "-", script=SCHEMA + rows),
           status=0)
    for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        stopped = None
        while stopped is None:
            stopped = stop_salvage(shell, old, new, number)
        same(stopped, (status, "logstor: the salvage was interrupted; nothing "
                       "was saved\n"))
        assert not os.path.exists(new)
    stopped = None
    while stopped is None:
        stopped = stop_salvage(shell, old, new, signal.SIGKILL)
    unfinished = f"{new} holds a salvage that was interrupted, or is still " \
        "at work"
    advice = f"if none is at work, remove {new} and salvage again"
    for options in ((), ("--readonly",)):
        expect(shell.run(*options, new, "-e", "SELECT * FROM ks.t"), status=1,
               out="", errors=f"logstor: {unfinished}\n  hint: {advice}\n")
    expect(shell.run("--salvage", old, new), status=1, out="",
           errors=f"logstor: cannot salvage {old}: {unfinished}; {advice}\n")
    expect(shell.run("--salvage", new, new + "2"), status=1, out="",
           errors=f"logstor: cannot salvage {new}: {unfinished}; {advice}\n")
    assert not os.path.exists(new + "2")
    shutil.rmtree(new)
    expect(shell.run("--salvage", old, new), status=0,
           errors="")
    expect(shell.run(new, "--format", "csv", "-e",
                     "SELECT count(*) FROM ks.t"), status=0,
           out="count\n5000\n")
    assert "unfinished-salvage" not in os.listdir(new)


def a_new_database_has_the_geometry_asked_for(shell, folder):
    path = os.path.join(folder, "a.db")
    options = ["--segment-size", "8K", "--file-segments", "4"]
    facts = storage_of(shell, *options, path, script=SCHEMA + ROW)
    same(facts["disk_bytes"], facts["segments"] * 8192)
    assert os.path.getsize(os.path.join(path, "00-000000.segments")) <= \
        4 * 8192
    # It stays what it was made with.
    facts = storage_of(shell, "--segment-size", "64k", path)
    same(facts["disk_bytes"], facts["segments"] * 8192)
    expect(shell.run("--segment-size", "5000", "-e", ""), status=1, out="",
           holds=["power of two from 4096 to 1048576"])


def a_refused_new_database_leaves_nothing_behind(shell, folder):
    path = os.path.join(folder, "a.db")
    for options in (("--max-size", "1"), ("--max-size", "100K"),
                    ("--segment-size", "5000"),
                    ("--file-segments", "99999999")):
        expect(shell.run(*options, path, "-e", "SHOW STORAGE"), status=1,
               out="")
        assert not os.path.exists(path), options
        os.mkdir(path)
        expect(shell.run(*options, path, "-e", "SHOW STORAGE"), status=1,
               out="")
        os.rmdir(path)  # it is there still, and empty


def a_full_database_says_so_and_still_deletes(shell, folder):
    path = os.path.join(folder, "a.db")
    options = ["--segment-size", "4K", "--file-segments", "4", "--max-size",
               "256K", "--cache-size", "0", "--separator-size", "64K",
               "--checkpoint-size", "64K", "--eager-separation"]
    rows = "".join(f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 400}');\n"
                   for k in range(1200))
    status, out, errors = shell.run(*options, path, "-f", "-",
                                    script=SCHEMA + rows)
    expect((status, out, errors), status=2, out="")
    assert "Overloaded [1001]" in errors, errors[:500]
    expect(shell.run(*options, path, "-e",
                     "DELETE FROM ks.t WHERE k IN (1, 2, 3)"),
           status=0, out="", errors="")
    facts = storage_of(shell, *options, path)
    assert 300 < facts["keys"] < 1200, facts
    assert facts["disk_bytes"] <= 256 << 10, facts
    same(facts["cache_bytes"], 0)
    sizes = {name: os.path.getsize(os.path.join(path, name))
             for name in os.listdir(path)}
    same(sum(size for name, size in sizes.items()
             if name.endswith(".segments")), facts["disk_bytes"])
    # And on top of that, as documented.
    checkpoints = [size for name, size in sizes.items()
                   if name.endswith(".checkpoint")]
    same(len(checkpoints), 3)
    most = facts["keys"] * 50 + facts["segments"] * 120 + 4 * 4096
    assert max(checkpoints) <= most, (checkpoints, most)


def a_maximum_is_kept_until_it_is_lifted(shell, folder):
    path = os.path.join(folder, "a.db")
    rows = "USE ks;" + "".join(
        f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 400}');\n"
        for k in range(1200))
    expect(shell.run("--segment-size", "4K", path, "-f", "-", script=SCHEMA),
           status=0, out="", errors="")
    # Though nothing is written with it.
    expect(shell.run("--max-size", "256K", path, "-e", ""), status=0, out="",
           errors="")
    status, out, errors = shell.run("--bail", path, "-f", "-", script=rows)
    expect((status, out, errors), status=2, out="")
    assert "Overloaded [1001]" in errors, errors[:500]
    for options in (("--max-size", "0"), ()):
        expect(shell.run(*options, path, "-e", ""), status=0, out="",
               errors="")
    expect(shell.run(path, "-f", "-", script=rows), status=0, out="",
           errors="")


def a_damaged_checkpoint_is_told_at_opening(shell, folder):
    path = os.path.join(folder, "a.db")
    rows = "".join(f"INSERT INTO t (k, v) VALUES ({k}, '{'x' * 400}');\n"
                   for k in range(2000))
    script, number = SCHEMA, 0
    while number == 0:  # how soon there is one depends on the disk
        expect(shell.run("--checkpoint-size", "64K", path, "-f", "-",
                         script=script + rows), status=0, out="", errors="")
        with open(os.path.join(path, "manifest"), "rb") as file:
            number = int.from_bytes(file.read(160)[152:], "little")
        script = "USE ks;"
    name = f"00-{number % 3}.checkpoint"
    with open(os.path.join(path, name), "r+b") as file:
        file.seek(100)
        file.write(b"?")
    warning = (f"logstor: warning: {path}/{name} is damaged at offset 0: it "
               "isn't the checkpoint that the manifest names; nothing is "
               "lost: ")
    status, out, errors = shell.run("--format", "csv", "--readonly", path,
                                    "-e", "CHECK")
    same(status, 2)
    assert re.fullmatch(re.escape(warning) + r"[a-z ]+ was read instead\n",
                        errors), errors
    assert out.startswith(f"file,offset,fault\n{name},0,"), out
    # A writer is told, once, and mends it.
    same(shell.run(path, "--format", "csv", "-e",
                   "SELECT count(*) FROM ks.t"), (0, "count\n2000\n", errors))
    same(shell.run(path, "--format", "csv", "-e", "CHECK"),
         (0, "file,offset,fault\n", ""))


CASES = [
    as_json_it_is_one_object,
    for_reading_it_is_a_list_and_a_chart,
    in_other_forms_it_is_a_row,
    compact_says_what_it_won,
    check_tells_by_the_exit_status,
    check_finds_what_breaks_meanwhile,
    salvage_says_what_it_saved_and_lost,
    salvage_tells_what_holds_no_rows_from_losses,
    salvage_passes_by_what_is_nobodys,
    salvage_writes_nothing_into_what_is_damaged,
    what_a_salvage_cannot_say_is_a_failure,
    a_stopped_salvage_leaves_no_database,
    a_maximum_is_kept_until_it_is_lifted,
    a_damaged_checkpoint_is_told_at_opening,
    a_new_database_has_the_geometry_asked_for,
    a_refused_new_database_leaves_nothing_behind,
    a_full_database_says_so_and_still_deletes,
]

if __name__ == "__main__":
    main(CASES)
