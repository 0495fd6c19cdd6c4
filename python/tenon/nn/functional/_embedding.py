"""Embeddings: rows of a table, and sums, means and maxima of them."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import no_grad
from tenon.autograd.function import Function
from tenon.nn.functional._common import constants, from_start, is_integer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["embedding", "embedding_bag"]

_TABLE = """
weight: The table, of shape (num_embeddings, embedding_dim).
padding_idx: An index whose row gets no gradient; None for none.
max_norm: Rows in use with a larger norm are scaled to it, in place; None for none.
norm_type: The order of that norm.
scale_grad_by_freq: True divides the gradient of a row by how often it is used.
sparse: Only False: tenon has no sparse tensors.
TypeError: For indices that are no integers.
IndexError: For an index that is not there.
"""


class _Rows(Function):
    """Rows of a table, whose gradient leaves out padding and may be divided by how often a row is used."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, index: Tensor, padding: int, by_frequency: bool) -> Tensor:
        ctx.save_for_backward(index)
        ctx.rows, ctx.padding, ctx.by_frequency = weight.shape[0], padding, by_frequency
        return weight.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (index,) = ctx.saved_tensors
        g = grads[0]
        if ctx.by_frequency:
            g = g / _C.bincount(index, minlength=ctx.rows)[index].unsqueeze(1)
        if ctx.padding >= 0:
            g = _C.where((index == ctx.padding).unsqueeze(1), 0.0, g)
        zeros = _C.zeros((ctx.rows, g.shape[1]), dtype=g.dtype, device=g.device)
        return zeros.index_add(0, index, g), None, None, None


def _index(op: str, input: Tensor, weight: Tensor) -> Tensor:
    """The indices as one row of int64; negative ones are not there."""
    if not is_integer(input):
        raise TypeError(f"{op}: input holds indices, which are integers; got {input.dtype.name}")
    return from_start(input.reshape(-1), weight.shape[0])


def _check_table(op: str, weight: Tensor, padding_idx: int | None, sparse: bool) -> int:
    """padding_idx from 0, -1 for none."""
    if sparse:
        raise ValueError(f"{op}: tenon has no sparse tensors; leave sparse=True out, gradients are dense")
    if weight.ndim != 2:
        raise ValueError(f"{op}: weight has shape (num_embeddings, embedding_dim); got {weight.shape}")
    if padding_idx is None:
        return -1
    n = weight.shape[0]
    if not -n <= padding_idx < n:
        raise ValueError(f"{op}: padding_idx must be within the {n} rows of weight; got {padding_idx}")
    return padding_idx % n


def _renormalize(weight: Tensor, index: Tensor, max_norm: float, norm_type: float) -> None:
    """Scales the rows in use down to max_norm, in place."""
    with no_grad():
        used = index.unique()
        rows = weight.detach().index_select(0, used)
        norms = rows.norm(norm_type, 1, True)
        factor = _C.where(norms > max_norm, max_norm / (norms + 1e-7), 1.0)
        weight.index_copy_(0, used, rows * factor)


def _rows(
    op: str,
    input: Tensor,
    index: Tensor,
    weight: Tensor,
    padding: int,
    max_norm: float | None,
    norm_type: float,
    by_frequency: bool,
) -> Tensor:
    try:
        if max_norm is not None:
            _renormalize(weight, index, max_norm, norm_type)
        if padding >= 0 or by_frequency:
            rows: Tensor = _Rows.apply(weight, index, padding, by_frequency)
            return rows
        return weight.index_select(0, index)
    except IndexError:
        raise IndexError(
            f"{op}: indices are from 0 to {weight.shape[0] - 1}; input holds from {int(input.min())} to "
            f"{int(input.max())}"
        ) from None


