#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the comments of bpf/ against its code.

  .ci/stage_headers.py            fails if a comment is not true
  .ci/stage_headers.py --write    writes the lines of the headers anew

The first comment of a header says which fields of struct packet its own functions read and set, which reasons they
return or count, and which tables they access. What it includes adds its own. In packet.h, the comment of each group of
fields names the files that set them.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BPF = ROOT / "bpf"
PACKET = (BPF / "packet.h").read_text()
GROUPS = re.search(r"^struct packet \{\n(.*?)^\};", PACKET, re.DOTALL | re.MULTILINE)[1].split("\n\n")
TABLES = re.findall(r"^TABLE\((\w+)", (ROOT / "maps/tables.def").read_text(), re.MULTILINE)
LABELS = ("reads", "sets", "reasons", "lookups")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def fields_of(group):
    return re.findall(r"(\w+)(?:\[\w+\])?;", without_comments(group))


FIELDS = [field for group in GROUPS for field in fields_of(group) if field != "ctx"]


def facts_of(code):
    uses = re.findall(r"packet->(\w+)(\s*[-+|]?=(?!=))?", code)
    copied = re.findall(r"__builtin_memcpy\(packet->(\w+)", code)
    opened = re.findall(r"\.(\w+) = ", code) if "hook_open_packet" in code else []
    written = {name for name, sign in uses if sign} | set(copied) | set(opened)
    read = {name for name, sign in uses if sign.strip() != "=" and name not in copied}
    reasons = re.findall(r"(?<!== )(?<!!= )(?<!case )\bREASON_(\w+)", code)
    return {
        "reads": [field for field in FIELDS if field in read],
        "sets": [field for field in FIELDS if field in written],
        "reasons": [name for name in dict.fromkeys(reasons) if name not in ("CONTINUE", "LIMIT")],
        "lookups": [name for name in TABLES if re.search(rf"_elem\(&{name}\b", code)],
    }


def lines_of(facts):
    lines = ""
    for label in LABELS:
        if facts[label]:
            text = textwrap.fill(", ".join(facts[label]), 108, break_on_hyphens=False).replace("\n", "\n *          ")
            lines += f" * {label:9}{text}\n"
    return lines


def checked(path, facts):
    """The text of the header with the lines that are true."""
    comment, code = path.read_text().split(" */\n#pragma once", 1)
    comment = re.sub(rf"(?: \*\n)?(?: \* (?:{'|'.join(LABELS)}) {{2,}}.*\n(?: \* {{10}}.*\n)*)+$", "", comment)
    lines = lines_of(facts)
    return comment + (" *\n" + lines if lines else "") + " */\n#pragma once" + code


def main():
    wrong = []
    setters = {}
    for path in sorted(BPF.rglob("*.h")):
        name = str(path.relative_to(BPF))
        if name in ("packet.h", "pipeline.h"):
            continue
        facts = facts_of(without_comments(path.read_text()))
        for field in facts["sets"]:
            setters.setdefault(field, set()).add(name)
        if name.startswith("hook/") or checked(path, facts) == path.read_text():
            continue
        if "--write" in sys.argv[1:]:
            path.write_text(checked(path, facts))
        else:
            wrong.append(f"bpf/{name}: the lines {', '.join(LABELS)}")
    for group in GROUPS:
        named = set(re.findall(r"[\w/]+\.h", group))
        found = set().union(*(setters.get(field, set()) for field in fields_of(group)))
        if named != found:
            wrong.append(f"bpf/packet.h: {', '.join(sorted(found))} set {', '.join(fields_of(group))}")
    if wrong:
        sys.exit("not true, or run .ci/stage_headers.py --write:\n  " + "\n  ".join(wrong))


main()
