"""Settings that PyTorch's scripts make: tenon takes those that change nothing here, and says so."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._docstrings import documented
from tenon._names import refuse_others

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

_MODES = ("default", "warn", "error")
_PRECISIONS = ("highest", "high", "medium")

_settings: dict[str, Any] = {
    "deterministic": False,
    "warn_only": False,
    "precision": "highest",
    "threads": 1,
    "warn": False,
}


def _flag(op: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{op}: a bool is needed; got {value!r}")
    return value


@documented()
def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Taken for PyTorch's sake; it changes nothing: tenon's results have the same bits in each run.

    They do not depend on the number of threads either.

    mode: What ``are_deterministic_algorithms_enabled`` answers from now on.
    warn_only: What ``is_deterministic_algorithms_warn_only_enabled`` answers.
    Returns: None.
    TypeError: For a mode that is no bool.

    >>> tenon.use_deterministic_algorithms(True)
    >>> tenon.are_deterministic_algorithms_enabled()
    True
    >>> tenon.use_deterministic_algorithms(False)
    """
    on = _flag("use_deterministic_algorithms", mode)
    _settings.update(deterministic=on, warn_only=bool(warn_only))


@documented()
def are_deterministic_algorithms_enabled() -> bool:
    """What was asked of ``use_deterministic_algorithms``. The results are deterministic either way.

    Returns: Whether it was True.

    >>> tenon.are_deterministic_algorithms_enabled()
    False
    """
    return bool(_settings["deterministic"])


