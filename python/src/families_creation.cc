// New tensors under NumPy's signatures.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/view.h"

namespace tenon::py {

Tensor frombuffer(PyObject* buffer, DType dtype, std::int64_t count, std::int64_t offset);

namespace {

constexpr const char* kOptions =
    "dtype: the default float unless given. order: 'C' by rows or 'F' by columns. device: the CPU unless given, or that\n"
    "of the tensor like. ValueError for negative sizes and another order, TypeError for what is no size or no dtype,\n"
    "MemoryError where there is no room.";
constexpr const char* kLikeOptions =
    "dtype, device, shape: a's unless given. order: 'K' as a lies, 'C' by rows, 'F' by columns, 'A' as 'F' for a tensor\n"
    "that lies so. subok is accepted for NumPy's sake. TypeError for what is no array or no dtype, ValueError for\n"
    "negative sizes and another order.";
constexpr const char* kIngested =
    "ValueError for ragged sequences, TypeError for what holds no numbers, OverflowError for Python integers that the\n"
    "dtype cannot hold.";

bool is_default(const OpDef& def, PyObject* const* args, int i) {
  return args[i] == def.args[static_cast<std::size_t>(i)].default_value.get();
}

// The device that is asked for: by name, or by a tensor that the result is to be like.
std::optional<Device> asked(PyObject* device, PyObject* like, const char* op) {
  if (device != Py_None) return to_device(device, {op, "device"});
  if (is_tensor(like)) return unwrap(like).device();
  return {};
}

// order= where there is nothing yet that could lie in another.
Layout new_layout(const OpDef& def, PyObject* const* args, int i) {
  if (is_default(def, args, i)) return Layout::c;
  const auto name = argument<std::string>(def, args, i);
  if (name != "C" && name != "F") errors::fail(def.name, "order is 'C' or 'F'; got '", name, "'");
  return layout(name);
}
// order= that None leaves to a tensor.
Layout kept_layout(const OpDef& def, PyObject* const* args, int i) {
  return is_default(def, args, i) || args[i] == Py_None ? Layout::k : layout(argument<std::string>(def, args, i));
}

// (shape, dtype, order, *, device, like); value: 0, 1 or, where the elements are not set, -1.
template <int value>
PyObject* invoke_filled(const OpDef& def, PyObject* const* args) {
  const Dims shape = argument<Dims>(def, args, 0);
  const DType dtype = args[1] == Py_None ? default_float() : argument<DType>(def, args, 1);
  const Layout order = new_layout(def, args, 2);
  const Device device = asked(args[3], args[4], def.name.c_str()).value_or(kCpu);
  const auto make = [&] {
    if constexpr (value < 0) return laid_out(empty(shape, dtype, device), order);
    else return laid_out(full(shape, value, dtype, device), order);
  };
  return computed(work(shape), make);
}

// A value in every place: a number's, or an array's that is repeated; with its gradient.
Tensor repeated(const OpDef& def, const Dims& shape, PyObject* value, std::optional<DType> dtype,
                std::optional<Device> device, Layout order, const Tensor& like) {
  Scalar number;
  const bool array = is_tensor(value) || !as_scalar(value, number);
  if (!array)
    return without_gil(work(shape),
                       [&] { return laid_out(full(shape, number, dtype, device.value_or(kCpu)), order, like); });
  const Tensor t = is_tensor(value) ? unwrap(value) : ingest(value, def.name.c_str(), {dtype, {}, {}});
  const auto make = [&] {
    const Tensor spread = expand(to(t, dtype, device), shape);
    if (order == Layout::c || order == Layout::f) return clone(spread, order);
    Tensor out = laid_out(empty(shape, spread.dtype(), spread.device()), order, like);
    return copy_(out, spread);
  };
  return without_gil(work(shape), make, t, like);
}
PyObject* invoke_full(const OpDef& def, PyObject* const* args) {
  const Dims shape = argument<Dims>(def, args, 0);
  return to_python(repeated(def, shape, args[1], argument<std::optional<DType>>(def, args, 2),
                            asked(args[4], args[5], def.name.c_str()), new_layout(def, args, 3), {}));
}

// (a, [fill_value,] dtype, order, subok, shape, *, device), from `i` on.
struct Likeness {
  Tensor like;
  Dims shape;
  DType dtype;
  Layout order;
  Device device;
  Likeness(const OpDef& def, PyObject* const* args, int i) : like(argument<Tensor>(def, args, 0)) {
    shape = args[i + 3] == Py_None ? like.shape() : argument<Dims>(def, args, i + 3);
    dtype = args[i] == Py_None ? like.dtype() : argument<DType>(def, args, i);
    order = kept_layout(def, args, i + 1);
    device = args[i + 4] == Py_None ? like.device() : argument<Device>(def, args, i + 4);
  }
};
template <int value>
PyObject* invoke_filled_like(const OpDef& def, PyObject* const* args) {
  const Likeness l(def, args, 1);
  const auto make = [&] {
    if constexpr (value < 0) return laid_out(empty(l.shape, l.dtype, l.device), l.order, l.like);
    else return laid_out(full(l.shape, value, l.dtype, l.device), l.order, l.like);
  };
  return computed(work(l.shape), make, l.like);
}
PyObject* invoke_full_like(const OpDef& def, PyObject* const* args) {
  const Likeness l(def, args, 2);
  return to_python(repeated(def, l.shape, args[1], l.dtype, l.device, l.order, l.like));
}

// ---- what is there already ----

Tensor taken(const OpDef& def, PyObject* o, PyObject* dtype, std::optional<Device> device, std::optional<bool> copy,
             Layout order) {
  const char* op = def.name.c_str();
  std::optional<DType> d;
  if (dtype != Py_None) d = to_dtype(dtype, {op, "dtype"});
  const Tensor t = ingest(o, op, {d, device, copy});
  const Tensor r = without_gil(t.numel(), [&] { return in_layout(t, order); }, t);
  if (copy == false && !r.is_same(t))
    errors::fail(def.name, "copy=False, but strides ", t.strides(), " need a copy for this order; use copy=None");
  return r;
}
// (a, dtype, order, *, device, copy, like)
PyObject* invoke_asarray(const OpDef& def, PyObject* const* args) {
  return to_python(taken(def, args[0], args[1], asked(args[3], args[5], def.name.c_str()),
                         argument<std::optional<bool>>(def, args, 4), kept_layout(def, args, 2)));
}
// (object, dtype, *, copy, order, subok, ndmin, like)
PyObject* invoke_array(const OpDef& def, PyObject* const* args) {
  const Tensor t = taken(def, args[0], args[1], asked(Py_None, args[6], def.name.c_str()),
                         argument<std::optional<bool>>(def, args, 2), kept_layout(def, args, 3));
  const auto ndmin = argument<std::int64_t>(def, args, 5);
  Dims front;
  for (int d = 0; d < ndmin - t.ndim(); ++d) front.push_back(d);
  return to_python(front.empty() ? t : unsqueeze(t, front));
}
// (a, dtype, *, like): of one dimension at least.
template <Layout order>
PyObject* invoke_contiguous(const OpDef& def, PyObject* const* args) {
  const Tensor t = taken(def, args[0], args[1], asked(Py_None, args[2], def.name.c_str()), {}, order);
  return to_python(t.ndim() ? t : reshape(t, {1}));
}
PyObject* invoke_frombuffer(const OpDef& def, PyObject* const* args) {
  const DType dtype = args[1] == Py_None ? DType::float64 : argument<DType>(def, args, 1);
  const Tensor t =
      frombuffer(args[0], dtype, argument<std::int64_t>(def, args, 2), argument<std::int64_t>(def, args, 3));
  return to_python(to(t, {}, asked(Py_None, args[4], def.name.c_str())));
}

// ---- ranges ----

PyObject* invoke_arange(const OpDef& def, PyObject* const* args) {
  const auto first = argument<Scalar>(def, args, 0);
  const auto stop = argument<std::optional<Scalar>>(def, args, 1);
  const auto step = argument<std::optional<Scalar>>(def, args, 2).value_or(Scalar(1));
  const auto dtype = argument<std::optional<DType>>(def, args, 3);
  const Device device = asked(args[4], args[5], def.name.c_str()).value_or(kCpu);
  return computed(kLongWork, [&] { return stop ? arange(first, *stop, step, dtype, device)
                                               : arange(0, first, step, dtype, device); });
}

// (start, stop, num, endpoint, retstep, dtype, axis, *, device)
PyObject* invoke_linspace(const OpDef& def, PyObject* const* args) {
  From<Operand> from(args[0], Where{def.name.c_str(), "start"}), until(args[1], Where{def.name.c_str(), "stop"});
  const Operand start = from.get(), stop = until.get();
  const auto n = argument<std::int64_t>(def, args, 2), axis = argument<std::int64_t>(def, args, 6);
  const auto endpoint = argument<bool>(def, args, 3), with_step = argument<bool>(def, args, 4);
  const auto dtype = argument<std::optional<DType>>(def, args, 5);
  const auto device = asked(args[7], Py_None, def.name.c_str());
  const bool numbers = !start.is_tensor() && !stop.is_tensor();
  const auto make = [&] {
    if (numbers && (axis == 0 || axis == -1) && !(dtype && is_integral(*dtype)))
      return linspace(start.scalar(), stop.scalar(), n, endpoint, dtype, device.value_or(kCpu));
    const Tensor r = linspace(start, stop, n, endpoint, axis, dtype, device.value_or(kCpu));
    return device ? to(r, {}, *device) : r;
  };
  Object values = Object::steal(computed(kLongWork, make, start, stop));
  if (!with_step) return values.release();
  const Tensor step = linspace_step(start, stop, n, endpoint);
  Object second = Object::steal(numbers ? from_scalar(step.item()) : to_python(step));
  return PyTuple_Pack(2, values.get(), second.get());
}
Tensor numpy_logspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, const Operand& base,
                      const std::optional<DType>& dtype, std::int64_t axis) {
  return logspace(start, stop, n, endpoint, base, axis, dtype);
}

using Dtyped = std::optional<DType>;
// eye and tri: (N, M, k, dtype)
template <Tensor (*make)(std::int64_t, std::optional<std::int64_t>, std::int64_t, std::optional<DType>, Device)>
Tensor diagonal_matrix(const OpDef& def, PyObject* const* args, Device device) {
  return make(argument<std::int64_t>(def, args, 0), argument<std::optional<std::int64_t>>(def, args, 1),
              argument<std::int64_t>(def, args, 2), argument<Dtyped>(def, args, 3), device);
}
PyObject* invoke_eye(const OpDef& def, PyObject* const* args) {
  const Layout order = new_layout(def, args, 4);
  const Device device = asked(args[5], args[6], def.name.c_str()).value_or(kCpu);
  return to_python(in_layout(diagonal_matrix<&eye>(def, args, device), order));
}
PyObject* invoke_tri(const OpDef& def, PyObject* const* args) {
  return to_python(diagonal_matrix<&tri>(def, args, asked(Py_None, args[4], def.name.c_str()).value_or(kCpu)));
}
PyObject* invoke_identity(const OpDef& def, PyObject* const* args) {
  return to_python(eye(argument<std::int64_t>(def, args, 0), {}, 0, argument<Dtyped>(def, args, 1),
                       asked(Py_None, args[2], def.name.c_str()).value_or(kCpu)));
}

// (*xi, copy, sparse, indexing)
PyObject* invoke_meshgrid(const OpDef& def, PyObject* const* args) {
  std::vector<Tensor> flat;
  for (const Tensor& t : argument<std::vector<Tensor>>(def, args, 0)) flat.push_back(reshape(t, {-1}));
  auto grids = meshgrid(flat, argument<std::string>(def, args, 3), argument<bool>(def, args, 2));
  if (argument<bool>(def, args, 1))
    for (Tensor& g : grids) g = clone(g);
  return to_python(grids);
}

void finish(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& doc) {
  d.invoke = invoke;
  d.doc += doc + d.notes;
}
void filling(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& example) {
  d.arguments("shape"_a, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none, "like"_a = none);
  finish(d, invoke, kOptions + example);
}
void filling_like(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& example) {
  d.arguments("a"_a, "dtype"_a = none, "order"_a = "K", "subok"_a = true, "shape"_a = none, kw_only, "device"_a = none);
  d.doc = d.doc.substr(0, d.doc.find("; row-major")) + ".\n\n";
  finish(d, invoke, kLikeOptions + example);
}

}  // namespace

