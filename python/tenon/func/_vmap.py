"""vmap: a function over a dimension of its arguments, under PyTorch's name."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_RANDOMNESS = ("error", "different", "same")


class _Batch:
    """The arguments of a call by slice: tensors along their dimension, others as they are."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.whole: list[Tensor] = []  # tensors that each slice sees as they are

    def add(self, value: Any, dim: Any) -> Callable[[int], Any]:
        """A function of the slice's number that gives value's part. dim: for all, or a structure."""
        if isinstance(value, tuple | list):
            dims = self._dims(value, dim, len(value))
            parts = [self.add(v, d) for v, d in zip(value, dims, strict=True)]
            if hasattr(value, "_fields"):
                return lambda i: type(value)(*[part(i) for part in parts])
            return lambda i: type(value)(part(i) for part in parts)
        if isinstance(value, dict):
            if isinstance(dim, dict) and dim.keys() != value.keys():
                raise ValueError(f"vmap: in_dims has the keys {list(dim)}; the argument {list(value)}")
            named = {k: self.add(v, dim[k] if isinstance(dim, dict) else dim) for k, v in value.items()}
            return lambda i: {k: part(i) for k, part in named.items()}
        if dim is None:
            if isinstance(value, Tensor):
                self.whole.append(value)
            return lambda i: value
        place = _dim(dim, "in_dims")
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            raise ValueError(
                f"vmap: in_dims is {place} for an argument that is no tensor but {kind}; use None"
            )
        if not -value.ndim <= place < value.ndim:
            raise ValueError(f"vmap: in_dims is {place} for an argument of {value.ndim} dimensions")
        self.sizes.append(value.shape[place])
        return lambda i: value.select(place, i)

    @staticmethod
    def _dims(value: Any, dim: Any, n: int) -> Any:
        if not isinstance(dim, tuple | list):
            return [dim] * n
        if len(dim) != n:
            raise ValueError(f"vmap: in_dims has {len(dim)} entries for {n} arguments or items; got {dim}")
        return dim

    def size(self) -> int:
        if not self.sizes:
            raise ValueError("vmap: there must be a tensor to map over; got none")
        if len(set(self.sizes)) > 1:
            raise ValueError(f"vmap: the mapped dimensions must have one size; got {self.sizes}")
        if self.sizes[0] == 0:
            raise ValueError("vmap: the mapped dimension has size 0, and func makes the results' shapes")
        return self.sizes[0]


def _dim(value: Any, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"vmap: {name} are ints, None, or tuples and dicts of them; got {value!r}") from None


def _joined(results: list[Any], dim: Any) -> Any:
    """The slices' results as one, in the structure that they have."""
    first = results[0]
    if isinstance(first, tuple | list):
        if any(type(r) is not type(first) or len(r) != len(first) for r in results):
            raise ValueError("vmap: func must return the same structure for each slice")
        if isinstance(dim, tuple | list) and len(dim) != len(first):
            raise ValueError(f"vmap: out_dims has {len(dim)} entries for {len(first)} results; got {dim}")
        dims = dim if isinstance(dim, tuple | list) else [dim] * len(first)
        parts = [_joined(list(p), d) for p, d in zip(zip(*results, strict=True), dims, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, dict):
        if any(not isinstance(r, dict) or r.keys() != first.keys() for r in results):
            raise ValueError("vmap: func must return the same structure for each slice")
        return {k: _joined([r[k] for r in results], dim[k] if isinstance(dim, dict) else dim) for k in first}
    if isinstance(dim, tuple | list | dict):
        raise ValueError(f"vmap: out_dims has a structure, func's result has none; got {dim}")
    if dim is None:
        if any(r is not first for r in results):
            raise ValueError("vmap: out_dims is None for a result that each slice makes anew; use an int")
        return first
    for r in results:
        if not isinstance(r, Tensor):
            raise ValueError(f"vmap: func must return tensors; got {type(r).__name__}")
    return _C.stack(results, _dim(dim, "out_dims"))


class _Draws:
    """What func may do with the default generator."""

    def __init__(self, randomness: str) -> None:
        self.randomness, self.start = randomness, _C.default_generator.get_state()

    def before(self) -> None:
        if self.randomness == "same":
            _C.default_generator.set_state(self.start)

    def after(self) -> None:
        if self.randomness == "error" and _C.default_generator.get_state() != self.start:
            _C.default_generator.set_state(self.start)
            raise RuntimeError("vmap: func draws random numbers; use randomness='different' or 'same'")


@_documented()
def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """func over a dimension of its arguments: called for each slice, its results stacked.

    It is a loop: as many calls as there are slices, then one copy into the result. So func may branch on
    values and call NumPy; but it costs what the loop costs, and is no faster way to compute. The slices are
    views, and gradients of any order pass. Keyword arguments go to each slice whole.

    func: A function of slices that returns a tensor, or tuples, lists and dicts of tensors, the same for each
    slice.
    in_dims: The dimension that is mapped over, an int for all arguments, or a tuple with one for each; None
    for an argument that each slice gets whole. Of an argument that is a tuple, list or dict, too.
    out_dims: Where the dimension stands in the results: an int, or the structure of the results. None for
    what func returns without having made it.
    randomness: What func's draws from the default generator are: 'error', 'different' for each slice, or
    'same' for all.
    chunk_size: Taken for PyTorch's sake; it changes nothing.
    Returns: A function of the batched arguments. What it returns are new tensors.
    ValueError: For another randomness and a chunk_size below 1. The function raises it for dimensions that
    are not there or differ in size, an empty one, arguments that are no tensors, and results that are none.
    TypeError: For a func that cannot be called.

    >>> dot = tenon.func.vmap(tenon.dot)
    >>> dot(tenon.tensor([[1.0, 2.0], [3.0, 4.0]]), tenon.ones(2, 2))
    tensor([3., 7.])
    """
    if not callable(func):
        raise TypeError(f"vmap: func must be a function; got {type(func).__name__}")
    if randomness not in _RANDOMNESS:
        raise ValueError(f"vmap: randomness is 'error', 'different' or 'same'; got {randomness!r}")
    if chunk_size is not None and operator.index(chunk_size) < 1:
        raise ValueError(f"vmap: chunk_size must be positive; got {chunk_size}")
    import functools

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        batch = _Batch()
        part = batch.add(args, in_dims)
        named = batch.add(kwargs, None)
        size = batch.size()
        draws = _Draws(randomness)
        versions = [t._version for t in batch.whole]
        results = []
        for i in range(size):
            draws.before()
            results.append(func(*part(i), **named(i)))
            draws.after()
            if versions != [t._version for t in batch.whole]:
                raise RuntimeError(
                    "vmap: func writes in place to an argument whose in_dims is None, which all slices "
                    "share; map over it, or write to a copy"
                )
        return _joined(results, out_dims)

    return mapped
