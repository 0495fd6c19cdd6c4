"""Numbers at equal distances, unit matrices and grids under NumPy's names."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._creation import _options, asarray
from tenon.numpy._support import tensor

__all__ = ["arange", "eye", "identity", "linspace", "logspace", "meshgrid"]


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None, like: Any = None
) -> Any:
    """start, start + step, ... below stop; from 0 on with one argument. A new tensor.

    It is empty where step leads away from stop.

    Parameters
    ----------
    start : number
        The first value.
    stop : optional
        The last value, or where the values end.
    step : number, default 1
        From one value to the next.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        start, start + step, ... below stop; from 0 on with one argument. A new tensor.

    Raises
    ------
    ValueError
        For a step of 0 and a range without end.
    TypeError
        For what is no real number.
    OverflowError
        For numbers that an integer dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    if stop is None:
        start, stop = 0, start
    return _C.arange(start, stop, step, **_options(dtype, device, like))


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    *,
    device: Any = None,
) -> Any:
    """num values at equal distances from start to stop (with stop, if endpoint): a new tensor.

    start and stop are numbers.

    Parameters
    ----------
    start : number
        The first value.
    stop
        The last value, or where the values end.
    num : int, default 50
        The number of values.
    endpoint : bool, default True
        Whether stop is the last value.
    retstep : bool, default False
        A pair with the distance, too.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    TypeError
        For arrays.
    ValueError
        For a negative num.

    Examples
    --------
    >>> tenon.numpy.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    t = _C.linspace(start, stop, num, endpoint=endpoint, **_options(dtype, device))
    steps = num - 1 if endpoint else num
    return (t, (stop - start) / steps if steps > 0 else float("nan")) if retstep else t


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None
) -> Any:
    """base to the power of equally spaced values: a new tensor.

    start and stop are numbers.

    Parameters
    ----------
    start : number
        The first value.
    stop
        The last value, or where the values end.
    num : int, default 50
        The number of values.
    endpoint : bool, default True
        Whether stop is the last value.
    base : float, default 10.0
        What is raised to the powers.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    TypeError
        For arrays, and for complex numbers with a real dtype.
    ValueError
        For a negative num.

    Examples
    --------
    >>> tenon.numpy.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    if not endpoint:
        powers = base ** linspace(start, stop, num, False)
        return asarray(powers, dtype or powers.dtype)
    return _C.logspace(start, stop, num, base=base, **_options(dtype, None))


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    k: int = 0,
    dtype: Any = None,
    *,
    device: Any = None,
    like: Any = None,
    M: int | None = None,
    **_: Any,
) -> Any:
    """Ones on the k-th diagonal: a new tensor.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    n_cols : int | None, optional
        The number of columns; None for n_rows.
    k : int, default 0
        The diagonal: 0 for the main one, positive above it, negative below it.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.
    M : int | None, optional
        The number of columns; None for N.
    _
        NumPy's M and k by other names.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For negative sizes.
    TypeError
        For what is no dtype.

    Examples
    --------
    >>> tenon.numpy.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    n_cols = M if n_cols is None else n_cols
    k = max(-n_rows, min(k, n_rows if n_cols is None else n_cols))  # beyond the matrix there are no ones
    return _C.eye(n_rows, n_cols, k, **_options(dtype, device, like))


def identity(n: int, dtype: Any = None, *, like: Any = None) -> Any:
    """The square matrix with ones on its diagonal: a new tensor.

    Parameters
    ----------
    n : int
        The number of rows and columns.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For a negative n.
    TypeError
        For what is no dtype.

    Examples
    --------
    >>> tenon.numpy.identity(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return eye(n, dtype=dtype, like=like)


def meshgrid(*xi: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False) -> tuple[Any, ...]:
    """Coordinate grids of vectors, a tuple of views; sparse: of size 1 in all other dimensions.

    copy is ignored.

    Parameters
    ----------
    xi
        The vectors.
    indexing : str, default 'xy'
        'xy', or 'ij' for matrices' order.
    copy : bool, default True
        True for a copy in any case, False to refuse one, None for one where it is needed.
    sparse : bool, default False
        True leaves dimensions at size 1.

    Returns
    -------
    tuple[Any, ...]
        Coordinate grids of vectors, a tuple of views; sparse: of size 1 in all other dimensions.

    Raises
    ------
    ValueError
        For another indexing than 'xy' and 'ij', and for more than one dimension (sparse flattens them).

    Examples
    --------
    >>> tenon.numpy.meshgrid([1, 2], [3, 4])
    (tensor([[1, 2],
            [1, 2]]), tensor([[3, 3],
            [4, 4]]))
    """
    if sparse:
        n = len(xi)
        grids = [tensor(x).reshape(tuple(-1 if d == i else 1 for d in range(n))) for i, x in enumerate(xi)]
        if indexing == "xy" and n > 1:
            grids[:2] = [
                grids[0].reshape((1, -1) + (1,) * (n - 2)),
                grids[1].reshape((-1, 1) + (1,) * (n - 2)),
            ]
        return tuple(grids)
    return tuple(_C.meshgrid([tensor(x) for x in xi], indexing=indexing)) if xi else ()
