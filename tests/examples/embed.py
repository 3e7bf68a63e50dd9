#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/embed.c as a user would build and run it.

    embed.py EMBED TOP BUILD COMPILER...

EMBED is the program built in the tree. Then the library is installed into an
empty directory, and embed.c compiled against what is there with pkg-config,
once with the shared library and once with the static one.
"""

import os
import shlex
import subprocess
import sys
import tempfile

EXPECTED = [
    "text: Hamburg has 755.1 km2",
    "1002 rows in 4 pages",
    "count = 1002",
    "InvalidRequest [2200]: Unrecognized name nam, line 1 column 8",
]


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True,
                          timeout=300, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}: exit status "
                             f"{done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_output(program, folder, **more):
    """Twice on one directory: the second run finds what the first left."""
    database = os.path.join(folder, os.path.basename(program) + ".db")
    for _ in range(2):
        lines = run([program, database], **more).splitlines()
        assert lines == EXPECTED, lines
    assert run([program], **more).splitlines() == EXPECTED


def find(folder, name):
    for directory, _, names in os.walk(folder):
        if name in names:
            return directory
    raise AssertionError(f"{name} was not installed")


def in_the_tree(paths, folder):
    check_output(paths["embed"], folder)


def install(paths, folder):
    prefix = os.path.join(folder, "prefix")
    run(["meson", "install", "-C", paths["build"], "--no-rebuild", "--quiet",
         "--destdir", prefix])
    # Relative: pkg-config doesn't quote the blanks of $TMPDIR.
    environment = dict(os.environ, PKG_CONFIG_SYSROOT_DIR="prefix",
                       PKG_CONFIG_PATH=find(prefix, "logstor.pc"))
    return prefix, environment


def compile_embed(paths, folder, environment, *options):
    flags = run(["pkg-config", *options, "--cflags", "--libs", "logstor"],
                env=environment)
    program = os.path.join(folder, "installed")
    source = os.path.join(paths["top"], "examples", "embed.c")
    return program, [*paths["compiler"], source, "-o", program,
                     *shlex.split(flags)]


def only_the_headers_names(which, library):
    """Any other could be one of the program's own, too."""
    exported = run(["nm", which, "--defined-only", library])
    names = [line.split()[-1] for line in exported.splitlines()
             if len(line.split()) == 3]
    assert "logstor_open" in names, names[:20]
    strangers = [name for name in names if not name.startswith(
        ("logstor_", "__asan", "__odr_asan", "__ubsan", "___asan"))]
    assert not strangers, f"exported beside the header's: {strangers[:20]}"


def against_the_installed_shared_library(paths, folder):
    prefix, environment = install(paths, folder)
    program, command = compile_embed(paths, folder, environment)
    run(command, cwd=folder)
    libraries = find(prefix, "liblogstor.so")
    check_output(program, folder,
                 env=dict(os.environ, LD_LIBRARY_PATH=libraries))
    only_the_headers_names("-D", os.path.join(libraries, "liblogstor.so"))


def against_the_installed_static_library(paths, folder):
    prefix, environment = install(paths, folder)
    libraries = find(prefix, "liblogstor.so")
    os.remove(os.path.join(libraries, "liblogstor.so"))
    only_the_headers_names("-g", os.path.join(libraries, "liblogstor.a"))
    program, command = compile_embed(paths, folder, environment, "--static")
    run(command, cwd=folder)
    check_output(program, folder)


def main(embed, top, build, *compiler):
    paths = {"embed": embed, "top": top, "build": build,
             "compiler": list(compiler)}
    cases = [in_the_tree, against_the_installed_shared_library,
             against_the_installed_static_library]
    bad = 0
    print(f"1..{len(cases)}")
    for number, case in enumerate(cases, 1):
        fault = None
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(paths, folder)
            except AssertionError as error:
                fault = str(error) or "assertion failed"
        for line in (fault or "").splitlines():
            print(f"# {line}")
        bad += fault is not None
        print(f"{'not ' if fault else ''}ok {number} - "
              f"{case.__name__.replace('_', ' ')}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
