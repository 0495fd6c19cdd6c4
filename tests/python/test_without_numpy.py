"""NumPy is optional: everything but NumPy's own door works without it, and that door says what to install."""

import textwrap

import pytest
from support import run_python

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "ml_dtypes"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
import tenon
def refused(f, *words):
    try:
        f()
    except ImportError as error:
        assert all(w in str(error) for w in ("pip install numpy", *words)), error
    else:
        raise AssertionError("no error")
x = tenon.tensor([[1.0, 2.0], [3.0, 4.0]])
"""

WORKS = {
    "operations": """
        assert (x @ x + 1).tolist() == [[8.0, 11.0], [16.0, 23.0]]
        assert x.sum().item() == 10 and x.amax(0).tolist() == [3, 4] and tenon.where(x > 2, x, 0).sum() == 7
        assert tenon.cat([x, [[5, 6]]]).shape == (3, 2)
        assert tenon.sort(x, descending=True)[0].tolist() == [[2, 1], [4, 3]]
        assert tenon.randn(3, generator=tenon.Generator().manual_seed(1)).shape == (3,)
        assert tenon.ones(2, dtype=tenon.bfloat16).tolist() == [1, 1] and (x * 1j).dtype == tenon.complex64
        codes = {"f4": "float32", "<f8": "float64", ">i2": "int16", "|b1": "bool", "d": "float64"}
        assert all(tenon.zeros(2, dtype=code).dtype.name == name for code, name in codes.items())
        assert tenon.float32 == "float32" and tenon.float64 == float and hash(tenon.int8) != hash(tenon.bool)
        assert tenon.finfo(tenon.float32).bits == 32 and tenon.iinfo(tenon.int8).max == 127
    """,
    "indexing": """
        x[0, 1] = 7
        assert x[[0, 1], [1, 0]].tolist() == [7, 3] and x[x > 3].tolist() == [7, 4]
        assert x[:, ::-1].stride() == (2, -1)
        x[x > 5] = 0
        assert x.tolist() == [[1, 0], [3, 4]]
    """,
    "gradients": """
        w = tenon.tensor([1.0, 2.0], requires_grad=True)
        (x @ w).sum().backward()
        assert w.grad.tolist() == [4, 6]
        a = tenon.tensor([1.0, 2.0], dtype=tenon.float64, requires_grad=True)
        assert tenon.autograd.gradcheck(lambda a: a * a, (a,))
    """,
    "text": """
        assert repr(x) == "tensor([[1., 2.],\\n        [3., 4.]])" and "<table" in x._repr_html_()
        assert str(tenon.explain([1])).startswith("not shared")
        tenon.show_config()
    """,
    "memory": """
        import array
        shared = array.array("d", [1.0, 2.0])
        t = tenon.asarray(shared)
        shared[0] = 5.0
        assert t.tolist() == [5, 2] and tenon.asarray(b"ab").tolist() == [97, 98]
        assert tenon.frombuffer(bytes(8), dtype=tenon.int32).tolist() == [0, 0]
        m = memoryview(x)
        m[1, 1] = 9
        assert x[1, 1] == 9 and m.tolist() == x.tolist() and bytes(x) == x.tobytes()
        assert tenon.from_dlpack(x).data_ptr() == x.data_ptr() == x.__array_interface__["data"][0]
    """,
    "pickling": """
        import copy, pickle
        buffers = []
        data = pickle.dumps(x, protocol=5, buffer_callback=buffers.append)
        for y in (pickle.loads(pickle.dumps(x)), pickle.loads(data, buffers=buffers), copy.deepcopy(x)):
            assert y.tolist() == x.tolist()
        assert len(buffers) == 1
    """,
    "files": """
        import pathlib, sys
        folder = pathlib.Path(sys.argv[1])
        tenon.save_npy(folder / "x.npy", x)
        assert tenon.load_npy(folder / "x.npy").tolist() == x.tolist()
        mapped = tenon.load_npy(folder / "x.npy", mmap=True)
        assert mapped.readonly and mapped.tolist() == x.tolist()
        tenon.save_npz(folder / "x.npz", {"x": x})
        assert tenon.load_npz(folder / "x.npz")["x"].tolist() == x.tolist()
        tenon.save_safetensors(folder / "x.safetensors", {"x": x})
        tensors, _ = tenon.load_safetensors(folder / "x.safetensors")
        assert tensors["x"].tolist() == x.tolist()
    """,
    "NumPy's names": """
        xp = x.__array_namespace__()
        assert xp.percentile(x, 50).item() == 2.5 and xp.mean(x, axis=0).tolist() == [2, 3]
        assert xp.einsum("ij,kj->ik", x, x).tolist() == (x @ x.T).tolist()
        assert 29.9 < xp.linalg.norm(x).item() ** 2 < 30.1
        out = tenon.zeros(2)
        xp.sum(x, axis=0, out=out)
        xp.copyto(out, 1, where=xp.asarray([True, False]))
        assert out.tolist() == [1, 6] and xp.can_cast(xp.int8, xp.int16) and xp.finfo(xp.float32).bits == 32
        assert xp.unique(x).tolist() == [1, 2, 3, 4] and xp.histogram(x, 2)[0].tolist() == [2, 2]
        assert xp.fft.fftfreq(4).tolist() == [0, 0.25, -0.5, -0.25]
    """,
    "NumPy's door": """
        refused(x.numpy)
        refused(x.to_numpy)
        refused(x.__array__)
        refused(lambda: x.numpy(force=True))
        refused(lambda: tenon.from_numpy([1]), "from_numpy")
        refused(lambda: tenon.float32.numpy)
        refused(tenon.ones(2, dtype=tenon.bfloat16).numpy)
        xp = tenon.numpy
        refused(lambda: xp.fft.fft(x), "fft.fft")
    """,
}


@pytest.mark.parametrize("what", WORKS)
def test_without_numpy(what: str, tmp_path) -> None:
    program = BLOCK + textwrap.dedent(WORKS[what]) + "\nassert 'numpy' not in sys.modules\n"
    run_python(program, str(tmp_path))
