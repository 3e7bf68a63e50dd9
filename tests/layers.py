#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layers, as a test: an include that runs against them fails.

    layers.py TOP          checks the tree at TOP
    layers.py --self-test  plants wrong includes in a temporary tree and
                           demands that each is found

    base <- types, parser, storage (none knows another) <- planner
    include/logstor.h is a leaf; cli sees it and base only

Includes of ours are written from the root ("storage/io/io.h"), exist, and never
go round in a circle. Results are TAP.
"""

import os
import re
import sys
import tempfile

INNER = {"base", "types", "parser", "storage"}
# folder -> the folders that its files may include
ALLOWED = {
    "base": {"base"},
    "types": {"base", "types"},
    "parser": {"base", "parser"},
    "storage": {"base", "storage"},
    "planner": INNER | {"planner", "include"},
    "include": set(),
    "cli": {"base", "include", "cli"},
}
# storage/'s folders, bottom up: a file includes only from those before its own,
# and the vocabulary beside engine.h. What stands beside it is on top of all.
STORAGE = ["io", "index", "format", "segments", "log", "checkpoint", "moving",
           "reading", "recovery", "verify", "salvage"]
VOCABULARY = {"storage/engine.h", "storage/engine_state.h",
              "storage/engine_storing.h", "storage/engine_manifest.h"}
# Made by lemon at build time, beside the generated C.
GENERATED = {"parser/grammar.h"}
SUFFIXES = (".c", ".h", ".re", ".y")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*("[^"]*"|<[^>]*>)', re.M)


def sources(top, folder):
    for directory, folders, names in os.walk(os.path.join(top, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                path = os.path.join(directory, name)
                yield os.path.relpath(path, top)


def includes(top, path):
    """(line, file) of each include of ours, whatever its brackets."""
    with open(os.path.join(top, path), encoding="utf-8") as file:
        text = file.read()
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        target = match.group(1)[1:-1]
        quoted = match.group(1)[0] == '"'
        if quoted or os.path.exists(os.path.join(top, target)):
            yield line, target


def is_above(path, target):
    """Whether an include within storage/ runs upwards."""
    source, wanted = path.split("/")[1:-1], target.split("/")[1:-1]
    if not source or target in VOCABULARY:
        return False
    if not wanted or wanted[0] not in STORAGE or source[0] not in STORAGE:
        return True
    return STORAGE.index(wanted[0]) > STORAGE.index(source[0])


def check_includes(top):
    faults = []
    for folder in sorted(ALLOWED):
        for path in sources(top, folder):
            for line, target in includes(top, path):
                where = f"{path}:{line}: "
                if target in GENERATED and folder == "parser":
                    continue
                if target.split("/")[0] not in ALLOWED[folder]:
                    faults.append(f"{where}{folder}/ may not include "
                                  f"{target}")
                elif folder == "storage" and \
                        target.startswith("storage/") and \
                        is_above(path, target):
                    faults.append(f"{where}{os.path.dirname(path)}/ may not "
                                  f"include {target}")
                elif not os.path.exists(os.path.join(top, target)):
                    faults.append(f"{where}{target} does not exist: "
                                  "includes are written from the root")
    return faults


def check_circles(top):
    graph = {path: [target for _, target in includes(top, path)]
             for folder in ALLOWED for path in sources(top, folder)
             if path.endswith(".h")}
    faults, done = [], set()

    def visit(path, trail):
        if path in trail:
            circle = trail[trail.index(path):] + [path]
            faults.append("headers in a circle: " + " -> ".join(circle))
        elif path in graph and path not in done:
            for target in graph[path]:
                visit(target, trail + [path])
            done.add(path)

    for path in sorted(graph):
        visit(path, [])
    return faults


def check_leaf(top):
    """The folders that nothing but tests may stand on."""
    unknown = []
    for name in sorted(os.listdir(top)):
        if name.startswith((".", "build")) or name in ALLOWED or \
                name in ("tests", "examples", "bench", "docs"):
            continue
        if os.path.isdir(os.path.join(top, name)) and \
                any(True for _ in sources(top, name)):
            unknown.append(f"{name}/ holds C but has no place in the layers")
    return unknown


CHECKS = [
    ("includes run along the layers", check_includes),
    ("headers make no circle", check_circles),
    ("every folder with C has its place", check_leaf),
]

# (file, its text, words that the fault must hold)
PLANTED = [
    ("base/a.c", '#include "types/t.h"\n', "base/ may not include types/t.h"),
    ("types/a.c", '#include "parser/p.h"\n', "types/ may not include"),
    ("parser/a.re", '#include "types/t.h"\n', "parser/ may not include"),
    ("storage/a.c", '\n #  include <types/t.h>\n', "storage/a.c:2: storage/"),
    ("storage/b.c", '#include "planner/q.h"\n', "storage/ may not include"),
    ("storage/io/c.c", '#include "storage/index/i.h"\n',
     "storage/io/ may not include storage/index/i.h"),
    ("storage/index/d.c", '#include "storage/s.h"\n',
     "storage/index/ may not include storage/s.h"),
    ("storage/other/e.c", '#include "storage/index/i.h"\n',
     "storage/other/ may not include"),
    ("planner/a.c", '#include "cli/c.h"\n', "planner/ may not include"),
    ("include/a.h", '#include "base/b.h"\n', "include/ may not include"),
    ("cli/a.c", '#include "planner/q.h"\n', "cli/ may not include"),
    ("cli/b.c", '#include "types/t.h"\n', "cli/ may not include"),
    ("cli/d.c", '#include "c.h"\n', "cli/ may not include c.h"),
    ("base/b.h", '#include "base/d.h"\n', "base/d.h does not exist"),
    ("base/c.h", '#include "base/e.h"\n', "circle"),
    ("server/a.c", "\n", "server/ holds C"),
]
GOOD = {
    "base/b.h": "#include <stdint.h>\n",
    "base/e.h": '#include "base/c.h"\n',
    "base/c.h": "",
    "types/t.h": '#include "base/b.h"\n',
    "parser/p.h": '#include "base/b.h"\n',
    "parser/p.c": '#include "parser/grammar.h"\n#include "parser/p.h"\n',
    "storage/s.h": '#include "base/b.h"\n#include "storage/index/i.h"\n',
    "storage/engine.h": "",
    "storage/io/i.h": "",
    "storage/index/i.h": '#include "storage/io/i.h"\n'
                         '#include "storage/engine.h"\n',
    "planner/q.h": '#include "types/t.h"\n#include "parser/p.h"\n'
                   '#include "storage/s.h"\n#include "include/l.h"\n',
    "include/l.h": "#include <stdbool.h>\n",
    "cli/c.h": '#include "base/b.h"\n#include "include/l.h"\n',
}


def faults_of(files):
    with tempfile.TemporaryDirectory() as top:
        for path, text in files.items():
            os.makedirs(os.path.join(top, os.path.dirname(path)),
                        exist_ok=True)
            with open(os.path.join(top, path), "w",
                      encoding="utf-8") as file:
                file.write(text)
        return [fault for _, check in CHECKS for fault in check(top)]


def self_test():
    results = [("a tree along the layers has no faults", faults_of(GOOD))]
    for path, text, words in PLANTED:
        faults = faults_of({**GOOD, path: text})
        missed = [] if any(words in fault for fault in faults) else \
            [f"not found: {text!r} in {path}; got {faults}"]
        results.append((f"{path}: {words}", missed))
    return results


def main(arguments):
    if arguments == ["--self-test"]:
        results = self_test()
    else:
        results = [(name, check(arguments[0])) for name, check in CHECKS]
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        for fault in faults:
            print(f"# {fault}")
        print(f"{'not ' if faults else ''}ok {number} - {name}")
    return 1 if any(faults for _, faults in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
