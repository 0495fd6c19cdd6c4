"""The gradients of convolutions by their input and their weight, as functions, under PyTorch's names."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import enable_grad as _enable_grad
from tenon._names import guide as _guide
from tenon.nn import functional as _F

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight",
]  # fmt: skip

_COMMON = """
input: The input, of shape (N, C, ...).
weight: The weight, of shape (out_channels, C / groups, ...).
input_size, weight_size: The shape of the gradient.
grad_output: The gradient of the output.
stride, padding, dilation, groups: As the convolution has them.
Returns: A new tensor. It can be differentiated by the two tensors.
ValueError: For shapes that do not fit together.
TypeError: For dtypes that the convolution does not take, and for a shape that is none.
OverflowError: For a size of more than 64 bits.
RuntimeError: For tensors of two dtypes or devices.
"""


def _gradient(
    op: str,
    convolve: Callable[..., Tensor],
    input: Any,
    weight: Any,
    grad_output: Tensor,
    options: tuple[Any, ...],
) -> Tensor:
    """The gradient by the operand that is given by its shape. It is linear: the operand may be zeros."""
    by_input = op.endswith("input")
    known = _C._ingest(weight if by_input else input, op, None, None, None)
    grad_output = _C._ingest(grad_output, op, None, None, None)
    given = input if by_input else weight
    try:
        sizes = tuple(operator.index(n) for n in given)
    except TypeError:
        raise TypeError(f"{op}: a shape is a tuple of ints; got {given!r}") from None
    for t in (known, grad_output):
        if not t.dtype.is_floating_point:
            raise TypeError(f"{op}: tensors must be floating; got {t.dtype.name}")
    with _enable_grad():
        free = _C.zeros(sizes, dtype=known.dtype, device=known.device, requires_grad=True)
        y = convolve(free, known, None, *options) if by_input else convolve(known, free, None, *options)
        if y.shape != grad_output.shape:
            raise ValueError(
                f"{op}: grad_output must have the convolution's shape {tuple(y.shape)}; "
                f"got {tuple(grad_output.shape)}"
            )
    record = _C.is_grad_enabled() and (known.requires_grad or grad_output.requires_grad)
    (found,) = _C._grad([y], [free], [grad_output], record, record, False)
    assert found is not None
    return found


@_documented(_COMMON)
def conv1d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv1d`` by its input.

    >>> g = tenon.nn.grad.conv1d_input((1, 1, 3), tenon.ones(1, 1, 2), tenon.ones(1, 1, 2))
    >>> g.shape, g.sum()
    ((1, 1, 3), tensor(4.))
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv1d_input", _F.conv1d, input_size, weight, grad_output, options)


@_documented(_COMMON)
def conv1d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv1d`` by its weight.

    >>> x = tenon.ones(1, 1, 3)
    >>> tenon.nn.grad.conv1d_weight(x, (1, 1, 2), tenon.ones(1, 1, 2)).sum()
    tensor(4.)
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv1d_weight", _F.conv1d, input, weight_size, grad_output, options)


@_documented(_COMMON)
def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv2d`` by its input.

    >>> g = tenon.nn.grad.conv2d_input((1, 1, 3, 3), tenon.ones(1, 1, 2, 2), tenon.ones(1, 1, 2, 2))
    >>> g.shape, g.sum()
    ((1, 1, 3, 3), tensor(16.))
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv2d_input", _F.conv2d, input_size, weight, grad_output, options)


@_documented(_COMMON)
def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv2d`` by its weight.

    >>> x = tenon.ones(1, 1, 3, 3)
    >>> tenon.nn.grad.conv2d_weight(x, (1, 1, 2, 2), tenon.ones(1, 1, 2, 2)).sum()
    tensor(16.)
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv2d_weight", _F.conv2d, input, weight_size, grad_output, options)


@_documented(_COMMON)
def conv3d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv3d`` by its input.

    >>> g = tenon.nn.grad.conv3d_input((1, 1, 3, 3, 3), tenon.ones(1, 1, 2, 2, 2), tenon.ones(1, 1, 2, 2, 2))
    >>> g.shape, g.sum()
    ((1, 1, 3, 3, 3), tensor(64.))
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv3d_input", _F.conv3d, input_size, weight, grad_output, options)


@_documented(_COMMON)
def conv3d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of ``conv3d`` by its weight.

    >>> x = tenon.ones(1, 1, 3, 3, 3)
    >>> tenon.nn.grad.conv3d_weight(x, (1, 1, 2, 2, 2), tenon.ones(1, 1, 2, 2, 2)).sum()
    tensor(64.)
    """
    options = (stride, padding, dilation, groups)
    return _gradient("conv3d_weight", _F.conv3d, input, weight_size, grad_output, options)


_guide(__name__)
