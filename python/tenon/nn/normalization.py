"""Normalization: mean 0 and variance 1 over some dimensions, then a weight and a bias."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "CrossMapLRN2d", "GroupNorm", "InstanceNorm1d",
    "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


class _Affine(Module):
    """What has a weight of ones and a bias of zeros at first, or neither."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_affine(self, shape: Any, weight: bool, bias: bool, factory: dict[str, Any]) -> None:
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            self.register_parameter(name, Parameter(_C.empty(shape, **factory)) if wanted else None)

    def reset_parameters(self) -> None:
        """Sets weight to ones and bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# ---- over the channels, with running statistics ----


class _Running(_Affine):
    """What counts channels, and may keep the mean and variance of each."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _ndims: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._make_affine(num_features, affine, bias, factory)
        if track_running_stats:
            self.register_buffer("running_mean", _C.zeros(num_features, **factory))
            self.register_buffer("running_var", _C.ones(num_features, **factory))
            self.register_buffer("num_batches_tracked", _C.tensor(0, dtype=_C.int64, device=device))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forgets what was learned: mean 0, variance 1."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Sets weight to ones and bias to zeros, and forgets what was learned."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input(self, input: Tensor) -> None:
        if input.ndim not in self._ndims:
            wanted = " or ".join(f"{n}-D" for n in self._ndims)
            raise ValueError(f"{type(self).__name__}: expected a {wanted} input; got shape {input.shape}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        learns = self.training and self.track_running_stats
        own = self.training or (self.running_mean is None and self.running_var is None)
        momentum = 0.0 if self.momentum is None else self.momentum
        count = self.num_batches_tracked if learns else None
        if count is not None and self.momentum is None:
            momentum = 1 / (int(count) + 1)  # the mean of all batches
        known = (self.running_mean, self.running_var) if learns or not own else (None, None)
        out: Tensor = F.batch_norm(input, *known, self.weight, self.bias, own, momentum, self.eps)
        if count is not None:
            count.add_(1)
        return out


class BatchNorm1d(_BatchNorm):
    """Each channel with mean 0 and variance 1 over the batch, times weight, plus bias.

    Training uses the statistics of the batch and learns them; eval() uses what was learned.

    Parameters:
        num_features: the number of channels, the second dimension.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces; None for the mean of all batches.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch's own statistics always.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C) or (N, C, L). ValueError, from forward, for another number of dimensions or of
    channels, and in training for one element in each channel.

    >>> layer = tenon.nn.BatchNorm1d(2)
    >>> layer(tenon.tensor([[1.0, 0.0], [3.0, 4.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<batch_norm>)
    >>> layer.running_mean
    tensor([0.2000, 0.2000])
    """

    _ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel with mean 0 and variance 1 over the batch and the places, times weight, plus bias.

    Training uses the statistics of the batch and learns them; eval() uses what was learned.

    Parameters:
        num_features: the number of channels, the second dimension.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces; None for the mean of all batches.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch's own statistics always.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, H, W). ValueError, from forward, for another number of dimensions or of channels,
    and in training for one element in each channel.

    >>> layer = tenon.nn.BatchNorm2d(3)
    >>> layer(tenon.rand(2, 3, 4, 4)).mean((0, 2, 3)).abs().max() < 1e-5
    tensor(True)
    """

    _ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel with mean 0 and variance 1 over the batch and the places, times weight, plus bias.

    Training uses the statistics of the batch and learns them; eval() uses what was learned.

    Parameters:
        num_features: the number of channels, the second dimension.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces; None for the mean of all batches.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch's own statistics always.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, D, H, W). ValueError, from forward, for another number of dimensions or of channels,
    and in training for one element in each channel.

    >>> tenon.nn.BatchNorm3d(2)(tenon.rand(1, 2, 2, 2, 2)).shape
    (1, 2, 2, 2, 2)
    """

    _ndims = (5,)


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        alone = input.ndim == min(self._ndims)  # without a batch
        channels = input.shape[0 if alone else 1]
        if channels != self.num_features and (self.affine or self.track_running_stats):
            raise ValueError(
                f"{type(self).__name__}: expected num_features={self.num_features} channels; got input "
                f"{input.shape}"
            )
        out: Tensor = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out.squeeze(0) if alone else out


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each instance with mean 0 and variance 1, times weight, plus bias.

    Parameters:
        num_features: the number of channels.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces.
        affine: whether there are weight and bias.
        track_running_stats: whether training learns statistics, which eval() then uses.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, L) or (C, L). ValueError, from forward, for another number of dimensions or of
    channels, and for one element in each channel.

    >>> tenon.nn.InstanceNorm1d(1)(tenon.tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]])
    """

    _ndims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each instance with mean 0 and variance 1, times weight, plus bias.

    Parameters:
        num_features: the number of channels.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces.
        affine: whether there are weight and bias.
        track_running_stats: whether training learns statistics, which eval() then uses.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, H, W) or (C, H, W). ValueError, from forward, for another number of dimensions or of
    channels, and for one element in each channel.

    >>> tenon.nn.InstanceNorm2d(3)(tenon.rand(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """

    _ndims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each instance with mean 0 and variance 1, times weight, plus bias.

    Parameters:
        num_features: the number of channels.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces.
        affine: whether there are weight and bias.
        track_running_stats: whether training learns statistics, which eval() then uses.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, D, H, W) or (C, D, H, W). ValueError, from forward, for another number of dimensions
    or of channels, and for one element in each channel.

    >>> tenon.nn.InstanceNorm3d(2)(tenon.rand(1, 2, 2, 2, 2)).shape
    (1, 2, 2, 2, 2)
    """

    _ndims = (4, 5)


# ---- without running statistics ----


def _sizes(normalized_shape: Any) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(_Affine):
    """The last dimensions with mean 0 and variance 1, times weight, plus bias.

    Parameters:
        normalized_shape: the sizes of the last dimensions; an int for one.
        eps: is added to the variance.
        elementwise_affine: whether there are weight and bias, of normalized_shape.
        bias: whether there is a bias, where elementwise_affine is True.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ValueError, from forward, for an input whose last dimensions have other sizes.

    >>> tenon.nn.LayerNorm(2, bias=False)(tenon.tensor([1.0, 3.0])).detach()
    tensor([-1.0000,  1.0000])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _sizes(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        factory = {"device": device, "dtype": dtype}
        self._make_affine(self.normalized_shape, elementwise_affine, bias, factory)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """The last dimensions divided by the root of the mean of their squares, times weight.

    Parameters:
        normalized_shape: the sizes of the last dimensions; an int for one.
        eps: is added to the mean of the squares; None for the distance from 1 to the dtype's next number.
        elementwise_affine: whether there is a weight, of normalized_shape.
        device: where the weight lies; None for the CPU.
        dtype: its dtype; None for the default float.

    ValueError, from forward, for an input whose last dimensions have other sizes.

    >>> tenon.nn.RMSNorm(2)(tenon.tensor([1.0, 7.0])).detach()
    tensor([0.2000, 1.4000])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _sizes(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(_C.empty(self.normalized_shape, device=device, dtype=dtype))
        self.register_parameter("weight", weight if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets weight to ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Each group of channels with mean 0 and variance 1, times weight, plus bias.

    Parameters:
        num_groups: the number of groups.
        num_channels: the number of channels, the second dimension.
        eps: is added to the variance.
        affine: whether there are weight and bias, a number for each channel.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    ValueError unless num_groups divides num_channels; from forward for another number of channels, and for
    groups of one element.

    >>> tenon.nn.GroupNorm(2, 4)(tenon.tensor([[1.0, 3.0, 5.0, 9.0]])).detach()
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups <= 0 or num_channels % num_groups != 0:
            raise ValueError(
                f"GroupNorm: num_groups must divide num_channels; got num_groups={num_groups} and "
                f"num_channels={num_channels}"
            )
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_affine(num_channels, affine, bias, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """input / (k + alpha * m)**beta, m the mean of input**2 over neighbouring channels.

    Parameters:
        size: the number of neighbouring channels.
        alpha: a factor of the mean.
        beta: the power.
        k: is added to the mean.

    ValueError, from forward, for an input of fewer than 3 dimensions.

    >>> tenon.nn.LocalResponseNorm(2, alpha=1.0, beta=1.0)(tenon.ones(1, 2, 1)).flatten()
    tensor([0.6667, 0.5000])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """LocalResponseNorm of pictures, under the name that it had in Torch.

    Parameters:
        size: the number of neighbouring channels.
        alpha: a factor of the mean.
        beta: the power.
        k: is added to the mean.

    ValueError, from forward, for an input of fewer than 3 dimensions.

    >>> tenon.nn.CrossMapLRN2d(2)(tenon.ones(1, 2, 1, 1)).shape
    (1, 2, 1, 1)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)
