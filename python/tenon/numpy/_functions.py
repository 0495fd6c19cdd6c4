"""Functions of NumPy that are neither reductions, nor indexing, nor changes of shape."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, deliver, tensor

__all__ = [
    "allclose", "around", "array_equal", "array_equiv", "copysign", "imag", "isclose", "real", "round",
    "select", "sinc", "where",
]  # fmt: skip


# ---- elementwise ----


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """x where the condition holds, y elsewhere: a new tensor; with the condition alone, nonzero.

    Parameters
    ----------
    condition : array_like
        A bool tensor that broadcasts.
    x : array_like, optional
        The values where the condition holds; they broadcast.
    y : array_like, optional
        The values elsewhere; they broadcast.

    Returns
    -------
    Tensor
        A new tensor; with the condition alone, nonzero.

    Raises
    ------
    TypeError
        For float8.
    ValueError
        For shapes that do not broadcast.

    Examples
    --------
    >>> tenon.numpy.where([True, False], 1, 2)
    tensor([1, 2])
    """
    if x is None and y is None:
        return _C._numpy_names["tenon.numpy"]["nonzero"](condition)
    mask = tensor(condition, "where")
    return _C.where(mask if mask.dtype == _C.bool else mask != 0, _operand(x), _operand(y))


def _operand(x: Any) -> Any:
    return x if isinstance(x, (Tensor, bool, int, float, complex)) else tensor(x)


def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Rounded to a number of decimals, ties to even: a new tensor of a's dtype.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    decimals : int, default 0
        How many decimals stay; negative ones round before the point.
    out : Tensor or ndarray, optional
        Memory of the result's shape, which is overwritten and returned. ValueError for another shape and
        read-only memory, TypeError for a dtype of a lower kind than the result's, RuntimeError where a
        gradient is recorded and for elements that share memory.

    Returns
    -------
    Tensor
        A new tensor of a's dtype.

    Raises
    ------
    TypeError
        For bool and float8, and for decimals that are no int.

    Examples
    --------
    >>> tenon.numpy.round(tenon.tensor([1.234, 5.678]), 1)
    tensor([1.2000, 5.7000])
    """
    return deliver(_C.round(tensor(a, "round"), decimals), out, "round")


around = round


def copysign(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """|x1| with the sign of x2: a new tensor of a float.

    Parameters
    ----------
    x1 : array_like
        The first operand.
    x2 : array_like
        The second operand; it broadcasts.
    out : Tensor or ndarray, optional
        Memory of the result's shape, which is overwritten and returned. ValueError for another shape and
        read-only memory, TypeError for a dtype of a lower kind than the result's, RuntimeError where a
        gradient is recorded and for elements that share memory.

    Returns
    -------
    Tensor
        A new tensor of a float.

    Raises
    ------
    TypeError
        For complex numbers and float8.
    ValueError
        For shapes that do not broadcast.

    Examples
    --------
    >>> tenon.numpy.copysign(tenon.tensor([1.0, 2.0]), -1.0)
    tensor([-1., -2.])
    """
    return deliver(_C.copysign(_operand(x1), _operand(x2)), out, "copysign")


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0: a new tensor of a float.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.

    Returns
    -------
    Tensor
        A new tensor of a float.

    Raises
    ------
    TypeError
        For complex numbers and float8.

    Examples
    --------
    >>> tenon.numpy.sinc(tenon.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    return _C.sinc(tensor(x, "sinc"))


def real(val: Any) -> Any:
    """The real parts: a view.

    Parameters
    ----------
    val : array_like
        A tensor, or anything that tenon.asarray takes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    TypeError
        For what is no array.

    Examples
    --------
    >>> tenon.numpy.real(tenon.tensor([1 + 2j]))
    tensor([1.])
    """
    return tensor(val, "real").real


def imag(val: Any) -> Any:
    """The imaginary parts: a view of a complex tensor, new zeros for a real one.

    Parameters
    ----------
    val : array_like
        A tensor, or anything that tenon.asarray takes.

    Returns
    -------
    Tensor
        A view of a complex tensor, new zeros for a real one.

    Raises
    ------
    TypeError
        For what is no array.

    Examples
    --------
    >>> tenon.numpy.imag(tenon.tensor([1 + 2j]))
    tensor([2.])
    """
    t = tensor(val, "imag")
    return t.imag if t.dtype.is_complex else _C.zeros(tuple(t.shape), dtype=t.dtype, device=t.device)


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |a - b| <= atol + rtol * |b|, elementwise: a new bool tensor.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    b : array_like
        The second operand; it broadcasts.
    rtol : float, default 1e-05
        The relative tolerance.
    atol : float, default 1e-08
        The absolute tolerance.
    equal_nan : bool, default False
        True where NaN equals NaN.

    Returns
    -------
    Tensor
        A new bool tensor.

    Raises
    ------
    ValueError
        For shapes that do not broadcast.

    Examples
    --------
    >>> tenon.numpy.isclose([1.0, 2.0], [1.0, 2.1])
    tensor([ True, False])
    """
    return _C.isclose(_operand(a), _operand(b), rtol, atol, equal_nan)


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, by isclose: a Python bool.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    b : array_like
        The second operand; it broadcasts.
    rtol : float, default 1e-05
        The relative tolerance.
    atol : float, default 1e-08
        The absolute tolerance.
    equal_nan : bool, default False
        True where NaN equals NaN.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For shapes that do not broadcast.

    Examples
    --------
    >>> tenon.numpy.allclose([1.0], [1.0 + 1e-9])
    True
    """
    return bool(_C.allclose(_operand(a), _operand(b), rtol, atol, equal_nan))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether both have the same shape and the same elements: a Python bool.

    Parameters
    ----------
    a1
        The first tensor.
    a2
        The second tensor.
    equal_nan : bool, default False
        True where NaN equals NaN.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        For what is no array.

    Examples
    --------
    >>> tenon.numpy.array_equal([1, 2], [1, 2])
    True
    """
    a, b = tensor(a1), tensor(a2)
    if tuple(a.shape) != tuple(b.shape):
        return False
    if equal_nan and a.dtype.is_floating_point and b.dtype.is_floating_point:
        return bool(_C.all(_C.logical_or(a == b, _C.logical_and(_C.isnan(a), _C.isnan(b)))))
    return bool(_C.equal(a, b))


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether both have the same elements after broadcasting: a Python bool.

    False where they do not broadcast.

    Parameters
    ----------
    a1
        The first tensor.
    a2
        The second tensor.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        For float8 and for what is no array.

    Examples
    --------
    >>> tenon.numpy.array_equiv([1, 1], [[1, 1], [1, 1]])
    True
    """
    try:
        return bool(_C.all(tensor(a1) == tensor(a2)))
    except ValueError:
        return False


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice whose condition is the first to hold, default where none does: a new tensor.

    Parameters
    ----------
    condlist
        Bool tensors that broadcast; the first that holds decides.
    choicelist
        The values for each condition.
    default : default 0
        The value where no condition holds.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For another number of choices than of conditions and for shapes that do not broadcast.

    Examples
    --------
    >>> tenon.numpy.select([[True, False, False], [True, True, False]], [[1, 1, 1], [2, 2, 2]], 0)
    tensor([1, 2, 0])
    """
    r = _operand(default)
    if len(condlist) != len(choicelist):
        raise ValueError(f"select: {len(choicelist)} choices for {len(condlist)} conditions")
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        r = where(condition, choice, r)
    return r


# ---- order ----
