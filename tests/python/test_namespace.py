"""Every public name: documentation, signature, module, pickling by name, and what `import *` brings."""

import builtins
import importlib
import inspect
import pickle
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import tenon
from tenon._names import MODULES

PUBLIC = [n for n in dir(tenon) if not n.startswith("_")]
CALLABLE = [n for n in PUBLIC if callable(getattr(tenon, n))]
METHODS = [n for n in dir(tenon.Tensor) if not n.startswith("_") and callable(getattr(tenon.Tensor, n))]


def test_there_is_something_to_test():
    assert len(CALLABLE) > 250
    assert len(METHODS) > 300


@pytest.mark.parametrize("name", CALLABLE)
def test_public_callables(name):
    f = getattr(tenon, name)
    assert inspect.getdoc(f), "no docstring"
    if not isinstance(f, tenon.dtype):
        assert f.__module__.split(".")[0] == "tenon"
        assert not f.__module__.startswith("tenon._C"), f.__module__
        assert f.__name__ == name
    if not isinstance(f, type):
        inspect.signature(f)
    assert pickle.loads(pickle.dumps(f)) is f


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    f = getattr(tenon.Tensor, name)
    assert inspect.getdoc(f), "no docstring"
    first = next(iter(inspect.signature(f).parameters.values()))
    assert first.name in ("self", "input", "sorted_sequence")


@pytest.mark.parametrize("module", ["autograd", "cuda", "memory", "random"])
def test_submodules(module):
    m = getattr(tenon, module)
    assert m.__doc__
    for name, f in vars(m).items():
        if not name.startswith("_") and isinstance(f, types.FunctionType) and f.__module__ == m.__name__:
            assert f.__doc__, name
            assert pickle.loads(pickle.dumps(f)) is f


def test_attributes_have_documentation():
    for name, attribute in vars(tenon.Tensor).items():
        if inspect.isgetsetdescriptor(attribute) and not name.startswith("__"):
            assert attribute.__doc__, name


def test_star_import_keeps_builtins():
    scope = {}
    exec("from tenon import *", scope)
    taken = [n for n in scope if not n.startswith("__") and hasattr(builtins, n)]
    assert taken == []
    assert {"tensor", "Tensor", "float32", "zeros", "no_grad", "from_numpy"} <= scope.keys()
    assert "random" not in scope


def test_all_names_exist():
    for name in tenon.__all__:
        assert hasattr(tenon, name)


def test_signature_has_defaults_and_out():
    parameters = inspect.signature(tenon.sum).parameters
    assert list(parameters) == ["input", "dim", "keepdim", "dtype", "out"]
    assert parameters["dim"].default is None
    assert parameters["keepdim"].default is False
    assert parameters["dtype"].kind is inspect.Parameter.KEYWORD_ONLY
    assert "out" not in inspect.signature(tenon.clone).parameters


# ---- what documentation says ----

