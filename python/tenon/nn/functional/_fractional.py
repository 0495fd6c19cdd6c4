"""Fractional max pools: windows of one size at random places (Graham, 2014)."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Ints = int | Sequence[int]

__all__ = [
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d", "fractional_max_pool3d_with_indices",
]  # fmt: skip

_POOL = """
kernel_size: The size of a window: an int, or one for each dimension.
output_size: How many windows: an int, or one for each dimension.
output_ratio: In place of output_size: how many windows for each element, in (0, 1).
return_indices: True returns the elements' places in their plane, too.
_random_samples: Numbers from [0, 1) that decide where the windows stand, of shape (N, C, 2), or (N, C, 3) for
volumes; None draws them from the default generator.
Returns: A new tensor of input's dtype; with return_indices a tuple with the int64 places.
ValueError: Unless one of output_size and output_ratio is given, for windows that do not fit into the input,
for another number of dimensions and for samples of another shape.
"""


def _each(op: str, name: str, value: object, dims: int) -> tuple[int, ...]:
    values: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple) else (value,) * dims
    if len(values) != dims or not all(isinstance(v, int) and v > 0 for v in values):
        raise ValueError(f"{op}: {name} must be a positive int, or {dims} of them; got {value!r}")
    return values


def _sizes(
    op: str, sizes: tuple[int, ...], kernel: tuple[int, ...], output_size: object, output_ratio: object
) -> tuple[int, ...]:
    """How many windows there are along each dimension."""
    if (output_size is None) == (output_ratio is None):
        raise ValueError(
            f"{op}: either output_size or output_ratio must be given; got {output_size!r} and "
            f"{output_ratio!r}"
        )
    dims = len(sizes)
    if output_size is None:
        ratios: tuple[Any, ...] = (
            tuple(output_ratio) if isinstance(output_ratio, list | tuple) else (output_ratio,) * dims
        )
        if len(ratios) != dims or not all(isinstance(r, float) and 0 < r < 1 for r in ratios):
            raise ValueError(f"{op}: output_ratio must be in (0, 1); got {output_ratio!r}")
        output_size = tuple(int(n * r) for n, r in zip(sizes, ratios, strict=True))
    outputs = _each(op, "output_size", output_size, dims)
    if any(o + k - 1 > n for o, k, n in zip(outputs, kernel, sizes, strict=True)):
        raise ValueError(
            f"{op}: {outputs} windows of {kernel} need at least output + kernel - 1 elements along each "
            f"dimension; the input has {sizes}"
        )
    return outputs


def _starts(samples: Tensor, size: int, kernel: int, output: int) -> Tensor:
    """Where the windows of a dimension begin, (..., output): the last one at the end."""
    last = _C.full((*samples.shape, 1), size - kernel, dtype=_C.int64, device=samples.device)
    if output == 1:
        return last
    step = (size - kernel) / (output - 1)
    at = _C.arange(output - 1, dtype=samples.dtype, device=samples.device)
    first = ((samples.unsqueeze(-1) + at) * step).to(_C.int64) - (samples.unsqueeze(-1) * step).to(_C.int64)
    return _C.cat([first, last], -1)


def _pool(
    op: str, input: Tensor, kernel_size: object, output_size: object, output_ratio: object, samples: object
) -> tuple[Tensor, Tensor]:
    dims = 2 if "2d" in op else 3
    if input.ndim not in (dims + 1, dims + 2):
        raise ValueError(
            f"{op}: input has {dims + 2} dimensions, or {dims + 1} without a batch; got shape {input.shape}"
        )
    kernel = _each(op, "kernel_size", kernel_size, dims)
    x = input if input.ndim == dims + 2 else input.unsqueeze(0)
    batch, channels, *sizes = x.shape
    outputs = _sizes(op, tuple(sizes), kernel, output_size, output_ratio)
    if samples is None:
        drawn = x.dtype if x.dtype in (_C.float32, _C.float64) else _C.float32
        samples = _C.rand(batch, channels, dims, dtype=drawn, device=x.device)
    if input is not x and isinstance(samples, Tensor):
        samples = samples[:1]  # PyTorch takes the first
    if not isinstance(samples, Tensor) or samples.shape != (batch, channels, dims):
        raise ValueError(
            f"{op}: _random_samples must be a tensor of shape {(batch, channels, dims)}; got "
            f"{samples.shape if isinstance(samples, Tensor) else type(samples).__name__}"
        )
    # The samples of images are those of the width first.
    order = (1, 0) if dims == 2 else (0, 1, 2)
    places: Tensor | None = None
    for d in range(dims):
        start = _starts(samples[..., order[d]], sizes[d], kernel[d], outputs[d])
        window = start.unsqueeze(-1) + _C.arange(kernel[d], device=x.device)  # (N, C, output, kernel)
        shape = [batch, channels] + [1] * (2 * dims)
        shape[2 + d], shape[2 + dims + d] = outputs[d], kernel[d]
        along = window.reshape(shape)
        places = along if places is None else places * sizes[d] + along
    assert places is not None
    places = places.flatten(2 + dims)
    plane = x.flatten(2)
    values = plane.detach().gather(2, places.flatten(2)).reshape(places.shape)
    best = places.gather(-1, values.argmax(-1, keepdim=True)).squeeze(-1)
    result = plane.gather(2, best.flatten(2)).reshape(best.shape)
    return (result, best) if input.ndim == dims + 2 else (result.squeeze(0), best.squeeze(0))


@_documented(_POOL)
def fractional_max_pool2d_with_indices(
    input: Tensor, kernel_size: Ints, output_size: Ints | None = None, output_ratio: object = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """fractional_max_pool2d() and the places of its elements.

    input: Images of shape (N, C, H, W) or (C, H, W).
    return_indices: Taken as PyTorch's; both are returned.
    Returns: A tuple of new tensors.

    >>> y, at = tenon.nn.functional.fractional_max_pool2d_with_indices(tenon.ones(1, 1, 4, 4), 2, 3)
    >>> y.shape, at.dtype.name
    ((1, 1, 3, 3), 'int64')
    """
    return _pool("fractional_max_pool2d", input, kernel_size, output_size, output_ratio, _random_samples)


@_documented(_POOL)
def fractional_max_pool3d_with_indices(
    input: Tensor, kernel_size: Ints, output_size: Ints | None = None, output_ratio: object = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """fractional_max_pool3d() and the places of its elements.

    input: Volumes of shape (N, C, D, H, W) or (C, D, H, W).
    return_indices: Taken as PyTorch's; both are returned.
    Returns: A tuple of new tensors.

    >>> y, at = tenon.nn.functional.fractional_max_pool3d_with_indices(tenon.ones(1, 1, 4, 4, 4), 2, 3)
    >>> y.shape, at.dtype.name
    ((1, 1, 3, 3, 3), 'int64')
    """
    return _pool("fractional_max_pool3d", input, kernel_size, output_size, output_ratio, _random_samples)


@_documented(_POOL)
def fractional_max_pool2d(
    input: Tensor, kernel_size: Ints, output_size: Ints | None = None, output_ratio: object = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    """The largest elements of windows that stand at random, nearly even distances (Graham, 2014).

    input: Images of shape (N, C, H, W) or (C, H, W).

    >>> tenon.nn.functional.fractional_max_pool2d(tenon.ones(1, 1, 4, 4), 2, output_ratio=0.75).shape
    (1, 1, 3, 3)
    """
    both = _pool("fractional_max_pool2d", input, kernel_size, output_size, output_ratio, _random_samples)
    return both if return_indices else both[0]


@_documented(_POOL)
def fractional_max_pool3d(
    input: Tensor, kernel_size: Ints, output_size: Ints | None = None, output_ratio: object = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    """The largest elements of windows that stand at random, nearly even distances (Graham, 2014).

    input: Volumes of shape (N, C, D, H, W) or (C, D, H, W).

    >>> tenon.nn.functional.fractional_max_pool3d(tenon.ones(1, 1, 4, 4, 4), 2, 3).shape
    (1, 1, 3, 3, 3)
    """
    both = _pool("fractional_max_pool3d", input, kernel_size, output_size, output_ratio, _random_samples)
    return both if return_indices else both[0]
