"""Gradients against central finite differences.

A complex tensor counts as its real and imaginary parts. With the cotangent v of an output, backward returns g
with ``Re(conj(v) df) == Re(conj(g) dx)`` for every small step dx (PyTorch's convention).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tenon import _C
from tenon._C import Tensor
from tenon._names import refuse_others

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference.

    >>> issubclass(tenon.autograd.GradcheckError, RuntimeError)
    True
    """

    __module__ = "tenon.autograd"


def _as_list(x: Any) -> list[Tensor]:
    return [x] if isinstance(x, Tensor) else list(x)


def _checked(t: Any) -> bool:
    return isinstance(t, Tensor) and bool(t.requires_grad)


def _real(t: Tensor) -> Tensor:
    """The elements as a flat float64 tensor, real and imaginary parts in turn."""
    t = t.detach().cpu()
    wide = t.to(_C.complex128 if t.is_complex() else _C.float64).contiguous()
    return (_C.view_as_real(wide) if wide.is_complex() else wide).reshape(-1)


def _outputs(function: Function, inputs: Sequence[Any]) -> list[Tensor]:
    return [
        y
        for y in _as_list(function(*inputs))
        if isinstance(y, Tensor) and (y.is_floating_point() or y.is_complex())
    ]


def _numeric(function: Function, inputs: list[Any], which: int, eps: float) -> list[list[Tensor]]:
    """For each output, one row d(output)/d(component) for each component of the input."""
    x = inputs[which]
    flat = x.detach().clone().reshape(-1)
    rows: list[list[Tensor]] = []
    steps: list[complex] = [eps, 1j * eps] if x.is_complex() else [eps]
    for i in range(flat.numel()):
        for step in steps:
            ends = []
            for sign in (1, -1):
                moved = flat.clone()
                moved[i] = flat[i].item() + sign * step
                args = [a.detach() if isinstance(a, Tensor) else a for a in inputs]
                args[which] = moved.reshape(x.shape).requires_grad_()
                ends.append([_real(y) for y in _outputs(function, args)])
            rows.append([(hi - lo) / (2 * eps) for hi, lo in zip(*ends, strict=True)])
    return [[row[k] for row in rows] for k in range(len(rows[0]))] if rows else []


def _analytic(output: Tensor, x: Tensor) -> list[Tensor]:
    """One row for each component of the output: the gradient's components."""
    rows = []
    units: list[complex] = [1, 1j] if output.is_complex() else [1]
    for i in range(output.numel()):
        for unit in units:
            v = _C.zeros(output.numel(), dtype=output.dtype, device=output.device)
            v[i] = unit
            if output.requires_grad:
                (g,) = _C._grad([output], [x], [v.reshape(output.shape)], True, False, True)
            else:
                g = None
            rows.append(_real(_C.zeros_like(x) if g is None else g))
    return rows


# PyTorch's that change nothing here.
_OPTIONS = (
    *("nondet_tol", "check_undefined_grad", "check_grad_dtypes", "check_batched_grad", "check_forward_ad"),
    *("check_batched_forward_grad", "check_backward_ad", "check_fwd_over_rev", "check_rev_over_rev"),
    *("gen_non_contig_grad_outputs", "fast_mode", "masked"),
)


