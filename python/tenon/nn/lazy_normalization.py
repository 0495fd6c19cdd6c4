"""Normalizations whose channels the first call counts."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn.lazy import LazyModuleMixin
from tenon.nn.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    _Running,
)  # fmt: skip
from tenon.nn.parameter import UninitializedBuffer, UninitializedParameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]  # fmt: skip


_DOC = """{name} whose num_features the first call finds; then it is a {name}.

Parameters:
    eps: is added to the variance.
    momentum: how much of the running statistics a batch replaces{momentum}.
    affine: whether there are weight and bias.
    track_running_stats: whether training learns statistics, which eval() then uses.
    device: where the parameters lie; None for the CPU.
    dtype: their dtype; None for the default float.
    bias: whether there is a bias, where affine is True.

RuntimeError for what needs the shape of a parameter before the first call.

>>> layer = tenon.nn.Lazy{name}()
>>> layer(tenon.rand{shape}).shape
{shape}
>>> type(layer).__name__, layer.num_features
('{name}', 3)
"""


class _Lazy(LazyModuleMixin, _Running):
    def __init_subclass__(cls) -> None:
        became = cls.cls_to_become
        if became is None or cls.__doc__ is not None:
            return
        shape = (4, 3, *(2,) * (max(cls._ndims) - 2))
        averages = "; None for the mean of all batches" if became.__name__.startswith("Batch") else ""
        cls.__doc__ = _DOC.format(name=became.__name__, momentum=averages, shape=shape)

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype)
        factory = {"device": device, "dtype": dtype}
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(**factory)
            if bias:
                self.bias = UninitializedParameter(**factory)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**factory)
            self.running_var = UninitializedBuffer(**factory)
            self.num_batches_tracked = _C.tensor(0, dtype=_C.int64, device=device)

    def reset_parameters(self) -> None:
        """Sets weight to ones and bias to zeros, and forgets what was learned, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Gives weight, bias and the running statistics their shapes."""
        self._check_input(input)
        self.num_features = input.shape[1]
        for t in (self.weight, self.bias, self.running_mean, self.running_var):
            if isinstance(t, UninitializedParameter | UninitializedBuffer):
                t.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_Lazy, BatchNorm1d):
    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_Lazy, BatchNorm2d):
    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_Lazy, BatchNorm3d):
    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_Lazy, InstanceNorm1d):
    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_Lazy, InstanceNorm2d):
    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_Lazy, InstanceNorm3d):
    cls_to_become = InstanceNorm3d
