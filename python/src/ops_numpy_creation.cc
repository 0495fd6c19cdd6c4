// Rows: tensors of what is there already, under NumPy's signatures.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_api.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/view.h"

namespace tenon::py {

Tensor frombuffer(PyObject* buffer, DType dtype, std::int64_t count, std::int64_t offset);

namespace {

using MaybeDType = std::optional<DType>;

constexpr const char* kErrors =
    "ValueError for ragged sequences, TypeError for what holds no numbers and for complex values in a real dtype, "
    "OverflowError for Python integers that the dtype cannot hold.";
constexpr const char* kOrder =
    "order: 'C' by rows, 'F' by columns; an array that lies in another order is copied. 'K' and None leave the order as "
    "it is, so does 'A', of which a copy is 'F' for a tensor that lies so, otherwise 'C' (ValueError for another). ";
constexpr const char* kOnCopies =
    "copy: True for a copy always, False for none (ValueError where one is needed), None for one where it is needed. ";

// A tensor of o, in an order that is asked for.
Tensor taken(const OpDef& def, PyObject* o, std::optional<DType> dtype, std::optional<Device> device,
             std::optional<bool> copy, Layout order) {
  const char* op = def.name.c_str();
  Tensor t = ingest(o, op, {dtype, device, copy, order});
  if (order == Layout::a || order == Layout::k) return t;
  Tensor r = without_gil(t.numel(), [&] { return in_layout(t, order); }, t);
  if (r.is_same(t)) return r;
  if (copy == false)
    errors::fail(def.name, "copy=False, but a copy is needed: strides ", t.strides(),
                 " are another order; use copy=None");
  if (!copy) note_copy(op, "order", t.nbytes());
  return r;
}

// (a, dtype, order, *, device, copy, like)
PyObject* invoke_asarray(const OpDef& def, PyObject* const* args) {
  return to_python(taken(def, args[0], argument<MaybeDType>(def, args, 1), asked_device(def, args[3], args[5]),
                         argument<std::optional<bool>>(def, args, 4), kept_layout(def, args, 2)));
}
// (object, dtype, *, copy, order, subok, ndmin, ndmax, like)
PyObject* invoke_array(const OpDef& def, PyObject* const* args) {
  (void)argument<bool>(def, args, 4);  // subok
  const auto ndmin = argument<std::int64_t>(def, args, 5), ndmax = argument<std::int64_t>(def, args, 6);
  if (ndmax < 0 || ndmax > kMaxDims) errors::fail(def.name, "ndmax is from 0 to ", kMaxDims, "; got ", ndmax);
  if (ndmin > ndmax) errors::fail(def.name, "ndmin is at most ndmax, ", ndmax, "; got ", ndmin);
  const Tensor t = taken(def, args[0], argument<MaybeDType>(def, args, 1), asked_device(def, Py_None, args[7]),
                         argument<std::optional<bool>>(def, args, 2), kept_layout(def, args, 3));
  if (t.ndim() > ndmax && !is_tensor(args[0]) && !is_ndarray(args[0]))
    errors::fail(def.name, "the object has more than ndmax=", ndmax, " dimensions; got shape ", t.shape());
  Dims front;
  for (int d = 0; d < ndmin - t.ndim(); ++d) front.push_back(d);
  return to_python(front.empty() ? t : unsqueeze(t, front));
}
// (a, dtype, *, like): of one dimension at least.
template <Layout order>
PyObject* invoke_contiguous(const OpDef& def, PyObject* const* args) {
  const auto dtype = argument<MaybeDType>(def, args, 1);
  const Tensor t = ingest(args[0], def.name.c_str(), {dtype, asked_device(def, Py_None, args[2]), {}});
  return computed(t.numel(), [&] { return t.ndim() == 0 ? reshape(t, {1}) : in_layout(t, order); }, t);
}
// (buffer, dtype, count, offset, *, like)
PyObject* invoke_frombuffer(const OpDef& def, PyObject* const* args) {
  const DType dtype = args[1] == Py_None ? DType::float64 : argument<DType>(def, args, 1);
  const auto count = argument<std::int64_t>(def, args, 2), offset = argument<std::int64_t>(def, args, 3);
  const auto device = asked_device(def, Py_None, args[4]);
  if (PyObject_CheckBuffer(args[0])) {  // unlike PyTorch, NumPy takes nothing, too
    const Object view = Object::steal(PyMemoryView_FromObject(args[0]));
    const auto bytes = static_cast<std::int64_t>(PyMemoryView_GET_BUFFER(view.get())->len);
    if (offset >= 0 && offset <= bytes && (count == 0 || (count == -1 && offset == bytes)))
      return to_python(empty({0}, dtype, device.value_or(kCpu)));
  }
  const Tensor t = frombuffer(args[0], dtype, count, offset);
  return computed(t.numel(), [&] { return to(t, {}, device); }, t);
}

Tensor copied(const Tensor& t, const std::string& order, bool) { return clone(t, layout(order, "copy")); }

}  // namespace

void taking(OpDef& d, Taken) {
  d.arguments("a"_a, "dtype"_a = none, "order"_a = none, kw_only, "device"_a = none, "copy"_a = none, "like"_a = none);
  d.invoke = &invoke_asarray;
  d.doc += std::string("A view of the elements where they are, or a copy. ") + kOrder + kOnCopies + kErrors +
           "\n\n"
           ">>> tenon.numpy.asarray([1, 2], 'float32')\n"
           "tensor([1., 2.])";
}

void copying(OpDef& d, Tensor (*)(const Tensor&, const std::string&)) {
  Ops::bind(d, &copied, "a"_a, "order"_a = "K", "subok"_a = false);
  d.doc +=
      std::string(
          "order: 'K' as the elements lie, 'C' by rows, 'F' by columns, 'A' as 'F' for a tensor that lies so (ValueError "
          "for another). ") +
      kErrors +
      "\n\n"
      ">>> tenon.numpy.copy([1, 2])\n"
      "tensor([1, 2])";
}

void def_numpy_creation(Ops& ops) {
  const auto row = [&](const char* name, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& doc,
                       auto... args) { ops.raw(name, invoke, doc.c_str(), std::move(args)...).numpy_only(name); };
  row("array", &invoke_array,
      std::string("An array-like as a tensor in fresh memory, a copy, unless copy says otherwise.\n\n") + kOnCopies +
          kOrder +
          "object: numbers, nested sequences, arrays or tensors. ndmin: the least number of dimensions; missing ones "
          "stand in front. ndmax: the largest number of them that sequences may have (ValueError for more). " +
          kErrors +
          "\n\n"
          ">>> tenon.numpy.array([1, 2], ndmin=2)\n"
          "tensor([[1, 2]])",
      "object"_a, "dtype"_a = none, kw_only, "copy"_a = true, "order"_a = "K", "subok"_a = false, "ndmin"_a = 0,
      "ndmax"_a = kMaxDims, "like"_a = none);
  row("asanyarray", &invoke_asarray,
      std::string("An array-like as a tensor, as asarray: a view of the elements where they are, or a copy.\n\n") +
          kOrder + kOnCopies + kErrors +
          "\n\n"
          ">>> tenon.numpy.asanyarray([1, 2])\n"
          "tensor([1, 2])",
      "a"_a, "dtype"_a = none, "order"_a = none, kw_only, "device"_a = none, "copy"_a = none, "like"_a = none);
  row("ascontiguousarray", &invoke_contiguous<Layout::c>,
      std::string("The tensor itself where it is row-major without gaps, otherwise a copy.\n\n"
                  "It has one dimension at least. ") +
          kErrors +
          "\n\n"
          ">>> tenon.numpy.ascontiguousarray(tenon.zeros(2, 3).T).is_contiguous()\n"
          "True",
      "a"_a, "dtype"_a = none, kw_only, "like"_a = none);
  row("asfortranarray", &invoke_contiguous<Layout::f>,
      std::string("The tensor itself where it is column-major without gaps, otherwise a copy.\n\n"
                  "It has one dimension at least. ") +
          kErrors +
          "\n\n"
          ">>> tenon.numpy.asfortranarray(tenon.zeros(2, 3)).stride()\n"
          "(1, 2)",
      "a"_a, "dtype"_a = none, kw_only, "like"_a = none);
  row("frombuffer", &invoke_frombuffer,
      "A vector over the bytes of an object with the buffer protocol, without a copy.\n\n"
      "buffer: an object with the buffer protocol. dtype: float64 unless given. count: the number of elements; -1 for all "
      "that follow. offset: the first byte that is read. ValueError for what has no buffer, and for a "
      "count, offset or remainder that does not fit; TypeError for what is no dtype; BufferError for a tensor that lends no buffer.\n\n"
      ">>> tenon.numpy.frombuffer(bytearray(b'ab'), 'uint8')\n"
      "tensor([97, 98], dtype=tenon.uint8)",
      "buffer"_a, "dtype"_a = none, "count"_a = -1, "offset"_a = 0, kw_only, "like"_a = none);
}

}  // namespace tenon::py
