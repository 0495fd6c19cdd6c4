"""Measures a crossing between tensors and other libraries, and proves by a write whether it shares memory.

    table = Crossings(torch=tenon, np=numpy)
    t = table.cross("torch.from_numpy(array)", array=array)
    print(table)

The code of a crossing is a string, so that what is timed is what the table shows.
"""

import timeit
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Crossing:
    """One row of the table."""

    code: str
    shared: bool
    bytes: int  # that the result shows, and that a copy had to move
    nanoseconds: float
    proof: str


class Crossings:
    """The crossings so far. The names given here can be used by the code of all of them."""

    def __init__(self, **names: object) -> None:
        self.names = names
        self.rows: list[Crossing] = []

    def cross(self, code: str, owner: object = None, **names: object) -> object:
        """The value of ``code``, which is also timed and put into the table.

        Shared or copied is found out by writing into ``owner`` (by default the first of ``names``), looking
        at the result, and the other way round. What was written is undone.
        """
        names_and_globals = self.names | names
        result = eval(code, names_and_globals)
        shared, proof = sharing(next(iter(names.values())) if owner is None else owner, result)
        nbytes = np.asarray(result).nbytes
        self.rows.append(Crossing(code, shared, nbytes, nanoseconds(code, names_and_globals), proof))
        return result

    def __str__(self) -> str:
        heads = ("crossing", "memory", "bytes", "ns", "proof")
        cells = [
            (r.code, "shared" if r.shared else "copied", f"{r.bytes:,}", f"{r.nanoseconds:,.0f}", r.proof)
            for r in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        pad = (str.ljust, str.ljust, str.rjust, str.rjust, str.ljust)
        lines = [heads, tuple("-" * w for w in widths), *cells]
        return "\n".join(
            "  ".join(p(cell, w) for p, cell, w in zip(pad, line, widths, strict=True)).rstrip()
            for line in lines
        )


def nanoseconds(code: str, names: dict[str, object]) -> float:
    """What one run of the code takes: the best of five rounds of about a millisecond."""
    timer = timeit.Timer(code, globals=names)
    once = timer.timeit(1)
    number = max(1, min(10_000, int(1e-3 / once)))
    return min(timer.repeat(5, number)) / number * 1e9


def sharing(left: object, right: object) -> tuple[bool, str]:
    """Whether two objects share memory, and how that was seen."""
    refused = 0
    for writer, reader, direction in ((left, right, "there"), (right, left, "back")):
        shows = write_shows(writer, reader)
        if shows:
            return True, f"a write {direction} shows"
        refused += shows is None
    return False, "no write shows" if refused < 2 else "neither side may be written"


def write_shows(writer: object, reader: object) -> bool | None:
    """Whether a write to the first element can be seen on the other side; None where writing is refused."""
    before = content(reader)
    old = first(writer)
    try:
        write_first(writer, old - 1 if old > 0 else old + 1)
    except (TypeError, ValueError, RuntimeError):
        return None
    shows = content(reader) != before
    write_first(writer, old)
    return shows


def content(x: object) -> bytes:
    """The bytes of all elements."""
    return np.asarray(x).tobytes()


def first(x: object) -> float:
    """The first element as a Python number."""
    return np.asarray(x).flat[0].item()


def write_first(x: object, value: float) -> None:
    """Overwrites the first element by the object's own means."""
    if isinstance(x, pd.DataFrame):
        x.iat[0, 0] = value
    else:
        x[(0,) * x.ndim] = value
