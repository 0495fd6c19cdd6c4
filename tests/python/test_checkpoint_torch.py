"""load() of PyTorch's .pt files: what they hold arrives, everything else is refused by its name."""

import collections
import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
import tenon
from test_checkpoint import DTYPES, equal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pt"


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def same(ours, theirs):
    """Whether a tree of ours is PyTorch's."""
    if isinstance(ours, tenon.Tensor):
        shape, values = tuple(theirs.shape), theirs.detach()
        assert ours.shape == shape and str(ours.dtype)[6:] == str(theirs.dtype)[6:]
        assert ours.requires_grad == theirs.requires_grad
        if not theirs.is_neg() and not theirs.is_conj():  # flags of PyTorch's; here they are new tensors
            assert ours.stride() == theirs.stride()
        assert ours.tolist() == values.tolist()
    elif isinstance(ours, dict):
        assert type(ours) is type(theirs) and list(ours) == list(theirs)
        for k in ours:
            same(ours[k], theirs[k])
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    else:
        assert ours == theirs and type(ours) is type(theirs)


def tree(torch):
    t = torch.arange(20.0).reshape(4, 5)
    return {
        "views": [t, t[1:], t.T, t[::2, 1], t],
        "expanded": torch.ones(1).expand(3, 4),
        "leaf": torch.ones(2, requires_grad=True),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(3),
        "conj": torch.tensor([1 + 2j]).conj(),
        "neg": torch.tensor([1 + 2j]).conj().imag,
        "containers": [
            (1, 2.5, None, True),
            {1, 2},
            frozenset("a"),
            b"bytes",
            bytearray(b"ab"),
            1j,
            10**30,
            "t" * 300,
        ],
        "counted": collections.Counter("aab"),
        "default": collections.defaultdict(list, {1: [2]}),
        (1, "key"): {None: 1, 2.5: 2, True: 3},
    }


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("mmap", [False, True])
def test_what_torch_saves_loads(torch, path, protocol, mmap):
    torch.save(tree(torch), path, pickle_protocol=protocol)
    got = tenon.load(path, mmap=mmap)
    same(got, tree(torch))
    assert got["views"][0].readonly == mmap
    if not mmap:
        got["views"][0].fill_(7)
        assert got["views"][1][0, 0].item() == got["views"][2][0, 1].item() == got["views"][3][1].item() == 7
        with open(path, "rb") as f:
            same(tenon.load(f), tree(torch))


def test_every_dtype_loads(torch, path):
    saved = {n: torch.tensor([[0, 1], [1, 0]]).to(getattr(torch, n)) for n in DTYPES.split()}
    saved["float8"] = torch.ones(3).to(torch.float8_e4m3fn)
    torch.save(saved, path)
    got = tenon.load(path)
    same({n: got[n] for n in DTYPES.split()}, {n: saved[n] for n in DTYPES.split()})
    assert got["float8"].dtype is tenon.float8_e4m3fn and got["float8"].float().tolist() == [1, 1, 1]


def test_modules_and_optimizers(torch, path):
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    )
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(5, 1, 4, 4)).sum().backward()
    optimizer.step()
    checkpoint = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(checkpoint, path)
    got = tenon.load(path)
    same(got, checkpoint)
    assert got["net"]._metadata[""]["version"] == 1
    tenon.save(got, path)
    same(tenon.load(path), checkpoint)


def test_parameters_load(torch, path):
    nn = pytest.importorskip("tenon.nn")
    torch.save([torch.nn.Parameter(torch.ones(2))], path)
    (p,) = tenon.load(path)
    assert type(p) is nn.Parameter and p.requires_grad


def test_the_other_byte_order(torch, path):
    t = torch.arange(6.0).reshape(2, 3)
    torch.save([t, t.to(torch.complex64), t.to(torch.int16), t > 2], path)
    with zipfile.ZipFile(path) as z:
        members = {n: z.read(n) for n in z.namelist()}
    sizes = {"0": 4, "1": 4, "2": 2, "3": 1}
    with zipfile.ZipFile(path, "w") as z:
        for name, data in members.items():
            if name.endswith("byteorder"):
                data = b"big"
            elif "/data/" in name:
                size = sizes[name.rpartition("/")[2]]
                data = np.frombuffer(data, f"u{size}").byteswap().tobytes()
            z.writestr(name, data)
    same(tenon.load(path), [t, t.to(torch.complex64), t.to(torch.int16), t > 2])


