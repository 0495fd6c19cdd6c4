// Rows: kinds of dtypes, and their limits.
#include <limits>

#include "core/errors.h"
#include "op.h"
#include "tenon/kinds.h"

namespace tenon::py {
namespace {

// kind: a name, a dtype, or a tuple of both.
bool is_of_kind(DType d, PyObject* kind) {
  if (PyTuple_Check(kind)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kind); ++i)
      if (is_of_kind(d, PyTuple_GET_ITEM(kind, i))) return true;
    return false;
  }
  if (PyUnicode_Check(kind)) return isdtype(d, to_string(kind, {"isdtype", "kind"}));
  return d == to_dtype(kind, {"isdtype", "kind"});
}

// (dtype, bits, min, max) of integers, (dtype, bits, min, max, eps, smallest normal, digits) of floats and of the parts of
// complex numbers.
PyObject* limits(const OpDef&, PyObject* const* args) {
  const DType d = real_dtype(to_dtype(args[0], {"limits", "dtype"}));
  const int bits = static_cast<int>(itemsize(d) * 8);
  return dispatch(d, [&]<class T>() -> PyObject* {
    using L = std::numeric_limits<T>;
    if constexpr (is_floating(dtype_of<T>)) {
      const auto number = [](T v) { return static_cast<double>(v); };
      return Py_BuildValue("Niddddi", from_dtype(d), bits, number(L::lowest()), number(L::max()), number(L::epsilon()),
                           number(L::min()), L::digits10);
    } else if constexpr (is_integral(dtype_of<T>)) {
      return Py_BuildValue("NiNN", from_dtype(d), bits, from_scalar(L::lowest()), from_scalar(L::max()));
    } else {
      errors::fail<TypeError>("limits", "a real dtype is needed; got ", d);
    }
  });
}

}  // namespace

void def_kinds(Ops& ops) {
  ops.raw(
         "isdtype",
         [](const OpDef& def, PyObject* const* args) -> PyObject* {
           return to_python(is_of_kind(argument<DType>(def, args, 0), args[1]));
         },
         "Whether a dtype is of a kind: a Python bool.\n\n"
         "dtype: a dtype, by object or name. kind: 'bool', 'signed integer', 'unsigned integer', 'integral', 'real "
         "floating', 'complex floating' or 'numeric' (ValueError for another name), a dtype, or a tuple of both, of which "
         "one has to fit. TypeError for what is no dtype.\n\n"
         ">>> tenon.numpy.isdtype(tenon.float32, 'real floating')\n"
         "True",
         "dtype"_a, "kind"_a)
      .numpy_only("isdtype")
      .returns("_bool");
  ops.def(
         "iscomplexobj", +[](const Tensor& t) { return is_complex(t.dtype()); },
         "Whether the dtype is one of complex numbers: a Python bool.\n\n"
         "TypeError for what is no array.\n\n"
         ">>> tenon.numpy.iscomplexobj(tenon.tensor([1j]))\n"
         "True",
         "x"_a)
      .numpy_only("iscomplexobj");
  ops.def(
         "isrealobj", +[](const Tensor& t) { return !is_complex(t.dtype()); },
         "Whether the dtype is none of complex numbers: a Python bool.\n\n"
         "TypeError for what is no array.\n\n"
         ">>> tenon.numpy.isrealobj(tenon.tensor([1j]))\n"
         "False",
         "x"_a)
      .numpy_only("isrealobj");
  // tenon.finfo and tenon.iinfo name the numbers.
  ops.raw("_limits", &limits, "The numbers of tenon.finfo and tenon.iinfo.", "dtype"_a)
      .function_only()
      .returns("tuple[Any, ...]");
  ops.raw(
         "_dtype_kinds",
         [](const OpDef&, PyObject* const*) -> PyObject* {
           const auto kinds = dtype_kinds();
           Object names = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(kinds.size())));
           for (std::size_t i = 0; i < kinds.size(); ++i)
             PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i), to_python(std::string(kinds[i])));
           return names.release();
         },
         "The kinds that isdtype knows.")
      .function_only()
      .returns("tuple[_str, ...]");
}

}  // namespace tenon::py