# Callables that raise nothing of their own, which leaves a wrong argument's TypeError.
RAISE_NOTHING = {
    "tenon": (
        "Explanation HistogramResult MinMax QRResult SVDResult SlogdetResult Tensor UniqueAllResult "
        "UniqueCountsResult UniqueInverseResult "
        "ValuesIndices are_deterministic_algorithms_enabled enable_grad explain fork_rng get_default_device "
        "get_deterministic_debug_mode get_float32_matmul_precision get_num_interop_threads "
        "is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled "
        "get_default_dtype get_num_threads get_printoptions get_rng_state inference_mode initial_seed "
        "is_anomaly_check_nan_enabled is_anomaly_enabled "
        "is_grad_enabled no_grad numpy_policy record_copies seed set_grad_enabled show_config"
    ),
    "tenon.Tensor": (
        "data_ptr detach dim element_size "
        "get_device is_pinned is_shared is_signed ndimension numel "
        "storage_offset to_numpy tolist unpin_"
    ),
    "tenon.autograd": (
        "GradcheckError border_guard enable_grad inference_mode is_grad_enabled no_grad set_detect_anomaly "
        "set_grad_enabled"
    ),
    "tenon.cuda": (
        "device_count init is_available is_bf16_supported is_initialized DeviceProperties UnifiedMemory"
    ),
    "tenon.memory": "release reset_peak stats",
    "tenon.random": "fork_rng get_rng_state initial_seed seed",
    "tenon.numpy": "ndarray",
    "tenon.numpy.linalg": "",
    "tenon.numpy.fft": "",
}
# Functions of tenon.numpy that return no tensors: numbers, shapes and dtypes.
NO_TENSORS = (
    "allclose array_equal array_equiv broadcast_shapes can_cast dtype finfo iinfo iscomplexobj isdtype "
    "isrealobj ndarray ndim promote_types result_type shape size"
)
ERROR = re.compile(r"\b[A-Z]\w+Error\b")
MEMORY = re.compile(r"\b(views?|cop(y|ies)|new|shares?d?|itself|memory|in place|overwr\w+)\b", re.IGNORECASE)


def documented():
    import tenon.numpy

    np = tenon.numpy
    modules = tenon, tenon.autograd, tenon.cuda, tenon.memory, tenon.random, np, np.linalg, np.fft
    spaces = {m.__name__: m for m in modules} | {"tenon.Tensor": tenon.Tensor}
    assert spaces.keys() == RAISE_NOTHING.keys()
    for space, owner in spaces.items():
        for name in dir(owner):
            f = getattr(owner, name)
            if not name.startswith("_") and callable(f) and not isinstance(f, tenon.dtype):
                yield space, name, f


DOCUMENTED = list(documented())


def body(f):
    """The documentation without what all rows share of out=, and without the example."""
    text = re.split(r"\n\nExamples\n---|\n\n>>> ", inspect.getdoc(f))[0]
    return re.sub(r"\nout : Tensor or ndarray.*?(?=\n\S|\n\n)", "", text, flags=re.DOTALL)


def test_documentation_names_the_errors():
    found = {(space, name) for space, name, f in DOCUMENTED if ERROR.search(body(f))}
    nothing = {(space, name) for space, names in RAISE_NOTHING.items() for name in names.split()}
    everything = {(space, name) for space, name, _ in DOCUMENTED}
    assert everything - found - nothing == set()
    assert nothing & found == set()
    assert nothing - everything == set()


def test_documented_errors_exist():
    for space, name, f in DOCUMENTED:
        for error in ERROR.findall(body(f)):
            assert hasattr(builtins, error) or error in ("GradcheckError", "LinAlgError"), (
                space,
                name,
                error,
            )


def test_documentation_says_whose_memory_a_result_is():
    for space, name, f in DOCUMENTED:
        if type(f).__name__ == "Operation":
            tensors = f._returns == "ValuesIndices" or "Tensor" in f._returns
        else:
            tensors = space.startswith("tenon.numpy") and name not in NO_TENSORS.split()
        assert not tensors or MEMORY.search(body(f)), f"{space}.{name}: neither a view nor a copy"


def test_documentation_begins_with_one_line():
    for space, name, f in DOCUMENTED:
        lines = inspect.getdoc(f).splitlines()
        if not isinstance(f, type):
            assert lines[1:2] in ([], [""]), (space, name)
        signature = lines[0].startswith(f"{f.__name__}(")  # which is as long as NumPy's
        assert max(map(len, lines[signature:])) <= 120, (space, name)


def test_special_methods_have_documentation():
    for name, method in vars(tenon.Tensor).items():
        if name not in ("__module__", "__hash__", "__dlpack_c_exchange_api__"):
            assert getattr(method, "__doc__", None) or not callable(method), name


@pytest.mark.parametrize("module", ["tenon", "tenon.cuda", "tenon.memory", "tenon.numpy"])
def test_imports_are_no_public_names(module):
    assert {"annotations", "Any"}.isdisjoint(dir(sys.modules[module]))


