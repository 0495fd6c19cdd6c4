"""Weights to and from torch.nn's modules: the same memory, by DLPack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenon import _C
from tenon._C import Tensor

__all__ = ["from_torch_state_dict", "to_torch_state_dict"]


def _mapped(x: Any, convert: Callable[[Any], Any]) -> Any:
    """The structure with converted tensors."""
    if isinstance(x, dict):
        made = type(x)()
        made.update({k: _mapped(v, convert) for k, v in x.items()})
        if hasattr(x, "_metadata"):
            made._metadata = x._metadata  # type: ignore[attr-defined]
        return made
    if type(x) in (list, tuple):
        return type(x)(_mapped(v, convert) for v in x)
    return convert(x)


def from_torch_state_dict(state_dict: Any) -> Any:
    """The state of a torch.nn module or optimizer with tensors of tenon's over the same memory.

    Nothing is copied: training one side changes the other. ``module.load_state_dict()`` copies the values
    into the module's own parameters, and with ``assign=True`` takes the tensors themselves.

    Parameters
    ----------
    state_dict : dict
        What ``state_dict()`` returns; also dicts, lists and tuples of such.

    Returns
    -------
    dict
        The same structure. Its tensors share memory with PyTorch's.

    Raises
    ------
    TypeError
        For tensors that DLPack cannot lend: sparse and quantized ones.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> weights = tenon.utils.from_torch_state_dict(torch.nn.Linear(2, 1).state_dict())  # doctest: +SKIP
    """

    def convert(x: Any) -> Any:
        if type(x).__module__.partition(".")[0] != "torch" or not hasattr(x, "__dlpack__"):
            return x
        try:
            return _C.from_dlpack(x.detach().resolve_conj().resolve_neg())
        except (RuntimeError, BufferError) as e:
            raise TypeError(
                f"from_torch_state_dict: a tensor of layout {x.layout} has no DLPack: {e}"
            ) from None

    return _mapped(state_dict, convert)


def to_torch_state_dict(state_dict: Any) -> Any:
    """The state of a module or optimizer with tensors of PyTorch's over the same memory.

    Nothing is copied: ``torch_module.load_state_dict(..., assign=True)`` makes both modules share their
    parameters.

    Parameters
    ----------
    state_dict : dict
        What ``state_dict()`` returns; also dicts, lists and tuples of such.

    Returns
    -------
    dict
        The same structure. Its tensors share memory with tenon's.

    Raises
    ------
    ImportError
        Without PyTorch.
    BufferError
        For read-only tensors, as ``load(mmap=True)`` makes them.

    Examples
    --------
    >>> weights = tenon.utils.to_torch_state_dict({"0.bias": tenon.zeros(2)})  # doctest: +SKIP
    >>> torch.nn.Sequential(torch.nn.Linear(3, 2)).load_state_dict(weights, strict=False)  # doctest: +SKIP
    """
    from importlib import import_module

    torch: Any = import_module("torch")

    def convert(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        if x.readonly:
            raise BufferError(
                "to_torch_state_dict: PyTorch has no read-only tensors, and this one is; load it without "
                "mmap=True, or use .clone()"
            )
        return torch.from_dlpack(x.detach())

    return _mapped(state_dict, convert)
