"""Functions that PyTorch's scripts call around their models: values, gradients and errors."""

import itertools
import math

import numpy as np
import pytest
import tenon

REDUCTIONS = ["sum", "prod", "mean", "amax", "amin"]


def reduced(t, dim, index, src, reduce, include_self):
    """scatter_reduce element by element."""
    out = t.astype(np.float64)
    found = {}
    for at in np.ndindex(index.shape):
        to = list(at)
        to[dim] = index[at]
        found.setdefault(tuple(to), []).append(src[at])
    combine = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    for to, values in found.items():
        value = combine(([t[to]] if include_self else []) + values)
        out[to] = math.floor(value) if t.dtype.kind in "iu" else value
    return out.astype(t.dtype)


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "uint8"])
def test_scatter_reduce(reduce, include_self, dtype):
    random = np.random.default_rng(0)
    t = random.integers(0, 4, (5, 6)).astype(dtype)
    for dim, shape in ((0, (9, 6)), (1, (5, 40)), (-1, (3, 2))):
        index = random.integers(0, t.shape[dim], shape)
        src = random.integers(0, 3, (10, 41)).astype(dtype)
        got = tenon.scatter_reduce(
            tenon.from_numpy(t),
            dim,
            tenon.from_numpy(index),
            tenon.from_numpy(src),
            reduce,
            include_self=include_self,
        )
        wanted = reduced(t, dim, index, src, reduce, include_self)
        assert got.dtype == dtype and np.allclose(got, wanted), (dim, shape)
        again = tenon.tensor(t)
        assert (
            again.scatter_reduce_(
                dim, tenon.from_numpy(index), tenon.from_numpy(src), reduce, include_self=include_self
            )
            is again
        )
        assert np.allclose(again, wanted)


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("include_self", [True, False])
def test_gradients_of_scatter_reduce(reduce, include_self):
    random = np.random.default_rng(1)
    t = tenon.from_numpy(random.permutation(12).reshape(3, 4) + 0.5).requires_grad_()
    src = tenon.from_numpy(random.permutation(20).reshape(5, 4) - 7.25).requires_grad_()
    index = tenon.from_numpy(random.integers(0, 3, (5, 4)))

    def f(t, src):
        return tenon.scatter_reduce(t, 0, index, src, reduce, include_self=include_self)

    assert tenon.autograd.gradcheck(f, (t, src))
    assert tenon.autograd.gradgradcheck(f, (t, src))


def test_equal_extrema_share_the_gradient_and_zeros_have_one_of_products():
    t = tenon.tensor([3.0, 1.0], requires_grad=True)
    src = tenon.tensor([3.0, 3.0, 5.0], requires_grad=True)
    tenon.scatter_reduce(t, 0, tenon.tensor([0, 0, 1]), src, "amax").sum().backward()
    assert np.allclose(t.grad, [1 / 3, 0]) and np.allclose(src.grad, [1 / 3, 1 / 3, 1])
    t, src = tenon.tensor([2.0], requires_grad=True), tenon.tensor([0.0, 5.0], requires_grad=True)
    tenon.scatter_reduce(t, 0, tenon.tensor([0, 0]), src, "prod").sum().backward()
    assert t.grad.tolist() == [0] and src.grad.tolist() == [10, 0]


def test_extrema_of_nan_and_of_unsigned_bounds():
    nan = float("nan")
    for reduce in ("amax", "amin"):
        got = tenon.scatter_reduce(
            tenon.zeros(3), 0, tenon.tensor([0, 0, 1]), tenon.tensor([1.0, nan, 2.0]), reduce
        )
        assert np.isnan(got[0]) and not np.isnan(got[1:]).any()
    low = tenon.scatter_reduce(
        tenon.tensor([255], dtype=tenon.uint8),
        0,
        tenon.tensor([0, 0]),
        tenon.tensor([0, 7], dtype=tenon.uint8),
        "amin",
    )
    assert low.tolist() == [0]


