"""Gives the border of Python what no program means: array interfaces, buffers, pickles and what they call.

Run under the sanitized build by script/fuzz. A result or an exception is right; a crash, a report of a
sanitizer and a SystemError are not. Elements are read where the memory that an address names is there: what a
producer claims of an address cannot be checked.
"""

import argparse
import contextlib
import io
import os
import pickle
import random
import resource
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tenon
from tenon import _C, _pickle

DIMS = [*[0, 1, 2, 3, 4] * 20, 64, 65]
LIMITS = [-1, 0, 1, 2, 3, 7, 8, 63, 64, 65, 2**31, 2**32 + 3, 2**61, 2**62, 2**63 - 1, -(2**63), 2**63, 2**70]
CODES = [
    "<f4",
    "<f8",
    "<i8",
    "|u1",
    "|b1",
    ">i4",
    "<c16",
    "<f2",
    "|V8",
    "<M8[s]",
    "<U3",
    "|O",
    "",
    "f4",
    "<x9",
    3,
    None,
]
DTYPES = [
    "float32",
    "int64",
    "uint8",
    "bool",
    "bfloat16",
    "complex128",
    "float8_e5m2",
    "no dtype",
    "",
    5,
    None,
    "f8",
]
JUNK: list[Any] = [
    None,
    "",
    "x",
    b"",
    b"ab",
    1.5,
    float("nan"),
    [],
    (),
    {},
    object(),
    "\udcff",
    (1,),
    [1, 2],
    -1,
    2**70,
]


