#!/usr/bin/env python3
"""Runs the benchmarks: every side of a workload in turns, so that whatever else the machine
does meets all of them.  Prints, and with --write also writes, results.md and results.svg."""

import argparse
import datetime
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

from asyncio_sides import WORKLOADS as ASYNCIO
from picture import picture
from workloads import GROUPS

HERE = os.path.dirname(os.path.abspath(__file__))
SIDES = ["floor", "brood", "libuv", "GSubprocess", "asyncio"]
PEERS = SIDES[2:]
DEADLINE_SECONDS = 120  # for one side of one round


class Failed(Exception):
    pass


class Progress:
    """One line on a terminal; elsewhere a line for each row."""

    def __init__(self, total):
        self.total, self.done, self.began = total, 0, time.monotonic()
        self.terminal = sys.stderr.isatty()

    def step(self, title, part):
        self.done += 1
        if self.terminal:
            took = time.monotonic() - self.began
            line = f"[{self.done}/{self.total}] {took:4.0f} s  {title}: {part}"
            sys.stderr.write("\r\x1b[K" + line[:100])
            sys.stderr.flush()

    def line(self, text):
        sys.stderr.write("\r\x1b[K" if self.terminal else "")
        print(text, file=sys.stderr, flush=True)


# ---- one measurement ------------------------------------------------------------------


def command_of(row, side, build, divide=1):
    parameters = dict(row.parameters)
    for name in row.amounts:
        by = divide * row.smaller.get(side, 1)
        parameters[name] = max(1, parameters[name] // by)
    words = [f"{name}={value}" for name, value in parameters.items()]
    if side == "asyncio":
        return [sys.executable, os.path.join(HERE, "asyncio_sides.py"), row.program,
                f"beside={build}/bench", *words]
    return [f"{build}/bench/{row.program}", side, *words]


def output_of(command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command)}: over {DEADLINE_SECONDS} s") from error
    if run.returncode != 0:
        raise Failed(f"{' '.join(command)}: {run.stderr.strip() or run.returncode}")
    return run


def measure(row, side, build, divide):
    return float(output_of(command_of(row, side, build, divide)).stdout)


def instructions(row, side, build):
    """Of one operation: what twice as many cost more."""
    totals = []
    for amount in (1000, 2000):
        parameters = dict(row.parameters, **{row.counted: amount})
        words = [f"{name}={value}" for name, value in parameters.items()]
        run = output_of(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                         f"{build}/bench/{row.program}", side, *words])
        totals.append(int(re.search(r"Collected : (\d+)", run.stderr).group(1)))
    return (totals[1] - totals[0]) / 1000


# ---- all of them ----------------------------------------------------------------------


def sides_of(row, build, quick):
    """Those that this machine has, of this workload's, and that are to run."""
    usage = subprocess.run([f"{build}/bench/{row.program}", "--help"], capture_output=True,
                           text=True, check=True).stdout
    built = re.search(r"^Sides: (.*)$", usage, re.M).group(1).split()
    have = [side for side in SIDES if side in built]
    if row.program in ASYNCIO:
        have.append("asyncio")
    return [side for side in have if side not in row.without and row.rounds_of(side, quick) > 0]


class Result:
    def __init__(self, row, sides):
        self.row, self.sides = row, sides
        self.costs = {side: [] for side in sides}
        self.failures = {}
        self.seconds = 0
        self.counts = {}

    def median(self, side):
        return statistics.median(self.costs[side])

    def ratios(self, side):
        """To the floor of the same round."""
        return [cost / floor for cost, floor in zip(self.costs[side], self.costs["floor"])]

    def ratio(self, side, rounds=None):
        """Of the first rounds alone, for a comparison with a side that had no more."""
        if not self.costs.get(side) or not self.costs.get("floor"):
            return None
        return statistics.median(self.ratios(side)[:rounds])


def take(result, side, build, quick):
    began = time.monotonic()
    try:
        cost = measure(result.row, side, build, 10 if quick else 1)
        result.costs[side].append(cost)
    except Failed as failure:
        result.failures[side] = str(failure)
    result.seconds += time.monotonic() - began


