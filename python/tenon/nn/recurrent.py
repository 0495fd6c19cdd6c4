"""Recurrent layers over whole sequences."""

from __future__ import annotations

import math
import warnings

from tenon import _C
from tenon._C import Tensor
from tenon.nn import init
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter
from tenon.nn.utils.rnn import PackedSequence

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

_PARTS = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _draw(module: Module, hidden_size: int) -> None:
    """Draws all parameters evenly from +-1 / sqrt(hidden_size)."""
    bound = 1 / math.sqrt(hidden_size) if hidden_size > 0 else 0.0
    for p in module.parameters():
        init.uniform_(p, -bound, bound)


def _check_sizes(op: str, **sizes: int) -> None:
    for name, n in sizes.items():
        if not isinstance(n, int):
            raise TypeError(f"{op}: {name} must be an int; got {type(n).__name__}")
        if n <= 0:
            raise ValueError(f"{op}: {name} must be positive; got {n}")


def _mode_of(op: str, nonlinearity: str) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{op}: nonlinearity is 'tanh' or 'relu'; got {nonlinearity!r}")
    return "RNN_" + nonlinearity.upper()


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: layers, directions and the names of their parameters.

    Parameters:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input_size: the number of features of each step.
        hidden_size: the number of features of the state.
        num_layers: how many layers; each reads the output of the one before.
        bias: whether there are biases.
        batch_first: True for inputs and outputs (batch, steps, features), False for (steps, batch, features).
        dropout: the probability of dropout behind all layers but the last, in training.
        bidirectional: whether each layer goes backwards, too; its outputs stand side by side.
        proj_size: of an LSTM, the size that its output is projected to; 0 for none.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ValueError for sizes that are not positive, an unknown mode and a dropout outside of [0, 1].

    >>> [name for name, _ in tenon.nn.RNNBase("GRU", 2, 3, bidirectional=True).named_parameters()][:5]
    ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0', 'weight_ih_l0_reverse']
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        op = type(self).__name__
        if mode not in _PARTS:
            raise ValueError(f"{op}: mode is one of {', '.join(map(repr, _PARTS))}; got {mode!r}")
        _check_sizes(op, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"{op}: dropout must be a number from 0 to 1; got {dropout!r}")
        if not 0 <= proj_size < hidden_size or (proj_size and mode != "LSTM"):
            raise ValueError(
                f"{op}: proj_size is for LSTM and must be smaller than hidden_size; got {proj_size} and "
                f"hidden_size={hidden_size}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"{op}: dropout={dropout} has no effect with num_layers=1: it is behind all layers but "
                "the last",
                stacklevel=3,
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = (
            mode,
            input_size,
            hidden_size,
            num_layers,
        )
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        for suffix, shapes in self._shapes():
            for name, shape in shapes.items():
                setattr(self, name + suffix, Parameter(_C.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def _shapes(self) -> list[tuple[str, dict[str, tuple[int, ...]]]]:
        """For each layer and direction the end of its parameters' names, and the names with their shapes."""
        rows, out = _PARTS[self.mode] * self.hidden_size, self.proj_size or self.hidden_size
        ends = ("", "_reverse") if self.bidirectional else ("",)
        all_shapes = []
        for layer in range(self.num_layers):
            for end in ends:
                features = self.input_size if layer == 0 else out * len(ends)
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, features), "weight_hh": (rows, out)}
                if self.bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if self.proj_size:
                    shapes["weight_hr"] = (self.proj_size, self.hidden_size)
                all_shapes.append((f"_l{layer}{end}", shapes))
        return all_shapes

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name + suffix) for name in shapes] for suffix, shapes in self._shapes()]

    def flatten_parameters(self) -> None:
        """Nothing: parameters lie where they are, and are read there."""

    def reset_parameters(self) -> None:
        """Draws all parameters anew, evenly from +-1 / sqrt(hidden_size)."""
        _draw(self, self.hidden_size)

    def _zeros(self, input: Tensor, batch: int, columns: int) -> Tensor:
        directions = 2 if self.bidirectional else 1
        return _C.zeros(self.num_layers * directions, batch, columns, dtype=input.dtype, device=input.device)

    def _states(self, hx: Any, input: Tensor, batch: int, alone: bool) -> list[Tensor]:
        """The states before the first step: given ones with a batch, or zeros."""
        is_lstm = self.mode == "LSTM"
        if hx is None:
            sizes = [self.proj_size or self.hidden_size] + [self.hidden_size] * is_lstm
            return [self._zeros(input, batch, n) for n in sizes]
        states = list(hx) if is_lstm else [hx]
        if len(states) != 1 + is_lstm or (is_lstm and isinstance(hx, Tensor)):
            raise ValueError(f"{type(self).__name__}: hx must be a tuple of the states h and c")
        if any(s.ndim != (2 if alone else 3) for s in states):
            kind = "without a batch needs states of 2" if alone else "needs states of 3"
            raise ValueError(
                f"{type(self).__name__}: this input {kind} dimensions; got "
                f"{', '.join(str(s.shape) for s in states)}"
            )
        return [s.unsqueeze(1) for s in states] if alone else states

    def _run(
        self, input: Tensor, states: list[Tensor], batch_sizes: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        params = [p for layer in self.all_weights for p in layer]
        hx: Any = tuple(states) if self.mode == "LSTM" else states[0]
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        output, *after = getattr(_C, self.mode.lower())(
            input, hx, params, *options, self.batch_first and batch_sizes is None, batch_sizes
        )
        return output, after

    def _packed(self, input: PackedSequence, hx: Any) -> tuple[Any, list[Tensor]]:
        data, batch_sizes, order, back = input
        states = self._states(hx, data, int(batch_sizes[0]), False)
        if hx is not None and order is not None:
            states = [s.index_select(1, order) for s in states]
        output, states = self._run(data, states, batch_sizes)
        if back is not None:
            states = [s.index_select(1, back) for s in states]
        return PackedSequence(output, batch_sizes, order, back), states

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            output, states = self._packed(input, hx)
        else:
            if input.ndim not in (2, 3):
                raise ValueError(
                    f"{type(self).__name__}: expected a 2-D or 3-D input; got shape {input.shape}"
                )
            alone = input.ndim == 2
            dim = 0 if self.batch_first else 1
            batched = input.unsqueeze(dim) if alone else input
            output, states = self._run(batched, self._states(hx, batched, batched.shape[dim], alone), None)
            if alone:
                output, states = output.squeeze(dim), [s.squeeze(1) for s in states]
        return output, (tuple(states) if self.mode == "LSTM" else states[0])

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        shown: dict[str, Any] = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0,
            "bidirectional": False,
        }  # fmt: skip
        for name, default in shown.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """h = tanh(weight_ih @ x + bias_ih + weight_hh @ h + bias_hh) for each step, in layers.

    Parameters:
        input_size: the number of features of each step.
        hidden_size: the number of features of the state.
        num_layers: how many layers; each reads the output of the one before.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: True for inputs and outputs (batch, steps, features), False for (steps, batch, features).
        dropout: the probability of dropout behind all layers but the last, in training.
        bidirectional: whether each layer goes backwards, too; its outputs stand side by side.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)`` it returns the output of each step and the last state, (layers *
    directions, batch, hidden_size). The input may lack the batch, or be a PackedSequence, as the output
    then is. ValueError for sizes that are not positive and another nonlinearity, from forward for shapes
    that do not fit.

    >>> output, h = tenon.nn.RNN(2, 3)(tenon.ones(5, 4, 2))
    >>> output.shape, h.shape
    ((5, 4, 3), (1, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        mode = _mode_of("RNN", nonlinearity)
        super().__init__(
            mode,
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), in layers.

    Each step makes c = sigmoid(f) * c + sigmoid(i) * tanh(g) and h = sigmoid(o) * tanh(c); i, f, g and o
    are the four parts of weight_ih @ x + bias_ih + weight_hh @ h + bias_hh.

    Parameters:
        input_size: the number of features of each step.
        hidden_size: the number of features of the state.
        num_layers: how many layers; each reads the output of the one before.
        bias: whether there are biases.
        batch_first: True for inputs and outputs (batch, steps, features), False for (steps, batch, features).
        dropout: the probability of dropout behind all layers but the last, in training.
        bidirectional: whether each layer goes backwards, too; its outputs stand side by side.
        proj_size: the size that h is projected to, by weight_hr; 0 for none.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)`` it returns the output of each step and the last states (h, c), each
    (layers * directions, batch, size). The input may lack the batch, or be a PackedSequence, as the output
    then is. ValueError for sizes that are not positive, from forward for shapes that do not fit.

    >>> output, (h, c) = tenon.nn.LSTM(2, 3, batch_first=True)(tenon.ones(4, 5, 2))
    >>> output.shape, h.shape
    ((4, 5, 3), (1, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size,
            device, dtype,
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent units (Cho et al., 2014), in layers.

    Each step makes n = tanh(x_n + sigmoid(r) * h_n) and h = (1 - sigmoid(z)) * n + sigmoid(z) * h; r, z and
    n are the three parts of weight_ih @ x + bias_ih and weight_hh @ h + bias_hh, added up but for n's.

    Parameters:
        input_size: the number of features of each step.
        hidden_size: the number of features of the state.
        num_layers: how many layers; each reads the output of the one before.
        bias: whether there are biases.
        batch_first: True for inputs and outputs (batch, steps, features), False for (steps, batch, features).
        dropout: the probability of dropout behind all layers but the last, in training.
        bidirectional: whether each layer goes backwards, too; its outputs stand side by side.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)`` it returns the output of each step and the last state, (layers *
    directions, batch, hidden_size). The input may lack the batch, or be a PackedSequence, as the output
    then is. ValueError for sizes that are not positive, from forward for shapes that do not fit.

    >>> output, h = tenon.nn.GRU(2, 3, num_layers=2)(tenon.ones(5, 2))
    >>> output.shape, h.shape
    ((5, 3), (2, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )
