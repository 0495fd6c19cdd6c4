// Rows: tensors as sets.
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/set.h"

namespace tenon::py {
namespace {

// The values alone, or a tuple of what was asked for.
PyObject* results(const Unique& u, const UniqueParts& parts) {
  if (!parts.indices && !parts.inverse && !parts.counts) return to_python(u.values);
  std::vector<Tensor> all{u.values};
  if (parts.indices) all.push_back(u.indices);
  if (parts.inverse) all.push_back(u.inverse);
  if (parts.counts) all.push_back(u.counts);
  return to_python(all);
}

PyObject* unique_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const UniqueParts parts{.inverse = argument<bool>(def, args, 2), .counts = argument<bool>(def, args, 3)};
  const auto dim = argument<std::optional<std::int64_t>>(def, args, 4);
  return results(without_gil(10 * t.numel(), [&] { return unique(t, dim, parts, false); }, t), parts);
}
PyObject* numpy_unique(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const UniqueParts parts{.indices = argument<bool>(def, args, 1),
                          .inverse = argument<bool>(def, args, 2),
                          .counts = argument<bool>(def, args, 3)};
  const auto dim = argument<std::optional<std::int64_t>>(def, args, 4);
  const bool equal_nan = argument<bool>(def, args, 5);
  return results(without_gil(10 * t.numel(), [&] { return unique(t, dim, parts, equal_nan); }, t), parts);
}
void unique_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc +=
      "ar: the tensor. return_index: also where each is first. return_inverse: also which of them each element is.\n"
      "return_counts: also how often each is there; all three are int64. axis: the distinct slices along it. NaNs are one value unless equal_nan=False. They are in\n"
      "order whatever sorted says. The gradient goes to the first of equal elements. IndexError for an axis that is\n"
      "not there.\n\n"
      ">>> tenon.numpy.unique(tenon.tensor([3, 1, 3]), return_index=True)\n"
      "(tensor([1, 3]), tensor([1, 0]))";
  d.arguments("ar"_a, "return_index"_a = false, "return_inverse"_a = false, "return_counts"_a = false, "axis"_a = none,
              kw_only, "equal_nan"_a = true, "sorted"_a = true);
  d.invoke = &numpy_unique;
  d.returns = "Any";
}

// The standard's: every NaN is distinct.
template <int kParts>
PyObject* standard_unique(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const UniqueParts parts{.indices = (kParts & 1) != 0, .inverse = (kParts & 2) != 0, .counts = (kParts & 4) != 0};
  const Unique u = without_gil(10 * t.numel(), [&] { return unique(t, {}, parts, false); }, t);
  if constexpr (kParts == 0) return to_python(u.values);
  else return to_python(u);
}
PyObject* unique_consecutive_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const UniqueParts parts{.inverse = argument<bool>(def, args, 1), .counts = argument<bool>(def, args, 2)};
  const auto dim = argument<std::optional<std::int64_t>>(def, args, 3);
  return results(without_gil(4 * t.numel(), [&] { return unique_consecutive(t, dim, parts); }, t), parts);
}

PyObject* isin_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  Tensor elements, tests;
  if (is_tensor(args[0]) || is_ndarray(args[0])) {
    elements = argument<Tensor>(def, args, 0);
    tests = to_tensor_beside(args[1], elements, {op, "test_elements"});
  } else {
    tests = argument<Tensor>(def, args, 1);
    elements = to_tensor_beside(args[0], tests, {op, "elements"});
  }
  const bool invert = argument<bool>(def, args, 3);
  return computed(
      10 * (elements.numel() + tests.numel()), [&] { return isin(elements, tests, invert); }, elements, tests);
}

PyObject* intersect1d_any(const OpDef& def, PyObject* const* args) {
  const bool first = is_tensor(args[0]) || is_ndarray(args[0]);
  const Tensor one = argument<Tensor>(def, args, first ? 0 : 1);
  const Tensor other = to_tensor_beside(args[first], one, {def.name.c_str(), def.args[first].name});
  const Tensor &a = first ? one : other, &b = first ? other : one;
  const bool assume_unique = argument<bool>(def, args, 2), return_indices = argument<bool>(def, args, 3);
  const std::int64_t n = 10 * (a.numel() + b.numel());
  if (!return_indices) return computed(n, [&] { return intersect1d(a, b, assume_unique); }, a, b);
  const Intersection r = without_gil(n, [&] { return intersect1d_with_indices(a, b); }, a, b);
  return to_python(std::vector<Tensor>{r.values, r.a_indices, r.b_indices});
}

}  // namespace

