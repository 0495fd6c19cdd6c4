"""The package tenon-cuda13: a wheel with the library alone, which tenon finds by its entry point.

The simulated device stands in for libtenon_cuda.so here. script/cuda-release makes the real wheel.
"""

import base64
import hashlib
import importlib.util
import zipfile
from pathlib import Path

import pytest
import tenon
from support import PACKAGE, ROOT, run_python, sim_environment

pytestmark = pytest.mark.border


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    library = Path(sim_environment()["TENON_CUDA_LIB"])
    spec = importlib.util.spec_from_file_location("make_cuda_wheel", ROOT / "python/make_cuda_wheel.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return maker.make(library, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def with_package(program: str, folder: Path, **environment: str) -> str:
    return run_python(
        program, **({"TENON_CUDA_LIB": "", "PYTHONPATH": f"{PACKAGE.parent}:{folder}"} | environment)
    )


def test_the_wheel_is_one(wheel: Path) -> None:
    version = tenon.__version__
    assert wheel.name.startswith(f"tenon_cuda13-{version}-py3-none-manylinux_2_")
    with zipfile.ZipFile(wheel) as archive:
        info = f"tenon_cuda13-{version}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        assert f"\nVersion: {version}\n" in metadata
        assert f"\nRequires-Dist: tenon=={version}\n" in metadata
        names = set(archive.namelist())
        assert {n for n in names if not n.startswith(info)} == {
            "tenon_cuda13/__init__.py",
            "tenon_cuda13/libtenon_cuda.so",
        }
        for line in archive.read(f"{info}/RECORD").decode().splitlines():
            name, digest, size = line.rsplit(",", 2)
            names.remove(name)
            if digest:
                content = archive.read(name)
                found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert digest == f"sha256={found}" and int(size) == len(content)
        assert not names  # all are recorded


def test_the_entry_point_is_found(installed: Path) -> None:
    with_package(
        """
        import importlib.metadata, os, sys
        import tenon
        assert tenon.cuda.is_available() and tenon.ones(2, device='cuda').tolist() == [1, 1]
        assert 'tenon_cuda13' not in sys.modules
        (entry,) = importlib.metadata.entry_points(group='tenon.backends')
        assert entry.name == 'cuda' and os.path.exists(entry.load()())
        assert entry.load()() in open('/proc/self/maps').read()
        """,
        installed,
    )


def test_the_environment_goes_first(installed: Path) -> None:
    with_package(
        """
        import tenon
        assert not tenon.cuda.is_available()
        try:
            tenon.ones(1, device='cuda')
        except RuntimeError as error:
            assert '/nowhere/else.so' in str(error), error
        """,
        installed,
        TENON_CUDA_LIB="/nowhere/else.so",
    )


def test_another_version_is_named(installed: Path) -> None:
    with_package(
        """
        import tenon
        assert not tenon.cuda.is_available()
        try:
            tenon.ones(1, device='cuda')
        except RuntimeError as error:
            text = str(error)
        assert 'was built for tenon 99.1.0 with ABI ' in text, text
        assert f'this is tenon {tenon.__version__} with ABI ' in text, text
        assert f'install tenon-cuda13=={tenon.__version__}' in text, text
        assert (tenon.ones(1) + 1).tolist() == [2]
        """,
        installed,
        TENON_SIM_VERSION="99.1.0",
    )


def test_without_a_package_the_error_says_what_to_install(tmp_path: Path) -> None:
    # Metadata of other packages, and of one whose library is gone, are in the way of nothing.
    for name, text in (
        ("other", "[console_scripts]\ncuda = other:main\n"),
        ("broken", "[tenon.backends\ncuda tenon_cuda13"),
        (
            "gone",
            "# text\n[x]\ncuda = no:no\n[tenon.backends]\nsim = y:z\n cuda = gone.deep:library [extra]\n",
        ),
    ):
        (tmp_path / f"{name}-1.dist-info").mkdir()
        (tmp_path / f"{name}-1.dist-info/entry_points.txt").write_text(text)
    with_package(
        """
        import tenon
        try:
            tenon.ones(1, device='cuda')
        except RuntimeError as error:
            text = str(error)
        assert 'gone/deep/libtenon_cuda.so' in text, text
        assert f'install tenon-cuda13=={tenon.__version__}' in text and 'TENON_CUDA_LIB' in text, text
        """,
        tmp_path,
    )
