#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Checks who includes whom: a folder includes only the folders listed for it, and no unit includes itself through
# others. A unit is a header and its source. "" is the tree's top folder.

import pathlib
import re
import sys

ROOMS = {
    "loader": {
        "base": [],
        "model": ["base"],
        "nat": ["base", "model"],
        "commands": ["base", "model", "nat"],
        "show": ["base", "model", "nat"],
        "linux": ["base"],
        "": ["base", "model", "nat", "commands", "show"],
    },
}


def units(tree):
    """Maps each unit of the tree to the units of the tree that it includes."""
    includes = {}
    for path in sorted(pathlib.Path(tree).rglob("*.[hc]*")):
        unit = path.with_suffix("").as_posix()
        found = re.findall(rf'^#include "({tree}/.*)\.h"', path.read_text(), re.MULTILINE)
        includes.setdefault(unit, set()).update(set(found) - {unit})
    return includes


def room_of(unit):
    return "/".join(unit.split("/")[1:-1])


def find_cycle(includes, unit, path, done):
    if unit in path:
        return path[path.index(unit):] + [unit]
    if unit in done:
        return None
    done.add(unit)
    cycles = (find_cycle(includes, other, path + [unit], done) for other in sorted(includes.get(unit, ())))
    return next(filter(None, cycles), None)


def findings():
    for tree, rooms in ROOMS.items():
        includes = units(tree)
        done = set()
        for unit, others in includes.items():
            for other in sorted(others):
                if room_of(other) not in [room_of(unit), *rooms[room_of(unit)]]:
                    yield f"{unit} includes {other}: {tree}/{room_of(unit)} must not include {tree}/{room_of(other)}"
            if cycle := find_cycle(includes, unit, [], done):
                yield "cycle: " + " -> ".join(cycle)


found = list(findings())
print(*found, sep="\n", end="\n" if found else "")
sys.exit(bool(found))
