"""Variable: what tensors with gradients were called in PyTorch before 0.4."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


class _VariableType(type):
    """All tensors are instances."""

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor)

    def __call__(cls, data: Any = None, requires_grad: bool = False) -> Any:
        if data is None:
            data = _C.empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Variable: data must be a tensor; got {type(data).__name__}; use tenon.tensor(data)"
            )
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_VariableType):
    """Variable(data, requires_grad=False): a leaf over a tensor's memory, for older scripts. Tensors suffice.

    data is a tensor; without it, the result is empty. TypeError for other data, RuntimeError for
    requires_grad of integers and bools.

    >>> x = tenon.autograd.Variable(tenon.ones(2), requires_grad=True)
    >>> x.is_leaf, isinstance(x, tenon.autograd.Variable)
    (True, True)
    """

    __module__ = "tenon.autograd"
