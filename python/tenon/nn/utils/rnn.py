"""Sequences of different lengths: padded to one tensor, or packed step by step."""

from __future__ import annotations

from collections import namedtuple

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.functional._common import is_integer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NamedTuple

    class _Packed(NamedTuple):
        data: Tensor
        batch_sizes: Tensor
        sorted_indices: Tensor | None
        unsorted_indices: Tensor | None

else:
    _Packed = namedtuple("PackedSequence", ("data", "batch_sizes", "sorted_indices", "unsorted_indices"))

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class PackedSequence(_Packed):
    """Sequences of different lengths, step by step: at each step those that go on.

    Functions of this module make them, and recurrent layers take them.

    Attributes: ``data``, the steps one after the other; ``batch_sizes``, how many sequences go on at
    each step;
    ``sorted_indices``, the order of the sequences from long to short, and ``unsorted_indices``, the way
    back, or
    None where they were in that order.

    ValueError for sorted_indices and unsorted_indices that do not belong together, or batch_sizes that
    do not fit.

    >>> packed = tenon.nn.utils.rnn.pack_sequence([tenon.tensor([1, 2, 3]), tenon.tensor([4, 5])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            raise ValueError("PackedSequence: batch_sizes is needed; pack_sequence() makes it")
        if not batch_sizes.is_cpu:
            raise ValueError(f"PackedSequence: batch_sizes must be on the CPU; got {batch_sizes.device}")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def __getnewargs__(self) -> Any:
        return tuple(self)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with data converted or moved, as Tensor.to(); itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self

        def there(t: Tensor | None) -> Tensor | None:
            return None if t is None else t.to(data.device)

        return type(self)(data, self.batch_sizes, there(self.sorted_indices), there(self.unsorted_indices))

    def cpu(self) -> PackedSequence:
        """The same on the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = "cuda") -> PackedSequence:
        """The same on a CUDA device."""
        return self.to(device)

    def double(self) -> PackedSequence:
        """The same in float64."""
        return self.to(_C.float64)

    def float(self) -> PackedSequence:
        """The same in float32."""
        return self.to(_C.float32)

    def half(self) -> PackedSequence:
        """The same in float16."""
        return self.to(_C.float16)

    def long(self) -> PackedSequence:
        """The same in int64."""
        return self.to(_C.int64)

    def int(self) -> PackedSequence:
        """The same in int32."""
        return self.to(_C.int32)

    def pin_memory(self) -> PackedSequence:
        """The same with data in page-locked memory."""
        return type(self)(
            self.data.pin_memory(), self.batch_sizes, self.sorted_indices, self.unsorted_indices
        )

    @property
    def is_cuda(self) -> bool:
        """Whether data is on a CUDA device."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether data is in page-locked memory."""
        return bool(self.data.is_pinned())


