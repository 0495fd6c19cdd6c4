"""The steps of recurrent layers as modules."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter
from tenon.nn.recurrent import _check_sizes, _draw, _mode_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells have in common: their parameters.

    Parameters:
        input_size: the number of features of the input.
        hidden_size: the number of features of the state.
        bias: whether there are biases.
        num_chunks: how many parts the weights have.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ValueError for sizes that are not positive.

    >>> tenon.nn.RNNCellBase(2, 3, True, 4).weight_ih.shape
    (12, 2)
    """

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(_C.empty(rows, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(_C.empty(rows, hidden_size, device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            made = Parameter(_C.empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all parameters anew, evenly from +-1 / sqrt(hidden_size)."""
        _draw(self, self.hidden_size)

    def _step(self, cell: Any, input: Tensor, states: list[Tensor] | None, n_states: int) -> list[Tensor]:
        """The states after a step. An input without a batch has states without one."""
        if input.ndim not in (1, 2):
            raise ValueError(f"{type(self).__name__}: expected a 1-D or 2-D input; got shape {input.shape}")
        if states is None:
            shape = (*input.shape[:-1], self.hidden_size)
            states = [_C.zeros(shape, dtype=input.dtype, device=input.device)] * n_states
        if any(s.ndim != input.ndim for s in states):
            raise ValueError(
                f"{type(self).__name__}: hx must have as many dimensions as input, {input.ndim}; got "
                f"{', '.join(str(s.shape) for s in states)}"
            )
        alone = input.ndim == 1
        if alone:
            input, states = input.unsqueeze(0), [s.unsqueeze(0) for s in states]
        hx: Any = tuple(states) if n_states == 2 else states[0]
        after = cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        out = list(after) if n_states == 2 else [after]
        return [s.squeeze(0) for s in out] if alone else out

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else f"{text}, bias={self.bias}"


class RNNCell(RNNCellBase):
    """A step of RNN: h = tanh(weight_ih @ x + bias_ih + weight_hh @ h + bias_hh).

    Parameters:
        input_size: the number of features of the input.
        hidden_size: the number of features of the state.
        bias: whether there are biases.
        nonlinearity: "tanh" or "relu".
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)``, (batch, features) each or without the batch. ValueError for sizes that
    are not positive and another nonlinearity, from forward for shapes that do not fit.

    >>> tenon.nn.RNNCell(2, 3)(tenon.ones(4, 2)).shape
    (4, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        _mode_of("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        cell = _C.rnn_tanh_cell if self.nonlinearity == "tanh" else _C.rnn_relu_cell
        return self._step(cell, input, None if hx is None else [hx], 1)[0]

    def extra_repr(self) -> str:
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """A step of LSTM.

    Parameters:
        input_size: the number of features of the input.
        hidden_size: the number of features of the state.
        bias: whether there are biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)``, hx the states (h, c); returns them after the step. Each is (batch,
    features) or without the batch. ValueError for sizes that are not positive, from forward for shapes that
    do not fit.

    >>> h, c = tenon.nn.LSTMCell(2, 3)(tenon.ones(4, 2))
    >>> h.shape, c.shape
    ((4, 3), (4, 3))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._step(_C.lstm_cell, input, None if hx is None else list(hx), 2)
        return h, c


class GRUCell(RNNCellBase):
    """A step of GRU.

    Parameters:
        input_size: the number of features of the input.
        hidden_size: the number of features of the state.
        bias: whether there are biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(input, hx=None)``, (batch, features) each or without the batch. ValueError for sizes that
    are not positive, from forward for shapes that do not fit.

    >>> tenon.nn.GRUCell(2, 3)(tenon.ones(2), tenon.zeros(3)).shape
    (3,)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(_C.gru_cell, input, None if hx is None else [hx], 1)[0]
