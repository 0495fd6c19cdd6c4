"""The cross entropy of a linear layer, which the loss holds itself."""

from __future__ import annotations

import math

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.classification import _WeightedLoss
from tenon.nn.linear import Linear

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]

_NAMES = ("allow_retain_graph", "batch_chunk_size", "chunking_method", "acc_policy", "acc_dtype")
_POLICIES = ("auto", "accurate", "balanced", "compact")
_DTYPES = ("float16", "bfloat16", "float32", "float64")


class LinearCrossEntropyOptions:
    """How many rows linear_cross_entropy() takes at a time. It cannot be changed.

    Parameters:
        allow_retain_graph: taken for PyTorch's sake; here a graph may always be retained.
        batch_chunk_size: so many rows; None leaves it to chunking_method.
        chunking_method: 'auto' for what is fast; 'aspect_ratio' for so many that their scores take the
            memory of all samples, 'aspect_ratio:N' for an N-th of them; None for batch_chunk_size, or all
            rows.
        acc_policy: 'auto', 'accurate', 'balanced' or 'compact', for PyTorch's sake: sums over pieces are
            always formed in float32 or float64.
        acc_dtype: None or a dtype of floats, for the same reason.

    ValueError for other words and sizes; and, from the loss, for a batch_chunk_size beside another method
    than 'auto' that gives another size.

    >>> tenon.nn.LinearCrossEntropyOptions(batch_chunk_size=2).rows(5, 8, 1000)
    2
    """

    __slots__ = _NAMES

    allow_retain_graph: bool
    batch_chunk_size: int | None
    chunking_method: str | None
    acc_policy: str
    acc_dtype: Any

    def __init__(
        self,
        allow_retain_graph: bool = False,
        batch_chunk_size: int | None = None,
        chunking_method: str | None = "auto",
        acc_policy: str = "auto",
        acc_dtype: Any = None,
    ) -> None:
        op = "LinearCrossEntropyOptions"
        size = batch_chunk_size
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ValueError(f"{op}: batch_chunk_size must be a positive int or None; got {size!r}")
        if chunking_method not in (None, "auto"):
            name, colon, factor = str(chunking_method).partition(":")
            if name != "aspect_ratio" or (colon and not (factor.isdecimal() and int(factor) > 0)):
                raise ValueError(
                    f"{op}: chunking_method must be 'auto', 'aspect_ratio', 'aspect_ratio:N' or None; got "
                    f"{chunking_method!r}"
                )
        if acc_policy not in _POLICIES:
            raise ValueError(f"{op}: acc_policy must be one of {', '.join(_POLICIES)}; got {acc_policy!r}")
        if acc_dtype is not None and getattr(acc_dtype, "name", None) not in _DTYPES:
            raise ValueError(
                f"{op}: acc_dtype must be None or one of {', '.join(_DTYPES)}; got {acc_dtype!r}"
            )
        values = (allow_retain_graph, size, chunking_method, acc_policy, acc_dtype)
        for name, value in zip(_NAMES, values, strict=True):
            object.__setattr__(self, name, value)

    def rows(self, samples: int, features: int, scores: int) -> int:
        """How many rows a piece has; 0 leaves it to the loss.

        Parameters:
            samples: how many rows there are.
            features: how many numbers each has.
            scores: how many scores the layer makes of each.
        """
        size, method = self.batch_chunk_size, self.chunking_method
        if method == "auto":
            return size or 0
        if method is None:
            return size or max(samples, 1)
        _, _, factor = method.partition(":")
        wanted = -(-samples // -(-scores // features)) if features and scores else samples
        power = 1 << (wanted - 1).bit_length() if wanted > 0 else 1
        rows = max(1, min(power // int(factor or 1), samples))
        if size is not None and min(size, samples) != rows:
            raise ValueError(
                f"linear_cross_entropy: batch_chunk_size is {size}, and chunking_method {method!r} gives "
                f"{rows} rows; pass only one of them"
            )
        return rows

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _NAMES)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"LinearCrossEntropyOptions: cannot assign to {name!r}; make another one")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LinearCrossEntropyOptions):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _NAMES)
        return f"LinearCrossEntropyOptions({shown})"


class LinearCrossEntropyLoss(_WeightedLoss):
    """CrossEntropyLoss of a linear layer's outputs, which are never formed all at once.

    The layer is ``linear``, a Linear from in_features to num_classes, or to num_classes times the product of
    out_features.

    Parameters:
        in_features: the size of the input's last dimension.
        num_classes: how many classes there are.
        out_features: a tuple of sizes, for several scores of each class and sample; () for one.
        bias: whether the layer has a bias.
        device: where its parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        weight: what each class counts, of shape (num_classes,), else ValueError; None for 1.
        ignore_index: a class that costs nothing and does not count in the mean; None for -100.
        label_smoothing: how much of each target is spread evenly over all classes, from 0 to 1; else
            ValueError.
        options: a LinearCrossEntropyOptions, which says how many rows are taken at a time; None for what is
            fast.

    ``forward(input, target)``: samples of shape (n, in_features) or (in_features,), and classes as integers
    of shape (n, *out_features), or probabilities of shape (n, num_classes, *out_features).

    >>> loss = tenon.nn.LinearCrossEntropyLoss(8, 1000)
    >>> loss(tenon.zeros(2, 8), tenon.tensor([0, 999]))
    tensor(6.9078, grad_fn=<linear_cross_entropy>)
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        if self.weight is not None and self.weight.shape != (num_classes,):
            raise ValueError(
                f"LinearCrossEntropyLoss: weight has one number for each of the {num_classes} classes; got "
                f"{self.weight.shape}"
            )
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"LinearCrossEntropyLoss: label_smoothing must be from 0 to 1; got {label_smoothing}"
            )
        self.num_classes, self.out_features = num_classes, tuple(out_features)
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options
        outputs = math.prod(self.out_features, start=num_classes)
        self.linear = Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*shape, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
