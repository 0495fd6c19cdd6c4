// Rows: the engine's entries for tenon.autograd, and the recording mode.
#include "core/errors.h"
#include "op.h"
#include "tenon/anomaly.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

// Tensors, or None in the place of one that is not given.
std::vector<Tensor> optional_tensors(PyObject* o, const Where& w, std::size_t count) {
  std::vector<Tensor> out(count);
  if (o == Py_None) return out;
  Object list = Object::steal(PySequence_Fast(o, "a sequence of tensors is needed"));
  if (static_cast<std::size_t>(PySequence_Fast_GET_SIZE(list.get())) != count)
    errors::fail(w.op, "'", w.arg, "' must have one entry for each of the ", static_cast<std::int64_t>(count),
                 " outputs; got ", static_cast<std::int64_t>(PySequence_Fast_GET_SIZE(list.get())));
  for (std::size_t i = 0; i < count; ++i) {
    const Object item = item_at(list.get(), static_cast<Py_ssize_t>(i), w.op);
    if (item.get() != Py_None) out[i] = to_tensor(item.get(), w);
  }
  return out;
}

PyObject* grad(const OpDef& def, PyObject* const* args) {
  const std::vector<Tensor> outputs = to_tensors(args[0], {"grad", "outputs"}),
                            inputs = to_tensors(args[1], {"grad", "inputs"});
  const auto gradients = optional_tensors(args[2], {"grad", "grad_outputs"}, outputs.size());
  const bool retain = argument<bool>(def, args, 3), create = argument<bool>(def, args, 4),
             unused = argument<bool>(def, args, 5);
  const auto run = [&] { return autograd::grad(outputs, inputs, gradients, retain, create, unused); };
  const Grads r = without_gil(kLongWork, run, outputs, inputs, gradients);
  Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(r.size())));
  for (std::size_t i = 0; i < r.size(); ++i)
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap_or_none(r[i]));
  return tuple.release();
}

PyObject* backward(const OpDef& def, PyObject* const* args) {
  const std::vector<Tensor> tensors = to_tensors(args[0], {"backward", "tensors"});
  const auto gradients = optional_tensors(args[1], {"backward", "grad_tensors"}, tensors.size());
  const bool retain = argument<bool>(def, args, 2), create = argument<bool>(def, args, 3);
  const bool all = args[4] == Py_None;
  const std::vector<Tensor> inputs = all ? std::vector<Tensor>() : to_tensors(args[4], {"backward", "inputs"});
  const auto run = [&] { autograd::backward(tensors, gradients, retain, create, all ? nullptr : &inputs); };
  without_gil(kLongWork, run, tensors, gradients, inputs);
  return Py_NewRef(Py_None);
}

PyObject* autocast_dtype_of(const OpDef& def, PyObject* const* args) {
  const auto dtype = autocast_dtype(argument<Device>(def, args, 0).type);
  return dtype ? to_python(*dtype) : Py_NewRef(Py_None);
}

}  // namespace

void def_autograd(Ops& ops) {
  ops.raw("_grad", &grad, "autograd.grad over sequences.", "outputs"_a, "inputs"_a, "grad_outputs"_a, "retain_graph"_a,
          "create_graph"_a, "allow_unused"_a)
      .function_only()
      .returns("tuple[Tensor | None, ...]");
  ops.raw("_backward", &backward, "autograd.backward over sequences.", "tensors"_a, "grad_tensors"_a, "retain_graph"_a,
          "create_graph"_a, "inputs"_a)
      .function_only()
      .returns("None");
  ops.def(
         "detach", +[](const Tensor& t) { return t.detach(); },
         "A tensor over the same memory that requires no grad.\n\nTypeError for what is no tensor or array.\n\n"
         ">>> t = tenon.ones(2, requires_grad=True)\n"
         ">>> tenon.detach(t).requires_grad\n"
         "False",
         "input"_a)
      .function_only()
      .no_out();
  ops.def(
         "detach_",
         +[](Tensor& t) -> Tensor& {
           autograd::detach_(t);
           return t;
         },
         "Forgets the tensor's history, in place: a leaf that requires no grad; returns it.\n\nRuntimeError for views.\n"
         "\n"
         ">>> t = tenon.ones(2, requires_grad=True) * 2\n"
         ">>> t.detach_().requires_grad\n"
         "False",
         "input"_a)
      .method_only()
      .keeps_gil();
  ops.def(
         "requires_grad_", +[](Tensor& t, bool on) -> Tensor& { return t.set_requires_grad(on); },
         "Turns recording on or off for a leaf, in place; returns the tensor.\n\nRuntimeError for integers "
         "and bools, and for a tensor with a history that is to stop recording.\n\n"
         ">>> tenon.ones(2).requires_grad_()\n"
         "tensor([1., 1.], requires_grad=True)",
         "input"_a, "requires_grad"_a = true)
      .method_only()
      .keeps_gil();
  ops.def(
         "retain_grad", +[](Tensor& t) { t.retain_grad(); },
         "Makes backward() keep the gradient of a tensor that was computed in .grad, too; of leaves it does.\n\n"
         "RuntimeError for a tensor that requires no grad.\n\n"
         ">>> x = tenon.ones(2, requires_grad=True)\n"
         ">>> y = x * 3\n"
         ">>> y.retain_grad()\n"
         ">>> y.sum().backward()\n"
         ">>> y.grad\n"
         "tensor([1., 1.])",
         "input"_a)
      .method_only()
      .keeps_gil();
  ops.def("is_grad_enabled", &grad_enabled,
          "Whether operations are recorded on this thread.\n\n"
          ">>> tenon.is_grad_enabled()\n"
          "True")
      .function_only();
  ops.def("is_anomaly_enabled", &autograd::anomaly_mode,
          "Whether anomaly mode is on (tenon.autograd.detect_anomaly).\n\n"
          ">>> tenon.is_anomaly_enabled()\n"
          "False")
      .function_only();
  ops.def("is_anomaly_check_nan_enabled", &autograd::anomaly_checks_nan,
          "Whether anomaly mode is on and looks for NaNs.\n\n"
          ">>> tenon.is_anomaly_check_nan_enabled()\n"
          "False")
      .function_only();
  ops.def("_set_anomaly_mode", &autograd::set_anomaly_mode, "Turns anomaly mode on or off, for all threads.", "on"_a,
          "check_nan"_a)
      .function_only();
  ops.raw("_autocast_dtype", &autocast_dtype_of, "The dtype that autocast casts to on a device; None where it is off.",
          "device"_a)
      .function_only()
      .returns("_dtype | None");
  ops.def(
         "_set_autocast_dtype",
         +[](Device device, const std::optional<DType>& dtype) { set_autocast_dtype(device.type, dtype); },
         "Turns autocast on for a device, or off by None, on this thread.", "device"_a, "dtype"_a)
      .function_only();
  ops.def("_autocasting", +[] { return autocasting; }, "Whether autocast is on for some device.").function_only();
  ops.def(
         "_autocast_to",
         +[](const Tensor& t, bool full) { return autocast(full ? Autocast::full : Autocast::lower, t); },
         "The tensor as autocast gives it to an operation, in float32 or in the region's dtype.", "input"_a, "full"_a)
      .function_only()
      .no_out();
  ops.def("_border_guard", &border_guard, "Whether saved tensors are checked for writes from outside.").function_only();
  ops.def("_set_border_guard", &set_border_guard, "Turns the border guard on or off, for all threads.", "on"_a)
      .function_only();
  ops.def("_set_grad_enabled", &set_grad_enabled, "Turns recording on or off on this thread.", "on"_a).function_only();
}

}  // namespace tenon::py
