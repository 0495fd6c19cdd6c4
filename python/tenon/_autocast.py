"""autocast: within a region, products are computed in float16 or bfloat16 and losses in float32."""

from __future__ import annotations

import functools
import warnings

from tenon import _C
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from tenon._C import dtype as _dtype

    Function = Callable[..., Any]
    _F = TypeVar("_F", bound=Function)

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_DEFAULTS = {"cpu": _C.bfloat16, "cuda": _C.float16}

# What the documentation of these functions has in common. None of them says of a type that it is another.
_DEVICE = """
device_type: "cpu" or "cuda".
RuntimeError: For another device.
ValueError: For what is no string.
TypeError:
"""


@documented()
def is_autocast_available(device_type: str) -> bool:
    """Whether autocast knows a device: "cpu" and "cuda".

    device_type: The device without an index.
    TypeError:

    >>> tenon.amp.is_autocast_available("cpu")
    True
    """
    return isinstance(device_type, str) and device_type in _DEFAULTS


@documented(_DEVICE)
def get_autocast_dtype(device_type: str) -> _dtype:
    """The dtype that autocast casts to on a device; outside of a region, the one that it would.

    >>> tenon.get_autocast_dtype("cpu").name
    'bfloat16'
    """
    return _C._autocast_dtype(_known(device_type)) or _DEFAULTS[device_type]


@documented(_DEVICE)
def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether this thread is in a region of autocast for a device.

    >>> with tenon.autocast("cpu"):
    ...     tenon.is_autocast_enabled("cpu")
    True
    """
    return _C._autocast_dtype(_known(device_type)) is not None


def _known(device_type: str) -> str:
    if not isinstance(device_type, str):
        raise ValueError(f"autocast: device_type must be a string; got {type(device_type).__name__}")
    if device_type not in _DEFAULTS:
        raise RuntimeError(f"autocast: device_type must be 'cpu' or 'cuda'; got {device_type!r}")
    return device_type


class autocast:
    """Within the block, operations choose the dtype that they compute in: ``with autocast("cpu"):``.

    Products (linear, matmul, convolutions, attention, recurrent layers, prelu) cast float32 to ``dtype``
    first; losses, prod, quantile, trace, decompositions, grid_sample and adaptive and average pools over
    volumes cast half precision to float32. Everything else computes in the dtypes that it gets. These are
    PyTorch's lists for the CPU, on every device. float64 stays, and so do in-place operations, ``out=`` and
    functions of tenon.numpy. Gradients arrive in the parameters' dtype. Call backward() outside of the block.

    On a CPU this saves memory for activations and takes longer: a product of bfloat16 is converted to float32
    on the way. It is for scripts and checkpoints that are to behave as on a device.

    Parameters:
        device_type: "cpu" or "cuda": on which tensors it acts.
        dtype: float16 or bfloat16; None for bfloat16 on the CPU, float16 on a device. Others are a warning,
            and the block changes nothing, as in PyTorch.
        enabled: False turns it off within the block.
        cache_enabled: taken as PyTorch's; a weight that is used twice is cast twice.

    Regions nest, and are each thread's own. It is a decorator, too.

    RuntimeError for another device, ValueError for a device_type that is no string.

    Example:
        >>> layer = tenon.nn.Linear(2, 3)
        >>> with tenon.autocast("cpu", dtype=tenon.bfloat16):
        ...     y = layer(tenon.ones(1, 2))
        ...     loss = tenon.nn.functional.mse_loss(y, tenon.zeros(1, 3))
        >>> y.dtype.name, loss.dtype.name
        ('bfloat16', 'float32')
        >>> loss.backward()
        >>> layer.weight.grad.dtype.name
        'float32'
    """

    def __init__(
        self,
        device_type: str,
        dtype: _dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self.device = _known(device_type)
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._enabled = bool(enabled)
        self._cache_enabled = True if cache_enabled is None else bool(cache_enabled)
        self._before: list[_dtype | None] = []
        if self._enabled and self.fast_dtype not in (_C.float16, _C.bfloat16):
            warnings.warn(
                f"autocast: dtype must be float16 or bfloat16; got {self.fast_dtype}. autocast is disabled",
                stacklevel=2,
            )
            self._enabled = False

    def __enter__(self) -> autocast:
        self._before.append(_C._autocast_dtype(self.device))
        _C._set_autocast_dtype(self.device, self.fast_dtype if self._enabled else None)
        return self

    def __exit__(self, *_: object) -> None:
        _C._set_autocast_dtype(self.device, self._before.pop())

    def __call__(self, function: _F) -> _F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


@documented(_DEVICE)
def custom_fwd(
    fwd: Function | None = None, *, device_type: str, cast_inputs: _dtype | None = None
) -> Function:
    """Decorates the forward() of an autograd.Function, for use within autocast.

    fwd: The function; None, as a decorator with arguments.
    cast_inputs: Within a region, floating tensors of the device among the arguments are cast to it, and
    autocast is off in forward(); None: forward() runs as its caller.

    >>> class Square(tenon.autograd.Function):
    ...     @staticmethod
    ...     @tenon.amp.custom_fwd(device_type="cpu", cast_inputs=tenon.float32)
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     @tenon.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, g):
    ...         return 2 * g * ctx.saved_tensors[0]
    >>> with tenon.autocast("cpu"):
    ...     Square.apply(tenon.ones(2, dtype=tenon.bfloat16)).dtype.name
    'float32'
    """
    device = _known(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        ctx = args[0]
        inside = _C._autocast_dtype(device)
        ctx._autocast = inside
        if cast_inputs is None or inside is None:
            return fwd(*args, **kwargs)
        ctx._autocast = None
        with autocast(device, enabled=False):
            return fwd(*_cast(args, device, cast_inputs), **_cast(kwargs, device, cast_inputs))

    return wrapper


@documented(_DEVICE)
def custom_bwd(bwd: Function | None = None, *, device_type: str) -> Function:
    """Decorates the backward() of an autograd.Function, which then runs in forward()'s state of autocast.

    bwd: The function; None, as a decorator with arguments.
    device_type: As custom_fwd's.

    >>> tenon.amp.custom_bwd(lambda ctx, g: g, device_type="cpu").__name__
    '<lambda>'
    """
    device = _known(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inside = args[0]._autocast
        with autocast(device, inside, enabled=inside is not None):
            return bwd(*args, **kwargs)

    return wrapper


def _cast(value: Any, device: str, dtype: _dtype) -> Any:
    if isinstance(value, _C.Tensor):
        fits = value.is_floating_point() and value.is_cuda == (device == "cuda") and value.dtype != _C.float64
        return value.to(dtype) if fits else value
    if isinstance(value, dict):
        return {k: _cast(v, device, dtype) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_cast(v, device, dtype) for v in value)
    return value
