// Rows: dtypes and their promotion, printing, and other functions of the package that are no operations.
#include "casting.h"
#include "core/errors.h"
#include "dtype.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace tenon::py {
namespace {

// Tensors and dtypes count fully, numbers weakly, wherever they stand.
PyObject* result_type(const OpDef&, PyObject* const* args) {
  std::optional<DType> found;
  std::vector<Scalar> numbers;
  auto take = [&](PyObject* o) {
    Scalar s;
    if (is_tensor(o) || is_ndarray(o)) {
      const DType d = to_tensor(o, {"result_type", "tensors"}).dtype();
      found = found ? promote(*found, d) : d;
    } else if (as_scalar(o, s)) {
      numbers.push_back(s);
    } else {
      const DType d = to_dtype(o, {"result_type", "tensors"});
      found = found ? promote(*found, d) : d;
    }
  };
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[0]); ++i) take(PyTuple_GET_ITEM(args[0], i));
  for (const Scalar& s : numbers) found = found ? s.promote_with(*found) : s.default_dtype();
  if (!found) errors::fail<TypeError>("result_type", "at least one tensor, dtype or number is needed");
  return from_dtype(*found);
}

PyObject* set_print(const OpDef& def, PyObject* const* args) {
  PrintOptions o = print_options();
  if (args[5] != Py_None) {  // a profile first, single settings over it
    const std::string profile = argument<std::string>(def, args, 5);
    const PrintOptions standard;
    o = standard;
    if (profile == "short") {
      o.precision = 2;
      o.edgeitems = 2;
    } else if (profile == "full") {
      o.threshold = INT64_MAX;
    } else if (profile != "default") {
      errors::fail("set_printoptions", "profile must be 'default', 'short' or 'full'; got '", profile, "'");
    }
  }
  const auto whole = [&](int i, auto& setting) {
    if (args[i] == Py_None) return;
    const bool infinite = PyFloat_Check(args[i]) && PyFloat_AS_DOUBLE(args[i]) > 1e18;  // threshold=inf
    const std::int64_t v = infinite ? INT64_MAX : argument<std::int64_t>(def, args, i);
    if (v < 0)
      errors::fail("set_printoptions", def.args[static_cast<std::size_t>(i)].name, " must not be negative; got ", v);
    setting = static_cast<std::remove_reference_t<decltype(setting)>>(v);
  };
  whole(0, o.precision);
  whole(1, o.threshold);
  whole(2, o.edgeitems);
  whole(3, o.linewidth);
  if (args[4] != Py_Ellipsis) o.sci_mode = argument<std::optional<bool>>(def, args, 4);
  print_options() = o;
  return Py_NewRef(Py_None);
}

PyObject* get_print(const OpDef&, PyObject* const*) {
  const PrintOptions& o = print_options();
  Object sci = o.sci_mode ? Object::steal(PyBool_FromLong(*o.sci_mode)) : Object::borrow(Py_None);
  return Py_BuildValue("{s:i,s:L,s:L,s:i,s:O}", "precision", o.precision, "threshold",
                       static_cast<long long>(o.threshold), "edgeitems", static_cast<long long>(o.edgeitems),
                       "linewidth", o.linewidth, "sci_mode", sci.get());
}

// Of a dtype, or of what has one: a tensor, an array, a column of a frame.
DType dtype_of_any(PyObject* o) {
  const Where w{"can_cast", "from_"};
  if (is_tensor(o)) return unwrap(o).dtype();
  if (PyType_Check(o)) return to_dtype(o, w);
  const Object own = Object::maybe(PyObject_GetAttrString(o, "dtype"));
  PyErr_Clear();
  return to_dtype(own ? own.get() : o, w);
}

void can_cast_of_numpy(OpDef& d, std::nullptr_t) {
  d.arguments("from_"_a, "to"_a, "casting"_a = "safe");
  d.doc +=
      "from_: a dtype or an array. to: the dtype that it becomes. casting: 'no', 'equiv', 'safe' (where promotion\n"
      "leads), 'same_kind' or 'unsafe'. TypeError for what is no dtype, ValueError for another casting.\n\n"
      ">>> tenon.numpy.can_cast(tenon.int64, tenon.int8)\n"
      "False";
  d.invoke = [](const OpDef&, PyObject* const* args) -> PyObject* {
    const DType from = dtype_of_any(args[0]), to = to_dtype(args[1], {"can_cast", "to"});
    return to_python(can_cast(from, to, to_casting(args[2], {"can_cast", "casting"})));
  };
}

}  // namespace

