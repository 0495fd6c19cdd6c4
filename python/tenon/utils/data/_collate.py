"""Samples to batches: each field of all samples becomes one tensor."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data import _arena

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

#: Functions by the type of what they collate; add your own types to it.
default_collate_fn_map: dict[Any, Callable[..., Any]] = {}


def _field(batch: Sequence[Any], told: str) -> TypeError:
    return TypeError(
        "default_collate: a batch may hold tensors, arrays, numbers, strings, and dicts, lists and tuples of "
        f"those; found {told}. Pass collate_fn= to make a batch of it"
    )


def _stack(batch: Sequence[Any]) -> Tensor:
    """Tensors or arrays of one shape as one tensor: in a worker in the memory that is sent."""
    first = batch[0]
    out = None
    if isinstance(first, Tensor) and first.is_cpu and not any(t.requires_grad for t in batch):
        out = _arena.empty((len(batch), *first.shape), first.dtype)
    try:
        return _C.stack(batch) if out is None else _C.stack(batch, 0, out=out)
    except ValueError:
        shapes = [tuple(t.shape) for t in batch]
        odd = next((i for i, s in enumerate(shapes) if s != shapes[0]), None)
        if odd is None:
            raise
        raise ValueError(
            f"default_collate: the samples of a batch must have one shape; sample 0 of this batch has "
            f"{shapes[0]}, sample {odd} has {shapes[odd]}. Pad them, or pass collate_fn="
        ) from None


def _numbers(batch: Sequence[Any], dtype: Any = None) -> Tensor:
    return _C.tensor(batch, dtype=dtype) if dtype is not None else _C.tensor(batch)


def _is_array(x: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray | numpy.generic)


def _arrays(batch: Sequence[Any]) -> Tensor:
    if batch[0].dtype.kind not in "biufcV":
        raise _field(batch, f"an array of {batch[0].dtype}")
    if batch[0].ndim == 0:
        return _C.asarray(sys.modules["numpy"].asarray(batch))
    return _stack([_C.asarray(a) for a in batch])


def _rebuilt(like: Any, fields: Any) -> Any:
    """The collated fields in a container of the samples' type."""
    try:
        if isinstance(like, MutableMapping):
            made = copy.copy(like)
            made.update(fields)
            return made
        if isinstance(like, MutableSequence):
            items = copy.copy(like)
            for i, value in enumerate(fields):
                items[i] = value
            return items
        return type(like)(fields)
    except TypeError:  # a type with another constructor
        return fields


def collate(batch: Sequence[Any], *, collate_fn_map: Mapping[Any, Callable[..., Any]] | None = None) -> Any:
    """What default_collate does, with functions for types of your own.

    Parameters
    ----------
    batch : sequence
        The samples.
    collate_fn_map : mapping, optional
        ``function(batch, collate_fn_map=...)`` by the type, or tuple of types, that it collates.

    Returns
    -------
    Any
        A structure as that of one sample, with new tensors.
    """
    try:
        first = batch[0]
    except IndexError:
        raise ValueError("default_collate: expected the samples of a batch; got none") from None
    for kind, function in (collate_fn_map or {}).items():
        if isinstance(first, kind):
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Tensor):
        return _stack(batch)
    if isinstance(first, float) and type(first) is float:
        return _numbers(batch, _C.float64)
    if isinstance(first, int):
        return _numbers(batch)
    if isinstance(first, str | bytes):
        return batch
    if _is_array(first):
        return _arrays(batch)
    return _containers(batch, first, collate_fn_map)


def _containers(batch: Sequence[Any], first: Any, functions: Mapping[Any, Callable[..., Any]] | None) -> Any:
    if isinstance(first, Mapping):
        return _rebuilt(first, {k: collate([d[k] for d in batch], collate_fn_map=functions) for k in first})
    if not isinstance(first, Sequence):
        raise _field(batch, type(first).__name__)
    sizes = {len(sample) for sample in batch}
    if len(sizes) > 1:
        raise ValueError(
            f"default_collate: the samples of a batch must have one length; got lengths {sorted(sizes)}. Pad "
            "them, or pass collate_fn="
        )
    fields = [collate(field, collate_fn_map=functions) for field in zip(*batch, strict=True)]
    if isinstance(first, tuple):
        return type(first)(*fields) if hasattr(first, "_fields") else fields
    return _rebuilt(first, fields)


def default_collate(batch: Sequence[Any]) -> Any:
    """Makes a batch of samples: tensors, arrays and numbers are stacked, field by field.

    Numbers of Python become int64, float64 and bool tensors, strings stay strings. Tuples become lists, named
    tuples, dicts and lists stay what they are.

    Parameters
    ----------
    batch : sequence
        The samples.

    Returns
    -------
    Any
        A structure as that of one sample, with new tensors.

    Raises
    ------
    TypeError
        For samples of other types.
    ValueError
        For samples of different shapes or lengths, and for none.

    Examples
    --------
    >>> tenon.utils.data.default_collate([(1, 0.5), (2, 1.5)])
    [tensor([1, 2]), tensor([0.5000, 1.5000], dtype=tenon.float64)]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """A sample as it comes without batches: arrays become tensors over their memory, all else stays.

    Parameters
    ----------
    data
        A sample.

    Returns
    -------
    Any
        The sample itself, or a structure like it whose tensors share the arrays' memory; tuples become lists.

    Examples
    --------
    >>> tenon.utils.data.default_convert({"x": np.array([0, 1]), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, Tensor | str | bytes):
        return data
    if _is_array(data):
        return _C.asarray(data) if data.dtype.kind in "biufc" else data
    if isinstance(data, Mapping):
        return _rebuilt(data, {k: default_convert(data[k]) for k in data})
    if isinstance(data, tuple):
        fields = [default_convert(d) for d in data]
        return type(data)(*fields) if hasattr(data, "_fields") else fields
    if isinstance(data, Sequence):
        return _rebuilt(data, [default_convert(d) for d in data])
    return data
