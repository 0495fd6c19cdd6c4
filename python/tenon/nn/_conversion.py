"""Moving a module: to another dtype, to a device, to memory that processes share."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

    from tenon.nn.module import Module


#: The number of dimensions that a memory format is for, where it is for one.
_DIMS_OF_FORMAT = {"channels_last": 4, "channels_last_3d": 5}


def _device_or_dtype(x: Any) -> tuple[Any, Any]:
    """What one argument of to() says: (device, dtype)."""
    if isinstance(x, Tensor):
        return x.device, x.dtype
    if x is None or isinstance(x, _C.device):
        return x, None
    if isinstance(x, int) and not isinstance(x, bool):
        return _C.device("cuda", x), None
    if isinstance(x, str):
        try:
            return _C.device(x), None
        except (RuntimeError, ValueError):
            pass
    return None, _C.dtype(x)


def _parse_to(
    args: tuple[Any, ...], device: Any, dtype: Any, non_blocking: bool, tensor: Any
) -> tuple[Any, Any, bool]:
    positional = list(args)
    if positional and isinstance(positional[-1], bool):
        non_blocking = positional.pop()
    for x in [*positional, *([] if tensor is None else [tensor])]:
        d, t = _device_or_dtype(x)
        device, dtype = device if d is None else d, dtype if t is None else t
    dtype = None if dtype is None else _C.dtype(dtype)
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(
            f"Module.to: only floating or complex dtypes; got {dtype.name}, which Module.type() converts to"
        )
    return None if device is None else _C.device(device), dtype, non_blocking


class Conversion:
    """The part of Module that moves and converts parameters and buffers. All of it is in place."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]

    if TYPE_CHECKING:

        def children(self) -> Iterator[Module]: ...

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Puts fn of parameters, gradients and buffers in their place; parameters stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for p in self._parameters.values():
            if p is None:
                continue
            with no_grad():
                moved = fn(p)
                grad = None if p.grad is None else fn(p.grad)
            if moved is not p:
                p.data = moved
                p.grad = grad
        for name, b in self._buffers.items():
            if b is not None:
                moved = fn(b)
                # A Buffer stays one: its persistence is its own.
                self._buffers[name] = moved if type(moved) is type(b) else _like(b, moved)
        return self

    def to(
        self,
        *args: Any,
        device: Any = None,
        dtype: Any = None,
        non_blocking: bool = False,
        tensor: Any = None,
        memory_format: Any = None,
    ) -> Self:
        """Moves parameters and buffers to a device, and converts the floating ones to a dtype.

        ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``, for the device and dtype
        of a tensor.
        non_blocking: returns before page-locked bytes have arrived. memory_format:
        ``tenon.channels_last`` for the parameters and buffers of 4 dimensions, or ``channels_last_3d`` for
        those of 5, to lie so in memory; the values are the same.

        Returns the module. TypeError for integer dtypes, RuntimeError for a device that is not there.
        """
        device, dtype, non_blocking = _parse_to(args, device, dtype, non_blocking, tensor)

        dims = _DIMS_OF_FORMAT.get(memory_format)

        def move(t: Tensor) -> Tensor:
            wanted = dtype if dtype is not None and (t.is_floating_point() or t.is_complex()) else t.dtype
            order = memory_format if dims is None or t.dim() == dims else None
            there = t.device if device is None else device
            return t.to(there, wanted, non_blocking=non_blocking, memory_format=order)

        return self._apply(move)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Moves parameters and buffers to a device without their values, which are unset then."""
        return self._apply(lambda t: _C.empty_like(t, device=device), recurse)

    def cuda(self, device: Any = None) -> Self:
        """Moves parameters and buffers to a CUDA device, the current one if none is named."""
        return self._apply(lambda t: t.cuda() if device is None else t.to(_device_or_dtype(device)[0]))

    def cpu(self) -> Self:
        """Moves parameters and buffers to the CPU."""
        return self._apply(lambda t: t.cpu())

    def type(self, dst_type: Any) -> Self:
        """Converts all parameters and buffers to a dtype, those of integers too."""
        return self._apply(lambda t: t.to(_C.dtype(dst_type)))

    def _floating(self, dtype: Any) -> Self:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self) -> Self:
        """Converts floating parameters and buffers to float32."""
        return self._floating(_C.float32)

    def double(self) -> Self:
        """Converts floating parameters and buffers to float64."""
        return self._floating(_C.float64)

    def half(self) -> Self:
        """Converts floating parameters and buffers to float16."""
        return self._floating(_C.float16)

    def bfloat16(self) -> Self:
        """Converts floating parameters and buffers to bfloat16."""
        return self._floating(_C.bfloat16)

    def share_memory(self) -> Self:
        """Moves parameters and buffers to memory that other processes can map.

        RuntimeError for one over an array's memory, BufferError where a view of it is outside tenon.
        """
        return self._apply(lambda t: t.share_memory_())


def _like(old: Tensor, moved: Tensor) -> Tensor:
    """moved as the subclass that old is, with its attributes."""
    if type(old) is Tensor:
        return moved
    made = Tensor._make_subclass(type(old), moved, moved.requires_grad)
    vars(made).update(vars(old))
    return made
