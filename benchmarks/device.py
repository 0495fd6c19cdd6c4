"""Measure tenon on a CUDA device beside PyTorch and CuPy, in one process: `script/bench --device cuda`.

The rows stand in device_rows.py. A time is that of the device, between two events, the median of blocks that
the libraries take in turn; "call" is what the host needs to give the work to the device. `--smoke` runs each
row once on small data, to show that it works: on the simulated device and on the host's kernels, too.
"""

import argparse
import contextlib
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from compare import human

LIBRARIES = ("tenon", "torch", "cupy")
BLOCK_MS = 5.0  # a block is at least this long
MOST_CALLS = 200  # of a block: a driver's queue holds about 1000
ROUNDS = 11


@dataclass(frozen=True)
class Row:
    group: str
    name: str
    setup: Callable[..., Any]  # setup(library): what a call is; None where the library cannot do it
    bytes: Callable[[Any], float]  # of the size: what is read and written
    flops: Callable[[Any], float]
    sizes: tuple[Any, Any]  # to measure with, and for --smoke


rows: list[Row] = []


class Library:
    """One of the three: its arrays on the device, and its clock."""

    def __init__(self, name: str, module: ModuleType, size: Any = None):
        self.name, self.xp, self.size = name, module, size

    def of(self, size: Any) -> "Library":
        return Library(self.name, self.xp, size)

    @property
    def is_cupy(self) -> bool:
        return self.name == "cupy"

    def array(self, host: np.ndarray) -> Any:
        return self.xp.asarray(host) if self.is_cupy else self.xp.from_numpy(host).cuda()

    def numbers(self, *shape: int, dtype: str = "float32") -> Any:
        x = self.array(np.random.default_rng(0).standard_normal(shape, np.float32))
        if dtype == "bfloat16":
            return None if self.is_cupy else x.bfloat16()
        return x.astype(dtype) if self.is_cupy else x.to(getattr(self.xp, dtype))

    def synchronize(self) -> None:
        if self.is_cupy:
            self.xp.cuda.get_current_stream().synchronize()
        else:
            self.xp.cuda.synchronize()

    def milliseconds(self, work: Callable[[], Any], n: int) -> float:
        """On the device, from an event before n calls to one after them."""
        if self.is_cupy:
            start, end = self.xp.cuda.Event(), self.xp.cuda.Event()
        else:
            start, end = (self.xp.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(n):
            work()
        end.record()
        end.synchronize()
        if self.is_cupy:
            return float(self.xp.cuda.get_elapsed_time(start, end))
        return float(start.elapsed_time(end))

    def call_seconds(self, work: Callable[[], Any], n: int) -> float:
        """Of the host, for one call."""
        self.synchronize()
        start = time.perf_counter()
        for _ in range(n):
            work()
        seconds = time.perf_counter() - start
        self.synchronize()
        return seconds / n


def row(
    group: str,
    name: str,
    *,
    size: Any,
    smoke: Any,
    bytes: Callable[[Any], float] = lambda _: 0.0,
    flops: Callable[[Any], float] = lambda _: 0.0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated setup function as a row."""

    def register(setup: Callable[..., Any]) -> Callable[..., Any]:
        rows.append(Row(group, name, setup, bytes, flops, (size, smoke)))
        return setup

    return register


def libraries() -> list[Library]:
    """Those that are installed and find a device. tenon is needed."""
    found = []
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            module = importlib.import_module(name)
            if name == "tenon" and not module.cuda.is_available():
                sys.exit("error: tenon finds no CUDA device; TENON_CUDA_LIB names the library to use")
            if module.cuda.is_available():
                found.append(Library(name, module))
    return found


def copy_bandwidth(library: Library, size: int) -> float:
    """Bytes per second, read and written, of a copy on the device: what rows are compared with."""
    a = library.numbers(size)
    b = library.xp.empty_like(a)
    work = (lambda: library.xp.copyto(b, a)) if library.is_cupy else (lambda: b.copy_(a))
    work()
    return 2 * 4 * size / (statistics.median(library.milliseconds(work, 5) for _ in range(ROUNDS)) * 1e-3)


def measure(row: Row, found: list[Library], smoke: bool) -> dict[str, dict[str, float] | str]:
    """Seconds on the device and of the host per call, by library; or why there are none."""
    results: dict[str, dict[str, float] | str] = {}
    size = row.sizes[smoke]
    ready: dict[str, tuple[Library, Callable[[], Any], int]] = {}
    for library in (lib.of(size) for lib in found):
        try:
            work = row.setup(library)
            if work is None:
                continue
            for _ in range(1 if smoke else 3):
                work()
            library.synchronize()
            one = library.milliseconds(work, 1)
            n = 1 if smoke else int(min(max(BLOCK_MS / max(one, 1e-3), 1), MOST_CALLS))
            ready[library.name] = library, work, n
        except Exception as e:  # one broken row must not hide the others
            results[library.name] = f"{type(e).__name__}: {e}"
    samples: dict[str, list[float]] = {name: [] for name in ready}
    calls: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(1 if smoke else ROUNDS):
        for name, (library, work, n) in ready.items():
            samples[name].append(library.milliseconds(work, n) * 1e-3 / n)
            calls[name].append(library.call_seconds(work, n))
    for name in ready:
        results[name] = {
            "device": statistics.median(samples[name]),
            "call": statistics.median(calls[name]),
        }
    return results


def of_limit(row: Row, size: Any, seconds: float, bandwidth: float) -> str:
    if row.flops(size):
        return f"{row.flops(size) / seconds / 1e12:.3g} TF/s"
    if row.bytes(size):
        return f"{row.bytes(size) / seconds / bandwidth:.0%}"
    return "-"


def print_row(row: Row, size: Any, results: dict[str, Any], bandwidth: float) -> None:
    def cell(name: str, what: str) -> str:
        r = results.get(name)
        return human(r[what]) if isinstance(r, dict) else "-" if r is None else "error"

    tenon = results.get("tenon")
    columns = [cell(name, "device") for name in LIBRARIES]
    if isinstance(tenon, dict):
        peers = [r["device"] for name in ("torch", "cupy") if isinstance(r := results.get(name), dict)]
        columns.append(f"{min(peers) / tenon['device']:.2f}x" if peers and tenon["device"] else "-")
        columns.append(of_limit(row, size, tenon["device"], bandwidth) if tenon["device"] else "-")
        columns.append(human(tenon["call"]))
    errors = "; ".join(f"{name}: {r}" for name, r in results.items() if isinstance(r, str))
    print(f"{row.name:<54}" + "".join(f"{c:>11}" for c in columns) + f"  {errors}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="script/bench --device cuda", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--filter", default="", metavar="TEXT", help="only rows whose group/name contains it")
    parser.add_argument("--smoke", action="store_true", help="each row once, on small data")
    default = Path(__file__).resolve().parent.parent / "bench-output/device.json"
    parser.add_argument("--json", type=Path, default=default, metavar="FILE")
    options = parser.parse_args()
    importlib.import_module("device_rows")
    # The rows are registered with the module that they import, not with this one where it is the program.
    chosen = [r for r in importlib.import_module("device").rows if options.filter in f"{r.group}/{r.name}"]
    found = libraries()
    ours = found[0]
    bandwidth = copy_bandwidth(found[1] if len(found) > 1 else ours, 1000 if options.smoke else 1 << 28)
    print(f"{ours.xp.cuda.get_device_name(0)}: copies of 1 GiB {bandwidth / 1e9:.0f} GB/s read and written")
    print(", ".join(f"{lib.name} {lib.xp.__version__}" for lib in found))
    if options.smoke:
        print("smoke: each row once on small data; the times mean nothing")
    results = []
    group = None
    for r in chosen:
        if r.group != group:
            group = r.group
            heads = (*LIBRARIES, "vs best", "of limit", "call")
            print(f"{'-- ' + group:<54}" + "".join(f"{h:>11}" for h in heads))
        of_row = measure(r, found, options.smoke)
        print_row(r, r.sizes[options.smoke], of_row, bandwidth)
        results.append({"group": r.group, "name": r.name, "results": of_row})
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"bandwidth": bandwidth, "rows": results}, indent=1))
    if any(isinstance(r["results"].get("tenon"), str) for r in results):
        sys.exit("error: a row of tenon's failed, see above")


if __name__ == "__main__":
    main()
