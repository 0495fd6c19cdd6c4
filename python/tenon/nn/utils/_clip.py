"""Gradients that are too large."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import no_grad
from tenon.nn.functional._common import constants, tensors_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

_CLIP = """
parameters: Parameters, or one; those without a gradient are left out.
tensors: Tensors, or one.
max_norm: The largest norm that is let through.
norm_type: The order of the norm; inf for the largest absolute value.
error_if_nonfinite: True raises RuntimeError for a norm that is NaN or infinite, before a gradient is changed.
foreach: Taken for PyTorch's sake: all gradients are one call in any case.
RuntimeError: With error_if_nonfinite=True for a norm that is NaN or infinite.
TypeError: For what are no tensors.
ValueError: For a max_norm that is negative.
"""


def _grads(op: str, parameters: Any) -> list[Tensor]:
    return [p.grad for p in tensors_of(op, parameters) if p.grad is not None]


def _norm(op: str, tensors: list[Tensor], norm_type: float, error_if_nonfinite: bool) -> Tensor:
    constants(op, norm_type=norm_type)
    total = _C._total_norm(tensors, norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"{op}: the norm of order {norm_type:g} of all gradients is {float(total)}; no gradient was "
            "changed. Without "
            "error_if_nonfinite they are scaled by it all the same"
        )
    return total


@_documented(_CLIP)
def get_total_norm(
    tensors: Iterable[Tensor] | Tensor,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors' elements together.

    Returns: A new tensor of no dimensions.
    ValueError: For an error_if_nonfinite of no single truth, such as a tensor of several elements.

    >>> tenon.nn.utils.get_total_norm([tenon.tensor([3.0]), tenon.tensor([4.0])])
    tensor(5.)
    """
    return _norm("get_total_norm", tensors_of("get_total_norm", tensors), norm_type, error_if_nonfinite)


@_documented(_CLIP)
def clip_grads_with_norm_(
    parameters: Iterable[Tensor] | Tensor, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scales the gradients of parameters by max_norm / total_norm, in place, where that is below 1.

    total_norm: Their norm, as get_total_norm() finds it.
    Returns: None.
    RuntimeError:

    >>> p = tenon.nn.Parameter(tenon.zeros(1))
    >>> p.grad = tenon.tensor([4.0])
    >>> tenon.nn.utils.clip_grads_with_norm_(p, 1.0, p.grad.norm())
    >>> p.grad
    tensor([1.0000])
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grads_with_norm_: max_norm must not be negative; got {max_norm}")
    grads = _grads("clip_grads_with_norm_", parameters)
    if grads:
        _C._scale_to_norm(grads, float(max_norm), total_norm)


@_documented(_CLIP)
def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scales the gradients of parameters, in place, so that their norm together is at most max_norm.

    Returns: The norm before, a new tensor of no dimensions.

    >>> p = tenon.nn.Parameter(tenon.zeros(2))
    >>> p.grad = tenon.tensor([3.0, 4.0])
    >>> tenon.nn.utils.clip_grad_norm_(p, 1.0)
    tensor(5.)
    >>> p.grad
    tensor([0.6000, 0.8000])
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must not be negative; got {max_norm}")
    grads = _grads("clip_grad_norm_", parameters)
    total = _norm("clip_grad_norm_", grads, norm_type, error_if_nonfinite)
    if grads:
        _C._scale_to_norm(grads, float(max_norm), total)
    return total


clip_grad_norm = clip_grad_norm_


@_documented(_CLIP)
def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Limits the gradients of parameters to [-clip_value, clip_value], in place.

    clip_value: The largest absolute value that is let through.
    Returns: None.
    ValueError: For a clip_value that is negative.
    RuntimeError:

    >>> p = tenon.nn.Parameter(tenon.zeros(2))
    >>> p.grad = tenon.tensor([0.5, -4.0])
    >>> tenon.nn.utils.clip_grad_value_(p, 1.0)
    >>> p.grad
    tensor([ 0.5000, -1.0000])
    """
    bound = float(clip_value)
    if not bound >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must not be negative; got {clip_value}")
    with no_grad():
        for g in _grads("clip_grad_value_", parameters):
            g.detach().clip_(-bound, bound)
