"""Measure tenon beside NumPy and PyTorch: `script/bench --help`.

Thread counts are fixed before a library is loaded, so each count gets a process of its own; within it,
everything is measured in turn (see harness.py).
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compare import human, print_behind, print_slower
from memory import peaks

here = Path(__file__).resolve().parent
CPUINFO = Path("/proc/cpuinfo")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--filter", default="", metavar="TEXT", help="only rows whose group/name contains it")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, and so noisier")
    parser.add_argument("--threads", default="1,2", metavar="1,2", help="thread counts to measure with")
    parser.add_argument("--json", type=Path, default=here.parent / "bench-output/bench.json", metavar="FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="also print what became slower")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


# --- the environment of a measurement -----------------------------------------------------------


def cores(count: int) -> set[int]:
    """So many CPUs of ours, no two of them on one core while that is possible."""
    seen, first, rest = set(), [], []
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        (rest if core in seen else first).append(cpu)
        seen.add(core)
    return set([*first, *rest][:count])


def environment(threads: int) -> dict[str, str]:
    env = dict(os.environ)
    for name in ("OMP", "OPENBLAS", "MKL", "BLIS"):
        env[f"{name}_NUM_THREADS"] = str(threads)
    # PyTorch prefers AVX2 on some CPUs that have AVX-512: the peer gets its best kernels, too.
    if CPUINFO.exists() and " avx512f " in CPUINFO.read_text():
        env.setdefault("ATEN_CPU_CAPABILITY", "avx512")
    return env


def cpu_name() -> str:
    for line in CPUINFO.read_text().splitlines() if CPUINFO.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe(threads: int) -> dict[str, Any]:
    """The machine, the versions and the kernels that each BLAS chose."""
    import threadpoolctl
    from harness import libraries

    found = libraries()
    for xp in found.values():  # BLAS is loaded on first use
        if hasattr(xp, "ones"):
            xp.ones((2, 2)) @ xp.ones((2, 2))
    if torch := found.get("torch"):
        torch.set_num_threads(threads)
    pools = threadpoolctl.threadpool_info()
    return {
        "cpu": cpu_name(),
        "cpus": sorted(os.sched_getaffinity(0)),
        "threads": threads,
        "python": platform.python_version(),
        "versions": {name: xp.__version__ for name, xp in found.items()},
        "torch kernels": torch.backends.cpu.get_cpu_capability() if torch else None,
        "blas": sorted(
            {
                f"{p['internal_api']} {p['version']} {p.get('architecture') or ''}".strip()
                for p in pools
                if p["user_api"] == "blas"
            }
        ),
    }


# --- one thread count ---------------------------------------------------------------------------


def times(factor: float | None) -> str:
    return "-" if factor is None else f"{factor:.2f}x" if factor < 10 else f"{factor:.0f}x"


def ratio(of: float | None, to: float | None) -> float | None:
    return of / to if of and to else None


HEADINGS = ("tenon", "numpy", "torch", "vs numpy", "vs torch", "limit", "of limit", "target")
WIDTHS = (10, 10, 10, 10, 10, 10, 10)
NAME_WIDTH = 32


def print_line(name: str, cells: tuple[str, ...]) -> None:
    columns = "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=False))
    print(f"{name:<{NAME_WIDTH}}{columns}  {cells[-1]}".rstrip(), flush=True)


def print_machine(machine: dict[str, Any], limits: Any) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    print(f"\n{machine['threads']} thread(s) on CPU {machine['cpus']} of {machine['cpu']}")
    print(f"python {machine['python']}, {versions}; torch kernels {machine['torch kernels']}")
    print("BLAS   " + "; ".join(machine["blas"]))
    for kind in ("read", "copy"):
        speeds = (f"{size / 2**20:g} MB: {speed / 1e9:.1f}" for size, speed in getattr(limits, kind).items())
        print(f"{kind}   GB/s   {'   '.join(speeds)}")
    print(f"GEMM   {limits.gemm / 1e9:.0f} GF/s float32, the best that a BLAS reached\n")


def work(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every row with the thread count that this process was started with."""
    threads = options.worker
    os.sched_setaffinity(0, cores(threads))
    import harness
    from limits import ARRAYS, measure_limits, stream

    for file in sorted(here.glob("bench_*.py")):
        importlib.import_module(file.stem)
    rows = [row for row in harness.rows if options.filter in f"{row.group}/{row.name}"]
    machine = describe(threads)
    limits = measure_limits(threads, options.quick)
    print_machine(machine, limits)

    results = []
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            print_line(f"-- {group}", HEADINGS)
        error = None
        try:
            size = int(row.bytes / ARRAYS[row.limit])
            bound = stream(row.limit, size, threads) if size else None
            timings = harness.measure(row, 0.05 if options.quick else 0.5, bound)
        except Exception as e:  # one broken row must not hide the others
            timings, error = {}, f"{type(e).__name__}: {e}"
        tenon, numpy, torch = (t.median if (t := timings.get(n)) else None for n in harness.LIBRARIES)
        among = timings.pop("limit", None)
        limit = among.low if among else limits.seconds(row.limit, row.bytes, row.flops) or None
        reached = ratio(limit, tenon)
        print_line(
            row.name,
            (
                *map(human, (tenon, numpy, torch)),
                times(ratio(numpy, tenon)),
                times(ratio(torch, tenon)),
                human(limit),
                "-" if reached is None else f"{reached:.0%}",
                error or row.target,
            ),
        )
        results.append(
            {
                "group": row.group,
                "name": row.name,
                "target": row.target,
                "alias": row.alias,
                "error": error,
                "limit": limit,
                "seconds": {name: asdict(timing) for name, timing in timings.items()},
            }
        )
    return {"machine": machine, "limits": asdict(limits), "rows": results}


# --- all of them --------------------------------------------------------------------------------


def run_worker(threads: int) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        arguments = [*sys.argv[1:], "--worker", str(threads), "--json", result.name]
        subprocess.run([sys.executable, __file__, *arguments], env=environment(threads), check=True)
        return json.loads(Path(result.name).read_text())


def main() -> None:
    options = parse()
    if options.worker:
        options.json.write_text(json.dumps(work(options)))
        return
    # Read first: it may be the file that this run writes.
    earlier = json.loads(options.compare.read_text()) if options.compare else None
    runs = [run_worker(int(threads)) for threads in options.threads.split(",")]
    runs[-1]["peaks"] = peaks(options.filter)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(runs, indent=1))
    print(f"\nTimes are medians; 'vs' is how many times faster tenon is. Numbers: {options.json}")
    print_behind(runs)
    if earlier:
        print_slower(earlier, runs)
    if any(row["error"] for run in runs for row in run["rows"]):
        sys.exit("error: a row failed, see above")


if __name__ == "__main__":
    main()
