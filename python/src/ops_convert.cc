// Rows: copies, conversions between dtypes and devices, and questions about them.
#include <cctype>

#include "casting.h"
#include "core/errors.h"
#include "dtype.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/devices.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

// What memory_format= makes of a result; without one, the order of the dimensions in memory stays.
Tensor in_format(Tensor t, const MemoryFormat& format, const char* op) {
  if (!format.order && format.ndim == 0) [[likely]]
    return t;
  return in_layout(t, order_of(format, t.ndim(), op, Layout::k));
}

// Whether a string is the name of a dtype ('float32', NumPy's 'f4') and not of a device.
bool names_dtype(PyObject* text) {
  const std::string s = utf8(text);
  DType d;
  return dtype_from_name(s, d) || (!s.starts_with("cpu") && !s.starts_with("cuda") && dtype_from_numpy(text, d));
}

// to(dtype), to(device), to(device, dtype), to(other); each also by name.
PyObject* to_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  std::optional<DType> dtype;
  std::optional<Device> device;
  bool non_blocking = argument<bool>(def, args, 3), copy = argument<bool>(def, args, 4);
  auto take = [&](PyObject* o, const char* name) {
    if (o == Py_None) return;
    if (PyBool_Check(o)) {  // non_blocking by position, as in to(device, True)
      non_blocking = o == Py_True;
      return;
    }
    const std::optional<DType> dtype_before = dtype;
    const std::optional<Device> device_before = device;
    if (is_tensor(o)) {
      dtype = unwrap(o).dtype();
      device = unwrap(o).device();
      return;
    }
    if (is_device(o) || (PyUnicode_Check(o) && !names_dtype(o))) device = to_device(o, {"to", name});
    else dtype = to_dtype(o, {"to", name});
    if ((dtype_before && dtype != dtype_before) || (device_before && device != device_before))
      errors::fail<TypeError>("to", "one dtype and one device at most; got two");
  };
  take(args[1], "device");
  take(args[2], "dtype");
  const auto format = argument<MemoryFormat>(def, args, 5);
  return computed(t.numel(), [&] { return in_format(to(t, dtype, device, copy, non_blocking), format, "to"); }, t);
}

struct Conversion {
  const char* name;
  DType dtype;
};
constexpr Conversion kConversions[] = {
    {"bool", DType::bool_},     {"byte", DType::uint8},        {"char", DType::int8},
    {"short", DType::int16},    {"int", DType::int32},         {"long", DType::int64},
    {"half", DType::float16},   {"bfloat16", DType::bfloat16}, {"float", DType::float32},
    {"double", DType::float64}, {"cfloat", DType::complex64},  {"cdouble", DType::complex128}};

template <std::size_t I>
Tensor convert(const Tensor& t, const MemoryFormat& f) {
  constexpr Conversion c = kConversions[I];
  return in_format(to(t, c.dtype), f, c.name);
}

template <std::size_t... I>
void def_conversions(Ops& ops, std::index_sequence<I...>) {
  const auto def = [&](const Conversion& c, Tensor (*fn)(const Tensor&, const MemoryFormat&)) {
    ops.def(c.name, fn,
            errors::text("The elements as ", c.dtype,
                         ": itself where they are, otherwise a copy.\n\nValueError for another memory_format.\n\n"
                         ">>> tenon.zeros(2).",
                         c.name, "().dtype\ntenon.", c.dtype)
                .c_str(),
            "input"_a, kw_only, "memory_format"_a = none)
        .method_only()
        .no_out();
  };
  (def(kConversions[I], &convert<I>), ...);
}

// 'torch.IntTensor' is what int() makes; so is the class of that name (tenon/_tensor_types.py).
std::optional<DType> named_type(PyObject* o) {
  if (PyType_Check(o)) {
    const Object d = Object::maybe(PyObject_GetAttrString(o, "dtype"));
    if (!d) PyErr_Clear();
    return d && is_dtype(d.get()) ? std::optional(to_dtype(d.get(), {"type", "dtype"})) : std::nullopt;
  }
  if (!PyUnicode_Check(o)) return {};
  const std::string text = utf8(o);
  for (const Conversion& c : kConversions) {
    std::string name = c.dtype == DType::bfloat16 ? "bFloat16" : c.name;
    name[0] = static_cast<char>(std::toupper(name[0]));
    if (text == errors::text("torch.", name, "Tensor") || text == errors::text("tenon.", name, "Tensor"))
      return c.dtype;
  }
  return {};
}

