"""Rows, how they are measured, and nothing about what they measure.

A row is a function in a `bench_*.py`; its body is the setup. With a parameter it is called once per library:

    @row("a + b, 10 elements", target="150 ns, NumPy 2.5x, torch 5x")
    def add(xp):
        a = xp.ones(10)
        return lambda: a + a

Without one it returns a dict, for rows that each library spells differently:

    @row("to NumPy", target="75 ns, torch 12x")
    def to_numpy():
        return {name: code("t.numpy()", t=xp.ones(10)) for name, xp in libraries().items() if name != "numpy"}

What comes back per library is a callable, or `code(...)`: a statement timed without the 30 ns of a call.

All libraries are timed in one process, block by block in turn (A B C A B C …), so that a slow second of the
machine hurts them alike. A block is long enough for the clock, an empty block's cost is subtracted, and
the median of the blocks counts.
"""

import contextlib
import gc
import importlib
import inspect
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

LIBRARIES = ("tenon", "numpy", "torch")

BLOCK_S = 20e-6  # a block is at least this long: 400 ticks of a 50 ns clock call
LONG_S = 1e-3  # a call that takes longer works on more than the caches hold
FIRST_CALLS = 14  # lazy imports, first touches, and the ways that tenon tries with its first large calls
AWAKE_S = 5e-3  # until a core that was idle is fast again
ROUNDS = range(7, 1001)  # at least and at most so many blocks of each library
IMPORT_RUNS = 10


@dataclass(frozen=True)
class Code:
    """A statement and the names in it."""

    statement: str
    names: dict[str, Any]


def code(statement: str, **names: Any) -> Code:
    return Code(statement, names)


@dataclass(frozen=True)
class Row:
    name: str
    setup: Callable[..., Any]
    target: str  # what tenon aims at, in words
    bytes: float  # read + written by the kernel, for the bandwidth limit
    flops: float  # for the GEMM limit
    limit: str  # "copy" or "read": which bandwidth bounds it
    busy: bool  # another process keeps one core busy meanwhile
    alias: str  # the library that hands its argument back and so does no work
    group: str  # the file that it stands in


@dataclass(frozen=True)
class Timing:
    """Seconds per call."""

    median: float
    low: float  # quartiles of the blocks
    high: float
    rounds: int


rows: list[Row] = []