def run_group(results, build, quick, progress):
    for number in range(max(result.row.rounds for result in results)):
        for result in results:
            for side in result.sides:
                if number >= result.row.rounds_of(side, quick):
                    continue
                progress.step(result.row.title, f"{side}, round {number + 1}")
                if side not in result.failures:
                    take(result, side, build, quick)
    for result in results:
        progress.line(f"{line_of(result)}; {result.seconds:.0f} s")


def count_instructions(results, build, progress):
    if shutil.which("valgrind") is None:
        progress.line("no valgrind: instructions are not counted")
        return
    for result in results:
        if result.row.counted:
            for side in result.sides:
                if side != "asyncio":
                    result.counts[side] = instructions(result.row, side, build)


# ---- telling --------------------------------------------------------------------------


def cost_text(cost, unit):
    if unit == "bytes":
        return f"{cost:,.0f} B"
    for limit, scale, name in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if cost < limit:
            return f"{cost / scale:.3g} {name}"
    return f"{cost / 1e9:.3g} s"


def line_of(result):
    parts = []
    for side in result.sides:
        if side in result.failures:
            parts.append(f"{side} failed")
            continue
        text = cost_text(result.median(side), result.row.unit)
        ratio = result.ratio(side)
        parts.append(f"{side} {text}" + ("" if side == "floor" or ratio is None
                                         else f" ({ratio:.2f})"))
    return f"{result.row.title}: " + ", ".join(parts)


def verdict(result):
    """What is promised, and whether it holds here."""
    ratio, row = result.ratio("brood"), result.row
    if row.most and result.costs["brood"]:
        holds = "met" if result.median("brood") <= row.most else "MISSED"
        return f"{cost_text(row.most, row.unit)}: {holds}"
    if ratio is None or not row.bound:
        return ""
    faster = [side for side in PEERS if result.ratio(side) is not None and
              result.ratio(side) < result.ratio("brood", len(result.ratios(side)))]
    text = f"{row.bound:g}: {'met' if ratio <= row.bound else 'MISSED'}"
    if faster:
        text += f"; SLOWER than {', '.join(faster)}"
    return text


def cell(result, side, quick):
    if side in result.failures:
        return "failed"
    if side not in result.sides:
        return "-"
    cost = cost_text(result.median(side), result.row.unit)
    if side == "floor" or result.ratio(side) is None:
        return cost
    ratios = result.ratios(side)
    if quick:
        return f"{result.ratio(side):.2f} ({cost})"
    spread = f" {spread_of(ratios)}" if side == "brood" else ""
    notes = []
    if side in result.row.smaller:
        notes.append(f"1/{result.row.smaller[side]} of it")
    if len(ratios) < len(result.costs["floor"]):
        notes.append(f"rounds: {len(ratios)}")
    return f"{result.ratio(side):.2f}{spread} ({'; '.join([cost] + notes)})"


def spread_of(ratios):
    return f"[{min(ratios):.2f}-{max(ratios):.2f}]"


def own_comparisons(results):
    by_title = {result.row.title: result for result in results}
    lines = []
    for result in results:
        row = result.row
        other = by_title.get(row.like)
        if other is None or not result.costs["brood"]:
            continue
        for side in ("floor", "brood"):
            if not result.costs.get(side) or not other.costs.get(side):
                continue
            pairs = zip(result.costs[side], other.costs[side])
            ratios = [cost / base for cost, base in pairs]
            ratio = statistics.median(ratios)
            promise = ""
            if side == "brood":
                holds = "met" if ratio <= row.like_bound else "MISSED"
                promise = f"; promised at most {row.like_bound:g}: {holds}"
            lines.append(f"- {row.title}, to {row.like}: {side} {ratio:.2f} "
                         f"{spread_of(ratios)}{promise}")
    return lines


def version_of(command, pattern):
    if shutil.which(command[0]) is None:
        return None
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(pattern, run.stdout)
    return match.group(1) if run.returncode == 0 and match else None


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open("/proc/meminfo", encoding="utf-8") as info:
        memory = int(re.search(r"MemTotal:\s*(\d+)", info.read()).group(1)) >> 20
    return (f"{os.cpu_count()} processors ({model.group(1) if model else platform.machine()}), "
            f"{memory} GiB; {platform.system()} {platform.release()}")


