"""Writes what the fuzzers begin with to FOLDER/fuzz_npy, FOLDER/fuzz_npz and so on: make_corpus.py FOLDER.

They are small files of every kind that the readers know, and bytes that drive the generators of structs.
"""

import io
import json
import random
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def npys() -> Iterator[bytes]:
    for code in [
        "?",
        "b",
        "h",
        "i",
        "q",
        "B",
        "H",
        "I",
        "Q",
        "e",
        "f",
        "d",
        "F",
        "D",
        "<V2",
        "|V1",
        ">i4",
        ">c16",
        "U3",
        "O",
    ]:
        array = np.arange(6).astype("f8") if code in ("<V2", "|V1", "O") else np.arange(6).astype(code)
        if code == "O":
            yield npy(np.zeros(3)).replace(b"<f8", b"|O ")
        else:
            yield npy(array.view(code) if "V" in code else array)
    yield npy(np.asfortranarray(np.ones((2, 3))))
    yield npy(np.ones(()))
    yield npy(np.ones((0, 3)), (2, 0))
    yield npy(np.ones((1,) * 32, "u1"), (3, 0))


def npzs() -> Iterator[bytes]:
    members = [list(npys())[i : i + 2] for i in range(0, 8, 2)]
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for pair in members:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for i, content in enumerate(pair):
                    archive.writestr(f"m{i}.npy", content)
            yield b"\0" + file.getvalue()  # the reader allows bytes before the archive, not the fuzzer's byte
            yield file.getvalue()
    # The generator's form: an odd byte, the number of members, eight changes, then members.
    for flags in range(8):
        content = npy(np.arange(4.0))
        yield bytes([1, 1, *[0] * 7, flags & 1, flags, 5]) + b"a.npy" + b"\0" + content


def safetensors() -> Iterator[bytes]:
    kinds = {"F32": 4, "I64": 8, "BF16": 2, "BOOL": 1, "F8_E4M3": 1, "C64": 8, "F4": 1}
    for kind, size in kinds.items():
        entry = {"dtype": kind, "shape": [2, 3], "data_offsets": [0, 6 * size]}
        header = json.dumps({"__metadata__": {"k": "v"}, "a": entry}).encode()
        data = bytes([1]) * (6 * size)
        yield struct.pack("<Q", len(header)) + header + data
        yield struct.pack("<BH", 1, len(header)) + header + data
    two = {"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}
    two["b"] = {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}
    header = json.dumps(two).encode()
    yield struct.pack("<BH", 1, len(header)) + header + bytes(8)


def noise(seed: int) -> Iterator[bytes]:
    """What drives a generator: mostly small numbers, which give structs that are nearly right."""
    draw = random.Random(seed)
    for length in (0, 8, 32, 64, 128, 256):
        for most in (2, 8, 255):
            yield bytes(draw.randint(0, most) for _ in range(length))


def main(folder: Path) -> None:
    corpora = {
        "fuzz_npy": npys(),
        "fuzz_npz": npzs(),
        "fuzz_safetensors": safetensors(),
        "fuzz_arrow": noise(1),
        "fuzz_dlpack": noise(2),
    }
    for name, inputs in corpora.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(inputs):
            (folder / name / f"seed{i:02}").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
