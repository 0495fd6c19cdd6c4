"""Windows, the short-time Fourier transform and its inverse, against PyTorch and SciPy."""

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")

TOP = ("bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window")


@pytest.mark.parametrize("name", TOP)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 51])
@pytest.mark.parametrize("periodic", [True, False])
def test_windows(name, n, periodic):
    ours = getattr(tenon, name)(n, periodic, dtype=tenon.float64)
    theirs = getattr(torch, name)(n, periodic, dtype=torch.float64)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12, atol=1e-15)
    single = getattr(tenon, name)(n, periodic=periodic)
    assert single.dtype is tenon.float32
    np.testing.assert_array_equal(single.numpy(), ours.numpy().astype(np.float32))


def test_arguments_of_windows():
    for args, keywords in [
        ((9, True, 0.5), {}),
        ((9, False, 0.5, 0.4), {}),
        ((9,), {"periodic": True, "alpha": 0.6, "beta": 0.4}),
    ]:
        ours, theirs = (T.hamming_window(*args, **keywords) for T in (tenon, torch))
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6)
    for beta in (0.0, 3.0, -3.0, 100.0):
        ours, theirs = (T.kaiser_window(9, True, beta, dtype=T.float64) for T in (tenon, torch))
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)
    assert np.isfinite(tenon.kaiser_window(9, True, 2000.0).numpy()).all()
    w = tenon.hann_window(5, dtype=tenon.bfloat16, device="cpu", requires_grad=True)
    assert w.dtype is tenon.bfloat16 and w.requires_grad and w.is_leaf
    tenon.set_default_dtype(tenon.float64)
    try:
        assert tenon.hann_window(5).dtype is tenon.float64
    finally:
        tenon.set_default_dtype(tenon.float32)


SIGNAL = [
    *(
        (name, {})
        for name in ("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann")
    ),
    *(("kaiser", {}), ("nuttall", {}), ("general_hamming", {}), ("general_hamming", {"alpha": 0.7})),
    *(("kaiser", {"beta": 2.0}), ("gaussian", {"std": 0.4}), ("exponential", {"tau": 3.0})),
    *(("general_cosine", {"a": [0.5, 0.3, 0.2]}), ("exponential", {"center": 1.5, "tau": 0.7})),
]


@pytest.mark.parametrize(("name", "keywords"), SIGNAL)
def test_windows_of_signals(name, keywords):
    for n in (0, 1, 2, 3, 8, 51):
        for sym in (False,) if "center" in keywords else (True, False):
            ours, theirs = (
                getattr(T.signal.windows, name)(n, sym=sym, dtype=T.float64, **keywords)
                for T in (tenon, torch)
            )
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: tenon.hann_window(-1), ValueError, "hann_window: the length must not be negative; got -1"),
        (lambda: tenon.hann_window(3.0), TypeError, "hann_window: the length must be an int; got 3.0"),
        (
            lambda: tenon.kaiser_window(3, dtype=tenon.int64),
            TypeError,
            "a window has a floating dtype; got int64",
        ),
        (lambda: tenon.bartlett_window(3, dtype=tenon.complex64), TypeError, "got complex64"),
        (lambda: tenon.signal.windows.hann(-1), ValueError, r"signal\.windows\.hann: the length"),
        (lambda: tenon.signal.windows.gaussian(3, std=0), ValueError, "std must be positive; got 0"),
        (lambda: tenon.signal.windows.exponential(3, tau=-1), ValueError, "tau must be positive"),
        (lambda: tenon.signal.windows.exponential(3, center=1.0), ValueError, "only with sym=False"),
        (lambda: tenon.signal.windows.kaiser(3, beta=-1.0), ValueError, "must not be negative"),
        (lambda: tenon.signal.windows.general_cosine(3, a=[]), ValueError, "must have a coefficient"),
        (lambda: tenon.signal.windows.general_cosine(3, a=3), TypeError, "an iterable of numbers; got 3"),
    ],
)
def test_errors_of_windows(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


# ---- stft ----

RNG = np.random.default_rng(0)
ONE, MANY = RNG.standard_normal(64), RNG.standard_normal((3, 50))
COMPLEX = MANY + 1j * RNG.standard_normal((3, 50))
WINDOW, ODD = np.hanning(12) + 0.1, RNG.random(7) + 0.2
TRANSFORMS = [
    (ONE, 12, {}),
    (MANY, 12, {}),
    (MANY, 13, {"hop_length": 5}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3}),
    (MANY, 12, {"window": ODD, "win_length": 7, "hop_length": 3}),
    (MANY, 12, {"window": ODD, "win_length": 7, "hop_length": 3, "center": False}),
    (MANY, 12, {"window": ODD, "win_length": 7, "hop_length": 3, "center": False, "align_to_window": True}),
    (MANY, 12, {"window": ODD, "win_length": 7, "hop_length": 3, "center": False, "align_to_window": False}),
    (MANY, 12, {"pad_mode": "constant", "normalized": True}),
    (MANY, 12, {"pad_mode": "replicate"}),
    (MANY, 12, {"pad_mode": "circular"}),
    (ONE, 12, {"onesided": False}),
    (ONE, 64, {"center": False}),
    (ONE, 1, {"hop_length": 1}),
    (COMPLEX, 12, {"window": WINDOW}),
    (COMPLEX, 12, {"onesided": False, "normalized": True}),
    (MANY, 12, {"window": WINDOW + 1j * WINDOW[::-1].copy()}),
    (MANY, 12, {"return_complex": False}),
    (COMPLEX, 12, {"return_complex": False}),
]