def test_index_reduce_and_its_errors():
    t = tenon.tensor([[1.0, 2.0], [3.0, 4.0]])
    index, source = tenon.tensor([1, 1]), tenon.tensor([[5.0, 6.0], [7.0, 8.0]])
    assert tenon.index_reduce(t, 0, index, source, "prod").tolist() == [[1, 2], [105, 192]]
    assert t.index_reduce_(0, index, source, "mean", include_self=False).tolist() == [[1, 2], [6, 7]]
    with pytest.raises(ValueError, match=r"index_reduce: source must have an entry for each index"):
        tenon.index_reduce(t, 0, index, source[:1], "prod")
    with pytest.raises(ValueError, match="reduce is 'sum', 'prod', 'mean', 'amax' or 'amin'; got 'max'"):
        tenon.scatter_reduce(t, 0, index.reshape(2, 1), source, "max")
    with pytest.raises(IndexError, match=r"scatter_reduce: .*5"):
        tenon.scatter_reduce(t, 0, tenon.tensor([[5]]), source, "sum")


def test_masked_scatter():
    t, mask = tenon.zeros(2, 3), tenon.tensor([[True, False, True], [False, True, False]])
    source = tenon.arange(1.0, 7.0).requires_grad_()
    got = tenon.masked_scatter(t, mask, source)
    assert got.tolist() == [[1, 0, 2], [0, 3, 0]]
    got.sum().backward()
    assert source.grad.tolist() == [1, 1, 1, 0, 0, 0]
    assert t.masked_scatter_(mask, tenon.ones(3)) is t and t.sum() == 3
    assert tenon.masked_scatter(tenon.zeros(3), mask, tenon.ones(9)).shape == (2, 3)
    with pytest.raises(ValueError, match="source has 2 elements; the mask is true in 3 places"):
        t.masked_scatter_(mask, tenon.ones(2))
    with pytest.raises(TypeError, match="masked_scatter"):
        t.masked_scatter(mask, tenon.ones(3, dtype=tenon.float64))


def test_parts_are_replaced_in_a_copy():
    t = tenon.zeros(3, 4, dtype=tenon.float64, requires_grad=True)
    cases = [
        (tenon.select_scatter, (0, 1), lambda x: x[1]),
        (tenon.slice_scatter, (1, 1, None, 2), lambda x: x[:, 1::2]),
        (tenon.diagonal_scatter, (1,), lambda x: x.diagonal(1)),
        (tenon.as_strided_scatter, ((2, 2), (4, 1), 1), lambda x: x.as_strided((2, 2), (4, 1), 1)),
    ]
    for f, arguments, view in cases:
        src = tenon.randn(*view(t.detach()).shape, dtype=tenon.float64, requires_grad=True)
        y = f(t, src, *arguments)
        assert np.array_equal(view(y.detach()), src.detach()) and y.sum().item() == pytest.approx(
            src.sum().item()
        )
        assert not t.detach().any()
        assert tenon.autograd.gradcheck(lambda t, s, f=f, a=arguments: f(t, s, *a), (t, src))
        with pytest.raises(ValueError, match=f.__name__):
            f(t, tenon.zeros(7), *arguments)


def test_put_inplace_is_pytorchs():
    t = tenon.zeros(2, 3).T
    assert t.put_(tenon.tensor([[0, 1], [-1, 0]]), tenon.tensor([[1.0, 2.0], [3.0, 4.0]]), True) is t
    assert t.tolist() == [[5, 2], [0, 0], [0, 3]]
    with pytest.raises(IndexError):
        t.put_(tenon.tensor([6]), tenon.tensor([1.0]))
    with pytest.raises(ValueError, match="put_: source must have an element for each index, 1; got 2"):
        t.put_(tenon.tensor([0]), tenon.tensor([1.0, 2.0]))


@pytest.mark.parametrize("p", [0, 0.5, 1, 2, 3, float("inf")])
def test_cdist(p):
    random = np.random.default_rng(2)
    for a, b in (((4, 3), (5, 3)), ((2, 1, 30, 3), (3, 40, 3)), ((0, 3), (2, 3)), ((2, 0), (3, 0))):
        x, y = random.standard_normal(a), random.standard_normal(b)
        difference = x[..., :, None, :] - y[..., None, :, :]
        wanted = (
            np.linalg.norm(difference, p, -1)
            if difference.shape[-1]
            else np.zeros(np.broadcast_shapes(difference.shape)[:-1])
        )
        got = tenon.cdist(tenon.from_numpy(x), tenon.from_numpy(y), p)
        assert got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_short_distances_keep_their_digits():
    random = np.random.default_rng(3)
    x = random.standard_normal((200, 16)).astype(np.float32)
    y = x.copy()
    y[100:] = random.standard_normal((100, 16))
    y[:50] += random.standard_normal((50, 16)).astype(np.float32) * 1e-4
    x += 5
    y += 5
    wanted = np.linalg.norm(x[:, None].astype(np.float64) - y.astype(np.float64), axis=-1)
    got = tenon.cdist(tenon.from_numpy(x), tenon.from_numpy(y)).numpy()
    assert (got[50:100, 50:100].diagonal() == 0).all()
    assert np.allclose(got, wanted, rtol=2e-5, atol=0)
    near = tenon.cdist(tenon.from_numpy(x + 1000), tenon.from_numpy(y + 1000)).numpy()  # all are short
    wanted = np.linalg.norm((x + 1000)[:, None].astype(np.float64) - (y + 1000).astype(np.float64), axis=-1)
    assert np.allclose(near, wanted, rtol=1e-6, atol=0)


