// Ranges, unit matrices and grids under NumPy's signatures.
#include "core/errors.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

using MaybeInt = std::optional<std::int64_t>;
using MaybeDType = std::optional<DType>;
using MaybeScalar = std::optional<Scalar>;

// (start, stop, step, dtype, *, device, like)
PyObject* invoke_arange(const OpDef& def, PyObject* const* args) {
  auto start = argument<MaybeScalar>(def, args, 0), stop = argument<MaybeScalar>(def, args, 1);
  if (!stop) std::swap(start, stop);
  if (!stop) errors::fail<TypeError>(def.name, "stop is missing");
  const Scalar step = argument<MaybeScalar>(def, args, 2).value_or(1);
  const auto dtype = argument<MaybeDType>(def, args, 3);
  const Device device = asked_device(def, args[4], args[5]).value_or(kCpu);
  return computed(kLongWork, [&] { return arange(start.value_or(0), *stop, step, dtype, device); });
}

// (start, stop, num, endpoint, retstep, dtype, axis, *, device)
PyObject* invoke_linspace(const OpDef& def, PyObject* const* args) {
  From<Operand> first(args[0], Where{def.name.c_str(), "start"}), last(args[1], Where{def.name.c_str(), "stop"});
  const Operand start = first.get(), stop = last.get();
  const auto n = argument<std::int64_t>(def, args, 2), axis = argument<std::int64_t>(def, args, 6);
  const bool endpoint = argument<bool>(def, args, 3), with_step = argument<bool>(def, args, 4);
  const auto dtype = argument<MaybeDType>(def, args, 5);
  const auto device = asked_device(def, args[7], Py_None);
  const auto make = [&] {
    const Tensor r = linspace(start, stop, n, endpoint, axis, dtype, device.value_or(kCpu));
    return device ? to(r, {}, device) : r;
  };
  Object values = Object::steal(computed(kLongWork, make, start, stop));
  if (!with_step) return values.release();
  const Tensor step = linspace_step(start, stop, n, endpoint);
  const bool numbers = !start.is_tensor() && !stop.is_tensor();
  Object second = Object::steal(numbers ? from_scalar(step.item()) : to_python(device ? to(step, {}, device) : step));
  return PyTuple_Pack(2, values.get(), second.get());
}

Tensor numpy_logspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, const Operand& base,
                      const MaybeDType& dtype, std::int64_t axis) {
  return logspace(start, stop, n, endpoint, base, axis, dtype);
}
Tensor numpy_geomspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint,
                       const MaybeDType& dtype, std::int64_t axis) {
  return geomspace(start, stop, n, endpoint, axis, dtype);
}

// A diagonal: of a larger integer there is none, too.
std::int64_t to_diagonal(const OpDef& def, PyObject* o) {
  if (PyLong_Check(o)) {
    int overflow;
    const long long k = PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow ? (overflow > 0 ? INT64_MAX : INT64_MIN) : k;
  }
  return to_int(o, {def.name.c_str(), "k"});
}

// (N, M, k, dtype, order, *, device, like)
PyObject* invoke_eye(const OpDef& def, PyObject* const* args) {
  const auto n = argument<std::int64_t>(def, args, 0), k = to_diagonal(def, args[2]);
  const auto m = argument<MaybeInt>(def, args, 1);
  const auto dtype = argument<MaybeDType>(def, args, 3);
  const Layout order = new_layout(def, args, 4);
  const Device device = asked_device(def, args[5], args[6]).value_or(kCpu);
  return computed(kLongWork, [&] { return in_layout(eye(n, m, k, dtype, device), order); });
}
// (n, dtype, *, like)
PyObject* invoke_identity(const OpDef& def, PyObject* const* args) {
  const auto n = argument<std::int64_t>(def, args, 0);
  const auto dtype = argument<MaybeDType>(def, args, 1);
  const Device device = asked_device(def, Py_None, args[2]).value_or(kCpu);
  return computed(kLongWork, [&] { return eye(n, {}, 0, dtype, device); });
}
// (N, M, k, dtype, *, like)
PyObject* invoke_tri(const OpDef& def, PyObject* const* args) {
  const auto n = argument<std::int64_t>(def, args, 0), k = to_diagonal(def, args[2]);
  const auto m = argument<MaybeInt>(def, args, 1);
  const auto dtype = argument<MaybeDType>(def, args, 3);
  const Device device = asked_device(def, Py_None, args[4]).value_or(kCpu);
  return computed(kLongWork, [&] { return tri(n, m, k, dtype, device); });
}

// (*xi, copy, sparse, indexing)
PyObject* invoke_meshgrid(const OpDef& def, PyObject* const* args) {
  std::vector<Tensor> flat;
  for (const Tensor& t : argument<std::vector<Tensor>>(def, args, 0)) flat.push_back(reshape(t, {-1}));
  const bool copies = argument<bool>(def, args, 1), sparse = argument<bool>(def, args, 2);
  auto grids = meshgrid(flat, argument<std::string>(def, args, 3), sparse);
  if (copies)
    for (Tensor& g : grids) g = without_gil(g.numel(), [&] { return clone(g); }, g);
  return to_python(grids);
}

}  // namespace