def called(T, x, n_fft, keywords, grad=False):
    window = keywords.get("window")
    tensors = [T.from_numpy(x.copy())] + ([] if window is None else [T.from_numpy(window.copy())])
    for t in tensors:
        t.requires_grad_(grad)
    options = {"return_complex": True, **keywords}
    if window is not None:
        options["window"] = tensors[1]
    return T.stft(tensors[0], n_fft, **options), tensors


@pytest.mark.parametrize("i", range(len(TRANSFORMS)))
@pytest.mark.filterwarnings("ignore:stft with return_complex=False")
def test_stft_and_its_gradients(i):
    x, n_fft, keywords = TRANSFORMS[i]
    results = []
    for T in (tenon, torch):
        y, tensors = called(T, x, n_fft, keywords, True)
        weights = T.from_numpy(np.random.default_rng(1).standard_normal(tuple(y.shape)))
        (y.abs().square() * weights).sum().backward()
        results.append([y.detach().numpy(), *(t.grad.numpy() for t in tensors)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


INVERSES = [
    (ONE, 12, {}, {}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3}, {"length": 50}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3}, {"length": 90}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3}, {"length": 20}),
    (MANY, 13, {"window": ODD, "win_length": 7, "hop_length": 3}, {}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3, "center": False}, {}),
    (MANY, 12, {"window": WINDOW, "hop_length": 3, "center": False}, {"length": 30}),
    (MANY, 12, {"normalized": True}, {}),
    (MANY, 12, {"onesided": False}, {}),
    (COMPLEX, 12, {"onesided": False}, {"return_complex": True}),
    (COMPLEX, 12, {}, {"return_complex": False}),
]


