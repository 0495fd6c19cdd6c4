"""Function: an operation with a backward of your own, made of tenon's operations, NumPy's or any others."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


def _gradient(g: Any, name: str) -> Tensor | None:
    """What backward returned: a tensor, an array or None."""
    if g is None or isinstance(g, Tensor):
        return g
    if hasattr(g, "__array__"):
        return _C.asarray(g)
    raise TypeError(f"{name}: backward must return tensors or None; got {type(g).__name__}")


class FunctionCtx:
    """What a Function's forward and backward share: ``ctx``. Attributes of any name may be set."""

    needs_input_grad: tuple[bool, ...] = ()
    """For each argument of apply() whether its gradient is wanted."""
    _function: type[Function]
    _saved: Any = None
    _to_save: tuple[Tensor | None, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _fixed: tuple[Tensor, ...] = ()
    _materialize = True
    _places: tuple[int, ...] = ()  # of the arguments that are tensors
    _count = 0  # of arguments

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for backward, which finds them in ``saved_tensors``.

        Inputs, outputs and others. A write to one of them before backward is noticed (RuntimeError), one
        through NumPy too; saved_tensors_hooks apply.
        """
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward: expected tensors or None; got {type(t).__name__}, set it as an "
                    "attribute of ctx"
                )
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward() kept. RuntimeError if one was written since, or the graph is freed."""
        return () if self._saved is None else _C._saved_tensors(self._saved)

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Says that forward writes to these inputs in place; it must return them."""
        self._dirty = inputs

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Says that these outputs have no gradient. Integers and bools never have one."""
        self._fixed = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for outputs that no gradient came to."""
        self._materialize = value

    def _run_backward(self, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        """Called by the engine: one gradient, or None, for each tensor among the arguments."""
        name = self._function.__name__
        given = self._function.backward(self, *grads)
        result = list(given) if isinstance(given, tuple | list) else [given]
        while len(result) > self._count and result[-1] is None:
            result.pop()
        if len(result) != self._count:
            raise RuntimeError(
                f"{name}: backward must return a gradient, or None, for each of the {self._count} arguments "
                f"of forward; got {len(result)}"
            )
        for i, g in enumerate(result):
            if g is None:
                continue
            if i not in self._places:
                raise RuntimeError(f"{name}: argument {i} is no tensor, so its gradient must be None")
            result[i] = _gradient(g, name)
        return tuple(result[i] for i in self._places)


class Function:
    """A differentiable operation of your own: subclass it, write forward and backward, call ``apply``.

    ``forward(ctx, *args)`` computes the outputs, a tensor or a tuple; it is not recorded. ``backward(ctx,
    *grads)`` gets the gradient of each output and returns one for each argument of forward, None where there
    is none. Where backward consists of tenon's operations it can be differentiated again. Alternatively
    ``forward(*args)`` has no ctx, and ``setup_context(ctx, inputs, output)`` keeps what backward needs.

    RuntimeError, from backward(), for another number of gradients or one of another shape; TypeError for
    what is neither a tensor nor an array.

    Example, a SciPy routine on the tensors' own memory:

        >>> import numpy as np
        >>> class Sinc(tenon.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return tenon.from_numpy(np.sinc(x.detach().numpy()))  # x's memory, without a copy
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         (x,) = ctx.saved_tensors
        ...         px = np.pi * x
        ...         return g * (px.cos() - px.sin() / px) / x
        >>> x = tenon.tensor([0.5, 1.0], requires_grad=True)
        >>> Sinc.apply(x).sum().backward()
        >>> x.grad
        tensor([-1.2732, -1.0000])
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the outputs: ``forward(ctx, *args)``, or ``forward(*args)`` beside a setup_context."""
        raise NotImplementedError("Function: a subclass must define forward as a staticmethod")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keeps what backward needs of forward's arguments and result. forward has no ctx then."""
        raise NotImplementedError("Function: setup_context is not defined")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of forward's arguments from those of its outputs."""
        raise NotImplementedError(
            "Function: a subclass must define backward as a staticmethod to be differentiated"
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Runs forward, and records it where an argument requires grad.

        Returns what forward returns. An output that is an input, or a view of one, shares its memory but not
        its history. RuntimeError for a leaf that was marked dirty, TypeError for a keyword.
        """
        ctx = FunctionCtx()
        ctx._function = cls
        places = tuple(i for i, a in enumerate(args) if isinstance(a, Tensor))
        records = _C.is_grad_enabled() and any(args[i].requires_grad for i in places)
        if records:
            ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        else:
            ctx.needs_input_grad = (False,) * len(args)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args)
            else:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
        outputs = output if isinstance(output, tuple) else (output,)
        for t in ctx._dirty:
            if not any(t is y for y in outputs):
                raise RuntimeError(f"{cls.__name__}: what mark_dirty() names must be returned by forward")
        if not records:
            for t in ctx._dirty:
                _C._written(t)
            return output
        ctx._places, ctx._count = places, len(args)
        made = _C._record_function(
            ctx,
            cls.__name__ + "Backward",
            tuple(args[i] for i in places),
            outputs,
            ctx._dirty,
            ctx._fixed,
            ctx._to_save,
            ctx._materialize,
        )
        for name in ("_to_save", "_dirty", "_fixed"):
            ctx.__dict__.pop(name, None)
        return made if isinstance(output, tuple) else made[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of Function.backward that is not made of tenon's operations: it runs unrecorded.

    A second derivative is then RuntimeError instead of a wrong value. It stands below ``@staticmethod``.
    """
    import functools

    @functools.wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            result = backward(ctx, *grads)
        if not _C.is_grad_enabled():
            return result
        name = ctx._function.__name__
        results = tuple(
            _gradient(g, name) for g in (result if isinstance(result, tuple | list) else [result])
        )
        sources = tuple(g for g in (*grads, *ctx.saved_tensors) if isinstance(g, Tensor) and g.requires_grad)
        if not sources:
            return result
        return _C._differentiable_once(name, results, sources)

    return wrapper
