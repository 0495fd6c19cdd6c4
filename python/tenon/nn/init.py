"""Values for parameters at first. All functions write in place, unrecorded, and return the tensor."""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import no_grad
from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.functional._common import constants as _constants

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_",
    "ones_", "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_",
    "zeros_",
]  # fmt: skip

# What the documentation of these functions has in common.
_FILL = """
tensor: The tensor that is filled.
generator: What draws the numbers; None for tenon.default_generator.
gain: A factor of the spread, such as calculate_gain() gives.
Returns: tensor itself.
ValueError: For read-only memory.
TypeError: For a dtype that has no room for the values.
"""
_KAIMING = """
a: The slope of leaky_relu below 0, where nonlinearity names it.
mode: 'fan_in' keeps the variance in forward, 'fan_out' that of the gradients in backward.
nonlinearity: What follows the layer, as calculate_gain() names it.
ValueError: For fewer than two dimensions, another mode, and another nonlinearity.
"""

_LINEAR = ("linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)), "sigmoid")


@_documented()
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what a layer's weights should be larger for the function that follows it.

    nonlinearity: 'linear', 'conv2d' and its kin, 'sigmoid' (1), 'tanh' (5/3), 'relu' (the root of 2),
    'leaky_relu' or
    'selu' (3/4).
    param: The slope of leaky_relu; None for 0.01.
    Returns: The factor.
    ValueError: For another nonlinearity, and a slope that is no number.

    >>> tenon.nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"calculate_gain: the slope of leaky_relu is a number; got {param!r}")
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    gains = dict.fromkeys(_LINEAR, 1.0) | {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    if nonlinearity not in gains:
        raise ValueError(
            f"calculate_gain: nonlinearity is one of {', '.join([*gains, 'leaky_relu'])}; got "
            f"{nonlinearity!r}"
        )
    return gains[nonlinearity]


def _uniform(tensor: Tensor, bound: float, generator: Any) -> Tensor:
    with no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


def _normal(tensor: Tensor, std: float, generator: Any) -> Tensor:
    with no_grad():
        return tensor.normal_(0.0, std, generator=generator)


@_documented(_FILL)
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Numbers drawn evenly from [a, b).

    a: The lower bound.
    b: The upper bound.
    ValueError: For a above b, and for read-only memory.

    >>> bool((tenon.nn.init.uniform_(tenon.empty(100), 2.0, 3.0) >= 2).all())
    True
    """
    _constants("uniform_", a=a, b=b)
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


@_documented(_FILL)
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Numbers drawn from the normal distribution.

    mean: The mean.
    ValueError: For a negative std, and for read-only memory.

    >>> tenon.nn.init.normal_(tenon.empty(2, 3), std=0.0)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    _constants("normal_", mean=mean, std=std)
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def _truncated(mean: float, std: float, a: float, b: float, like: Tensor, generator: Any) -> Tensor:
    """Draws until all numbers are within [a, b]: normal ones where that is soon, else even ones."""

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / (std * math.sqrt(2.0)))) / 2.0

    x = _C.empty_like(like.detach())
    if below(b) - below(a) > 0.3:
        low, high = float(x.new_tensor(a)), float(x.new_tensor(b))  # what the dtype makes of the bounds
        x.normal_(mean, std, generator=generator)
        wrong = (x < low) | (x > high)
        while bool(wrong.any()):
            x = _C.where(wrong, _C.empty_like(x).normal_(mean, std, generator=generator), x)
            wrong = (x < low) | (x > high)
        return x
    # An even draw is kept with the probability of its density beside the largest one.
    peak = max(a, min(mean, b))
    reach = peak + std * 10 * (1 if peak == a else -1)  # beyond, the density is nothing
    a, b = (a, min(b, reach)) if peak == a else (max(a, reach), b)
    x.uniform_(a, b, generator=generator)
    wrong = _C.ones_like(x, dtype=_C.bool)
    while True:
        density = (((peak - mean) ** 2 - (x - mean).square()) / (2 * std**2)).exp()
        wrong = wrong & (_C.empty_like(x).uniform_(0.0, 1.0, generator=generator) >= density)
        if not bool(wrong.any()):
            return x
        x = _C.where(wrong, _C.empty_like(x).uniform_(a, b, generator=generator), x)


@_documented(_FILL)
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Numbers drawn from the normal distribution, of which those outside [a, b] are drawn again.

    mean: The mean before the cut.
    std: The standard deviation before the cut.
    a: The lower bound.
    b: The upper bound.
    ValueError: For a that is not below b, and for a std that is not positive.

    >>> bool((tenon.nn.init.trunc_normal_(tenon.empty(100)).abs() <= 2).all())
    True
    """
    _constants("trunc_normal_", mean=mean, std=std, a=a, b=b)
    if not a < b:
        raise ValueError(f"trunc_normal_: a must be below b; got {a} and {b}")
    if not std > 0:
        raise ValueError(f"trunc_normal_: std must be positive; got {std}")
    with no_grad():
        return tensor.copy_(_truncated(mean, std, a, b, tensor, generator))


@_documented(_FILL)
def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere.

    val: The value.

    >>> tenon.nn.init.constant_(tenon.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    _constants("constant_", val=val)
    with no_grad():
        return tensor.fill_(val)


@_documented(_FILL)
def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere.

    >>> tenon.nn.init.ones_(tenon.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


@_documented(_FILL)
def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere.

    >>> tenon.nn.init.zeros_(tenon.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


@_documented(_FILL)
def eye_(tensor: Tensor) -> Tensor:
    """The identity: 1 on the diagonal, 0 elsewhere.

    ValueError: For another number of dimensions than two.

    >>> tenon.nn.init.eye_(tenon.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: the tensor has two dimensions; got shape {tensor.shape}")
    with no_grad():
        tensor.zero_()
        tensor.diagonal().fill_(1.0)
    return tensor


@_documented(_FILL)
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The identity of a convolution: each output channel is its group's input channel of the same number.

    groups: How many groups the convolution has.
    ValueError: For another number of dimensions than three to five, and for output channels that groups
    does not divide.

    >>> tenon.nn.init.dirac_(tenon.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: the tensor has three to five dimensions; got shape {tensor.shape}")
    groups = operator.index(groups)
    if groups <= 0 or tensor.shape[0] % groups:
        raise ValueError(f"dirac_: groups must divide the {tensor.shape[0]} output channels; got {groups}")
    channels = tensor.shape[0] // groups
    centre = tuple(n // 2 for n in tensor.shape[2:])
    with no_grad():
        tensor.zero_()
        for out in range(tensor.shape[0]):
            if out % channels < tensor.shape[1]:
                tensor[(out, out % channels, *centre)] = 1.0
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input."""
    if tensor.ndim < 2:
        raise ValueError(
            "init: the number of a layer's inputs is that of a weight of two dimensions or more; got "
            f"{tensor.shape}"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _xavier(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2.0 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))


@_documented(_FILL)
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Evenly drawn, with a variance that suits forward and backward (Glorot and Bengio, 2010).

    ValueError: For fewer than two dimensions.

    >>> bool((tenon.nn.init.xavier_uniform_(tenon.empty(3, 3)).abs() <= 1).all())
    True
    """
    _constants("xavier_uniform_", gain=gain)
    return _uniform(tensor, math.sqrt(3.0) * _xavier(tensor, gain), generator)


@_documented(_FILL)
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, with a variance that suits forward and backward (Glorot and Bengio, 2010).

    ValueError: For fewer than two dimensions.

    >>> tenon.nn.init.xavier_normal_(tenon.empty(2, 3)).shape
    (2, 3)
    """
    _constants("xavier_normal_", gain=gain)
    return _normal(tensor, _xavier(tensor, gain), generator)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor), strict=True))
    if mode.lower() not in fans:
        raise ValueError(f"kaiming: mode is 'fan_in' or 'fan_out'; got {mode!r}")
    return calculate_gain(nonlinearity, a if nonlinearity == "leaky_relu" else None) / math.sqrt(
        max(fans[mode.lower()], 1)
    )


@_documented(_KAIMING, _FILL)
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Evenly drawn, with the variance that keeps that of the signal (He et al., 2015).

    >>> bool((tenon.nn.init.kaiming_uniform_(tenon.empty(3, 6)).abs() <= 1).all())
    True
    """
    _constants("kaiming_uniform_", a=a)
    return _uniform(tensor, math.sqrt(3.0) * _kaiming(tensor, a, mode, nonlinearity), generator)


@_documented(_KAIMING, _FILL)
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Normal, with the variance that keeps that of the signal (He et al., 2015).

    >>> tenon.nn.init.kaiming_normal_(tenon.empty(2, 3)).shape
    (2, 3)
    """
    _constants("kaiming_normal_", a=a)
    return _normal(tensor, _kaiming(tensor, a, mode, nonlinearity), generator)


@_documented(_FILL)
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A matrix with orthonormal rows, or columns where it has more rows (Saxe et al., 2013).

    All dimensions behind the first count as columns.

    ValueError: For fewer than two dimensions.

    >>> w = tenon.nn.init.orthogonal_(tenon.empty(2, 3))
    >>> tenon.allclose(w @ w.T, tenon.eye(2), atol=1e-6)
    True
    """
    _constants("orthogonal_", gain=gain)
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: the tensor has two dimensions or more; got shape {tensor.shape}")
    if tensor.numel() == 0:
        return tensor
    from tenon.linalg import svd

    rows = tensor.shape[0]
    dtype = tensor.dtype if tensor.dtype in (_C.float32, _C.float64) else _C.float32
    with no_grad():
        drawn = _C.empty(rows, tensor.numel() // rows, dtype=dtype).normal_(0.0, 1.0, generator=generator)
        u, _, vh = svd(drawn, full_matrices=False)
        # The orthogonal matrix that is next to an even cloud is evenly distributed, too.
        return tensor.copy_(((u @ vh) * gain).reshape(tensor.shape))


@_documented(_FILL)
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal numbers, and a part of each column that is 0 (Martens, 2010).

    sparsity: How much of each column is 0, from 0 to 1.
    ValueError: For another number of dimensions than two, and a sparsity outside [0, 1].

    >>> int((tenon.nn.init.sparse_(tenon.empty(10, 3), 0.4) == 0).sum())
    12
    """
    _constants("sparse_", sparsity=sparsity, std=std)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: the tensor has two dimensions; got shape {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity must be between 0 and 1; got {sparsity}")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0.0, std, generator=generator)
        for column in range(columns):
            tensor[_C.randperm(rows, generator=generator)[:zeros], column] = 0.0
    return tensor


_check_types(globals())
_guide(__name__)
