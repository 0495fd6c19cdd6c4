// Rows about the storage under a tensor: what pickling and processes share it by (documented in tenon/_pickle.py).
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "core/errors.h"
#include "op.h"
#include "tenon/ops/copy.h"

namespace tenon::py {
namespace {

// Nobody else can reach the storage: a base that only this tensor holds does not count.
bool alone(const Tensor& t) {
  const TensorImpl* base = t.impl()->base;
  const bool own_base = base && base->refs.load(std::memory_order_acquire) == 1 && base->storage == t.impl()->storage;
  return t.storage().use_count() == (own_base ? 2 : 1);
}

// (identity, whether it may be shared as a whole, its bytes as a tensor, where t starts in it)
PyObject* storage(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  Storage& s = t.storage();
  const std::int64_t offset = t.data() - static_cast<char*>(s.data());
  const bool whole = !alone(t) && s.kind() != Storage::Kind::mapped;
  Tensor bytes = make_tensor(Ref<Storage>(&s), 0, {s.bytes()}, {1}, DType::uint8, t.read_only());
  Object flat = Object::steal(wrap(std::move(bytes)));
  return Py_BuildValue("KOOL", reinterpret_cast<unsigned long long>(&s), whole ? Py_True : Py_False, flat.get(),
                       static_cast<long long>(offset));
}

Tensor over(const Tensor& bytes, std::int64_t offset, DType dtype, const Dims& shape, const Dims& strides,
            bool read_only) {
  const std::int64_t start = bytes.data() - static_cast<char*>(bytes.storage().data());
  if (offset < -start || offset > bytes.storage().bytes() - start)  // a pickle's; an empty tensor has one, too
    errors::outside_storage("_over", shape, strides, offset, bytes.storage().bytes());
  if (shape.size() != strides.size())
    errors::fail<ShapeError>("_over", "shape ", shape, " and strides ", strides, " have different lengths");
  const auto item = static_cast<std::int64_t>(itemsize(dtype));
  const std::int64_t alignment = is_complex(dtype) ? item / 2 : item;
  if ((reinterpret_cast<std::uintptr_t>(bytes.data()) + static_cast<std::uintptr_t>(offset)) %
          static_cast<std::uintptr_t>(alignment) !=
      0)
    errors::fail("_over", "the data is not aligned to the element size ", alignment);
  return make_tensor(Ref<Storage>(&bytes.storage()), start + offset, shape, strides, dtype,
                     read_only || bytes.read_only());
}

Tensor attach(std::int64_t descriptor) {
  if (descriptor < 0 || descriptor > INT_MAX) errors::fail("_attach_shared", "no descriptor is ", descriptor);
  // One of its own, since the caller's may be anybody's.
  const int own = fcntl(static_cast<int>(descriptor), F_DUPFD_CLOEXEC, 0);
  if (own < 0) errors::file("_attach_shared", errno, "descriptor " + std::to_string(descriptor));
  try {
    const Ref<Storage> s = Storage::attach(own);
    return make_tensor(s, 0, {s->bytes()}, {1}, DType::uint8, false);
  } catch (const ValueError&) {
    close(own);
    throw;
  }
}

}  // namespace

void def_storage(Ops& ops) {
  ops.raw("_storage", &storage,
          "(identity, whether other tensors may view it, its bytes as a tensor, where this one starts in it).",
          "input"_a)
      .function_only()
      .returns("tuple[_int, _bool, Tensor, _int]");
  ops.def("_over", &over, "A tensor of any geometry over the storage of flat bytes.", "flat"_a, "offset"_a, "dtype"_a,
          "shape"_a, "strides"_a, "readonly"_a)
      .function_only()
      .no_out();
  ops.def(
         "_shared_descriptor", +[](const Tensor& t) { return static_cast<std::int64_t>(t.storage().descriptor()); },
         "The descriptor of shared memory; -1 for other memory.", "input"_a)
      .function_only();
  ops.def(
         "_shared_offset", +[](const Tensor& t) { return t.storage().offset_in_file(); },
         "Where the tensor's storage begins in the file of its shared memory.", "input"_a)
      .function_only();
  ops.def("_attach_shared", &attach, "The bytes of shared memory behind a descriptor, which stays the caller's.",
          "descriptor"_a)
      .function_only()
      .no_out();
  ops.def(
         "_shared_part",
         +[](const Tensor& t, std::int64_t offset, std::int64_t bytes) {
           return make_tensor(t.storage().part(offset, bytes), 0, {bytes}, {1}, DType::uint8, false);
         },
         "Other bytes of the file of a tensor's shared memory.", "input"_a, "offset"_a, "bytes"_a)
      .function_only()
      .no_out();
  ops.raw(
         "record_stream",
         [](const OpDef& def, PyObject* const* args) -> PyObject* {
           const Tensor t = argument<Tensor>(def, args, 0);
           const Where w{"record_stream", "stream"};
           const Object device = Object::maybe(PyObject_GetAttrString(args[1], "_device")),
                        index = device ? Object::maybe(PyObject_GetAttrString(args[1], "_index")) : Object();
           if (!index) {
             PyErr_Clear();
             wrong_type(w, "a tenon.cuda.Stream", args[1]);
           }
           t.storage().record_use({parse_device("cuda:" + std::to_string(to_int(device.get(), w))),
                                   static_cast<std::int32_t>(to_int(index.get(), w))});
           return Py_NewRef(Py_None);
         },
         "Tells the tensor's memory that a tenon.cuda.Stream uses it, beside the one that it was made on.\n\n"
         "Freed memory serves again when the stream that it was made on has passed; after this, when both have.\n"
         "RuntimeError for another device's stream, TypeError for what is no stream.\n\n"
         "stream: a tenon.cuda.Stream that uses the tensor.\n\n"
         ">>> t.record_stream(tenon.cuda.current_stream())  # doctest: +SKIP",
         "input"_a, "stream"_a)
      .method_only()
      .returns("None");
  ops.def(
         "pin_", &pin_,
         "Page-locks the memory where it is, a borrowed ndarray's too; returns the tensor.\n\n"
         "Copies to and from a device run at the bus's full speed then. The lock covers all bytes that the tensor's\n"
         "storage has, and ends with unpin_() or with the last tensor over them. Nothing moves: arrays and views stay\n"
         "valid.\n"
         "RuntimeError without a CUDA device, if the driver refuses, and if another tensor has pinned a part of the "
         "bytes.\n\n"
         ">>> t = tenon.zeros(2)\n"
         ">>> t.pin_().is_pinned()  # doctest: +SKIP",
         "input"_a)
      .method_only();
  ops.def("unpin_", &unpin_,
          "Ends pin_() of this memory, if there was one; returns the tensor.\n\n"
          ">>> tenon.zeros(2).unpin_().is_pinned()\n"
          "False",
          "input"_a)
      .method_only();
  ops.def("pin_memory", &pin_memory,
          "The tensor itself where its memory is page-locked (pin_()), otherwise a contiguous copy whose memory is.\n\n"
          "RuntimeError without a CUDA device, or if the driver refuses.\n\n"
          ">>> tenon.zeros(2).pin_memory().is_pinned()  # doctest: +SKIP",
          "input"_a)
      .method_only()
      .no_out();
  ops.def("is_pinned", &is_pinned,
          "Whether the memory of all elements is page-locked.\n\n"
          ">>> tenon.zeros(2).is_pinned()\n"
          "False",
          "input"_a)
      .method_only();
  ops.def("_share_memory", &share_memory_, "share_memory_() of memory that is not shared yet.", "input"_a)
      .function_only()
      .no_out()
      .keeps_gil();
}

}  // namespace tenon::py
