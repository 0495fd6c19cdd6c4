"""Parameters and buffers: tensors that a module finds by itself when they are set as its attributes."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn, Self

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


class Parameter(Tensor):
    """A tensor that a module counts among its parameters once it is set as an attribute.

    It stands over the memory of what it is made of, without a copy: what an optimizer writes shows in the
    array. Results of operations on it are plain tensors.

    Parameters:
        data: a tensor or an array; None for an empty tensor.
        requires_grad: whether gradients are collected; True also under no_grad().

    RuntimeError for integers and bools with requires_grad=True; TypeError for what is no array.

    >>> weights = np.ones(3, dtype=np.float32)
    >>> p = tenon.nn.Parameter(tenon.from_numpy(weights))
    >>> p
    Parameter containing:
    tensor([1., 1., 1.], requires_grad=True)
    >>> weights[0] = 5
    >>> p.detach()
    tensor([5., 1., 1.])
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Self:
        return Tensor._make_subclass(cls, _C.empty(0) if data is None else data, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a module counts among its buffers once it is set as an attribute.

    A buffer is state that is not trained, such as a running mean. It moves with the module, and state_dict()
    has it where it is persistent.

    Parameters:
        data: a tensor or an array, whose memory it stands over; None for an empty tensor.
        persistent: whether state_dict() has it.

    TypeError for what is no array.

    >>> net = tenon.nn.Module()
    >>> net.steps = tenon.nn.Buffer(tenon.zeros(1))
    >>> list(net.state_dict())
    ['steps']
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Self:
        source = _C.empty(0) if data is None else data
        self = Tensor._make_subclass(cls, source, getattr(source, "requires_grad", False))
        self.persistent = persistent
        return self


# What may be asked of a tensor whose shape is not known yet: where it will lie, and to move it there.
_ALLOWED = """
data device dtype requires_grad requires_grad_ is_leaf grad is_cpu is_cuda get_device is_complex
is_floating_point half float double bfloat16 char short int long cuda cpu to detach materialize cls_to_become
persistent register_hook register_post_accumulate_grad_hook readonly
"""
_ALLOWED_NAMES = frozenset(_ALLOWED.split())
_OPERATORS = "add sub mul truediv matmul pow radd rsub rmul rtruediv rmatmul rpow neg getitem len iter"


class _Uninitialized:
    """What parameters and buffers without a shape have in common."""

    cls_to_become: type[Tensor]

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Gives it a shape and memory, whose elements are unset, and makes it an ordinary one."""
        this: Any = self
        this.data = _C.empty(
            tuple(shape),
            dtype=this.dtype if dtype is None else dtype,
            device=this.device if device is None else device,
        )
        this.__class__ = self.cls_to_become

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _ALLOWED_NAMES:
            return super().__getattribute__(name)
        return self._refuse(name)

    def _refuse(self, name: str, *_: Any) -> NoReturn:
        raise RuntimeError(
            f"{type(self).__name__}: '{name}' needs a shape, which the first forward() of the lazy module "
            "finds; "
            "call the module with a batch before"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _refuse_operator(name: str) -> Any:
    def operator(self: _Uninitialized, *_: Any) -> NoReturn:
        self._refuse(name)

    return operator


for _name in _OPERATORS.split():
    setattr(_Uninitialized, f"__{_name}__", _refuse_operator(f"__{_name}__"))


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first forward() of a lazy module finds.

    Until then it can only be moved and converted: everything else is RuntimeError. Parameters of a module
    that optimizers know already stay the same objects.

    Parameters:
        requires_grad: whether gradients are collected.
        device: where it will lie; None for the CPU.
        dtype: its dtype; None for the default float.

    RuntimeError for integers with requires_grad=True.

    >>> p = tenon.nn.parameter.UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> type(p).__name__, p.shape
    ('Parameter', (2, 3))
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        return Tensor._make_subclass(cls, _C.empty(0, device=device, dtype=dtype), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self)(self.requires_grad, self.device, self.dtype)
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, str(self.device), self.dtype)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape the first forward() of a lazy module finds.

    Parameters:
        requires_grad: whether gradients are collected.
        device: where it will lie; None for the CPU.
        dtype: its dtype; None for the default float.
        persistent: whether state_dict() has it.

    RuntimeError for what needs a shape, until materialize() gives it one.

    >>> b = tenon.nn.parameter.UninitializedBuffer()
    >>> b.materialize((2,))
    >>> b.shape
    (2,)
    """

    cls_to_become = Buffer
    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Self:
        self = Tensor._make_subclass(cls, _C.empty(0, device=device, dtype=dtype), requires_grad)
        self.persistent = persistent
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self)(self.requires_grad, self.device, self.dtype, self.persistent)
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, str(self.device), self.dtype, self.persistent)


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no shape yet.

    Parameters
    ----------
    param : Any
        What is asked about.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.nn.parameter.is_lazy(tenon.nn.LazyLinear(3).weight)
    True
    """
    return isinstance(param, _Uninitialized)


del _name
_guide(__name__)
