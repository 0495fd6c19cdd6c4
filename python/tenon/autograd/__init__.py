"""Gradients of any outputs with respect to any inputs, functions and hooks of your own, modes, and checks."""

from __future__ import annotations

from collections.abc import Sequence

from tenon import _C
from tenon._C import Tensor, is_grad_enabled
from tenon._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from tenon._gradcheck import GradcheckError, gradcheck, gradgradcheck
from tenon._names import guide as _guide
from tenon.autograd import anomaly_mode, function, graph
from tenon.autograd._checkpoint import checkpoint
from tenon.autograd._variable import Variable
from tenon.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from tenon.autograd.function import Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tenon.autograd import functional

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "anomaly_mode",
    "backward",
    "border_guard",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_border_guard",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> object:
    if name == "functional":  # its users are few
        import importlib

        return importlib.import_module("tenon.autograd.functional")
    from tenon._names import missing

    raise missing("tenon.autograd", name)


def border_guard() -> bool:
    """Whether backward() looks for writes to saved tensors that were made through NumPy.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.autograd.border_guard()
    True
    """
    return _C._border_guard()


def set_border_guard(mode: bool | str) -> None:
    """Turns the border guard ``"on"`` (the default) or ``"off"``, for all threads.

    A tensor that backward() will need and whose memory is shared with a writeable ndarray, buffer or DLPack
    capsule is fingerprinted when the operation saves it and compared before it is used. A difference is a
    RuntimeError instead of a wrong gradient. The cost is one pass over such tensors in forward and one in
    backward.

    Parameters
    ----------
    mode : bool | str
        "on" or "off"; True and False mean the same.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        For another mode.

    Examples
    --------
    >>> tenon.autograd.set_border_guard("off")
    >>> tenon.autograd.border_guard()
    False
    >>> tenon.autograd.set_border_guard("on")
    """
    if mode not in (True, False, "on", "off"):
        raise ValueError(f"set_border_guard: the mode is 'on' or 'off'; got {mode!r}")
    _C._set_border_guard(mode in (True, "on"))


def _sequence(x: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [x] if isinstance(x, Tensor) else list(x)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of outputs, each times its grad_outputs, with respect to each input.

    No ``.grad`` is touched. ``create_graph`` records the gradients themselves, for second derivatives;
    ``retain_graph`` (as create_graph unless given) keeps the graph for another call.

    Parameters
    ----------
    outputs : Tensor | Sequence[Tensor]
        What is differentiated: a tensor, or a sequence of tensors.
    inputs : Tensor | Sequence[Tensor]
        With respect to what: a tensor, or a sequence of tensors.
    grad_outputs : Tensor | Sequence[Tensor | None] | None, optional
        The gradient of each output, of its shape; None for outputs of one element.
    retain_graph : bool | None, optional
        True keeps the graph for another call; None for what create_graph says.
    create_graph : bool, default False
        True records the gradients themselves, for second derivatives.
    only_inputs : bool, default True
        For PyTorch's scripts: no ``.grad`` is ever touched.
    allow_unused : bool | None, optional
        True gives None for an input that was not used.
    is_grads_batched : bool, default False
        True takes grad_outputs with one more dimension in front, and gives the gradients of each entry,
        stacked.
    materialize_grads : bool, default False
        True gives zeros for an input that was not used.

    Returns
    -------
    tuple[Tensor | None, ...]
        A tuple of new tensors of the inputs' shapes.

    Raises
    ------
    RuntimeError
        For an input that was not used, unless ``allow_unused`` (None for it) or ``materialize_grads``
        (zeros), for one that requires no grad, for an output of several elements without grad_outputs and
        where the graph has been freed.
    ValueError
        For grad_outputs of another shape or number.
    TypeError
        For outputs, inputs or grad_outputs that are no tensors.

    Examples
    --------
    >>> x = tenon.tensor([1.0, 3.0], requires_grad=True)
    >>> tenon.autograd.grad((x * x).sum(), x)
    (tensor([2., 6.]),)
    """
    ins = _sequence(inputs)
    if isinstance(grad_outputs, Tensor):
        grad_outputs = [grad_outputs]
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outputs, ins, grad_outputs, retain, create_graph, allow_unused, materialize_grads)
    unused = materialize_grads if allow_unused is None else allow_unused
    try:
        found = _C._grad(_sequence(outputs), ins, grad_outputs, retain, create_graph, unused)
    except (RuntimeError, ValueError) as e:  # the engine speaks as backward()
        e.args = (str(e).replace("backward: ", "grad: ", 1) if str(e).startswith("backward: ") else str(e),)
        raise
    if materialize_grads:
        return tuple(_C.zeros_like(x) if g is None else g for x, g in zip(ins, found, strict=True))
    return tuple(found)


def _batched(
    outputs: Any,
    inputs: list[Tensor],
    grad_outputs: Any,
    retain: bool,
    create_graph: bool,
    allow_unused: bool | None,
    materialize: bool,
) -> tuple[Tensor | None, ...]:
    given = [g for g in grad_outputs or () if g is not None]
    count = {g.shape[0] if g.ndim else 0 for g in given}
    if len(count) != 1 or 0 in count:
        raise ValueError(
            "grad: is_grads_batched=True takes grad_outputs with one more dimension in front, of the same "
            f"size in all; got shapes {[tuple(g.shape) for g in given]}"
        )
    last = count.pop() - 1
    each = [
        grad(
            outputs,
            inputs,
            [None if g is None else g[i] for g in grad_outputs],
            retain or i < last,
            create_graph,
            allow_unused=allow_unused,
            materialize_grads=materialize,
        )
        for i in range(last + 1)
    ]
    return tuple(None if all_of[0] is None else _C.stack(all_of) for all_of in zip(*each, strict=True))


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds the gradients of tensors (each times its entry of grad_tensors) to ``.grad`` of the leaves.

    The graph is freed unless ``retain_graph``. With ``inputs`` only their ``.grad`` is added to.

    Parameters
    ----------
    tensors : Tensor | Sequence[Tensor]
        What is differentiated: a tensor, or a sequence of tensors.
    grad_tensors : Tensor | Sequence[Tensor | None] | None, optional
        The gradient of each, of its shape; None for a tensor of one element.
    retain_graph : bool | None, optional
        True keeps the graph for another call; None for what create_graph says.
    create_graph : bool, default False
        True records the gradients themselves, for second derivatives.
    grad_variables : Tensor | Sequence[Tensor | None] | None, optional
        An older name of grad_tensors.
    inputs : Tensor | Sequence[Tensor] | None, optional
        The leaves whose .grad is added to; None for all.

    Returns
    -------
    None
        An entry may be None for a tensor of one element.

    Raises
    ------
    RuntimeError
        For a tensor without a gradient, for several elements without an entry and where the graph has been
        freed.
    ValueError
        For entries of another shape or number, and for both names of them at once.
    TypeError
        For tensors, entries or inputs that are no tensors.

    Examples
    --------
    >>> x = tenon.tensor([1.0, 3.0], requires_grad=True)
    >>> tenon.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 6.])
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise ValueError("backward: grad_variables is an older name of grad_tensors; give one of them")
        grad_tensors = grad_variables
    if isinstance(grad_tensors, Tensor):
        grad_tensors = [grad_tensors]
    retain = create_graph if retain_graph is None else retain_graph
    wanted = None if inputs is None else _sequence(inputs)
    _C._backward(_sequence(tensors), grad_tensors, retain, create_graph, wanted)


_guide(__name__)
