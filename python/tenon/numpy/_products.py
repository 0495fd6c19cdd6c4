"""Products of vectors, matrices and more, under NumPy's names: matmul, tensordot, einsum."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import axis_of, cast, deliver, tensor, widened

__all__ = [
    "cross", "dot", "einsum", "inner", "kron", "matmul", "matvec", "outer", "tensordot", "trace",
    "vdot", "vecdot", "vecmat",
]  # fmt: skip


def matmul(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """The matrix product: a new tensor of the promoted dtype.

    ValueError where the inner sizes differ, for 0-d operands and where leading dimensions do not broadcast;
    TypeError for float8.
    """
    return deliver(tensor(x1, "matmul") @ tensor(x2, "matmul"), out, "matmul")


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: the inner product over a's last and b's last but one dimension, as a new tensor.

    The product of the elements for 0-d operands. ValueError where the sizes differ, TypeError for float8.
    """
    x, y = tensor(a, "dot"), tensor(b, "dot")
    if x.ndim == 0 or y.ndim == 0:
        r = x * y
    elif y.ndim <= 2 or x.ndim == 1:
        r = x @ y
    else:
        r = tensordot(x, y, ((x.ndim - 1,), (y.ndim - 2,)))
    return deliver(r, out, "dot")


def vdot(a: Any, b: Any) -> Any:
    """The inner product of both, flattened; a is conjugated. A new 0-d tensor.

    ValueError where the numbers of elements differ, TypeError for float8.
    """
    return vecdot(tensor(a).reshape(-1), tensor(b).reshape(-1))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Inner products along an axis; x1 is conjugated. A new tensor without the axis.

    IndexError for an axis that is not there, ValueError where the sizes along it differ, TypeError for
    float8.
    """
    a, b = tensor(x1, "vecdot"), tensor(x2, "vecdot")
    if a.shape[axis_of(axis, a.ndim, "vecdot")] != b.shape[axis_of(axis, b.ndim, "vecdot")]:
        raise ValueError(f"vecdot: the sizes along axis {axis} differ: {tuple(a.shape)} and {tuple(b.shape)}")
    a, b = _C.movedim(a, axis, -1), _C.movedim(b, axis, -1)
    a = _C.conj(a) if a.dtype.is_complex else a
    return (a.reshape((*a.shape[:-1], 1, a.shape[-1])) @ b.reshape((*b.shape, 1)))[..., 0, 0]


def matvec(x1: Any, x2: Any, /) -> Any:
    """Products of matrices and vectors: a new tensor.

    ValueError where the inner sizes differ, TypeError for float8.
    """
    x = tensor(x2, "matvec")
    return (tensor(x1) @ x.reshape((*x.shape, 1)))[..., 0]


def vecmat(x1: Any, x2: Any, /) -> Any:
    """Products of vectors (conjugated) and matrices: a new tensor.

    ValueError where the inner sizes differ, TypeError for float8.
    """
    x = tensor(x1, "vecmat")
    x = _C.conj(x) if x.dtype.is_complex else x
    return (x.reshape((*x.shape[:-1], 1, x.shape[-1])) @ tensor(x2))[..., 0, :]


def inner(a: Any, b: Any) -> Any:
    """Sums of products over the last dimensions of both: a new tensor.

    ValueError where their sizes differ, TypeError for float8.
    """
    x, y = tensor(a, "inner"), tensor(b, "inner")
    return x * y if x.ndim == 0 or y.ndim == 0 else tensordot(x, y, ((x.ndim - 1,), (y.ndim - 1,)))


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """All products of an element of one with one of the other, both flattened: a new matrix.

    TypeError for float8.
    """
    return deliver(tensor(a).reshape((-1, 1)) * tensor(b).reshape((1, -1)), out, "outer")


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sums of products over the given axes of both: a new tensor with the others' sizes.

    axes: a number of last axes of a and first ones of b, or a pair of axes. IndexError for an axis that is
    not there, ValueError where sizes or numbers of axes differ and for a negative number, TypeError for
    float8.
    """
    x, y = tensor(a, "tensordot"), tensor(b, "tensordot")
    if isinstance(axes, int):
        if axes < 0:
            raise ValueError(f"tensordot: the number of axes must not be negative; got {axes}")
        if axes > min(x.ndim, y.ndim):
            raise IndexError(
                f"tensordot: {axes} axes are more than the shapes {tuple(x.shape)} and {tuple(y.shape)} have"
            )
        first, second = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    else:
        first, second = ([v] if isinstance(v, int) else list(v) for v in axes)
        first = [axis_of(d, x.ndim, "tensordot") for d in first]
        second = [axis_of(d, y.ndim, "tensordot") for d in second]
    if [x.shape[d] for d in first] != [y.shape[d] for d in second]:
        raise ValueError(
            f"tensordot: the axes {axes} of {tuple(x.shape)} and {tuple(y.shape)} have different sizes"
        )
    kept_x = [d for d in range(x.ndim) if d not in first]
    kept_y = [d for d in range(y.ndim) if d not in second]
    n = 1
    for d in first:
        n *= x.shape[d]
    rows = _product(x.shape[d] for d in kept_x)
    columns = _product(y.shape[d] for d in kept_y)
    left = x.permute(tuple(kept_x + first)).reshape((rows, n))
    right = y.permute(tuple(second + kept_y)).reshape((n, columns))
    return (left @ right).reshape((*(x.shape[d] for d in kept_x), *(y.shape[d] for d in kept_y)))


def _product(sizes: Any) -> int:
    n = 1
    for s in sizes:
        n *= s
    return n


