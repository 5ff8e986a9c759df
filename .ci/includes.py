#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks who includes whom: each room may include itself and the rooms that its row names."""

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
    "bpf/pipeline.h": ["bpf/switch/"],
    "bpf/xvnet_xdp.bpf.c": ["bpf/hook/xdp.h", "bpf/switch/", "bpf/pipeline.h"],
    "bpf/xvnet_tc.bpf.c": ["bpf/"],
}
DEEPEST = {"bpf/": 8}  # files in a chain of includes


def included_by(file):
    """The files that it includes, as paths from the root; a path is relative to the file, or else to the root."""
    for name in re.findall(r'^#include "([^"]+)"', (ROOT / file).read_text(), re.MULTILINE):
        beside = os.path.normpath(os.path.join(os.path.dirname(file), name))
        yield beside if (ROOT / beside).exists() else name


def depth_of(file, folder, above=()):
    if file in above:  # a cycle
        return float("inf")
    below = [other for other in included_by(file) if other.startswith(folder)]
    return 1 + max((depth_of(other, folder, (*above, file)) for other in below), default=0)


def main():
    wrong = []
    for folder in dict.fromkeys(room.split("/")[0] for room in ROOMS):
        for path in sorted((ROOT / folder).rglob("*")):
            file = str(path.relative_to(ROOT))
            if path.suffix not in (".h", ".c", ".cc"):
                continue
            room = next((room for room in ROOMS if file.startswith(room)), None)
            if not room:
                wrong.append(f"{file} is in no room of .ci/includes.py")
                continue
            for other in included_by(file):
                if not other.startswith((room, *ROOMS[room])):
                    wrong.append(f"{file} must not include {other}")
            for top, most in DEEPEST.items():
                if file.startswith(top) and depth_of(file, top) > most:
                    wrong.append(f"{file} heads a chain of more than {most} includes")
    if wrong:
        sys.exit("\n".join(wrong))


main()
