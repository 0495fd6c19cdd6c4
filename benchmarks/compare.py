"""What a run says about its peers, and about an earlier run.

`python benchmarks/compare.py OLD.json NEW.json` prints what became slower between two runs.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOISE = 1.05  # medians that differ by less say nothing: the machine's seconds differ by as much

Run = dict[str, Any]  # one thread count of what run.py writes


def human(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, scale in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def print_table(headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    """Left-aligned names, right-aligned figures."""
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    for line in (headings, *lines):
        name, *figures = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join((name, *figures)).rstrip())


# --- beside the peers ---------------------------------------------------------------------------


def behind(run: Run) -> Iterator[tuple[float, tuple[str, ...]]]:
    """The rows in which a peer is faster: the peer's time over tenon's, and the line to print."""
    for row in run["rows"]:
        medians = {name: timing["median"] for name, timing in row["seconds"].items()}
        tenon = medians.pop("tenon", None)
        if not tenon or not medians:
            continue
        peer, fastest = min(medians.items(), key=lambda item: item[1])
        if fastest < tenon:
            note = f"{peer} returns an alias" if row.get("alias") == peer else ""
            name = f"{row['group']}/{row['name']}"
            figures = (human(tenon), human(fastest), peer, f"{fastest / tenon:.2f}x", note)
            yield fastest / tenon, (name, str(run["machine"]["threads"]), *figures)


def print_behind(runs: list[Run]) -> None:
    """The table at the end of a run: every row below 1.0x of the faster peer, the slowest first."""
    lines = [line for _, line in sorted(found for run in runs for found in behind(run))]
    if not lines:
        print("\nNo row is slower than a peer's.")
        return
    print(f"\n{len(lines)} rows below 1.0x of the faster peer (0.95x and more is noise):")
    print_table(("row", "threads", "tenon", "peer", "", "ratio", ""), lines)


# --- beside an earlier run ----------------------------------------------------------------------


def tenons(runs: list[Run]) -> dict[tuple[str, int], dict[str, float]]:
    """tenon's timings by row and thread count."""
    return {
        (f"{row['group']}/{row['name']}", run["machine"]["threads"]): row["seconds"]["tenon"]
        for run in runs
        for row in run["rows"]
        if "tenon" in row["seconds"]
    }


def slower(old: list[Run], new: list[Run]) -> list[tuple[float, tuple[str, ...]]]:
    """The rows whose median rose by more than the noise and out of the range of the earlier run's blocks."""
    before, after = tenons(old), tenons(new)
    found = []
    for key in before.keys() & after.keys():
        was, now = before[key], after[key]
        factor = now["median"] / was["median"] if was["median"] else 0.0
        if factor > NOISE and now["low"] > was["high"]:
            name, threads = key
            figures = (human(was["median"]), human(now["median"]), f"{factor:.2f}x")
            found.append((factor, (name, str(threads), *figures)))
    return sorted(found, reverse=True)


def print_slower(old: list[Run], new: list[Run]) -> None:
    """What became slower since an earlier run, the worst first."""
    cpus = [{run["machine"]["cpu"] for run in runs} for runs in (old, new)]
    if cpus[0] != cpus[1]:
        print(f"\nThe runs are of different CPUs: {', '.join(cpus[0])} and {', '.join(cpus[1])}")
    rows = tenons(old).keys() & tenons(new).keys()
    lines = [line for _, line in slower(old, new)]
    if not lines:
        print(f"\nNone of {len(rows)} rows became slower.")
        return
    print(f"\n{len(lines)} of {len(rows)} rows became slower by more than {NOISE - 1:.0%}:")
    print_table(("row", "threads", "before", "now", "factor"), lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print which rows of tenon became slower between two runs.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args()
    print_slower(json.loads(options.old.read_text()), json.loads(options.new.read_text()))


if __name__ == "__main__":
    main()
