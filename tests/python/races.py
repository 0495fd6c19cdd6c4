"""Two threads do things to the same tensors and the same NumPy memory: nothing may crash.

    races.py [--count N] [--seed N] [--batch JSON] [--show]

The operations are taken from the tables. Each is tried on small objects first, with arguments drawn at
random; what changes an object there is a writer. Then, batch by batch, one thread runs writers while
another runs operations of all kinds over one set of objects, large enough for the GIL to be released; where
there is none, half of the batches have small ones. A
pairing is a call of the one and a call of the other in the same place of a batch. Errors are fine, all but
SystemError; so are old and new values.

A seed says what is paired, over which objects and in which order; only how the threads interleave differs
from run to run. Nothing is left out for the time that it takes. --show prints the batches instead.

A child process does the work. If it dies, the batch is shown; --batch runs that one alone, over and over.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import faulthandler
import json
import mmap
import os
import pathlib
import pickle
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tenon
import tenon.numpy
from support import FREE_THREADED, operations

CALLS = 16  # of each thread in a batch
TRIES = 60  # of arguments for an operation
KEPT = 6  # of those that work
LARGEST = 80  # elements of a result; the objects have 24
SILENCE = 60  # seconds without a new batch, after which the child hangs

# They set what holds for the whole process, wait, or start others.
GLOBAL = (
    "set_",
    "_set_",
    "manual_seed",
    "seed",
    "printoptions",
    "load",
    "save",
    "_load",
    "_save",
    "cuda",
    "get_rng",
    "dump",
    "tofile",
)
# They take each element of a flat tensor for a tensor: 30,000 of them.
OF_LISTS = ("_foreach_", "lexsort", "split", "hsplit")


class Things(dict):
    """The objects of a batch by name; "array" is the memory under "x" where that is lent."""


def things(rows: int, columns: int, lent: bool, rng: np.random.Generator) -> Things:
    array = rng.random((rows, columns)) + 0.5
    counts = rng.integers(0, min(rows, columns), (rows, columns))
    x = tenon.from_numpy(array) if lent else tenon.from_numpy(array).clone()
    i = tenon.from_numpy(counts) if lent else tenon.from_numpy(counts).clone()
    w = tenon.from_numpy(rng.random((rows, columns))).clone().requires_grad_()
    h = w * 2
    t = Things(
        x=x, y=tenon.from_numpy(array[::-1].copy()), i=i, m=x > 1, w=w, h=h, v=h[1:], loss=(h * w).sum()
    )
    t |= {
        "q": x.T,
        "f": x.view(-1),
        "row": x[0],
        "j": i.view(-1),
        "z": x + 1j,
        "p": x.float(),
        "grad": w.grad,
    }
    t["array"], t["counts"] = array, counts
    return t


NUMBERS = {
    "0": 0,
    "1": 1,
    "-1": -1,
    "2": 2,
    "half": 0.5,
    "both": (0, 1),
    "shape": (-1,),
    "none": None,
    "true": True,
}


# ---- what there is to do ----

BY_HAND: dict[str, Callable[[Things], object]] = {
    "array += 1": lambda t: np.add(t["array"], 1, out=t["array"]),
    "array reversed": lambda t: np.copyto(t["array"], t["array"][::-1]),
    "array to nan": lambda t: t["array"].fill(np.nan),
    "counts to 1": lambda t: t["counts"].fill(1),
    "counts to 7": lambda t: t["counts"].fill(7),
    "counts beyond": lambda t: t["counts"].fill(10**6),
    "counts below": lambda t: t["counts"].fill(-3),
    "resize x": lambda t: t["x"].resize_((7, 4000)),
    "grow x": lambda t: t["x"].resize_((300, 200)),
    "resize i": lambda t: t["i"].resize_((4,)),
    "resize y": lambda t: t["y"].resize_((4,)),
    "resize grad": lambda t: t["w"].grad.resize_((4,)),
    "turn grad": lambda t: t["w"].grad.t_(),
    "turn data": lambda t: t["w"].data.t_(),
    "w.requires_grad": lambda t: setattr(t["w"], "requires_grad", not t["w"].requires_grad),
    "w.grad = y": lambda t: setattr(t["w"], "grad", t["y"]),
    "del w.grad": lambda t: setattr(t["w"], "grad", None),
    "backward": lambda t: t["loss"].backward(retain_graph=True),
    "backward, freed": lambda t: t["loss"].backward(),
    "backward anew": lambda t: (t["w"] * t["w"]).sum().backward(),
    "backward by index": lambda t: t["w"].view(-1)[t["j"] % 7].sum().backward(),
    "grad": lambda t: tenon.autograd.grad(t["loss"], t["w"], retain_graph=True),
    "hook": lambda t: t["h"].register_hook(lambda g: g * 2).remove(),
    "leaf hook": lambda t: t["w"].register_post_accumulate_grad_hook(lambda p: None).remove(),
    "x[i]": lambda t: t["f"][t["i"]],
    "x[m]": lambda t: t["x"][t["m"]],
    "x[i] = y": lambda t: t["f"].__setitem__(t["j"], t["y"].view(-1)),
    "x[m] = 0": lambda t: t["x"].__setitem__(t["m"], 0),
    "v[i] = 1": lambda t: t["v"].__setitem__((t["j"][:9] % 9,), 1.0),
    "v *= 2": lambda t: t["v"].mul_(2),
    "h *= h": lambda t: t["h"].mul_(t["h"]),
    "repeat": lambda t: t["f"].repeat_interleave(t["j"]),
    "read grad": lambda t: t["w"].grad + 1,
    "numpy": lambda t: t["x"].numpy().sum(),
    "memoryview": lambda t: memoryview(t["y"]).nbytes,
    "dlpack": lambda t: tenon.from_dlpack(t["x"]),
    "capsule": lambda t: t["y"].__dlpack__(),
    "np.asarray": lambda t: np.asarray(t["i"]).max(),
    "np.add": lambda t: np.add(t["array"], t["x"]),
    "pickle": lambda t: pickle.loads(pickle.dumps(t["x"], 5)),
    "copy": lambda t: copy.copy(t["h"]),
    "deepcopy": lambda t: copy.deepcopy(t["w"]),
    "repr": lambda t: repr(t["w"]),
    "stack": lambda t: tenon.stack([t["x"], t["y"], t["x"]]),
    "foreach": lambda t: (
        tenon._foreach_add_([t["x"], t["y"]], 1) if hasattr(tenon, "_foreach_add_") else None
    ),
    "grad_fn": lambda t: t["v"].grad_fn.next_functions,
    "new graph": lambda t: t.update(h=t["w"] * 2, loss=(t["w"] * t["h"].detach()).sum()),
    "new view": lambda t: t.update(v=t["h"][1:]),
    "shared": lambda t: t["y"].share_memory_(),
}


def callables() -> dict[str, Callable[..., object]]:
    """Everything that tenon, its tensors and tenon.numpy show and that can be called with tensors."""
    found: dict[str, Callable[..., object]] = {}
    for op in operations():
        found[f"tenon.{op.__name__}"] = op
    for name in dir(tenon.Tensor):
        value = getattr(tenon.Tensor, name)
        if callable(value) and (not name.startswith("__") or name in DUNDERS):
            found[f"Tensor.{name}"] = value
        elif not callable(value) and not name.startswith("__"):
            found[f"Tensor.{name} (get)"] = lambda t, name=name: getattr(t, name)
    for name in dir(tenon.numpy):
        value = getattr(tenon.numpy, name)
        if callable(value) and not isinstance(value, type) and not name.startswith("_"):
            found[f"numpy.{name}"] = value
    unique: dict[int, str] = {}
    for name, value in found.items():
        unique.setdefault(id(value), name)
    return {
        name: found[name]
        for name in unique.values()
        if not name.split(".", 1)[1].startswith(GLOBAL) and "random" not in name.split(".")[0]
    }


DUNDERS = {
    *[
        "__add__",
        "__radd__",
        "__sub__",
        "__mul__",
        "__truediv__",
        "__floordiv__",
        "__mod__",
        "__pow__",
        "__matmul__",
        "__neg__",
        "__abs__",
    ],
    *[
        "__iadd__",
        "__isub__",
        "__imul__",
        "__itruediv__",
        "__ifloordiv__",
        "__imod__",
        "__ipow__",
        "__iand__",
        "__ior__",
        "__ixor__",
    ],
    *[
        "__eq__",
        "__lt__",
        "__le__",
        "__and__",
        "__or__",
        "__invert__",
        "__getitem__",
        "__setitem__",
        "__contains__",
        "__len__",
        "__iter__",
    ],
    *[
        "__array__",
        "__dlpack__",
        "__reduce_ex__",
        "__copy__",
        "__deepcopy__",
        "__repr__",
        "__bool__",
        "__sizeof__",
    ],
}


def state(t: Things) -> list[object]:
    out: list[object] = []
    for v in t.values():
        if isinstance(v, tenon.Tensor):
            out += [v.shape, v.stride(), v._version, v.requires_grad, v.is_leaf, v.data_ptr(), v.retains_grad]
            out += [v.readonly, v.grad is None]
        elif isinstance(v, np.ndarray):
            out.append(v.tobytes())
    return out


class Action:
    """A call with arguments by name."""

    def __init__(self, name: str, call: Callable[..., object], arguments: tuple[str, ...] | None) -> None:
        self.name = name if arguments is None else f"{name}({', '.join(arguments)})"
        self.call, self.arguments = call, arguments

    def __call__(self, t: Things) -> object:
        if self.arguments is None:
            return self.call(t)
        return self.call(*(t[a] if a in t else NUMBERS[a] for a in self.arguments))


def size(result: object) -> int:
    if isinstance(result, tuple | list):
        return sum(size(r) for r in result)
    return result.numel() if isinstance(result, tenon.Tensor) else getattr(result, "size", 1)


def find(note: Callable[[str], None]) -> tuple[list[Action], list[Action]]:
    """(writers, all actions): what works on small objects, without making much larger ones."""
    writers, all_of_them = [], []
    tensors = [k for k, v in small(0).items() if isinstance(v, tenon.Tensor)]
    actions = [Action(name, call, None) for name, call in BY_HAND.items()]
    for name, call in callables().items():
        tried = set()
        # One for each name: a new operation changes no other's arguments.
        rng = random.Random(name)
        of_lists = name.split(".", 1)[1].startswith(OF_LISTS)
        for _ in range(TRIES):
            count = rng.choice((1, 1, 2, 2, 2, 3, 3, 4))
            arguments = [rng.choice(tensors)]
            arguments += [
                rng.choice(tensors if rng.random() < 0.5 else list(NUMBERS)) for _ in range(count - 1)
            ]
            if not (of_lists and {"f", "j"} & set(arguments)):
                tried.add(tuple(arguments))
        actions += [Action(name, call, arguments) for arguments in sorted(tried)]
    kept: collections.Counter[str] = collections.Counter()
    for action in actions:
        base = action.name.split("(")[0]
        if kept[base] == KEPT:
            continue
        note(f"trying {action.name}")
        try:
            changes = changes_of(action)
        except Exception:
            continue
        if changes is None:
            continue
        kept[base] += 1
        all_of_them.append(action)
        if changes:
            writers.append(action)
    return writers, all_of_them


def small(seed: int, lent: bool = False) -> Things:
    return things(6, 4, lent, np.random.default_rng(seed))


def large(seed: int, lent: bool = False) -> Things:
    return things(150, 200, lent, np.random.default_rng(seed))


def changes_of(action: Action) -> bool | None:
    """Whether it changes what it is given; None for what grows."""
    # Those by hand may fail alone, as "resize grad" does without one.
    if action.arguments is None:
        return "=" in action.name or action.name.startswith(
            ("array", "counts", "resize", "grow", "turn", "new")
        )
    t = small(1)
    before = state(t)
    tenon.manual_seed(0)
    return state(t) != before if size(action(t)) <= LARGEST else None


# ---- the child ----


Batch = dict[
    str, Any
]  # the pairs by name, the objects' seed and size, whether NumPy has lent them, and who records


def draw(seed: int, number: int, writers: list[Action], everything: list[Action]) -> Batch:
    rng = random.Random(f"{seed}:{number}")
    return {
        "pairs": [(rng.choice(writers).name, rng.choice(everything).name) for _ in range(CALLS)],
        "things": rng.randrange(100),
        "lent": rng.random() < 0.5,
        "records": [rng.random() < 0.6 for _ in range(2)],
        "small": FREE_THREADED and rng.random() < 0.5,
    }


def run_batch(batch: Batch, named: dict[str, Action]) -> collections.Counter[str]:
    t = (small if batch.get("small") else large)(batch["things"], batch["lent"])
    tenon.manual_seed(batch["things"])
    start = threading.Barrier(2)
    errors: collections.Counter[str] = collections.Counter()

    def run(side: int) -> None:
        start.wait()
        with contextlib.nullcontext() if batch["records"][side] else tenon.no_grad():
            for pair in batch["pairs"]:
                try:
                    named[pair[side]](t)
                except SystemError:
                    raise
                except Exception as e:
                    errors[type(e).__name__] += 1

    second = threading.Thread(target=run, args=(1,))
    second.start()
    run(0)
    second.join()
    return errors


def child(count: int, seed: int, given: str | None, show: bool, path: pathlib.Path) -> None:
    faulthandler.enable()
    report = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where operations print
    warnings.simplefilter("ignore")
    threading.excepthook = lambda e: (sys.excepthook(e.exc_type, e.exc_value, e.exc_traceback), os._exit(3))
    # A vector that has become a column makes a matrix of 7 GB with another: an error instead of a minute.
    if "asan" not in os.environ.get("LD_PRELOAD", ""):
        with contextlib.suppress(RuntimeError):
            tenon.zeros(1).pin_()  # the simulated device reserves its addresses before they are counted
        now = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + (6 << 30), resource.RLIM_INFINITY))
    sys.setswitchinterval(1e-5)
    with path.open("r+b") as f:
        shown = mmap.mmap(f.fileno(), 0)

    def note(text: str) -> None:
        line = text.encode()[: len(shown) - 1]
        shown[: len(line) + 1] = line + b"\n"

    writers, everything = find(note)
    named = {a.name: a for a in everything}
    errors: collections.Counter[str] = collections.Counter()
    distinct, done, check, start = set(), 0, 0, time.perf_counter()
    while done < count:
        batch = json.loads(given) if given else draw(seed, done, writers, everything)
        text = json.dumps(batch)
        check = zlib.crc32(text.encode(), check)
        note(text)
        if show:
            print(text, file=report)
        else:
            errors += run_batch(batch, named)
        distinct.update((a, b) for a, b in batch["pairs"])
        done += len(batch["pairs"])
    seconds = time.perf_counter() - start
    # Equal sums are equal runs.
    of_run = f"seed {seed}, sum {check:08x}" if not given else "one batch"
    print(
        f"races: {done} pairings ({of_run}; {len(distinct)} different ones of {len(writers)} writers and "
        f"{len(everything)} operations), {seconds:.0f} s, {done / max(seconds, 1e-3):.0f} pairings a second, "
        f"no crash; errors raised: {dict(errors.most_common(6))}",
        file=report,
    )


# ---- the parent ----


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pairs of operations in two threads over the same memory.")
    parser.add_argument("--count", type=int, default=1_000_000, help="of pairings")
    parser.add_argument("--seed", type=int, default=0, help="what is paired, and in which order")
    parser.add_argument("--batch", help="what a crash has shown: run it alone")
    parser.add_argument("--show", action="store_true", help="print the batches, run none")
    parser.add_argument("--child", type=pathlib.Path, help=argparse.SUPPRESS)
    a = parser.parse_args(arguments)
    if a.child:
        child(a.count, a.seed, a.batch, a.show, a.child)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "batch")
        path.write_bytes(bytes(16384))
        command = [sys.executable, __file__, "--child", str(path), "--count", str(a.count)]
        command += ["--seed", str(a.seed), *(["--batch", a.batch] if a.batch else [])]
        command += ["--show"] if a.show else []
        process = subprocess.Popen(command)
        seen, since = b"", time.monotonic()
        while process.poll() is None:
            time.sleep(0.05)
            now = path.read_bytes().split(b"\n")[0]
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > SILENCE:
                process.send_signal(signal.SIGABRT)
                print("races: the child hangs", file=sys.stderr)
                break
        process.wait()
        if process.returncode != 0:
            said = f"races: the child ended with {process.returncode} in this batch:\n{seen.decode()}"
            print(said, file=sys.stderr)
        return 1 if process.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
