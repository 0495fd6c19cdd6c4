"""NVIDIA's libraries behind CUDA's backend, by stand-ins on the host: how they are called, or missed.

A stand-in has the library's C entries, checks what it is told and computes on the host. It shows layouts,
strides, transposes, alignments and errors; what the library itself does it cannot show.
"""

import textwrap

import pytest
from support import PACKAGE, host_environment, run_python

pytestmark = pytest.mark.border

CUBLASLT = PACKAGE.parents[1] / "libtenon_standin_cublaslt.so"

PROLOGUE = """
import ctypes, itertools, os
import numpy as np
import pytest
import tenon
library = ctypes.CDLL(os.environ['TENON_CUBLASLT_LIB'])
rng = np.random.default_rng(0)
def numbers(*shape, dtype='float32'):
    a = rng.normal(size=shape) + (1j * rng.normal(size=shape) if 'complex' in dtype else 0)
    return a.astype(dtype)
def on(a):
    t = tenon.empty_strided(a.shape, [s // a.itemsize for s in a.strides], dtype=str(a.dtype), device='cuda')
    t.copy_(tenon.tensor(a))
    return t
def products(f):
    before = library.standin_products()
    result = f()
    return result, library.standin_products() - before
def close(t, expected, dtype='float32'):
    wide = dtype in ('float64', 'complex128')
    tolerance = {'float16': 2e-2, 'bfloat16': 1e-1}.get(dtype, 1e-10 if wide else 1e-4)
    got = t.cpu().to(tenon.float64 if 'float' in dtype else tenon.complex128).numpy()
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
"""


def run(program: str, **environment: str) -> str:
    if not CUBLASLT.exists():
        pytest.skip("the stand-in for cuBLASLt is not built")
    variables = {"TENON_CUBLASLT_LIB": str(CUBLASLT)} | environment
    return run_python(PROLOGUE + textwrap.dedent(program), **host_environment(), **variables)


def test_every_dtype_that_the_library_has() -> None:
    run(
        """
        for dtype in ('float16', 'float32', 'float64', 'complex64', 'complex128'):
            a, b = numbers(5, 7, dtype=dtype), numbers(7, 3, dtype=dtype)
            y, n = products(lambda: on(a) @ on(b))
            assert n == 1, dtype
            close(y, a.astype('complex128' if 'complex' in dtype else 'float64') @ b, dtype)
        a, b = numbers(5, 7), numbers(7, 3)
        y, n = products(lambda: on(a).to(tenon.bfloat16) @ on(b).to(tenon.bfloat16))
        assert n == 1 and y.dtype == tenon.bfloat16
        close(y, a @ b, 'bfloat16')
        i = np.arange(12).reshape(3, 4)
        y, n = products(lambda: on(i) @ on(i.T.copy()))  # integers: own kernels
        assert n == 0 and y.tolist() == (i @ i.T).tolist()
        """
    )


def test_layouts_without_a_copy() -> None:
    run(
        """
        def layouts(m, n):
            yield numbers(m, n)
            yield numbers(n, m).T
            yield numbers(m, n + 3)[:, 1:n + 1]  # wide rows, and data that is aligned to 4 bytes
            yield numbers(n + 2, m + 1)[2:, :m].T
        for m, k, n in ((5, 7, 3), (1, 7, 3), (5, 1, 3), (5, 7, 1), (1, 1, 1), (64, 65, 33)):
            for a, b in itertools.product(layouts(m, k), layouts(k, n)):
                y, count = products(lambda: on(a) @ on(b))
                assert count == 1, (m, k, n, a.strides, b.strides)
                close(y, a @ b)
        whole = numbers(4, 9)  # no such layout: own kernels, and right
        wide = on(whole)
        y, count = products(lambda: wide[:, ::2] @ wide[:, ::2].T)
        assert count == 0
        close(y, whole[:, ::2] @ whole[:, ::2].T)
        one = tenon.ones(1, 6, device='cuda').expand(4, 6)  # rows that lie on each other
        y, count = products(lambda: one @ on(np.eye(6, dtype='f4')))
        close(y, np.ones((4, 6)))
        out = tenon.empty(3, 5, device='cuda').t()  # a result that lies column by column
        a, b = numbers(5, 7), numbers(7, 3)
        _, count = products(lambda: tenon.matmul(on(a), on(b), out=out))
        close(out, a @ b)
        """
    )