def test_gradients_of_cdist():
    random = np.random.default_rng(4)
    for n, p, mode in ((3, 2, "use_mm_for_euclid_dist"), (26, 2, None), (3, 1.5, None), (3, 2, None)):
        x = tenon.from_numpy(random.standard_normal((2, n, 2))).requires_grad_()
        y = tenon.from_numpy(random.standard_normal((3, 2)) + 5).requires_grad_()
        options = {"compute_mode": mode} if mode else {}
        assert tenon.autograd.gradcheck(lambda x, y, p=p, o=options: tenon.cdist(x, y, p, **o), (x, y))
        if n == 3:
            assert tenon.autograd.gradgradcheck(
                lambda x, y, p=p, o=options: tenon.cdist(x, y, p, **o), (x, y)
            )
    x = tenon.zeros(30, 2, requires_grad=True)
    tenon.cdist(x, x.detach()).sum().backward()
    assert not x.grad.any()


def test_errors_of_cdist():
    with pytest.raises(ValueError, match=r"cdist: rows of one length are needed.*got \(2, 3\) and \(2, 4\)"):
        tenon.cdist(tenon.zeros(2, 3), tenon.zeros(2, 4))
    with pytest.raises(ValueError, match="cdist: p must not be negative; got -1"):
        tenon.cdist(tenon.zeros(2, 3), tenon.zeros(2, 3), -1)
    with pytest.raises(ValueError, match="compute_mode is 'use_mm_for_euclid_dist_if_necessary'"):
        tenon.cdist(tenon.zeros(2, 3), tenon.zeros(2, 3), compute_mode="exact")
    with pytest.raises(TypeError, match="cdist"):
        tenon.cdist(tenon.zeros(2, 3, dtype=tenon.complex64), tenon.zeros(2, 3))


def test_dist_and_renorm():
    a, b = tenon.tensor([[3.0, 0.0]]), tenon.tensor([[0.0], [4.0]])
    assert tenon.dist(a, b, 1).item() == abs(3) + 0 + 1 + 4
    t = tenon.tensor([[3.0, 4.0], [0.3, 0.4]], dtype=tenon.float64, requires_grad=True)
    assert np.allclose(tenon.renorm(t.detach(), 2, 0, 1), [[0.6, 0.8], [0.3, 0.4]], atol=1e-6)
    assert np.allclose(tenon.renorm(t.detach(), 1, 1, 3.3), [[3, 3], [0.3, 0.3]], atol=1e-6)
    assert tenon.autograd.gradcheck(lambda t: tenon.renorm(t, 2, 0, 1), (t,))
    x = tenon.tensor([[3.0, 4.0]])
    assert x.renorm_(2, 0, 1) is x and np.allclose(x, [[0.6, 0.8]])


def test_complex_and_polar():
    re = tenon.tensor([1.0, -2.0], dtype=tenon.float64, requires_grad=True)
    im = tenon.tensor([[0.5], [3.0]], dtype=tenon.float64, requires_grad=True)
    assert np.array_equal(tenon.complex(re, im).detach(), re.detach().numpy() + 1j * im.detach().numpy())
    assert np.allclose(tenon.polar(re, im).detach(), re.detach().numpy() * np.exp(1j * im.detach().numpy()))
    for f in (tenon.complex, tenon.polar):
        assert tenon.autograd.gradcheck(f, (re, im)) and tenon.autograd.gradgradcheck(f, (re, im))
        with pytest.raises(TypeError, match=f"{f.__name__}: both parts are float32, or both float64"):
            f(tenon.ones(2), tenon.ones(2, dtype=tenon.float64))


