"""What the Array API standard asks of ``tenon.numpy`` beyond NumPy, and where tenon keeps NumPy's ways."""

import inspect

import numpy as np
import pytest
import tenon
import tenon.numpy as xp


def test_the_namespace_of_a_tensor() -> None:
    t = tenon.ones(2)
    for version in (None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        assert t.__array_namespace__(api_version=version) is xp
    with pytest.raises(ValueError, match="2020"):
        t.__array_namespace__(api_version="2020.01")
    info = xp.__array_namespace_info__()
    assert info.default_dtypes()["real floating"] == tenon.get_default_dtype()
    assert info.dtypes(kind="real floating") == {"float32": tenon.float32, "float64": tenon.float64}
    assert tenon.device("cpu") in info.devices() and info.capabilities()["boolean indexing"]


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("clip", "min max"),
        ("linalg.cholesky", "upper"),
        ("linalg.matrix_rank", "rtol"),
        ("linalg.pinv", "rtol"),
        ("linalg.qr", "mode"),
        ("linalg.svd", "full_matrices"),
        ("linalg.trace", "offset dtype"),
        ("fft.fft", "n axis norm"),
        ("fft.irfftn", "s axes norm"),
        ("fft.fftfreq", "d dtype device"),
        ("fft.fftshift", "axes"),
    ],
)
def test_arguments_have_the_standards_names(name: str, arguments: str) -> None:
    f = xp
    for part in name.split("."):
        f = getattr(f, part)
    assert set(arguments.split()) <= set(inspect.signature(f).parameters)
    assert f.__doc__


def test_limits_carry_a_dtype() -> None:
    assert xp.finfo(tenon.complex64).dtype is tenon.float32 and xp.finfo(xp.ones(1)).bits == 32
    assert xp.iinfo(tenon.uint8).dtype is tenon.uint8
    assert tenon.finfo(tenon.float64).dtype == "float64"  # PyTorch's is a name


def test_dtypes_equal_numpys() -> None:
    assert tenon.float32 == np.dtype("f4") and np.dtype("f4") == tenon.float32
    assert tenon.float32 == np.float32 and tenon.int64 == np.int64 and tenon.bool == np.bool_
    assert (
        tenon.float32 != np.dtype("f8") and tenon.float32 != np.float64 and tenon.float32 != np.dtype(">f4")
    )
    assert tenon.bfloat16 != np.float16 and tenon.float32 != tenon.float64
    assert len({tenon.float32, tenon.dtype("f4"), tenon.float64}) == 2


WORDS = [
    bool,
    int,
    float,
    complex,
    object,
    str,
    "float64",
    "f8",
    "<f8",
    ">f8",
    "d",
    "float32",
    "?",
    "int64",
    "no dtype",
]


@pytest.mark.parametrize("word", WORDS, ids=repr)
def test_dtypes_equal_what_numpys_do(word: object) -> None:
    for own in (tenon.bool, tenon.int64, tenon.float32, tenon.float64, tenon.complex128):
        try:
            expected = own.numpy == word
        except TypeError:  # NumPy's own answer to a word that it does not know
            expected = False
        assert (own == word) is (word == own) is expected and (own != word) is not expected


def test_dtypes_hash_as_numpys() -> None:
    for own in (tenon.bool, tenon.int8, tenon.uint64, tenon.float16, tenon.float64, tenon.complex64):
        assert hash(own) == hash(own.numpy) and {own.numpy: 1}[own] == 1 and {own: 1}[own.numpy] == 1
    assert np.isdtype(tenon.float64, "real floating") and not np.isdtype(tenon.int8, "real floating")


def test_dtypes_are_numpys_to_isinstance() -> None:
    assert isinstance(tenon.float32, np.dtype) and isinstance(tenon.float32, tenon.dtype)
    assert type(tenon.float32) is tenon.dtype and np.dtype(tenon.float32) == np.float32


def test_eye_takes_any_diagonal() -> None:
    for k in (2**63, -(2**70), 3, -3):
        assert xp.eye(3, k=k).sum().item() == 0
    assert xp.eye(2, 3, k=2).tolist() == np.eye(2, 3, k=2).tolist()


def test_an_empty_range_has_the_dtype_of_its_ends() -> None:
    assert (
        xp.arange(0.0).dtype == xp.arange(3, 1.0).dtype == tenon.float32 and xp.arange(0).dtype == tenon.int64
    )


def test_nonzero_refuses_0_dimensions() -> None:
    with pytest.raises(ValueError, match="atleast_1d"):
        xp.nonzero(tenon.tensor(1))


def test_clip_writes_where_it_may() -> None:
    t, out = tenon.tensor([1.0, 5.0, 9.0]), tenon.zeros(3)
    np.clip(t, 2, 6, out=out, where=tenon.tensor([True, False, True]))
    assert out.tolist() == [2, 0, 6]
    assert np.clip(t, a_min=3, a_max=None).tolist() == xp.clip(t, min=3).tolist() == [3, 5, 9]


