#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bugs planted in copies of the engine must be found by the simulator.

    run.py TOP [--seed N] [--crashes N] [--jobs N] [--write PAGE] [NAME...]
        hunts all of them, or the named ones, and prints a table, which takes
        the place of the one in PAGE when all were hunted
    run.py TOP --check [--seed N]
        TAP: every patch applies, and the two whose turn it is are found; those
        that docs/testing.md knows to take more than 20,000 crashes are hunted
        only when they are asked for

Each NAME.patch says in its first lines what it breaks. The sources at TOP are
copied and stay as they are; the compiler is $CC or cc.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

FOLDERS = ("base", "storage", "tests/simulator", "tests/oracle")
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-w", "-fno-strict-aliasing"]
LIBRARIES = ["-lxxhash", "-luring", "-lutf8proc"] + [
    "-Wl,--wrap=" + name
    for name in ("malloc", "calloc", "realloc", "posix_memalign", "mmap")]
HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_MAX = 600
CRASHES_A_DAY = 20000  # what one of the daily hunts may take, as it is known
CRASHES_OF_CHECK = 60000  # before it is given up


def all_bugs():
    return sorted(name[:-len(".patch")] for name in os.listdir(HERE)
                  if name.endswith(".patch"))


def path_of(bug):
    return os.path.join(HERE, bug + ".patch")


def reason_of(bug):
    with open(path_of(bug), encoding="utf-8") as file:
        return file.readline().strip()


def changed_by(bug):
    with open(path_of(bug), encoding="utf-8") as file:
        return re.findall(r"^\+\+\+ b/(\S+)", file.read(), re.M)


def costs_by(page):
    """{bug: crashes}, as the table there says."""
    with open(page, encoding="utf-8") as file:
        found = re.findall(r"^\| ([a-z-]+) \|.*\| (\d+) \|$",
                           file.read(), re.M)
    return {bug: int(crashes) for bug, crashes in found}


def affordable(bugs, top):
    costs = costs_by(os.path.join(top, "docs", "testing.md"))
    return [bug for bug in bugs
            if costs.get(bug, CRASHES_A_DAY + 1) <= CRASHES_A_DAY]


def apply(bug, top, *options):
    return subprocess.run(
        ["patch", "-p1", "-s", "-f", "--no-backup-if-mismatch", "-d", top,
         "-i", path_of(bug), *options],
        capture_output=True, text=True, check=False)


def everything_but_c(directory, names):
    return [name for name in names if not name.endswith((".c", ".h")) and
            not os.path.isdir(os.path.join(directory, name))]


