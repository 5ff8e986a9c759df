#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws what xvnet_bench found.

plot.py RESULTS OUTPUT: RESULTS/native.json and each RESULTS/emulated-KERNEL.json become SVGs and ratios.md in OUTPUT.
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
# Makes the files reproducible: equal figures give equal files.
matplotlib.rcParams["svg.hashsalt"] = "xvnet"
matplotlib.rcParams["svg.fonttype"] = "none"

import matplotlib.pyplot as plt  # noqa: E402

XVNET = "#1f6f8b"
OTHER = "#b0b0b0"

# The title of each group of bars, and the measurements in it.
PACKETS = [
    ("TAP to TAP, 60 B", [
        "tap-tap/60/bare xdp redirect", "tap-tap/60/xvnet xdp", "tap-tap/60/bare tc redirect",
        "tap-tap/60/xvnet tc", "tap-tap/60/bridge", "tap-tap/60/ovs"]),
    ("VLAN to the wire, 64 B", [
        "vlan/to wire, 64/xvnet xdp", "vlan/to wire, 64/xvnet tc", "vlan/to wire, 64/bridge + tc vlan",
        "vlan/to wire, 64/filtering bridge", "vlan/to wire, 64/bridge + 8021q", "vlan/to wire, 64/ovs"]),
    ("SNAT out, 60 B", [
        "snat/out, 60/xvnet", "snat/out, 60/bridge + route + masquerade", "snat/out, 60/flowtable",
        "snat/out, 60/ovs"]),
    ("SNAT, a new connection", [
        "snat/new, 60/xvnet", "snat/new, 60/bridge + route + masquerade", "snat/new, 60/ovs"]),
    ("a denied frame", [
        "denied/drop, 60/xvnet xdp", "denied/drop, 60/xvnet tc", "denied/drop, 60/nft ingress, set",
        "denied/drop, 60/nft forward, set", "denied/drop, 60/nft forward, 100 rules"]),
]


def costs(results, unit):
    return {m["name"]: m[unit] for m in results["measurements"] if unit in m}


def draw_packets(results, unit, title, path):
    found = costs(results, unit)
    labels, values, colours, heads = [], [], [], []
    for group, names in PACKETS:
        present = [name for name in names if name in found]
        if not present:
            continue
        heads.append((len(labels), group))
        labels.append("")
        values.append(0)
        colours.append(OTHER)
        for name in present:
            contender = name.split("/")[-1]
            labels.append(contender)
            values.append(found[name])
            colours.append(XVNET if contender.startswith("xvnet") else OTHER)
    figure, axes = plt.subplots(figsize=(8, 0.27 * len(labels) + 1))
    rows = range(len(labels))
    axes.barh(rows, values, color=colours)
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    for row, value in zip(rows, values):
        if value:
            axes.text(value, row, f" {value:.0f}", va="center", fontsize=8)
    for row, head in heads:
        axes.text(0, row, " " + head, va="center", fontsize=9, fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(right=1.1 * max(values))
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def draw_attach(results, path):
    found = {q["name"]: q["value"] for q in results.get("quantities", [])}
    ports = [1, 10, 100, 1000]
    figure, axes = plt.subplots(figsize=(5, 3))
    for command, style in (("attach", "o-"), ("detach", "s--")):
        names = [f"{command} beside {count} ports, CPU" for count in ports]
        if all(name in found for name in names):
            axes.plot(ports, [found[name] for name in names], style, label=command, color=XVNET)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("ports present")
    axes.set_ylabel("ms of CPU")
    axes.legend()
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def verdict(ratio):
    if "target" not in ratio:
        return ""
    return f"{'met' if ratio['met'] else 'missed'} ({ratio['target']:g})"


def table_row(cells):
    return "| " + " | ".join(cells) + " |"


def by_name(found):
    """One column for each of the results, one row for each name of any of them, in the order of the first."""
    names = list(dict.fromkeys(name for column in found for name in column))
    return [(name, [column.get(name) for column in found]) for name in names]


def ratio_lines(columns):
    lines = [table_row(["ratio", *(r["kernel"] for r in columns), "of"]), table_row(["---"] * (len(columns) + 2))]
    for name, ratios in by_name([{r["name"]: r for r in results["ratios"]} for results in columns]):
        cells = [f"{r['value']:.3f} {verdict(r)}".strip() if r else "" for r in ratios]
        lines.append(table_row([name, *cells, next(r["of"] for r in ratios if r)]))
    return lines


def cost_lines(columns, unit):
    lines = [table_row([f"a packet, {unit}", *(r["kernel"] for r in columns)]), table_row(["---"] * (len(columns) + 1))]
    for name, values in by_name([costs(results, unit) for results in columns]):
        lines.append(table_row([name, *("" if v is None else f"{v:.0f}" for v in values)]))
    return lines


def quantity_lines(results):
    return ["| quantity | value | |", "| --- | --- | --- |",
            *(f"| {q['name']} | {number(q['value'])} | {q['unit']} |" for q in results["quantities"])]


def write_tables(emulated, native, path):
    lines = ["# What the benchmark found", "", "Written by `./dev bench`; [performance.md](../performance.md) says how.", ""]
    for columns, what, unit in ((emulated, "Instructions, emulated", "instructions"), ([native], "Time, native", "ns")):
        lines += [f"## {what}", "", *ratio_lines(columns), "", *cost_lines(columns, unit), ""]
    lines += ["## Not of a packet, native", "", *quantity_lines(native), ""]
    path.write_text("\n".join(lines))


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main():
    results, output = map(pathlib.Path, sys.argv[1:3])
    output.mkdir(parents=True, exist_ok=True)
    emulated = [json.loads(path.read_text()) for path in sorted(results.glob("emulated-*.json"))]
    native = json.loads((results / "native.json").read_text())
    # The last file is that of the newest kernel, because 6.12 sorts after 6.1.
    draw_packets(emulated[-1], "instructions", f"instructions of a packet, Linux {emulated[-1]['kernel']}",
                 output / "instructions.svg")
    draw_packets(native, "ns", f"nanoseconds of a packet, Linux {native['kernel']}",
                 output / "time.svg")
    draw_attach(native, output / "attach.svg")
    write_tables(emulated, native, output / "ratios.md")


if __name__ == "__main__":
    main()
