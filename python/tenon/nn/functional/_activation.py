"""Activation functions. Those that are tenon's own operations are taken as they are."""

from __future__ import annotations

import warnings

from tenon import _C
from tenon._C import Tensor, gelu, hardshrink, sigmoid, softplus, softshrink, softsign, tanh, tanhshrink
from tenon._docstrings import documented as _documented
from tenon.nn.functional._common import ELEMENTWISE, inplace_of, tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu",
    "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin",
    "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip

logsigmoid = _C.log_sigmoid

_IN_PLACE = """
Returns: input itself.
ValueError: For read-only memory.
TypeError: For integers, complex numbers and float8.
RuntimeError: For a leaf that requires grad.
"""
_SOFTMAX = """
input: A tensor of any shape.
dim: The dimension along which the values add up to 1. None, which warns, for 0 where there are 0, 1 or
3 dimensions
and 1 elsewhere.
dtype: What input is converted to before; None for its own.
Returns: A new tensor of input's shape.
IndexError: For a dimension that is not there.
"""


@_documented(ELEMENTWISE)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """input where it is positive, 0 elsewhere.

    >>> tenon.nn.functional.relu(tenon.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return Tensor.relu_(input) if inplace else _C.relu(input)


@_documented(ELEMENTWISE)
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """input limited to [0, 6].

    >>> tenon.nn.functional.relu6(tenon.tensor([-1.0, 2.0, 9.0]))
    tensor([0., 2., 6.])
    """
    return inplace_of(_C.relu6, input) if inplace else _C.relu6(input)


@_documented(ELEMENTWISE)
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha * (exp(input) - 1) elsewhere.

    alpha: The limit far below 0, negated.

    >>> tenon.nn.functional.elu(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return Tensor.elu_(input, alpha) if inplace else _C.elu(input, alpha)


@_documented(ELEMENTWISE)
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """The scaled elu of Klambauer et al. (2017), which keeps mean 0 and variance 1 through layers.

    >>> tenon.nn.functional.selu(tenon.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return inplace_of(_C.selu, input) if inplace else _C.selu(input)


@_documented(ELEMENTWISE)
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere.

    alpha: The limit far below 0, negated.
    ValueError: For alpha = 0.

    >>> tenon.nn.functional.celu(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return inplace_of(_C.celu, input, alpha) if inplace else _C.celu(input, alpha)


@_documented(ELEMENTWISE)
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, negative_slope * input elsewhere.

    >>> tenon.nn.functional.leaky_relu(tenon.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return Tensor.leaky_relu_(input, negative_slope) if inplace else _C.leaky_relu(input, negative_slope)


@_documented()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """leaky_relu whose slope is learned: weight * input where input is not positive.

    input: A tensor of any shape; dimension 1 is that of channels.
    weight: One slope, or one for each channel, of shape (1,) or (channels,).
    Returns: A new tensor of input's shape.
    ValueError: For another number of slopes than of channels.
    TypeError: For what is no tensor, and for complex numbers.

    >>> tenon.nn.functional.prelu(tenon.tensor([[-1.0, -1.0]]), tenon.tensor([0.5, 0.25]))
    tensor([[-0.5000, -0.2500]])
    """
    input, weight = tensor(input), tensor(weight)
    if _C._autocasting():
        input, weight = _C._autocast_to(input, False), _C._autocast_to(weight, False)
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.ndim != 1 or weight.numel() != channels:
            raise ValueError(
                f"prelu: weight has one slope, or one for each of the {channels} channels; got shape "
                f"{weight.shape}"
            )
        weight = weight.reshape((-1,) + (1,) * (input.ndim - 2))
    elif weight.ndim and input.ndim == 0:
        weight = weight.reshape(())
    return _C.leaky_relu(input, weight)


def _slopes(input: Tensor, lower: float, upper: float, training: bool) -> Any:
    if not lower <= upper:
        raise ValueError(f"rrelu: lower must not be above upper; got {lower} and {upper}")
    return _C.empty_like(input).uniform_(lower, upper) if training else (lower + upper) / 2


@_documented(ELEMENTWISE)
def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """leaky_relu with slopes that are drawn evenly from [lower, upper] in training, else with their mean.

    lower: The smallest slope.
    upper: The largest slope.
    training: Whether slopes are drawn.
    ValueError: For lower above upper.

    >>> tenon.nn.functional.rrelu(tenon.tensor([-1.0, 2.0]), 0.25, 0.75)
    tensor([-0.5000,  2.0000])
    """
    slopes = _slopes(input, lower, upper, training)
    return Tensor.leaky_relu_(input, slopes) if inplace else _C.leaky_relu(input, slopes)


@_documented()
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of input, along dim, times the sigmoid of the second half.

    input: A tensor whose size along dim is even.
    Returns: A new tensor, half as large along dim.
    ValueError: For an odd size.
    IndexError: For a dimension that is not there.

    >>> tenon.nn.functional.glu(tenon.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """
    input = tensor(input)
    n = input.size(dim)
    if n % 2:
        raise ValueError(f"glu: dimension {dim} is halved, so its size must be even; got {n}")
    return input.narrow(dim, 0, n // 2) * input.narrow(dim, n // 2, n // 2).sigmoid()


def _softmax_dim(op: str, input: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    chosen = 0 if tensor(input).ndim in (0, 1, 3) else 1
    warnings.warn(f"{op}: dim is not given, so {chosen} is taken; say dim={chosen}, or dim=-1", stacklevel=3)
    return chosen


@_documented(_SOFTMAX)
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(input) divided by its sum along dim.

    _stacklevel: Taken for PyTorch's sake.

    >>> tenon.nn.functional.softmax(tenon.tensor([0.0, 0.0]), dim=-1)
    tensor([0.5000, 0.5000])
    """
    return _C.softmax(input, _softmax_dim("softmax", input, dim), dtype)


@_documented(_SOFTMAX)
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax of -input.

    _stacklevel: Taken for PyTorch's sake.

    >>> tenon.nn.functional.softmin(tenon.tensor([0.0, 0.0]), dim=-1)
    tensor([0.5000, 0.5000])
    """
    return _C.softmax(-input, _softmax_dim("softmin", input, dim), dtype)


@_documented(_SOFTMAX)
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of softmax, without its loss of digits.

    _stacklevel: Taken for PyTorch's sake.

    >>> tenon.nn.functional.log_softmax(tenon.tensor([0.0, 0.0]), dim=-1)
    tensor([-0.6931, -0.6931])
    """
    return _C.log_softmax(input, _softmax_dim("log_softmax", input, dim), dtype)


@_documented()
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample that nearly chooses one of the categories, with a gradient (Jang et al., 2017).

    logits: Logarithms of weights, of any shape.
    tau: The temperature: small values choose harder.
    hard: True gives 0 and 1, with the gradient of the soft sample.
    eps: Taken for PyTorch's sake.
    dim: The dimension of the categories.
    Returns: A new tensor of logits' shape that adds up to 1 along dim.
    TypeError: For logits that are no floats.

    >>> tenon.nn.functional.gumbel_softmax(tenon.zeros(2, 3), hard=True).sum(-1)
    tensor([1., 1.])
    """
    logits = tensor(logits)
    if not logits.dtype.is_floating_point:
        raise TypeError(f"gumbel_softmax: logits must be floats; got {logits.dtype.name}")
    uniform = _C.empty_like(logits).detach().uniform_(_C._limits(logits.dtype)[5], 1.0)
    soft = _C.softmax((logits - (-uniform.log()).log()) / tau, dim)
    if not hard:
        return soft
    index = soft.argmax(dim, keepdim=True)
    one_hot = _C.zeros_like(soft.detach()).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


@_documented(ELEMENTWISE)
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """input / 6 + 1/2 limited to [0, 1].

    >>> tenon.nn.functional.hardsigmoid(tenon.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    return inplace_of(_C.hardsigmoid, input) if inplace else _C.hardsigmoid(input)


@_documented(ELEMENTWISE)
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input).

    >>> tenon.nn.functional.hardswish(tenon.tensor([-4.0, 0.0, 3.0]))
    tensor([-0., 0., 3.])
    """
    return inplace_of(_C.hardswish, input) if inplace else _C.hardswish(input)


@_documented(ELEMENTWISE)
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input).

    >>> tenon.nn.functional.silu(tenon.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """
    return Tensor.silu_(input) if inplace else _C.silu(input)


@_documented(ELEMENTWISE)
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)).

    >>> tenon.nn.functional.mish(tenon.tensor([0.0, 2.0]))
    tensor([0.0000, 1.9440])
    """
    return inplace_of(_C.mish, input) if inplace else _C.mish(input)


@_documented(ELEMENTWISE)
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input limited to [min_val, max_val].

    ValueError: For min_val above max_val.

    >>> tenon.nn.functional.hardtanh(tenon.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val must not be above max_val; got {min_val} and {max_val}")
    return (
        inplace_of(_C.hardtanh, input, min_val, max_val) if inplace else _C.hardtanh(input, min_val, max_val)
    )


@_documented(ELEMENTWISE)
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is greater than threshold, value elsewhere.

    value: What stands in place of elements up to the threshold.

    >>> tenon.nn.functional.threshold(tenon.tensor([0.5, 1.5]), 1.0, -1.0)
    tensor([-1.0000,  1.5000])
    """
    return (
        inplace_of(_C.threshold, input, threshold, value)
        if inplace
        else _C.threshold(input, threshold, value)
    )


@_documented(_IN_PLACE)
def relu_(input: Tensor) -> Tensor:
    """relu(), over input.

    >>> tenon.nn.functional.relu_(tenon.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return relu(input, True)


@_documented(_IN_PLACE)
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """elu(), over input.

    alpha: The limit far below 0, negated.

    >>> tenon.nn.functional.elu_(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return elu(input, alpha, True)


@_documented(_IN_PLACE)
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """celu(), over input.

    alpha: The limit far below 0, negated.

    >>> tenon.nn.functional.celu_(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return celu(input, alpha, True)


@_documented(_IN_PLACE)
def selu_(input: Tensor) -> Tensor:
    """selu(), over input.

    >>> tenon.nn.functional.selu_(tenon.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return selu(input, True)


@_documented(_IN_PLACE)
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """leaky_relu(), over input.

    >>> tenon.nn.functional.leaky_relu_(tenon.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return leaky_relu(input, negative_slope, True)


@_documented(_IN_PLACE)
def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """rrelu(), over input.

    lower: The smallest slope.
    upper: The largest slope.
    training: Whether slopes are drawn.

    >>> tenon.nn.functional.rrelu_(tenon.tensor([-1.0, 2.0]), 0.25, 0.75)
    tensor([-0.5000,  2.0000])
    """
    return rrelu(input, lower, upper, training, True)


@_documented(_IN_PLACE)
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """hardtanh(), over input.

    >>> tenon.nn.functional.hardtanh_(tenon.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    return hardtanh(input, min_val, max_val, True)


@_documented(_IN_PLACE)
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """threshold(), over input.

    value: What stands in place of elements up to the threshold.

    >>> tenon.nn.functional.threshold_(tenon.tensor([0.5, 1.5]), 1.0, -1.0)
    tensor([-1.0000,  1.5000])
    """
    return inplace_of(_C.threshold, input, threshold, value)
