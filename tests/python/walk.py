"""What walks over the table share: rows with NumPy's functions, and values that lie differently."""

import inspect

import numpy as np
import tenon
from support import numpy_function, operations

try:
    from scipy import special
except ImportError:
    special = None

# SciPy's functions of two real numbers, which NumPy does not have.
BY_SCIPY = {"xlogy", "xlog1py"} if special else set()


def arity(op: object) -> int:
    """How many tensors an operation takes: its arguments without a default."""
    return sum(
        p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        for p in inspect.signature(op).parameters.values()
    )


def peer(op: object):
    """The NumPy function of a row; SciPy's of the row's name where NumPy has none."""
    if op._numpy_name or op.__name__ not in BY_SCIPY:
        return numpy_function(op._numpy_name)
    return getattr(special, op.__name__)


NAMED = {
    op.__name__: op
    for op in operations()
    if (op._numpy_name or op.__name__ in BY_SCIPY) and not op.__name__.endswith("_")
}


# ---- devices ----


def put(a: np.ndarray, device: str) -> tenon.Tensor:
    """The array as a tensor: over its memory on the CPU; on a device its values, lying as in the array."""
    if device == "cpu" or not a.size:
        return tenon.from_numpy(a).to(device)
    reach = [(n - 1) * s for n, s in zip(a.shape, a.strides, strict=True)]
    low, high = sum(r for r in reach if r < 0), sum(r for r in reach if r > 0)
    lowest = a[tuple(slice(-1, None) if s < 0 else slice(0, 1) for s in a.strides)]
    size = (high - low) // a.itemsize + 1
    memory = np.lib.stride_tricks.as_strided(lowest, (size,), (a.itemsize,))
    moved = tenon.from_numpy(memory.copy()).to(device)
    return moved.as_strided(a.shape, [s // a.itemsize for s in a.strides], -low // a.itemsize)


def get(t: tenon.Tensor) -> np.ndarray:
    return t.cpu().numpy()


# ---- layouts: the same values, lying differently ----


def misordered(a: np.ndarray) -> np.ndarray:
    return np.asfortranarray(a)


def sliced(a: np.ndarray) -> np.ndarray:
    wide = np.zeros((*a.shape[:-1], a.shape[-1] * 2 + 1), a.dtype) if a.ndim else np.zeros(3, a.dtype)
    if not a.ndim:
        wide[1] = a
        return wide[1:2].reshape(())
    wide[..., 1::2] = a
    return wide[..., 1::2]


def backwards(a: np.ndarray) -> np.ndarray:
    every = (slice(None, None, -1),) * a.ndim
    return a[every].copy()[every]


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {
    "contiguous": lambda a: a.copy(),
    "transposed": misordered,
    "sliced": sliced,
    "negative strides": backwards,
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "empty": lambda a: a[:0],
    "0-d": lambda a: a[:1, :1].reshape(()),
    "read-only": read_only,
    "odd length": lambda a: a.reshape(-1)[:11],
}


def refuses(call, *args) -> bool:
    """Whether NumPy has no loop for these dtypes."""
    try:
        call(*args)
    except (TypeError, ValueError):
        return True
    return False
