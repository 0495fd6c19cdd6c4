// Rows: borders. NumPy's forms of widths and values: a number, a pair, or a pair for each dimension.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

bool is_sequence(PyObject* o) { return PySequence_Check(o) && !PyUnicode_Check(o) && !is_tensor(o); }

// What stands before and after each of n dimensions, as objects.
using Pair = std::pair<Object, Object>;
Pair pair_of(PyObject* o, const Where& w) {
  if (!is_sequence(o)) return {Object::borrow(o), Object::borrow(o)};
  const Py_ssize_t n = PySequence_Size(o);
  if (n < 0) throw PythonError{};
  if (n != 1 && n != 2)
    errors::fail(w.op, w.arg, " is a number, a pair, or a pair for each dimension; got ", static_cast<std::int64_t>(n),
                 " numbers in a row");
  return {Object::steal(PySequence_GetItem(o, 0)), Object::steal(PySequence_GetItem(o, n - 1))};
}
std::vector<Pair> pairs_of(PyObject* given, int ndim, const Where& w) {
  Object o = Object::borrow(given);
  if (PyObject_HasAttrString(given, "tolist") && !is_tensor(given))  // ndarrays of widths
    o = Object::steal(PyObject_CallMethod(given, "tolist", nullptr));
  bool rows = false;
  if (is_sequence(o.get())) {
    const Py_ssize_t n = PySequence_Size(o.get());
    for (Py_ssize_t i = 0; i < n && !rows; ++i) {
      const Object item = Object::steal(PySequence_GetItem(o.get(), i));
      rows = is_sequence(item.get());
    }
  }
  std::vector<Pair> out;
  if (!rows) {
    const Pair one = pair_of(o.get(), w);
    for (int d = 0; d < ndim; ++d) out.emplace_back(Object::borrow(one.first.get()), Object::borrow(one.second.get()));
    return out;
  }
  const Py_ssize_t n = PySequence_Size(o.get());
  if (n != 1 && n != ndim)
    errors::fail<ShapeError>(w.op, w.arg, " has ", static_cast<std::int64_t>(n), " rows for ", ndim, " dimensions");
  for (int d = 0; d < ndim; ++d) {
    const Object row = Object::steal(PySequence_GetItem(o.get(), n == 1 ? 0 : d));
    out.push_back(pair_of(row.get(), w));
  }
  return out;
}

std::vector<PadWidth> widths_of(PyObject* o, int ndim, const Where& w) {
  std::vector<PadWidth> out;
  for (const auto& [before, after] : pairs_of(o, ndim, w))
    out.push_back({to_int(before.get(), w), to_int(after.get(), w)});
  return out;
}

// {dimension: widths}; those without an entry are not widened.
std::vector<PadWidth> widths_by_dimension(PyObject* dict, int ndim, const Where& w) {
  std::vector<PadWidth> out(static_cast<std::size_t>(ndim));
  const Object items = Object::steal(PyDict_Items(dict));  // a list of its own: the values may run Python code
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* item = PyList_GET_ITEM(items.get(), i);
    const std::int64_t d = to_int(PyTuple_GET_ITEM(item, 0), w);
    if (d < -ndim || d >= ndim) errors::bad_axis(w.op, d, ndim);
    const Pair p = pair_of(PyTuple_GET_ITEM(item, 1), w);
    out[static_cast<std::size_t>(d < 0 ? d + ndim : d)] = {to_int(p.first.get(), w), to_int(p.second.get(), w)};
  }
  return out;
}

std::vector<PadValues> values_of(const Tensor& t, PyObject* o, const Where& w) {
  std::vector<PadValues> out;
  if (Scalar s; as_scalar(o, s) && !s.is_complex() && s.to<double>() == 0) return out;  // the default
  for (const auto& [before, after] : pairs_of(o, t.ndim(), w))
    out.push_back({values_for(before.get(), t, w), values_for(after.get(), t, w)});
  return out;
}

PyObject* pad_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const Tensor t = argument<Tensor>(def, args, 0);
  if (PyCallable_Check(args[2]))
    errors::fail<TypeError>(op, "a function as mode is called by NumPy alone; use np.pad on tensor.numpy()");
  const PadMode mode = pad_mode(to_string(args[2], {op, "mode"}));
  const Where w{op, "pad_width"};
  const std::vector<PadWidth> widths =
      PyDict_Check(args[1]) ? widths_by_dimension(args[1], t.ndim(), w) : widths_of(args[1], t.ndim(), w);
  std::vector<PadWidth> stat;
  if (args[3] != Py_None) stat = widths_of(args[3], t.ndim(), {op, "stat_length"});
  const bool ramp = mode == PadMode::linear_ramp;
  const std::vector<PadValues> values = values_of(t, args[ramp ? 5 : 4], {op, ramp ? "end_values" : "constant_values"});
  const std::string type = to_string(args[6], {op, "reflect_type"});
  if (type != "even" && type != "odd") errors::fail(op, "reflect_type is 'even' or 'odd'; got '", type, "'");
  std::vector<Tensor> held;
  for (const PadValues& v : values) held.insert(held.end(), {v.before, v.after});
  return computed(kLongWork, [&] { return pad(t, widths, mode, values, stat, type == "odd"); }, t, held);
}

}  // namespace

void def_pad(Ops& ops) {
  ops.raw(
         "pad", &pad_any,
         "The tensor in a border, as numpy.pad makes it. A copy, with the gradient.\n\n"
         "pad_width: a number, a pair (before, after), a pair for each dimension, or a dict from dimensions to\n"
         "these. mode: 'constant' (constant_values), 'edge', 'reflect' and 'symmetric' (mirrored; reflect_type 'odd'\n"
         "for 2 * edge - mirrored), 'wrap', 'linear_ramp' (from end_values), 'maximum', 'minimum', 'mean' and 'median'\n"
         "(of stat_length elements at each end) or 'empty'.\n"
         "The dtype is input's. ValueError for another mode, for negative widths, for another number of pairs than of\n"
         "dimensions and where a mode needs elements that are not there; TypeError for widths that are no ints, for\n"
         "complex values in a real tensor and for a function as mode; OverflowError for a Python integer that the\n"
         "dtype cannot hold.\n\n"
         "constant_values: the value in front and behind for mode 'constant'. end_values: the last values for mode\n"
         "'linear_ramp'. stat_length: how many elements the statistics take. reflect_type: 'even' or 'odd', for the\n"
         "modes that reflect.\n\n"
         ">>> tenon.pad(tenon.tensor([1, 2, 3]), 2, 'reflect')\n"
         "tensor([3, 2, 1, 2, 3, 2, 1])",
         "input"_a, "pad_width"_a, "mode"_a = "constant", kw_only, "stat_length"_a = none, "constant_values"_a = 0,
         "end_values"_a = 0, "reflect_type"_a = "even")
      .function_only()
      .numpy("pad", {"array"});
}

}  // namespace tenon::py