class Holder:
    """An object with the attributes that it is given."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Fuzzer:
    """Everything from one source of random numbers, so that a seed is a program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.chance = self.random.random
        self.memory = bytearray(range(256)) * 8
        self.whole = np.frombuffer(self.memory, np.uint8)
        self.pickles = [
            pickle.dumps(t, protocol)
            for protocol in (2, 4, 5)
            for base in [tenon.arange(12.0).reshape(3, 4)]
            for t in (base, base.T, [base[0], base[1:]], tenon.ones(2, requires_grad=True), tenon.zeros(0, 3))
        ]

    def pick(self, options: Any) -> Any:
        return options[int(self.chance() * len(options))]

    def size(self) -> int:
        return int(self.chance() * 5) if self.chance() < 0.95 else self.pick(LIMITS)

    def sizes(self) -> Any:
        if self.chance() < 0.05:
            return self.pick(JUNK)
        kind = tuple if self.chance() < 0.9 else list
        return kind(self.size() for _ in range(self.pick(DIMS)))

    def junk_or(self, value: Any) -> Any:
        return value if self.chance() < 0.97 else self.pick(JUNK)

    # ---- array interfaces ----

    def interface(self) -> Any:
        entries = {"version": 3, "typestr": self.pick(CODES), "shape": self.sizes()}
        if self.chance() < 0.5:
            entries["strides"] = self.junk_or(self.sizes())
        lent = self.chance() < 0.6
        if lent:
            lender = self.pick([self.memory, bytes(64), memoryview(self.memory)[::2], None])
            entries["data"] = self.junk_or(lender)
            if self.chance() < 0.4:
                entries["offset"] = self.size()
        else:
            address = self.whole.ctypes.data + self.pick([0, 0, 8, 1])
            entries["data"] = self.junk_or((address, self.pick([True, False])))
        if self.chance() < 0.03:
            entries["mask"] = self.pick(JUNK)
        for _ in range(self.pick([0] * 18 + [1, 2])):
            entries.pop(self.pick(list(entries)), None)
        readable = lent or self.inside(entries)
        if not readable and str(entries.get("typestr")).startswith(">"):
            entries["typestr"] = "<i4"  # the other order would be read at once
        t = tenon.asarray(Holder(__array_interface__=self.junk_or(entries)))
        if "data" in entries and readable:
            self.read(t)

    def inside(self, entries: dict[str, Any]) -> bool:
        """Whether the elements lie in the memory that the address names."""
        try:
            item = np.dtype(entries["typestr"]).itemsize
            shape = tuple(entries["shape"])
            strides = entries.get("strides")
            if strides is None:
                strides = [item * int(np.prod([float(n) for n in shape[d + 1 :]])) for d in range(len(shape))]
            reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
            return 0 in shape or (
                min(shape, default=1) >= 0 and all(r >= 0 for r in reach) and sum(reach) + item <= 1024
            )
        except (TypeError, ValueError, OverflowError):
            return False

    def read(self, t: tenon.Tensor) -> None:
        if t.numel() < 10_000:
            t.clone().reshape(-1).tolist()

    # ---- buffers ----

    def buffer(self) -> Any:
        code = self.pick(
            ["f4", "f8", "i8", "u1", "?", ">i4", "c16", "f2", "S3", "U2", "M8[s]", "i4,f8", "V5", "g"]
        )
        dtype = np.dtype(code)
        start = self.pick([0, 0, 8, 1])
        shape = tuple(self.random.randrange(4) for _ in range(self.random.randrange(4)))
        strides = tuple(self.pick([dtype.itemsize, 0, 8, 1, 3, 16]) for _ in shape)
        array = np.ndarray(shape, dtype, self.memory, start, strides)
        if shape and self.chance() < 0.3:
            array = array[::-1]
        if self.chance() < 0.3:
            array.flags.writeable = False
        source: Any = array
        if code not in ("M8[s]", "V5") and self.chance() < 0.7:
            source = memoryview(array)
        door = self.pick(
            [tenon.asarray, tenon.tensor, tenon.from_numpy, lambda x: tenon.frombuffer(x, dtype=tenon.uint8)]
        )
        self.read(door(source))
        if self.chance() < 0.3:
            wanted = self.pick(DTYPES)
            self.read(tenon.frombuffer(self.memory, dtype=wanted, count=self.size(), offset=self.size()))

    # ---- what a pickle may call ----

    def argument(self) -> Any:
        kind = self.random.randrange(8)
        if kind == 0:
            return self.pick(LIMITS)
        if kind == 1:
            return self.sizes()
        if kind == 2:
            return self.pick(DTYPES)
        if kind == 3:
            return self.pick([bytes(16), bytearray(64), memoryview(self.memory)[1:65], self.memory])
        if kind == 4:
            return self.pick(["cpu", "cuda", "cuda:300", "../../etc/passwd", "nothing", "/dev/zero", "a\0b"])
        if kind == 5:
            return tenon.zeros(self.pick([0, 1, 16, 64]), dtype=self.pick([tenon.uint8, tenon.float32]))
        if kind == 6:
            return self.pick([True, False])
        return self.pick(JUNK)

    def descriptor(self) -> Any:
        """A number of a file: one of its own, or one that no process has."""
        if self.chance() < 0.5:
            return self.pick([-1, -5, 2**20, 2**31 - 1, 2**31, 2**32 + 1_000_000, 2**63, 2**64])
        fd = os.memfd_create("fuzz")
        os.ftruncate(fd, self.pick([0, 1, 4096, 10_000]))
        return fd

    def call(self) -> Any:
        flat = self.junk_or(tenon.zeros(64, dtype=tenon.uint8))
        shape, strides = self.junk_or(self.sizes()), self.junk_or(self.sizes())
        dtype = self.pick(DTYPES)
        flags = [self.junk_or(self.pick([True, False])) for _ in range(2)]
        which = self.pick([0, 0, 0, 1, 1, 1, 2, 4, 5, 5, 5, 5] * 4 + [3])  # a descriptor takes long
        if which == 0:
            self.read(_pickle.view_of(flat, self.junk_or(self.size()), dtype, shape, strides, *flags))
        elif which == 1:
            data = self.junk_or(self.pick([bytes(64), bytearray(64), memoryview(self.memory)[1:65]]))
            self.read(_pickle.rebuild(data, dtype, shape, self.pick(["cpu", "cuda", "no"]), *flags))
        elif which == 2:
            geometry = self.junk_or((shape, strides, self.size(), self.size()))
            _pickle.attach(self.argument(), self.junk_or(self.size()), dtype, geometry, *flags)
        elif which == 3:
            fd = self.descriptor()
            try:
                self.read(_pickle.attach_descriptor(Holder(detach=lambda: fd)))
            finally:
                if 2 < fd < 2**20:
                    with contextlib.suppress(OSError):  # it was taken over
                        os.close(fd)
        elif which == 4:
            _pickle.as_subclass(
                self.pick([tenon.Tensor, int, None, Holder]), _pickle.rebuild, self.argument(), False
            )
        else:
            f = self.pick([_pickle.view_of, _pickle.rebuild, _pickle.as_subclass, _C._over])
            f(*(self.argument() for _ in range(self.random.randrange(8))))

    def pickled(self) -> Any:
        data = bytearray(self.pick(self.pickles))
        for _ in range(self.pick([1, 1, 2, 4])):
            at = self.random.randrange(len(data))
            how = self.random.randrange(4)
            if how == 0:
                data[at] ^= 1 << self.random.randrange(8)
            elif how == 1:
                data[at] = self.random.randrange(256)
            elif how == 2:
                del data[at : at + self.random.randrange(1, 4)]
            elif at + 8 <= len(data):
                data[at : at + 8] = struct.pack("<q", max(min(self.pick(LIMITS), 2**63 - 1), -(2**63)))
        result = Unpickler(io.BytesIO(data)).load()
        if isinstance(result, tenon.Tensor):
            self.read(result)

    def one(self) -> None:
        kind: Callable[[], Any] = self.pick(
            [self.interface, self.interface, self.buffer, self.call, self.call, self.pickled]
        )
        kind()


class Unpickler(pickle.Unpickler):
    """Finds tenon's names alone: a changed byte must not call anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "tenon" or (module, name) == ("builtins", "bytearray"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    # A changed pickle asks CPython for a memo of 2**32 places: an error. A sanitizer has limits of its own.
    if "asan" not in os.environ.get("LD_PRELOAD", ""):
        with contextlib.suppress(RuntimeError):
            tenon.zeros(1).pin_()  # the simulated device reserves its addresses before they are counted
        with open("/proc/self/statm") as f:
            now = int(f.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + (6 << 30), resource.RLIM_INFINITY))
    # CPython's unpickler frees a bytearray that it still exports (3.11), and prints so. It raises nothing.
    sys.excepthook = lambda *_: None
    fuzzer = Fuzzer(options.seed)
    done = raised = 0
    end = time.monotonic() + options.seconds
    while done < options.runs if options.runs else time.monotonic() < end:
        for _ in range(1000):
            try:
                fuzzer.one()
            except SystemError:
                raise
            except Exception:
                raised += 1
        done += 1000
    print(f"{done} executions, {raised} of them errors", flush=True)


if __name__ == "__main__":
    main()
