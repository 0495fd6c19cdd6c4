"""Batch normalization as a part of the layer before it, for models that only predict."""

from __future__ import annotations

import copy

from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

_STATISTICS = """
bn_rm, bn_rv: The running mean and variance, ``(out,)``.
bn_eps: What is added to the variance.
bn_w, bn_b: The weight and bias of the normalization; None for ones and zeros.
Returns: The new weight and bias: Parameters.
ValueError: For shapes that do not broadcast, and for a weight of too few dimensions.
"""


def _fused(
    op: str, weight: Tensor, bias: Any, mean: Tensor, var: Tensor, eps: float, bn_w: Any, bn_b: Any, axis: int
) -> tuple[Parameter, Parameter]:
    if weight.ndim <= axis:
        raise ValueError(
            f"{op}: the weight must have {axis + 1} dimensions or more; got shape {tuple(weight.shape)}"
        )
    scale = (var + eps).rsqrt()
    if bn_w is not None:
        scale = scale * bn_w
    shift = (-mean if bias is None else bias - mean) * scale
    if bn_b is not None:
        shift = shift + bn_b
    shape = [1] * weight.ndim
    shape[axis] = -1
    fused = (weight * scale.to(weight.dtype).reshape(shape)).detach()
    dtype = weight.dtype if bias is None else bias.dtype
    return (
        Parameter(fused, weight.requires_grad),
        Parameter(shift.detach().to(dtype), True if bias is None else bias.requires_grad),
    )


@_documented(_STATISTICS)
def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution that does what it and the batch normalization after it do.

    conv_w, conv_b: The weight and bias of the convolution; None for no bias.
    transpose: True for a transposed convolution, whose weight has the output channels second.

    >>> one = tenon.ones(2)
    >>> w, b = tenon.nn.utils.fuse_conv_bn_weights(tenon.ones(2, 1, 3), None, one, one, 0.0, None, None)
    >>> b
    Parameter containing:
    tensor([-1., -1.], requires_grad=True)
    """
    return _fused(
        "fuse_conv_bn_weights", conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0
    )


@_documented(_STATISTICS)
def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer that does what it and the batch normalization after it do.

    linear_w, linear_b: The weight and bias of the layer; None for no bias.

    >>> one = tenon.ones(2)
    >>> w, b = tenon.nn.utils.fuse_linear_bn_weights(tenon.ones(2, 3), one, one, one, 0.0, one, one)
    >>> b
    Parameter containing:
    tensor([1., 1.])
    """
    return _fused("fuse_linear_bn_weights", linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _fuse(op: str, layer: Any, bn: Any, axis: int) -> Any:
    if layer.training or bn.training:
        raise ValueError(f"{op}: both modules must be in eval mode; call eval()")
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError(
            f"{op}: the normalization has no running statistics; it needs track_running_stats=True"
        )
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = _fused(
        op, fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, axis
    )
    return fused


_MODULES = """
bn: The batch normalization after it; both are in eval mode.
Returns: A new module; the old ones stay.
ValueError: For modules in training mode, for a normalization without running statistics and for sizes that
differ.
TypeError: For what is no module.
"""


@_documented(_MODULES)
def fuse_conv_bn_eval(conv: Module, bn: Module, transpose: bool = False) -> Module:
    """A convolution that does what it and the batch normalization after it do.

    conv: The convolution.
    transpose: True for a transposed convolution.

    >>> conv, bn = tenon.nn.Conv2d(1, 2, 3).eval(), tenon.nn.BatchNorm2d(2).eval()
    >>> fused, x = tenon.nn.utils.fuse_conv_bn_eval(conv, bn), tenon.ones(1, 1, 4, 4)
    >>> tenon.allclose(fused(x), bn(conv(x)), atol=1e-6)
    True
    """
    return _fuse("fuse_conv_bn_eval", conv, bn, 1 if transpose else 0)


@_documented(_MODULES)
def fuse_linear_bn_eval(linear: Module, bn: Module) -> Module:
    """A linear layer that does what it and the batch normalization after it do.

    linear: The linear layer.

    >>> linear, bn = tenon.nn.Linear(3, 2).eval(), tenon.nn.BatchNorm1d(2).eval()
    >>> fused, x = tenon.nn.utils.fuse_linear_bn_eval(linear, bn), tenon.ones(1, 3)
    >>> tenon.allclose(fused(x), bn(linear(x)), atol=1e-6)
    True
    """
    got, wanted = getattr(bn, "num_features", None), getattr(linear, "out_features", None)
    if got != wanted and got != 1:
        raise ValueError(
            f"fuse_linear_bn_eval: the normalization has {got} features, the layer gives {wanted}"
        )
    return _fuse("fuse_linear_bn_eval", linear, bn, 0)
