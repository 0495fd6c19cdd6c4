"""weight_norm, spectral_norm and orthogonal as parametrizations, which deep copies and pickles know."""

from __future__ import annotations

import functools

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.functional import normalize
from tenon.nn.module import Module
from tenon.nn.utils import parametrize
from tenon.nn.utils._norms import MOST_ITERATIONS, as_matrix, iterate_power, norm_except_dim
from tenon.nn.utils._orthogonal import orthogonal

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return v * (g / norm_except_dim(v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def _take_older_names(name: str, _: Module, state_dict: dict[str, Any], prefix: str, *__: Any) -> None:
    """A hook: what utils.weight_norm() has saved."""
    keys = f"{prefix}{name}_g", f"{prefix}{name}_v"
    if all(k in state_dict for k in keys):
        for i, key in enumerate(keys):
            state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)


@_documented()
def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A parameter as its norms times its directions, which are trained instead (Salimans and Kingma, 2016).

    State dicts of the older utils.weight_norm() are taken, too.

    module: The module that has the parameter.
    name: Its name.
    dim: The dimension whose entries have a norm each; None for one norm.
    Returns: The module itself.
    ValueError: For a name that is no parameter or buffer.

    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> [n for n, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    module.register_load_state_dict_pre_hook(functools.partial(_take_older_names, name))
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, steps: int, dim: int, eps: float) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"spectral_norm: dimension {dim} is out of range for {weight.ndim} dimensions")
        self.dim, self.eps, self.n_power_iterations = dim % weight.ndim, eps, steps
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            for key, n in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = _C.empty(n, dtype=weight.dtype, device=weight.device).normal_(0, 1)
                self.register_buffer(key, normalize(drawn, dim=0, eps=eps))
            iterate_power(matrix, self._u, self._v, 15, eps)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            iterate_power(matrix, self._u, self._v, self.n_power_iterations, self.eps)
        # The next reading writes to them before backward.
        return weight / _C.dot(self._u.clone(), _C.mv(matrix, self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


@_documented()
def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """A parameter divided by its largest singular value (Miyato et al., 2018).

    module: The module that has the parameter.
    name: Its name.
    n_power_iterations: Steps of the power method each time that it is read in training.
    eps: Norms below it count as it.
    dim: The dimension that is that of rows; None for 1 in transposed convolutions, else 0.
    Returns: The module itself.
    ValueError: For a name that is no parameter or buffer, and for n_power_iterations that are not from 1 to
    10000.
    IndexError: For a dimension that is not there.

    >>> layer = tenon.nn.utils.parametrizations.spectral_norm(tenon.nn.Linear(3, 2))
    >>> bool(layer.weight.norm() < 1.5)
    True
    """
    if not 0 < n_power_iterations <= MOST_ITERATIONS:
        raise ValueError(
            f"spectral_norm: n_power_iterations must be from 1 to {MOST_ITERATIONS}; got {n_power_iterations}"
        )
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"spectral_norm: {type(module).__name__} has no parameter or buffer {name!r}")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    return parametrize.register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )


_check_types(globals())
_guide(__name__)
