"""What may not be written, and what does not cross: the errors, and that they cost nothing."""

import gc
import sys

import numpy as np
import pytest
import tenon
from support import address, collect

pytestmark = pytest.mark.border

# ---- read-only ----


def test_read_only_travels() -> None:
    array = np.arange(6.0)
    array.flags.writeable = False
    t = tenon.from_numpy(array)
    for view in (t, t[1:], t.T, t.detach(), t.reshape((2, 3)), t[None]):
        assert view.readonly
        assert not view.numpy().flags.writeable
        assert memoryview(view).readonly
        with pytest.raises(ValueError, match=r"read-only"):
            view.numpy()[...] = 0
    writes = [
        lambda: t.__setitem__(0, 1.0),
        lambda: t.add_(1),
        lambda: t.fill_(1),
        lambda: t.__iadd__(1),
        lambda: t.copy_(t),
        lambda: tenon.add(t, 1, out=t),
    ]
    for write in writes:
        with pytest.raises((RuntimeError, ValueError), match=r"(?s)read-only.*clone"):
            write()
    assert t.tolist() == [0, 1, 2, 3, 4, 5]
    copy = t.clone()
    assert not copy.readonly
    copy += 1
    assert t[0].item() == 0


def test_read_only_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    array = np.zeros(5)
    array.flags.writeable = False
    tenon.from_numpy(array)
    tenon.tensor([np.array([0]), np.array([1])])  # nor do lists of arrays
    assert not recwarn.list


def test_bytes_and_memory_maps_are_read_only(tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    t = tenon.from_numpy(mapped)
    assert t.readonly
    assert t.data_ptr() == address(mapped)
    assert tenon.from_numpy(np.frombuffer(b"\x01\x02", np.uint8)).readonly


# ---- what is refused, and that refusing costs nothing ----

structured = np.zeros(3, [("a", "u1"), ("b", "f8")])
REFUSED = {
    "text": (np.array(["a", "b"]), TypeError, "text"),
    "bytes": (np.array(b"a"), TypeError, "dtype"),
    "object": (np.array([1, "x", None], dtype=object), TypeError, "'x'"),
    "datetime64": (np.array(["2020-01-01"], dtype="M8[D]"), TypeError, "int64"),
    "structured": (structured, TypeError, r"array\['name'\]"),
    "longdouble": (np.zeros(2, np.longdouble), TypeError, "float64"),
    "swapped": (np.arange(3, dtype=">f4"), ValueError, "swap"),
    "misaligned": (np.frombuffer(bytearray(33), np.float64, 4, 1), ValueError, "align"),
    "packed field": (structured["b"], ValueError, "copy"),
    "masked": (np.ma.masked_array([1.0, 2.0], [True, False]), TypeError, "mask"),
    "list": ([1.0, 2.0], TypeError, "ndarray"),
    "NumPy scalar": (np.float64(1), TypeError, "ndarray"),
    "None": (None, TypeError, "ndarray"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_the_way_out_and_keep_refcounts(case: str) -> None:
    array, error, match = REFUSED[case]
    before = sys.getrefcount(array)
    for _ in range(1000):
        with pytest.raises(error, match=match) as caught:
            tenon.from_numpy(array)
    del caught
    collect()
    assert abs(sys.getrefcount(array) - before) <= 1
    assert sum(isinstance(o, error) for o in gc.get_objects()) < 100  # nor do the errors pile up


def test_strides_that_are_no_multiple_of_the_item_size() -> None:
    raw = np.zeros(100, np.uint8)
    odd = np.ndarray((3,), np.float64, raw, 0, (12,))
    with pytest.raises(ValueError, match=r"asarray|copy"):
        tenon.from_numpy(odd)
    assert tenon.asarray(odd).tolist() == [0.0, 0.0, 0.0]  # asarray copies where it must


def test_size_one_dimensions_may_have_any_stride() -> None:
    """numpy#23349: PyTorch refuses them."""
    a = np.lib.stride_tricks.as_strided(np.arange(3.0), (1, 3), (-8, 8))
    assert tenon.from_numpy(a).tolist() == [[0.0, 1.0, 2.0]]


def test_tensors_that_require_grad_are_not_exported_silently() -> None:
    t = tenon.from_numpy(np.ones(3)).requires_grad_()
    for export in (
        lambda: t.numpy(),
        lambda: np.asarray(t),
        lambda: memoryview(t),
        lambda: np.from_dlpack(t),
    ):
        with pytest.raises((RuntimeError, BufferError, TypeError), match="detach"):
            export()
    assert t._exports == 0
    assert t.detach().numpy().tolist() == [1.0, 1.0, 1.0]
    forced = t.numpy(force=True)
    assert address(forced) == t.data_ptr()
    with tenon.no_grad():
        assert t.numpy().tolist() == [1.0, 1.0, 1.0]