def test_logcumsumexp():
    inf = float("inf")
    x = np.array(
        [[-inf, -inf, -800.0, 0.0], [1000.0, -1000.0, 1000.0, 3.0], [0.0, inf, 1.0, -inf], [0, np.nan, 1, 2]]
    )
    with np.errstate(invalid="ignore"):
        wanted = np.logaddexp.accumulate(x, axis=1)
        turned = np.logaddexp.accumulate(x, axis=0)
    assert np.allclose(tenon.logcumsumexp(tenon.from_numpy(x), 1), wanted, equal_nan=True)
    assert np.allclose(tenon.logcumsumexp(tenon.from_numpy(x), 0), turned, equal_nan=True)
    t = tenon.randn(3, 40, dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradcheck(lambda t: tenon.logcumsumexp(t, 1), (t,))
    assert tenon.autograd.gradgradcheck(lambda t: tenon.logcumsumexp(t, 0), (t,))
    with pytest.raises(TypeError, match="logcumsumexp"):
        tenon.logcumsumexp(tenon.zeros(2, dtype=tenon.complex64), 0)


def test_blocks_and_combinations():
    a, b = np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0])
    got = tenon.block_diag(tenon.from_numpy(a), tenon.from_numpy(b), tenon.tensor(9))
    assert (
        got.shape == (4, 6)
        and np.array_equal(got[:2, :3], a)
        and got[3, 5] == 9
        and got.sum() == a.sum() + 24
    )
    assert tenon.block_diag().shape == (1, 0)
    values = [[1, 2], [3], [4, 5, 6]]
    assert tenon.cartesian_prod(*map(tenon.tensor, values)).tolist() == [
        list(p) for p in itertools.product(*values)
    ]
    for r in range(5):
        for again, wanted in (
            (False, itertools.combinations(range(4), r)),
            (True, itertools.combinations_with_replacement(range(4), r)),
        ):
            found = tenon.combinations(tenon.arange(4), r, again)
            assert [tuple(x) for x in found.tolist()] == (list(wanted) if r else []), (r, again)


