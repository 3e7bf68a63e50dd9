#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tables of the figures that bench/engine.c prints.

    table.py FIGURES.jsonl...
    table.py --into PAGE.md FIGURES.jsonl...

The second puts them into the page, between two marks, in the place of what
stands there.
"""

import json
import sys

BEGIN = "<!-- figures: begin (made by bench/table.py) -->"
END = "<!-- figures: end -->"
TITLES = {
    "machine": "The machine",
    "amplification": "Write amplification in the steady state",
    "keys": "Memory and opening",
    "memory": "In memory",
    "disk": "From disk",
}
# What counts in powers of ten, and how it is written.
SCALED = {
    "bytes/s": [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")],
    "live bytes/s": [(1e9, "GB/s live"), (1e6, "MB/s live"),
                     (1e3, "kB/s live")],
}
RATES = ("rows/s", "keys/s", "reads/s", "writes/s")


def number(value):
    """Three digits that matter, as people write them."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def quantity(value, unit):
    if value is None:
        return "–"
    for factor, name in SCALED.get(unit, []):
        if value >= factor:
            return f"{value / factor:.3g} {name}"
    if unit in RATES:
        if value >= 1e6:
            return f"{value / 1e6:.3g} M {unit}"
        if value >= 1e4:
            return f"{value / 1e3:.3g} k {unit}"
    if unit == "device bytes / user bytes" or unit == "times as many":
        return f"{value:.2f}"
    return f"{number(value)} {unit}"


def miss(figure):
    """By how much the goal is missed: in percent of it, or how many times."""
    ratio = figure["value"] / figure["goal"]
    if ratio >= 2:
        return f"{ratio:.1f} times it"
    return f"missed by {abs(ratio - 1) * 100:.1f} %"


def goal(figure):
    if "goal" not in figure:
        return ""
    sign = "≤" if figure["goal_is"] == "at most" else "≥"
    if "goal_text" in figure:
        text = f"{sign} {figure['goal_text']}"
    else:
        text = f"{sign} {quantity(figure['goal'], figure['unit'])}"
    if figure["is_met"] or figure["value"] is None or not figure["goal"]:
        return text
    return f"{text} **({miss(figure)})**"


def beside(figure):
    if "beside" not in figure:
        return ""
    unit = figure["unit"]
    name = figure["beside"]
    # "LMDB, rows/s" brings a unit of its own.
    for other in (*RATES, *SCALED, "ms"):
        if name.endswith(f", {other}"):
            unit, name = other, name[:-len(other) - 2]
    return f"{name}: {quantity(figure['beside_value'], unit)}"


def row(figure):
    if "failed" in figure:
        return [figure["name"], "**none**", figure["failed"], ""]
    if "text" in figure:
        return [figure["name"], figure["text"], "", ""]
    return [figure["name"], quantity(figure["value"], figure["unit"]),
            goal(figure), beside(figure)]


def table(figures):
    lines = ["| figure | measured | goal | beside it |", "|---|---|---|---|"]
    for figure in figures:
        lines.append("| " + " | ".join(row(figure)) + " |")
    return lines


def read(paths):
    sections = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                figure = json.loads(line)
                sections.setdefault(figure["section"], []).append(figure)
    return sections


def summary(sections):
    figures = [figure for group in sections.values() for figure in group]
    goals = [figure for figure in figures if "goal" in figure]
    met = sum(figure["is_met"] for figure in goals)
    failed = sum("failed" in figure for figure in figures)
    text = f"{met} of {len(goals)} goals met"
    return text + (f", {failed} figures missing." if failed else ".")


def render(sections):
    lines = [summary(sections), ""]
    for section, figures in sections.items():
        lines += [f"### {TITLES.get(section, section)}", ""]
        lines += table(figures) + [""]
    return "\n".join(lines)


def replace(page, text):
    with open(page, encoding="utf-8") as file:
        old = file.read()
    if BEGIN not in old or END not in old:
        sys.exit(f"{page} has no place for the figures")
    before, rest = old.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--into"] and len(arguments) > 2:
        replace(arguments[1], render(read(arguments[2:])))
    elif arguments and not arguments[0].startswith("-"):
        print(render(read(arguments)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
