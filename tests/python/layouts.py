"""Arrays of every layout, for tests of properties: whatever NumPy can lend."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from support import DTYPES, address, sample

fast = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def slices(draw: st.DrawFn, size: int) -> slice:
    step = draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
    bound = st.one_of(st.none(), st.integers(-size, size))
    return slice(draw(bound), draw(bound), step)


@st.composite
def basic_indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[object, ...]:
    """An index of slices, ints and None: the kinds that make views."""
    key: list[object] = []
    for size in shape:
        if draw(st.integers(0, 9)) == 0:
            key.append(None)
        if size and draw(st.integers(0, 5)) == 0:
            key.append(draw(st.integers(-size, size - 1)))
        else:
            key.append(draw(slices(size)))
    if draw(st.booleans()):
        return tuple(key[: draw(st.integers(0, len(key)))])
    return tuple(key)


@st.composite
def base_arrays(draw: st.DrawFn) -> np.ndarray:
    shape = tuple(draw(st.lists(st.integers(0, 5), min_size=0, max_size=4)))
    dtype = draw(st.sampled_from(DTYPES))
    array = sample(dtype, shape, seed=draw(st.integers(0, 5)))
    return np.asfortranarray(array) if draw(st.booleans()) else np.ascontiguousarray(array)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Views of a base array: sliced, reversed, transposed, broadcast, windowed, read-only or not."""
    array = draw(base_arrays()).reshape(-1) if draw(st.integers(0, 4)) == 0 else draw(base_arrays())
    for _ in range(draw(st.integers(0, 3))):
        step = draw(st.sampled_from(["slice", "transpose", "broadcast", "windows"]))
        if step == "slice":
            array = array[(*draw(basic_indices(array.shape)), ...)]
        elif step == "transpose":
            array = array.transpose(draw(st.permutations(range(array.ndim))))
        elif step == "broadcast" and array.ndim < 4:
            array = np.broadcast_to(array, (draw(st.integers(0, 3)), *array.shape))
        elif step == "windows" and 0 < array.ndim < 4 and array.shape[-1] >= 2:
            # Overlapping elements: writeable in NumPy, and so here.
            array = np.lib.stride_tricks.as_strided(
                array, (*array.shape[:-1], array.shape[-1] - 1, 2), (*array.strides, array.strides[-1])
            )
    if draw(st.integers(0, 3)) == 0:
        array = array[...]
        array.flags.writeable = False
    return array


def different(value: np.generic) -> object:
    """Another value of the same dtype."""
    return not value if value.dtype.kind == "b" else value.dtype.type(1 if value != 1 else 2)


def same_view(a: np.ndarray, b: np.ndarray) -> None:
    """Both arrays are the same window on the same bytes."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.flags.writeable == b.flags.writeable
    if a.size:
        assert address(a) == address(b)
        # The stride of a dimension of one element leads nowhere; NumPy itself does not keep it.
        assert [s for s, n in zip(a.strides, a.shape, strict=True) if n > 1] == [
            s for s, n in zip(b.strides, b.shape, strict=True) if n > 1
        ]
    assert a.tobytes() == b.tobytes()
