"""The end of a run says which packages were missing, since their rows were skipped."""

from importlib.util import find_spec

import pytest

#: What the rows import.
PACKAGES = (
    "PIL", "astropy", "cv2", "dask", "einops", "h5py", "jax", "lightgbm", "mpi4py", "onnxruntime",
    "pandas", "pint",
    "polars", "pyarrow", "scipy", "skimage", "sklearn", "torch", "xarray", "xgboost", "zarr",
)  # fmt: skip


def is_there(name: str) -> bool:
    """Whether the package can be found; under ThreadSanitizer some are kept out by an error."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = [name for name in PACKAGES if not is_there(name)]
    if missing:
        terminalreporter.write_line(f"ecosystem: rows skipped, since these are missing: {', '.join(missing)}")
    else:
        terminalreporter.write_line(f"ecosystem: all {len(PACKAGES)} packages are there")
