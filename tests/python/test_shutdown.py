"""Tensors that are alive when the interpreter ends: no crash, no hang, no message."""

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border

ENDINGS = {
    "tensors over arrays": "keep = [tenon.from_numpy(np.ones(10)) for _ in range(100)]",
    "arrays over tensors": "keep = [tenon.from_numpy(np.ones(10)).clone().numpy() for _ in range(100)]",
    "a cycle": "keep = []; keep.append((keep, tenon.from_numpy(np.ones(3)))); np.keep = keep",
    "in another module": "import builtins as b; b.keep = tenon.from_numpy(np.ones(3)); b.back = keep.numpy()",
    "a graph": "w = tenon.from_numpy(np.ones(5)).requires_grad_(); y = tenon.exp(w).sum(); y.backward()",
    "a live pool": "t = tenon.from_numpy(np.ones(3_000_000)); y = (t * 2).sum()",
    "a capsule": "c = tenon.from_numpy(np.ones(3)).__dlpack__()",
    "a memoryview": "v = memoryview(tenon.from_numpy(np.ones(3)))",
    "an exception": "raise SystemExit(0)",
    "a thread at work": """
import threading
t = tenon.from_numpy(np.ones(3_000_000))
def work():
    while True:
        (t * 2).sum()
threading.Thread(target=work, daemon=True).start()
import time; time.sleep(0.1)
""",
    "in an atexit handler": """
import atexit
t = tenon.from_numpy(np.ones(3))
atexit.register(lambda: print((t + 1).tolist()))
""",
    "in a destructor": """
class Late:
    def __init__(self): self.t = tenon.from_numpy(np.ones(3))
    def __del__(self): self.t.numpy(); (self.t + 1).sum()
late = Late()
import builtins; builtins.late = late
""",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_ends_in_peace(ending: str) -> None:
    program = ["import numpy as np", "import tenon", ENDINGS[ending], "print('end', flush=True)"]
    printed = run_python("\n".join(program))
    assert "end" in printed or ending == "an exception"
    if ending == "in an atexit handler":
        assert "[2.0, 2.0, 2.0]" in printed


def test_tensors_on_a_device_at_the_end() -> None:
    run_python(
        """
        import tenon
        t = tenon.ones(1000, device='cuda')
        y = (t * 2).sum()
        pinned = t.cpu()
        """,
        **sim_environment(),
    )


def test_an_unsupported_second_interpreter_is_no_crash() -> None:
    """Where sub-interpreters exist, importing there works or says why it does not."""
    run_python(
        """
        import tenon
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            raise SystemExit
        other = interpreters.create()
        try:
            interpreters.run_string(other, 'import tenon')
        except Exception as error:
            print(type(error).__name__)
        """
    )


def test_references_dropped_without_the_gil_after_a_subinterpreter() -> None:
    """PyGILState_Check() is always true then."""
    run_python(
        """
        import ctypes, sys, threading
        import numpy as np, tenon
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            import _interpreters as interpreters
        interpreters.destroy(interpreters.create())
        class Owner(np.ndarray):
            def __del__(self):
                gone.append([i for i in range(100)])
        gone = []
        for _ in range(50):
            a = np.zeros(5).view(Owner)
            capsule = tenon.from_numpy(a).__dlpack__()
            name = b"dltensor"
            get = ctypes.pythonapi.PyCapsule_GetPointer
            get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
            managed = get(capsule, name)
            rename = ctypes.pythonapi.PyCapsule_SetName
            rename.argtypes = [ctypes.py_object, ctypes.c_char_p]
            used = b"used_dltensor"
            rename(capsule, used)
            # struct DLManagedTensor: 48 bytes of DLTensor, the context, the deleter
            prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
            deleter = prototype(ctypes.c_void_p.from_address(managed + 56).value)
            del a, capsule
            thread = threading.Thread(target=deleter, args=(managed,))
            thread.start()
            thread.join()
        for _ in range(10):
            tenon.from_numpy(np.zeros(1))
        assert len(gone) == 50, len(gone)
        """
    )
