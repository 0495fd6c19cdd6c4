"""orthogonal: a parametrization whose matrices stay orthogonal, or unitary, while they are trained."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._dtypes import finfo
from tenon._grad_mode import no_grad
from tenon.nn.module import Module
from tenon.nn.utils import parametrize

__all__ = ["orthogonal"]

_MAPS = ("matrix_exp", "cayley", "householder")


def _eye(like: Tensor, rows: int, columns: int) -> Tensor:
    return _C.eye(rows, columns, dtype=like.dtype, device=like.device)


def _adjoint(t: Tensor) -> Tensor:
    return t.mT.conj() if t.is_complex() else t.mT


def _is_orthogonal(q: Tensor) -> bool:
    n, k = q.shape[-2:]
    tolerance = 10 * n * finfo(q.dtype).eps
    return bool(_C.allclose(_adjoint(q) @ q, _eye(q, k, k), atol=tolerance))


def _made_orthogonal(t: Tensor) -> Tensor:
    """Q of the decomposition t = Q R where R has a positive diagonal."""
    from tenon import linalg  # which most models do without

    q, r = linalg.qr(t)
    return q * r.diagonal(0, -2, -1).sign().unsqueeze(-2)


def _reflected(reflectors: Tensor) -> Tensor:
    """The first columns of the product of Householder's reflections, whose vectors are below the diagonal."""
    n, k = reflectors.shape[-2:]
    below = reflectors.tril(-1)
    vectors, factors = below + _eye(below, n, k), 2 / (1 + (below * below).sum(-2))
    q = _eye(below, n, k).expand(below.shape)
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        q = q - factors[..., i, None, None] * (v @ (v.mT @ q))
    return q


def _reflectors_of(q: Tensor) -> Tensor:
    """What _reflected(), with the signs on the diagonal, makes the orthogonal q of (LAPACK's geqrf)."""
    a = q.clone()
    k = a.shape[-1]
    for i in range(k):
        column = a[..., i:, i].clone()
        alpha, rest = column[..., 0], (column[..., 1:] * column[..., 1:]).sum(-1)
        turned = rest > 0
        beta = _C.where(turned, -_C.copysign((alpha * alpha + rest).sqrt(), alpha), alpha)
        scale = _C.where(turned, alpha - beta, 1)
        v = _C.where(turned.unsqueeze(-1), column[..., 1:] / scale.unsqueeze(-1), 0)
        whole = _C.cat([_C.ones_like(column[..., :1]), v], -1).unsqueeze(-1)
        tau = _C.where(turned, (beta - alpha) / beta, 0)
        right = a[..., i:, i + 1 :].clone()
        a[..., i:, i + 1 :] = right - tau[..., None, None] * (whole @ (whole.mT @ right))
        # A column that is not turned is not reflected: its sign is the other one.
        a[..., i, i] = _C.where(turned, beta.sign(), -beta.sign())
        a[..., i + 1 :, i] = v
    return a.tril()


class _Orthogonal(Module):
    base: Tensor | None

    def __init__(self, weight: Tensor, how: str, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and how == "householder":
            raise ValueError("orthogonal: orthogonal_map='householder' takes no complex matrices")
        self.shape, self.orthogonal_map = weight.shape, how
        self._trivialized = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def _square(self, tall: Tensor) -> Tensor:
        """An orthogonal matrix by a map from skew-symmetric ones, of which tall is the lower half."""
        from tenon import linalg

        n, k = tall.shape[-2:]
        lower = tall.tril()
        if n != k:
            lower = _C.cat([lower, _C.zeros_like(lower[..., :1]).expand(*lower.shape[:-1], n - k)], -1)
        skew = lower - _adjoint(lower)
        if self.orthogonal_map == "matrix_exp":
            return linalg.matrix_exp(skew)[..., :k]
        one = _eye(skew, n, n)
        return linalg.solve(one - skew / 2, one + skew / 2)[..., :k]

    def forward(self, x: Tensor) -> Tensor:
        wide = x.shape[-2] < x.shape[-1]
        tall = x.mT if wide else x
        if self.orthogonal_map == "householder":
            signs = tall.detach().diagonal(0, -2, -1).trunc()
            q = _reflected(tall) * signs.unsqueeze(-2)
        else:
            q = self._square(tall)
        if self._trivialized:
            assert self.base is not None
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, value: Tensor) -> Tensor:
        with no_grad():
            return self._original_of(value)

    def _original_of(self, value: Tensor) -> Tensor:
        if value.shape != self.shape:
            raise ValueError(f"orthogonal: the matrices must have shape {self.shape}; got {value.shape}")
        wide = value.shape[-2] < value.shape[-1]
        q = value.mT if wide else value
        n, k = q.shape[-2:]
        if not self._trivialized:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    f"orthogonal: a matrix cannot be assigned with orthogonal_map={self.orthogonal_map!r} "
                    "and use_trivialization=False; leave that out"
                )
            made = _reflectors_of(q)
            return made.mT.clone() if wide else made
        if n != k:
            drawn = _C.randn(*q.shape[:-1], n - k, dtype=q.dtype, device=q.device)
            self.base = _made_orthogonal(_C.cat([q, drawn], -1))
        else:
            self.base = q.clone() if _is_orthogonal(q) else _made_orthogonal(q)
        # Of this all maps make the identity: its diagonal is that of the signs.
        return (-_eye(value, *value.shape[-2:])).expand(value.shape).clone()


@_documented()
def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """A matrix that stays orthogonal, or unitary, while it is trained (Lezcano-Casado, 2019).

    Of a matrix with fewer rows than columns the rows are orthonormal, else the columns.

    module: The module that has the parameter.
    name: Its name; a matrix, or a stack of them.
    orthogonal_map: 'matrix_exp', 'cayley' or 'householder'; None for the first of square and complex matrices
    and the last of others.
    use_trivialization: True multiplies by a fixed orthogonal matrix, the first value, so that any can be
    assigned.
    Returns: The module itself.
    ValueError: For a name that is no parameter or buffer, fewer than two dimensions, another map, complex
    matrices with 'householder', and a parametrization that is there already, but for
    use_trivialization=False with another map than that.

    >>> layer = tenon.nn.utils.parametrizations.orthogonal(tenon.nn.Linear(3, 2))
    >>> bool(tenon.allclose(layer.weight @ layer.weight.T, tenon.eye(2), atol=1e-6))
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"orthogonal: {type(module).__name__} has no parameter or buffer {name!r}")
    if weight.ndim < 2:
        raise ValueError(f"orthogonal: {name!r} must be a matrix, or a stack of them; got {weight.shape}")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1] or weight.is_complex()
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(f"orthogonal: orthogonal_map is one of {_MAPS}; got {orthogonal_map!r}")
    fixed = use_trivialization or orthogonal_map == "householder"
    if fixed and parametrize.is_parametrized(module, name):
        raise ValueError(
            f"orthogonal: {name!r} has a parametrization already, and only use_trivialization=False with "
            "'matrix_exp' or 'cayley' can follow one; take it away by parametrize.remove_parametrizations()"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)