void filling(OpDef& d, FilledPinned) {
  filling(d, &invoke_filled<-1>, "\n\n>>> tenon.numpy.empty((2, 0))\ntensor([], size=(2, 0))");
}
void filling(OpDef& d, Filled) {
  if (d.name == "zeros") filling(d, &invoke_filled<0>, "\n\n>>> tenon.numpy.zeros(2, 'int8')\ntensor([0, 0], dtype=tenon.int8)");
  else filling(d, &invoke_filled<1>, "\n\n>>> tenon.numpy.ones(2)\ntensor([1., 1.])");
}
void filling(OpDef& d, FilledWith) {
  d.arguments("shape"_a, "fill_value"_a, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none,
              "like"_a = none);
  finish(d, &invoke_full,
         "fill_value: a number, or an array that is repeated (ValueError where it does not broadcast). dtype: the value's\n"
         "unless given. order: 'C' by rows or 'F' by columns (ValueError for another). device: the value's unless given,\n"
         "or that of the tensor like. ValueError for negative sizes, TypeError for what is no number, OverflowError for a\n"
         "Python integer that dtype cannot hold.\n\n"
         ">>> tenon.numpy.full((2, 2), [1, 2])\n"
         "tensor([[1, 2],\n"
         "        [1, 2]])");
}
void filling_like(OpDef& d, FilledLike) {
  if (d.name == "empty_like")
    filling_like(d, &invoke_filled_like<-1>, "\n\n>>> tenon.numpy.empty_like(tenon.zeros(2, 3)).shape\n(2, 3)");
  else if (d.name == "zeros_like")
    filling_like(d, &invoke_filled_like<0>, "\n\n>>> tenon.numpy.zeros_like([1.5, 2.5])\ntensor([0., 0.])");
  else filling_like(d, &invoke_filled_like<1>, "\n\n>>> tenon.numpy.ones_like([5, 6])\ntensor([1, 1])");
}
void filling_like(OpDef& d, FilledLikeWith) {
  d.arguments("a"_a, "fill_value"_a, "dtype"_a = none, "order"_a = "K", "subok"_a = true, "shape"_a = none, kw_only,
              "device"_a = none);
  d.doc = d.doc.substr(0, d.doc.find("; row-major")) + ".\n\n";
  finish(d, &invoke_full_like,
         std::string("fill_value: a number, or an array that is repeated (ValueError where it does not broadcast).\n") +
             kLikeOptions +
             "\nOverflowError for a Python integer that the dtype cannot hold.\n\n"
             ">>> tenon.numpy.full_like([1, 2], 7)\n"
             "tensor([7, 7])");
}
void ranging(OpDef& d, Ranged) {
  d.arguments("start"_a, "stop"_a = none, "step"_a = 1, "dtype"_a = none, kw_only, "device"_a = none, "like"_a = none);
  finish(d, &invoke_arange,
         "From 0 on with one argument; empty where step leads away from stop. A new tensor; dtype: int64 if all three are\n"
         "ints, otherwise the default float. device: the CPU unless given, or that of the tensor like. ValueError for a\n"
         "step of 0 and a range without end, TypeError for what is no real number, OverflowError for numbers that an\n"
         "integer dtype cannot hold.\n\n"
         ">>> tenon.numpy.arange(1, 4)\n"
         "tensor([1, 2, 3])");
}
void spacing(OpDef& d, Spaced) {
  d.arguments("start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "retstep"_a = false, "dtype"_a = none,
              "axis"_a = 0, kw_only, "device"_a = none);
  d.doc = "num numbers from start to stop, evenly spaced; without endpoint, stop is left out.\n\n";
  finish(d, &invoke_linspace,
         "start, stop: numbers or arrays, which broadcast; a new axis of the result counts the numbers (axis, the first).\n"
         "The gradient flows to the arrays. retstep: a pair with the distance, too. dtype: theirs, at least the default\n"
         "float; for integers the numbers are rounded down. A new tensor. ValueError for a negative num, TypeError for\n"
         "complex numbers in a real dtype.\n\n"
         ">>> tenon.numpy.linspace(0, [1, 2], 3)\n"
         "tensor([[0.0000, 0.0000],\n"
         "        [0.5000, 1.0000],\n"
         "        [1.0000, 2.0000]])");
}
void spacing_by_powers(OpDef& d, SpacedByPowers) {
  d.takes_out = false;
  Ops::bind(d, &numpy_logspace, "start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "base"_a = 10.0,
            "dtype"_a = none, "axis"_a = 0);
  d.doc = "base to the powers linspace(start, stop, num).\n\n";
  d.doc +=
      "start, stop, base: numbers or arrays, which broadcast; a new axis of the result counts the numbers. A new tensor,\n"
      "with gradients; dtype: theirs, at least the default float. ValueError for a negative num, TypeError for complex\n"
      "numbers in a real dtype.\n\n"
      ">>> tenon.numpy.logspace(0, 2, 3)\n"
      "tensor([  1.,  10., 100.])" +
      d.notes;
}
void on_diagonal_line(OpDef& d, Eye) {
  d.arguments("N"_a, "M"_a = none, "k"_a = 0, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none,
              "like"_a = none);
  d.doc = "Ones on the k-th diagonal of N rows and M (N unless given) columns, zeros elsewhere.\n\n";
  finish(d, &invoke_eye,
         std::string("A new tensor; a k beyond the matrix gives zeros. ") +
             "dtype: the default float unless given. order: 'C'\n"
             "by rows or 'F' by columns (ValueError for another). device: the CPU unless given, or that of the tensor like.\n"
             "ValueError for negative sizes, TypeError for what is no dtype.\n\n"
             ">>> tenon.numpy.eye(2, 3, 1)\n"
             "tensor([[0., 1., 0.],\n"
             "        [0., 0., 1.]])");
}
void gridding(OpDef& d, Gridded) {
  d.arguments(rest("xi"_a), "copy"_a = true, "sparse"_a = false, "indexing"_a = "xy");
  d.returns = "tuple[Tensor, ...]";
  d.doc = "Coordinate grids of vectors: a tuple with one tensor for each, all of the grid's shape.\n\n";
  finish(d, &invoke_meshgrid,
         "Arrays are flattened. indexing: 'xy' (the first vector along the second axis) or 'ij'. sparse: each keeps size 1\n"
         "along the other axes. copy: new memory, otherwise views, whose repeated elements cannot be written\n"
         "(RuntimeError). ValueError for another indexing.\n\n"
         ">>> tenon.numpy.meshgrid([1, 2], [3])\n"
         "(tensor([[1, 2]]), tensor([[3, 3]]))");
}
void copying(OpDef& d, Tensor (*)(const Tensor&, const std::string&)) {
  Ops::bind(
      d, +[](const Tensor& t, const std::string& order, bool) { return clone(t, layout(order)); }, "a"_a,
      "order"_a = "K", "subok"_a = false);
  d.doc +=
      std::string("order: 'K' as the elements lie, 'C' by rows, 'F' by columns, 'A' as 'F' for a tensor that lies so\n"
                  "(ValueError for another). subok is accepted for NumPy's sake. ") +
      kIngested + "\n\n>>> tenon.numpy.copy([1, 2])\ntensor([1, 2])" + d.notes;
}
void taking(OpDef& d, Taken) {
  const std::string order =
      "order: 'C' by rows, 'F' by columns, 'A' for either, 'K' or None as the elements lie (ValueError for another): an\n"
      "array that lies in another is copied. copy: True always, False never (ValueError), None where it must be.\n"
      "device: where the elements are unless given, or that of the tensor like. ";
  d.arguments("a"_a, "dtype"_a = none, "order"_a = none, kw_only, "device"_a = none, "copy"_a = none, "like"_a = none);
  finish(d, &invoke_asarray, order + kIngested + "\n\n>>> tenon.numpy.asarray([1, 2], 'float32')\ntensor([1., 2.])");
}