@pytest.mark.parametrize("i", range(len(INVERSES)))
def test_istft_and_its_gradients(i):
    x, n_fft, keywords, more = INVERSES[i]
    results = []
    for T in (tenon, torch):
        spectrum = called(T, x, n_fft, keywords)[0].detach().requires_grad_()
        options = {k: v for k, v in keywords.items() if k != "pad_mode"} | more
        tensors = [spectrum]
        if "window" in options:
            tensors.append(T.from_numpy(options["window"].copy()).requires_grad_())
            options["window"] = tensors[1]
        y = T.istft(spectrum, n_fft, **options)
        weights = T.from_numpy(np.random.default_rng(1).standard_normal(tuple(y.shape)))
        (y.abs().square() * weights).sum().backward()
        results.append([y.detach().numpy(), *(t.grad.numpy() for t in tensors)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_the_signal_comes_back():
    window = tenon.hann_window(16, dtype=tenon.float64)
    x = tenon.from_numpy(MANY.copy())
    y = x.stft(16, 4, window=window, return_complex=True).istft(16, 4, window=window, length=50)
    np.testing.assert_allclose(y.numpy(), MANY, atol=1e-13)
    single = tenon.stft(x.float(), 16, return_complex=True)
    assert single.dtype is tenon.complex64 and tenon.istft(single, 16).dtype is tenon.float32


def test_second_gradients():
    x = tenon.from_numpy(ONE[:14].copy()).requires_grad_()
    w = tenon.from_numpy(ODD.copy()).requires_grad_()

    def loss(x, w):
        z = tenon.stft(x, 7, 2, window=w, return_complex=True)
        return tenon.istft(z * z, 7, 2, window=w)

    assert tenon.autograd.gradcheck(loss, (x, w))
    assert tenon.autograd.gradgradcheck(loss, (x, w))


def test_complex_windows():
    with pytest.raises(ValueError, match=r"^istft: a complex window"):
        tenon.istft(Z, 8, window=tenon.ones(8) * 1j)


X, Z = tenon.ones(20), tenon.stft(tenon.ones(20), 8, return_complex=True)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: tenon.stft(X, 8), ValueError, "^stft: return_complex must be given"),
        (lambda: X.stft(8), ValueError, "^stft: return_complex must be given"),
        (lambda: tenon.stft(X, 8.0, return_complex=True), TypeError, "^stft: n_fft must be an int"),
        (lambda: tenon.stft(X, 0, return_complex=True), ValueError, "^stft: n_fft must be positive"),
        (
            lambda: tenon.stft(X, 2, return_complex=True),
            ValueError,
            "^stft: hop_length must be positive; got 0",
        ),
        (lambda: tenon.stft(X, 8, -1, return_complex=True), ValueError, "^stft: hop_length must be positive"),
        (
            lambda: tenon.stft(X, 8, 1, 9, return_complex=True),
            ValueError,
            "^stft: win_length must be n_fft at most",
        ),
        (
            lambda: tenon.stft(X, 8, window=X, return_complex=True),
            ValueError,
            "^stft: the window must have 8 el",
        ),
        (lambda: tenon.stft(X, 80, return_complex=True), ValueError, "^stft: 20 elements are too few"),
        (
            lambda: tenon.stft(X, 80, center=False, return_complex=True),
            ValueError,
            "n_fft = 80 elements at least",
        ),
        (
            lambda: tenon.stft(X, 8, align_to_window=True, return_complex=True),
            ValueError,
            "only with center=False",
        ),
        (lambda: tenon.stft(X * 1j, 8, onesided=True), ValueError, "^stft: onesided=True is for real"),
        (lambda: tenon.stft(X[None, None], 8, return_complex=True), ValueError, "1 or 2 dimensions"),
        (lambda: tenon.stft(X.long(), 8, return_complex=True), TypeError, "got int64"),
        (lambda: tenon.stft(X.half(), 8, return_complex=True), TypeError, "got float16"),
        (lambda: tenon.istft(X, 8), TypeError, "^istft: takes complex numbers"),
        (lambda: tenon.istft(Z[0], 8), ValueError, "2 or 3 dimensions"),
        (lambda: tenon.istft(Z, 10), ValueError, "^istft: n_fft=10 has 6 frequencies"),
        (lambda: tenon.istft(Z[:, :0], 8), ValueError, "there must be a window"),
        (lambda: tenon.istft(Z, 8, 9), ValueError, "^istft: hop_length must be win_length at most"),
        (lambda: tenon.istft(Z, 8, return_complex=True), ValueError, "^istft: half of the frequencies"),
        (
            lambda: Z.istft(8, window=tenon.zeros(8)),
            ValueError,
            "^istft: the squares of the windows add up to 0",
        ),
        (lambda: tenon.istft(Z, 8, length=0), ValueError, "^istft: length must be positive"),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
