"""Fourier transforms by NumPy's pocketfft, with gradients of any order: what the names of both doors call.

Three linear maps along one axis do everything: complex to complex, real to the first half of its spectrum,
and back. NumPy computes them on the tensors' own memory. Cutting, padding and conjugating are operations.

The gradient of a linear map is its adjoint, and the adjoint of each of them is another one, with the same
factor. Between the two real ones stands what half a spectrum leaves out: all its elements count twice but
the first and, for an even length, the last, which are real.
"""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._numpy import numpy_for
from tenon.autograd.function import Function, FunctionCtx

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

# The other direction's norm with the same factor.
_SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
_INVERSE = ("ifft", "irfft", "ihfft")
_TO_REAL = ("irfft", "hfft")
FROM_REAL = ("rfft", "ihfft")


def kind_of(name: str) -> str:
    """The transform along one axis of which a function's name tells: "fft" of "fft2" and "fftn"."""
    return name.rstrip("2n")


def declares(shared: str, several: str, refused: str) -> Callable[[F], F]:
    """A decorator that composes the documentation of transforms: their names say what they take and give.

    shared: What is said of all. several: What is said before it of those along several axes. refused: Dtypes.
    """

    def compose(f: F) -> F:
        kind = kind_of(f.__name__)
        result = "real" if kind in _TO_REAL else "complex"
        elements = "complex elements, for " if kind in FROM_REAL else ""
        of_kind = (
            f"Returns: A new {result} tensor, or out.\n"
            f"TypeError: For {elements}{refused}, for a tensor on a device, and for an argument of another "
            "type."
        )
        return documented(*([several] if f.__name__ != kind else []), shared, of_kind)(f)

    return compose


def _computed(name: str, t: Tensor, axis: int, norm: str, dtype: Any, length: int, *n: int) -> Tensor:
    """numpy.fft's transform of t, into memory of tenon's: length elements along the axis."""
    numpy = numpy_for(f"fft.{name}")
    shape = list(t.shape)
    shape[axis] = length
    result = _C.empty(shape, dtype=dtype)
    f, array, out = getattr(numpy.fft, name), t.detach().numpy(), result.numpy()
    if numpy.__version__.startswith("1."):  # which has no out=, and computes in double precision alone
        out[...] = f(array, *n, axis=axis, norm=norm)
    else:
        f(array, *n, axis=axis, norm=norm, out=out)
    return result