@pytest.mark.parametrize(
    "alias, name",
    [
        ("subtract", "sub"),
        ("multiply", "mul"),
        ("divide", "div"),
        ("true_divide", "div"),
        ("absolute", "abs"),
        ("negative", "neg"),
        ("clamp", "clip"),
        ("arcsin", "asin"),
        ("arctan2", "atan2"),
        ("concat", "cat"),
        ("concatenate", "cat"),
        ("moveaxis", "movedim"),
        ("greater", "gt"),
        ("less_equal", "le"),
        ("not_equal", "ne"),
        ("fix", "trunc"),
        ("power", "pow"),
    ],
)
def test_aliases_are_the_same_operation_under_their_own_name(alias, name):
    a, f = getattr(tenon, alias), getattr(tenon, name)
    assert a.__name__ == alias
    assert inspect.signature(a) == inspect.signature(f)


def test_dtype_names():
    assert tenon.float is tenon.float32
    assert tenon.double is tenon.float64
    assert tenon.half is tenon.float16
    assert tenon.int is tenon.int32
    assert tenon.long is tenon.int64
    assert tenon.dtype("bool") is tenon.bool
    integers = "byte short intc long longlong ubyte ushort uintc ulong ulonglong int_ intp uint uintp"
    for name in f"{integers} half single double csingle cdouble bool_".split():
        assert getattr(tenon.numpy, name) == getattr(np, name)
    assert tenon.numpy.euler_gamma == np.euler_gamma and tenon.numpy.True_ is True
    assert tenon.newaxis is None
    assert tenon.inf == float("inf")
    assert tenon.nan != tenon.nan


def test_import_brings_no_numpy():
    unwanted = "{'numpy', 'multiprocessing', 'typing', 'inspect'}"
    code = f"import sys, tenon; sys.exit(bool({unwanted} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        tenon.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        ("tenon", "percentile", "it is tenon.numpy.percentile"),
        ("tenon", "eigh", "it is tenon.linalg.eigh"),
        ("tenon", "concatenat", "did you mean 'concatenate'?"),
        ("tenon.numpy", "unsqueeze", "it is tenon.unsqueeze"),
        ("tenon.numpy", "arrange", "did you mean 'arange'?"),
        (
            "tenon.numpy",
            "busday_count",
            "tenon has no implementation of it, use numpy.busday_count on tensor.numpy()",
        ),
        ("tenon", "polyfit", "tenon has no implementation of it, use numpy.polyfit, which takes tensors"),
        (
            "tenon.numpy",
            "shares_memory",
            "tenon has no implementation of it, use numpy.shares_memory, which takes tensors",
        ),
        ("tenon.numpy", "asaray", "did you mean 'asarray'?"),
        ("tenon.numpy.linalg", "eig_h", "did you mean 'eigh'?"),
        ("tenon.numpy.fft", "solve", "it is tenon.linalg.solve"),
        ("tenon.linalg", "tensordot", "it is tenon.tensordot"),
        ("tenon.autograd", "hessian", "it is tenon.autograd.functional.hessian"),
        ("tenon.cuda", "synchronise", "did you mean 'synchronize'?"),
        ("tenon.random", "manual_sed", "did you mean 'manual_seed'?"),
        ("tenon.memory", "stat", "did you mean 'stats'?"),
    ],
)
def test_a_missing_name_is_pointed_to(module, name, said):
    with pytest.raises(
        AttributeError, match=f"module '{module}' has no attribute '{name}'; {re.escape(said)}$"
    ):
        getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module", MODULES)