def peers_text():
    found = {"libuv": version_of(["pkg-config", "--modversion", "libuv"], r"(\S+)"),
             "GSubprocess": version_of(["pkg-config", "--modversion", "gio-2.0"], r"(\S+)"),
             "asyncio": platform.python_version()}
    return {name: version for name, version in found.items() if version}


def heading(quick):
    if quick:
        return ["# A quick run", "",
                "One round of a tenth of the work: it shows that every side does its job, and its "
                "figures mean nothing.", ""]
    return ["# Results of `make bench`", "",
            "Written by the run; docs/performance.md says what is measured, and why.", ""]


def report(results, compiler, quick):
    peers = peers_text()
    missing = [side for side in PEERS if side not in peers]
    lines = heading(quick)
    lines += [f"- {datetime.date.today()}, {machine()}",
             f"- compiler: {compiler}",
             "- peers: " + ", ".join(f"{name} {version}" for name, version in peers.items())]
    if missing:
        lines.append(f"- left out, since they are not installed: {', '.join(missing)} "
                     "(Debian: libuv1-dev, libglib2.0-dev)")
    if quick:
        lines += ["- each cell: the ratio to the floor, and the cost; -: not run, or it cannot", ""]
    else:
        lines += ["- each cell: the median of the ratios to the floor of the same round "
                  "[least-greatest], and the median cost; of a slow peer, how much of the job it "
                  "did (1/10 of it), and in how many rounds", "", "![ratios](results.svg)", ""]
    lines += ["| workload | per | floor | brood | " + " | ".join(PEERS) + " | promised |",
              "|---|---|---|---|" + "---|" * len(PEERS) + "---|"]
    for result in results:
        cells = [cell(result, side, quick) for side in SIDES]
        lines.append(f"| {result.row.title} | {result.row.per} | " + " | ".join(cells) +
                     f" | {'' if quick else verdict(result)} |")
    own = [] if quick else own_comparisons(results)
    if own:
        lines += ["", "## One workload to another", ""] + own
    counted = [result for result in results if result.counts]
    if counted:
        lines += ["", "## Instructions, counted by callgrind", "",
                  "| operation | " + " | ".join(SIDES[:4]) + " |", "|---|" + "---|" * 4]
        for result in counted:
            counts = [f"{result.counts[side]:.0f}" if side in result.counts else "-"
                      for side in SIDES[:4]]
            lines.append(f"| {result.row.title} | " + " | ".join(counts) + " |")
    failures = [f"- {result.row.title}, {side}: {text}"
                for result in results for side, text in result.failures.items()]
    if failures:
        lines += ["", "## Failed", ""] + failures
    return "\n".join(lines) + "\n"


def library_size(build):
    stripped = f"{build}/bench/stripped.so"
    subprocess.run(["strip", "-o", stripped, f"{build}/libbrood.so"], check=True)
    return f"- libbrood.so, stripped: {os.path.getsize(stripped):,} bytes\n"


# ---- the program ----------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="where the programs are")
    parser.add_argument("--compiler", default="", help="which made them, for the report")
    parser.add_argument("--quick", action="store_true", help="one round, a tenth of the work")
    parser.add_argument("--write", metavar="FOLDER", help="where results go")
    parser.add_argument("--only", default="", help="rows whose titles match this expression")
    return parser.parse_args()


def main():
    options = arguments()
    groups = [[Result(row, sides_of(row, options.build, options.quick)) for row in group
               if re.search(options.only, row.title)] for group in GROUPS]
    results = [result for group in groups for result in group]
    if not results:
        print(f"run.py: no row's title matches {options.only!r}", file=sys.stderr)
        return 2
    missing = [side for side in PEERS if side not in peers_text()]
    progress = Progress(sum(result.row.rounds_of(side, options.quick)
                            for result in results for side in result.sides))
    if missing:
        progress.line(f"left out, since they are not installed: {', '.join(missing)}")
    for group in groups:
        if group:
            run_group(group, options.build, options.quick, progress)
    if not options.quick:
        count_instructions(results, options.build, progress)
    text = report(results, options.compiler, options.quick) + "\n" + library_size(options.build)
    print(text)
    if options.write:
        with open(os.path.join(options.write, "results.md"), "w", encoding="utf-8") as file:
            file.write(text)
        with open(os.path.join(options.write, "results.svg"), "w", encoding="utf-8") as file:
            file.write(picture(results, SIDES))
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
