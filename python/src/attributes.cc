// Attributes of tenon.Tensor; its hand-written methods stand in methods.cc.
#include <algorithm>

#include "convert.h"
#include "core/errors.h"
#include "dtype.h"
#include "graph.h"
#include "ingest.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"
#include "unguarded.h"

namespace tenon::py {

PyObject* tensor_repr(PyObject* self) {
  return guarded([&] { return to_python(str(unwrap(self))); });
}

namespace {

#define GETTER(name, expression)                \
  PyObject* get_##name(PyObject* self, void*) { \
    return guarded([&]() -> PyObject* {         \
      const Tensor& t = unwrap(self);           \
      return expression;                        \
    });                                         \
  }
GETTER(shape, from_dims(t.shape()))
GETTER(dtype, from_dtype(t.dtype()))
GETTER(device, from_device(t.device()))
GETTER(ndim, PyLong_FromLong(t.ndim()))
GETTER(itemsize, PyLong_FromLongLong(t.itemsize()))
GETTER(strides, from_dims(byte_strides(t)))
GETTER(nbytes, PyLong_FromLongLong(t.nbytes()))
GETTER(T, wrap(T(t)))
GETTER(mT, wrap(mT(t)))
GETTER(grad, wrap_or_none(t.grad()))
GETTER(requires_grad, PyBool_FromLong(t.requires_grad()))
GETTER(is_leaf, PyBool_FromLong(t.is_leaf()))
GETTER(is_cpu, PyBool_FromLong(t.device().is_cpu()))
GETTER(H, wrap(is_complex(t.dtype()) ? conj(mT(t)) : mT(t)))
GETTER(is_cuda, PyBool_FromLong(!t.device().is_cpu()))
GETTER(retains_grad, PyBool_FromLong(t.retains_grad()))
GETTER(readonly, PyBool_FromLong(t.read_only()))
GETTER(version, PyLong_FromUnsignedLong(t.storage().version()))
GETTER(data, wrap(t.detach()))
GETTER(exports, PyLong_FromLong(t.storage().exports()))
GETTER(host_view, PyBool_FromLong(t.storage().has_host_view()))
GETTER(borrowed, PyBool_FromLong(t.storage().kind() == Storage::Kind::borrowed))

PyObject* get_layout(PyObject*, void*) { return PyUnicode_FromString("strided"); }
PyObject* get_false(PyObject*, void*) { return Py_NewRef(Py_False); }
PyObject* get_matrix_H(PyObject* self, void* none) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.ndim() != 2) errors::wrong_ndim("H", t.ndim(), "a matrix; .mH swaps the last two of more dimensions");
    return get_H(self, none);
  });
}
constexpr const char* kNever =
    "Whether it is a tensor of a kind that PyTorch has and tenon does not: never.\n\n"
    ">>> tenon.zeros(2).is_sparse\n"
    "False";

PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (!t.requires_grad()) return Py_NewRef(Py_None);
    const Ref<Node> node = autograd::node_of(t);
    if (!node) return Py_NewRef(Py_None);
    track(self);  // hooks of the node may lead back to the tensor
    return wrap_node(node);
  });
}
int set_grad(PyObject* self, PyObject* value, void*) {
  return guarded_int([&] {
    unwrap(self).set_grad(!value || value == Py_None ? Tensor() : to_tensor(value, {"grad", "value"}));
    return 0;
  });
}
int set_data_of(PyObject* self, PyObject* value, void*) {
  return guarded_int([&] {
    if (!value) errors::fail<TypeError>("data", "a tensor always has memory; it cannot be deleted");
    const Tensor source = to_tensor(value, {"data", "value"});
    alone([&] { set_data(unwrap(self), source); });
    return 0;
  });
}
int set_requires_grad(PyObject* self, PyObject* value, void*) {
  return guarded_int([&] {
    const bool on = value && to_bool(value, {"requires_grad", "value"});
    alone([&] { unwrap(self).set_requires_grad(on); });
    return 0;
  });
}

}  // namespace