def test_completion_shows_no_helpers(module):
    m = importlib.import_module(module)
    shown = {n for n in dir(m) if not n.startswith("_")}
    helpers = {n for n in vars(m) if not n.startswith("_")} - shown
    assert set(m.__all__) <= shown
    assert not shown & {
        "axes_of",
        "tensor_of",
        "annotations",
        "sys",
        "operator",
        "namedtuple",
        "Any",
        "by_numpy",
        "cast",
    }
    # What is shown belongs to the package: nothing of another one, and no private part of its own.
    for name in shown:
        f = getattr(m, name)
        if isinstance(f, types.FunctionType | type):
            of_standard = module == "tenon.multiprocessing" and f.__module__.startswith("multiprocessing")
            assert f.__module__.split(".")[0] == "tenon" or name == "LinAlgError" or of_standard, name
        assert f is not importlib
    assert all(n not in m.__all__ for n in helpers)


def test_star_import_of_tenon_numpy_keeps_builtins():
    scope = {}
    exec("from tenon.numpy import *", scope)
    assert [n for n in scope if not n.startswith("__") and hasattr(builtins, n)] == []
    assert {"concatenate", "float32", "pi", "linalg"} <= scope.keys()


def test_size():
    t = tenon.zeros(2, 3)
    assert t.size == 6
    assert t.size() == (2, 3)
    assert t.size(0) == 2
    assert t.size(-1) == 3
    assert isinstance(t.size, int)
    with pytest.raises(IndexError):
        t.size(2)
    assert pickle.loads(pickle.dumps(t.size)) == 6


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "bfloat16", "float8_e5m2", "float8_e4m3fn", "complex64"]
)
def test_finfo_agrees_with_numpy(dtype):
    import ml_dtypes
    import numpy as np

    theirs = ml_dtypes.finfo(dtype) if dtype.startswith(("bf", "float8")) else np.finfo(dtype)
    ours = tenon.finfo(getattr(tenon, dtype))
    for name in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution"):
        assert float(getattr(ours, name)) == pytest.approx(
            float(getattr(theirs, name)), rel=0.07 if name == "resolution" else 1e-6
        ), name
    with pytest.raises(TypeError):
        tenon.finfo(tenon.int8)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_iinfo_agrees_with_numpy(dtype):
    import numpy as np

    ours, theirs = tenon.iinfo(getattr(tenon, dtype)), np.iinfo(dtype)
    assert (ours.bits, ours.min, ours.max) == (theirs.bits, theirs.min, theirs.max)
    with pytest.raises(TypeError):
        tenon.iinfo(tenon.float32)


def test_default_dtype():
    assert tenon.get_default_dtype() is tenon.float32
    try:
        tenon.set_default_dtype(tenon.float64)
        assert tenon.tensor([1.0]).dtype is tenon.float64
        assert tenon.zeros(1).dtype is tenon.float64
        assert tenon.tensor([1j]).dtype is tenon.complex128
    finally:
        tenon.set_default_dtype(tenon.float32)
    with pytest.raises(TypeError, match="set_default_dtype"):
        tenon.set_default_dtype(tenon.int32)


def test_promotion_helpers():
    assert tenon.promote_types(tenon.int8, tenon.uint8) is tenon.int16
    assert tenon.promote_types(tenon.int64, tenon.float16) is tenon.float16
    assert tenon.result_type(tenon.zeros(1, dtype=tenon.int8), 3) is tenon.int8
    assert tenon.result_type(3, tenon.zeros(1, dtype=tenon.int8)) is tenon.int8
    assert tenon.result_type(tenon.zeros(1, dtype=tenon.int8), 3.0) is tenon.float32
    assert tenon.result_type(tenon.float16, tenon.float32) is tenon.float32
    assert tenon.result_type(1.0) is tenon.float32
    assert tenon.can_cast(tenon.int64, tenon.int8)
    assert not tenon.can_cast(tenon.float32, tenon.int64)
    assert not tenon.can_cast(tenon.complex64, tenon.float64)