@pytest.mark.parametrize("shape,mask", [((3, 2), (0, 2)), ((3, 2), (3, 0)), ((3, 2), (0,)), ((0, 1), (0, 0))])
def test_masks_of_size_0_select_nothing(shape: tuple[int, ...], mask: tuple[int, ...]) -> None:
    got = tenon.ones(*shape)[tenon.ones(*mask, dtype=tenon.bool)]
    assert got.shape == np.ones(shape)[np.ones(mask, bool)].shape


# ---- linalg and fft ----


def test_diagonals_are_those_of_the_last_two_dimensions() -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    t = tenon.from_numpy(a)
    assert xp.linalg.diagonal(t, offset=1).tolist() == np.diagonal(a, 1, -2, -1).tolist()
    assert xp.linalg.trace(t, dtype=tenon.float32).tolist() == np.trace(a, 0, -2, -1).tolist()
    assert xp.diagonal(t).tolist() == np.diagonal(a).tolist()  # NumPy's outside linalg: the first two
    assert np.shares_memory(xp.linalg.diagonal(t).numpy(), a)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_eigenvalues_are_complex(dtype: str) -> None:
    a = np.array([[2, 1], [1, 3]], dtype)
    values, vectors = xp.linalg.eig(tenon.from_numpy(a))
    assert values.dtype == vectors.dtype == np.result_type(a.dtype, np.complex64)
    assert xp.linalg.eigvals(tenon.from_numpy(a)).dtype == values.dtype
    np.testing.assert_allclose(a @ vectors.numpy(), vectors.numpy() * values.numpy(), rtol=1e-5)


def test_cholesky_of_both_sides() -> None:
    a = np.array([[4, 2 - 2j], [2 + 2j, 6]])
    lower, upper = (xp.linalg.cholesky(tenon.from_numpy(a), upper=u).numpy() for u in (False, True))
    np.testing.assert_allclose(lower, np.linalg.cholesky(a))
    np.testing.assert_allclose(upper.conj().T @ upper, a)


@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name: str, n: int) -> None:
    theirs = getattr(np.fft, name)(n, 0.5)
    ours = getattr(xp.fft, name)(n, 0.5)
    assert ours.dtype == tenon.float32 and ours.tolist() == theirs.astype("f4").tolist()
    assert getattr(xp.fft, name)(n, 0.5, dtype=tenon.float64).tolist() == theirs.tolist()


# ---- sets ----


def test_unique() -> None:
    a = np.array([[3.0, 1.0], [np.nan, 3.0]])
    t = tenon.from_numpy(a)
    every = xp.unique_all(t)
    assert xp.unique_values(t)[:2].tolist() == every.values[:2].tolist() == [1, 3]
    assert every.counts.tolist() == xp.unique_counts(t).counts.tolist() == [1, 2, 1]
    assert every.indices.tolist() == [1, 0, 2]
    assert every.inverse_indices.tolist() == xp.unique_inverse(t).inverse_indices.tolist() == [[1, 0], [2, 1]]
    assert xp.unique_values(tenon.tensor([np.nan, np.nan])).shape == (2,)  # each is distinct


# ---- special values ----


@pytest.mark.parametrize(
    "z,wanted",
    [
        (complex(np.inf, 0), complex(np.inf, 0)),
        (complex(-np.inf, np.inf), complex(-1, 0)),
        (complex(-np.inf, np.nan), complex(-1, 0)),
        (complex(np.inf, np.inf), complex(np.inf, np.nan)),
        (complex(np.inf, np.nan), complex(np.inf, np.nan)),
        (complex(np.nan, 0), complex(np.nan, 0)),
        (complex(0, np.inf), complex(np.nan, np.nan)),
        (complex(1000, 0), complex(np.inf, 0)),
        (complex(-1000, 2), complex(-1, 0)),
    ],
)
@pytest.mark.parametrize("dtype", [tenon.complex64, tenon.complex128])
def test_expm1_of_complex_infinities(z: complex, wanted: complex, dtype: tenon.dtype) -> None:
    got = xp.expm1(tenon.tensor([z], dtype=dtype)).numpy()[0]
    np.testing.assert_equal(
        [abs(got.real) if np.isinf(got.real) else got.real, got.imag], [wanted.real, wanted.imag]
    )


def test_floor_division_keeps_numpys_infinities() -> None:
    """The standard's differ (inf // 1 is inf there); design.md keeps Python's and NumPy's."""
    a, b = np.array([np.inf, -np.inf, 1.0, -1.0]), np.array([1.0, -2.0, -np.inf, np.inf])
    with np.errstate(invalid="ignore"):
        wanted = a // b
    np.testing.assert_array_equal((tenon.from_numpy(a) // tenon.from_numpy(b)).numpy(), wanted)