def row(
    name: str,
    *,
    target: str = "",
    bytes: float = 0,
    flops: float = 0,
    limit: str = "copy",
    busy: bool = False,
    alias: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated setup function as a row."""

    def register(setup: Callable[..., Any]) -> Callable[..., Any]:
        group = setup.__module__.removeprefix("bench_")
        rows.append(Row(name, setup, target, bytes, flops, limit, busy, alias, group))
        return setup

    return register


@dataclass(frozen=True)
class Import:
    """What an import row returns: a fresh interpreter imports the module; its own start is subtracted."""

    module: str


def libraries() -> dict[str, ModuleType]:
    """Those of tenon, NumPy and PyTorch that can be imported, by name."""
    found = {}
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            found[name] = importlib.import_module(name)
    return found


def competitors(row: Row) -> dict[str, Any]:
    """What each library runs in this row; a library that cannot do it is left out."""
    if not inspect.signature(row.setup).parameters:
        made = row.setup()
    else:
        made = {}
        for name, xp in libraries().items():
            with contextlib.suppress(AttributeError):  # the library lacks it
                made[name] = row.setup(xp)
    return {name: made[name] for name in LIBRARIES if made.get(name) is not None}


# --- timing -------------------------------------------------------------------------------------

Block = Callable[[int], float]  # runs n times, returns the seconds


def compile_block(code: Code) -> Block:
    """As timeit does: the statement inlined into a loop, its names made locals."""
    parameters = "".join(f", {name}={name}" for name in code.names)
    source = (
        f"def block(n, clock=clock, repeat=repeat{parameters}):\n"
        "    loop = repeat(None, n)\n"
        "    start = clock()\n"
        f"    for _ in loop:\n        {code.statement}\n"
        "    return clock() - start\n"
    )
    scope = {**code.names, "clock": time.perf_counter, "repeat": itertools.repeat}
    exec(source, scope)
    return scope["block"]


def as_block(work: Code | Callable[[], Any]) -> Block:
    return compile_block(work if isinstance(work, Code) else code("work()", work=work))


def empty_block(work: Code | Callable[[], Any]) -> Block:
    """The same loop around nothing: around an empty function where the work is a function of Python's."""
    if isinstance(work, FunctionType):
        return compile_block(code("work()", work=lambda: None))
    return compile_block(code("pass"))


def block_size(block: Block) -> int:
    """The repetitions that fill a block: 1, 2, 5, 10, 20, 50, …"""
    for power in itertools.count():
        for digit in (1, 2, 5):
            n = digit * 10**power
            if block(n) >= BLOCK_S:
                return n
    raise AssertionError


def timing(samples: list[float], empty: float = 0.0) -> Timing:
    low, median, high = (max(q - empty, 0.0) for q in statistics.quantiles(samples, n=4, method="inclusive"))
    return Timing(median, low, high, len(samples))


def settle() -> None:
    """Wait until no library's threads spin any more (OpenBLAS: 100 ms after each product)."""
    for _ in range(50):
        before = time.process_time()
        time.sleep(0.012)  # running threads are accounted for with each tick of the kernel, 1 to 10 ms
        if time.process_time() - before < 1e-3:
            return


def warm(block: Block, seconds: float) -> None:
    """Untimed calls for so many seconds, one at least."""
    seconds -= block(1)
    while seconds > 0:
        seconds -= block(1)


def measure_calls(work: dict[str, Any], seconds: float, limit: Block | None = None) -> dict[str, Timing]:
    """Time all libraries of a row in turn, for about so many seconds; with warm caches what fits them.

    Each has the cores for itself: no other library's threads spin on them meanwhile. Long calls share the
    caches and the memory with the other libraries'; so does their limit, which is then measured among them.
    """
    blocks = {name: as_block(w) for name, w in work.items()}
    for name in list(blocks):
        try:
            blocks[name](FIRST_CALLS)
        except AttributeError:  # the library lacks it
            del blocks[name]
    empties = {name: empty_block(work[name]) for name in blocks}
    sizes = {name: block_size(block) for name, block in blocks.items()}
    # Blocks of few calls would otherwise time how the caches are filled again after another library's block.
    warm_up = {name: 0.0 for name, block in blocks.items() if limit is None or block(1) < LONG_S}
    if limit and not warm_up:
        blocks["limit"], empties["limit"], sizes["limit"] = limit, limit, 1
    threads = len(os.sched_getaffinity(0)) > 1 and 1 in sizes.values()
    if threads:
        warm_up = dict.fromkeys(blocks, AWAKE_S)
    samples: dict[str, list[float]] = {name: [] for name in blocks}
    empty: dict[str, list[float]] = {name: [] for name in blocks}

    collecting = gc.isenabled()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        for done in range(ROUNDS.stop):
            if done >= ROUNDS.start and time.perf_counter() > end:
                break
            for name, block in blocks.items():
                n = sizes[name]
                if threads:
                    settle()
                if name in warm_up:
                    warm(block, warm_up[name])
                samples[name].append(block(n) / n)
                # Above 100 µs a call, the loop is noise.
                empty[name].append(empties[name](n) / n if samples[name][-1] < 1e-4 else 0.0)
    finally:
        if collecting:
            gc.enable()
    return {name: timing(samples[name], statistics.median(empty[name])) for name in blocks}


def process_seconds(statement: str) -> float:
    # An installed package has its bytecode; one in a build folder may write it, too.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=env)
    return time.perf_counter() - start


def measure_imports(modules: dict[str, Import]) -> dict[str, Timing]:
    """Whole-process import times, less that of a bare interpreter, also taken in turn."""
    statements = {"": "pass"} | {name: f"import {m.module}" for name, m in modules.items()}
    samples: dict[str, list[float]] = {name: [] for name in statements}
    for statement in statements.values():
        process_seconds(statement)  # the page cache
    for _ in range(IMPORT_RUNS):
        for name, statement in statements.items():
            samples[name].append(process_seconds(statement))
    bare = statistics.median(samples.pop(""))
    return {name: timing(s, bare) for name, s in samples.items()}


@contextlib.contextmanager
def busy_core(busy: bool) -> Iterator[None]:
    """Another process that never rests, to see whether parallel loops degrade gracefully."""
    if not busy:
        yield
        return
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def measure(row: Row, seconds: float, limit: Block | None = None) -> dict[str, Timing]:
    work = competitors(row)
    with busy_core(row.busy):
        if any(isinstance(w, Import) for w in work.values()):
            return measure_imports(work)
        return measure_calls(work, seconds, limit) if work else {}