def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **_: Any) -> Any:
    """Sums of products by Einstein's convention: "ij,jk->ik". Operands join from left to right.

    A new tensor, or a view where nothing is summed or multiplied. ValueError for subscripts that do not fit
    the operands, their shapes or each other; TypeError for the form without a string of subscripts.
    """
    if not isinstance(subscripts, str):
        raise TypeError("einsum: only the form with a string of subscripts is supported")
    ts = [tensor(o, "einsum") for o in operands]
    dtype = _C.result_type(*ts)
    if len(ts) > 2:
        ts = [widened(t) for t in ts]
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ts):
        raise ValueError(f"einsum: {len(terms)} subscripts for {len(ts)} operands")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in text]
    dots = max(
        (t.ndim - len(s.replace("...", "")) for s, t in zip(terms, ts, strict=True) if "..." in s), default=0
    )
    names = "".join(spare[:dots])
    terms = [
        s.replace("...", names[dots - (t.ndim - len(s.replace("...", ""))) :])
        for s, t in zip(terms, ts, strict=True)
    ]
    if arrow:
        right = right.replace("...", names)
    else:
        once = sorted(c for c in set("".join(terms)) - set(names) if "".join(terms).count(c) == 1)
        right = names + "".join(once)
    sizes: dict[str, int] = {}
    for i, (s, t) in enumerate(zip(terms, ts, strict=True)):
        if len(s) != t.ndim:
            raise ValueError(f"einsum: the subscripts {s!r} do not fit the shape {tuple(t.shape)}")
        while len(set(s)) < len(s):  # a repeated subscript: the diagonal
            c = next(c for c in s if s.count(c) > 1)
            a, b = s.index(c), s.rindex(c)
            t = _C.diagonal(t, 0, a, b)
            s = s[:a] + s[a + 1 : b] + s[b + 1 :] + c
        terms[i], ts[i] = s, t
        for c, n in zip(s, t.shape, strict=True):
            if sizes.setdefault(c, n) not in (n, 1) and n != 1:
                raise ValueError(f"einsum: subscript {c!r} stands for sizes {sizes[c]} and {n}")
            sizes[c] = max(sizes[c], n)

    def keep(t: Any, s: str, wanted: str) -> tuple[Any, str]:
        gone = tuple(d for d, c in enumerate(s) if c not in wanted)
        return (_C.sum(t, gone) if gone else t), "".join(c for c in s if c in wanted)

    r, s = ts[0], terms[0]
    for i in range(1, len(ts)):
        later = right + "".join(terms[i:])
        r, s = keep(r, s, later)
        other, o = keep(ts[i], terms[i], right + s + "".join(terms[i + 1 :]))
        ends = right + "".join(terms[i + 1 :])
        batch = [c for c in s if c in o and c in ends]
        summed = [c for c in s if c in o and c not in ends]
        rest_r, rest_o = [c for c in s if c not in o], [c for c in o if c not in s]

        def ordered(t: Any, own: str, order: list[str]) -> Any:
            t = t.permute(tuple(own.index(c) for c in order))
            return t.expand(tuple(sizes[c] for c in order))

        shape_b, shape_m, shape_k, shape_n = (
            tuple(sizes[c] for c in part) for part in (batch, rest_r, summed, rest_o)
        )
        x = ordered(r, s, batch + rest_r + summed).reshape((*shape_b, _product(shape_m), _product(shape_k)))
        y = ordered(other, o, batch + summed + rest_o).reshape(
            (*shape_b, _product(shape_k), _product(shape_n))
        )
        r, s = (x @ y).reshape((*shape_b, *shape_m, *shape_n)), "".join(batch + rest_r + rest_o)
    r, s = keep(r, s, right)
    missing = [c for c in right if c not in s]
    if missing:
        raise ValueError(f"einsum: the output subscript {missing[0]!r} stands in no operand")
    r = cast(r, dtype) if len(ts) > 2 else r
    return deliver(r.permute(tuple(s.index(c) for c in right)) if s else r, out, "einsum")


def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: a new tensor.

    TypeError for float8.
    """
    x, y = tensor(a, "kron"), tensor(b, "kron")
    n = max(x.ndim, y.ndim)
    x = x.reshape((*(1,) * (n - x.ndim), *x.shape))
    y = y.reshape((*(1,) * (n - y.ndim), *y.shape))
    wide = x.reshape(tuple(v for s in x.shape for v in (s, 1))) * y.reshape(
        tuple(v for s in y.shape for v in (1, s))
    )
    return wide.reshape(tuple(p * q for p, q in zip(x.shape, y.shape, strict=True)))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of three elements: a new tensor.

    IndexError for an axis that is not there, ValueError for vectors of another length and for shapes that do
    not broadcast.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _C.movedim(tensor(a), axisa, -1), _C.movedim(tensor(b), axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ValueError(
            f"cross: vectors of three elements are needed; got shapes {tuple(x.shape)} and {tuple(y.shape)}"
        )
    # float16 is rounded after the difference only.
    parts = [
        widened(x[..., i]) * y[..., j] - widened(x[..., j]) * y[..., i] for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    return cast(_C.stack(parts, axisc), _C.promote_types(x.dtype, y.dtype))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum along a diagonal: a new tensor without the two axes.

    IndexError for an axis that is not there, ValueError for a repeated one and for fewer than two dimensions,
    TypeError for float8.
    """
    return deliver(
        _C.sum(_C.diagonal(tensor(a, "trace"), offset, axis1, axis2), -1, dtype=dtype), out, "trace"
    )