void ranging(OpDef& d, Ranged) {
  d.arguments("start"_a = none, "stop"_a = none, "step"_a = 1, "dtype"_a = none, kw_only, "device"_a = none,
              "like"_a = none);
  d.invoke = &invoke_arange;
  d.doc =
      "start, start + step, ... below stop; from 0 on with one argument: a new tensor.\n\n"
      "It is empty where step leads away from stop. start: the first value. stop: where the values end; it is left "
      "out. dtype: int64 if all three are ints, otherwise the default float. ValueError for a step of 0 and a range "
      "without end, TypeError for what is no real number and for no argument, OverflowError for numbers that an "
      "integer dtype cannot hold.\n\n"
      ">>> tenon.numpy.arange(1, 10, 3)\n"
      "tensor([1, 4, 7])";
}

constexpr const char* kEnds =
    "start, stop: numbers or arrays, which broadcast; the gradient flows to arrays. num: how many values. endpoint: "
    "whether stop is the last value; without it, it is left out. axis: where the new dimension of the result stands that "
    "counts the values. dtype: that of the ends, at least the default float, unless given. ";
constexpr const char* kEndErrors =
    "ValueError for a negative num and for shapes that do not broadcast, TypeError for complex numbers in a real dtype, "
    "IndexError for an axis that is not there.";

void spacing(OpDef& d, Spaced) {
  d.arguments("start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "retstep"_a = false, "dtype"_a = none,
              "axis"_a = 0, kw_only, "device"_a = none);
  d.arrays = 0b11;
  d.invoke = &invoke_linspace;
  d.doc = std::string("num values at equal distances from start to stop: a new tensor.\n\n") + kEnds +
          "Values of an integer dtype are rounded down. retstep: True for a pair of the values and their distance. " +
          kEndErrors +
          "\n\n"
          ">>> tenon.numpy.linspace(0, [1, 2], 3)\n"
          "tensor([[0.0000, 0.0000],\n"
          "        [0.5000, 1.0000],\n"
          "        [1.0000, 2.0000]])";
}

void spacing_by_powers(OpDef& d, SpacedByPowers) {
  Ops::bind(d, &numpy_logspace, "start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "base"_a = 10.0,
            "dtype"_a = none, "axis"_a = 0);
  d.takes_out = false;
  d.doc = std::string("base to the powers linspace(start, stop, num): a new tensor.\n\n") + kEnds +
          "base: a number, or an array that broadcasts with the ends. " + kEndErrors +
          "\n\n"
          ">>> tenon.numpy.logspace(0, 2, 3)\n"
          "tensor([  1.,  10., 100.])";
}

void on_diagonal_line(OpDef& d, Eye) {
  d.arguments("N"_a, "M"_a = none, "k"_a = 0, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none,
              "like"_a = none);
  d.invoke = &invoke_eye;
  d.doc =
      "Ones on the k-th diagonal of N rows and M columns, zeros elsewhere: a new tensor.\n\n"
      "N: the number of rows. M: the number of columns; None for N. A k beyond the matrix gives zeros. dtype: the "
      "default float unless given. order: 'C' by rows or 'F' by columns (ValueError for another). ValueError for "
      "negative sizes, TypeError for what is no dtype.\n\n"
      ">>> tenon.numpy.eye(2, 3, 1)\n"
      "tensor([[0., 1., 0.],\n"
      "        [0., 0., 1.]])";
}

void gridding(OpDef& d, Gridded) {
  d.arguments(rest("xi"_a), "copy"_a = true, "sparse"_a = false, "indexing"_a = "xy");
  d.invoke = &invoke_meshgrid;
  d.returns = "tuple[Tensor, ...]";
  d.doc =
      "Coordinate grids of vectors: a tuple with one tensor for each.\n\n"
      "xi: the vectors; arrays are flattened. copy: True for new memory, False for views, whose repeated elements "
      "cannot be written (RuntimeError). sparse: True leaves size 1 along the axes of the other vectors. indexing: "
      "'xy' for the first vector along the second axis, 'ij' for each along its own (ValueError for another). New "
      "tensors, or views.\n\n"
      ">>> tenon.numpy.meshgrid([1, 2], [3, 4])\n"
      "(tensor([[1, 2],\n"
      "        [1, 2]]), tensor([[3, 3],\n"
      "        [4, 4]]))";
}

void def_numpy_ranges(Ops& ops) {
  ops.def("geomspace", &numpy_geomspace,
          (std::string("num values of which each is the one before times a constant: a new tensor.\n\n") + kEnds +
           kEndErrors +
           " ValueError for an end of 0.\n\n"
           ">>> tenon.numpy.geomspace(1, 8, 4)\n"
           "tensor([1., 2., 4., 8.])")
              .c_str(),
          "start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "dtype"_a = none, "axis"_a = 0)
      .no_out()
      .numpy_only("geomspace");
  ops.raw("identity", &invoke_identity,
          "The square matrix with ones on its diagonal: a new tensor.\n\n"
          "n: the number of rows and columns. dtype: the default float unless given. ValueError for a negative n, "
          "TypeError for what is no dtype.\n\n"
          ">>> tenon.numpy.identity(2)\n"
          "tensor([[1., 0.],\n"
          "        [0., 1.]])",
          "n"_a, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("identity");
  ops.raw("tri", &invoke_tri,
          "Ones on and below the k-th diagonal of N rows and M columns, zeros above: a new tensor.\n\n"
          "N: the number of rows. M: the number of columns; None for N. dtype: the default float unless given. "
          "ValueError for negative sizes, TypeError for what is no dtype.\n\n"
          ">>> tenon.numpy.tri(2, 3)\n"
          "tensor([[1., 0., 0.],\n"
          "        [1., 1., 0.]])",
          "N"_a, "M"_a = none, "k"_a = 0, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("tri");
}

}  // namespace tenon::py