def test_threads_and_memory():
    tenon.set_num_threads(0)
    n = tenon.get_num_threads()
    try:
        tenon.set_num_threads(1)
        assert tenon.get_num_threads() == 1
    finally:
        tenon.set_num_threads(0)
    assert tenon.get_num_threads() == n
    before = tenon.memory.stats()
    tenon.memory.set_limit(64 << 20)  # it is 0 in a sanitized build
    t = tenon.zeros(1 << 20)
    assert tenon.memory.stats()["in_use"] >= before["in_use"] + t.nbytes
    del t
    assert tenon.memory.stats()["cached"] > 0
    assert tenon.memory.release() > 0
    assert tenon.memory.stats()["cached"] == 0
    tenon.memory.set_limit(before["limit"])
    tenon.memory.reset_peak()
    stats = tenon.memory.stats()
    assert stats["peak"] == stats["in_use"]
    with pytest.raises(ValueError):
        tenon.memory.set_limit(-1)
    with pytest.raises(TypeError, match=r"^set_limit: .*float"):
        tenon.memory.set_limit(1.5)
    tenon.memory.set_limit(2**70)
    tenon.memory.set_limit(before["limit"])


def test_cuda_questions_need_no_device():
    assert tenon.cuda.is_available() in (True, False)
    assert tenon.cuda.device_count() >= 0
    for device in (-1, "x", "cpu", tenon.device("cpu")):
        with pytest.raises(ValueError, match=r"^synchronize: a CUDA device is needed"):
            tenon.cuda.synchronize(device)
    with pytest.raises(TypeError, match=r"^synchronize: 'device' must be an int"):
        tenon.cuda.synchronize(1.5)


def test_a_device_has_one_index():
    assert tenon.device("cuda", 2) == tenon.device("cuda:2") == tenon.device("cuda", index=2)
    for arguments in (("cpu", 3), ("cuda:1", 2), ("cuda", -5), (tenon.device("cpu"), 1)):
        with pytest.raises(ValueError, match="device: expected"):
            tenon.device(*arguments)
    with pytest.raises(TypeError, match="'index' must be an int"):
        tenon.device("cuda", 1.5)


def test_strides_are_numpys():
    a = np.arange(24, dtype="f4").reshape(2, 3, 4)[:, ::-1, ::2]
    t = tenon.from_numpy(a)
    assert t.strides == a.strides and t.stride() == tuple(s // 4 for s in a.strides)
    assert tenon.tensor(1.0).strides == ()


def test_classes_answer_signature():
    assert list(inspect.signature(tenon.Generator).parameters) == ["seed", "device"]
    assert list(inspect.signature(tenon.device).parameters) == ["type", "index"]
    assert list(inspect.signature(tenon.dtype).parameters) == ["dtype"]
    assert not hasattr(tenon, "jit")  # AttributeError, and not the importer's error


@pytest.mark.parametrize("module", ["tenon.numpy", "tenon.numpy.linalg"])
def test_no_python_function_hides_a_row(module):
    shown = importlib.import_module(module)
    hidden = {n for n, row in tenon._C._numpy_names[module].items() if getattr(shown, n) is not row}
    assert hidden == set()


def test_arguments_of_tenon_numpy_have_numpys_names():
    ufunc, checked = tenon._C._ufunc, 0
    for name, row in tenon._C._numpy_names["tenon.numpy"].items():
        theirs = getattr(np, name, None)
        if isinstance(row, ufunc) or not callable(theirs) or isinstance(theirs, np.ufunc):
            continue
        try:
            parameters = inspect.signature(theirs).parameters.values()
        except ValueError:  # NumPy's C functions say nothing
            continue
        plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        ours = inspect.signature(row).parameters
        assert {n for n in plain if n not in ("like", "subok")} - set(ours) == set(), name
        checked += 1
    assert checked > 100
    t = tenon.ones(2, 3)
    assert tenon.numpy.tril(m=t, k=1).shape == tenon.numpy.tril(t, diagonal=1).shape == (2, 3)