@_documented()
def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one.

    permutation: Indices from 0 to n - 1, each once; None for None.
    Returns: A new tensor.
    TypeError: For what is no tensor.
    ValueError: For another number of dimensions than one.
    IndexError: For an index that is not there.

    >>> tenon.nn.utils.rnn.invert_permutation(tenon.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    if permutation.ndim != 1:
        raise ValueError(f"invert_permutation: indices have one dimension; got shape {permutation.shape}")
    places = _C.arange(permutation.numel(), device=permutation.device)
    return _C.empty_like(places).scatter_(0, permutation.to(dtype=_C.int64), places)


def _as_lengths(op: str, lengths: Any) -> Tensor:
    t = lengths if isinstance(lengths, Tensor) else _C.tensor(list(lengths), dtype=_C.int64)
    if not is_integer(t) or t.ndim != 1:
        raise TypeError(
            f"{op}: lengths holds one integer for each sequence; got {t.dtype.name} of shape {t.shape}"
        )
    return t.cpu().to(dtype=_C.int64)


def _going_on(lengths: Tensor, steps: int) -> Tensor:
    """(steps, sequences): which sequence has which step."""
    return _C.arange(steps).unsqueeze(1) < lengths.unsqueeze(0)


@_documented()
def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs padded sequences.

    input: A tensor of shape (T, B, ...), or (B, T, ...) with batch_first=True.
    lengths: The length of each sequence, from 1 to T: a tensor or a list.
    batch_first: Whether the batch is dimension 0.
    enforce_sorted: True takes only sequences that are in order, the longest first; False sorts them.
    Returns: A PackedSequence over new memory.
    ValueError: For lengths that are out of range, of another number than sequences, or not in order.
    TypeError: For lengths that are no integers.

    >>> padded = tenon.tensor([[1, 2, 3], [4, 5, 0]])
    >>> tenon.nn.utils.rnn.pack_padded_sequence(padded, [3, 2], batch_first=True).data
    tensor([1, 4, 2, 5, 3])
    """
    op = "pack_padded_sequence"
    counts = _as_lengths(op, lengths)
    if input.ndim < 2:
        raise ValueError(f"{op}: input has shape (T, B, ...); got {input.shape}")
    x = input.transpose(0, 1) if batch_first else input
    steps, batch = x.shape[:2]
    if counts.numel() != batch or batch == 0:
        raise ValueError(
            f"{op}: one length is needed for each of {batch} sequences, at least one; got {counts.numel()}"
        )
    if not 0 < int(counts.min()) <= int(counts.max()) <= steps:
        raise ValueError(
            f"{op}: lengths must be from 1 to {steps}; they are from {int(counts.min())} to "
            f"{int(counts.max())}"
        )
    order = None
    if enforce_sorted:
        if bool((counts[1:] > counts[:-1]).any()):
            raise ValueError(
                f"{op}: lengths must not grow, or pass enforce_sorted=False; got {counts.tolist()}"
            )
    else:
        counts, order = counts.sort(descending=True, stable=True)
        order = order.to(x.device)
        x = x.index_select(1, order)
    inside = _going_on(counts, int(counts[0]))
    places = inside.reshape(-1).nonzero().reshape(-1).to(x.device)
    data = x.reshape((steps * batch, *x.shape[2:])).index_select(0, places)
    return PackedSequence(data, inside.sum(1), order)


@_documented()
def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undoes pack_padded_sequence().

    sequence: A PackedSequence.
    batch_first: Whether the batch is to be dimension 0.
    padding_value: What stands behind the ends.
    total_length: The length of the result; None for that of the longest sequence.
    Returns: A new tensor of shape (T, B, ...), or (B, T, ...) with batch_first=True; and the lengths.
    ValueError: For a total_length that is too short.
    TypeError: For what is no PackedSequence.

    >>> packed = tenon.nn.utils.rnn.pack_sequence([tenon.tensor([1, 2, 3]), tenon.tensor([4, 5])])
    >>> tenon.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 5, 0]]), tensor([3, 2]))
    """
    if not isinstance(sequence, PackedSequence):
        raise TypeError(f"pad_packed_sequence: a PackedSequence is needed; got {type(sequence).__name__}")
    data, sizes, _, back = sequence
    steps, batch = sizes.numel(), int(sizes[0])
    length = steps if total_length is None else total_length
    if length < steps:
        raise ValueError(f"pad_packed_sequence: total_length must be at least {steps}; got {total_length}")
    inside = _C.arange(batch).unsqueeze(0) < sizes.unsqueeze(1)
    places = inside.reshape(-1).nonzero().reshape(-1).to(data.device)
    blank = _C.full((length * batch, *data.shape[1:]), padding_value, dtype=data.dtype, device=data.device)
    x = blank.index_copy(0, places, data).reshape((length, batch, *data.shape[1:]))
    lengths = inside.sum(0)
    if back is not None:
        x, lengths = x.index_select(1, back), lengths.index_select(0, back.cpu())
    return (x.transpose(0, 1) if batch_first else x), lengths


@_documented()
def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences of different lengths as one tensor.

    sequences: Tensors of shape (L, ...), which differ in L alone.
    batch_first: Whether the batch is to be dimension 0.
    padding_value: What fills the shorter ones up.
    padding_side: 'right' or 'left': where.
    Returns: A new tensor of shape (T, B, ...), or (B, T, ...) with batch_first=True.
    ValueError: For no sequences, another padding_side and shapes that differ in more than L.
    TypeError: For what are no tensors.

    >>> tenon.nn.utils.rnn.pad_sequence([tenon.tensor([1, 2]), tenon.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if padding_side not in ("left", "right"):
        raise ValueError(f"pad_sequence: padding_side is 'left' or 'right'; got {padding_side!r}")
    rows = list(sequences)
    if not rows:
        raise ValueError("pad_sequence: at least one sequence is needed")
    for i, row in enumerate(rows):
        if not isinstance(row, Tensor):
            raise TypeError(f"pad_sequence: sequences are tensors; got {type(row).__name__} at {i}")
        if row.ndim == 0 or row.shape[1:] != rows[0].shape[1:]:
            raise ValueError(
                f"pad_sequence: sequences have shape (L, ...) and differ in L alone; got {rows[0].shape} "
                f"and {row.shape}"
            )
    steps, batch = max(row.shape[0] for row in rows), len(rows)
    starts = [steps - row.shape[0] if padding_side == "left" else 0 for row in rows]
    places = _C.cat(
        [
            _C.arange(row.shape[0]) + (i * steps + start)
            for i, (row, start) in enumerate(zip(rows, starts, strict=True))
        ]
    )
    data = _C.cat(rows)
    blank = _C.full((batch * steps, *data.shape[1:]), padding_value, dtype=data.dtype, device=data.device)
    x = blank.index_copy(0, places.to(data.device), data).reshape((batch, steps, *data.shape[1:]))
    return x if batch_first else x.transpose(0, 1).contiguous()


@_documented()
def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """Undoes pad_sequence().

    padded_sequences: A tensor of shape (T, B, ...), or (B, T, ...) with batch_first=True.
    lengths: The length of each sequence: a tensor or a list.
    batch_first: Whether the batch is dimension 0.
    Returns: Views, one for each sequence.
    ValueError: For another number of lengths than of sequences.
    IndexError: For fewer dimensions than two.
    TypeError: For lengths that are no integers.

    >>> padded = tenon.tensor([[1, 2], [3, 0]])
    >>> tenon.nn.utils.rnn.unpad_sequence(padded, [2, 1], batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    counts = _as_lengths("unpad_sequence", lengths).tolist()
    if len(counts) != rows.shape[0]:
        raise ValueError(
            f"unpad_sequence: one length is needed for each of {rows.shape[0]} sequences; got {len(counts)}"
        )
    return [row[:n] for row, n in zip(rows, counts, strict=True)]


@_documented()
def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences of different lengths.

    sequences: Tensors of shape (L, ...), which differ in L alone.
    enforce_sorted: True takes only sequences that are in order, the longest first; False sorts them.
    Returns: A PackedSequence over new memory.
    ValueError: For no sequences, empty ones, shapes that differ in more than L, and lengths that are
    not in order.
    TypeError: For what are no tensors.

    >>> tenon.nn.utils.rnn.pack_sequence([tenon.tensor([1, 2]), tenon.tensor([3])]).data
    tensor([1, 3, 2])
    """
    rows = list(sequences)
    padded = pad_sequence(rows)
    return pack_padded_sequence(padded, [row.shape[0] for row in rows], enforce_sorted=enforce_sorted)


@_documented()
def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Undoes pack_sequence().

    packed_sequences: A PackedSequence.
    Returns: New tensors, one for each sequence.
    TypeError: For what is no PackedSequence.

    >>> packed = tenon.nn.utils.rnn.pack_sequence([tenon.tensor([1, 2]), tenon.tensor([3])])
    >>> tenon.nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


_check_types(globals())
_guide(__name__)