def test_batches() -> None:
    run(
        """
        a, b = numbers(6, 4, 5), numbers(6, 5, 3)
        y, n = products(lambda: on(a) @ on(b))
        assert n == 1
        close(y, a @ b)
        y, n = products(lambda: on(a) @ on(b[0]))
        close(y, a @ b[0])
        y, n = products(lambda: on(a[0]) @ on(b))  # one matrix for all: a stride of 0
        assert n == 1
        close(y, a[0] @ b)
        y, n = products(lambda: on(a).transpose(1, 2) @ on(a))
        assert n == 1
        close(y, a.transpose(0, 2, 1) @ a)
        c, d = numbers(2, 3, 4, 5), numbers(3, 5, 2)
        y, n = products(lambda: on(c) @ on(d))
        assert 1 <= n <= 6
        close(y, c @ d)
        e, f = numbers(70, 3, 2, 2), numbers(1, 3, 2, 2)
        y, n = products(lambda: on(e).transpose(0, 1).transpose(0, 1) @ on(f))
        close(y, e @ f)
        y, n = products(lambda: tenon.empty(0, 3, 4, device='cuda') @ tenon.empty(0, 4, 2, device='cuda'))
        assert y.shape == (0, 3, 2) and n == 0
        """
    )


def test_layers_and_graphs_go_through_it() -> None:
    run(
        """
        tenon.manual_seed(0)
        layer = tenon.nn.Linear(8, 4)
        x = tenon.randn(3, 8)
        expected = layer(x)
        (expected * expected).sum().backward()
        wanted = layer.weight.grad.clone()
        layer.zero_grad()
        layer.to('cuda')
        y, n = products(lambda: layer(x.to('cuda')))
        assert n == 1
        _, n = products(lambda: (y * y).sum().backward())
        assert n >= 1
        close(y.detach(), expected.detach().numpy())
        close(layer.weight.grad, wanted.numpy())
        a, b = on(numbers(4, 5)), on(numbers(5, 6))
        g = tenon.cuda.CUDAGraph()
        with tenon.cuda.graph(g):
            y = a @ b
        for k in range(3):
            a.fill_(float(k))
            g.replay()
            close(y, a.cpu().numpy() @ b.cpu().numpy())
        """
    )


def test_what_goes_wrong() -> None:
    run(
        """
        a = on(numbers(4, 4))
        library.standin_fail(1)
        with pytest.raises(RuntimeError, match='matmul: .*: cuBLASLt: CUBLAS_STATUS_EXECUTION'):
            a @ a
        close(a @ a, a.cpu().numpy() @ a.cpu().numpy())
        """
    )
    run(
        """
        a = on(numbers(4, 4))
        for _ in range(2):
            with pytest.raises(RuntimeError, match='cuBLASLt 12 was found, and 13 is needed; install'):
                a @ a
        assert (a + a).shape == (4, 4)
        """,
        TENON_STANDIN_VERSION="120804",
    )
    run_python(
        """
        import pytest, tenon
        a = tenon.ones(3, 3, device='cuda')
        with pytest.raises(RuntimeError, match='TENON_CUBLASLT_LIB cannot be loaded: /nonexistent.so'):
            a @ a
        i = tenon.ones(3, 3, device='cuda', dtype='int64')
        assert (i @ i).tolist() == [[3] * 3] * 3
        """,
        TENON_CUBLASLT_LIB="/nonexistent.so",
        **host_environment(),
    )


def test_without_the_library_own_kernels_multiply() -> None:
    run_python(
        """
        import tenon
        a = tenon.ones(3, 3, device='cuda')
        assert (a @ a).tolist() == [[3.0] * 3] * 3
        """,
        **host_environment(),
    )