def sources_below(top, folder):
    for directory, folders, names in os.walk(os.path.join(top, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".c"):
                yield os.path.relpath(os.path.join(directory, name), top)


class Workshop:
    """A copy of the sources and their objects, once for all bugs."""

    def __init__(self, top, directory):
        self.directory = directory
        self.compiler = os.environ.get("CC", "cc").split()
        self.copy = os.path.join(directory, "copy")
        for folder in FOLDERS:
            shutil.copytree(os.path.join(top, folder),
                            os.path.join(self.copy, folder),
                            ignore=everything_but_c)
        self.sources = [source for folder in FOLDERS[:3]
                        for source in sources_below(self.copy, folder)]
        self.objects = {}

    def compile(self, sources, top, suffix):
        objects, running = {}, []
        for source in sources:
            name = source.replace("/", "_") + suffix + ".o"
            objects[source] = os.path.join(self.directory, name)
            command = self.compiler + FLAGS + [
                "-I", top, "-c", os.path.join(top, source),
                "-o", objects[source]]
            running.append(subprocess.Popen(command))
            if len(running) == 2:
                wait(running.pop(0))
        while running:
            wait(running.pop(0))
        return objects

    def build(self, bug=None):
        """The simulator with ${bug} in it: a program's path."""
        if not self.objects:
            self.objects = self.compile(self.sources, self.copy, "")
        objects = dict(self.objects)
        if bug:
            top = os.path.join(self.directory, "planted." + bug)
            shutil.copytree(self.copy, top)
            done = apply(bug, top)
            if done.returncode:
                raise RuntimeError(f"{bug} doesn't apply:\n{done.stdout}")
            changed = changed_by(bug)
            if any(name.endswith(".h") for name in changed):
                changed = self.sources
            objects.update(self.compile(changed, top, f".{bug}"))
            shutil.rmtree(top)
        program = os.path.join(self.directory, f"simulate.{bug or 'clean'}")
        subprocess.run(self.compiler + list(objects.values()) + LIBRARIES +
                       ["-o", program], check=True)
        return program

    def clean_crashes(self, seed, crashes):
        """How many of so many crashes it survives without any bug."""
        found, after, _ = simulate(self.build(), seed, crashes)
        if not found:
            return crashes
        print(f"# found without any bug: {found}, after {after} crashes from "
              f"seed {seed} on", file=sys.stderr)
        return after - 1


def wait(process):
    if process.wait():
        raise RuntimeError(f"failed: {' '.join(process.args)}")


def simulate(program, seed, crashes):
    """(what was found or "", after how many crashes, in how many seconds)"""
    started = time.monotonic()
    done = subprocess.run(
        [program, "--seed", str(seed), "--crashes", str(crashes)],
        capture_output=True, text=True, errors="replace", check=False,
        timeout=SECONDS_MAX)
    took = time.monotonic() - started
    totals = re.search(r"^crashes=(\d+)(.*)$", done.stdout, re.M)
    if not totals:
        raise RuntimeError(f"the simulator died: status {done.returncode}, "
                           + done.stderr[-500:])
    found = [kind for kind, count in re.findall(r"(\w+)=(\d+)",
                                                totals.group(2))
             if count != "0"]
    return ", ".join(found), int(totals.group(1)), took


def hunt(workshop, bug, seed, crashes):
    """The same, of the simulator with ${bug} in it."""
    program = workshop.build(bug)
    found = simulate(program, seed, crashes)
    os.unlink(program)
    return found


def try_hunt(workshop, bug, seed, crashes):
    try:
        found, after, took = hunt(workshop, bug, seed, crashes)
    except (RuntimeError, subprocess.SubprocessError) as error:
        print("# " + str(error).replace("\n", "\n# "), file=sys.stderr)
        found, after, took = "", 0, 0.0
    print(f"# {bug}: {found or 'nothing'} after {after} crashes, "
          f"{took:.1f} s", file=sys.stderr, flush=True)
    return bug, found, after


def write_table(page, lines):
    """In the place of the table that begins in the same way."""
    with open(page, encoding="utf-8") as file:
        old = file.read().split("\n")
    first = old.index(lines[0])
    last = first
    while last < len(old) and old[last].startswith("|"):
        last += 1
    with open(page, "w", encoding="utf-8") as file:
        file.write("\n".join(old[:first] + lines + old[last:]))


def print_table(workshop, bugs, arguments):
    """What is found without any bug too doesn't count."""
    seed = arguments.seed or 1
    workshop.build()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        hunts = list(pool.map(lambda bug: try_hunt(
            workshop, bug, seed, arguments.crashes), bugs))
    clean = workshop.clean_crashes(
        seed, max((after for _, found, after in hunts if found), default=0))
    lines = ["| bug | what is wrong | found as | after crashes |",
             "|---|---|---|---|"]
    missed = 0
    for bug, found, after in hunts:
        is_found = found and after <= clean
        missed += not is_found
        lines.append(f"| {bug} | {reason_of(bug)} | "
                     f"{found if is_found else '**not found**'} | {after} |")
    print("\n".join(lines))
    print(f"{len(bugs) - missed} of {len(bugs)} found, from seed {seed} on")
    if arguments.write and not arguments.names:
        write_table(arguments.write, lines)
    return 1 if missed else 0


def check(workshop, bugs, cheap, seed):
    turn = [cheap[(2 * seed + i) % len(cheap)] for i in range(2)]
    print(f"1..{len(bugs) + len(turn)}")
    number = bad = 0
    for bug in bugs:
        number += 1
        done = apply(bug, workshop.copy, "--dry-run")
        for line in done.stdout.splitlines() if done.returncode else ():
            print(f"# {line}")
        bad += done.returncode != 0
        print(f"{'not ' if done.returncode else ''}ok {number} - "
              f"{bug} applies")
    for bug in turn:
        number += 1
        print(f"# {bug}: {reason_of(bug)} (--seed {seed})", flush=True)
        found, after, took = "", 0, 0.0
        try:
            found, after, took = hunt(workshop, bug, 1, CRASHES_OF_CHECK)
            if found and workshop.clean_crashes(1, after) < after:
                found = ""
        except (RuntimeError, subprocess.SubprocessError) as error:
            print("# " + str(error).replace("\n", "\n# "))
        print(f"# found as {found or 'nothing'} after {after} crashes, "
              f"{took:.1f} s")
        bad += not found
        print(f"{'' if found else 'not '}ok {number} - {bug} is found",
              flush=True)
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("top")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--crashes", type=int, default=400000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", metavar="PAGE")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_intermixed_args()
    bugs = arguments.names or all_bugs()
    with tempfile.TemporaryDirectory(prefix="planted-") as directory:
        workshop = Workshop(arguments.top, directory)
        if arguments.check:
            # Another two each day.
            seed = int(time.time() // 86400) if arguments.seed is None \
                else arguments.seed
            return check(workshop, bugs, affordable(bugs, arguments.top),
                         seed)
        return print_table(workshop, bugs, arguments)


if __name__ == "__main__":
    sys.exit(main())