PyObject* type_of(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (args[1] == Py_None) return to_python("tenon." + std::string(name(t.dtype())));
  const auto named = named_type(args[1]);
  const DType d = named ? *named : argument<DType>(def, args, 1);
  return computed(t.numel(), [&] { return to(t, d); }, t);
}

Device cuda_device(PyObject* o, const Tensor& t) {
  if (o == Py_None) return {DeviceType::cuda, t.device().index};
  if (PyLong_Check(o)) {
    const std::int64_t index = to_int(o, {"cuda", "device"});
    if (index < 0 || index > INT8_MAX) errors::bad_device("cuda:" + std::to_string(index));
    return {DeviceType::cuda, static_cast<std::int8_t>(index)};
  }
  return to_device(o, {"cuda", "device"});
}

Tensor as_type(const Tensor& t, DType d, const std::string& order, const std::string& casting, bool, bool copy) {
  check_cast("astype", t.dtype(), d, casting_named("astype", casting));
  const Layout wanted = layout(order, "astype");
  const Tensor r = in_layout(to(t, d), wanted);
  return copy && r.is_same(t) ? clone(r, wanted) : r;
}

Tensor astype_of_numpy(const Tensor& t, DType d, bool copy, const std::optional<Device>& device) {
  const Tensor r = to(t, d, device);
  return copy && r.is_same(t) ? clone(r, Layout::k) : r;
}

}  // namespace

