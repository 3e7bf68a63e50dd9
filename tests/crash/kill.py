#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a writing shell with SIGKILL at random moments and looks at what is
left.

    kill.py SHELL [--rounds N] [--seed N]

The shell reads INSERTs and DELETEs from a pipe, and now and then a SELECT,
whose printed row acknowledges everything before it. After each kill (and
sometimes more kills while it opens again) the table must equal the state
after some first N of the operations sent, N no less than what was
acknowledged: nothing acknowledged is lost, nothing is torn, no hole is in
between. Values carry the number of their operation and text made from it, so
that a row of mixed halves gives itself away.
"""

import argparse
import csv
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "reader"))

from log import Damage  # noqa: E402
from reader import read_rows  # noqa: E402

KEYS = 120
CREATE = ("CREATE KEYSPACE IF NOT EXISTS ks;\nUSE ks;\n"
          "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY, n int, "
          "body text, parts frozen<list<int>>);\n")
# A new directory now and then, so that kills also meet a young database.
ROUNDS_PER_DATABASE = 8


def body_of(number):
    """Text of 0 to some 6,000 characters that only this number has."""
    source = random.Random(number)
    size = source.choice((0, 10, 100, 100, 1000, 6000))
    return f"{number}:" + "".join(
        source.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(size))


def parts_of(number):
    return [number % 7, number, -number]


class Operations:
    """Everything sent to one database, in order: (key, number or None)."""

    def __init__(self, state):
        self.first = dict(state)
        self.list = []

    def statement(self, dice, number):
        key = dice.randrange(KEYS)
        if dice.random() < 0.15:
            self.list.append((key, None))
            return f"DELETE FROM t WHERE k = {key};\n"
        self.list.append((key, number))
        parts = ", ".join(map(str, parts_of(number)))
        return (f"INSERT INTO t (k, n, body, parts) VALUES ({key}, {number}, "
                f"'{body_of(number)}', [{parts}]);\n")

    def explains(self, found, acknowledged):
        """Is ${found} the state after some first N >= acknowledged?"""
        state = dict(self.first)
        for position in range(len(self.list) + 1):
            if position >= acknowledged and state == found:
                return True
            if position < len(self.list):
                key, number = self.list[position]
                if number is None:
                    state.pop(key, None)
                else:
                    state[key] = number
        return False


class Writer:
    """A shell that writes until it is killed."""

    def __init__(self, shell, path, operations, dice, number):
        self.process = subprocess.Popen(
            [shell, "--format", "csv", path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.operations = operations
        self.dice = dice
        self.number = number
        self.acknowledged = 0
        self.is_created = False
        self.threads = [threading.Thread(target=self.write),
                        threading.Thread(target=self.read)]
        for thread in self.threads:
            thread.start()

    def write(self):
        try:
            self.send(CREATE + "SELECT count(*) AS ack0 FROM t;\n")
            while True:
                text = ""
                for _ in range(self.dice.randrange(1, 25)):
                    text += self.operations.statement(self.dice, self.number)
                    self.number += 1
                sent = len(self.operations.list)
                text += f"SELECT count(*) AS ack{sent} FROM t;\n"
                self.send(text)
        except (BrokenPipeError, ValueError):
            pass

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def read(self):
        """The header names the acknowledged count; the row behind it says
        that it was answered."""
        waiting = None
        for line in self.process.stdout:
            text = line.decode().strip()
            if text.startswith("ack"):
                waiting = int(text[3:])
            elif text and waiting is not None and line.endswith(b"\n"):
                self.acknowledged = waiting
                self.is_created = True
                waiting = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        errors = self.process.stderr.read().decode()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return errors


def read_back(shell, path):
    """{key: number} of a table whose every row is whole, or a fault."""
    done = subprocess.run(
        [shell, "--format", "csv", "-k", "ks", "-e",
         "SELECT k, n, body, parts FROM t", path],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        check=False)
    if done.returncode != 0:
        return None, done.stderr.decode()
    state = {}
    csv.field_size_limit(1 << 30)
    for row in list(csv.reader(io.StringIO(done.stdout.decode())))[1:]:
        key, number = int(row[0]), int(row[1])
        if row[2] != body_of(number) or \
                row[3] != "[" + ", ".join(map(str, parts_of(number))) + "]":
            return None, f"row {key} is torn: {row}"
        state[key] = number
    return state, None


def read_independently(path):
    """{key: number}, or what the reader complains of."""
    try:
        return {line["row"]["k"]: line["row"]["n"]
                for line in read_rows(path)}
    except (Damage, OSError) as fault:
        return str(fault)


def kill_while_opening(shell, path, dice):
    process = subprocess.Popen(
        [shell, "-k", "ks", "-e", "SELECT count(*) FROM t", path],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    time.sleep(dice.random() * 0.03)
    process.kill()
    process.wait()


class Campaign:
    def __init__(self, shell, seed, folder):
        self.shell = shell
        self.dice = random.Random(seed)
        self.folder = folder
        self.number = 1
        self.kills = self.acknowledged = self.rounds = 0
        self.path = self.state = None

    def begin_database(self, round_number):
        if self.path:
            shutil.rmtree(self.path)
        self.path = os.path.join(self.folder, f"{round_number}.db")
        self.state = {}

    def run_round(self, round_number):
        """A fault, or None."""
        if round_number % ROUNDS_PER_DATABASE == 0:
            self.begin_database(round_number)
        operations = Operations(self.state)
        writer = Writer(self.shell, self.path, operations, self.dice,
                        self.number)
        time.sleep(self.dice.choice((0.02, 0.1, 0.3)) * self.dice.random())
        errors = writer.kill()
        self.kills += 1
        self.rounds += 1
        self.number = writer.number
        self.acknowledged += writer.acknowledged
        if errors:
            return f"the shell complained: {errors}"
        while self.dice.random() < 0.3 and os.path.exists(self.path):
            kill_while_opening(self.shell, self.path, self.dice)
            self.kills += 1
        return self.look(writer, operations)

    def look(self, writer, operations):
        # The independent reader is slow, and first, since the shell changes
        # what it opens.
        is_last = self.rounds % ROUNDS_PER_DATABASE == 0
        theirs = read_independently(self.path) if is_last else None
        found, fault = read_back(self.shell, self.path)
        if found is None:
            is_young = not writer.is_created and not self.state
            missing = "eyspace" in fault or "unconfigured table" in fault
            return None if is_young and missing else fault
        if not operations.explains(found, writer.acknowledged):
            return (f"not a state of the first N >= {writer.acknowledged} "
                    f"of {len(operations.list)} operations: {found}")
        if is_last and theirs != found:
            return f"tests/reader sees {theirs}, the shell {found}"
        self.state = found
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shell")
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"kill.py --seed {arguments.seed} --rounds {arguments.rounds}",
          flush=True)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(os.path.abspath(arguments.shell), arguments.seed,
                            folder)
        for round_number in range(arguments.rounds):
            fault = campaign.run_round(round_number)
            if fault:
                kept = tempfile.mkdtemp(prefix="logstor-crash-")
                if os.path.exists(campaign.path):
                    shutil.move(campaign.path, kept)
                print(f"round {round_number}: {fault}\nkept in {kept}")
                return 1
    print(f"{campaign.kills} kills, {campaign.acknowledged} operations "
          "acknowledged and found")
    # Kills that came before anything was acknowledged prove little.
    return 0 if campaign.acknowledged > arguments.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
