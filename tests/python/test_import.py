"""What ``import tenon`` costs and touches: no NumPy, no device, no thread, and little time."""

import json

import pytest
from support import run_python


def test_import_brings_no_other_library() -> None:
    loaded = json.loads(
        run_python(
            """
            import json, sys
            before = set(sys.modules)
            import tenon
            print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))
            """
        )
    )
    assert "tenon" in loaded
    for name in ("numpy", "torch", "ml_dtypes", "scipy", "pandas", "scipy_openblas32", "inspect"):
        assert name not in loaded, loaded


def test_import_starts_no_thread_and_opens_no_device() -> None:
    run_python(
        """
        import os
        import tenon
        assert len(os.listdir('/proc/self/task')) == 1
        maps = open('/proc/self/maps').read()
        assert 'libcuda' not in maps and 'openblas' not in maps
        """,
        TENON_CUDA_LIB="/nowhere/libtenon_cuda.so",
    )


def test_import_time(record_property: pytest.FixtureRequest) -> None:
    """Printed and kept in the report, not asserted: the machine decides. The limit is 20 ms."""
    program = """
        import time
        start = time.perf_counter()
        import tenon
        print((time.perf_counter() - start) * 1e3)
        """
    best = min(float(run_python(program)) for _ in range(5))
    print(f"import tenon: {best:.1f} ms (limit 20 ms)")
    record_property("import_milliseconds", best)
    assert best < 1000  # something is badly wrong


def test_every_public_name_says_what_it_is() -> None:
    import tenon

    names = getattr(tenon, "__all__", None) or [n for n in dir(tenon) if not n.startswith("_")]
    values = {n: getattr(tenon, n) for n in names}
    silent = [
        n for n, v in values.items() if callable(v) and not str(getattr(v, "__doc__", None) or "").strip()
    ]
    assert not silent