void def_dtype(Ops& ops) {
  ops.def("promote_types", &promote,
          "The dtype that operands of the two dtypes are converted to.\n\n"
          "NumPy's and the array API's rules within a kind; integers with floats keep the float's dtype.\n"
          "TypeError for float8 with another dtype, and for what is no dtype.\n\n"
          "type1, type2: dtypes, by object or name.\n\n"
          ">>> tenon.promote_types(tenon.int8, tenon.float16)\n"
          "tenon.float16",
          "type1"_a, "type2"_a)
      .function_only()
      .numpy("promote_types");
  ops.raw("result_type", &result_type,
          "The dtype of an operation on tensors, dtypes and numbers; numbers are weak (NEP 50).\n\n"
          "TypeError for float8 with another dtype, for anything else and for nothing.\n\n"
          ">>> tenon.result_type(tenon.tensor([1], dtype=tenon.int8), 2.5)\n"
          "tenon.float32",
          rest("tensors"_a))
      .function_only()
      .numpy("result_type")
      .array_api("result_type")
      .returns("_dtype");
  ops.raw(
         "can_cast",
         [](const OpDef&, PyObject* const* args) -> PyObject* {
           return to_python(can_cast_same_kind(dtype_of_any(args[0]), to_dtype(args[1], {"can_cast", "to"})));
         },
         "Whether a value may be stored in the dtype without losing its kind (no float in an integer, no complex "
         "in a float).\n\n"
         "from_: a dtype or an array. TypeError for what is no dtype.\n\n"
         "to: the dtype that it becomes.\n\n"
         ">>> tenon.can_cast(tenon.float64, tenon.int64)\n"
         "False",
         "from_"_a, "to"_a)
      .function_only()
      .returns("_bool")
      .numpy("can_cast", can_cast_of_numpy)
      .array_api("can_cast");
  ops.def("get_default_dtype", &default_float,
          "The dtype of tensors made from Python floats: float32 unless changed.\n\n"
          ">>> tenon.get_default_dtype()\n"
          "tenon.float32")
      .function_only();
  ops.def(
         "set_default_dtype",
         +[](DType d) {
           if (!is_floating(d) || is_float8(d))
             errors::dtype_not_supported("set_default_dtype", d, "float16, bfloat16, float32 and float64");
           set_default_float(d);
         },
         "Sets the dtype of tensors made from Python floats; complex numbers get the complex dtype of its "
         "precision.\n\n"
         "TypeError for other dtypes than float16, bfloat16, float32 and float64.\n\n"
         ">>> tenon.set_default_dtype(tenon.float64)\n"
         ">>> tenon.ones(1).dtype\n"
         "tenon.float64\n"
         ">>> tenon.set_default_dtype(tenon.float32)",
         "dtype"_a)
      .function_only();
  ops.raw(
         "is_tensor", [](const OpDef&, PyObject* const* args) { return to_python(is_tensor(args[0])); },
         "Whether the object is a tenon.Tensor.\n\n"
         "obj: any object.\n\n"
         ">>> tenon.is_tensor([1, 2])\n"
         "False",
         "obj"_a)
      .function_only()
      .returns("_bool");
  ops.raw("get_printoptions", &get_print,
          "The settings of set_printoptions, as a dict.\n\n"
          ">>> tenon.get_printoptions()[\"precision\"]\n"
          "4")
      .function_only()
      .returns("dict[_str, Any]");
  ops.raw("set_printoptions", &set_print,
          "How tensors are printed, for the whole process.\n\n"
          "precision: digits after the point (4). threshold: tensors of more elements are summarised (1000).\n"
          "edgeitems: elements at each end of a summarised dimension (3). linewidth: characters in a line (80).\n"
          "sci_mode: True, False, or None to decide by the values. profile: 'default', 'short' or 'full', which\n"
          "the others override.\n"
          "ValueError for negative numbers and another profile, TypeError for what is no int.\n\n"
          ">>> tenon.set_printoptions(precision=2)\n"
          ">>> tenon.tensor([1.23456])\n"
          "tensor([1.23])\n"
          ">>> tenon.set_printoptions(profile=\"default\")",
          "precision"_a = none, "threshold"_a = none, "edgeitems"_a = none, "linewidth"_a = none,
          "sci_mode"_a = Object::borrow(Py_Ellipsis), "profile"_a = none)
      .function_only()
      .returns("None");
}

void def_system(Ops& ops) {
  ops.def(
         "get_num_threads", +[] { return std::int64_t{num_threads()}; },
         "How many threads an operation may use.\n\n"
         ">>> tenon.get_num_threads() >= 1\n"
         "True")
      .function_only();
  ops.def(
         "set_num_threads",
         +[](std::int64_t n) {
           if (n < 0 || n > 4096)
             errors::fail("set_num_threads", "the number of threads must lie between 0 (the default) and 4096; got ",
                          n);
           set_num_threads(static_cast<int>(n));
         },
         "Sets how many threads an operation may use; 0 for the default.\n\n"
         "ValueError for a number below 0 or above 4096.\n\n"
         "n: the number of threads; 0 for the default.\n\n"
         ">>> n = tenon.get_num_threads()\n"
         ">>> tenon.set_num_threads(1)\n"
         ">>> tenon.get_num_threads()\n"
         "1\n"
         ">>> tenon.set_num_threads(n)",
         "n"_a)
      .function_only();
}

}  // namespace tenon::py