void def_set(Ops& ops) {
  ops.raw(
         "unique", &unique_any,
         "The distinct elements in order, or the distinct slices: a new tensor, or a tuple of new tensors.\n\n"
         "dim: the dimension of the slices. return_inverse: also which of them each element is, return_counts: how\n"
         "often each is there; int64. They are in order whatever sorted says; every NaN is distinct. The gradient goes\n"
         "to the first of equal elements. IndexError for a dimension that is not there.\n\n"
         ">>> tenon.unique(tenon.tensor([3, 1, 3]), return_counts=True)\n"
         "(tensor([1, 3]), tensor([1, 2]))",
         "input"_a, "sorted"_a = true, "return_inverse"_a = false, "return_counts"_a = false, "dim"_a = none)
      .returns("Any")
      .numpy("unique", unique_of_numpy);
  ops.raw(
         "unique_all", &standard_unique<7>,
         "The distinct elements in order, where each is first, which of them each element is, and how often each is "
         "there.\n\n"
         "A named tuple (values, indices, inverse_indices, counts) of new tensors; every NaN is distinct. TypeError for\n"
         "what is no array.\n\n"
         ">>> tenon.numpy.unique_all(tenon.tensor([3, 1, 3])).counts\n"
         "tensor([1, 2])",
         "x"_a)
      .returns("Any")
      .numpy_only("unique_all");
  ops.raw("unique_counts", &standard_unique<4>,
          "The distinct elements in order, and how often each is there.\n\n"
          "A named tuple (values, counts) of new tensors; every NaN is distinct. TypeError for what is no array.\n\n"
          ">>> tenon.numpy.unique_counts(tenon.tensor([3, 1, 3])).values\n"
          "tensor([1, 3])",
          "x"_a)
      .returns("Any")
      .numpy_only("unique_counts");
  ops.raw("unique_inverse", &standard_unique<2>,
          "The distinct elements in order, and which of them each element is.\n\n"
          "A named tuple (values, inverse_indices) of new tensors; every NaN is distinct. TypeError for what is no\n"
          "array.\n\n"
          ">>> tenon.numpy.unique_inverse(tenon.tensor([3, 1, 3])).inverse_indices\n"
          "tensor([1, 0, 1])",
          "x"_a)
      .returns("Any")
      .numpy_only("unique_inverse");
  ops.raw("unique_values", &standard_unique<0>,
          "The distinct elements in order: a new tensor; every NaN is distinct.\n\n"
          "TypeError for what is no array.\n\n"
          ">>> tenon.numpy.unique_values(tenon.tensor([3, 1, 3]))\n"
          "tensor([1, 3])",
          "x"_a)
      .numpy_only("unique_values");
  ops.raw("unique_consecutive", &unique_consecutive_any,
          "The elements, or the slices along dim, that differ from the one before: a new tensor, or a tuple.\n\n"
          "return_inverse: also which of them each element is, return_counts: how many in a row; int64. The gradient\n"
          "goes to the first of equal elements. IndexError for a dimension that is not there.\n\n"
          ">>> tenon.unique_consecutive(tenon.tensor([1, 1, 2, 1]))\n"
          "tensor([1, 2, 1])",
          "input"_a, "return_inverse"_a = false, "return_counts"_a = false, "dim"_a = none)
      .returns("Any");
  ops.raw(
         "isin", &isin_any,
         "Whether each element is among the test elements (is not, with invert): a new bool tensor.\n\n"
         "A NaN is among nothing. assume_unique and kind change nothing. Integers and floats are compared in\n"
         "float64. TypeError for float8 beside another dtype.\n\n"
         "elements: the tensor whose elements are looked for. test_elements: where they are looked for. invert: True for\nthose that are not found.\n\n"
         ">>> tenon.isin(tenon.tensor([1, 2, 3]), tenon.tensor([3, 1]))\n"
         "tensor([ True, False,  True])",
         "elements"_a, "test_elements"_a, "assume_unique"_a = false, "invert"_a = false, kw_only, "kind"_a = none)
      .with_out()
      .function_only()
      .numpy("isin", {"element"});
  ops.def("union1d", &union1d,
          "The elements of both, in order, each once: a new 1-D tensor of the promoted dtype.\n\n"
          "TypeError for float8 with another dtype.\n\n"
          ">>> tenon.union1d(tenon.tensor([3, 1]), tenon.tensor([2, 1]))\n"
          "tensor([1, 2, 3])",
          "ar1"_a, "ar2"_a)
      .function_only()
      .numpy("union1d");
  ops.raw("intersect1d", &intersect1d_any,
          "The elements that are in both, in order, each once: a new 1-D tensor of the promoted dtype.\n\n"
          "return_indices: a tuple with where each is first in the flat ar1 and ar2 (int64). assume_unique: neither\n"
          "holds an element twice. TypeError for float8 with another dtype.\n\n"
          ">>> tenon.intersect1d(tenon.tensor([3, 1]), tenon.tensor([1, 3, 2]))\n"
          "tensor([1, 3])",
          "ar1"_a, "ar2"_a, "assume_unique"_a = false, "return_indices"_a = false)
      .function_only()
      .returns("Any")
      .numpy("intersect1d");
  ops.def("setdiff1d", &setdiff1d,
          "The elements of ar1 that are not in ar2, in order, each once: a new 1-D tensor of ar1's dtype.\n\n"
          "assume_unique: ar1 holds no element twice, and its order stays. TypeError for float8 with another dtype.\n\n"
          ">>> tenon.setdiff1d(tenon.tensor([3, 1, 2]), tenon.tensor([1]))\n"
          "tensor([2, 3])",
          "ar1"_a, "ar2"_a, "assume_unique"_a = false)
      .function_only()
      .numpy("setdiff1d");
  ops.def("setxor1d", &setxor1d,
          "The elements that are in one of the two alone, in order: a new 1-D tensor of the promoted dtype.\n\n"
          "assume_unique: neither holds an element twice. TypeError for float8 with another dtype.\n\n"
          ">>> tenon.setxor1d(tenon.tensor([3, 1]), tenon.tensor([1, 2]))\n"
          "tensor([2, 3])",
          "ar1"_a, "ar2"_a, "assume_unique"_a = false)
      .function_only()
      .numpy("setxor1d");
}

}  // namespace tenon::py
