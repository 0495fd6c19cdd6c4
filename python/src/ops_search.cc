// Rows: places among sorted numbers.
#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/search.h"

namespace tenon::py {
namespace {

Tensor as_int32(const Tensor& t, bool int32) { return int32 ? to(t, DType::int32) : t; }

// Sorted numbers and the values whose places are asked for; a list has the digits of the other.
struct Searched {
  Tensor sorted, values;
  Searched(PyObject* sorted_, const Where& s, PyObject* values_, const Where& v) {
    if (is_list(sorted_) && (is_tensor(values_) || is_ndarray(values_))) {
      values = to_tensor(values_, v);
      sorted = to_tensor_beside(sorted_, values, s);
    } else {
      sorted = to_tensor(sorted_, s);
      values = to_tensor_beside(values_, sorted, v);
    }
  }
};

bool is_right(const OpDef& def, PyObject* right, PyObject* side) {
  const Where w{def.name.c_str(), "right"};
  const bool r = to_bool(right, w);
  if (side == Py_None) return r;
  const std::string s = to_string(side, {w.op, "side"});
  if (s != "left" && s != "right") errors::fail(w.op, "side must be 'left' or 'right'; got '", s, "'");
  if (r && s == "left") errors::fail(w.op, "right=True and side='left' contradict each other");
  return s == "right";
}

PyObject* searchsorted_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const auto [sorted, values] = Searched(args[0], {op, def.args[0].name}, args[1], {op, "input"});
  const bool int32 = argument<bool>(def, args, 2), right = is_right(def, args[3], args[4]);
  const Tensor sorter = argument<std::optional<Tensor>>(def, args, 5).value_or(Tensor());
  const auto f = [&] { return as_int32(searchsorted(sorted, values, right, sorter), int32); };
  return computed(10 * values.numel(), f, sorted, values, sorter);
}
PyObject* bucketize_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const auto [sorted, values] = Searched(args[1], {op, def.args[1].name}, args[0], {op, "input"});
  const bool int32 = argument<bool>(def, args, 2), right = argument<bool>(def, args, 3);
  if (sorted.ndim() != 1) errors::wrong_ndim(def.name, sorted.ndim(), "boundaries of 1 dimension");
  return computed(
      10 * values.numel(), [&] { return as_int32(searchsorted(sorted, values, right), int32); }, sorted, values);
}
PyObject* digitize_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const auto [bins, values] = Searched(args[1], {op, def.args[1].name}, args[0], {op, "x"});
  const bool right = argument<bool>(def, args, 2);
  return computed(10 * values.numel(), [&] { return digitize(values, bins, right); }, bins, values);
}

PyObject* numpy_searchsorted(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const auto [sorted, values] = Searched(args[0], {op, def.args[0].name}, args[1], {op, "v"});
  const bool right = is_right(def, Py_False, args[2]);
  const Tensor sorter = argument<std::optional<Tensor>>(def, args, 3).value_or(Tensor());
  if (sorted.ndim() != 1) errors::wrong_ndim(def.name, sorted.ndim(), "sorted numbers of 1 dimension");
  return computed(
      10 * values.numel(), [&] { return searchsorted(sorted, values, right, sorter); }, sorted, values, sorter);
}
void searchsorted_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc +=
      "A new int64 tensor of v's shape. a: 1-D. v: the values whose places are looked for.\n"
      "side: 'left' before equal numbers, 'right' behind them. sorter: the\n"
      "positions that sort a. NaNs are above all numbers. ValueError for another side and more dimensions of a,\n"
      "TypeError for complex numbers and float8, IndexError for a sorter out of range.\n\n"
      ">>> tenon.numpy.searchsorted(tenon.tensor([1, 3, 5]), 3, side='right')\n"
      "tensor(2)";
  d.arguments("a"_a, "v"_a, "side"_a = "left", "sorter"_a = none);
  d.invoke = &numpy_searchsorted;
  d.takes_out = false;
}

}  // namespace

void def_search(Ops& ops) {
  ops.raw("searchsorted", &searchsorted_any,
          "Where values belong among ascending numbers to keep their order.\n\n"
          "A new int64 tensor of input's shape.\n"
          "sorted_sequence: 1-D, or of input's sizes but for the last dimension; then each row is sought in its own.\n"
          "right, or side='right': behind equal numbers, not before them. sorter: the positions that sort the\n"
          "sequence. out_int32: in int32. NaNs are above all numbers. ValueError for another side and shapes that do\n"
          "not fit, TypeError for complex numbers, float8 and a sorter that holds no integers, IndexError for one out\n"
          "of range.\n\n"
          ">>> tenon.searchsorted(tenon.tensor([1, 3, 5]), tenon.tensor([3, 4]))\n"
          "tensor([1, 2])",
          "sorted_sequence"_a, "input"_a, kw_only, "out_int32"_a = false, "right"_a = false, "side"_a = none,
          "sorter"_a = none)
      .with_out()
      .numpy("searchsorted", searchsorted_of_numpy)
      .array_api("searchsorted");
  ops.raw("bucketize", &bucketize_any,
          "Which interval between ascending boundaries each value is in: a new int64 tensor of input's shape.\n\n"
          "i where boundaries[i - 1] < value <= boundaries[i]; with right boundaries[i - 1] <= value < boundaries[i].\n"
          "boundaries: 1-D. out_int32: in int32. ValueError for boundaries of more dimensions, TypeError for complex\n"
          "numbers and float8.\n\n"
          "right: False for edges that belong to the bin on their left, True for those on their right.\n\n"
          ">>> tenon.bucketize(tenon.tensor([1, 4]), tenon.tensor([1, 3, 5]))\n"
          "tensor([0, 2])",
          "input"_a, "boundaries"_a, kw_only, "out_int32"_a = false, "right"_a = false)
      .with_out()
      .function_only();
  ops.raw("digitize", &digitize_any,
          "Which bin each value is in, from 0 to the number of bins: a new int64 tensor of x's shape.\n\n"
          "bins: 1-D, ascending or descending. i where bins[i - 1] <= x < bins[i], or with right\n"
          "bins[i - 1] < x <= bins[i]; the other way round for descending ones. ValueError for bins in no order and\n"
          "of more dimensions, TypeError for complex numbers and float8.\n\n"
          "x: the values that are put into bins.\n\n"
          ">>> tenon.digitize(tenon.tensor([0.5, 2.]), tenon.tensor([1., 2.]))\n"
          "tensor([0, 2])",
          "x"_a, "bins"_a, "right"_a = false)
      .function_only()
      .with_out()
      .numpy("digitize");
}

}  // namespace tenon::py