void def_numpy_creation(Ops& ops) {
  const std::string order = "order: 'K' as the elements lie, 'C' by rows, 'F' by columns, 'A' for either (ValueError for another). ";
  ops.raw("array", &invoke_array,
          ("An array-like as a tensor: a copy, unless copy says otherwise.\n\n"
           "copy: None shares the memory where that can be, False does or is a ValueError. ndmin: so many dimensions at\n"
           "least, new ones in front. " + order +
           "subok is\naccepted for NumPy's sake; like: a tensor whose device is meant. " + kIngested +
           "\n\n>>> tenon.numpy.array([1, 2], ndmin=2)\ntensor([[1, 2]])").c_str(),
          "object"_a, "dtype"_a = none, kw_only, "copy"_a = true, "order"_a = "K", "subok"_a = false, "ndmin"_a = 0,
          "like"_a = none)
      .numpy_only("array");
  ops.raw("asanyarray", &invoke_asarray,
          (std::string("As asarray: an array-like as a tensor.\n\nA view, or a copy where that must be. ") + kIngested).c_str(),
          "a"_a, "dtype"_a = none, "order"_a = none, kw_only, "device"_a = none, "copy"_a = none, "like"_a = none)
      .numpy_only("asanyarray");
  ops.raw("ascontiguousarray", &invoke_contiguous<Layout::c>,
          (std::string("The tensor itself where it is row-major without gaps, otherwise a copy; of one dimension at least.\n\n"
                       "like: a tensor whose device is meant. ") +
           kIngested + "\n\n>>> tenon.numpy.ascontiguousarray(tenon.eye(2).T).is_contiguous()\nTrue").c_str(),
          "a"_a, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("ascontiguousarray");
  ops.raw("asfortranarray", &invoke_contiguous<Layout::f>,
          (std::string("The tensor itself where it is column-major without gaps, otherwise a copy; of one dimension at least.\n\n"
                       "like: a tensor whose device is meant. ") +
           kIngested + "\n\n>>> tenon.numpy.asfortranarray(tenon.zeros(2, 3)).stride()\n(1, 2)").c_str(),
          "a"_a, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("asfortranarray");
  ops.raw("frombuffer", &invoke_frombuffer,
          "A vector over the bytes of an object with the buffer protocol, without a copy.\n\n"
          "count elements of dtype (float64 unless given; all, for -1) from the byte offset on. like: a tensor to whose\n"
          "device the elements go. ValueError for what has no buffer, an empty one, and for a count, offset or remainder\n"
          "that does not fit; TypeError for what is no dtype.\n\n"
          ">>> tenon.numpy.frombuffer(b'ab', 'uint8')\n"
          "tensor([97, 98], dtype=tenon.uint8)",
          "buffer"_a, "dtype"_a = none, "count"_a = -1, "offset"_a = 0, kw_only, "like"_a = none)
      .numpy_only("frombuffer");
  ops.def(
         "geomspace",
         +[](const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, const Dtyped& dtype,
             std::int64_t axis) { return geomspace(start, stop, n, endpoint, axis, dtype); },
         "num numbers from start to stop, of which each is the one before times a constant.\n\n"
         "start, stop: numbers or arrays, which broadcast; a new axis of the result counts the numbers. Without endpoint\n"
         "stop is left out. A new tensor, with gradients; dtype: theirs, at least the default float. ValueError for a\n"
         "negative num and for an end of 0, TypeError for complex numbers in a real dtype.\n\n"
         ">>> tenon.numpy.geomspace(1, 8, 4)\n"
         "tensor([1., 2., 4., 8.])",
         "start"_a, "stop"_a, "num"_a = 50, "endpoint"_a = true, "dtype"_a = none, "axis"_a = 0)
      .no_out()
      .numpy_only("geomspace");
  ops.raw("identity", &invoke_identity,
          "The square matrix with ones on its diagonal: a new tensor.\n\n"
          "dtype: the default float unless given. like: a tensor whose device is meant. ValueError for a negative n,\n"
          "TypeError for what is no dtype.\n\n"
          ">>> tenon.numpy.identity(2)\n"
          "tensor([[1., 0.],\n"
          "        [0., 1.]])",
          "n"_a, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("identity");
  ops.raw("tri", &invoke_tri,
          "Ones on and below the k-th diagonal of N rows and M (N unless given) columns, zeros above: a new tensor.\n\n"
          "dtype: the default float unless given. like: a tensor whose device is meant. ValueError for negative sizes,\n"
          "TypeError for what is no dtype.\n\n"
          ">>> tenon.numpy.tri(2, 3)\n"
          "tensor([[1., 0., 0.],\n"
          "        [1., 1., 0.]])",
          "N"_a, "M"_a = none, "k"_a = 0, "dtype"_a = none, kw_only, "like"_a = none)
      .numpy_only("tri");
}

}  // namespace tenon::py
