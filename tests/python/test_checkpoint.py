"""save and load: what survives, what is shared, what is refused, and that no file is left half."""

import io
import json
import math
import os
import pathlib
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest
import tenon
from support import run_python
from tenon import _pickle


def trip(x, path, **arguments):
    tenon.save(x, path)
    return tenon.load(path, **arguments)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.safetensors"


def equal(a, b):
    """Whether two trees are alike, with their types."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tenon.Tensor):
        same = a.dtype is b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad
        return same and a.tolist() == b.tolist()
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


CHECKPOINT = {
    "model": OrderedDict(
        {"0.weight": tenon.ones(2, 3), "0.bias": tenon.zeros(2), "1.steps": tenon.tensor(3)}
    ),
    "optimizer": {
        "state": {0: {"step": tenon.tensor(5.0), "exp_avg": tenon.ones(2, 3)}, 1: {}},
        "param_groups": [
            {"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1], "amsgrad": False, "foreach": None}
        ],
    },
    "epoch": 3,
    "best": float("-inf"),
    "history": [1.5, float("nan"), float("inf"), -0.0, 10**30, -5],
    "notes": {"text": "ünïcode \0 \n", "raw": b"\x00\xff", "mutable": bytearray(b"ab"), "z": 1 + 2j},
    "sets": [{1, 2}, frozenset("a"), Counter("aab")],
    "arrays": [np.arange(6).reshape(2, 3)[:, ::2], np.float32(0.1), np.int8(-3), np.array(True)],
    "dtypes": [tenon.bfloat16, tenon.device("cpu")],
    (1, "a"): {None: 1, True: 2, 2.5: 3, b"k": 4},
    "leaf": tenon.ones(2, requires_grad=True),
    "empty": [[], {}, (), "", tenon.zeros(0, 3), tenon.zeros(3, 0)],
}
DTYPES = "bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 bfloat16 float32 float64 "
DTYPES += "complex64 complex128"


def test_a_checkpoint_survives(path):
    assert equal(trip(CHECKPOINT, path), CHECKPOINT)
    assert equal(tenon.load(path, mmap=True), CHECKPOINT)
    with open(path, "rb") as f:
        assert equal(tenon.load(f), CHECKPOINT)
    assert equal(tenon.load(str(path)), CHECKPOINT) and equal(tenon.load(os.fsencode(path)), CHECKPOINT)


@pytest.mark.parametrize("dtype", DTYPES.split())
def test_every_dtype_survives(dtype, path):
    t = tenon.tensor([[0, 1], [1, 0]], dtype=dtype)
    assert equal(trip([t, t.T], path), [t, t.T]) and equal(trip(t[0].clone(), path), t[0])


@pytest.mark.parametrize("x", [None, True, 3, 2.5, "text", [1], tenon.ones(2), np.arange(3), {}])
def test_the_object_may_be_anything(x, path):
    assert equal(trip(x, path), x)


def test_defaultdicts_become_dicts_and_notes_stay(path):
    assert equal(trip(defaultdict(list, a=[1]), path), {"a": [1]})
    state = OrderedDict(a=tenon.ones(1))
    state._metadata = OrderedDict({"": {"version": 1}})
    assert trip(state, path)._metadata == state._metadata


def test_file_objects(tmp_path):
    buffer = io.BytesIO(b"before")
    buffer.seek(6)
    tenon.save(CHECKPOINT, buffer)
    buffer.seek(6)
    assert equal(tenon.load(buffer), CHECKPOINT)
    with open(tmp_path / "f", "w+b") as f:
        tenon.save([1, tenon.ones(1)], f)
        f.seek(0)
        assert equal(tenon.load(f), [1, tenon.ones(1)])
    with pytest.raises(TypeError, match=r"load: the file must be open for reading bytes; it gave str"):
        tenon.load(io.StringIO("text"))
    with pytest.raises(ValueError, match=r"load: .*; file 'the file object'"):
        tenon.load(io.BytesIO(b"{}"))
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


# ---- memory ----


def test_loaded_tensors_own_their_memory(path):
    a, b = trip([tenon.ones(3), tenon.ones(3)], path)
    a.fill_(2)
    assert b.tolist() == [1, 1, 1] and not a.readonly
    path.unlink()
    assert a.tolist() == [2, 2, 2]


def test_mapped_tensors_are_views_of_the_file(path):
    tenon.save({"a": tenon.ones(1000, 10), "b": np.zeros(5)}, path)
    with tenon.no_copies():
        got = tenon.load(path, mmap=True)
    assert got["a"].readonly and str(path) == _pickle._mapping(got["a"])[0]
    assert not got["b"].flags.writeable
    tenon.save({"a": tenon.zeros(1)}, path)  # another file in its place: the mapping stays valid
    assert (got["a"] == 1).all()


def test_what_was_shared_is_shared_again(path):
    w = tenon.arange(12.0).reshape(3, 4)
    tree = {"w": w, "same": w, "row": w[1], "turned": w.T, "bits": w.view(tenon.int32), "step": w[::2, 1:]}
    for order in (list(tree), list(reversed(tree))):
        got = trip({k: tree[k] for k in order}, path)
        assert all(equal(got[k], tree[k]) for k in order)
        got["w"].fill_(7)
        assert got["row"].tolist() == [7] * 4 and got["turned"][0, 2].item() == 7
        assert got["same"][0, 0].item() == 7 and (got["step"] == 7).all()
        assert got["bits"][0, 0].item() == got["w"].view(tenon.int32)[0, 0].item()
    assert path.stat().st_size < 2000
    parts = trip([w[0], w[1]], path)  # neither covers the other
    parts[0].fill_(5)
    assert parts[1].tolist() == [4, 5, 6, 7]
    big = tenon.zeros(100_000)
    assert trip(big[:3], path).tolist() == [0, 0, 0] and path.stat().st_size < 1000  # alone it is sent alone
    z = tenon.ones(2, dtype="complex128")
    one, two = trip([z, z.real], path)
    one.fill_(3j)
    assert two.tolist() == [0, 0]


def test_negative_strides_and_expanded_tensors(path):
    t = tenon.arange(4)
    got = trip([t, t[::-1], tenon.ones(1).expand(2, 3)], path)
    got[0].fill_(9)
    assert got[1].tolist() == [9] * 4 and got[2].tolist() == [[1, 1, 1]] * 2


# ---- other programs ----


def test_state_dicts_are_plain_safetensors(path):
    st = pytest.importorskip("safetensors.numpy")
    state = OrderedDict({"0.weight": tenon.ones(2, 3), "0.bias": tenon.zeros(2)})
    tenon.save({"model": state}, path)
    assert sorted(st.load_file(path)) == ["model.0.bias", "model.0.weight"]
    tenon.save(state, path)
    assert {k: v.tolist() for k, v in st.load_file(path).items()} == {k: v.tolist() for k, v in state.items()}
    assert tenon.load_safetensors(path)[1]["format"] == "pt"
    st.save_file({"x": np.arange(3)}, path)
    assert equal(tenon.load(path), {"x": tenon.arange(3)})


def test_pytorchs_safetensors_load(path):
    torch = pytest.importorskip("torch")
    st = pytest.importorskip("safetensors.torch")
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    st.save_file(net.state_dict(), path)
    got = tenon.load(path)
    assert got.keys() == net.state_dict().keys()
    assert all(got[k].tolist() == v.tolist() for k, v in net.state_dict().items())
    tenon.save({"w": tenon.ones(2, dtype="bfloat16")}, path)
    assert st.load_file(path)["w"].dtype is torch.bfloat16


def test_names_do_not_collide(path):
    tree = {"a": {"b": tenon.ones(1)}, "a.b": tenon.zeros(1), "__metadata__": tenon.ones(2), 1: tenon.ones(3)}
    assert equal(trip(tree | {"1": tenon.zeros(4)}, path), tree | {"1": tenon.zeros(4)})


# ---- places ----


def test_map_location(path):
    tenon.save([tenon.ones(2)], path)
    for where in ("cpu", tenon.device("cpu"), {"cpu": "cpu"}, {}, lambda t, place: t, lambda t, place: None):
        assert tenon.load(path, map_location=where)[0].tolist() == [1, 1]
    seen = []
    tenon.load(path, map_location=lambda t, place: seen.append((t.shape, place)))
    assert seen == [((2,), "cpu")]
    assert tenon.load(path, lambda t, place: t + 1)[0].tolist() == [2, 2]
    for nonsense in (3, ["cpu"]):
        with pytest.raises(TypeError, match="load: map_location must be a device"):
            tenon.load(path, map_location=nonsense)
    with pytest.raises((ValueError, RuntimeError)):
        tenon.load(path, map_location="nowhere")


def test_devices_are_kept_and_mapped(path):
    if not tenon.cuda.is_available():
        pytest.skip("neither a device nor the simulated one is there")
    w = tenon.ones(4, device="cuda")
    got = trip([w, w[1:]], path)
    assert got[0].is_cuda
    got[0].fill_(2)
    assert got[1].tolist() == [2, 2, 2]
    assert tenon.load(path, map_location="cpu")[0].is_cpu


def test_a_device_that_is_not_there_says_the_way_out(path):
    tenon.save([tenon.ones(2)], path)
    text = path.read_bytes().replace(
        b'{\\"name\\":\\"0\\"}', b'{\\"name\\":\\"0\\",\\"device\\":\\"cuda:0\\"}'
    )
    header = int.from_bytes(path.read_bytes()[:8], "little")
    grown = header + len(text) - path.stat().st_size
    path.write_bytes(grown.to_bytes(8, "little") + text[8:])
    run_python(
        """
        import pytest, sys, tenon
        with pytest.raises(RuntimeError, match=r"load: .* 'cuda:0'.*map_location='cpu'"):
            tenon.load(sys.argv[1])
        assert tenon.load(sys.argv[1], map_location="cpu")[0].is_cpu
        """,
        str(path),
        TENON_CUDA_LIB="/nowhere/libtenon_cuda.so",
    )


# ---- refusals ----


class Thing:
    pass


class Trainer:
    def state_dict(self):
        return {}


def looped():
    x = []
    x.append({"x": x})
    return x


def deep():
    x = []
    for _ in range(300):
        x = [x]
    return x


@pytest.mark.parametrize(
    "x, error, match",
    [
        ({"a": [1, Thing()]}, TypeError, r"save: obj\['a'\]\[1\] is a Thing; turn it into dicts"),
        ({"model": Trainer()}, TypeError, r"save: obj\['model'\] is a Trainer; save its state_dict\(\)"),
        ([print], TypeError, r"save: obj\[0\] is a builtin_function_or_method"),
        ({"a": {Thing(): 1}}, TypeError, r"save: the keys of obj\['a'\] must be .*; got Thing"),
        (looped(), ValueError, r"save: obj\[0\]\['x'\] contains itself"),
        (deep(), ValueError, "nested deeper than 200"),
        ([np.array(["a"])], TypeError, r"save: obj\[0\] is an array of <U1"),
        ([np.array([None])], TypeError, r"save: obj\[0\] is an array of object"),
    ],
)
def test_save_refuses(x, error, match, path):
    path.write_bytes(b"old")
    with pytest.raises(error, match=match):
        tenon.save(x, path)
    assert path.read_bytes() == b"old" and len(list(path.parent.iterdir())) == 1


def test_torch_tensors_are_refused_with_the_way_out(path):
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"obj\['w'\] is a Tensor; .*from_torch_state_dict"):
        tenon.save({"w": torch.ones(2)}, path)
    tenon.save(tenon.utils.from_torch_state_dict({"w": torch.ones(2)}), path)
    assert tenon.load(path)["w"].tolist() == [1, 1]


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "c"
    tenon.save([1], path)
    run_python(
        """
        import pytest, resource, signal, sys, tenon
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        with pytest.raises(OSError, match="save: .*old file is left as it was"):
            tenon.save(tenon.ones(10_000), sys.argv[1])
        """,
        str(path),
    )
    assert tenon.load(path) == [1] and os.listdir(tmp_path) == ["c"]
    for place in (tmp_path, tmp_path / "no" / "c"):
        with pytest.raises(OSError, match="save: "):
            tenon.save([1], place)
    with pytest.raises(FileNotFoundError):
        tenon.load(tmp_path / "absent")
    for nonsense in (3, None, [1]):
        with pytest.raises(TypeError):
            tenon.load(nonsense)
        with pytest.raises(TypeError, match="save: "):
            tenon.save([1], nonsense)


# ---- hostile files ----


def described(path: pathlib.Path, root: object, version: object = 1) -> pathlib.Path:
    """A safetensors file with one tensor of 4 floats, "t", and a description of the objects around it."""
    text = root if isinstance(root, str) else json.dumps({"version": version, "root": root})
    tenon.save_safetensors(path, {"t": tenon.ones(4)}, {"tenon": text})
    return path


def view(dtype="float32", shape=(2,), strides=(1,), first=0):
    return {"tensor": {"name": "t", "view": [dtype, list(shape), list(strides), first]}}


@pytest.mark.parametrize(
    "root",
    [
        "no JSON", "[]", "{}", '{"version": 1}', "[" * 100_000,
        {"tensor": {"name": "u"}}, {"tensor": {}}, {"tensor": 3}, {"exec": "print()"}, {},
        {"dict": 3}, {"dict": [[1]]}, {"dict": [[[1], 2]]}, {"dict": [[{"dict": []}, 2]]}, {"set": [[1]]},
        {"float": "1"}, {"complex": [1]}, {"bytes": 3}, {"bytes": "%"}, {"dtype": "Tensor"}, {"dtype": "os"},
        {"device": 3}, {"device": "nowhere"}, {"tuple": 3},
        view(shape=[5]), view(first=-4), view(first=4, shape=[4]), view(strides=[-1]), view(shape=[-1]),
        view(shape=[2**62], strides=[2]), view(shape=[2**70], strides=[0]), view(dtype="Tensor"),
        view(dtype="os"),
        view(first=2), view(shape=[2, 2]), view(shape=["a"]), view(strides=[2**62]), view(first=2**70),
    ],
    ids=lambda root: str(root)[:40],
)  # fmt: skip
@pytest.mark.parametrize("mmap", [False, True])
def test_hostile_descriptions_are_errors(root, mmap, path):
    with pytest.raises(ValueError, match=r"load: .*; file '.*safetensors'$"):
        tenon.load(described(path, root), mmap=mmap)


def test_versions_to_come_are_named(path):
    with pytest.raises(ValueError, match="version 2, this tenon reads 1"):
        tenon.load(described(path, 3, version=2))


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"\xff" * 100, b"{}", b"PK\x03\x04", b"PK\x03\x04" + bytes(500)]
)
def test_files_that_are_none(data, path):
    path.write_bytes(data)
    for mmap in (False, True):
        with pytest.raises(ValueError, match="load: "):
            tenon.load(path, mmap=mmap)


def test_every_cut_and_changed_byte_is_clean(path):
    tenon.save({"a": tenon.ones(2), "b": [1, (2.5, None)], "c": tenon.ones(2)[1:]}, path)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for i in range(0, len(good)):
        changed = bytearray(good)
        changed[i] ^= int(rng.integers(1, 256))
        for data in (good[:i], bytes(changed)):
            path.write_bytes(data)
            try:
                tenon.load(path)
            except (ValueError, RuntimeError) as e:
                assert str(e).startswith("load: "), e


def test_parameters_stay_parameters(path):
    nn = pytest.importorskip("tenon.nn")
    got = trip(
        {"p": nn.Parameter(tenon.ones(2)), "fixed": nn.Parameter(tenon.ones(1), requires_grad=False)}, path
    )
    assert type(got["p"]) is nn.Parameter and got["p"].requires_grad and not got["fixed"].requires_grad