@documented()
def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What was asked of ``use_deterministic_algorithms(warn_only=)``.

    Returns: Whether it was True.

    >>> tenon.is_deterministic_algorithms_warn_only_enabled()
    False
    """
    return bool(_settings["warn_only"])


@documented()
def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """``use_deterministic_algorithms`` by a number or a word; it changes nothing.

    debug_mode: 0 or 'default', 1 or 'warn', 2 or 'error'.
    Returns: None.
    ValueError: For another number or word.
    TypeError: For what is neither.

    >>> tenon.set_deterministic_debug_mode("warn")
    >>> tenon.get_deterministic_debug_mode()
    1
    >>> tenon.set_deterministic_debug_mode(0)
    """
    if isinstance(debug_mode, str):
        mode = _MODES.index(debug_mode) if debug_mode in _MODES else -1
    else:
        mode = operator.index(debug_mode)
    if not 0 <= mode <= 2:
        raise ValueError(
            f"set_deterministic_debug_mode: the mode is 0, 1, 2, or one of {_MODES}; got {debug_mode!r}"
        )
    _settings.update(deterministic=mode > 0, warn_only=mode == 1)


@documented()
def get_deterministic_debug_mode() -> int:
    """What was asked of ``set_deterministic_debug_mode`` and ``use_deterministic_algorithms``.

    Returns: 0, 1 for warnings or 2 for errors.

    >>> tenon.get_deterministic_debug_mode()
    0
    """
    return (1 if _settings["warn_only"] else 2) if _settings["deterministic"] else 0


@documented()
def set_float32_matmul_precision(precision: str) -> None:
    """Taken for PyTorch's sake; it changes nothing: products of float32 are computed in float32.

    precision: 'highest', 'high' or 'medium'.
    Returns: None.
    ValueError: For another word.

    >>> tenon.set_float32_matmul_precision("high")
    >>> tenon.get_float32_matmul_precision()
    'high'
    >>> tenon.set_float32_matmul_precision("highest")
    """
    if precision not in _PRECISIONS:
        raise ValueError(
            f"set_float32_matmul_precision: the precision is one of {_PRECISIONS}; got {precision!r}"
        )
    _settings["precision"] = precision


@documented()
def get_float32_matmul_precision() -> str:
    """What was asked of ``set_float32_matmul_precision``.

    Returns: 'highest', 'high' or 'medium'.

    >>> tenon.get_float32_matmul_precision()
    'highest'
    """
    return str(_settings["precision"])


@documented()
def set_default_device(device: Any) -> None:
    """Takes the CPU, where creation functions put tensors, and refuses other devices.

    device: 'cpu' or None.
    Returns: None.
    RuntimeError: For another device: creation functions take ``device=``.
    ValueError: For a name that is none of a device.

    >>> tenon.set_default_device("cpu")
    """
    if device is not None and _C.device(device).type != "cpu":
        raise RuntimeError(
            f"set_default_device: tensors are created on the CPU; got {device}; "
            f"give device={str(device)!r} to the functions that create them, or use .to()"
        )


@documented()
def get_default_device() -> Any:
    """Where creation functions put tensors without ``device=``: the CPU.

    Returns: The device.

    >>> tenon.get_default_device()
    device(type='cpu')
    """
    return _C.device("cpu")


@documented()
def set_default_tensor_type(t: Any) -> None:
    """``set_default_dtype`` by one of PyTorch's classes of CPU tensors.

    t: A class such as ``tenon.DoubleTensor``, or its name.
    Returns: None.
    TypeError: For a class that is not floating, and for what is none.

    >>> tenon.set_default_tensor_type(tenon.DoubleTensor)
    >>> tenon.zeros(1).dtype
    tenon.float64
    >>> tenon.set_default_tensor_type("torch.FloatTensor")
    """
    from tenon import _tensor_types

    kind = t
    if isinstance(t, str):
        kind = getattr(_tensor_types, t.rpartition(".")[2], None)
    if not isinstance(kind, _tensor_types.TensorType) or not kind.dtype.is_floating_point:
        raise TypeError(
            f"set_default_tensor_type: FloatTensor, DoubleTensor, HalfTensor or BFloat16Tensor; got {t!r}"
        )
    _C.set_default_dtype(kind.dtype)


@documented()
def set_num_interop_threads(num: int) -> None:
    """Taken for PyTorch's sake; it changes nothing: one pool serves all. See ``set_num_threads``.

    num: What ``get_num_interop_threads`` answers from now on.
    Returns: None.
    ValueError: For a number below 1.
    TypeError: For what is no int.

    >>> tenon.set_num_interop_threads(1)
    """
    n = operator.index(num)
    if n < 1:
        raise ValueError(f"set_num_interop_threads: the number must be positive; got {n}")
    _settings["threads"] = n


@documented()
def get_num_interop_threads() -> int:
    """What was asked of ``set_num_interop_threads``.

    Returns: The number; 1 if none was asked.

    >>> tenon.get_num_interop_threads()
    1
    """
    return int(_settings["threads"])


@documented()
def set_flush_denormal(mode: bool) -> bool:
    """Answers whether denormal numbers can be treated so. tenon keeps them.

    mode: Whether they should become 0.
    Returns: Whether that is so: True for False, and False for True.
    TypeError: For a mode that is no bool.

    >>> tenon.set_flush_denormal(True)
    False
    """
    return not _flag("set_flush_denormal", mode)


@documented()
def set_warn_always(b: bool) -> None:
    """Taken for PyTorch's sake; it changes nothing: Python's filters say which warnings are shown again.

    b: What ``is_warn_always_enabled`` answers from now on.
    Returns: None.
    TypeError: For what is no bool.

    >>> tenon.set_warn_always(False)
    """
    _settings["warn"] = _flag("set_warn_always", b)


@documented()
def is_warn_always_enabled() -> bool:
    """What was asked of ``set_warn_always``.

    Returns: Whether it was True.

    >>> tenon.is_warn_always_enabled()
    False
    """
    return bool(_settings["warn"])


@documented()
def typename(obj: Any) -> str:
    """The name of an object's type with its module.

    obj: Any object.
    Returns: For a tensor such as 'tenon.FloatTensor'; for a type of Python's own without its module.

    >>> tenon.typename(tenon.ones(1)), tenon.typename(3)
    ('tenon.FloatTensor', 'int')
    """
    from tenon import _tensor_types

    if isinstance(obj, _C.Tensor):
        return _tensor_types.name_of(obj)
    module, name = type(obj).__module__, type(obj).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


@documented()
def is_storage(obj: Any) -> bool:
    """Whether an object is a storage of PyTorch's kind. tenon has none: a tensor's memory is NumPy's.

    obj: Any object.
    Returns: False.

    >>> tenon.is_storage(tenon.ones(1))
    False
    """
    del obj
    return False


@documented()
def compile(model: Any = None, **options: Any) -> Any:
    """The function or module itself, for scripts that call torch.compile: nothing is compiled.

    model: What is called; None for a decorator, as in ``@compile(mode="default")``.
    options: fullgraph, dynamic, backend, mode, options and disable, which change nothing.
    Returns: The same object; a decorator that returns what it is given where model is None.

    TypeError for what cannot be called, and for other options.

    >>> layer = tenon.nn.Linear(2, 3)
    >>> tenon.compile(layer) is layer
    True
    """
    refuse_others("compile", options, ("fullgraph", "dynamic", "backend", "mode", "options", "disable"))
    if model is None:
        return compile
    if not callable(model):
        raise TypeError(f"compile: a module or function is needed; got {type(model).__name__}")
    return model
