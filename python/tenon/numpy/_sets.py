"""Tensors as sets: the distinct elements, and who is among them. NumPy sorts, on zero-copy views."""

from __future__ import annotations

from typing import Any, NamedTuple

from tenon.numpy._support import tensor, through_numpy

__all__ = ["unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"]

unique = through_numpy("unique", differentiable=False)


class UniqueAllResult(NamedTuple):
    """What ``unique_all`` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCountsResult(NamedTuple):
    """What ``unique_counts`` returns."""

    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    """What ``unique_inverse`` returns."""

    values: Any
    inverse_indices: Any


def unique_all(x: Any, /) -> UniqueAllResult:
    """The distinct elements in order, where each is first, which of them each element is, and how often.

    A named tuple of new tensors; every NaN is distinct. TypeError for tensors on a device.
    """
    t = tensor(x, "unique_all")
    values, indices, inverse, counts = unique(t, True, True, True, equal_nan=False)
    return UniqueAllResult(values, indices, inverse.reshape(t.shape), counts)


def unique_counts(x: Any, /) -> UniqueCountsResult:
    """The distinct elements in order, and how often each is there; every NaN counts on its own.

    A named tuple of new tensors. TypeError for tensors on a device.
    """
    return UniqueCountsResult(*unique(tensor(x, "unique_counts"), return_counts=True, equal_nan=False))


def unique_inverse(x: Any, /) -> UniqueInverseResult:
    """The distinct elements in order, and which of them each element is.

    A named tuple of new tensors; every NaN is distinct. TypeError for tensors on a device.
    """
    t = tensor(x, "unique_inverse")
    values, inverse = unique(t, return_inverse=True, equal_nan=False)
    return UniqueInverseResult(values, inverse.reshape(t.shape))


def unique_values(x: Any, /) -> Any:
    """The distinct elements in order, a new tensor; every NaN is distinct.

    TypeError for tensors on a device.
    """
    return unique(tensor(x, "unique_values"), equal_nan=False)
