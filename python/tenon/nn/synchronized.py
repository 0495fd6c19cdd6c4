"""SyncBatchNorm, as it is in a single process."""

from __future__ import annotations

from tenon.nn.normalization import _BatchNorm

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon._C import Tensor
    from tenon.nn.module import Module

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
    """Batch normalization of any number of dimensions, for scripts that were written for many processes.

    tenon has no process groups: this is what PyTorch's does in one process, a BatchNorm1d, 2d or 3d. Several
    processes do not share statistics: use nn.GroupNorm or nn.LayerNorm there.

    Parameters:
        num_features: the number of channels, the second dimension.
        eps: is added to the variance.
        momentum: how much of the running statistics a batch replaces; None for the mean of all batches.
        affine: whether there are weight and bias.
        track_running_stats: False uses the batch's own statistics always.
        process_group: None; ValueError for another.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        bias: whether there is a bias, where affine is True.

    The input is (N, C, ...). ValueError, from forward, for one of fewer than 2 dimensions, of no channels or
    of another number of them, and in training for one element in each channel.

    >>> layer = tenon.nn.SyncBatchNorm(2)
    >>> layer(tenon.tensor([[1.0, 0.0], [3.0, 4.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<batch_norm>)
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if process_group is not None:
            raise ValueError(
                "SyncBatchNorm: there are no process groups, process_group must be None; "
                f"got {process_group!r}"
            )
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = None

    def _check_input(self, input: Tensor) -> None:
        if input.ndim < 2 or input.shape[1] == 0:
            raise ValueError(
                f"SyncBatchNorm: the input must be (N, C, ...) with a channel; got shape {tuple(input.shape)}"
            )

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with each BatchNorm in it replaced by one of these, over the same parameters.

        module: a model, whose inner modules are replaced in place; a BatchNorm itself is returned anew.
        process_group: None.
        """
        new = module
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            new = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats,
                process_group,
            )  # fmt: skip
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(new, name, getattr(module, name))
            new.training = module.training
        for name, child in list(module.named_children()):
            new.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return new