def gradcheck(
    func: Function,
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """Whether the gradients of func at inputs agree with central differences of step eps.

    Inputs that require grad are checked; they must be float64 or complex128, and func smooth at them. Complex
    inputs and outputs are checked in both parts.

    Parameters
    ----------
    func : Function
        A function of the inputs that returns a tensor or a tuple of tensors.
    inputs : Tensor | Sequence[Any]
        The arguments; those that require grad are checked.
    eps : float, default 1e-06
        The step of the finite differences.
    atol : float, default 1e-05
        The absolute tolerance.
    rtol : float, default 0.001
        The relative tolerance.
    raise_exception : bool, default True
        False returns False instead of raising GradcheckError.
    options
        PyTorch's further ones by name, as fast_mode and nondet_tol, which change nothing: every derivative is
        checked in full, and tenon's are deterministic.

    Returns
    -------
    bool
        True; False only with raise_exception=False.

    Raises
    ------
    ValueError
        For an input that requires grad and is neither float64 nor complex128, and where none requires grad.
    GradcheckError
        For the first difference, unless raise_exception is False.
    TypeError
        For an option that PyTorch's gradcheck has not.

    Examples
    --------
    >>> x = tenon.tensor([1.0, 3.0], dtype=tenon.float64, requires_grad=True)
    >>> tenon.autograd.gradcheck(tenon.exp, (x,))
    True
    """
    refuse_others("gradcheck", options, _OPTIONS)
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, a in enumerate(args) if _checked(a)]
    if not checked:
        raise ValueError("gradcheck: none of the inputs requires grad; call requires_grad_() on one")
    for k in checked:
        if args[k].dtype not in (_C.float64, _C.complex128):
            raise ValueError(
                f"gradcheck: finite differences need float64 or complex128; input {k} is {args[k].dtype}"
            )
    outputs = _outputs(func, args)
    for k in checked:
        numeric = _numeric(func, args, k, eps)
        for j, output in enumerate(outputs):
            if not numeric or output.numel() == 0:
                continue
            n = _C.stack(numeric[j])  # components of the input by those of the output
            a = _C.stack(_analytic(output, args[k])).T
            if not _C.allclose(a, n, rtol=rtol, atol=atol, equal_nan=True):
                if not raise_exception:
                    return False
                raise GradcheckError(
                    f"gradcheck: the gradient of output {j} with respect to input {k} differs from finite "
                    f"differences by up to {(a - n).abs().max().item():.3g}\nanalytic:\n{a}\nnumeric:\n{n}"
                )
    return True


def gradgradcheck(
    func: Function,
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """Whether the gradients of func's gradients agree with finite differences, for grad_outputs too.

    grad_outputs are random unless given.

    Parameters
    ----------
    func : Function
        A function of the inputs that returns a tensor or a tuple of tensors.
    inputs : Tensor | Sequence[Any]
        The arguments; those that require grad are checked.
    grad_outputs : Tensor | Sequence[Tensor] | None, optional
        The gradients of the outputs; None for random ones.
    eps : float, default 1e-06
        The step of the finite differences.
    atol : float, default 1e-05
        The absolute tolerance.
    rtol : float, default 0.001
        The relative tolerance.
    raise_exception : bool, default True
        False returns False instead of raising GradcheckError.
    options
        As gradcheck's.

    Returns
    -------
    bool
        True; False only with raise_exception=False.

    Raises
    ------
    ValueError
        As gradcheck.
    GradcheckError, TypeError
        As gradcheck.

    Examples
    --------
    >>> x = tenon.tensor([1.0, 3.0], dtype=tenon.float64, requires_grad=True)
    >>> tenon.autograd.gradgradcheck(tenon.exp, (x,))
    True
    """
    refuse_others("gradgradcheck", options, _OPTIONS)
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    outputs = [y for y in _outputs(func, args) if y.requires_grad]
    if grad_outputs is None:
        generator = _C.Generator(0)
        cotangents = []
        for y in outputs:
            v = _C.randn(y.shape, dtype=_C.float64, generator=generator)
            if y.is_complex():
                v = v + 1j * _C.randn(y.shape, dtype=_C.float64, generator=generator)
            cotangents.append(v.to(y.dtype).to(y.device).requires_grad_())
    else:
        cotangents = [v.detach().clone().requires_grad_() for v in _as_list(grad_outputs)]
    checked = [i for i, a in enumerate(args) if _checked(a)]

    def gradient(*both: Any) -> list[Tensor]:
        xs, vs = list(both[: len(args)]), list(both[len(args) :])
        # Differences are formed with one input at a time requiring grad; the others must be in the graph too.
        xs = [
            x if not (isinstance(x, Tensor) and i in checked) or x.requires_grad else x.requires_grad_()
            for i, x in enumerate(xs)
        ]
        ys = [y for y in _outputs(func, xs) if y.requires_grad]
        found = _C._grad(ys, [xs[i] for i in checked], vs, True, True, True)
        return [_C.zeros_like(xs[i]) if g is None else g for i, g in zip(checked, found, strict=True)]

    return gradcheck(
        gradient, [*args, *cotangents], eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception
    )
