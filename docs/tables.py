#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the tables of the documentation that repeat data of the source.

  docs/tables.py            writes them
  docs/tables.py --check    writes nothing; fails if one of them is stale

A table stands between "<!-- NAME: ... -->" and "<!-- end -->".
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rows_of(path, pattern):
    return re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE)


def reasons():
    yield "| no. | reason | fate | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, number, fate, text in rows_of("maps/reasons.def", r'^REASON\((\w+), (\d+), (\w+), "(.*)"\)$'):
        yield f"| {number} | `{name.lower()}` | {fate.lower()} | {text} |"


def number_of(entries):
    """Resolves the limits of maps/*.h in an expression such as MAX_INTERFACES."""
    limits = {}
    for header in (ROOT / "maps").glob("*.h"):
        limits.update(re.findall(r"^#define (\w+)\s+([^/\n]+)", header.read_text(), re.MULTILINE))
    while names := re.findall(r"[A-Z]\w+", entries):
        for name in names:
            entries = re.sub(rf"\b{name}\b", f"({limits[name]})", entries)
    if not re.fullmatch(r"[\d\s()+*<-]+", entries):
        sys.exit(f"maps/tables.def: {entries} is no number")
    return eval(entries)


def tables():
    yield "| table | type | entries | made |"
    yield "| --- | --- | --- | --- |"
    pattern = r"^TABLE\((\w+), \w+, .*, (\w+), ([^,]+), [^,]+, (\w+)\)$"
    made_when = {"Always": "with the instance", "TailCalls": "with the tail-called programs"}
    for name, kind, entries, made in rows_of("maps/tables.def", pattern):
        yield f"| `{name}` | {kind.lower().replace('_', ' ')} | {number_of(entries):,} | {made_when[made]} |"


def programs():
    yield "| program | entered |"
    yield "| --- | --- |"
    for kind, name in rows_of("maps/programs.def", r"^(PROGRAM|TAIL_CALL)\((\w+),"):
        yield f"| `{name}` | {'by a tail call' if kind == 'TAIL_CALL' else 'attached to a device'} |"


PLACES = [
    ("docs/packet-path.md", "reasons", reasons),
    ("docs/map-abi.md", "programs", programs),
    ("docs/map-abi.md", "tables", tables),
]


def main():
    stale = []
    for path, name, make in PLACES:
        file = ROOT / path
        before = file.read_text()
        pattern = rf"(<!-- {name}: [^\n]* -->\n)(?:.*?)(<!-- end -->\n)"
        after, found = re.subn(pattern, lambda m: m[1] + "\n".join(make()) + "\n" + m[2], before, flags=re.DOTALL)
        if found != 1:
            sys.exit(f"{path}: no place for the table {name}")
        if after == before:
            continue
        stale.append(f"{path}: {name}")
        if "--check" not in sys.argv[1:]:
            file.write_text(after)
    if stale and "--check" in sys.argv[1:]:
        sys.exit("stale: " + ", ".join(stale) + ": run docs/tables.py")


main()