def _weights(n: int, inner: float, axis: int, like: Tensor) -> Tensor:
    """What the elements of the half spectrum of n real ones count: 1 or, in the inside, inner."""
    w = _C.full((n // 2 + 1,), inner, dtype=like.real.dtype if like.dtype.is_complex else like.dtype)
    w[0] = 1
    if n % 2 == 0:
        w[-1] = 1
    return w.reshape([-1] + [1] * (like.ndim - 1 - axis))


def _applied(f: type[Function], t: Tensor, *args: Any) -> Any:
    """f's result. Without a node where none is recorded: 14 us instead of 25 for 16 elements."""
    if t.requires_grad and _C.is_grad_enabled():
        return f.apply(t, *args)
    return f.forward(FunctionCtx(), t, *args)


class _Fft(Function):
    """Complex elements to as many; their inverse transform where inverse is set."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, axis: int, norm: str, inverse: bool) -> Tensor:
        ctx.adjoint = axis, _SWAPPED[norm], not inverse
        return _computed("ifft" if inverse else "fft", t, axis, norm, t.dtype, t.shape[axis])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return _applied(_Fft, grads[0], *ctx.adjoint), None, None, None


class _Rfft(Function):
    """n real elements to n // 2 + 1 complex ones."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, axis: int, norm: str) -> Tensor:
        ctx.axis, ctx.norm, ctx.n = axis, norm, t.shape[axis]
        dtype = _C.complex128 if t.dtype == _C.float64 else _C.complex64
        return _computed("rfft", t, axis, norm, dtype, ctx.n // 2 + 1)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        g = grads[0] * _weights(ctx.n, 0.5, ctx.axis, grads[0])
        return _applied(_Irfft, g, ctx.axis, _SWAPPED[ctx.norm], ctx.n), None, None


class _Irfft(Function):
    """n // 2 + 1 complex elements to n real ones, whatever the imaginary parts where a spectrum is real."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, axis: int, norm: str, n: int) -> Tensor:
        ctx.axis, ctx.norm, ctx.n = axis, norm, n
        dtype = _C.float64 if t.dtype == _C.complex128 else _C.float32
        return _computed("irfft", t, axis, norm, dtype, n, n)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        g = _applied(_Rfft, grads[0], ctx.axis, _SWAPPED[ctx.norm])
        return g * _weights(ctx.n, 2.0, ctx.axis, g), None, None, None


def integer(op: str, name: str, value: Any) -> int:
    """A length or an axis as an int; a tensor of one integer is one."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an int; got {type(value).__name__}") from None


def integers(op: str, name: str, value: Any) -> list[int]:
    """Lengths or axes: ints, or one."""
    if hasattr(value, "__index__") and getattr(value, "ndim", 0) == 0:
        return [integer(op, name, value)]
    try:
        values = list(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be ints; got {type(value).__name__}") from None
    return [integer(op, name, v) for v in values]


def axis_from_start(op: str, axis: int, ndim: int) -> int:
    """An axis counted from the start; IndexError where it is not there."""
    if not -ndim <= axis < ndim:
        takes = f"takes {-ndim} to {ndim - 1}" if ndim else "has none"
        raise IndexError(f"{op}: dimension {axis} is out of range; a tensor of {ndim} dimensions {takes}")
    return axis % ndim


def sizes_and_axes(
    op: str, kind: str, t: Tensor, s: Any, axes: Any, name: str
) -> tuple[Sequence[int | None], list[int]]:
    """The lengths, None for the default, and the axes from the start; name is that of the argument axes."""
    sizes = None if s is None else integers(op, "s", s)
    if axes is not None:
        places = integers(op, name, axes)
    else:
        places = list(range(t.ndim)) if sizes is None else list(range(-len(sizes), 0))
    if sizes is not None and len(sizes) != len(places):
        raise ValueError(f"{op}: s has a size for each of {name}; got {len(sizes)} for {len(places)}")
    if not places and kind not in ("fft", "ifft"):
        raise ValueError(f"{op}: there must be an axis to transform; got none")
    places = [axis_from_start(op, axis, t.ndim) for axis in places]
    return [None] * len(places) if sizes is None else sizes, places


def _resized(op: str, t: Tensor, axis: int, n: int) -> Tensor:
    """t cut or padded with zeros to n elements along the axis; itself where it has them."""
    missing = n - t.shape[axis]
    if missing <= 0:
        return t.narrow(axis, 0, n) if missing else t
    shape = list(t.shape)
    shape[axis] = missing
    try:
        zeros = _C.zeros(shape, dtype=t.dtype)
    except (ValueError, OverflowError):
        raise ValueError(f"{op}: {n} elements along dimension {axis} do not fit into memory") from None
    return _C.cat([t, zeros], axis)


def _along(op: str, kind: str, t: Tensor, n: int | None, axis: int, norm: str) -> Tensor:
    own = t.shape[axis]
    to_real = kind in _TO_REAL
    if n is None:
        n = 2 * (own - 1) if to_real else own
    if n < 1:
        raise ValueError(
            f"{op}: a transform has one element at least; got {n} along dimension {axis}, whose size is {own}"
        )
    t = _resized(op, t, axis, n // 2 + 1 if to_real else n)
    if kind == "rfft":
        return _applied(_Rfft, t, axis, norm)
    if kind == "ihfft":
        return _C.conj(_applied(_Rfft, t, axis, _SWAPPED[norm]))
    if kind == "irfft":
        return _applied(_Irfft, t, axis, norm, n)
    if kind == "hfft":
        return _applied(_Irfft, _C.conj(t), axis, _SWAPPED[norm], n)
    return _applied(_Fft, t, axis, norm, kind == "ifft")


def transform(
    op: str,
    kind: str,
    t: Tensor,
    sizes: Sequence[int | None],
    axes: Sequence[int],
    norm: str | None,
    out: Any,
) -> Tensor:
    """The transform of a kind along axes, which count from the start, of sizes (None: those of t).

    The dtype of t is one that a transform has: float32 or float64 for what takes real elements, else complex.
    """
    if norm is None:
        norm = "backward"
    if not isinstance(norm, str):
        raise TypeError(f"{op}: norm must be a str; got {type(norm).__name__}")
    if norm not in _SWAPPED:
        raise ValueError(f"{op}: norm is 'backward', 'ortho' or 'forward'; got {norm!r}")
    if t.device.type != "cpu":
        raise TypeError(f"{op}: NumPy computes it, on the CPU; got a tensor on {t.device}, use tensor.cpu()")
    others = "ifft" if kind in _INVERSE else "fft"
    steps = [(others, n, axis) for n, axis in zip(sizes, axes, strict=True)]
    if not steps:
        return written(op, t.clone(), out)
    steps[-1] = kind, *steps[-1][1:]
    # What makes real elements comes last, what takes them first.
    for each, n, axis in steps if kind in _TO_REAL else reversed(steps):
        t = _along(op, each, t, n, axis, norm)
    return written(op, t, out)


def written(op: str, t: Tensor, out: Any) -> Tensor:
    """The result, or out with its values."""
    if out is None:
        return t
    try:
        return _C.positive(t, out=out)
    except (TypeError, ValueError, RuntimeError) as e:
        e.args = (str(e).replace("positive: ", f"{op}: ", 1),)
        raise


def shifted(op: str, t: Tensor, axes: Sequence[int], inverse: bool) -> Tensor:
    """The zero frequency in the middle, or back at the start."""
    sizes = [t.shape[axis] for axis in axes]
    return _C.roll(t, [-(n // 2) if inverse else n // 2 for n in sizes], list(axes))


def frequencies(n: int, d: Any, half: bool, device: Any) -> Tensor:
    """The frequencies of n elements of distance d, in float64; half: those of rfft."""
    counts = _C.arange(n // 2 + 1 if half else n, dtype=_C.float64, device=device)
    if not half:
        counts = _C.where(counts < (n + 1) // 2, counts, counts - n)
    return counts / (n * d)
