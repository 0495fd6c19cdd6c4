"""Tensors as the chunks of Dask arrays, and as operands beside them."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Makes tensors a chunk type: Dask answers for ``array + tensor`` and computes with tensors in chunks."""
    import numpy as np
    from dask.array import backends, chunk_types, dispatch

    import tenon

    chunk_types.register_chunk_type(tenon.Tensor)
    for lookup, function in {
        dispatch.concatenate_lookup: np.concatenate,
        dispatch.tensordot_lookup: np.tensordot,
        dispatch.einsum_lookup: np.einsum,
        dispatch.divide_lookup: np.divide,
        dispatch.percentile_lookup: _percentile,
        dispatch.empty_lookup: _empty,
        dispatch.take_lookup: np.take,
        dispatch.numel_lookup: backends._numel_arraylike,
        dispatch.nannumel_lookup: backends._nannumel,
    }.items():
        lookup.register(tenon.Tensor, function)


def _empty(shape: Any, *args: Any, **kwargs: Any) -> Any:
    import tenon.numpy as tnp

    return tnp.empty(shape, *args, **kwargs)


def _percentile(a: Any, q: Any, method: str = "linear") -> Any:
    """A chunk's percentiles, which Dask merges as ndarrays."""
    from dask.array.percentile import _percentile

    return _percentile(a.detach().cpu().numpy(), q, method)
