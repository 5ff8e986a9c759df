#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the includes: a room includes itself and the rooms of its row. No file includes itself, directly or not."""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A room is a folder, or a file of a folder. The first row that matches a file counts.
ROOMS = {
    "bpf/packet.h": ["maps/"],
    "bpf/hook/": ["bpf/packet.h", "maps/"],
    "bpf/lib/": ["bpf/packet.h", "maps/"],
    "bpf/switch/": ["bpf/packet.h", "bpf/lib/", "maps/"],
    "bpf/gateway/": ["bpf/packet.h", "bpf/lib/", "bpf/switch/", "maps/"],
    "bpf/nat/": ["bpf/packet.h", "bpf/lib/", "bpf/switch/", "bpf/gateway/", "maps/"],
    "bpf/tail_calls.h": ["bpf/packet.h", "bpf/lib/", "bpf/switch/"],
    "bpf/pipeline.h": ["bpf/switch/", "bpf/gateway/", "bpf/nat/", "bpf/tail_calls.h"],
    "bpf/xvnet_xdp.bpf.c": ["bpf/hook/xdp.h", "bpf/pipeline.h"],
    "bpf/xvnet_tc.bpf.c": ["bpf/hook/tc.h", "bpf/pipeline.h"],
    "loader/base/": ["maps/"],
    "loader/linux/": ["loader/base/", "maps/"],
    "loader/model/": ["loader/base/", "maps/"],
    "loader/nat/": ["loader/base/", "loader/model/", "maps/"],
    "loader/commands/": ["loader/base/", "loader/model/", "loader/nat/", "maps/"],
    "loader/show/": ["loader/base/", "loader/model/", "loader/nat/", "maps/"],
    "loader/": ["loader/base/", "loader/model/", "loader/nat/", "loader/commands/", "loader/show/", "maps/"],
}
DEEPEST = {"bpf/": 9}  # units in a chain of includes: a program and eight headers


def included_by(file):
    """The files that it includes, as paths from the root; a path is relative to the file, or else to the root."""
    for name in re.findall(r'^#include "([^"]+)"', (ROOT / file).read_text(), re.MULTILINE):
        beside = os.path.normpath(os.path.join(os.path.dirname(file), name))
        yield beside if (ROOT / beside).exists() else name


def unit_of(file):
    """A header and its source are one unit."""
    return re.sub(r"\.(h|cc)$", "", file)


def depth_of(unit, below, above=()):
    """How many units the longest chain of includes has, from this one down."""
    if unit in above:
        sys.exit("a cycle of includes: " + " -> ".join([*above, unit]))
    return 1 + max((depth_of(other, below, (*above, unit)) for other in below.get(unit, ())), default=0)


def findings():
    for folder in dict.fromkeys(room.split("/")[0] + "/" for room in ROOMS):
        below = {}
        for path in sorted((ROOT / folder).rglob("*.[hc]*")):
            file = str(path.relative_to(ROOT))
            if path.suffix not in (".h", ".c", ".cc"):
                continue
            room = next((room for room in ROOMS if file.startswith(room)), None)
            if not room:
                yield f"{file} is in no room"
                continue
            for other in included_by(file):
                if "/" in other and not other.startswith((room, *ROOMS[room])):  # the others are generated
                    yield f"{file} must not include {other}"
                if other.startswith(folder) and unit_of(other) != unit_of(file):
                    below.setdefault(unit_of(file), set()).add(unit_of(other))
        for unit in below:
            if depth_of(unit, below) > DEEPEST.get(folder, 99):
                yield f"{unit} heads a chain of more than {DEEPEST[folder]} includes"


found = list(findings())
print(*found, sep="\n", end="\n" if found else "")
sys.exit(bool(found))
