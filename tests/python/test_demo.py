"""examples/demo.py runs on its real data, its pictures show something, and its table tells the truth."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import PACKAGE, ROOT, SIM_DEVICE

PACKAGES = ("pandas", "matplotlib", "seaborn", "sklearn", "scipy", "cv2", "tqdm", "polars", "pyarrow", "h5py")

# What each crossing is; the demo finds out by writing.
SHARED = (
    "torch.from_numpy(array)",
    "t.numpy()",
    "np.asarray(t)",
    "np.from_dlpack(t)",
    "memoryview(t)",
    "torch.from_dlpack(array)",
    "torch.asarray(array)",
    "torch.from_numpy(array[::-1])",
    "t[::-1].numpy()",
    "torch.from_numpy(wine.values)",
    "torch.from_numpy(wine['alcohol'].to_numpy())",
    "pd.DataFrame(t.numpy(), copy=False)",
    "torch.from_numpy(arrow.to_numpy())",
    "torch.from_numpy(series.to_numpy())",
    "torch.from_numpy(bgr[..., ::-1])",
    "cv2.resize(bgr, size, dst=small.numpy())",
    "torch.load_npz(npz, mmap=True)['wine']",
    "torch.load_safetensors(file)[0]['wine']",
    "torch.from_numpy(mapped)",
    "torch.from_numpy(weights)",
)
COPIED = (
    "torch.tensor(array)",
    "t.clone()",
    "torch.from_numpy(array).float()",
    "torch.from_numpy(wine.values).float()",
    "torch.asarray(dataset)",
    "t.cuda().cpu()",
)
PICTURES = (
    "iris-histograms.png",
    "breast-cancer-correlation.png",
    "photographs.png",
    "wine-pca.png",
    "digits.png",
    "training.png",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a quick run of the demo prints, and its folder; 'cuda' is the simulated device if it is built."""
    for package in PACKAGES:
        pytest.importorskip(package)
    import os

    output = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    if SIM_DEVICE:
        environment["TENON_CUDA_LIB"] = str(SIM_DEVICE)
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py", "--output", output, "--epochs", "60"],
        cwd=output,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, output


@pytest.mark.slow
def test_the_table_tells_what_is_shared(demo: tuple[str, Path]) -> None:
    table = (demo[1] / "crossings.txt").read_text()
    assert table in demo[0]
    rows = {m[1]: m[2] for m in re.finditer(r"^(.+?) {2,}(shared|copied) ", table, re.MULTILINE)}
    wanted = dict.fromkeys(SHARED, "shared") | dict.fromkeys(COPIED, "copied")
    if not SIM_DEVICE:
        del wanted["t.cuda().cpu()"]
    assert rows == wanted
    for line in table.splitlines()[2:]:
        size, nanoseconds = re.search(r"([\d,]+) +([\d,]+)  (?:a|no) write", line).groups()
        assert int(size.replace(",", "")) > 0
        assert int(nanoseconds.replace(",", "")) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_show_something(demo: tuple[str, Path], name: str) -> None:
    from matplotlib.image import imread

    picture = imread(demo[1] / name)[..., :3]
    assert min(picture.shape[:2]) > 300
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    assert 0.01 < np.mean(np.any(picture < 0.95, axis=-1)) < 0.99


@pytest.mark.slow
def test_the_model_learns(demo: tuple[str, Path]) -> None:
    first, last = re.search(r"loss ([\d.]+) -> ([\d.]+)", demo[0]).groups()
    accuracy = re.search(r"accuracy on 450 unseen digits: ([\d.]+)%", demo[0])[1]
    assert float(first) == pytest.approx(np.log(10), abs=1e-3)  # ten classes, weights of zero
    assert float(last) < 0.6
    assert float(accuracy) > 90


@pytest.mark.slow
def test_files_are_read_by_others(demo: tuple[str, Path]) -> None:
    import h5py

    with np.load(demo[1] / "wine.npz") as archive, h5py.File(demo[1] / "wine.h5") as file:
        np.testing.assert_array_equal(archive["wine"], file["wine"][:])
        np.testing.assert_allclose(archive["wine"].mean(0), archive["mean"], atol=1e-5)
    safetensors = pytest.importorskip("safetensors.numpy")
    np.testing.assert_array_equal(
        safetensors.load_file(demo[1] / "wine.safetensors")["wine"], np.load(demo[1] / "wine.npy")
    )
