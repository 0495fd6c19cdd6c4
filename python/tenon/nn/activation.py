"""Activation functions as modules."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softplus",
    "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _InPlace(Module):
    """An activation that may overwrite its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def _text(self, arguments: str = "") -> str:
        """arguments, and inplace where it is True."""
        return ", ".join(filter(None, [arguments, "inplace=True" if self.inplace else ""]))

    def extra_repr(self) -> str:
        return self._text()


class Threshold(_InPlace):
    """input where it is greater than threshold, value elsewhere.

    Parameters:
        threshold: the bound.
        value: what stands in place of elements up to it.
        inplace: True overwrites the input.

    >>> tenon.nn.Threshold(1.0, -1.0)(tenon.tensor([0.5, 1.5]))
    tensor([-1.0000,  1.5000])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return self._text(f"threshold={self.threshold}, value={self.value}")


class ReLU(_InPlace):
    """input where it is positive, 0 elsewhere.

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.ReLU()(tenon.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class RReLU(_InPlace):
    """LeakyReLU with slopes that are drawn evenly from [lower, upper] in training, else with their mean.

    Parameters:
        lower: the smallest slope.
        upper: the largest slope.
        inplace: True overwrites the input.

    >>> tenon.nn.RReLU(0.25, 0.75).eval()(tenon.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return self._text(f"lower={self.lower}, upper={self.upper}")


class Hardtanh(_InPlace):
    """input limited to [min_val, max_val].

    Parameters:
        min_val: the lower bound.
        max_val: the upper bound.
        inplace: True overwrites the input.

    ValueError for bounds that are not in order.

    >>> tenon.nn.Hardtanh()(tenon.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val must be below max_val; got {min_val} and {max_val}")
        self.min_val, self.max_val = min_val, max_val

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return self._text(f"min_val={self.min_val}, max_val={self.max_val}")


class ReLU6(Hardtanh):
    """input limited to [0, 6].

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.ReLU6()(tenon.tensor([-1.0, 2.0, 9.0]))
    tensor([0., 2., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return self._text()


class Sigmoid(Module):
    """1 / (1 + exp(-input)).

    >>> tenon.nn.Sigmoid()(tenon.tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.sigmoid(input)


class Hardsigmoid(_InPlace):
    """input / 6 + 1/2 limited to [0, 1].

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.Hardsigmoid()(tenon.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # as PyTorch's


class Tanh(Module):
    """The hyperbolic tangent.

    >>> tenon.nn.Tanh()(tenon.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.tanh(input)


class SiLU(_InPlace):
    """input * sigmoid(input).

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.SiLU()(tenon.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """input * tanh(softplus(input)).

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.Mish()(tenon.tensor([0.0, 2.0]))
    tensor([0.0000, 1.9440])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Hardswish(_InPlace):
    """input * hardsigmoid(input).

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.Hardswish()(tenon.tensor([3.0]))
    tensor([3.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # as PyTorch's


class ELU(_InPlace):
    """input where it is positive, alpha * (exp(input) - 1) elsewhere.

    Parameters:
        alpha: the limit far below 0, negated.
        inplace: True overwrites the input.

    >>> tenon.nn.ELU()(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return self._text(f"alpha={self.alpha}")


class CELU(ELU):
    """input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere.

    Parameters:
        alpha: the limit far below 0, negated.
        inplace: True overwrites the input.

    >>> tenon.nn.CELU()(tenon.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(_InPlace):
    """The scaled ELU of Klambauer et al. (2017), which keeps mean 0 and variance 1 through layers.

    Parameters:
        inplace: True overwrites the input.

    >>> tenon.nn.SELU()(tenon.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class GLU(Module):
    """The first half of the input, along dim, times the sigmoid of the second half.

    Parameters:
        dim: the dimension that is halved.

    >>> tenon.nn.GLU()(tenon.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GELU(Module):
    """input times the probability that a normal variable is below it (Hendrycks and Gimpel, 2016).

    Parameters:
        approximate: 'none', or 'tanh' for the faster formula.

    >>> tenon.nn.GELU()(tenon.tensor([0.0, 2.0]))
    tensor([0.0000, 1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is 'none' or 'tanh'; got {approximate!r}")
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return _C.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Hardshrink(Module):
    """input where |input| > lambd, 0 elsewhere.

    Parameters:
        lambd: the bound.

    >>> tenon.nn.Hardshrink()(tenon.tensor([-1.0, 0.25]))
    tensor([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return _C.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """input pulled towards 0 by lambd, and 0 where |input| <= lambd.

    Parameters:
        lambd: the bound.

    >>> tenon.nn.Softshrink()(tenon.tensor([-1.0, 0.25]))
    tensor([-0.5000,  0.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.softshrink(input, self.lambd)


class LeakyReLU(_InPlace):
    """input where it is positive, negative_slope * input elsewhere.

    Parameters:
        negative_slope: the slope below 0.
        inplace: True overwrites the input.

    >>> tenon.nn.LeakyReLU(0.1)(tenon.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return self._text(f"negative_slope={self.negative_slope}")


class LogSigmoid(Module):
    """The logarithm of the sigmoid, without its loss of digits.

    >>> tenon.nn.LogSigmoid()(tenon.tensor([0.0]))
    tensor([-0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.log_sigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta * input)) / beta, and input itself where beta * input is above threshold.

    Parameters:
        beta: how sharp the bend is.
        threshold: where it becomes linear.

    >>> tenon.nn.Softplus()(tenon.tensor([0.0]))
    tensor([0.6931])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return _C.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """LeakyReLU whose slopes are learned: ``weight``, of shape (num_parameters,).

    Parameters:
        num_parameters: 1, or the number of channels, the size of dimension 1.
        init: the slopes at first.
        device: where they lie; None for the CPU.
        dtype: their dtype; None for the default float.

    >>> tenon.nn.PReLU()(tenon.tensor([-1.0, 2.0])).detach()
    tensor([-0.2500,  2.0000])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(
            _C.full((num_parameters,), init, device=device, dtype=dtype or _C.get_default_dtype())
        )

    def reset_parameters(self) -> None:
        """Sets all slopes to init."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softsign(Module):
    """input / (1 + |input|).

    >>> tenon.nn.Softsign()(tenon.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.softsign(input)


class Tanhshrink(Module):
    """input - tanh(input).

    >>> tenon.nn.Tanhshrink()(tenon.tensor([1.0]))
    tensor([0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        return _C.tanhshrink(input)