def test_bounds_one_by_one():
    t = tenon.tensor([-2.0, float("nan"), 5.0])
    assert np.array_equal(t.clamp_min(0), [0, np.nan, 5], equal_nan=True)
    assert np.array_equal(tenon.clamp_max(t, tenon.tensor([-3.0, 0.0, 9.0])), [-3, np.nan, 5], equal_nan=True)
    assert t.clamp_min_(1) is t and t.clamp_max_(2) is t and t[0] == 1 and t[2] == 2
    x = tenon.tensor([-1.0, 0.5, 2.0], dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradcheck(lambda x: x.clamp_min(0).clamp_max(1), (x,))


def test_parts_sizes_and_questions():
    t = tenon.arange(24).reshape(2, 3, 4)
    for name in ("hsplit", "vsplit", "dsplit"):
        for cut in (1, [1]):
            ours, numpys = getattr(tenon, name)(t, cut), getattr(np, name)(t.numpy(), cut)
            assert (
                isinstance(ours, tuple)
                and all(map(np.array_equal, ours, numpys))
                and len(ours) == len(numpys)
            )
    with pytest.raises(ValueError, match=r"dsplit: .*at least 3 dimensions"):
        tenon.dsplit(t[0], 2)
    assert [p.shape for p in t.split_with_sizes([1, 2], 1)] == [(2, 1, 4), (2, 2, 4)]
    assert tenon.narrow_copy(t, 2, 1, 2).is_contiguous()
    strided = tenon.empty_strided((2, 3), (1, 2), dtype=tenon.int8)
    assert strided.stride() == (1, 2) and strided.dtype == tenon.int8
    assert tenon.empty_permuted((2, 3, 5), (0, 2, 1)).stride() == (15, 1, 3)
    assert t.new_empty_strided((2,), (3,)).dtype == t.dtype
    with pytest.raises(ValueError, match="empty_strided"):
        tenon.empty_strided((2,), (1, 2))
    assert tenon.range(1, 2, 0.5).tolist() == [1, 1.5, 2] and tenon.range(3, 1, -1).tolist() == [3, 2, 1]
    assert tenon.scalar_tensor(2, dtype=tenon.int64).dtype == tenon.int64
    assert tenon.rsub(tenon.tensor([1.0]), 5, alpha=2).tolist() == [3]
    assert tenon.ones(4, 2, 3).sum_to_size(2, 1).tolist() == [[12], [12]]
    with pytest.raises(ValueError, match="sum_to_size"):
        tenon.ones(2, 3).sum_to_size(2)
    assert tenon.nonzero_static(tenon.tensor([0, 5, 6]), size=1).tolist() == [[1]]
    assert tenon.is_nonzero(tenon.tensor([0.5])) and not tenon.is_nonzero(tenon.tensor(0))
    with pytest.raises(ValueError, match="is_nonzero: one element is needed"):
        tenon.is_nonzero(tenon.zeros(2))
    assert tenon.is_same_size(tenon.zeros(2), tenon.ones(2))
    z = tenon.tensor([1j])
    assert not z.conj().is_conj() and z.resolve_conj() is z and not z.is_neg()


@pytest.mark.parametrize(
    ("draw", "mean", "median"),
    [
        (lambda t: t.exponential_(2.0), 0.5, math.log(2) / 2),
        (lambda t: t.log_normal_(0.0, 0.5), math.exp(0.125), 1.0),
        (lambda t: t.geometric_(0.25), 4.0, 3.0),
        (lambda t: t.cauchy_(3.0, 2.0), None, 3.0),
    ],
)
def test_random_numbers_in_place(draw, mean, median):
    tenon.manual_seed(0)
    t = tenon.empty(40_000)
    assert draw(t) is t
    assert np.median(t) == pytest.approx(median, abs=0.05)
    assert mean is None or t.mean().item() == pytest.approx(mean, rel=0.03)
    tenon.manual_seed(0)
    assert np.array_equal(draw(tenon.empty(40_000)), t)


def test_errors_of_random_numbers_in_place():
    for call, said in (
        (lambda: tenon.zeros(2).exponential_(0), "exponential_: lambd must be positive; got 0"),
        (lambda: tenon.zeros(2).geometric_(0), "geometric_: p must be in"),
        (lambda: tenon.zeros(2).cauchy_(0, 0), "cauchy_: sigma must be positive"),
        (lambda: tenon.zeros(2).log_normal_(0, 0), "log_normal_: std must be positive"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    with pytest.raises(TypeError, match="exponential_"):
        tenon.zeros(2, dtype=tenon.int64).exponential_()
    assert tenon.zeros(3, dtype=tenon.int64).geometric_(1.0).tolist() == [1, 1, 1]


def test_further_names():
    z = tenon.tensor([3 + 4j, 0])
    assert np.allclose(z.sgn(), [0.6 + 0.8j, 0]) and tenon.sgn(tenon.tensor([-2.0])).tolist() == [-1]
    assert tenon.conj_physical(z).tolist() == [3 - 4j, 0] and z.clone().sgn_()[1] == 0
    assert np.array_equal(z.reshape(1, 2).H, z.numpy().reshape(1, 2).conj().T)
    with pytest.raises(ValueError, match=r"H: .*a matrix"):
        z.H  # noqa: B018
    assert [p.tolist() for p in tenon.unsafe_chunk(tenon.arange(3), 2)] == [[0, 1], [2]]
    assert [p.tolist() for p in tenon.unsafe_split(tenon.arange(3), 2)] == [[0, 1], [2]]
    x = tenon.tensor([2.0, 3.5], dtype=tenon.float64)
    assert np.allclose(x.mvlgamma(2), tenon.special.multigammaln(x, 2))
    assert np.allclose(x.clone().mvlgamma_(2), x.mvlgamma(2)) and np.allclose(
        x.clone().polygamma_(1), x.polygamma(1)
    )
    assert x.clone().float_power_(2).tolist() == [4, 12.25]
    with pytest.raises(TypeError, match="float_power_"):
        tenon.ones(2).float_power_(2)
    assert x.layout == tenon.strided and not (x.is_sparse or x.is_quantized or x.is_meta or x.is_nested)


def test_empty_batches_of_images():
    f = tenon.nn.functional
    assert f.unfold(tenon.zeros(0, 1, 5, 5), 2).shape == (0, 4, 16)
    assert f.fractional_max_pool3d(tenon.zeros(0, 1, 4, 5, 4), 2, output_size=2).shape == (0, 1, 2, 2, 2)
    assert f.fractional_max_pool2d(tenon.zeros(0, 1, 4, 5), 2, output_size=2).shape == (0, 1, 2, 2)
    for mode in ("bilinear", "nearest", "bicubic"):
        assert f.grid_sample(tenon.zeros(0, 2, 3, 3), tenon.zeros(0, 4, 5, 2), mode).shape == (0, 2, 4, 5)


def test_methods_in_place_are_functions_too():
    t = tenon.zeros(2)
    assert tenon.exp_(t) is t and t.tolist() == [1, 1] and tenon.relu_(t) is t
    with pytest.raises(AttributeError, match="has no attribute 'nothing_'"):
        tenon.nothing_  # noqa: B018


@pytest.mark.parametrize("shape", [(4, 4), (2, 5, 3), (3, 5), (1, 1), (0, 3, 3)])
def test_lu_unpacked_is_what_was_factored(shape):
    a = tenon.randn(*shape, dtype=tenon.float64)
    factors, pivots, infos = tenon.lu(a, get_infos=True)
    assert infos.shape == a.shape[:-2]
    for got, wanted in zip(tenon.lu_unpack(factors, pivots), tenon.linalg.lu(a), strict=True):
        assert np.allclose(got, wanted)
    P, L, U = tenon.lu_unpack(factors, pivots, unpack_data=False)
    assert P.shape == (*shape[:-2], shape[-2], shape[-2]) and L.shape == U.shape == (0,)
    with pytest.raises(ValueError, match="lu_unpack: LU_pivots must have shape"):
        tenon.lu_unpack(factors, pivots[..., :0])


@pytest.mark.parametrize("shape", [(20, 12), (3, 12, 20)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_leading_singular_vectors(shape, dtype):
    tenon.manual_seed(0)
    left, right = (tenon.randn(*shape[:-2], n, 3, dtype=dtype) for n in shape[-2:])
    a = left @ right.mH  # of rank 3
    U, S, V = tenon.svd_lowrank(a, q=4)
    assert np.allclose((U * S.unsqueeze(-2)) @ V.mH, a)
    assert np.allclose(S[..., :3], tenon.linalg.svdvals(a)[..., :3])
    U, S, V = tenon.pca_lowrank(a, q=4)
    centred = a - a.mean(-2, keepdim=True)
    assert np.allclose((U * S.unsqueeze(-2)) @ V.mH, centred)
    with pytest.raises(ValueError, match="pca_lowrank: q must be between 0 and 12; got 13"):
        tenon.pca_lowrank(a, q=13)


def test_functions_of_numbers_overwrite_each_element():
    import torch

    data = np.arange(6, dtype=np.float32).reshape(2, 3)
    t, u = tenon.tensor(data), torch.tensor(data)
    assert t.apply_(lambda x: x * x - 1) is t
    assert t.tolist() == u.apply_(lambda x: x * x - 1).tolist()
    assert (
        t.map_(tenon.tensor([1.0, 2, 3]), lambda a, b: a / b).tolist()
        == (u / torch.tensor([1.0, 2, 3])).tolist()
    )
    t.T.map2_(t.T.clone(), tenon.tensor(2.0), lambda a, x, y: a + x * y)
    assert tenon.allclose(t, tenon.tensor((u / torch.tensor([1.0, 2, 3])).numpy()) * 3)
    assert tenon.zeros(0).apply_(lambda x: 1 / 0).shape == (0,)

    ints = tenon.tensor([1, 2, 3])
    with pytest.raises(ZeroDivisionError):
        ints.apply_(lambda x: 10 // (x - 2))
    with pytest.raises(OverflowError, match=r"apply_: .* is out of bounds for int64"):
        ints.apply_(lambda x: 10**30)
    with pytest.raises(TypeError, match="apply_: 'callable' must be a function of numbers; got int"):
        ints.apply_(3)
    with pytest.raises(
        RuntimeError, match=r"map_: a function of numbers has no gradient; use tensor.detach\(\)"
    ):
        tenon.ones(2).map_(tenon.ones(2).requires_grad_(), max)
    with pytest.raises(ValueError, match=r"map_: shape \(2,\) cannot be expanded to \(3,\)"):
        ints.map_(tenon.ones(2), max)
    assert ints.tolist() == [1, 2, 3]
