"""The base of distributions that have natural parameters and a log-normalizer."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import enable_grad
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A base for exponential families: the entropy follows from the log-normalizer and its gradient.

    A subclass has the properties ``_natural_params``, a tuple of tensors of batch_shape (and more
    dimensions), and ``_mean_carrier_measure``, a number, and the method ``_log_normalizer(*natural_params)``.
    tenon's own families have formulas of their own and are no subclasses.

    >>> class Rate(tenon.distributions.ExponentialFamily):
    ...     _mean_carrier_measure = 0
    ...     def __init__(self, rate):
    ...         self.rate = tenon.tensor(rate)
    ...         super().__init__()
    ...     @property
    ...     def _natural_params(self):
    ...         return (-self.rate,)
    ...     def _log_normalizer(self, x):
    ...         return -(-x).log()
    >>> Rate(2.0).entropy().item() == tenon.distributions.Exponential(2.0).entropy().item()
    True
    """

    _mean_carrier_measure: Any

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError(f"{type(self).__name__}: _natural_params is not defined")

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: _log_normalizer() is not defined")

    def entropy(self) -> Tensor:
        with enable_grad():
            params = [p.detach().requires_grad_() for p in self._natural_params]
            normalizer = self._log_normalizer(*params)
            grads = _C._grad([normalizer.sum()], params, [None], True, True, False)
            result = normalizer - self._mean_carrier_measure
            for p, g in zip(params, grads, strict=True):
                assert g is not None
                result = result - (p * g).reshape((*self._batch_shape, -1)).sum(-1)
        return result