@_documented(_TABLE)
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of a table that input names.

    input: Indices from 0 to num_embeddings - 1, integers of any shape.
    Returns: A new tensor of shape (*input.shape, embedding_dim).
    ValueError: For sparse=True, another shape of weight and a padding_idx that is not there.

    >>> tenon.nn.functional.embedding(tenon.tensor([1, 0]), tenon.tensor([[0.0, 1.0], [2.0, 3.0]]))
    tensor([[2., 3.],
            [0., 1.]])
    """
    constants("embedding", max_norm=max_norm, norm_type=norm_type)
    padding = _check_table("embedding", weight, padding_idx, sparse)
    index = _index("embedding", input, weight)
    rows = _rows("embedding", input, index, weight, padding, max_norm, norm_type, scale_grad_by_freq)
    return rows.reshape((*input.shape, weight.shape[1]))


def _bags(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Tensor, int]:
    """The number of each index's bag, and how many bags there are."""
    n = input.numel()
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "embedding_bag: with input of two dimensions each row is a bag; leave offsets out"
            )
        return _C.arange(input.shape[0], device=input.device).repeat_interleave(input.shape[1]), input.shape[
            0
        ]
    if input.ndim != 1 or offsets is None or offsets.ndim != 1:
        raise ValueError(
            "embedding_bag: input has shape (bags, length), or (n,) with offsets of shape (bags,); got "
            f"{input.shape} and {None if offsets is None else offsets.shape}"
        )
    starts = offsets.to(dtype=_C.int64)
    if include_last_offset:
        if starts.numel() == 0:
            raise ValueError("embedding_bag: include_last_offset=True needs at least one offset")
        if int(starts[-1]) != n:
            raise ValueError(
                f"embedding_bag: the last offset is the number of indices, {n}; got {int(starts[-1])}"
            )
        starts = starts[:-1]
    if starts.numel():
        if int(starts[0]) != 0:
            raise ValueError(f"embedding_bag: the first offset must be 0; got {int(starts[0])}")
        if int(starts.max()) > n or bool((starts.diff() < 0).any()):
            raise ValueError(
                f"embedding_bag: offsets must not fall, nor be above the {n} indices; got {starts}"
            )
    places = _C.arange(n, device=input.device)
    return _C.searchsorted(starts, places, right=True) - 1, starts.numel()


def _largest(rows: Tensor, bag: Tensor, counted: Tensor, bags: int) -> Tensor:
    """The maximum of each bag, 0 of an empty one; the gradient goes to one row."""
    bag, rows = bag[counted], rows[counted]
    n = rows.shape[0]
    lengths = _C.bincount(bag, minlength=bags)
    width = int(lengths.max()) if bags else 0
    if n == 0 or width == 0:
        return _C.zeros((bags, rows.shape[1]), dtype=rows.dtype, device=rows.device)
    starts = (lengths.cumsum(0) - lengths).unsqueeze(1)
    place = _C.arange(width, device=rows.device).unsqueeze(0)
    inside = place < lengths.unsqueeze(1)
    table = rows.index_select(0, _C.where(inside, starts + place, 0).reshape(-1)).reshape(bags, width, -1)
    table = _C.where(inside.unsqueeze(2), table, float("-inf"))
    return _C.where((lengths > 0).unsqueeze(1), table.max(1).values, 0.0)


@_documented(_TABLE)
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of rows of a table, bag by bag; an empty bag gives zeros.

    input: Indices, integers of shape (bags, length), or (n,) with offsets.
    offsets: Where each bag begins in input, integers of shape (bags,).
    mode: 'sum', 'mean' or 'max'.
    per_sample_weights: A factor of each row, of input's shape, for mode 'sum'; None for 1.
    include_last_offset: Whether offsets ends with the number of indices.
    padding_idx: An index that does not count in its bag and whose row gets no gradient; None for none.
    Returns: A new tensor of shape (bags, embedding_dim).
    ValueError: For sparse=True, another mode, offsets that are not in order and shapes that do not fit.

    >>> table = tenon.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> tenon.nn.functional.embedding_bag(tenon.tensor([0, 1, 1]), table, tenon.tensor([0, 2]), mode="sum")
    tensor([[2., 4.],
            [2., 3.]])
    """
    constants("embedding_bag", max_norm=max_norm, norm_type=norm_type)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode is 'sum', 'mean' or 'max'; got {mode!r}")
    if per_sample_weights is not None and (mode != "sum" or per_sample_weights.shape != input.shape):
        raise ValueError(
            f"embedding_bag: per_sample_weights go with mode='sum' and have input's shape, {input.shape}; "
            "got "
            f"mode={mode!r} and {per_sample_weights.shape}"
        )
    if scale_grad_by_freq and mode == "max":
        raise ValueError("embedding_bag: scale_grad_by_freq does not go with mode='max'")
    padding = _check_table("embedding_bag", weight, padding_idx, sparse)
    index = _index("embedding_bag", input, weight)
    bag, bags = _bags(input, offsets, include_last_offset)
    rows = _rows("embedding_bag", input, index, weight, padding, max_norm, norm_type, scale_grad_by_freq)
    counted = index != padding
    if mode == "max":
        return _largest(rows, bag, counted, bags)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    if padding >= 0:
        rows = _C.where(counted.unsqueeze(1), rows, 0.0)
    zeros = _C.zeros((bags, weight.shape[1]), dtype=rows.dtype, device=rows.device)
    total = zeros.index_add(0, bag, rows)
    if mode == "sum":
        return total
    return total / _C.bincount(bag[counted], minlength=bags).clip(1).unsqueeze(1)