def test_places(torch, path):
    torch.save([torch.ones(2)], path)
    data = path.read_bytes()
    seen = []
    assert tenon.load(path, map_location=lambda t, place: seen.append(place) or t)[0].tolist() == [1, 1]
    assert seen == ["cpu"] and tenon.load(path, map_location="cpu", weights_only=False)[0].tolist() == [1, 1]
    del data


# ---- what is refused ----


class Net:
    pass


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda torch: torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        (lambda torch: Net(), "Net"),
        (lambda torch: print, "builtins.print"),
        (lambda torch: np.ones(2), "multiarray._reconstruct"),
        (lambda torch: torch.eye(2).to_sparse(), "torch._utils._rebuild_sparse_tensor"),
        (lambda torch: os.system, "posix.system"),
    ],
)
def test_other_objects_are_refused_by_name(make, name, torch, path):
    torch.save({"a": [make(torch)]}, path)
    with pytest.raises(ValueError, match=rf"load: it asks for the global '.*{name}', and only tensors") as e:
        tenon.load(path)
    assert "state_dict()" in str(e.value) and str(path) in str(e.value)


def test_other_archives_are_refused(torch, path):
    torch.save([torch.ones(2)], path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"before PyTorch 1\.6.*model\.pt"):
        tenon.load(path)
    np.savez(path.with_suffix(".npz"), a=np.ones(2))
    with pytest.raises(ValueError, match=r"\.npz archive; use tenon\.load_npz"):
        tenon.load(path.with_suffix(".npz"))
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("net/data.pkl", b"")
        z.writestr("net/constants.pkl", b"")
    with pytest.raises(ValueError, match="TorchScript"):
        tenon.load(path)


# ---- hostile files ----


class Call:
    """Pickles as a call of a global."""

    def __init__(self, module, name, *args, state=None):
        self.module, self.name, self.args, self.state = module, name, args, state


class Named:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Stored:
    """Pickles as a storage's persistent id."""

    def __init__(self, *reference):
        self.reference = reference


class _Writer(pickle._Pickler):
    def save(self, x, save_persistent_id=True):
        if isinstance(x, Named):
            self.write(b"c" + f"{x.module}\n{x.name}\n".encode())
        elif isinstance(x, Call):
            self.save(Named(x.module, x.name))
            self.save(x.args)
            self.write(b"R")
            if x.state is not None:
                self.save(x.state)
                self.write(b"b")
        elif isinstance(x, Stored):
            self.save(x.reference)
            self.write(b"Q")
        else:
            super().save(x, save_persistent_id)


def archive(path, x, storages=None, method=zipfile.ZIP_STORED):
    """A .pt file of a pickle of x (or these bytes)."""
    if not isinstance(x, bytes):
        buffer = io.BytesIO()
        _Writer(buffer, 2).dump(x)
        x = buffer.getvalue()
    with zipfile.ZipFile(path, "w", method) as z:
        z.writestr("a/data.pkl", x)
        z.writestr("a/byteorder", "little")
        for name, data in (storages or {"0": np.ones(4, np.float32).tobytes()}).items():
            z.writestr(f"a/data/{name}", data)
    return path


def storage(kind="FloatStorage", key="0", location="cpu", count=4, tag="storage", module="torch"):
    return Stored(tag, Named(module, kind), key, location, count)


def tensor(
    offset=0, shape=(2, 2), strides=(2, 1), of=None, grad=False, hooks=None, function="_rebuild_tensor_v2"
):
    of = storage() if of is None else of
    return Call("torch._utils", function, of, offset, shape, strides, grad, hooks)


def test_files_made_by_hand_load(path):
    assert tenon.load(archive(path, [tensor()]))[0].tolist() == [[1, 1], [1, 1]]
    assert tenon.load(archive(path, tensor(3, (5,), (0,)))).tolist() == [1] * 5