void def_convert(Ops& ops) {
  ops.def(
         "clone", +[](const Tensor& t, MemoryFormat f) { return clone(t, order_of(f, t.ndim(), "clone", Layout::c)); },
         "A copy in fresh memory, writeable; the gradient flows through.\n\n"
         "memory_format: tenon.channels_last for a copy of 4 dimensions with the second one fastest in memory;\n"
         "row-major otherwise, with preserve_format too.\n"
         "TypeError for what is no tensor or array, ValueError for an unknown memory_format.\n\n"
         ">>> t = tenon.tensor([1, 2])\n"
         ">>> tenon.clone(t)\n"
         "tensor([1, 2])",
         "input"_a, kw_only, "memory_format"_a = none)
      .no_out();
  ops.def(
         "contiguous",
         +[](const Tensor& t, MemoryFormat f) { return in_layout(t, order_of(f, t.ndim(), "contiguous", Layout::c)); },
         "The tensor itself where it is row-major without gaps, otherwise a copy.\n\n"
         "memory_format: tenon.channels_last (of 4 dimensions) and channels_last_3d (of 5) want the second\n"
         "dimension fastest in memory instead.\n"
         "ValueError for another memory_format or number of dimensions.\n\n"
         ">>> t = tenon.zeros(2, 3).T\n"
         ">>> t.contiguous().is_contiguous()\n"
         "True",
         "input"_a, "memory_format"_a = none)
      .method_only()
      .no_out();
  ops.raw("to", &to_any,
          "The tensor on another device or of another dtype; itself where nothing changes, otherwise (or with "
          "copy) a copy.\n\n"
          "to(dtype), to(device), to(device, dtype) or to(other), by position or name. The gradient flows back.\n"
          "Complex numbers lose their imaginary parts in a real dtype.\n"
          "non_blocking: between the CPU and a device, return before the bytes have moved, in the order of the\n"
          "device's current stream. It takes page-locked memory on the CPU (pin_(), which a result there gets by\n"
          "itself); until the stream has passed, neither write the source nor read the result there.\n"
          "memory_format: as contiguous()'s; without one, the order of the dimensions in memory stays.\n"
          "TypeError for what is no dtype, device or tensor, ValueError for a name that is no device's,\n"
          "RuntimeError for a device that is not there.\n\n"
          ">>> tenon.tensor([1.5, 2.5]).to(tenon.int32)\n"
          "tensor([1, 2], dtype=tenon.int32)",
          "input"_a, "device"_a = none, "dtype"_a = none, "non_blocking"_a = false, "copy"_a = false, kw_only,
          "memory_format"_a = none)
      .method_only();
  ops.def(
         "to_device",
         +[](const Tensor& t, Device d, const std::optional<std::int64_t>& stream) {
           if (!stream) return to(t, {}, d);
           const Device there = d.is_cpu() ? t.device() : d;
           if (there.is_cpu()) errors::fail("to_device", "the CPU has no streams; pass stream=None");
           if (*stream < 1) errors::fail("to_device", "stream must be a handle, which is positive; got ", *stream);
           const Stream current = current_stream(there), s = stream_of(there, static_cast<std::uintptr_t>(*stream));
           wait(s, current);
           Tensor moved;
           {
             const StreamGuard guard(s);
             moved = to(t, {}, d);
           }
           wait(current, s);
           if (!moved.device().is_cpu()) moved.storage().record_use(current);
           return moved;
         },
         "The tensor on a device, as the array API has it: itself where it is there, otherwise a copy.\n\n"
         "stream: the one that copies, by its handle (Stream.cuda_stream); the current stream waits for it.\n"
         "ValueError for a name that is no device's and a stream of the CPU, RuntimeError for a device or a stream\n"
         "that is not there.\n\n"
         ">>> tenon.zeros(2).to_device(\"cpu\").device\n"
         "device(type='cpu')",
         "input"_a, "device"_a, kw_only, "stream"_a = none)
      .method_only()
      .no_out();
  ops.raw(
         "cpu",
         [](const OpDef& def, PyObject* const* args) {
           const Tensor& t = unwrap(args[0]);
           if (t.device().is_cpu() && args[1] == Py_None) return Py_NewRef(args[0]);  // what most calls come to
           const auto format = argument<MemoryFormat>(def, args, 1);
           return computed(t.numel(), [&] { return in_format(to(t, {}, kCpu), format, "cpu"); }, t);
         },
         "The tensor on the CPU: itself where it is there, otherwise a copy.\n\n"
         "ValueError for another memory_format.\n\n"
         ">>> t = tenon.ones(2)\n"
         ">>> t.cpu() is t\n"
         "True",
         "input"_a, "memory_format"_a = none)
      .method_only()
      .no_out();
  ops.raw(
         "cuda",
         [](const OpDef& def, PyObject* const* args) {
           const Tensor t = argument<Tensor>(def, args, 0);
           const Device d = cuda_device(args[1], t);
           const bool non_blocking = argument<bool>(def, args, 2);
           const auto format = argument<MemoryFormat>(def, args, 3);
           return computed(t.numel(), [&] { return in_format(to(t, {}, d, false, non_blocking), format, "cuda"); }, t);
         },
         "The tensor on a CUDA device (the first, unless given): itself where it is there, otherwise a copy.\n\n"
         "non_blocking: as in to().\n"
         "RuntimeError for a device that is not there, ValueError for a name or number that is no device's.\n\n"
         ">>> tenon.ones(2).cuda().device  # doctest: +SKIP",
         "input"_a, "device"_a = none, "non_blocking"_a = false, "memory_format"_a = none)
      .method_only();
  ops.def("astype", &as_type,
          "The elements converted to dtype; a copy even of the same dtype, unless copy=False.\n\n"
          "order: how the copy's elements lie: 'K' as the tensor's, 'C' by rows, 'F' by columns, 'A' as 'F' for a\n"
          "tensor that lies so. casting: 'unsafe', or what NumPy's rule of that name allows (TypeError); complex\n"
          "numbers lose their imaginary parts in a real dtype. subok does not matter. TypeError for what is no dtype,\n"
          "ValueError for another order or casting.\n\n"
          ">>> tenon.astype(tenon.tensor([1.5, 2.5]), tenon.int32)\n"
          "tensor([1, 2], dtype=tenon.int32)",
          "input"_a, "dtype"_a, "order"_a = "K", "casting"_a = "unsafe", "subok"_a = true, "copy"_a = true)
      .no_out()
      .numpy(
          "astype", &astype_of_numpy,
          "A copy, or with copy=False x itself where nothing changes. copy: False for a copy only where dtype or device "
          "is another. Complex numbers lose their imaginary parts in a real dtype. TypeError for what is no dtype or no "
          "array.\n\n"
          ">>> tenon.numpy.astype(tenon.tensor([1.5, 2.5]), tenon.int32)\n"
          "tensor([1, 2], dtype=tenon.int32)",
          "x"_a, "dtype"_a, pos_only, kw_only, "copy"_a = true, "device"_a = none)
      .array_api("astype");
  ops.raw("type", &type_of,
          "The elements converted to dtype: itself or a copy, as to(dtype). Without one, the name of the dtype.\n\n"
          "TypeError for what is no dtype.\n\n"
          ">>> tenon.zeros(2).type(tenon.int8)\n"
          "tensor([0, 0], dtype=tenon.int8)",
          "input"_a, "dtype"_a = none)
      .method_only()
      .returns("Any");
  ops.def(
         "type_as", +[](const Tensor& t, const Tensor& o) { return to(t, o.dtype(), o.device()); },
         "The tensor with the other's dtype and device: itself where they are the same, otherwise a copy.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.zeros(2).type_as(tenon.tensor([1]))\n"
         "tensor([0, 0])",
         "input"_a, "other"_a)
      .method_only()
      .no_out();

  def_conversions(ops, std::make_index_sequence<std::size(kConversions)>{});
  ops.def(
         "is_contiguous",
         +[](const Tensor& t, MemoryFormat f) {
           return f.ndim != 0 ? f.ndim == t.ndim() && lies_in(t, *f.order) : t.is_contiguous();
         },
         "Whether the elements lie row-major without gaps.\n\n"
         "memory_format: with tenon.channels_last, whether there are 4 dimensions and the second one runs fastest.\n"
         "ValueError for an unknown memory_format.\n\n"
         ">>> tenon.zeros(2, 3).T.is_contiguous()\n"
         "False",
         "input"_a, "memory_format"_a = none)
      .method_only();
  ops.def(
      "is_floating_point", +[](const Tensor& t) { return is_floating(t.dtype()); },
      "Whether the dtype is a real floating one.\n\n"
      "TypeError for what is no tensor or array.\n\n"
      ">>> tenon.is_floating_point(tenon.tensor([1]))\n"
      "False",
      "input"_a);
  ops.def(
      "is_complex", +[](const Tensor& t) { return is_complex(t.dtype()); },
      "Whether the dtype is complex.\n\n"
      "TypeError for what is no tensor or array.\n\n"
      ">>> tenon.is_complex(tenon.tensor([1j]))\n"
      "True",
      "input"_a);
  ops.def(
         "is_signed",
         +[](const Tensor& t) { return kind(t.dtype()) != Kind::boolean && kind(t.dtype()) != Kind::unsigned_integer; },
         "Whether the dtype has negative values.\n\n"
         ">>> tenon.tensor([1], dtype=tenon.uint8).is_signed()\n"
         "False",
         "input"_a)
      .method_only();
  ops.def(
         "get_device", +[](const Tensor& t) { return std::int64_t{t.device().is_cpu() ? -1 : t.device().index}; },
         "The index of the CUDA device; -1 on the CPU.\n\n"
         ">>> tenon.zeros(2).get_device()\n"
         "-1",
         "input"_a)
      .method_only();
  ops.def(
         "ndimension", +[](const Tensor& t) { return std::int64_t{t.ndim()}; },
         "The number of dimensions.\n\n"
         ">>> tenon.zeros(2, 3).ndimension()\n"
         "2",
         "input"_a)
      .method_only();
  ops.def(
         "nelement", +[](const Tensor& t) { return t.numel(); },
         "The number of elements.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.zeros(2, 3).nelement()\n"
         "6",
         "input"_a)
      .method_only();
  ops.raw(
         "stride",
         [](const OpDef& def, PyObject* const* args) -> PyObject* {
           const Tensor t = argument<Tensor>(def, args, 0);
           if (args[1] == Py_None) return from_dims(t.strides());
           const auto d = argument<std::int64_t>(def, args, 1);
           if (d < -t.ndim() || d >= t.ndim()) errors::bad_axis("stride", d, t.ndim());
           return to_python(t.strides()[static_cast<int>(d < 0 ? d + t.ndim() : d)]);
         },
         "The strides in elements (negative ones too), or that of one dimension.\n\n"
         "IndexError for a dimension that is not there.\n\n"
         ">>> tenon.zeros(2, 3).stride()\n"
         "(3, 1)",
         "input"_a, "dim"_a = none)
      .method_only()
      .returns("Any");
  ops.def(
         "numel", +[](const Tensor& t) { return t.numel(); },
         "The number of elements.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.numel(tenon.zeros(2, 3))\n"
         "6",
         "input"_a)
      .function_only();
}

}  // namespace tenon::py
