#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the real cqlsh printed, case by case, against our shell.

    run.py SHELL tables   60 tables, as a table and expanded, whole output
    run.py SHELL values   400 values of all types, as displayed

cqlsh-tables.jsonl holds statements and cqlsh's whole output for them;
cqlsh-values.jsonl a type, a literal and the text that cqlsh prints. decimal
and varint aren't there yet: their values are counted apart.
"""

import json
import os
import re
import subprocess
import sys
import unicodedata

FOLDER = os.path.dirname(os.path.abspath(__file__))
TABLES, EXPANDED_MISSING, VALUES, VALUES_LATER = 60, 9, 400, 39
LATER = re.compile(r"\b(decimal|varint)\b")


def cases(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def run_shell(shell, script, *options):
    """A database in memory; the script on standard input."""
    done = subprocess.run([shell, *options], input=script.encode(),
                          capture_output=True, timeout=120, check=False)
    return done.stdout.decode("utf-8", "backslashreplace"), \
        done.stderr.decode("utf-8", "backslashreplace")


def difference(what, expected, actual, err):
    return [f"{what}: expected"] + expected.split("\n") + ["got"] + \
        actual.split("\n") + err.split("\n")


def check_table(shell, case):
    script = "\n".join(["CREATE KEYSPACE ks;", "USE ks;", case["create"],
                        *case["insert"], case["select"]]) + "\n"
    faults = []
    for form in ("table", "expanded"):
        if case[form] is None:
            continue
        out, err = run_shell(shell, script, "--format", form)
        if out != case[form] or err:
            faults += difference(form, case[form], out, err)
    return faults


def check_tables(shell):
    tables = cases("cqlsh-tables.jsonl")
    missing = sum(case["expanded"] is None for case in tables)
    yield "the cases are all there", \
        [] if (len(tables), missing) == (TABLES, EXPANDED_MISSING) \
        else [f"{len(tables)} cases, {missing} without expanded"]
    for case in tables:
        yield case["create"], check_table(shell, case)


def value_script(values):
    """A table for each type, a row for each case."""
    types = sorted({case["type"] for case in values})
    yield "CREATE KEYSPACE ks;\nUSE ks;\n"
    for number, name in enumerate(types):
        yield f"CREATE TABLE t{number} (k int PRIMARY KEY, v {name});\n"
    for number, case in enumerate(values):
        table = f"t{types.index(case['type'])}"
        yield f"INSERT INTO {table} (k, v) VALUES " \
            f"({number}, {case['literal']});\n"
        yield f"SELECT v FROM {table} WHERE k = {number};\n"


def padded(text):
    """As it stands in a column one wide: only what has no width at all gets
    a blank in front."""
    visible = any(unicodedata.category(letter) not in ("Cf", "Mn", "Me")
                  for letter in text)
    return text if visible else " " + text


def displayed(out):
    """The value of each one-column, one-row table that was printed: values
    stand right-justified behind a space, under a header one wide."""
    blocks = out.split("\n\n(1 rows)\n")
    return [block.split("\n")[-1][1:] for block in blocks[:-1]]


def check_values(shell):
    everything = cases("cqlsh-values.jsonl")
    values = [case for case in everything if not LATER.search(case["type"])]
    later = len(everything) - len(values)
    out, err = run_shell(shell, "".join(value_script(values)))
    texts = displayed(out)
    good = (len(everything), later) == (VALUES, VALUES_LATER) and \
        len(texts) == len(values) and not err
    yield "the cases are all there and each was answered", [] if good else \
        [f"{len(everything)} cases, {later} later, {len(texts)} answers"] + \
        err.split("\n")[:20]
    if not good:
        return
    for case, text in zip(values, texts):
        expected = padded(case["text"])
        yield f"{case['type']} {case['literal']!a}", \
            [] if text == expected else [f"expected {expected!a}",
                                         f"got      {text!a}"]


def main(shell, which):
    check = {"tables": check_tables, "values": check_values}[which]
    results = list(check(os.path.abspath(shell)))
    bad = 0
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        for fault in faults:
            print(f"# {fault}")
        bad += bool(faults)
        name = name.replace("#", "\\#").replace("\n", " ")
        print(f"{'not ' if faults else ''}ok {number} - {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