HOSTILE = {
    "negative offset": tensor(-1),
    "offset beyond": tensor(1),
    "offset far beyond": tensor(2**62),
    "offset beyond int64": tensor(2**70),
    "negative shape": tensor(shape=(-2, 2)),
    "negative strides": tensor(3, (2, 2), (-2, -1)),
    "shape beyond": tensor(shape=(3, 2)),
    "product overflows": tensor(shape=(2**61, 2**61), strides=(0, 1)),
    "shape beyond int64": tensor(shape=(2**70,), strides=(0,)),
    "stride overflows": tensor(shape=(3,), strides=(2**61,)),
    "ranks differ": tensor(shape=(2,), strides=(1, 1)),
    "many dimensions": tensor(shape=(1,) * 100, strides=(1,) * 100),
    "bool in shape": tensor(shape=(True,), strides=(1,)),
    "float in shape": tensor(shape=(1.0,), strides=(1,)),
    "text for shape": tensor(shape="ab", strides="cd"),
    "no shape": tensor(shape=3, strides=3),
    "no storage": tensor(of=[1]),
    "more than the file has": tensor(of=storage(count=5), shape=(5,), strides=(1,)),
    "huge count": tensor(of=storage(count=2**40), shape=(2**40,), strides=(1,)),
    "count beyond int64": tensor(of=storage(count=2**70)),
    "negative count": tensor(of=storage(count=-1)),
    "count of another type": tensor(of=storage(count="4")),
    "no such storage": tensor(of=storage(key="1")),
    "a key that climbs": tensor(of=storage(key="../data.pkl")),
    "a key of another type": tensor(of=storage(key=0)),
    "a kind that is none": tensor(of=storage(kind="Tensor")),
    "a kind of another module": tensor(of=storage(module="os")),
    "a tag that is none": tensor(of=storage(tag="module")),
    "a place that is none": tensor(of=storage(location="nowhere")),
    "a place of another type": tensor(of=storage(location=3)),
    "a reference that is none": Stored("storage"),
    "bools of other bytes": tensor(of=storage("BoolStorage", count=16), shape=(16,), strides=(1,)),
    "an untyped storage": tensor(of=storage("UntypedStorage", count=16)),
    "too few arguments": Call("torch._utils", "_rebuild_tensor_v2", storage()),
    "too many arguments": Call("torch._utils", "_rebuild_tensor_v2", *range(20)),
    "a dtype that is none": Call(
        "torch._utils", "_rebuild_tensor_v3", storage("UntypedStorage"), 0, (1,), (1,), False, None, 3
    ),
    "bytearrays of any size": Call("builtins", "bytearray", 2**40),
    "sets of what cannot be hashed": Call("builtins", "set", [[1]]),
    "numbers of anything": Call("builtins", "complex", "1", "2"),
    "another encoding": Call("_codecs", "encode", "a", "rot13"),
    "a factory": Call("collections", "defaultdict", Named("os", "system")),
    "a factory that is called": Call("collections", "defaultdict", Named("torch", "Size")),
    "attributes": Call("collections", "OrderedDict", state={"update": 3}),
    "attributes that are none": Call("collections", "OrderedDict", state=[1]),
    "attributes of a tensor": Call(
        "torch._utils", "_rebuild_tensor_v2", storage(), 0, (1,), (1,), False, None, state={"a": 1}
    ),
    "a class": Call("builtins", "type", "A", (), {}),
    "an attribute of an attribute": Named("torch", "nn.functional.relu"),
    "eval": Call("builtins", "eval", "1"),
    "a device that is none": Call("torch", "device", "a b"),
    "a size of anything": Call("torch", "Size", [[1]]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("mmap", [False, True])
def test_hostile_objects_are_errors(name, mmap, path):
    archive(path, [HOSTILE[name]])
    with pytest.raises(ValueError, match=r"load: .*; file '.*model.pt'$"):
        tenon.load(path, mmap=mmap)


def deep_key():
    return b"\x80\x02}" + b"N" + b"\x85" * 200_000 + b"Ns."


PICKLES = {
    "empty": b"",
    "no end": b"\x80\x02]",
    "nothing to give": b"\x80\x02.",
    "an empty stack": b"\x80\x02a.",
    "no mark": b"\x80\x02e.",
    "an odd number of items": b"\x80\x02}(NNNu.",
    "a memo that is not there": b"\x80\x02h\x05.",
    "append to a number": b"\x80\x02K\x01Na.",
    "items of a list": b"\x80\x02]NNs.",
    "a key that is a list": b"\x80\x02}]Ns.",
    "a deep key": deep_key(),
    "long text": b"\x80\x02X\xff\xff\xff\x7fab.",
    "longer text": b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"ab.",
    "negative length": b"\x80\x02\x8b" + struct.pack("<i", -5) + b".",
    "an opcode that is none": b"\x80\x02\xff.",
    "INST": b"(ios\nsystem\n.",
    "OBJ": b"\x80\x02(cos\nsystem\no.",
    "NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "EXT1": b"\x80\x02\x82\x01.",
    "PERSID": b"Pabc\n.",
    "a call of a number": b"\x80\x02K\x01)R.",
    "a call with a list": b"\x80\x02ccollections\nOrderedDict\n]R.",
    "a global without a name": b"\x80\x04NN\x93.",
    "text that is no UTF-8": b"\x80\x02X\x01\x00\x00\x00\xff.",
    "a long number": b"\x80\x02\x8b\xff\xff\xff\x7f.",
}


@pytest.mark.parametrize("name", PICKLES)
def test_hostile_pickles_are_errors(name, path):
    with pytest.raises(ValueError, match=r"load: .*; file '.*model.pt'$"):
        tenon.load(archive(path, PICKLES[name]))


def test_deep_nesting_is_taken(path):
    got = tenon.load(archive(path, b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."))
    for _ in range(99_999):
        (got,) = got
    assert got == []


def test_containers_that_hold_themselves_are_taken(path):
    got = tenon.load(archive(path, b"\x80\x02]q\x00h\x00a."))
    assert got[0] is got


def test_nothing_is_executed(path, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    for protocol in range(6):
        archive(path, pickle.dumps([Evil()], protocol))
        with pytest.raises(ValueError, match="load: "):
            tenon.load(path)
    assert not (tmp_path / "made").exists()


# ---- hostile archives ----


def test_compressed_members_are_refused(path):
    archive(path, [tensor()], {"0": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="is compressed or encrypted"):
        tenon.load(path)


def test_overlapping_members_are_refused(path):
    """A hundred names for one member of a megabyte."""
    count = 100
    storages = {str(i): bytes(1 << 20) if i == 0 else b"" for i in range(count)}
    kind = {"shape": (1,), "strides": (1,)}
    archive(path, [tensor(of=storage(key=str(i), count=1 << 18), **kind) for i in range(count)], storages)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as z:
        first = z.getinfo("a/data/0")
    at = data.index(b"PK\x01\x02")
    while data[at : at + 4] == b"PK\x01\x02":
        name_length, extra, comment = struct.unpack_from("<3H", data, at + 28)
        if b"a/data/" in data[at + 46 : at + 46 + name_length]:
            struct.pack_into("<3L", data, at + 16, first.CRC, 1 << 20, 1 << 20)
            struct.pack_into("<L", data, at + 42, first.header_offset)
        at += 46 + name_length + extra + comment
    path.write_bytes(data)
    with pytest.raises(ValueError, match="its members overlap"):
        tenon.load(path)


def test_wrong_checksums_are_refused(path):
    archive(path, [tensor()], {"0": b"\x01\x02\x03\x04" * 4})
    data = bytearray(path.read_bytes())
    data[data.index(b"\x01\x02\x03\x04" * 4)] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="checksum of its member 'a/data/0' is wrong"):
        tenon.load(path)


def test_every_cut_and_changed_byte_is_clean(path):
    good = archive(path, {"a": tensor(), "b": [1, None, "text"]}).read_bytes()
    rng = np.random.default_rng(0)
    expected = tenon.load(path)
    for i in range(len(good)):
        changed = bytearray(good)
        changed[i] ^= int(rng.integers(1, 256))
        for data, mmap in ((good[:i], False), (bytes(changed), False), (bytes(changed), True)):
            path.write_bytes(data)
            try:
                got = tenon.load(path, mmap=mmap)
            except (ValueError, RuntimeError) as e:
                assert str(e).startswith("load: "), e
            else:
                assert mmap or equal(got, expected)
