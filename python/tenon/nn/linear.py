"""Linear layers."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.lazy import LazyModuleMixin
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter, UninitializedParameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Returns its input: a place that another module may take.

    Parameters:
        args, kwargs: anything; they are not used.

    >>> tenon.nn.Identity(54, unused=True)(tenon.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """input @ weight.T + bias.

    Parameters:
        in_features: the size of the input's last dimension.
        out_features: the size of the output's.
        bias: whether there is a bias.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ``weight`` has shape (out_features, in_features), ``bias`` (out_features,); both are drawn evenly from
    +-1 / sqrt(in_features). ValueError, from forward, for another size of the last dimension.

    >>> layer = tenon.nn.Linear(3, 2)
    >>> layer(tenon.ones(5, 3)).shape
    (5, 2)
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(_C.empty(out_features, in_features, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(_C.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class LazyLinear(LazyModuleMixin, Linear):
    """Linear whose in_features the first call finds; then it is a Linear.

    Parameters:
        out_features: the size of the output's last dimension.
        bias: whether there is a bias.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    RuntimeError for what needs the shape of a parameter before the first call.

    >>> layer = tenon.nn.LazyLinear(2)
    >>> layer(tenon.ones(5, 3)).shape
    (5, 2)
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, bias=False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draws weight and bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Gives weight and bias their shapes."""
        if isinstance(self.weight, UninitializedParameter):
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_features,))
            super().reset_parameters()
        self.in_features = self.weight.shape[-1]  # it may have been loaded


class Bilinear(Module):
    """input1 @ weight[k] @ input2 + bias[k] for each output k.

    Parameters:
        in1_features: the size of the first input's last dimension.
        in2_features: the size of the second one's.
        out_features: the size of the output's.
        bias: whether there is a bias.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ``weight`` has shape (out_features, in1_features, in2_features), ``bias`` (out_features,); both are drawn
    evenly from +-1 / sqrt(in1_features). ValueError for sizes that are not positive, from forward for shapes
    that do not fit.

    >>> tenon.nn.Bilinear(3, 4, 2)(tenon.ones(5, 3), tenon.ones(5, 4)).shape
    (5, 2)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"Bilinear: in1_features must be positive; got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(
            _C.empty(out_features, in1_features, in2_features, device=device, dtype=dtype)
        )
        if bias:
            self.bias = Parameter(_C.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