PyGetSetDef tensor_getset[] = {
    {"shape", get_shape, nullptr,
     "The sizes of the dimensions, as a tuple.\n\n"
     ">>> tenon.zeros(2, 3).shape\n"
     "(2, 3)",
     nullptr},
    {"dtype", get_dtype, nullptr,
     "The element type.\n\n"
     ">>> tenon.zeros(2).dtype\n"
     "tenon.float32",
     nullptr},
    {"device", get_device, nullptr,
     "Where the elements are.\n\n"
     ">>> tenon.zeros(2).device\n"
     "device(type='cpu')",
     nullptr},
    {"ndim", get_ndim, nullptr,
     "The number of dimensions.\n\n"
     ">>> tenon.zeros(2, 3).ndim\n"
     "2",
     nullptr},
    {"itemsize", get_itemsize, nullptr,
     "Bytes of one element.\n\n"
     ">>> tenon.zeros(2).itemsize\n"
     "4",
     nullptr},
    {"strides", get_strides, nullptr,
     "The steps of the dimensions in bytes, as NumPy's; stride() counts them in elements.\n\n"
     ">>> tenon.zeros(2, 3).strides\n"
     "(12, 4)",
     nullptr},
    {"nbytes", get_nbytes, nullptr,
     "Bytes of all elements.\n\n"
     ">>> tenon.zeros(2, 3).nbytes\n"
     "24",
     nullptr},
    {"T", get_T, nullptr,
     "A view with the dimensions reversed.\n\n"
     ">>> tenon.zeros(2, 3).T.shape\n"
     "(3, 2)",
     nullptr},
    {"mT", get_mT, nullptr,
     "A view with the last two dimensions swapped; ValueError for fewer than two.\n\n"
     ">>> tenon.zeros(4, 2, 3).mT.shape\n"
     "(4, 3, 2)",
     nullptr},
    {"grad", get_grad, set_grad,
     "The gradient that backward() has added up, or None. Setting it: ValueError for another shape than the tensor's.\n\n"
     ">>> x = tenon.ones(2, requires_grad=True)\n"
     ">>> (x * 3).sum().backward()\n"
     ">>> x.grad\n"
     "tensor([3., 3.])",
     nullptr},
    {"grad_fn", get_grad_fn, nullptr,
     "The operation that made this tensor, a tenon.autograd.graph.Node; None for leaves.\n\n"
     ">>> x = tenon.ones(2, requires_grad=True)\n"
     ">>> (x * 3).grad_fn.name(), x.grad_fn\n"
     "('mul', None)",
     nullptr},
    {"requires_grad", get_requires_grad, set_requires_grad,
     "Whether gradients flow to or through this tensor. Setting it: RuntimeError as requires_grad_().\n\n"
     ">>> x = tenon.ones(2, requires_grad=True)\n"
     ">>> (x * 3).requires_grad\n"
     "True",
     nullptr},
    {"retains_grad", get_retains_grad, nullptr,
     "Whether retain_grad() was called on a tensor that is no leaf.\n\n"
     ">>> y = tenon.ones(2, requires_grad=True) * 3\n"
     ">>> y.retain_grad()\n"
     ">>> y.retains_grad\n"
     "True",
     nullptr},
    {"is_leaf", get_is_leaf, nullptr,
     "Whether no recorded operation made this tensor.\n\n"
     ">>> x = tenon.ones(2, requires_grad=True)\n"
     ">>> x.is_leaf, (x * 3).is_leaf\n"
     "(True, False)",
     nullptr},
    {"mH", get_H, nullptr,
     "The last two dimensions swapped, complex elements conjugated: a view of real tensors, a copy of complex ones.\n"
     "ValueError for fewer than two dimensions.\n\n"
     ">>> tenon.tensor([[1j, 2]]).mH\n"
     "tensor([[0.-1.j],\n"
     "        [2.-0.j]])",
     nullptr},
    {"H", get_matrix_H, nullptr,
     "A matrix with its dimensions swapped and complex elements conjugated: a view of a real one, a copy of a complex one.\n"
     "ValueError for another number of dimensions than two.\n\n"
     ">>> tenon.tensor([[1j, 2]]).H\n"
     "tensor([[0.-1.j],\n"
     "        [2.-0.j]])",
     nullptr},
    {"layout", get_layout, nullptr,
     "'strided': how all tensors are stored, tenon.strided.\n\n"
     ">>> tenon.zeros(2).layout == tenon.strided\n"
     "True",
     nullptr},
    {"is_sparse", get_false, nullptr, kNever, nullptr},
    {"is_sparse_csr", get_false, nullptr, kNever, nullptr},
    {"is_quantized", get_false, nullptr, kNever, nullptr},
    {"is_meta", get_false, nullptr, kNever, nullptr},
    {"is_nested", get_false, nullptr, kNever, nullptr},
    {"is_mkldnn", get_false, nullptr, kNever, nullptr},
    {"is_mps", get_false, nullptr, kNever, nullptr},
    {"is_xpu", get_false, nullptr, kNever, nullptr},
    {"is_cpu", get_is_cpu, nullptr,
     "Whether it is on the CPU.\n\n"
     ">>> tenon.zeros(2).is_cpu\n"
     "True",
     nullptr},
    {"is_cuda", get_is_cuda, nullptr,
     "Whether it is on a CUDA device.\n\n"
     ">>> tenon.zeros(2).is_cuda\n"
     "False",
     nullptr},
    {"readonly", get_readonly, nullptr,
     "Whether writing raises, as for memory that was lent read-only.\n\n"
     ">>> tenon.from_numpy(np.broadcast_to(np.zeros(1), 3)).readonly\n"
     "True",
     nullptr},
    {"data", get_data, set_data_of,
     "As detach(): the same memory without the history.\n\n"
     "Setting it gives a leaf the memory, shape and dtype of another tensor or an array, without a copy; it stays the\n"
     "tensor that optimizers and hooks know, and its .grad is dropped where the shape differs. RuntimeError for the\n"
     "result of an operation, and for integers where it requires grad.\n\n"
     ">>> x = tenon.ones(2, requires_grad=True)\n"
     ">>> x.data.requires_grad\n"
     "False",
     nullptr},
    {"_version", get_version, nullptr, "Counts the in-place changes made through tenon.", nullptr},
    {"_exports", get_exports, nullptr, "How many ndarrays, buffers and capsules view this memory.", nullptr},
    {"_host_view", get_host_view, nullptr, "Whether the host has a view of this unified memory.", nullptr},
    {"_borrowed", get_borrowed, nullptr, "Whether the memory is somebody else's.", nullptr},
    {nullptr}};

}  // namespace tenon::py
